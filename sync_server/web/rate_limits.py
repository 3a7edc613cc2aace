"""Limit the rate of attempts, so that guessing passwords and endless retries are slowed down.

Attempts are counted in the memory of one process, so n processes allow n times as many.
"""

import threading
import time
from typing import NamedTuple

from flask import Flask, current_app, request

from sync_server.errors import TooManyRequests


class RateLimit(NamedTuple):
    """A limit for one action: a caller may make `amount` attempts within `window_s` seconds."""

    action: str
    amount: int
    window_s: int = 60


SIGN_IN = RateLimit("sign_in", 30)
"""30 sign-ins a minute are enough for an office behind one address. After several wrong passwords,
the user must also wait."""
NEW_PASSWORD = RateLimit("new_password", 30)
ENROL = RateLimit("enrol", 60)
"""60 enrolments a minute are enough for all laptops of a hall. A code has 78 random bits, so nobody
can guess one at this rate."""
SYNC = RateLimit("sync", 600)
"""600 syncs a minute are enough, as a kiosk syncs every half minute and after every record."""
UNKNOWN_TOKEN = RateLimit("unknown_token", 120)
"""120 attempts a minute are enough for a hall of revoked laptops, which retry from one address."""

RECORDS = RateLimit("records", 20_000, 24 * 3600)
"""A device may send 20,000 records a day, repeats included, so that a stolen token cannot fill the
disk. A hall makes about 1,500 records a day."""
REFUSAL_LOGGED = RateLimit("refusal_logged", 5)
"""At most 5 refused calls a minute are logged for every address. More entries would add nothing."""

LONGEST_RETRY_S = 3_600
MAX_CALLERS = 20_000
"""At most this many callers are counted at a time, which takes about 5 MB. The caller whose last
attempt is the oldest is dropped first."""


class _Attempts:
    """Counts every caller's attempts in the current window of time.

    This class replaces a library that started a thread at nearly every attempt, which took a sixth
    of the time of a sync.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._windows: dict[tuple[str, str], tuple[float, int]] = {}

    def count(self, limit: RateLimit, caller: str, attempts: int) -> int:
        """Count attempts, and return the number that the caller has made in the current window."""
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
    """Add the counter of attempts to the app."""
    app.extensions["diemcau_attempts"] = _Attempts()


def count_attempt(limit: RateLimit, caller: str | None = None, attempts: int = 1) -> None:
    """Count attempts by `caller`, which defaults to the client's address.

    Raises: TooManyRequests if the caller exceeds the limit.
    """
    if not is_within(limit, caller, attempts):
        raise TooManyRequests(
            limit=limit.amount, retry_after_s=min(limit.window_s, LONGEST_RETRY_S)
        )


def is_within(limit: RateLimit, caller: str | None = None, attempts: int = 1) -> bool:
    """Count attempts by `caller`, and return whether the caller is within the limit.

    `caller` defaults to the client's address.
    """
    counts: _Attempts = current_app.extensions["diemcau_attempts"]
    return counts.count(limit, caller or request.remote_addr or "?", attempts) <= limit.amount
