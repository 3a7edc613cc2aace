"""Tells an editor at a terminal how far long work is; elsewhere nothing moves, one line says it."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

DELAY_S = 1.0
"""What is done sooner needs no bar."""


@contextmanager
def working(about: str) -> Iterator[None]:
    """Show that work of unknown length goes on, if it takes more than a second."""
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
    """Counts bytes of known work: a bar at a terminal, a line now and then elsewhere."""

    def __init__(self, about: str, total: int) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

        self._about, self._total, self._done, self._told = about, total, 0, 0
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
        """Say that so many bytes more are done."""
        self._done += size_bytes
        self._bar.advance(self._task, size_bytes)
        quarter = 4 * self._done // max(1, self._total)
        if not self._is_shown and quarter > self._told:
            self._told = quarter
            told = f"{self._about} {self._done / 1e6:.1f}/{self._total / 1e6:.1f} MB"
            self._bar.console.print(told.replace(".", ","))
