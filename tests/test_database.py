"""Test that a write is applied as a whole or not at all, and retried after a conflict."""

import os
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import flask_migrate
import msgspec
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from sqlalchemy import Connection, insert, select, text
from sqlalchemy.exc import OperationalError

from sync_server import database
from sync_server.config import Settings
from sync_server.database import (
    WRITERS,
    Base,
    db,
    has_current_schema,
    reading,
    store_later,
    upgrade_schema,
    write,
    write_if_free,
)
from sync_server.errors import DatabaseBusy
from sync_server.storage.access import audit
from sync_server.storage.access.audit import AuditFilter
from sync_server.storage.models import AccountRow
from sync_server.storage.people import roster
from tests.conftest import FakeClock


def test_the_migrations_make_the_tables_of_the_models(
    settings: Settings, clock: FakeClock, tmp_path: Path
) -> None:
    from sync_server import create_app

    app = create_app(
        msgspec.structs.replace(settings, database_url=f"sqlite:///{tmp_path / 'new.sqlite3'}"),
        clock,
    )
    with app.app_context():
        assert not has_current_schema()
        upgrade_schema()
        assert has_current_schema()
        with reading() as connection:
            differences = compare_metadata(MigrationContext.configure(connection), Base.metadata)
        db.engine.dispose()
    assert differences == []


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such modes")
def test_nobody_else_on_the_machine_may_read_the_database(
    settings: Settings, clock: FakeClock, tmp_path: Path
) -> None:
    from sync_server import create_app
    from sync_server.config import load_settings

    path = tmp_path / "instance" / "so.sqlite3"
    keys = {"SECRET_KEY": settings.secret_key, "SEAL_KEY": settings.seal_key}
    app = create_app(load_settings({"DATABASE_URL": f"sqlite:///{path}", **keys}), clock)
    with app.app_context():
        upgrade_schema()
        with db.engine.connect() as connection:
            connection.execute(select(1))
            modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
        db.engine.dispose()
    assert set(modes.values()) == {0o600}
    assert "so.sqlite3-wal" in modes
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.skipif(os.name != "posix", reason="Windows keeps locks otherwise")
def test_another_connection_leaves_the_locks_of_the_first(
    settings: Settings, clock: FakeClock, tmp_path: Path
) -> None:
    from sync_server import create_app

    path = tmp_path / "so.sqlite3"
    file_settings = msgspec.structs.replace(settings, database_url=f"sqlite:///{path}")
    with create_app(file_settings, clock).app_context():
        upgrade_schema()
        write(lambda c: c.execute(insert(AccountRow).values(name="x", role="r", password_hash="h")))
        with db.engine.connect() as first, db.engine.connect() as second:
            # When a process closes a file, it loses all its locks on the file. The next program to
            # open the database would then believe that it is alone, and delete the WAL.
            read_elsewhere(path)
            assert path.with_name("so.sqlite3-wal").exists()
            for connection in (first, second):
                assert connection.scalar(select(AccountRow.name)) == "x"
        db.engine.dispose()


def read_elsewhere(path: Path) -> None:
    """Open, read and close the SQLite database at `path` in another process.

    Raises: CalledProcessError if that fails.
    """
    script = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); "
        "c.execute('SELECT name FROM account').fetchall(); c.close()"
    )
    subprocess.run([sys.executable, "-c", script, str(path)], check=True)  # noqa: S603 - our own


def test_a_failing_write_leaves_nothing(app: Flask) -> None:
    def work(connection: Connection) -> None:
        connection.execute(insert(AccountRow).values(name="x", role="r", password_hash="h"))
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write(work)

    with reading() as connection:
        assert connection.scalar(select(AccountRow.name)) is None


def test_a_stale_write_is_run_again_whole_and_not_for_ever(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "WAIT_S", 0.2)
    tries = 0

    def work(_: Connection) -> None:
        nonlocal tries
        tries += 1
        raise OperationalError("", None, sqlite3.OperationalError("database is locked"))

    with pytest.raises(DatabaseBusy):
        write(work)
    assert tries > 1


def test_who_waits_too_long_for_other_writers_is_told_to_come_again(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "WAIT_S", 0.2)
    other_program = sqlite3.connect(db.engine.url.database or "", isolation_level=None)
    other_program.execute("BEGIN IMMEDIATE")

    with pytest.raises(DatabaseBusy) as refused:
        write(lambda c: c.execute(insert(AccountRow).values(name="x", role="r", password_hash="h")))
    assert refused.value.retry_after_s
    assert write_if_free(lambda c: 1) is None
    with reading() as connection:  # readers do not wait for writers
        assert connection.scalar(select(AccountRow.name)) is None

    other_program.close()
    assert write_if_free(lambda c: 1) == 1


def test_work_for_later_is_stored_after_the_read_transaction(app: Flask) -> None:
    row = insert(AccountRow).values(name="x", role="r", password_hash="h")
    with reading() as connection:
        store_later(lambda c: c.execute(row))
        assert connection.scalar(select(AccountRow.name)) is None

    with reading() as connection:
        assert connection.scalar(select(AccountRow.name)) == "x"


def test_a_reader_whose_work_cannot_be_stored_goes_on(app: Flask) -> None:
    other_program = sqlite3.connect(db.engine.url.database or "", isolation_level=None)
    other_program.execute("BEGIN IMMEDIATE")
    row = insert(AccountRow).values(name="x", role="r", password_hash="h")
    with reading():
        store_later(lambda c: c.execute(row))

    other_program.close()
    with reading() as connection:
        assert connection.scalar(select(AccountRow.name)) is None


class FakeTime:
    """A replacement for the module `time`, whose clock runs on only when somebody sleeps."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def monotonic(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds


def test_nobody_waits_longer_for_another_program_than_was_said(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "time", fake_time := FakeTime())
    other_program = sqlite3.connect(db.engine.url.database or "", isolation_level=None)
    other_program.execute("BEGIN IMMEDIATE")

    with pytest.raises(DatabaseBusy):
        write(lambda c: None)
    waited_s = fake_time.now_s
    with reading():
        store_later(lambda c: None)
    other_program.close()

    assert waited_s == pytest.approx(database.WAIT_S, abs=database.PAUSE_S + database.TURN_S)
    assert fake_time.now_s - waited_s == pytest.approx(
        database.STORE_LATER_WAIT_S, abs=database.TURN_S
    )


def test_only_so_many_wait_to_write(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "_places", threading.BoundedSemaphore(1))

    with pytest.raises(DatabaseBusy):
        write(lambda c: _write_elsewhere(app))


def _write_elsewhere(app: Flask) -> None:
    """Start a write transaction in another thread; raise that thread's exception in this one."""

    def work() -> None:
        with app.app_context():
            write(lambda c: None)

    with ThreadPoolExecutor(1) as pool:
        pool.submit(work).result()


def test_writers_take_turns(app: Flask) -> None:
    def add(name: str) -> None:
        with app.app_context():
            values = {"name": name, "role": "r", "password_hash": "h"}
            write(lambda c: c.execute(insert(AccountRow).values(values)))

    threads = [threading.Thread(target=add, args=(f"n{n}",)) for n in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with reading() as connection:
        assert len(connection.scalars(select(AccountRow.name)).all()) == WRITERS


@contextmanager
def _database_of_revision(
    revision: str, settings: Settings, clock: FakeClock, folder: Path
) -> Iterator[None]:
    """Open an app on a new database in `folder` that has only the migrations up to `revision`."""
    from sync_server import create_app

    url = f"sqlite:///{folder / 'old.sqlite3'}"
    with create_app(msgspec.structs.replace(settings, database_url=url), clock).app_context():
        flask_migrate.upgrade(revision=revision)
        yield
        db.engine.dispose()


def test_people_of_an_older_database_are_found_by_name_after_the_migration(
    settings: Settings, clock: FakeClock, tmp_path: Path
) -> None:
    with _database_of_revision("0003", settings, clock, tmp_path):
        row = (
            "INSERT INTO person (code, full_name, unit, point, position, membership, ended_why,"
            " merged_into, next_unit) VALUES (:code, :name, 'U1', '', '', 'NONE', '', '', '')"
        )
        names = {"M1": "Mẫu Văn Bình", "M2": "Mẫu Đức An"}
        rows = [{"code": code, "name": name} for code, name in names.items()]
        write(lambda c: c.execute(text(row), rows))
        flask_migrate.upgrade()
        with reading() as connection:
            found = roster.search(connection, "mau", at_ms=0, unit=None, with_ended=True, limit=5)
            assert [person.person for person in found.people] == ["M2", "M1"]


def test_an_older_audit_log_is_chained_by_the_migration(
    settings: Settings, clock: FakeClock, tmp_path: Path
) -> None:
    with _database_of_revision("0001", settings, clock, tmp_path):
        row = "VALUES (:id, :at_ms, 'hq', 'evaluate', 1, 200, '/x', 'M1')"
        rows = [{"id": f"{number:03}", "at_ms": 900 - number} for number in range(30)]
        write(lambda c: c.execute(text(f"INSERT INTO audit {row}"), rows))
        flask_migrate.upgrade()
        with reading() as connection:
            assert audit.check_chain(connection) is None
            assert audit.head(connection).number == len(rows)
            [newest, *_] = audit.read(connection, AuditFilter(), limit=1)
        assert newest.at_ms == 900
        write(lambda c: audit.note(c, newest))
        with reading() as connection:
            assert audit.check_chain(connection) is None
