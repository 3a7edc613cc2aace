"""The database handle, and the only way to write: one transaction, whole or not at all."""

import random
import sqlite3
import threading
import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from typing import Any, TypeVar

import flask_migrate
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask, current_app
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase

T = TypeVar("T")

ATTEMPTS = 10
"""Competing writers usually succeed at the second attempt; moving people may take more."""

PAUSE_S = 0.02
"""The longest pause before the second attempt; later ones may be longer. Pauses are random."""

RETRIED_STATES = frozenset({"40001", "40P01", "23505"})
"""SQLSTATE codes: serialization failure, deadlock, and two writers inserting the same row."""


class Base(DeclarativeBase):
    """The base class of all models."""


class Stale(Exception):
    """A change to rows that a transaction read before it locked them; it must run again."""


db = SQLAlchemy(model_class=Base)
migrate = Migrate()
_sqlite_writers = threading.Lock()
_current: ContextVar[Connection | None] = ContextVar("_current", default=None)
_read_once: ContextVar[dict[Hashable, Any] | None] = ContextVar("_read_once", default=None)


def init_app(app: Flask) -> None:
    """Bind the database to the app, and set SQLite up for durable concurrent use."""
    db.init_app(app)
    migrate.init_app(app, db, directory=str(app.config["MIGRATIONS_DIR"]), render_as_batch=True)
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
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

    Raises: RuntimeError within a snapshot that is only for reading, which is a bug.
    """
    current = _current.get()
    if current is not None:
        if not current.get_execution_options().get("is_writing"):
            raise RuntimeError("a snapshot for reading cannot be written in")
        return work(current)
    engine = db.engine
    for attempt in range(1, ATTEMPTS):
        try:
            return _run_once(engine, work)
        except Stale:
            pass
        except DBAPIError as fault:
            if not is_transient(fault):
                raise
        time.sleep(random.uniform(0, PAUSE_S * attempt))  # noqa: S311 - spreads writers, no secret
    return _run_once(engine, work)


def transaction() -> Connection:
    """Return the request's open transaction: a snapshot if it only shows, a write if it acts.

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


def _run_once(engine: Engine, work: Callable[[Connection], T]) -> T:
    # SQLite's waiting writers poll, so they queue on a lock of ours instead.
    turn = _sqlite_writers if engine.dialect.name == "sqlite" else nullcontext()
    with turn, engine.connect() as connection:
        connection = connection.execution_options(is_writing=True)
        with connection.begin(), _as_current(connection):
            return work(connection)


def is_transient(fault: DBAPIError) -> bool:
    """Return whether a retry may succeed: another writer interfered, or the connection broke."""
    state = getattr(fault.orig, "sqlstate", None)
    locked = isinstance(fault.orig, sqlite3.OperationalError) and "locked" in str(fault.orig)
    return fault.connection_invalidated or state in RETRIED_STATES or locked


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # _begin_sqlite chooses the kind of BEGIN
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=15000"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    writing = connection.get_execution_options().get("is_writing")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def upgrade_schema() -> None:
    """Bring the schema up to the newest migration."""
    flask_migrate.upgrade()


def has_current_schema() -> bool:
    """Return whether the database is at the newest migration."""
    scripts = ScriptDirectory(str(current_app.config["MIGRATIONS_DIR"]))
    with reading() as connection:
        current_heads = MigrationContext.configure(connection).get_current_heads()
    return set(current_heads) == set(scripts.get_heads())
