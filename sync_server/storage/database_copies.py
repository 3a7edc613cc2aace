"""Copy the whole database while the server runs, restore a copy, and summarise databases.

SQLite is copied with its online backup, PostgreSQL with `pg_dump`. A restored database gets a new
epoch (a random code that identifies it). From the new code, devices see that they must read all
records from the beginning; they also send again the records that the copy lacks.
"""

import hashlib
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec
from msgspec import Struct
from sqlalchemy import URL, Connection, create_engine, func, select, text
from sqlalchemy.exc import DBAPIError

from sync_server.config import PRIVATE_FILE
from sync_server.database import db
from sync_server.storage.ledger import standings, streams
from sync_server.storage.models import LedgerRow, Stream

READ_AT_ONCE = 10_000
SERVING_SUFFIX = ".serving"
"""The end of the name of a lock file next to the SQLite database. Every running server holds a lock
on this file.
"""


class CopyFailed(Exception):
    """Raised if a copy cannot be made, read or restored; the error message gives the reason."""


class ServerRuns(Exception):
    """Raised if the database must not be replaced, because a server is using it."""


class Summary(Struct, frozen=True):
    """Numbers and hashes (sha256) of a database's content, by which two databases can be compared.

    `epoch` is the database's random code; a copy has the same code until it is restored. `records`
    is the number of records in the ledger, and `ledger` one hash of all their ids and contents. The
    records that concern one hall at one meeting are numbered from 1; `heads` is one hash of the
    last numbers of all halls. `standings` is one hash of the attendance in all halls, as computed
    from the records.
    """

    epoch: str
    records: int
    ledger: str
    heads: str
    standings: str


def summarise(connection: Connection) -> Summary:
    """Return the summary (numbers and hashes) of the content of the connection's database."""
    ledger, records, last = hashlib.sha256(), 0, ("", "")
    query = select(LedgerRow.id, LedgerRow.fingerprint)
    key = (LedgerRow.id, LedgerRow.fingerprint)
    while rows := connection.execute(
        query.where((LedgerRow.id > last[0]) | ((key[0] == last[0]) & (key[1] > last[1])))
        .order_by(*key)
        .limit(READ_AT_ONCE)
    ).all():
        ledger.update("".join(f"{row.id}{row.fingerprint}" for row in rows).encode())
        records += len(rows)
        last = (rows[-1].id, rows[-1].fingerprint)
    heads = connection.execute(
        select(Stream.meeting, Stream.point, Stream.head).order_by(Stream.meeting, Stream.point)
    ).all()
    judged = standings.read_all(connection, streams.all_streams(connection))
    return Summary(
        streams.epoch(connection) or "",
        records,
        ledger.hexdigest(),
        _hash_of([tuple(row) for row in heads]),
        _hash_of([(key.meeting, key.point, judged[key]) for key in sorted(judged)]),
    )


def _hash_of(value: object) -> str:
    return hashlib.sha256(msgspec.json.encode(value)).hexdigest()


def copy_to(target: Path) -> Summary:
    """Write a copy of the database into the file `target`, and return the copy's summary.

    The server may go on running. Raises: CopyFailed if the copy cannot be written, or if SQLite
    finds it damaged.
    """
    if db.engine.dialect.name == "sqlite":
        _copy_sqlite(Path(db.engine.url.database or ""), target)
        with _opened(target) as connection:
            return summarise(connection)
    with db.engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        snapshot = connection.scalar(select(func.pg_export_snapshot()))
        _run_postgres("pg_dump", "--format=custom", f"--snapshot={snapshot}", f"--file={target}")
        return summarise(connection)


@contextmanager
def snapshot(folder: Path) -> Iterator[Connection]:
    """Yield a connection to a copy of the SQLite database, made in `folder` while the server runs.

    Raises: CopyFailed if the copy cannot be made, or if SQLite finds it damaged.
    """
    copy = folder / "snapshot.sqlite3"
    _copy_sqlite(Path(db.engine.url.database or ""), copy)
    with _opened(copy) as connection:
        yield connection


def summarise_copy(copy: Path) -> Summary:
    """Return the summary (numbers and hashes) of the content of a database copy.

    A PostgreSQL copy is first restored into a temporary database. Raises: CopyFailed if the copy is
    damaged or cannot be restored.
    """
    if db.engine.dialect.name == "sqlite":
        with _opened(copy) as connection:
            return summarise(connection)
    try:
        return _summarise_in_scratch_database(copy)
    except DBAPIError as fault:  # such as no right to create a database
        raise CopyFailed(str(fault.orig)) from fault


def _summarise_in_scratch_database(copy: Path) -> Summary:
    scratch = f"diemcau_check_{os.getpid()}"
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"CREATE DATABASE {scratch}"))
        try:
            _run_postgres("pg_restore", "--no-owner", str(copy), database=scratch)
            engine = create_engine(db.engine.url.set(database=scratch))
            with engine.connect() as scratch_connection:
                summary = summarise(scratch_connection)
            engine.dispose()
            return summary
        finally:
            connection.execute(text(f"DROP DATABASE {scratch}"))


def replace_by(copy: Path, *, kept: str) -> Path | None:
    """Replace the database with a copy, which gets a new epoch (random code).

    By the new code, devices see that they must read all records again.

    With SQLite, the old database file stays in the same folder, with `kept` added to its name as a
    suffix; return its new path. Return None for PostgreSQL, or if there was no old database file.

    Raises: ServerRuns if a server uses the database; CopyFailed if the copy is damaged.
    """
    if db.engine.dialect.name != "sqlite":
        _refuse_if_postgres_is_used()
        options = ("--clean", "--if-exists", "--single-transaction", "--no-owner")
        _run_postgres("pg_restore", *options, str(copy))
        with db.engine.begin() as connection:
            streams.renew_epoch(connection)
        return None
    path = Path(db.engine.url.database or "")
    db.engine.dispose()
    with not_serving(path):
        fresh = path.with_name(f"{path.name}.restoring")
        shutil.copyfile(copy, fresh)
        fresh.chmod(PRIVATE_FILE)
        with _opened(fresh) as connection:
            streams.renew_epoch(connection)
            connection.commit()
        before = path.with_name(f"{path.name}.{kept}") if path.exists() else None
        if before:
            for suffix in ("", "-wal", "-shm"):  # the log may hold what the file does not
                part = path.with_name(path.name + suffix)
                if part.exists():
                    part.rename(before.with_name(before.name + suffix))
        fresh.rename(path)
    return before


@contextmanager
def serving(path: Path) -> Iterator[None]:
    """Mark the SQLite database at `path` as used by a server while the context lasts."""
    with _locked(path, exclusively=False):
        yield


@contextmanager
def not_serving(path: Path) -> Iterator[None]:
    """Keep servers from using the SQLite database at `path` while the context lasts.

    Raises: ServerRuns if a server uses it already.
    """
    with _locked(path, exclusively=True):
        yield


@contextmanager
def _locked(path: Path, *, exclusively: bool) -> Iterator[None]:
    try:
        import fcntl
    except ImportError:  # Windows refuses to rename an open file anyway
        yield
        return
    lock = path.with_name(path.name + SERVING_SUFFIX)
    descriptor = os.open(lock, os.O_CREAT | os.O_RDWR, PRIVATE_FILE)
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_EX if exclusively else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise ServerRuns from None
    finally:
        os.close(descriptor)


def _copy_sqlite(source: Path, target: Path) -> None:
    os.close(os.open(target, os.O_CREAT | os.O_WRONLY | os.O_EXCL, PRIVATE_FILE))
    try:
        with (
            closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as live,
            closing(sqlite3.connect(target)) as copy,
        ):
            live.backup(copy)
            [(verdict,)] = copy.execute("PRAGMA integrity_check(1)").fetchall()
    except sqlite3.Error as fault:
        raise CopyFailed(str(fault)) from fault
    if verdict != "ok":
        raise CopyFailed(verdict)


@contextmanager
def _opened(path: Path) -> Iterator[Connection]:
    """Yield a connection to a copy that is an SQLite file.

    Raises: CopyFailed if the copy is damaged.
    """
    engine = create_engine(f"sqlite:///{path}")
    try:
        with engine.connect() as connection:
            [verdict] = connection.execute(text("PRAGMA integrity_check(1)")).scalars()
            if verdict != "ok":
                raise CopyFailed(str(verdict))
            yield connection
    except DBAPIError as fault:  # a damaged file, or tables of another version
        raise CopyFailed(str(fault.orig)) from fault
    finally:
        engine.dispose()


def _refuse_if_postgres_is_used() -> None:
    with db.engine.connect() as connection:
        others = connection.scalar(
            text(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                "AND pid <> pg_backend_pid()"
            )
        )
    db.engine.dispose()
    if others:
        raise ServerRuns


def _run_postgres(program: str, *arguments: str, database: str | None = None) -> None:
    """Run a PostgreSQL program, such as `pg_dump`, on the present database or on `database`.

    `database` is the name of another database on the same PostgreSQL server. The password is
    passed in the environment, because other users can read command lines. Raises: CopyFailed if
    the program is missing or fails.
    """
    url: URL = db.engine.url.set(drivername="postgresql", password=None)
    if database:
        url = url.set(database=database)
    environment = dict(os.environ)
    if db.engine.url.password:
        environment["PGPASSWORD"] = str(db.engine.url.password)
    try:
        done = subprocess.run(  # noqa: S603 - the arguments are our own
            [program, f"--dbname={url.render_as_string()}", *arguments],
            capture_output=True,
            text=True,
            check=False,
            env=environment,
        )
    except FileNotFoundError as fault:
        raise CopyFailed(f"{program}: {fault.strerror}") from fault
    if done.returncode:
        raise CopyFailed(done.stderr.strip()[-500:])
