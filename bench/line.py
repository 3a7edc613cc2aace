"""Measure typical tasks of a kiosk and a reader over a slow network line that is cut repeatedly.

A proxy between the client and our server models the line: 23 kbit/s and a delay of 0.5 s in each
direction, one segment in twenty lost (TCP sends it again after a second), and a cut of all
connections every 20 seconds. The client behaves like the kiosk (the check-in page) and the service
worker: it repeats requests that were not answered, continues the transfer of large files where it
was cut, and waits longer after every failure. Times are in seconds of the modelled line; the
simulation itself runs `--speed` times as fast. Every task is also measured over a line without
cuts, so that the numbers of bytes can be compared. Run with `python -m bench.line`.
"""

import argparse
import gzip
import hashlib
import http.client
import json
import random
import secrets
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import build
from bench import ingest
from sync_server.domain.release import MANIFEST_PATH
from sync_server.domain.shared import SHARED

BYTES_A_SECOND = 23_000 / 8
ONE_WAY_S, LOSS, RESEND_S = 0.5, 0.05, 1.0
CUT_EVERY_S = 20.0
SEGMENT_BYTES = 1_400
FIRST_PAUSE_S, LONGEST_PAUSE_S = 2.0, 25.0
RECORDS, REPORTS, REPORT_BYTES = 100, 3, 20_000
"""The numbers of records and photographed reports that a device sends; a report's size in bytes.

A photographed page of writing in shades of grey takes about 20 KB."""
WEEK_RECORDS = 500
OK, LARGE_BYTES = 200, 16 * 1024
TEXTS = (".html", ".js", ".json", ".svg", ".css", ".ics")
SMALLEST_PIECE_BYTES, QUICK_S, SLOW_S = 8 * 1024, 2.0, 8.0
FIRST_FILES = ("diem-danh/index.html", "app/kiosk.css", "app/kiosk-start.js", "app/kiosk.js")


class Line:
    """A proxy on a free port that models a slow network line to the server on `server_port`.

    If `is_cut` is True, all connections are cut regularly. The model runs `speed` times as fast as
    the line. `carried` counts the bytes in both directions.
    """

    def __init__(self, server_port: int, speed: float, *, is_cut: bool) -> None:
        self._server_port, self._speed = server_port, speed
        self._dice = random.Random(7)  # noqa: S311 - every run loses the same segments
        self._free_at = {"up": 0.0, "down": 0.0}
        self._lock = threading.Lock()
        self._sockets: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._is_over = threading.Event()
        self.port: int = self._listener.getsockname()[1]
        self.carried = 0
        threading.Thread(target=self._accept, daemon=True).start()
        if is_cut:
            threading.Thread(target=self._cut_again_and_again, daemon=True).start()

    def close(self) -> None:
        self._is_over.set()
        self._listener.close()
        self._cut()

    def _cut_again_and_again(self) -> None:
        while not self._is_over.wait(CUT_EVERY_S / self._speed):
            self._cut()

    def _cut(self) -> None:
        with self._lock:
            sockets, self._sockets = self._sockets, set()
        for one in sockets:
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._server_port))
            except OSError:
                return
            with self._lock:
                self._sockets |= {client, server}
            time.sleep(2 * ONE_WAY_S / self._speed)  # the handshake of TCP
            for source, target, way in ((client, server, "up"), (server, client, "down")):
                threading.Thread(
                    target=self._carry, args=(source, target, way), daemon=True
                ).start()

    def _carry(self, source: socket.socket, target: socket.socket, way: str) -> None:
        try:
            while segment := source.recv(SEGMENT_BYTES):
                self._wait_for_turn(len(segment), way)
                target.sendall(segment)
        except OSError:
            pass
        for one in (source, target):
            one.close()

    def _wait_for_turn(self, size_bytes: int, way: str) -> None:
        """Wait for as long as the modelled line takes to carry a segment of `size_bytes` bytes.

        The segment waits until earlier segments in the direction `way` ("up" or "down") have been
        carried. If the line was idle, the delay of the line is added, and a possible loss of the
        segment.
        """
        with self._lock:
            self.carried += size_bytes
            now_s = time.monotonic()
            begins_s = max(now_s, self._free_at[way])
            self._free_at[way] = begins_s + size_bytes / BYTES_A_SECOND / self._speed
            delay_s = ONE_WAY_S + (RESEND_S if self._dice.random() < LOSS else 0)
            arrives_s = self._free_at[way] + delay_s / self._speed
        time.sleep(max(0, self._free_at[way] - now_s))
        # What follows may already be on the line: only an idle line shows the delay once more.
        if begins_s == now_s:
            time.sleep(max(0, arrives_s - time.monotonic()))


class Client:
    """An HTTP client of the sync server, which keeps one connection.

    `until_done` repeats a request until it succeeds, and pauses longer after every failure.
    """

    def __init__(self, port: int, token: str, speed: float) -> None:
        self._port, self._token, self._speed = port, token, speed
        self._connection: http.client.HTTPConnection | None = None
        self._failures = 0
        self.piece_bytes = SMALLEST_PIECE_BYTES
        self._dice = random.Random(3)  # noqa: S311 - every run pauses alike

    def ask(
        self, method: str, path: str, body: bytes | None = None, **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        """Send a request, and return the status, headers and decompressed content of the answer.

        Raises: OSError or HTTPException if the line is cut before the whole answer has arrived.
        """
        headers = {"Authorization": f"Bearer {self._token}", "Accept-Encoding": "gzip", **headers}
        if self._connection is None:
            self._connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        try:
            self._connection.request(method, path, body, headers)
            response = self._connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            self._connection = None
            raise
        if response.headers.get("Content-Encoding") == "gzip":
            content = gzip.decompress(content)
        return response.status, dict(response.headers), content

    def until_done(self, step: Callable[[], bool]) -> None:
        """Call `step` repeatedly until it returns True.

        If the line is cut, the next call follows after a pause, which becomes longer with every
        failure in succession.
        """
        while True:
            try:
                if step():
                    return
                self._failures = 0
            except (OSError, http.client.HTTPException):
                most_s = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2**self._failures)
                self._failures += 1
                time.sleep((self._dice.random() * most_s + 0.5) / self._speed)

    @contextmanager
    def next_piece(self) -> Iterator[None]:
        """Time the `with` block, which transfers a piece of a file, and choose the next size.

        As in `site/app/piece-size.js`, the size is doubled after a quick transfer and halved after
        a slow transfer. After a failed transfer, the next piece has the smallest size.
        """
        began_s, size = time.monotonic(), self.piece_bytes
        self.piece_bytes = SMALLEST_PIECE_BYTES
        yield
        took_s = (time.monotonic() - began_s) * self._speed
        if took_s < QUICK_S:
            self.piece_bytes = min(SHARED.detail_piece_bytes, size * 2)
        else:
            self.piece_bytes = max(SMALLEST_PIECE_BYTES, size // 2) if took_s > SLOW_S else size


class Figures(NamedTuple):
    seconds: float
    carried_bytes: int


Work = Callable[[Client, "Hall"], None]


class Hall(NamedTuple):
    """The records and attachments that a hall sends, and the records that it fetches.

    An attachment (a "detail" of a record) is, for example, a photographed report. `stream` contains
    the ids of the meeting and the hall whose records are fetched.
    """

    records: list[dict[str, Any]]
    details: list[bytes]
    stream: dict[str, str]


def send_round(client: Client, hall: Hall) -> None:
    """Send a hall's records, then its attachments (`details`) in pieces, as check-in devices do."""
    body = gzip.compress(json.dumps({"records": hall.records}).encode(), 6)
    client.until_done(
        lambda: client.ask("POST", "/api/v1/sync", body, **{"Content-Encoding": "gzip"})[0] == OK
    )
    for box in hall.details:
        path = f"/api/v1/details/{hashlib.sha256(box).hexdigest()}"

        def upload(path: str = path, box: bytes = box) -> bool:
            _, headers, _ = client.ask("HEAD", path)
            while headers.get("Upload-Complete") != "?1":
                at = int(headers.get("Upload-Offset", 0))
                piece = box[at : at + client.piece_bytes]
                place = {"Content-Range": f"bytes {at}-{at + len(piece) - 1}/{len(box)}"}
                with client.next_piece():
                    _, headers, _ = client.ask("PUT", path, piece, **place)
            return True

        client.until_done(upload)


def open_kiosk(client: Client, _hall: Hall) -> None:
    """Download the files that a browser needs to show a hall's check-in page (the kiosk)."""
    for name in FIRST_FILES:
        client.until_done(partial(fetch, client, name, 0, bytearray()))


def save_meeting(client: Client, _hall: Hall) -> None:
    """Download the files that a reader saves to read a meeting and its documents offline."""
    manifest: dict[str, Any] = {}

    def read_manifest() -> bool:
        manifest.update(json.loads(client.ask("GET", f"/{MANIFEST_PATH}")[2]))
        return True

    client.until_done(read_manifest)
    [path] = [line["path"] for line in manifest["lists"] if line["name"] == "m-2024-08-22-hoc-tap"]
    files: list[tuple[str, str, int]] = []

    def read_list() -> bool:
        files.extend(json.loads(client.ask("GET", f"/{path}")[2]))
        return True

    client.until_done(read_list)
    for name, _, size_bytes in files:
        client.until_done(partial(fetch, client, name, size_bytes, bytearray()))


def fetch(client: Client, name: str, size_bytes: int, received: bytearray) -> bool:
    """Download a file, in pieces if it is large and not a text, and return whether this succeeded.

    The pieces are added to `received`. If the line is cut, another call with the same `received`
    continues the download.
    """
    if size_bytes <= LARGE_BYTES or name.endswith(TEXTS):
        return client.ask("GET", f"/{name}")[0] == OK
    while len(received) < size_bytes:
        last = min(len(received) + client.piece_bytes, size_bytes) - 1
        with client.next_piece():
            received += client.ask("GET", f"/{name}", Range=f"bytes={len(received)}-{last}")[2]
    return True


def pull_day(client: Client, hall: Hall) -> None:
    """Fetch all records of a hall, as a check-in device does that was offline for a week."""
    cursor = ["0"]

    def pull() -> bool:
        body = json.dumps({**hall.stream, "cursor": cursor[0]}).encode()
        answer = json.loads(client.ask("POST", "/api/v1/sync", body)[2])
        cursor[0] = answer["cursor"]
        return not answer["more"]

    client.until_done(pull)


WORKS: dict[str, Work] = {
    "a round: 100 records, 3 reports": send_round,
    "first load of the kiosk": open_kiosk,
    "saving a meeting": save_meeting,
    "pulling 500 records": pull_day,
}


def run(work: Work, port: int, token: str, hall: Hall, speed: float, *, is_cut: bool) -> Figures:
    line = Line(port, speed, is_cut=is_cut)
    began_s = time.monotonic()
    try:
        work(Client(line.port, token, speed), hall)
        return Figures((time.monotonic() - began_s) * speed, line.carried)
    finally:
        line.close()


def main() -> int:
    """Run every task with and without cuts of the line; print the seconds and bytes of every task.

    Return the exit status: 1 if the portal (the public website) cannot be built, else 0.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--speed", type=float, default=4, help="how many times as fast the line is")
    speed = parser.parse_args().speed
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        portal = folder / "output"
        if build.main(["--output", str(portal)]) != 0:
            return 1
        url = f"sqlite:///{folder / 'line.sqlite3'}"
        load = ingest.prepare(url, portal, 3, WEEK_RECORDS, WEEK_RECORDS)
        with ingest.serving(url, portal, 1) as servers:
            port = next(iter(servers))
            print(f"{'work':<33}{'s':>7}{'bytes':>10}{'uncut s':>9}{'bytes':>10}{'ratio':>7}")
            for title, work in WORKS.items():
                figures = {}
                for place, is_cut in enumerate((False, True)):
                    hall, token = _hall_of(load, place, work, port)
                    figures[is_cut] = run(work, port, token, hall, speed, is_cut=is_cut)
                cut, whole = figures[True], figures[False]
                print(
                    f"{title:<33}{cut.seconds:>7.0f}{cut.carried_bytes:>10,}{whole.seconds:>9.0f}"
                    f"{whole.carried_bytes:>10,}{cut.carried_bytes / whole.carried_bytes:>7.2f}"
                )
    return 0


def _hall_of(load: ingest.Load, place: int, work: Work, port: int) -> tuple[Hall, str]:
    """Return the hall at the index `place`, and the token that a client needs for the task `work`.

    For the task `pull_day`, the hall's records are first sent to the server without the modelled
    line.
    """
    [batch], token = load.batches[place], load.tokens[place]
    details = [secrets.token_urlsafe(REPORT_BYTES).encode()[:REPORT_BYTES] for _ in range(REPORTS)]
    hall = Hall(batch[:RECORDS], details, {"meeting": ingest.MEETING, "point": batch[0]["point"]})
    if work is pull_day:
        sender = Client(port, token, 1)
        sender.ask("POST", "/api/v1/sync", json.dumps({"records": batch}).encode())
        return hall, load.office_token
    return hall, token


if __name__ == "__main__":
    raise SystemExit(main())
