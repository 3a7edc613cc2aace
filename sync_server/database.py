"""The database handle, and the only way to write: one transaction, whole or not at all."""

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
"""The longest that a request waits for other writers; then its caller must retry."""

WRITERS = 16
"""Requests that may write or wait to write at once; other threads stay free for reading."""

ATTEMPT_S = 2.0
"""How long SQLite waits at one attempt for a writer in another process."""

RETRY_SPREAD_S = 5
"""Halls that were refused at the same time should not retry at the same time."""

PAUSE_S = 0.02
"""The longest pause before the second attempt; later ones may be longer. Pauses are random."""

RETRIED_STATES = frozenset({"40001", "40P01", "23505", "55P03"})
"""SQLSTATE codes: serialization failure, deadlock, two writers inserting one row, lock timeout."""


LEAST_FREE_BYTES = 64 * 1024 * 1024
"""With less free disk the server reports that it is not ready, but can still store records."""

FULL_RETRY_S = 300
"""A full disk is emptied by a person, so that retrying every few seconds helps nobody."""


class Base(DeclarativeBase):
    """The base class of all models."""


class Stale(Exception):
    """A change to rows that a transaction read before it locked them; it must run again."""


db = SQLAlchemy(model_class=Base)
migrate = Migrate()
_places = threading.BoundedSemaphore(WRITERS)
_sqlite_writers = threading.Lock()
_current: ContextVar[Connection | None] = ContextVar("_current", default=None)
_read_once: ContextVar[dict[Hashable, Any] | None] = ContextVar("_read_once", default=None)


def init_app(app: Flask) -> None:
    """Bind the database to the app, and set SQLite up for durable concurrent use."""
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
    """Open a connection whose reads all see one state of the database.

    Within an open transaction, that one is used: one request, one transaction.
    """
    current = _current.get()
    if current is not None:
        yield current
        return
    with db.engine.connect() as connection:
        if connection.dialect.name != "sqlite":  # SQLite's transactions do this anyway
            connection = connection.execution_options(isolation_level="REPEATABLE READ")
        with _as_current(connection, {}):
            yield connection


def write(work: Callable[[Connection], T]) -> T:
    """Run `work` in one write transaction and commit it; retry if another writer interferes.

    `work` may run several times, so its effects outside the database must be repeatable. Within
    an open write transaction it simply runs in that one.

    Raises: DatabaseBusy if others write for too long, or too many wait already; RuntimeError
    within a snapshot that is only for reading, which is a bug.
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
    """Run `work` in one write transaction if nobody else is writing; else return None at once."""
    try:
        return _run_once(work, wait_s=0)
    except (Stale, DatabaseBusy):
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
        except Stale:
            pass
        except DBAPIError as fault:
            if not is_transient(fault):
                raise
        if time.monotonic() >= deadline_s:
            raise busy()
        time.sleep(random.uniform(0, PAUSE_S * attempt))  # noqa: S311 - spreads writers, no secret


def busy() -> DatabaseBusy:
    """Return the error that asks a caller to retry in a few seconds."""
    return DatabaseBusy(retry_after_s=1 + secrets.randbelow(RETRY_SPREAD_S))


def transaction() -> Connection:
    """Return the open transaction of the request: a snapshot if it reads, else a write.

    Raises: RuntimeError where none is open, which is a bug.
    """
    current = _current.get()
    if current is None:
        raise RuntimeError("no transaction is open")
    return current


def read_once(key: Hashable, read: Callable[[], T]) -> T:
    """Return what `read` returns, and reuse it under `key` for the rest of one read transaction."""
    results = _read_once.get()
    if results is None:  # a write transaction changes what it reads
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
    """Return whether no other transaction can write during this one, as in SQLite."""
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
    """Let SQLite's writers queue for a lock, because SQLite would poll. Raises: DatabaseBusy."""
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
    """Return whether a retry may succeed: another writer interfered, or the connection broke."""
    state = getattr(fault.orig, "sqlstate", None)
    locked = isinstance(fault.orig, sqlite3.OperationalError) and "locked" in str(fault.orig)
    return fault.connection_invalidated or state in RETRIED_STATES or locked


def is_full(fault: Exception) -> bool:
    """Return whether a disk is full: SQLite's, PostgreSQL's, or that of temporary files."""
    cause = getattr(fault, "orig", None) or fault
    if isinstance(cause, OSError):
        return cause.errno in {errno.ENOSPC, errno.EDQUOT}
    return getattr(cause, "sqlstate", None) == "53100" or "disk is full" in str(cause)


def _create_private(_dialect: Any, _record: Any, args: Sequence[Any], _options: Any) -> None:
    """Create a database's file for its owner alone; SQLite's WAL takes over its mode.

    A file that exists is not opened: closing it would end this process's locks on it (POSIX).
    """
    path = str(args[0])
    if path not in {"", ":memory:"} and not path.startswith("file:"):
        with contextlib.suppress(OSError):  # it exists; or a read-only disk, of which SQLite tells
            os.close(os.open(path, os.O_CREAT | os.O_EXCL, PRIVATE_FILE))


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # _begin_sqlite chooses the kind of BEGIN
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
    """Bring the schema up to the newest migration."""
    flask_migrate.upgrade()


def check_room() -> None:
    """Check that SQLite's disk has room for the hours to come. Raises: DiskFull."""
    path = db.engine.url.database
    if db.engine.dialect.name != "sqlite" or not path or path == ":memory:":
        return
    if shutil.disk_usage(Path(path).parent).free < LEAST_FREE_BYTES:
        raise DiskFull(retry_after_s=FULL_RETRY_S)


def has_current_schema() -> bool:
    """Return whether the database is at the newest migration."""
    scripts = ScriptDirectory(str(current_app.config["MIGRATIONS_DIR"]))
    with reading() as connection:
        current_heads = MigrationContext.configure(connection).get_current_heads()
    return set(current_heads) == set(scripts.get_heads())
