"""Share work among the processor's cores."""

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from typing import Any, TypeVar

T = TypeVar("T")
R = TypeVar("R")

LEAST_SHARE = 100
"""The least number of items for which another process is started. Starting it, and receiving its
results, takes some hundredths of a second."""


def map_on_all_cores(work: Callable[[T], R], items: Sequence[T]) -> list[R]:
    """Return `work(item)` for every item, in the order of the items, computed on all cores.

    On Linux, copies of this process (forks) do parts of the work, so `work` must change nothing
    that is needed later, and its results must be picklable. Elsewhere, for few items, and if this
    process has other threads (copying it would then be unsafe), this process does everything.

    Raises: the first error that `work` raised.
    """
    can_fork = sys.platform == "linux" and threading.active_count() == 1
    count = min(os.cpu_count() or 1, len(items) // LEAST_SHARE) if can_fork else 1
    if count < 2:
        return [work(item) for item in items]
    context = multiprocessing.get_context("fork")
    helpers: list[tuple[Any, Connection, Sequence[T]]] = []
    results: dict[int, R] = {}
    try:
        for number in range(1, count):
            receiver, sender = context.Pipe(duplex=False)
            share = items[number::count]
            helper = context.Process(target=_send_results, args=(sender, work, share), daemon=True)
            helper.start()
            sender.close()
            helpers.append((helper, receiver, share))
        results |= zip(range(0, len(items), count), map(work, items[::count]), strict=True)
        for number, (_, receiver, share) in enumerate(helpers, start=1):
            try:
                done = receiver.recv()
            except (EOFError, OSError):  # the system has killed the process
                done = list(map(work, share))
            if isinstance(done, BaseException):
                raise done
            results |= zip(range(number, len(items), count), done, strict=True)
    finally:
        for helper, receiver, _ in helpers:
            helper.terminate()  # does nothing if the process has ended
            receiver.close()
        for helper, _, _ in helpers:
            helper.join()
    return [results[number] for number in range(len(items))]


def _send_results(sender: Connection, work: Callable[[Any], Any], items: Sequence[Any]) -> None:
    """Send the results of `work` for all items, or the error that it raised, to the main process.

    If the main process fails or is interrupted, it ends this process.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        done: object = [work(item) for item in items]
    except Exception as fault:  # noqa: BLE001 - the main process raises it
        done = fault
    sender.send(done)
