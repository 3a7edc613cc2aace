"""Run the production server in several processes, so that it uses more than one processor core.

The processes share the listening socket, so every new connection goes to a process that is free. If
one of them ends by itself, a new one is started. If the process that started them ends, for
whatever reason, they end, too.
"""

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import NoReturn

MOST_PROCESSES = 4
"""The greatest number of processes by default. With SQLite, only one process writes at a time, so
more of them would mostly wait."""

LEAST_LIFE_S = 5
"""If a process ends less than 5 s after its start, the server stops instead of starting the process
again, because a restart would not correct the fault.
"""


def default_count() -> int:
    """Return how many processes use this machine well: one per core, at most `MOST_PROCESSES`.

    Windows cannot copy a process with its socket, so the result there is 1.
    """
    if not hasattr(os, "fork"):
        return 1
    return min(len(os.sched_getaffinity(0)), MOST_PROCESSES)


def run_in_processes(count: int, serve: Callable[[int], None], announce: Callable[[], None]) -> int:
    """Run `serve` in `count` new processes until this process is ordered to stop.

    `serve` gets the number of its process, from 0, and must end soon after its process receives
    SIGTERM. If this process receives SIGTERM or Ctrl+C, it stops all of them. `announce` is called
    once all processes have been started. Return the exit status: 1 if a process ended sooner than
    `LEAST_LIFE_S` seconds after its start, else 0.
    """
    return _Processes(count, serve).run(announce)


_STOPPING = (signal.SIGTERM, signal.SIGINT)


class _Processes:
    def __init__(self, count: int, serve: Callable[[int], None]) -> None:
        self._count, self._serve = count, serve
        self._running: dict[int, tuple[int, float]] = {}  # (number, time of the start), by id
        self._is_stopping = False
        # Nothing is ever written into the pipe. Its end tells the others that this process is gone.
        self._alive, self._held = os.pipe()

    def run(self, announce: Callable[[], None]) -> int:
        before = [signal.signal(number, self._stop) for number in _STOPPING]
        try:
            for number in range(self._count):
                if not self._is_stopping:
                    self._start(number)
            announce()
            return self._wait()
        finally:
            signal.signal(signal.SIGTERM, before[0])
            signal.signal(signal.SIGINT, before[1])
            os.close(self._alive)
            os.close(self._held)

    def _start(self, number: int) -> None:
        # A signal must not reach the new process while it still has this process's handlers.
        signal.pthread_sigmask(signal.SIG_BLOCK, _STOPPING)
        process = os.fork()
        if process == 0:
            self._be_child(number)
        self._running[process] = (number, time.monotonic())
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPPING)
        if self._is_stopping:
            os.kill(process, signal.SIGTERM)

    def _be_child(self, number: int) -> NoReturn:
        status = 1
        try:
            os.close(self._held)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C reaches all processes
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPPING)
            threading.Thread(target=self._end_with_parent, daemon=True).start()
            self._serve(number)
            status = 0
        except BaseException:  # noqa: BLE001 - nothing may get past `_exit` into the parent's code
            sys.excepthook(*sys.exc_info())
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)

    def _end_with_parent(self) -> None:
        os.read(self._alive, 1)  # waits until the parent's end of the pipe is closed
        os.kill(os.getpid(), signal.SIGKILL)

    def _wait(self) -> int:
        status = 0
        while self._running:
            process, _ = os.wait()
            number, began_s = self._running.pop(process)
            if self._is_stopping:
                continue
            if time.monotonic() - began_s < LEAST_LIFE_S:
                status = 1
                self._stop()
            else:
                self._start(number)
        return status

    def _stop(self, _signal: int = 0, _frame: FrameType | None = None) -> None:
        self._is_stopping = True
        for process in self._running:
            with contextlib.suppress(ProcessLookupError):  # it has just ended
                os.kill(process, signal.SIGTERM)
