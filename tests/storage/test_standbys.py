"""Test that the server starts only if commits wait for as many standbys as the settings demand."""

import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from flask import Flask
from sqlalchemy import Connection, insert, make_url, select
from sqlalchemy.exc import DBAPIError

from sync_server import create_app
from sync_server.commands import serving
from sync_server.config import Settings
from sync_server.database import (
    OPTIONAL_WRITERS,
    Standbys,
    db,
    demanded_standbys,
    reading,
    synchronous_standbys,
    upgrade_schema,
    write,
    write_if_free,
)
from sync_server.errors import DatabaseBusy, OutcomeUnknown
from sync_server.storage.ledger import streams
from sync_server.storage.ledger.streams import StreamKey
from sync_server.storage.models import AccountRow
from tests.conftest import SECRET, FakeClock
from tests.databases import postgres, postgres_programs, take_over
from tests.factories import MEETING, draft, roll, setting
from tests.storage.nodes import enrol_everybody, send


@pytest.mark.parametrize(
    ("names", "number"),
    [
        ("", 0),
        ("*", 1),
        ("node2", 1),
        ("node2, node3", 1),
        ('"node-2"', 1),
        ("FIRST 2 (node1, node2, node3)", 2),
        ("any 2 (*)", 2),
        ("3(a, b, c)", 3),
        ("first", 1),
    ],
)
def test_the_number_of_standbys_is_read_as_postgresql_reads_it(names: str, number: int) -> None:
    assert demanded_standbys(names) == number


@pytest.mark.sqlite
def test_sqlite_has_no_standby(app: Flask) -> None:
    with reading() as connection:
        assert synchronous_standbys(connection) == Standbys(0, 0)


@pytest.fixture
def durable_url() -> Iterator[str]:
    programs = postgres_programs()
    if programs is None:
        pytest.skip("PostgreSQL's server is not installed (Debian: postgresql)")
    with postgres(programs, durable=True) as url:
        yield url


@pytest.fixture
def clustered(durable_url: str, tmp_path: Path) -> Iterator[Flask]:
    """Yield the app with settings that demand one standby, on a PostgreSQL server that has none."""
    settings = Settings(
        durable_url, SECRET, SECRET, tmp_path, "http://localhost", synchronous_standbys=1
    )
    app = create_app(settings, FakeClock())
    with app.app_context():
        upgrade_schema()
        yield app
        db.engine.dispose()


def test_a_reader_begins_again_when_a_standby_has_taken_over(
    durable_url: str, clustered: Flask
) -> None:
    key = StreamKey(MEETING, "P001")
    write(enrol_everybody)
    write(lambda c: send(c, setting(), roll(1, "M1", "M2")))
    write(lambda c: send(c, draft("check_in", 20)))
    with reading() as connection:
        first = streams.read(connection, key, "0", 2)
    with reading() as connection:
        rest = streams.read(connection, key, first.cursor, 10)
    assert len(first.records) + len(rest.records) == 3

    def read_from_the_standby() -> None:
        with pytest.raises(DBAPIError), reading() as connection:
            streams.read(connection, key, rest.cursor, 10)  # the old connections are cut
        with pytest.raises(DatabaseBusy), reading() as connection:
            streams.read(connection, key, rest.cursor, 10)

    take_over(postgres_programs() or Path(), durable_url, read_from_the_standby)

    with reading() as connection:
        again = streams.read(connection, key, rest.cursor, 10)
    assert again.records == [*first.records, *rest.records]
    assert again.cursor.partition(":")[0] != rest.cursor.partition(":")[0]


def demand(url: str, names: str) -> None:
    """Make every commit of the PostgreSQL server at `url` wait for standbys.

    `names` is the value of the server's setting `synchronous_standby_names`, such as `FIRST 1 (*)`.
    Raises: AssertionError if the value is not in force within 20 s.
    """
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{names}'")
        connection.execute("SELECT pg_reload_conf()")
    wait_until(lambda: found_by_a_new_connection(url) == names)


def found_by_a_new_connection(url: str) -> str:
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        row = connection.execute("SHOW synchronous_standby_names").fetchone()
        return str(row[0]) if row else ""


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < deadline_s
        time.sleep(0.05)


def present_standbys() -> Standbys:
    db.engine.dispose()  # a new connection sees the new settings at once
    with reading() as connection:
        return synchronous_standbys(connection)


@contextmanager
def standby(url: str, folder: Path) -> Iterator[None]:
    """Imitate a synchronous standby of the PostgreSQL server at `url` until the context ends.

    A program stores the server's write-ahead log in `folder` and confirms to the server what it has
    stored.
    """
    programs = postgres_programs()
    assert programs
    address = make_url(url)
    command = [str(programs / "pg_receivewal"), "-D", str(folder), "--synchronous"]
    command += ["-d", f"host=127.0.0.1 port={address.port} user={address.username}"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)  # noqa: S603 - PostgreSQL's own
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def test_commits_that_wait_for_nobody_stop_the_start(clustered: Flask) -> None:
    assert present_standbys() == Standbys(0, 0)

    served = clustered.test_cli_runner().invoke(args=["serve"])

    assert served.exit_code == 1
    assert "SYNCHRONOUS_STANDBYS" in served.output
    report = clustered.test_cli_runner().invoke(args=["doctor"])
    assert "SYNCHRONOUS_STANDBYS" in report.output


def test_a_missing_standby_is_a_warning_and_a_connected_one_is_found(
    clustered: Flask, durable_url: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    demand(durable_url, "FIRST 1 (*)")
    assert present_standbys() == Standbys(1, 0)
    serving._check_standbys(present_standbys(), 1)
    assert "pg_read_all_stats" in capfd.readouterr().err

    with standby(durable_url, tmp_path):
        wait_until(lambda: present_standbys() == Standbys(1, 1))
        serving._check_standbys(present_standbys(), 1)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("level", ["local", "remote_write"])
def test_commits_that_do_not_wait_for_the_standby_s_disk_do_not_count(
    clustered: Flask, durable_url: str, level: str
) -> None:
    demand(durable_url, "FIRST 1 (*)")
    with reading() as connection:
        connection.exec_driver_sql(f"SET synchronous_commit = {level}")
        assert synchronous_standbys(connection).waited_for == 0


def test_a_write_that_meets_a_read_only_server_runs_again_on_another_connection(
    clustered: Flask,
) -> None:
    connections = []

    def work(connection: Connection) -> None:
        connections.append(connection.exec_driver_sql("SELECT pg_backend_pid()").scalar())
        if len(connections) == 1:
            connection.exec_driver_sql("SET TRANSACTION READ ONLY")
        connection.execute(insert(AccountRow).values(name="x", role="r", password_hash="h"))

    write(work)

    assert len(set(connections)) == 2
    with reading() as connection:
        assert connection.scalars(select(AccountRow.name)).all() == ["x"]


BREAK_THE_FIRST_COMMIT = """
    CREATE FUNCTION break_connection() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END';
    CREATE CONSTRAINT TRIGGER broken AFTER INSERT ON account DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.name = 'first') EXECUTE FUNCTION break_connection()
"""


@pytest.mark.parametrize("is_repeatable", [True, False])
def test_only_work_that_may_run_twice_is_repeated_after_a_commit_of_unknown_outcome(
    clustered: Flask, *, is_repeatable: bool
) -> None:
    write(lambda c: c.exec_driver_sql(BREAK_THE_FIRST_COMMIT))
    names: list[str] = []

    def work(connection: Connection) -> None:
        names.append("second" if names else "first")
        row = insert(AccountRow).values(name=names[-1], role="r", password_hash="h")
        connection.execute(row)

    if is_repeatable:
        write(work, is_repeatable=True)
    else:
        with pytest.raises(OutcomeUnknown):
            write(work)

    assert names == (["first", "second"] if is_repeatable else ["first"])


def test_a_commit_whose_wait_is_cancelled_is_not_acknowledged(
    clustered: Flask, durable_url: str
) -> None:
    demand(durable_url, "FIRST 1 (*)")
    faults: list[Exception] = []

    def add() -> None:
        row = insert(AccountRow).values(name="x", role="r", password_hash="h")
        with clustered.app_context():
            try:
                write(lambda c: c.execute(row))
            except OutcomeUnknown as fault:
                faults.append(fault)

    thread = threading.Thread(target=add)
    thread.start()
    wait_until(lambda: cancel_waiting_commits(durable_url) == 1)
    thread.join(20)

    assert len(faults) == 1


def cancel_waiting_commits(url: str) -> int:
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        return connection.execute(
            "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
        ).rowcount


def test_what_need_not_be_written_takes_only_few_threads(clustered: Flask) -> None:
    may_end = threading.Event()
    entered = threading.Semaphore(0)

    def wait(_connection: Connection) -> bool:
        entered.release()
        return may_end.wait(20)

    def write_something() -> None:
        with clustered.app_context():
            write_if_free(wait)

    threads = [threading.Thread(target=write_something) for _ in range(OPTIONAL_WRITERS)]
    for thread in threads:
        thread.start()
    for _ in threads:
        assert entered.acquire(timeout=20)

    assert write_if_free(lambda _: True) is None
    may_end.set()
    for thread in threads:
        thread.join()
    assert write_if_free(lambda _: True)
