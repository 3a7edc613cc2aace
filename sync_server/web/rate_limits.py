"""Rate limits: they slow down guessing, and devices that retry without end.

Attempts are counted in the process's memory, so n processes allow n times as many.
"""

import threading
import time
from typing import NamedTuple

from flask import Flask, current_app, request

from sync_server.errors import TooManyRequests


class RateLimit(NamedTuple):
    """The most attempts at an action that one caller may make in a window of time."""

    action: str
    amount: int
    window_s: int = 60


SIGN_IN = RateLimit("sign_in", 30)
"""Enough for an office behind one address; a wrong password also delays its account."""
NEW_PASSWORD = RateLimit("new_password", 30)
ENROL = RateLimit("enrol", 60)
"""Enough for all the laptops of a hall; a code has 78 bits."""
SYNC = RateLimit("sync", 600)
"""A kiosk syncs every half minute, and after every record."""
UNKNOWN_TOKEN = RateLimit("unknown_token", 120)
"""Enough for a hall of revoked laptops behind one address, which keep trying."""

RECORDS = RateLimit("records", 20_000, 24 * 3600)
"""The most records that a device may send in a day, repeats included: a hall makes some 1,500. A
stolen token must not fill the disk."""
REFUSAL_LOGGED = RateLimit("refusal_logged", 5)
"""How many refused calls of one address are logged in a minute; more say nothing new."""

LONGEST_RETRY_S = 3_600
MAX_CALLERS = 20_000
"""The most callers counted at a time, in about 5 MB; the longest silent is forgotten first."""


class _Attempts:
    """A count of every caller's attempts in the current window.

    A library that we tried started a thread at nearly every attempt, which took a sixth of the
    time of a sync.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._windows: dict[tuple[str, str], tuple[float, int]] = {}

    def count(self, limit: RateLimit, caller: str, attempts: int) -> int:
        """Count attempts; return how many the caller has made in the current window."""
        now_s, key = time.monotonic(), (limit.action, caller)
        with self._lock:
            began_s, count = self._windows.pop(key, (now_s, 0))
            if now_s - began_s >= limit.window_s:
                began_s, count = now_s, 0
            while len(self._windows) >= MAX_CALLERS:
                del self._windows[next(iter(self._windows))]
            self._windows[key] = began_s, count + attempts
            return count + attempts


def init_app(app: Flask) -> None:
    """Add the counters to the app."""
    app.extensions["diemcau_attempts"] = _Attempts()


def count_attempt(limit: RateLimit, caller: str | None = None, attempts: int = 1) -> None:
    """Count attempts by `caller`, by default the client's address. Raises: TooManyRequests."""
    if not is_within(limit, caller, attempts):
        raise TooManyRequests(
            limit=limit.amount, retry_after_s=min(limit.window_s, LONGEST_RETRY_S)
        )


def is_within(limit: RateLimit, caller: str | None = None, attempts: int = 1) -> bool:
    """Count attempts like `count_attempt`; return whether they are within the limit."""
    counts: _Attempts = current_app.extensions["diemcau_attempts"]
    return counts.count(limit, caller or request.remote_addr or "?", attempts) <= limit.amount
