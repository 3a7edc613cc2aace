"""Send check-ins to a cluster like devices, fetch records like readers, and note all answers."""

import http.client
import json
import random
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import msgspec
from msgspec import Struct

from bench.cluster import RECOVERY_S, WEB_PORT
from bench.conference import enrol, make_check_in, store_meeting
from bench.history import Answer, History, Page
from sync_server import create_app
from sync_server.config import load_settings
from sync_server.database import db, write
from sync_server.domain.records.codes import from_ms

POINTS, CLERKS, PEOPLE, BATCH = 3, 2, 60, 3
"""The numbers of halls, of devices per hall, of people per hall, and of check-ins per request.

For every device, there is also one reader.
"""
CLOCKLESS_POINT = "P001"
"""The code of the hall whose devices never report their clocks.

A new measurement of a device's clock makes the server compute the hall's attendance again from all
records. In this hall, the server can instead add new records to the earlier result."""
PAUSE_S = (0.25, 0.45)
"""The shortest and the longest pause, in seconds, between two requests of a device.

The server accepts at most 600 requests per minute from one device.
"""
DROPPED = 0.15
"""The share of requests after which a device hangs up without waiting for the answer."""
TIMEOUT_S = 15.0
SENT_AGAIN = 250
"""The number of records per request when every device finally sends all its records once more."""


class Hall(Struct, frozen=True):
    """A check-in device in the hall with the code `point`.

    The device sends records with `token`, and a reader fetches the hall's records with
    `read_token`.
    """

    point: str
    device: str
    token: str
    read_token: str


def prepare(meeting: str) -> list[Hall]:
    """Store a meeting with halls and people in the cluster's database, and register devices.

    `meeting` is the id of the new meeting. Return the registered devices.
    """
    app = create_app(load_settings())
    codes = [f"P{n:03d}" for n in range(1, POINTS + 1)]
    with app.app_context():
        store_meeting(meeting, dict.fromkeys(codes, "U1"), PEOPLE)
        enrolled = [write(partial(enrol, point=code)) for code in codes * CLERKS]
        db.engine.dispose()
    return [
        Hall(code, device.device, device.token, device.read_token)
        for code, device in zip(codes * CLERKS, enrolled, strict=True)
    ]


def post_sync(token: str, body: dict[str, Any], hang_up_s: float | None = None) -> Any:
    """Send a request to `/api/v1/sync`, which stores or returns records; return the decoded answer.

    Return None if the request fails. If `hang_up_s` is given, close the connection after that
    number of seconds without reading the answer, and return None.
    """
    return _ask(WEB_PORT, "POST", "/api/v1/sync", token, json.dumps(body), hang_up_s)


def get_standing(port: int, meeting: str, hall: Hall) -> Any:
    """Ask the server at `port` for the attendance in a hall; return None if the request fails."""
    return _ask(port, "GET", f"/api/v1/meetings/{meeting}/standing", hall.read_token)


def _ask(
    port: int,
    method: str,
    path: str,
    token: str,
    body: str | None = None,
    hang_up_s: float | None = None,
) -> Any:
    connection = http.client.HTTPConnection("localhost", port, timeout=TIMEOUT_S)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    try:
        connection.request(method, path, body, headers)
        if hang_up_s is not None:
            time.sleep(hang_up_s)
            return None
        response = connection.getresponse()
        content = response.read()
        return msgspec.json.decode(content) if response.status == http.client.OK else None
    except (OSError, http.client.HTTPException, msgspec.DecodeError):
        return None
    finally:
        connection.close()


class Load:
    """Threads that send check-ins from devices, and threads that read them, until `stop` is called.

    Every device in `halls` has one sending thread and one reading thread. `seen` contains the
    answers and the pages of records that the threads have received.
    """

    def __init__(self, meeting: str, halls: Sequence[Hall]) -> None:
        self.meeting = meeting
        self.seen = History([], [], [])
        self.dropped = self.replayed = 0
        self.sent: dict[str, list[dict[str, Any]]] = {hall.device: [] for hall in halls}
        self.faults: list[BaseException] = []
        self._halls = halls
        self._is_over = threading.Event()
        self._may_stop_reading = threading.Event()
        self._guard = threading.Lock()
        self._writers = [self._thread(self._write, hall, n) for n, hall in enumerate(halls)]
        self._readers = [self._thread(self._read, hall, n) for n, hall in enumerate(halls)]

    def _thread(self, work: Callable[[Hall, int], None], hall: Hall, number: int) -> Any:
        def run() -> None:
            try:
                work(hall, number)
            except BaseException as fault:  # noqa: BLE001 - the main thread raises it again
                self.faults.append(fault)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        return thread

    def stop(self) -> None:
        """Stop all threads after devices have resent all records and readers have caught up.

        Raises: the first error that occurred in any thread, or TimeoutError if a thread does not
        end.
        """
        self._is_over.set()
        for thread in self._writers:
            thread.join(RECOVERY_S)
        self._may_stop_reading.set()
        for thread in self._readers:
            thread.join(RECOVERY_S)
        if self.faults:
            raise self.faults[0]
        if any(thread.is_alive() for thread in (*self._writers, *self._readers)):
            raise TimeoutError("a device or a reader does not come to an end")

    def count(self) -> int:
        return len(self.seen.answers)

    def _write(self, hall: Hall, number: int) -> None:
        dice = random.Random(number)  # noqa: S311 - a seed repeats the load
        while not self._is_over.is_set():
            first = len(self.sent[hall.device])
            batch = [self._check_in(hall, first + n, dice) for n in range(1, BATCH + 1)]
            self.sent[hall.device] += batch
            self._send(hall, batch, dice)
            time.sleep(dice.uniform(*PAUSE_S))
        records = self.sent[hall.device]
        for start in range(0, len(records), SENT_AGAIN):
            self._send(hall, records[start : start + SENT_AGAIN], dice, drops=False)

    def _send(
        self, hall: Hall, batch: list[dict[str, Any]], dice: random.Random, *, drops: bool = True
    ) -> None:
        """Send a batch of records until the server answers, and add the answers to `seen`.

        If `drops` is True, the connection is sometimes closed before the answer arrives.
        """
        while True:
            body: dict[str, Any] = {"records": batch, "highest": batch[-1]["seq"]}
            if hall.point != CLOCKLESS_POINT and dice.random() < 0.5:
                body["clock"] = {"wall": from_ms(round(time.time() * 1000)), "mono_ms": 500}
                body["clock"]["boot"] = "b1"
            hangs_up = drops and dice.random() < DROPPED
            sent_s = time.monotonic()
            answer = post_sync(hall.token, body, dice.uniform(0, 0.05) if hangs_up else None)
            if answer:
                answered_s = time.monotonic()
                with self._guard:
                    self.seen.answers += [
                        Answer(v["id"], sent_s, answered_s, v["status"], v["fate"])
                        for v in answer["verdicts"]
                    ]
                    self.replayed += drops and answer["verdicts"][0]["status"] == "known"
                return
            with self._guard:
                self.dropped += hangs_up
            time.sleep(dice.uniform(*PAUSE_S))

    def _check_in(self, hall: Hall, seq: int, dice: random.Random) -> dict[str, Any]:
        person = dice.randint(1, PEOPLE)
        return make_check_in(self.meeting, hall.point, hall.device, seq, person, dice)

    def _read(self, hall: Hall, number: int) -> None:
        cursor, reader = "0", f"reader {number}"
        while True:
            may_stop = self._may_stop_reading.is_set()
            body = {"meeting": self.meeting, "point": hall.point, "cursor": cursor}
            answer = post_sync(hall.read_token, body)
            if answer:
                ids = tuple(record["id"] for record in answer["records"])
                source, _, head = answer["cursor"].partition(":")
                after = int(cursor.partition(":")[2]) if cursor.startswith(f"{source}:") else 0
                page = Page(reader, hall.point, time.monotonic(), after, ids, int(head), source)
                with self._guard:
                    self.seen.pages.append(page)
                cursor = answer["cursor"]
                if may_stop and not ids:
                    return
            get_standing(WEB_PORT, self.meeting, hall)  # so that the servers remember the halls
            time.sleep(0.4)
