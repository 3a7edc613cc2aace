"""Run a job again and again, and make a different one of its system calls fail each time.

In the first run, the first write, sync or rename of the job fails; in the second run, the second;
and so on, until a run makes fewer such calls. After every run, the job is run once more with no
failing call, as a device or an operator would try again. The library libfiu makes the calls fail;
it must be preloaded (`LD_PRELOAD`).

The job `power` imitates power cuts instead: between any two syncs, random pages of what was written
since the last sync are lost.

The figures are printed as JSON, such as the numbers of records that were acknowledged, lost and
stored twice.

    LD_PRELOAD=/usr/lib/fiu/fiu_posix_preload.so python -m tests.faults intake FOLDER
"""

import ctypes
import errno
import json
import os
import random
import shutil
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from joserfc import jws
from sqlalchemy import update

from sync_server import create_app, sealing
from sync_server.acts import backups, queue_files
from sync_server.acts.backups import Manifest, OpenedBackup
from sync_server.config import Settings
from sync_server.database import db, reading, upgrade_schema, write
from sync_server.domain.records.codes import from_ms
from sync_server.storage import database_copies
from sync_server.storage.access import devices
from sync_server.storage.models import Device
from tests.conftest import SECRET
from tests.factories import draft

CALLS = (b"posix/io/rw/*", b"posix/io/sync/*", b"posix/io/dir/*", b"posix/mm/mmap")
"""Patterns of libfiu's names of the system calls that are made to fail."""
NO_CALLS = ("/reduce", "read", "stat")
"""A system call is left alone if libfiu's name for it contains one of these texts. Such a call only
reads, or would only be shortened by libfiu.
"""
CALLBACK = ctypes.CFUNCTYPE(
    ctypes.c_int,
    ctypes.c_char_p,
    ctypes.POINTER(ctypes.c_int),
    ctypes.POINTER(ctypes.c_void_p),
    ctypes.POINTER(ctypes.c_uint),
)
EVERY_CALL, DISK_FAULT = 1, errno.EIO
RECORDS = 3
NOW = 1_724_288_400_000
MOST_CALLS = 2_000


PAGE = 4096
CUTS = 8
"""How many times the lost pages are chosen at random for each moment at which the power is cut."""


class Figures(NamedTuple):
    """The figures of all runs of a job: failed calls; records acknowledged, lost or stored twice.

    For the job `power`, `calls` is the number of power cuts. `refused` is the number of runs in
    which the failed call made the job fail. `stuck` is the number of runs after which the job
    failed again, although no call was made to fail.
    """

    calls: int
    acknowledged: int
    lost: int
    doubled: int
    refused: int
    stuck: int


class Faults:
    """A switch that makes one system call of this process fail, and a counter of such calls."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL("libfiu.so.0")
        self._library.fiu_init(0)
        self._callback = CALLBACK(self._should_fail)
        self.count = 0
        self._failing = 0
        self.on_sync: Callable[[], None] | None = None

    def begin(self, failing: int) -> None:
        """Count system calls from now on, and make call number `failing` fail.

        If `failing` is 0, no call fails.
        """
        self.count, self._failing = 0, failing
        for name in CALLS:
            self._library.fiu_enable_external(
                name, EVERY_CALL, ctypes.c_void_p(DISK_FAULT), 0, self._callback
            )

    def end(self) -> None:
        for name in CALLS:
            self._library.fiu_disable(name)

    def _should_fail(self, name: bytes, _number: Any, _info: Any, _flags: Any) -> int:
        if self.on_sync:
            if name.startswith(b"posix/io/sync/"):
                on_sync, self.on_sync = self.on_sync, None  # its own writes do not count
                on_sync()
                self.on_sync = on_sync
            return 0
        if any(part in name.decode() for part in NO_CALLS):
            return 0
        self.count += 1
        return int(self.count == self._failing)


class Job(NamedTuple):
    """A task that is run while system calls fail.

    `prepare` fills the folder of the database, once before the first run. `run` does the task, and
    returns the ids of the records that were acknowledged; it raises if the task fails.
    """

    prepare: Callable[[], None]
    run: Callable[[], list[str]]


def cut_power(server: "Server", folder: Path) -> Figures:
    """Let the server store `RECORDS` records singly, imitate power cuts, and return the figures.

    `folder` is the folder of the database. It is copied whenever a sync begins. For a power cut
    between two copies, every page that differs between them gets at random its old or its new
    content.
    Raises: AssertionError if SQLite finds the database damaged after a power cut.
    """
    server.prepare()
    faults, copies = Faults(), folder.with_name("copies")
    acknowledged: list[str] = []

    def work() -> dict[str, Any]:
        moments: list[list[str]] = []

        def copy() -> None:
            shutil.copytree(folder, copies / str(len(moments)))
            moments.append(list(acknowledged))

        faults.begin(0)
        faults.on_sync = copy
        for number in range(1, RECORDS + 1):
            acknowledged.extend(server.take_in_one(number))
        faults.on_sync = None
        faults.end()
        shutil.copytree(folder, copies / str(len(moments)))
        return {"acknowledged": [*moments, acknowledged], "count": len(moments)}

    outcome = _in_child(work)
    lost = doubled = cuts = 0
    for place in range(outcome["count"]):
        for seed in range(CUTS):
            dice = random.Random(seed)  # noqa: S311 - it is no secret which pages are lost
            _lose_pages(copies / str(place), copies / str(place + 1), folder, dice)
            counts = _counts(folder)
            lost += sum(counts.get(one, 0) == 0 for one in outcome["acknowledged"][place + 1])
            doubled += sum(count > 1 for count in counts.values())
            cuts += 1
    return Figures(cuts, len(outcome["acknowledged"][-1]), lost, doubled, 0, 0)


def _lose_pages(before: Path, after: Path, folder: Path, dice: random.Random) -> None:
    """Fill `folder` anew with the files of `after`, in which random pages are as in `before`."""
    shutil.rmtree(folder)
    folder.mkdir()
    for path in after.iterdir():
        new, old_path = path.read_bytes(), before / path.name
        old = old_path.read_bytes() if old_path.exists() else b""
        if path.name.endswith("-shm"):
            continue  # it is memory, and made anew
        pages = (
            dice.choice((old[at : at + PAGE].ljust(PAGE, b"\0"), new[at : at + PAGE]))
            for at in range(0, len(new), PAGE)
        )
        (folder / path.name).write_bytes(b"".join(pages)[: max(len(new), len(old))])


def disturb(job: Job, folder: Path) -> Figures:
    """Run the job repeatedly, with a different system call failing each time; return the figures.

    `folder` contains the database. Every run begins with the same content, and in a new process
    that is forked from this one.
    Raises: AssertionError if SQLite finds the database damaged.
    """
    job.prepare()
    faults, original = Faults(), folder.with_name("original")
    shutil.copytree(folder, original)
    acknowledged = lost = doubled = refused = stuck = calls = 0
    for failing in range(1, MOST_CALLS):
        shutil.rmtree(folder)
        shutil.copytree(original, folder)
        outcome = _in_child(partial(_run_once, job, faults, failing))
        counts = _counts(folder)
        acknowledged += len(outcome["acknowledged"])
        lost += sum(counts.get(record_id, 0) == 0 for record_id in outcome["acknowledged"])
        doubled += sum(count > 1 for count in counts.values())
        refused += not outcome["is_done"]
        stuck += not _in_child(partial(_run_once, job, faults, 0))["is_done"]
        doubled += sum(count > 1 for count in _counts(folder).values())
        if outcome["count"] < failing:
            break
        calls += 1
    return Figures(calls, acknowledged, lost, doubled, refused, stuck)


def _run_once(job: Job, faults: Faults, failing: int) -> dict[str, Any]:
    faults.begin(failing)
    acknowledged, is_done = [], False
    try:
        acknowledged, is_done = job.run(), True
    except Exception:  # noqa: BLE001 - whatever the failed call has caused
        is_done = False
    finally:
        faults.end()
    return {"acknowledged": acknowledged, "is_done": is_done, "count": faults.count}


def _in_child(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Do `work` in a forked process, and return its result.

    If the process dies, the result says that the work failed and nothing was acknowledged.
    """
    readable, writable = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(readable)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # the server logs every failed request
        os.write(writable, json.dumps(work()).encode())
        os._exit(0)
    os.close(writable)
    with os.fdopen(readable) as answer:
        text = answer.read()
    os.waitpid(child, 0)
    died = {"acknowledged": [], "is_done": False, "count": MOST_CALLS}
    return json.loads(text) if text else died


def _counts(folder: Path) -> dict[str, int]:
    """Return how often each record is stored in the database, by record id.

    Raises: AssertionError if SQLite finds the database damaged.
    """
    with closing(sqlite3.connect(folder / "a.sqlite3")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
        if "ledger" not in tables:
            return {}
        return dict(connection.execute("SELECT id, count(*) FROM ledger GROUP BY id").fetchall())


class Server:
    """A server with one device, in this process, and the jobs that are run while calls fail.

    A job is a task such as storing records; the calls are system calls, such as writes.
    """

    def __init__(self, folder: Path) -> None:
        """Create the app for a database in `folder`; folder and database are made later."""
        url = f"sqlite:///{folder / 'a.sqlite3'}"
        settings = Settings(url, SECRET, SECRET, folder / "output", "http://localhost:8000")
        self._app = create_app(settings)
        self._app.app_context().push()
        self._folder = folder
        self._device = self._token = ""
        self._queue_file = b""
        self._backup: OpenedBackup | None = None

    def jobs(self) -> dict[str, Job]:
        """Return the server's jobs, by name: the tasks that are run while system calls fail."""
        return {
            "intake": Job(self.prepare, self.take_in),
            "queue": Job(self.prepare_queue_file, self.import_queue_file),
            "migration": Job(self.prepare_migration, self.migrate),
            "restore": Job(self.prepare_restore, self.restore),
        }

    def records(self) -> list[dict[str, Any]]:
        return [
            {**draft("check_in", number, person=f"M{number}"), "device": self._device}
            for number in range(1, RECORDS + 1)
        ]

    def prepare(self) -> None:
        self._folder.mkdir(parents=True)
        upgrade_schema()
        code = write(lambda c: devices.new_enrolment(c, "P001", now_ms=NOW))
        enrolled = write(lambda c: devices.enrol(c, code, "thử", None, now_ms=NOW))
        assert enrolled
        self._device, self._token = enrolled.device, enrolled.token
        db.engine.dispose()

    def take_in(self) -> list[str]:
        return self._send(self.records())

    def take_in_one(self, number: int) -> list[str]:
        return self._send([self.records()[number - 1]])

    def _send(self, records: list[dict[str, Any]]) -> list[str]:
        headers = {"Authorization": f"Bearer {self._token}"}
        answer = self._app.test_client().post(
            "/api/v1/sync", json={"records": records}, headers=headers
        )
        return [verdict["id"] for verdict in answer.get_json()["verdicts"]]

    def prepare_queue_file(self) -> None:
        self.prepare()
        key = sealing._private_key("a device's own key")
        public = json.dumps(sealing._public_jwk(key), sort_keys=True)
        parcel = {
            "device": self._device,
            "made_at": from_ms(NOW),
            "records": [json.dumps(record) for record in self.records()],
            "details": {},
        }
        header = {"alg": sealing.SIGNING, "kid": self._device}
        signed = jws.serialize_compact(header, json.dumps(parcel), key, registry=sealing._SIGNED)
        box = sealing.seal(sealing.public_key(SECRET), signed.encode())
        self._queue_file = json.dumps({"diemcau": "queue", "v": 1, "boxes": [box]}).encode()
        of_device = Device.id == self._device
        write(lambda c: c.execute(update(Device).where(of_device).values(public_key=public)))
        db.engine.dispose()

    def import_queue_file(self) -> list[str]:
        imported = queue_files.import_file(self._queue_file, SECRET, NOW)
        return [line.id or "" for parcel in imported.receipts for line in parcel.records]

    def prepare_migration(self) -> None:
        self._folder.mkdir(parents=True)
        (self._folder / "a.sqlite3").touch()

    def migrate(self) -> list[str]:
        upgrade_schema()
        return []

    def prepare_restore(self) -> None:
        self.prepare()
        self.take_in()
        with reading() as connection:
            summary = database_copies.summarise(connection)
        db.engine.dispose()
        copy = self._folder.with_name("backup.sqlite3")
        shutil.copyfile(self._folder / "a.sqlite3", copy)
        self._backup = OpenedBackup(Manifest(from_ms(NOW), "sqlite", summary), copy, "")

    def restore(self) -> list[str]:
        assert self._backup
        backups.restore(self._backup, NOW)
        return [record["id"] for record in self.records()]


def main(name: str, folder: Path) -> None:
    """Run the job `name` while system calls fail or the power is cut; print the figures as JSON.

    `folder` is a new folder for the database. The name `power` stands for power cuts.
    """
    server = Server(folder)
    is_cut = name == "power"
    figures = cut_power(server, folder) if is_cut else disturb(server.jobs()[name], folder)
    print(json.dumps(figures._asdict()))  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
