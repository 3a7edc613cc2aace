"""Rate limits: they slow down guessing, and devices that retry without end.

Attempts are counted in the process's memory, so n processes allow n times as many.
"""

from flask import Flask, current_app, request
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from sync_server.errors import TooManyRequests

SIGN_IN = RateLimitItemPerMinute(30)
"""Enough for an office behind one address; a wrong password also delays its account."""
ENROL = RateLimitItemPerMinute(60)
"""Enough for all the laptops of a hall; a code has 78 bits."""
SYNC = RateLimitItemPerMinute(600)
"""A kiosk syncs every half minute, and after every record."""
RETRY_AFTER_S = 60


def init_app(app: Flask) -> None:
    """Add the counters to the app."""
    app.extensions["diemcau_rates"] = FixedWindowRateLimiter(MemoryStorage())


def count_attempt(limit: RateLimitItemPerMinute, action: str, caller: str | None = None) -> None:
    """Count an attempt by `caller`, by default the client's address. Raises: TooManyRequests."""
    counters: FixedWindowRateLimiter = current_app.extensions["diemcau_rates"]
    if not counters.hit(limit, action, caller or request.remote_addr or "?"):
        raise TooManyRequests(limit=limit.amount, retry_after_s=RETRY_AFTER_S)
