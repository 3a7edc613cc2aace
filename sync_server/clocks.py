"""The present time. All code reads it here, so that tests can set it."""

import time
from collections.abc import Callable

from flask import current_app

Clock = Callable[[], int]
"""A function that returns milliseconds since 1970-01-01 UTC."""


def system_clock() -> int:
    """Return this machine's time in milliseconds since 1970-01-01 UTC."""
    return time.time_ns() // 1_000_000


def now_ms() -> int:
    """Return the app clock's time in milliseconds since 1970-01-01 UTC."""
    clock: Clock = current_app.config["CLOCK"]
    return clock()
