"""Test that no acknowledged record is lost or stored twice if a server under load is killed.

The tests also cover two servers on one file, a locked database, deleted files, and a migration that
fails. `make chaos` kills the server fifty times instead of twice.
"""

import json
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, Any

import pytest
import requests

from sync_server import create_app
from sync_server.clocks import now_ms
from sync_server.config import ROOT, load_settings
from sync_server.database import db, upgrade_schema, write
from sync_server.storage.access import devices
from tests.conftest import SECRET, accept_meeting
from tests.factories import draft

KILLS = int(os.environ.get("KILLS", "2"))
DEVICES, BATCH = 4, 3
FLASK = [sys.executable, "-m", "flask", "--app", "sync_server"]


class Hall(threading.Thread):
    """A device that makes records without end, and sends each batch until the server stores it.

    `acknowledged` are the ids of the records for which the server has answered that it stored them.
    `replayed` counts the answers that the server already had a record.
    """

    def __init__(self, urls: Sequence[str], device: str, token: str, number: int) -> None:
        super().__init__(daemon=True)
        self._urls, self._device, self._number = urls, device, number
        self._headers = {"Authorization": f"Bearer {token}"}
        self.acknowledged: set[str] = set()
        self.replayed = 0
        self.is_over = False

    def run(self) -> None:
        seq = 0
        while not self.is_over:
            batch = [self._record(seq + n) for n in range(1, BATCH + 1)]
            seq += BATCH
            while not self._send(batch):
                time.sleep(0.02)

    def _record(self, seq: int) -> dict[str, Any]:
        record_id = f"0193f000-0000-7000-8000-{self._number:03}{seq:09}"
        moment = f"2024-08-22T00:{seq // 60 % 60:02}:{seq % 60:02}.000Z"
        changes = {"id": record_id, "seq": seq, "device": self._device, "at": moment}
        return {**draft("check_in", 1, person=f"M{seq % 50}"), **changes}

    def _send(self, batch: list[dict[str, Any]]) -> bool:
        url = random.choice(self._urls)  # noqa: S311 - which server answers is no secret
        try:
            answer = requests.post(
                f"{url}/api/v1/sync", json={"records": batch}, headers=self._headers, timeout=20
            )
            verdicts = answer.json()["verdicts"] if answer.status_code == 200 else []
        except (requests.RequestException, json.JSONDecodeError):
            return False
        self.acknowledged |= {v["id"] for v in verdicts if v["fate"] == "stored"}
        self.replayed += sum(v["status"] == "known" for v in verdicts)
        return len(verdicts) == len(batch) and all(v["fate"] == "stored" for v in verdicts)


class Installation:
    """A database with registered devices, for servers that are started, killed and restarted."""

    def __init__(self, folder: Path) -> None:
        """Make the database in `folder`, with two halls and one meeting, and register the devices.

        Headquarters has already taken the meeting over from the portal (the public website).
        """
        self.path = folder / "d.sqlite3"
        accept_meeting(f"sqlite:///{self.path}", folder)
        self.environ = {
            **os.environ,
            "DATABASE_URL": f"sqlite:///{self.path}",
            "SECRET_KEY": SECRET,
            "SEAL_KEY": SECRET,
            "SITE_DIR": str(folder / "site"),
            "PUBLIC_URL": "http://localhost",
        }
        app = create_app(load_settings(self.environ))
        self.devices: list[tuple[str, str]] = []
        with app.app_context():
            app.test_cli_runner().invoke(args=["db", "stamp", "head"])
            for _ in range(DEVICES):
                code = write(lambda c: devices.new_enrolment(c, "P001", now_ms=now_ms()))
                body = {"code": code, "label": "test"}
                enrolled = app.test_client().post("/api/v1/enrol", json=body).get_json()
                self.devices.append((enrolled["device"], enrolled["token"]))
            db.engine.dispose()

    def start(self, port: int, log: IO[str] | None = None) -> subprocess.Popen[bytes]:
        """Start a server on `port`, with its log in `log`; return once it accepts requests.

        Raises: AssertionError if the first line that the server prints does not say that it is
        serving.
        """
        server = subprocess.Popen(  # noqa: S603 - our own server
            [*FLASK, "serve", "--port", str(port)],
            cwd=ROOT,
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=log or subprocess.DEVNULL,
        )
        assert server.stdout
        assert "Đang phục vụ" in server.stdout.readline().decode()
        server.stdout.close()
        return server

    @contextmanager
    def load(self, ports: Sequence[int]) -> Iterator[list[Hall]]:
        """Let every device make and send records until the context ends; yield the devices.

        The servers listen on `ports`. At the end, every device gets up to 60 s to send its last
        batch.
        """
        urls = [f"http://127.0.0.1:{port}" for port in ports]
        halls = [Hall(urls, *pair, number) for number, pair in enumerate(self.devices)]
        for hall in halls:
            hall.start()
        yield halls
        for hall in halls:
            hall.is_over = True
        for hall in halls:
            hall.join(60)

    def check(self, halls: Sequence[Hall]) -> str:
        """Compare the stored records with the acknowledged ones, and return the figures as a line.

        Raises: AssertionError if SQLite finds the database damaged, if an acknowledged record is
        missing, if a record is stored twice, or if two records have the same position in their
        hall's list.
        """
        with closing(sqlite3.connect(self.path)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            stored = Counter(
                row[0] for row in connection.execute("SELECT id FROM ledger WHERE kind='check_in'")
            )
            positions = [
                row[0]
                for row in connection.execute(
                    "SELECT position FROM ledger WHERE point='P001' ORDER BY position"
                )
            ]
        acknowledged = set().union(*(hall.acknowledged for hall in halls))
        lost = acknowledged - stored.keys()
        doubled = [record_id for record_id, count in stored.items() if count > 1]
        assert not lost
        assert not doubled
        assert len(set(positions)) == len(positions)
        replayed = sum(hall.replayed for hall in halls)
        return (
            f"acknowledged {len(acknowledged)}, lost {len(lost)}, doubled {len(doubled)}, "
            f"replayed {replayed}"
        )


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    return Installation(tmp_path)


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        return int(listener.getsockname()[1])


def test_a_server_killed_at_random_moments_loses_and_doubles_nothing(
    installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    dice, port = random.Random(KILLS), free_port()  # noqa: S311 - a fixed seed repeats the run
    server = installation.start(port)
    with installation.load([port]) as halls:
        for _ in range(KILLS):
            time.sleep(dice.uniform(0.05, 0.6))
            server.send_signal(signal.SIGKILL)
            server.wait()
            server = installation.start(port)
        before = sum(len(hall.acknowledged) for hall in halls)
        while sum(len(hall.acknowledged) for hall in halls) < before + DEVICES * BATCH:
            time.sleep(0.02)
    server.terminate()
    server.wait(20)
    figures = installation.check(halls)
    with capsys.disabled():
        sys.stdout.write(f"killed {KILLS} times: {figures}\n")


def test_a_server_writes_a_line_of_json_for_every_request(
    installation: Installation, tmp_path: Path
) -> None:
    port = free_port()
    with (tmp_path / "log").open("w") as log:
        server = installation.start(port, log)
        requests.get(f"http://127.0.0.1:{port}/healthz", timeout=10)
        server.terminate()
        server.wait(20)
    [line] = [json.loads(text) for text in (tmp_path / "log").read_text().splitlines()]
    assert (line["event"], line["route"], line["status"]) == ("request", "/healthz", 200)


def test_two_servers_on_one_sqlite_file_lose_and_double_nothing(
    installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    ports = [free_port(), free_port()]
    servers = [installation.start(port) for port in ports]
    with installation.load(ports) as halls:
        while sum(len(hall.acknowledged) for hall in halls) < 15 * DEVICES:
            time.sleep(0.02)
    for server in servers:
        server.terminate()
        server.wait(20)
    figures = installation.check(halls)
    with capsys.disabled():
        sys.stdout.write(f"two servers on one file: {figures}\n")


def test_a_database_locked_for_seconds_refuses_and_then_goes_on(
    installation: Installation,
) -> None:
    port = free_port()
    server = installation.start(port)
    with closing(sqlite3.connect(installation.path, isolation_level=None)) as stranger:
        stranger.execute("BEGIN EXCLUSIVE")
        device, token = installation.devices[0]
        hall = Hall([f"http://127.0.0.1:{port}"], device, token, 0)
        refused = requests.post(
            f"http://127.0.0.1:{port}/api/v1/sync",
            json={"records": [hall._record(1)]},
            headers={"Authorization": f"Bearer {token}"},
            timeout=30,
        )
        assert refused.status_code == 503
        assert int(refused.headers["Retry-After"]) > 0
        stranger.execute("ROLLBACK")
    assert hall._send([hall._record(1)])
    server.terminate()
    server.wait(20)
    installation.check([hall])


@pytest.mark.parametrize("suffix", ["-wal", ""])
def test_a_server_whose_files_are_deleted_acknowledges_nothing(
    installation: Installation, suffix: str
) -> None:
    port = free_port()
    server = installation.start(port)
    device, token = installation.devices[0]
    hall = Hall([f"http://127.0.0.1:{port}"], device, token, 0)
    assert hall._send([hall._record(1)])
    path = installation.path.with_name(installation.path.name + suffix)
    moved = path.rename(path.with_name("moved"))
    assert not hall._send([hall._record(2)])
    moved.rename(path)
    assert hall._send([hall._record(2)])
    server.terminate()
    server.wait(20)
    installation.check([hall])


def test_a_migration_cut_in_the_middle_leaves_the_old_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "old.sqlite3"
    environ = {"DATABASE_URL": f"sqlite:///{path}", "SECRET_KEY": SECRET, "SEAL_KEY": SECRET}
    app = create_app(load_settings(environ))
    with app.app_context():
        import flask_migrate

        flask_migrate.upgrade(revision="0001")
        sql = "INSERT INTO audit VALUES ('1', 1, 'hq', 'evaluate', 1, 200, '/x', '')"
        write(lambda c: c.exec_driver_sql(sql))
        with monkeypatch.context() as patched:
            patched.setattr(
                "sync_server.storage.models.append_only_statements", lambda *_: ["CREATE nowhere"]
            )
            with pytest.raises(Exception, match="nowhere"):
                upgrade_schema()
        db.engine.dispose()
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("SELECT count(*) FROM audit").fetchall() == [(1,)]
        upgrade_schema()
        db.engine.dispose()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT number, who FROM audit").fetchall() == [(1, "hq")]
