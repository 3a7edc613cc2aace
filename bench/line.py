"""Measure a kiosk's and a reader's work over a line of 23 kbit/s that is cut again and again.

A proxy between the client and our server models the line: 23 kbit/s in each direction, 0.5 s each
way, one segment in twenty lost (which TCP sends again after a second), and a cut of all connections
every 20 seconds. The client does what the kiosk and the service worker do: it sends again what was
not acknowledged, continues details and large files where they were cut, and pauses longer after
every failure. Seconds are those of the modelled line; the model itself runs `--speed` times as
fast. Every work is done over an uncut line, too, and the bytes are compared. Run with
`python -m bench.line`.
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
"""A round of a kiosk: a hundred records, and three photographed reports of 20 KB each, which is
what a page of writing in shades of grey takes."""
WEEK_RECORDS = 500
OK, LARGE_BYTES = 200, 16 * 1024
TEXTS = (".html", ".js", ".json", ".svg", ".css", ".ics")
SMALLEST_PIECE_BYTES, QUICK_S, SLOW_S = 8 * 1024, 2.0, 8.0
FIRST_FILES = ("diem-danh/index.html", "app/kiosk.css", "app/kiosk-start.js", "app/kiosk.js")


class Line:
    """A proxy on a free port that models a poor line to a server. `carried` counts all bytes."""

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
        """Wait until the line has carried a segment: its turn, its time on the line, its losses."""
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
    """A client that repeats a request until it is answered, pausing longer after every failure."""

    def __init__(self, port: int, token: str, speed: float) -> None:
        self._port, self._token, self._speed = port, token, speed
        self._connection: http.client.HTTPConnection | None = None
        self._failures = 0
        self.piece_bytes = SMALLEST_PIECE_BYTES
        self._dice = random.Random(3)  # noqa: S311 - every run pauses alike

    def ask(
        self, method: str, path: str, body: bytes | None = None, **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        """Return the status, headers and content of the answer.

        Raises: OSError or HTTPException if the line is cut before the answer has come.
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
        """Repeat `step` until it returns True. A cut ends a step, and is followed by a pause."""
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
        """Choose the size of the piece after this one, as `site/app/piece-size.js` does."""
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
    """What a hall sends: its records and details; `stream` names what it pulls."""

    records: list[dict[str, Any]]
    details: list[bytes]
    stream: dict[str, str]


def send_round(client: Client, hall: Hall) -> None:
    """Send the hall's records, and then its details piece by piece, as the kiosk does."""
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
    """Load the files that show the kiosk's first page."""
    for name in FIRST_FILES:
        client.until_done(partial(fetch, client, name, 0, bytearray()))


def save_meeting(client: Client, _hall: Hall) -> None:
    """Load a meeting with its materials for reading without a line, file by file."""
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
    """Fetch a file, a large one piece by piece into `received`, and return whether it is whole."""
    if size_bytes <= LARGE_BYTES or name.endswith(TEXTS):
        return client.ask("GET", f"/{name}")[0] == OK
    while len(received) < size_bytes:
        last = min(len(received) + client.piece_bytes, size_bytes) - 1
        with client.next_piece():
            received += client.ask("GET", f"/{name}", Range=f"bytes={len(received)}-{last}")[2]
    return True


def pull_day(client: Client, hall: Hall) -> None:
    """Pull all records of a hall, as a kiosk does that was away for a week."""
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
    """Print seconds and bytes of every work, over the cut line and over an uncut one."""
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
    """Return a hall and the token of its device. What it pulls is sent before, without the line."""
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
