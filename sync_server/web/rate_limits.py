"""Limit the rate of attempts, so that guessing passwords and endless retries are slowed down.

Attempts are counted in the memory of one process, so n processes allow n times as many attempts.
"""

import threading
import time
from typing import NamedTuple

from flask import Flask, current_app, request

from sync_server.errors import TooManyRequests


class RateLimit(NamedTuple):
    """A limit on the attempts at one action, such as `sign_in`.

    A caller may make `amount` attempts within a window of `window_s` seconds.
    """

    action: str
    amount: int
    window_s: int = 60


SIGN_IN = RateLimit("sign_in", 30)
"""30 sign-in attempts per minute are enough for an office whose users share one address. After
several wrong passwords, a user must also wait before the next attempt."""
NEW_PASSWORD = RateLimit("new_password", 30)
CODE = RateLimit("code", 10, 600)
"""Ten one-time codes in ten minutes, so that a thief with a session and the password cannot guess a
code. Three of a million codes are right at any time."""
ENROL = RateLimit("enrol", 60)
"""60 attempts per minute to enrol a device are enough for all laptops of a hall. An enrolment code
has 78 random bits, so nobody can guess one at this rate."""
SYNC = RateLimit("sync", 600)
"""A device may send 600 sync requests per minute. A check-in device needs far fewer: it syncs every
half minute and after every record."""
UNKNOWN_TOKEN = RateLimit("unknown_token", 120)
"""An address may send 120 requests with unknown tokens per minute. This is enough for all laptops
of a hall that have lost their access and keep retrying from one address."""

RECORDS = RateLimit("records", 20_000, 24 * 3600)
"""A device may send 20,000 records per day, including repeated ones, so that a stolen token cannot
be used to fill the disk. All devices of a hall make about 1,500 records a day."""
REFUSAL_LOGGED = RateLimit("refusal_logged", 5)
"""For every address, at most 5 refused API requests per minute are logged, so that nobody can fill
the audit log."""

LONGEST_RETRY_S = 3_600
MAX_CALLERS = 20_000
"""At most this many callers are counted at a time, which takes about 5 MB of memory. To make room
for another caller, the caller whose last attempt is the oldest is dropped."""


class _Attempts:
    """A counter of the attempts that every caller has made in the current window of time.

    This class replaces a library that started a thread for nearly every attempt. Starting threads
    took a sixth of the time of a sync request.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._windows: dict[tuple[str, str], tuple[float, int]] = {}

    def count(self, limit: RateLimit, caller: str, attempts: int) -> int:
        """Add attempts to a caller's count for a limit, and return the new count.

        `caller` is an address or a device id. The count starts again at 0 once the window of
        `limit.window_s` seconds has passed.
        """
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
    """Give the app a new counter of attempts, which starts at 0 for all callers."""
    app.extensions["diemcau_attempts"] = _Attempts()


def count_attempt(limit: RateLimit, caller: str | None = None, attempts: int = 1) -> None:
    """Add `attempts` to the caller's count for a limit, and check the limit.

    `caller` is a device id; None stands for the client's address. Raises: TooManyRequests if the
    caller exceeds the limit.
    """
    if not is_within(limit, caller, attempts):
        raise TooManyRequests(
            limit=limit.amount, retry_after_s=min(limit.window_s, LONGEST_RETRY_S)
        )


def is_within(limit: RateLimit, caller: str | None = None, attempts: int = 1) -> bool:
    """Add `attempts` to the caller's count for a limit, and return whether it is within the limit.

    `caller` is a device id; None stands for the client's address.
    """
    counts: _Attempts = current_app.extensions["diemcau_attempts"]
    return counts.count(limit, caller or request.remote_addr or "?", attempts) <= limit.amount
