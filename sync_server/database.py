"""Open read and write transactions on the database.

A read transaction sees one snapshot. A write transaction is committed as a whole or not at all, and
runs again if another writer interferes.
"""

import contextlib
import errno
import os
import random
import secrets
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, TypeVar

import flask_migrate
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask, current_app
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Connection, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase

from sync_server.config import PRIVATE_FILE
from sync_server.errors import DatabaseBusy, DiskFull

T = TypeVar("T")

WAIT_S = 5.0
"""The longest time in seconds that a request waits for other writers. Then its caller must
retry."""

WRITERS = 16
"""The number of requests that may write, or wait to write, at the same time. The other threads stay
free for reading."""

ATTEMPT_S = 2.0
"""The time in seconds that SQLite waits, in one attempt, for a writer in another process."""

RETRY_SPREAD_S = 5
"""Callers are told to retry after a random 1 to 5 seconds, so that halls that were refused at the
same time do not retry at the same time."""

PAUSE_S = 0.02
"""The longest pause before the second attempt to write, in seconds. The limit grows with every
attempt, and the actual pause is random."""

RETRIED_SQLSTATES = frozenset({"40001", "40P01", "23505", "55P03"})
"""SQLSTATE codes after which a transaction runs again: serialization failure, deadlock, two writers
inserting one row, and lock timeout."""


LEAST_FREE_BYTES = 64 * 1024 * 1024
"""With less free disk space the server reports that it is not ready, but it still stores records
while it can."""

FULL_RETRY_S = 300
"""The time in seconds after which clients retry when the disk is full. A person must free space, so
retrying every few seconds is useless."""


class Base(DeclarativeBase):
    """The base class of all database models. SQLAlchemy collects their tables in its metadata."""


class RowsChanged(Exception):
    """Raised if rows changed after a transaction read them and before it locked them.

    `write` then runs the transaction again.
    """


db = SQLAlchemy(model_class=Base)
migrate = Migrate()
_places = threading.BoundedSemaphore(WRITERS)
_sqlite_writers = threading.Lock()
_current: ContextVar[Connection | None] = ContextVar("_current", default=None)
_read_once: ContextVar[dict[Hashable, Any] | None] = ContextVar("_read_once", default=None)


def init_app(app: Flask) -> None:
    """Connect the Flask app to its database and configure the connections.

    SQLite gets write-ahead logging, full synchronization and a file that only its owner may read.
    Other databases get a connection pool and time limits for connecting and locking.
    """
    if not app.config["SQLALCHEMY_DATABASE_URI"].startswith("sqlite"):
        app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {
            "pool_size": WRITERS,
            "max_overflow": WRITERS,
            "pool_timeout": WAIT_S,
            "connect_args": {
                "connect_timeout": int(WAIT_S),
                "options": f"-c lock_timeout={WAIT_S * 1000:.0f}",
            },
        }
    db.init_app(app)
    migrate.init_app(app, db, directory=str(app.config["MIGRATIONS_DIR"]), render_as_batch=True)
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            event.listen(db.engine, "do_connect", _create_private)
            event.listen(db.engine, "connect", _prepare_sqlite)
            event.listen(db.engine, "begin", _begin_sqlite)


@contextmanager
def reading() -> Iterator[Connection]:
    """Open a connection on which all reads see the same snapshot of the database.

    Inside an open transaction, yield the connection of that transaction instead, because every
    request uses one transaction.
    """
    current = _current.get()
    if current is not None:
        yield current
        return
    with db.engine.connect() as connection:
        if connection.dialect.name != "sqlite":  # an SQLite transaction is always a snapshot
            connection = connection.execution_options(isolation_level="REPEATABLE READ")
        with _as_current(connection, {}):
            yield connection


def write(work: Callable[[Connection], T]) -> T:
    """Run `work` in one write transaction, commit the transaction and return the result.

    If another writer interferes, the transaction is rolled back and `work` runs again, so its
    effects outside the database must be repeatable. Inside an open write transaction, `work` joins
    that transaction.

    Raises: DatabaseBusy if other writers take longer than `WAIT_S`, or if too many requests already
    wait. RuntimeError inside a read transaction, which is a bug.
    """
    current = _current.get()
    if current is not None:
        if not current.get_execution_options().get("is_writing"):
            raise RuntimeError("a snapshot for reading cannot be written in")
        return work(current)
    if not _places.acquire(blocking=False):
        raise busy()
    try:
        return _write_until(time.monotonic() + WAIT_S, work)
    finally:
        _places.release()


def write_if_free(work: Callable[[Connection], T]) -> T | None:
    """Run `work` in one write transaction without waiting for other writers.

    Return the result of `work`. Return None, and write nothing, if another writer interferes or the
    connection breaks.

    Raises: DBAPIError for other database errors.
    """
    try:
        return _run_once(work, wait_s=0)
    except (RowsChanged, DatabaseBusy):
        return None
    except DBAPIError as fault:
        if is_transient(fault):
            return None
        raise


def _write_until(deadline_s: float, work: Callable[[Connection], T]) -> T:
    attempt = 0
    while True:
        attempt += 1
        try:
            return _run_once(work, wait_s=max(0, deadline_s - time.monotonic()))
        except RowsChanged:
            pass
        except DBAPIError as fault:
            if not is_transient(fault):
                raise
        if time.monotonic() >= deadline_s:
            raise busy()
        time.sleep(random.uniform(0, PAUSE_S * attempt))  # noqa: S311 - a pause is no secret


def busy() -> DatabaseBusy:
    """Return an error that asks the caller to retry after a random 1 to 5 seconds."""
    return DatabaseBusy(retry_after_s=1 + secrets.randbelow(RETRY_SPREAD_S))


def transaction() -> Connection:
    """Return the connection of the request's open transaction.

    The transaction is a read-only snapshot if the request only reads.

    Raises: RuntimeError if no transaction is open, which is a bug.
    """
    current = _current.get()
    if current is None:
        raise RuntimeError("no transaction is open")
    return current


def read_once(key: Hashable, read: Callable[[], T]) -> T:
    """Return the result of `read`, cached under `key` until the read transaction ends.

    Without a read transaction, call `read` every time, because a write transaction may change its
    own results.
    """
    results = _read_once.get()
    if results is None:  # a write transaction may change its own results
        return read()
    if key not in results:
        results[key] = read()
    value: T = results[key]
    return value


@contextmanager
def _as_current(
    connection: Connection, results: dict[Hashable, Any] | None = None
) -> Iterator[None]:
    connection_token, results_token = _current.set(connection), _read_once.set(results)
    try:
        yield
    finally:
        _current.reset(connection_token)
        _read_once.reset(results_token)


def is_only_writer(connection: Connection) -> bool:
    """Return whether the database allows only one write transaction at a time, as SQLite does."""
    return connection.dialect.name == "sqlite"


def _run_once(work: Callable[[Connection], T], *, wait_s: float) -> T:
    with _turn_to_write(wait_s), db.engine.connect() as connection:
        connection = connection.execution_options(is_writing=True, waits=wait_s > 0)
        with connection.begin(), _as_current(connection):
            if wait_s == 0 and connection.dialect.name == "postgresql":
                connection.exec_driver_sql("SET LOCAL lock_timeout = 1")
            return work(connection)


@contextmanager
def _turn_to_write(wait_s: float) -> Iterator[None]:
    """Hold the lock that lets one SQLite writer of this process write at a time.

    SQLite itself would poll for its lock instead of queueing. Other databases need no such lock.

    Raises: DatabaseBusy if the lock is still taken after `wait_s` seconds.
    """
    if db.engine.dialect.name != "sqlite":
        yield
        return
    if not _sqlite_writers.acquire(timeout=wait_s):
        raise busy()
    try:
        yield
    finally:
        _sqlite_writers.release()


def is_transient(fault: DBAPIError) -> bool:
    """Return whether a retry may succeed after this database error.

    A retry may succeed if another writer interfered or the connection broke.
    """
    state = getattr(fault.orig, "sqlstate", None)
    locked = isinstance(fault.orig, sqlite3.OperationalError) and "locked" in str(fault.orig)
    return fault.connection_invalidated or state in RETRIED_SQLSTATES or locked


def is_full(fault: Exception) -> bool:
    """Return whether an error means that a disk is full.

    The disk may be that of SQLite, of PostgreSQL or of temporary files.
    """
    cause = getattr(fault, "orig", None) or fault
    if isinstance(cause, OSError):
        return cause.errno in {errno.ENOSPC, errno.EDQUOT}
    return getattr(cause, "sqlstate", None) == "53100" or "disk is full" in str(cause)


def _create_private(_dialect: Any, _record: Any, args: Sequence[Any], _options: Any) -> None:
    """Create a database file that only its owner may read and write.

    SQLite gives its WAL file the same mode. An existing file is not opened, because closing the
    file would release this process's locks on it (POSIX).
    """
    path = str(args[0])
    if path not in {"", ":memory:"} and not path.startswith("file:"):
        with contextlib.suppress(OSError):  # the file exists, or SQLite will report the fault
            os.close(os.open(path, os.O_CREAT | os.O_EXCL, PRIVATE_FILE))


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # `_begin_sqlite` sends BEGIN itself
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    wait_ms = ATTEMPT_S * 1000 if options.get("waits", True) else 0
    info = connection.connection.info
    if info.get("wait_ms") != wait_ms:
        connection.exec_driver_sql(f"PRAGMA busy_timeout={wait_ms:.0f}")
        info["wait_ms"] = wait_ms
    connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("is_writing") else "BEGIN")


def upgrade_schema() -> None:
    """Apply all migrations that the database does not have yet."""
    flask_migrate.upgrade()


def check_free_disk() -> None:
    """Check that the disk of an SQLite database has `LEAST_FREE_BYTES` free.

    Other databases are not checked.

    Raises: DiskFull if less is free.
    """
    path = db.engine.url.database
    if db.engine.dialect.name != "sqlite" or not path or path == ":memory:":
        return
    if shutil.disk_usage(Path(path).parent).free < LEAST_FREE_BYTES:
        raise DiskFull(retry_after_s=FULL_RETRY_S)


def has_current_schema() -> bool:
    """Return whether every migration has been applied to the database."""
    scripts = ScriptDirectory(str(current_app.config["MIGRATIONS_DIR"]))
    with reading() as connection:
        current_heads = MigrationContext.configure(connection).get_current_heads()
    return set(current_heads) == set(scripts.get_heads())
