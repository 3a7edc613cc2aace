"""Read the current time.

All code of the server reads the time through this module, so that a test can set the time.
"""

import time
from collections.abc import Callable

from flask import current_app

Clock = Callable[[], int]
"""A function that returns the current time in milliseconds since 1970-01-01 UTC."""


def system_clock() -> int:
    """Return the time of this machine's clock in milliseconds since 1970-01-01 UTC."""
    return time.time_ns() // 1_000_000


def now_ms() -> int:
    """Return the current time by the app's clock, in milliseconds since 1970-01-01 UTC.

    The clock is the setting `CLOCK` of the Flask app. Tests replace it with a clock that they
    control.

    Raises: RuntimeError outside a Flask app context.
    """
    clock: Clock = current_app.config["CLOCK"]
    return clock()
