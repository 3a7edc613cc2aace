"""How often one caller may try: a bound on guessing, and on a device that has lost its head.

Counted in this process's memory, so several processes allow that many times as often.
"""

from flask import Flask, current_app, request
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from sync_server.errors import TooManyRequests

SIGN_IN = RateLimitItemPerMinute(30)
"""An office behind one address; a wrong password costs its account a delay besides."""
ENROL = RateLimitItemPerMinute(60)
"""All the laptops of a hall; a code has 78 bits."""
SYNC = RateLimitItemPerMinute(600)
"""A kiosk syncs once a half minute, and after each record."""
RETRY_AFTER_S = 60


def init_app(app: Flask) -> None:
    """Give the app its counters."""
    app.extensions["diemcau_rates"] = FixedWindowRateLimiter(MemoryStorage())


def hit(limit: RateLimitItemPerMinute, action: str, caller: str | None = None) -> None:
    """Count one try, by default of the address that asks. Raises: TooManyRequests."""
    counters: FixedWindowRateLimiter = current_app.extensions["diemcau_rates"]
    if not counters.hit(limit, action, caller or request.remote_addr or "?"):
        raise TooManyRequests(limit=limit.amount, retry_after_s=RETRY_AFTER_S)
