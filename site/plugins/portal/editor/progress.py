"""Show on standard error that a long operation is running, or how far it has got.

`working` shows a moving symbol, at a terminal only. `Steps` shows a bar at a terminal, and prints
lines of text elsewhere.
"""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

DELAY_S = 1.0
"""The delay in seconds before `working` shows a moving symbol.

Operations that finish sooner show no symbol.
"""


@contextmanager
def working(about: str) -> Iterator[None]:
    """Show a moving symbol and the text `about` while the `with` block runs.

    The symbol appears after `DELAY_S` seconds. Nothing is shown if standard error is not a
    terminal.
    """
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    bar = Progress(*columns, console=Console(stderr=True), transient=True)
    bar.add_task(about, total=None)
    timer = threading.Timer(DELAY_S, bar.start)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        bar.stop()


class Steps:
    """A progress display for `total` bytes, with the text `about`.

    At a terminal the display is a bar. Elsewhere a line is printed after every quarter of the
    total. Use the display in a `with` block, and call `add` after every step.
    """

    def __init__(self, about: str, total: int) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

        self._about, self._total, self._done, self._reported_quarter = about, total, 0, 0
        self._is_shown = sys.stderr.isatty()
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
        self._bar = Progress(*columns, console=Console(stderr=True), disable=not self._is_shown)
        self._task = self._bar.add_task(about, total=total)

    def __enter__(self) -> "Steps":
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def add(self, size_bytes: int) -> None:
        """Add to the display the number of bytes processed since the previous call."""
        self._done += size_bytes
        self._bar.advance(self._task, size_bytes)
        quarter = 4 * self._done // max(1, self._total)
        if not self._is_shown and quarter > self._reported_quarter:
            self._reported_quarter = quarter
            message = f"{self._about} {self._done / 1e6:.1f}/{self._total / 1e6:.1f} MB"
            self._bar.console.print(message.replace(".", ","))
