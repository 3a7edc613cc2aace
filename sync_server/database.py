"""The database handle, and the one way to write: a transaction that is run whole or not at all."""

import random
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
"""Writers that meet are through at the second attempt; a roll that moves people may cost more."""

PAUSE_S = 0.02
"""The longest pause before the second attempt; it grows with each, and is drawn at random."""

RETRIED_STATES = frozenset({"40001", "40P01", "23505"})
"""Serialization failure, deadlock, and two writers making the same row, by SQLSTATE."""


class Base(DeclarativeBase):
    """What the models share."""


class Stale(Exception):
    """What a transaction had looked up before its locks has changed: run it again."""


db = SQLAlchemy(model_class=Base)
migrate = Migrate()
_sqlite_writers = threading.Lock()


def init_app(app: Flask) -> None:
    """Bind the database to the app, with SQLite set for durable concurrent use."""
    db.init_app(app)
    migrate.init_app(app, db, directory=str(app.config["MIGRATIONS_DIR"]), render_as_batch=True)
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            event.listen(db.engine, "connect", _prepare_sqlite)
            event.listen(db.engine, "begin", _begin_sqlite)


@contextmanager
def reading() -> Iterator[Connection]:
    """Open a connection whose reads all see one state of the database."""
    with db.engine.connect() as connection:
        if connection.dialect.name != "sqlite":  # whose transactions are so by themselves
            connection = connection.execution_options(isolation_level="REPEATABLE READ")
        yield connection


def write(work: Callable[[Connection], T]) -> T:
    """Run `work` in one write transaction and commit it; run it again if it met another writer.

    `work` must do nothing outside the database that cannot be done twice.
    """
    engine = db.engine
    for attempt in range(1, ATTEMPTS):
        try:
            return _once(engine, work)
        except Stale:
            pass
        except DBAPIError as fault:
            if not is_passing(fault):
                raise
        time.sleep(random.uniform(0, PAUSE_S * attempt))  # noqa: S311 - spreads writers, no secret
    return _once(engine, work)


def is_alone(connection: Connection) -> bool:
    """Say whether no other transaction can write while this one does, as in SQLite."""
    return connection.dialect.name == "sqlite"


def _once(engine: Engine, work: Callable[[Connection], T]) -> T:
    if engine.dialect.name != "sqlite":
        with engine.begin() as connection:
            return work(connection)
    # Writers wait here in turn rather than in SQLite, which wakes them by polling.
    with _sqlite_writers, engine.connect() as connection:
        connection = connection.execution_options(is_writing=True)
        with connection.begin():
            return work(connection)


def is_passing(fault: DBAPIError) -> bool:
    """Say whether it met another writer, so that it may well succeed when run again."""
    state = getattr(fault.orig, "sqlstate", None)
    locked = isinstance(fault.orig, sqlite3.OperationalError) and "locked" in str(fault.orig)
    return fault.connection_invalidated or state in RETRIED_STATES or locked


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves, and say which
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=15000"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    writing = connection.get_execution_options().get("is_writing")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def upgrade_schema() -> None:
    """Bring the schema up to the newest migration."""
    flask_migrate.upgrade()


def has_current_schema() -> bool:
    """Say whether the database is at the newest migration."""
    scripts = ScriptDirectory(str(current_app.config["MIGRATIONS_DIR"]))
    with reading() as connection:
        at = MigrationContext.configure(connection).get_current_heads()
    return set(at) == set(scripts.get_heads())
