"""The present time, asked in one place so that tests can set it."""

import time
from collections.abc import Callable

from flask import current_app

Clock = Callable[[], int]
"""Returns milliseconds since 1970-01-01 UTC."""


def system_clock() -> int:
    """Return this machine's time."""
    return time.time_ns() // 1_000_000


def now_ms() -> int:
    """Return the time by the app's clock."""
    clock: Clock = current_app.config["CLOCK"]
    return clock()
