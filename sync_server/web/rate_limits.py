"""Limit the rate of attempts, so that guessing passwords and endless retries are slowed down.

Attempts are counted in memory, together for all processes of one server. If several servers use one
database, each counts separately, so a caller may make more attempts in total.
"""

import time
from typing import NamedTuple

from flask import Flask, current_app, request

from sync_server.errors import TooManyRequests
from sync_server.shared_memory import SharedWindows


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
"""An account may send ten one-time codes in ten minutes, so that a thief who has a session and the
password cannot guess a code. At any time, three of the million possible codes are valid.
"""
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
MAX_CALLERS = 32_768
"""The server keeps about this many counts of attempts at a time, in less than 1 MB of memory. To
make room for a new count, it drops one whose time window began long ago.
"""


def init_app(app: Flask) -> None:
    """Attach to the app an empty store for counts of attempts, such as sign-ins."""
    app.extensions["diemcau_attempts"] = SharedWindows(MAX_CALLERS)


def count_attempt(limit: RateLimit, caller: str | None = None, attempts: int = 1) -> None:
    """Add `attempts` to the caller's count for a limit, and check the limit.

    `caller` is a device id or an account name; None stands for the client's IP address. Raises:
    TooManyRequests if the count exceeds the limit.
    """
    if not is_within(limit, caller, attempts):
        raise TooManyRequests(
            limit=limit.amount, retry_after_s=min(limit.window_s, LONGEST_RETRY_S)
        )


def is_within(limit: RateLimit, caller: str | None = None, attempts: int = 1) -> bool:
    """Add `attempts` to the caller's count for a limit, and return whether the limit is kept.

    `caller` is a device id or an account name; None stands for the client's IP address.
    """
    windows: SharedWindows = current_app.extensions["diemcau_attempts"]
    name = f"{limit.action} {caller or request.remote_addr or '?'}"
    return windows.count(name, attempts, limit.window_s, time.monotonic()) <= limit.amount
