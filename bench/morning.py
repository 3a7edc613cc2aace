"""Simulate a conference morning on one server: all halls, many readers and an attacker.

72 kiosks (check-in pages) send one check-in at a time over persistent connections. Readers arrive
at a rate of 5,000 per 15 minutes, and at 1,000 per minute during a burst of one minute; each reader
holds six connections, as browsers do. Twelve clients download a recording of 190 MB. An attacker
opens silent sockets and sends bodies that decompress to millions of values. Run with `python -m
bench.morning`.
"""

import argparse
import asyncio
import contextlib
import gzip
import json
import random
import statistics
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import build
from bench import ingest
from sync_server.domain.records.codes import from_ms

POINTS, PEOPLE = 72, 62
READERS_A_SECOND = 5_000 / 900
BURST_A_SECOND, BURST_S = 1_000 / 60, 60
READER_CONNECTIONS = 6
RECORDING_BYTES = 190_000_000
RECORDING_READERS, RECORDING_BYTES_A_SECOND = 12, 400_000
SILENT_SOCKETS = 200
BOMB = gzip.compress(b'{"records":["\\ud83d"' + b",0" * 4_000_000 + b"]}")
HOSTILE_PAUSE_S = 1.0
AIMS_S = {"kiosk": 1.0, "reader": 3.0}
READER_PATHS = ("/index.html", "/hoi-nghi/2024-08-22-hoc-tap.html", "/t/kh05.html", "/t/nq01.html")
REFUSALS = frozenset({429, 503})


class Answer(NamedTuple):
    """An HTTP answer: status, whether it had a `Retry-After` header, and body length in bytes."""

    status: int
    says_when: bool
    length: int


class Connection:
    """A connection to the server on `port` that is opened again if the server has closed it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def request(self, head: str, body: bytes = b"", *, bytes_a_second: int = 0) -> Answer:
        """Send a request and return the answer.

        `head` is the request line and headers without `Host`. `bytes_a_second` limits the reading
        speed; 0 means no limit. If the server has closed a connection that was used before,
        reconnect and send the request once more.
        Raises: OSError or IncompleteReadError if a new connection fails too.
        """
        is_kept = self._writer is not None
        try:
            return await self._exchange(head, body, bytes_a_second)
        except (OSError, asyncio.IncompleteReadError):
            self.close()
            if not is_kept:
                raise
            return await self._exchange(head, body, bytes_a_second)

    async def _exchange(self, head: str, body: bytes, bytes_a_second: int) -> Answer:
        if self._writer is None:
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        assert self._reader
        length = f"Content-Length: {len(body)}\r\n" if body else ""
        self._writer.write(f"{head}Host: localhost\r\n{length}\r\n".encode() + body)
        answer_head = (await self._reader.readuntil(b"\r\n\r\n")).decode().lower()
        size = int(answer_head.partition("content-length: ")[2].split("\r\n")[0] or 0)
        remaining = size
        while remaining:
            piece = await self._reader.read(min(remaining, bytes_a_second or remaining))
            if not piece:
                raise asyncio.IncompleteReadError(b"", remaining)
            remaining -= len(piece)
            if bytes_a_second:
                await asyncio.sleep(len(piece) / bytes_a_second)
        if "connection: close" in answer_head:
            self.close()
        return Answer(int(answer_head.split()[1]), "retry-after: " in answer_head, size)

    def close(self) -> None:
        if self._writer:
            self._writer.close()
        self._reader = self._writer = None


class Morning:
    """All clients of one simulation, with their waiting times and the answers that they received.

    `waits_s` maps a kind of client to waiting times in seconds. `statuses` counts answers by kind
    of client and by HTTP status or error.
    """

    def __init__(self, port: int, load: ingest.Load, seconds: float) -> None:
        self._port, self._load = port, load
        self._ends_s = time.monotonic() + seconds
        self._dice = random.Random(7)  # noqa: S311 - the same morning in every run
        self.waits_s: dict[str, list[float]] = defaultdict(list)
        self.statuses: Counter[tuple[str, object]] = Counter()

    @property
    def is_over(self) -> bool:
        return time.monotonic() > self._ends_s

    async def run(self) -> None:
        """Run all clients at the same time until the simulated morning is over."""
        clients: list[Awaitable[None]] = [self._kiosk(n) for n in range(POINTS)]
        clients += [self._readers(), self._silent_sockets(), self._hostile_bodies()]
        clients += [self._recording() for _ in range(RECORDING_READERS)]
        await asyncio.gather(*clients)

    async def _timed(self, who: str, exchange: Callable[[], Awaitable[Answer]]) -> None:
        began_s = time.perf_counter()
        try:
            answer = await asyncio.wait_for(exchange(), 60)
        except (OSError, asyncio.IncompleteReadError, TimeoutError) as fault:
            self.statuses[who, type(fault).__name__] += 1
            return
        self.waits_s[who].append(time.perf_counter() - began_s)
        is_mute = answer.status in REFUSALS and not answer.says_when
        self.statuses[
            who, f"{answer.status} without Retry-After" if is_mute else answer.status
        ] += 1

    async def _kiosk(self, number: int) -> None:
        connection = Connection(self._port)
        token = self._load.tokens[number]
        head = f"POST /api/v1/sync HTTP/1.1\r\nAuthorization: Bearer {token}\r\n"
        batches = iter(self._load.batches[number])
        await asyncio.sleep(self._dice.uniform(0, 15))
        while not self.is_over:
            clock = {"wall": from_ms(int(time.time() * 1000)), "mono_ms": 500, "boot": "b1"}
            body = json.dumps({"clock": clock, "records": next(batches, [])}).encode()
            await self._timed("kiosk", partial(connection.request, head, body))
            await asyncio.sleep(self._dice.uniform(8, 22))

    async def _readers(self) -> None:
        readers = set()
        begins_s = time.monotonic()
        while not self.is_over:
            is_burst = BURST_S / 2 < time.monotonic() - begins_s < BURST_S * 1.5
            rate = BURST_A_SECOND if is_burst else READERS_A_SECOND
            await asyncio.sleep(self._dice.expovariate(rate))
            readers.add(asyncio.create_task(self._reader()))
        await asyncio.gather(*readers)

    async def _reader(self) -> None:
        connections = [Connection(self._port) for _ in range(READER_CONNECTIONS)]
        for round_ in range(2):
            await asyncio.gather(
                *(
                    self._timed(
                        "reader",
                        partial(
                            connection.request,
                            f"GET {READER_PATHS[n % len(READER_PATHS)]} HTTP/1.1\r\n"
                            "Accept-Encoding: gzip\r\n",
                        ),
                    )
                    for n, connection in enumerate(connections, start=round_)
                )
            )
            await asyncio.sleep(self._dice.uniform(1, 5))
        while not self.is_over:  # browsers keep connections open until the server closes them
            await asyncio.sleep(5)
        for connection in connections:
            connection.close()

    async def _recording(self) -> None:
        while not self.is_over:
            connection = Connection(self._port)
            stop = self._dice.randrange(20_000_000, RECORDING_BYTES)
            head = f"GET /t/ghi-am.mp3 HTTP/1.1\r\nRange: bytes=0-{stop}\r\n"
            reading = connection.request(head, bytes_a_second=RECORDING_BYTES_A_SECOND)
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, TimeoutError):
                await asyncio.wait_for(reading, max(1, self._ends_s - time.monotonic()))
            connection.close()

    async def _silent_sockets(self) -> None:
        while not self.is_over:
            sockets = [
                await asyncio.open_connection("127.0.0.1", self._port)
                for _ in range(SILENT_SOCKETS)
            ]
            await asyncio.sleep(20)
            for _, writer in sockets:
                writer.close()

    async def _hostile_bodies(self) -> None:
        while not self.is_over:
            connection = Connection(self._port)
            head = (
                "POST /api/v1/sync HTTP/1.1\r\nContent-Encoding: gzip\r\n"
                f"Authorization: Bearer {self._dice.randbytes(8).hex()}\r\n"
            )
            await self._timed("stranger", partial(connection.request, head, BOMB))
            connection.close()
            await asyncio.sleep(HOSTILE_PAUSE_S)


def resident_mb(process_id: int) -> float:
    """Return the memory of a server in MB: of its process `process_id` and those it has started.

    Memory that processes share is divided among them. The result is 0 on a system without /proc.
    """
    children = Path(f"/proc/{process_id}/task/{process_id}/children")
    if not children.exists():
        return 0
    size_kb = 0
    for process in (str(process_id), *children.read_text().split()):
        rollup = Path(f"/proc/{process}/smaps_rollup").read_text()
        size_kb += next(int(line.split()[1]) for line in rollup.splitlines() if "Pss:" in line)
    return size_kb / 1024


async def watch(process_id: int, morning: Morning) -> list[float]:
    """Return the server's memory in MB, measured every two seconds until the simulation is over."""
    sizes = []
    while not morning.is_over:
        sizes.append(resident_mb(process_id))
        await asyncio.sleep(2)
    return sizes


async def measure(port: int, process_id: int, load: ingest.Load, seconds: float) -> int:
    """Simulate a conference morning on the server on `port`, and print the figures.

    The simulation lasts `seconds` seconds. `load` contains the access tokens and the records of
    the halls' check-in devices. `process_id` is the id of the server's process, whose memory is
    measured. Return 0 if the waiting times meet every aim in `AIMS_S`, else 1.
    """
    morning = Morning(port, load, seconds)
    _, sizes = await asyncio.gather(morning.run(), watch(process_id, morning))
    is_met = True
    print(f"{'who':<10}{'requests':>9}  {'median':>8}  {'p99':>8}  {'longest':>8}  {'aim p99':>8}")
    for who, waits_s in sorted(morning.waits_s.items()):
        cuts = statistics.quantiles(waits_s, n=100, method="inclusive")
        aim = AIMS_S.get(who)
        is_met &= aim is None or cuts[98] <= aim
        figures = f"{cuts[49]:>7.3f}s  {cuts[98]:>7.3f}s  {max(waits_s):>7.3f}s"
        print(f"{who:<10}{len(waits_s):>9}  {figures}  {f'{aim:.0f} s' if aim else '':>8}")
    answers = sorted(morning.statuses.items(), key=str)
    print("answers: " + ", ".join(f"{who} {status}: {n}" for (who, status), n in answers))
    half = sizes[len(sizes) // 2 :]
    print(
        f"memory: at most {max(sizes):.0f} MB; in the last half {min(half):.0f}–{max(half):.0f} MB"
    )
    return 0 if is_met else 1


def main() -> int:
    """Prepare a database and a portal (the public website), serve them, and run the simulation.

    Return the exit status: 1 if the portal cannot be built or if a waiting time misses its aim in
    `AIMS_S`, else 0.
    """
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=180)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        portal = folder / "output"
        if build.main(["--output", str(portal)]) != 0:
            return 1
        with (portal / "t" / "ghi-am.mp3").open("wb") as recording:
            recording.truncate(RECORDING_BYTES)
        url = f"sqlite:///{folder / 'morning.sqlite3'}"
        load = ingest.prepare(url, portal, POINTS, PEOPLE, 1)
        with ingest.serving(url, portal, 1) as servers:
            [(port, process_id)] = servers.items()
            return asyncio.run(measure(port, process_id, load, arguments.seconds))


if __name__ == "__main__":
    sys.exit(main())
