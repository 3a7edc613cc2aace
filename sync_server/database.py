"""Open read and write transactions on the database.

A read transaction sees one snapshot of the data. A write transaction is committed as a whole or not
at all; if another writer interferes, it runs again.
"""

import contextlib
import errno
import os
import random
import re
import secrets
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import flask_migrate
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask, current_app
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Connection, ExceptionContext, RootTransaction, event, text
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.pool import ConnectionPoolEntry

from sync_server.config import PRIVATE_FILE
from sync_server.errors import DatabaseBusy, DatabaseMoved, DiskFull, OutcomeUnknown
from sync_server.shared_memory import SharedNumbers

T = TypeVar("T")

WAIT_S = 5.0
"""The longest time in seconds for which a request waits for other writers. After that, the request
is refused, and the client must retry."""

WRITERS = 16
"""The greatest number of requests that may write, or wait to write, at the same time. All further
ones are refused, so that the other threads stay free for reading."""

OPTIONAL_WRITERS = 4
"""The greatest number of threads that may make optional writes at the same time. An optional write,
such as the storing of a computed result, may be skipped. If a standby of PostgreSQL (a machine that
keeps a copy of the database) is missing, commits that wait for the standby never end. The limit
then leaves enough threads for reading."""

READ_WAIT_S = 2.0
"""The longest time in seconds for which a read waits while another process keeps the whole SQLite
database to itself, for example to repair its log after a crash."""

TURN_S = 0.0005
"""The longest pause in seconds until a process tries again to write to SQLite while another one
writes. A transaction takes a few ms; SQLite's own pauses grow to 100 ms, and would leave the
database idle."""

RETRY_SPREAD_S = 5
"""The longest time in seconds after which a refused client is asked to retry. The actual time is
random, from 1 to 5 seconds, so that halls that were refused together do not retry together."""

STORE_LATER_WAIT_S = 0.05
"""The time in seconds for which computed results wait for other writers after a read transaction.
If the wait is longer, the results are not stored."""

PAUSE_S = 0.02
"""The longest pause in seconds before the second attempt to write. The limit grows with every
further attempt. The actual pause is random, so that two writers do not collide again."""

POSTGRESQL_PLANS = "-c enable_seqscan=off -c jit=off -c plan_cache_mode=force_generic_plan"
"""Options that determine how PostgreSQL plans the server's statements. Nearly all statements look
rows up by a key. On a busy morning, however, the table of records grows faster than PostgreSQL
gathers statistics. PostgreSQL would then take a few ids for most of the table, and read the whole
table for every upload (`seqscan`). The statements are so short that compiling them (`jit`), or
planning a prepared statement again for other values, would take longer than it saves."""

RETRIED_SQLSTATES = frozenset({"40001", "40P01", "23505", "55P03"})
"""PostgreSQL's error codes (SQLSTATE) after which a transaction runs again. They mean:
serialization failure, deadlock, two writers inserting the same row, and lock timeout."""


LEAST_FREE_BYTES = 64 * 1024 * 1024
"""The least free disk space in bytes: 64 MiB. If there is less, the server reports that it is not
ready, but it still stores records as long as it can."""

FULL_RETRY_S = 300
"""The time in seconds after which clients retry if the disk is full. It is long (5 minutes),
because a person must first free space."""


class Base(DeclarativeBase):
    """The base class of all database models. SQLAlchemy collects their tables in its metadata."""


class _Snapshot(NamedTuple):
    """The results cached during a read transaction, by key, and the work to do after its end."""

    results: dict[Hashable, Any]
    stored_later: list[Callable[[Connection], object]]


db = SQLAlchemy(model_class=Base)
migrate = Migrate()
_places = threading.BoundedSemaphore(WRITERS)
_optional_places = threading.BoundedSemaphore(OPTIONAL_WRITERS)
_sqlite_writers = threading.Lock()
_current: ContextVar[Connection | None] = ContextVar("_current", default=None)
_snapshot: ContextVar[_Snapshot | None] = ContextVar("_snapshot", default=None)


def init_app(app: Flask) -> None:
    """Connect the Flask app to the database, and configure the database connections.

    For SQLite, this means write-ahead logging, full synchronization, and a database file that only
    its owner may read. For other databases, it means a connection pool, and time limits for
    connecting and locking.
    """
    # Without this option, a database error would carry names into the log.
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {"hide_parameters": True}
    if not app.config["SQLALCHEMY_DATABASE_URI"].startswith("sqlite"):
        app.config["SQLALCHEMY_ENGINE_OPTIONS"] |= {
            "pool_size": WRITERS,
            "max_overflow": WRITERS,
            "pool_timeout": WAIT_S,
            "connect_args": {
                "connect_timeout": int(WAIT_S),
                "options": f"-c lock_timeout={WAIT_S * 1000:.0f} {POSTGRESQL_PLANS}",
            },
        }
    db.init_app(app)
    migrate.init_app(app, db, directory=str(app.config["MIGRATIONS_DIR"]), render_as_batch=True)
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            event.listen(db.engine, "do_connect", _create_private)
            event.listen(db.engine, "connect", _prepare_sqlite)
            event.listen(db.engine, "begin", _begin_sqlite)
            event.listen(db.engine, "checkout", _check_watched_files)
        else:
            event.listen(db.engine, "connect", _watch_commits)
            event.listen(db.engine, "handle_error", _leave_read_only_server)


@contextmanager
def reading(*, is_consistent: bool = True) -> Iterator[Connection]:
    """Open a connection on which all reads see the same state of the database.

    Use it in a `with` statement. If a transaction is already open, the connection of that
    transaction is used instead, because a request uses a single transaction. If `is_consistent` is
    False, every statement may see a later state than the one before it. PostgreSQL then needs no
    transaction, which saves two round trips.
    """
    current = _current.get()
    if current is not None:
        yield current
        return
    with db.engine.connect() as connection:
        if connection.dialect.name != "sqlite":  # an SQLite transaction is always a snapshot
            level = "REPEATABLE READ" if is_consistent else "AUTOCOMMIT"
            connection = connection.execution_options(isolation_level=level)
        snapshot = _Snapshot({}, [])
        with _as_current(connection, snapshot if is_consistent else None):
            yield connection
            # After a rollback, PostgreSQL's driver would forget all prepared statements.
            connection.commit()
    if snapshot.stored_later:
        _store_now(snapshot.stored_later)


def store_later(work: Callable[[Connection], object]) -> None:
    """Run `work` in a write transaction as soon as the open read transaction has ended.

    Use it only to store computed results, because `work` does not always run. It is skipped if
    another writer is busy, if the database fails, if the read transaction raises an error, or if
    the open transaction is a write transaction.
    """
    if snapshot := _snapshot.get():
        snapshot.stored_later.append(work)


def _store_now(works: Sequence[Callable[[Connection], object]]) -> None:
    def run_all(connection: Connection) -> None:
        for work in works:
            work(connection)

    with (
        contextlib.suppress(DatabaseBusy, OutcomeUnknown, DBAPIError),
        _place(_optional_places),
    ):
        _run_once(run_all, wait_s=STORE_LATER_WAIT_S)


@contextmanager
def _place(places: threading.BoundedSemaphore) -> Iterator[None]:
    """Take one of the places for writers, and keep it while the context lasts.

    Raises: DatabaseBusy if all of `places` are taken.
    """
    if not places.acquire(blocking=False):
        raise busy()
    try:
        yield
    finally:
        places.release()


def write(work: Callable[[Connection], T], *, is_repeatable: bool = False) -> T:
    """Run `work` in one write transaction, commit the transaction, and return the result.

    If another writer interferes, the transaction is rolled back and `work` runs again. What `work`
    does outside the database must therefore be safe to repeat. Inside an open write transaction,
    `work` becomes part of that transaction. `is_repeatable`: `work` changes nothing if its changes
    are stored already, so it also runs again if nobody knows whether a commit succeeded.

    Raises: DatabaseBusy if other writers take longer than 5 s (`WAIT_S`), or if 16 requests
    (`WRITERS`) are already writing or waiting; OutcomeUnknown, unless `is_repeatable`, if the
    connection broke during the commit, or if the commit did not wait for its standby (another
    machine that keeps a copy of the database); RuntimeError if a read transaction is open, which is
    a bug.
    """
    current = _current.get()
    if current is not None:
        if not current.get_execution_options().get("is_writing"):
            raise RuntimeError("a snapshot for reading cannot be written in")
        return work(current)
    deadline_s, wait_s, attempt = time.monotonic() + WAIT_S, WAIT_S, 0
    with _place(_places):
        while True:
            attempt += 1
            try:
                return _run_once(work, wait_s=wait_s)
            except OutcomeUnknown:
                if not is_repeatable:
                    raise
            except DBAPIError as fault:
                if not is_transient(fault):
                    raise
            time.sleep(random.uniform(0, PAUSE_S * attempt))  # noqa: S311 - a pause is no secret
            wait_s = deadline_s - time.monotonic()
            if wait_s <= 0:
                raise busy()


def write_if_free(work: Callable[[Connection], T]) -> T | None:
    """Run `work` in one write transaction, without waiting for other writers; return its result.

    If another writer interferes or the connection breaks, nothing is written and the result is
    None.

    Raises: DBAPIError for other database errors.
    """
    try:
        with _place(_optional_places):
            return _run_once(work, wait_s=0)
    except (DatabaseBusy, OutcomeUnknown):
        return None
    except DBAPIError as fault:
        if is_transient(fault):
            return None
        raise


def busy() -> DatabaseBusy:
    """Return an error (HTTP 503) that asks the client to retry after a random 1 to 5 seconds."""
    return DatabaseBusy(retry_after_s=1 + secrets.randbelow(RETRY_SPREAD_S))


def transaction() -> Connection:
    """Return the connection of the request's open transaction.

    If the request only reads, all reads in the transaction see the same state of the database.

    Raises: RuntimeError if no transaction is open, which is a bug.
    """
    current = _current.get()
    if current is None:
        raise RuntimeError("no transaction is open")
    return current


def is_snapshot() -> bool:
    """Return whether a read transaction is open. All that it sees has been committed."""
    return _snapshot.get() is not None


def read_once(key: Hashable, read: Callable[[], T]) -> T:
    """Return the result of `read`; in a read transaction, `read` runs only once for every `key`.

    In a write transaction, `read` runs at every call, because the transaction may change the data.
    """
    snapshot = _snapshot.get()
    if snapshot is None:  # a write transaction may change its own results
        return read()
    if key not in snapshot.results:
        snapshot.results[key] = read()
    value: T = snapshot.results[key]
    return value


@contextmanager
def _as_current(connection: Connection, snapshot: _Snapshot | None = None) -> Iterator[None]:
    connection_token, snapshot_token = _current.set(connection), _snapshot.set(snapshot)
    try:
        yield
    finally:
        _current.reset(connection_token)
        _snapshot.reset(snapshot_token)


def _run_once(work: Callable[[Connection], T], *, wait_s: float) -> T:
    with db.engine.connect() as connection:
        connection = connection.execution_options(
            is_writing=True, begin_by_s=time.monotonic() + wait_s
        )
        # The turn is short: it begins when the connection is ready, and ends with the commit.
        with _turn_to_write(wait_s), connection.begin() as transaction, _as_current(connection):
            if wait_s < WAIT_S and connection.dialect.name == "postgresql":
                # Each lock may take this long; connections have `WAIT_S` already. 0 means for ever.
                timeout_ms = max(1, round(wait_s * 1000))
                connection.exec_driver_sql(f"SET LOCAL lock_timeout = {timeout_ms}")
            result = work(connection)
            _check_files_in_place(connection)
            _commit(connection, transaction)
        return result


def _commit(connection: Connection, transaction: RootTransaction) -> None:
    """Commit a transaction. Raises: OutcomeUnknown if nobody knows whether it is stored for good;
    DBAPIError if it certainly is not.
    """
    connection.connection.info.pop(COMMIT_WARNING, None)
    try:
        transaction.commit()
    except DBAPIError as fault:
        if fault.connection_invalidated:
            raise OutcomeUnknown from fault
        raise
    if connection.connection.info.pop(COMMIT_WARNING, False):
        raise OutcomeUnknown


COMMIT_WARNING = "commit_warning"
READ_ONLY_SQLSTATE = "25006"


def _watch_commits(connection: Any, record: ConnectionPoolEntry) -> None:
    """Mark a connection when PostgreSQL warns that a commit did not wait for its standby.

    A standby is another machine that keeps a copy of the database. `record` is the entry of the
    connection in SQLAlchemy's pool, and holds the mark. If somebody cancels the wait, PostgreSQL
    confirms the commit all the same. No client may then be told that its data are stored, because
    they are lost if the machine fails now.
    """

    def note(diagnostic: Any) -> None:
        if diagnostic.severity_nonlocalized == "WARNING":
            record.info[COMMIT_WARNING] = True

    connection.add_notice_handler(note)


def _leave_read_only_server(context: ExceptionContext) -> None:
    """Discard all pooled connections if the database server has become a standby.

    A standby keeps a copy of another server's database, and refuses writes.
    """
    if getattr(context.original_exception, "sqlstate", None) == READ_ONLY_SQLSTATE:
        context.is_disconnect = True


class _WatchedFiles(NamedTuple):
    """The path of a server's SQLite database, and the inode numbers of the database and its log.

    The number of the log (WAL) is shared by the server's processes. It is 0 until one of them has
    written.
    """

    path: Path
    database: int
    log: SharedNumbers


_watched: _WatchedFiles | None = None


@contextmanager
def watching_files() -> Iterator[None]:
    """Make this process and the processes that it starts use only the SQLite files that exist now.

    Use it in a `with` statement. If somebody deletes or replaces the database or its log (WAL)
    under a running server, SQLite goes on writing into the deleted file, and everything is lost
    when the server ends. A process that opens the database after the deletion would create an empty
    one.
    """
    global _watched
    path = sqlite_path()
    _watched = _WatchedFiles(path, path.stat().st_ino, SharedNumbers(1)) if path else None
    try:
        yield
    finally:
        _watched = None


def _files_at(path: Path) -> tuple[int, int]:
    """Return the inode numbers of the SQLite database at `path` and of its log; 0 for no file."""
    numbers = []
    for name in (path, f"{path}-wal"):
        try:
            numbers.append(Path(name).stat().st_ino)
        except OSError:
            numbers.append(0)
    return numbers[0], numbers[1]


def _check_files_in_place(connection: Connection) -> None:
    """Check, before a commit, that SQLite's files are still those that the connection has opened.

    Raises: DatabaseMoved if a file was deleted or replaced; the transaction is then rolled back.
    """
    path = sqlite_path()
    if path is None:
        return
    numbers = _files_at(path)
    if 0 in numbers or connection.connection.info.setdefault("files", numbers) != numbers:
        raise DatabaseMoved
    if _watched and not _watched.log[0]:
        _watched.log[0] = numbers[1]


def _check_watched_files(_connection: Any, record: ConnectionPoolEntry, _proxy: Any) -> None:
    """Check that a pooled connection has opened the SQLite files that the server watches.

    Raises: DisconnectionError if the connection has opened other files, so that SQLAlchemy replaces
    the connection; DatabaseMoved if the watched files have been deleted or replaced.
    """
    if _watched is None or not _watched.log[0]:
        return
    right = (_watched.database, _watched.log[0])
    if _files_at(_watched.path) != right:
        raise DatabaseMoved
    if record.info.get("files", right) != right:
        raise DisconnectionError


@contextmanager
def _turn_to_write(wait_s: float) -> Iterator[None]:
    """Wait for the lock that lets only one thread of this process write to SQLite, and hold it.

    SQLite does not queue writers; without the lock, all of them would try again and again. Other
    databases need no such lock, so nothing is locked for them.

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
    """Return whether the transaction may succeed if it is repeated after this database error.

    It may succeed if another writer interfered or if the connection broke.
    """
    state = getattr(fault.orig, "sqlstate", None)
    locked = isinstance(fault.orig, sqlite3.OperationalError) and "locked" in str(fault.orig)
    return fault.connection_invalidated or state in RETRIED_SQLSTATES or locked


def is_full(fault: Exception) -> bool:
    """Return whether an error was caused by a full disk.

    The disk may be that of SQLite, of PostgreSQL or of temporary files.
    """
    cause = getattr(fault, "orig", None) or fault
    if isinstance(cause, OSError):
        return cause.errno in {errno.ENOSPC, errno.EDQUOT}
    return getattr(cause, "sqlstate", None) == "53100" or "disk is full" in str(cause)


def _create_private(_dialect: Any, _record: Any, args: Sequence[Any], _options: Any) -> None:
    """Create a database file that only its owner may read and write, before SQLite opens the file.

    `args[0]` is the path. SQLite gives its log files the same permissions. An existing file is left
    alone, because to open and close it would release this process's locks on the file (POSIX).
    """
    path = str(args[0])
    if _watched and str(_watched.path) == path and _files_at(_watched.path)[0] != _watched.database:
        raise DatabaseMoved  # to open it would make an empty database
    if path not in {"", ":memory:"} and not path.startswith("file:"):
        with contextlib.suppress(OSError):  # the file exists, or SQLite will report the fault
            os.close(os.open(path, os.O_CREAT | os.O_EXCL, PRIVATE_FILE))


def _prepare_sqlite(connection: sqlite3.Connection, record: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # `_begin_sqlite` sends BEGIN itself
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")
    if _watched:
        connection.execute("SELECT count(*) FROM sqlite_master")  # this opens the log
        record.info["files"] = _files_at(_watched.path)


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    raw = connection.connection.driver_connection
    assert isinstance(raw, sqlite3.Connection)
    is_writing = options.get("is_writing", False)
    if connection.connection.info.get("is_writing") != is_writing:
        raw.execute(f"PRAGMA busy_timeout={0 if is_writing else READ_WAIT_S * 1000:.0f}")
        connection.connection.info["is_writing"] = is_writing
    if not is_writing:
        raw.execute("BEGIN")
        return
    while True:
        try:
            raw.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as fault:
            if (
                fault.sqlite_errorcode != sqlite3.SQLITE_BUSY
                or time.monotonic() >= options["begin_by_s"]
            ):
                raise _wrapped_error("BEGIN IMMEDIATE", fault) from fault
            time.sleep(random.uniform(0, TURN_S))  # noqa: S311 - a pause is no secret
        else:
            return


def _wrapped_error(text: str, fault: sqlite3.Error) -> DBAPIError:
    """Return the SQLAlchemy error that callers expect in place of an sqlite3 error.

    `text` is the SQL statement that failed.
    """
    wrapped = DBAPIError.instance(text, None, fault, sqlite3.Error, dialect=_SQLITE)
    assert isinstance(wrapped, DBAPIError)
    return wrapped


_SQLITE = sqlite.dialect()


def count_rows_anew(connection: Connection, table: str) -> None:
    """Make PostgreSQL update its statistics of a table whose rows have just been replaced.

    PostgreSQL does this by itself only after a minute. Until then, it takes a table with thousands
    of new rows for a small one, and chooses an index by which it reads all rows of a meeting for
    every upload. Other databases are left alone.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"ANALYZE {table}")


def upgrade_schema() -> None:
    """Apply all migrations (changes to the tables) that the database has not received yet."""
    flask_migrate.upgrade()


def commits_are_durable(connection: Connection) -> bool:
    """Return whether a commit is confirmed only when it is on the disk and survives a power cut.

    The operator of a PostgreSQL database may have set it to confirm commits earlier, for speed.
    """
    if connection.dialect.name == "sqlite":
        journal = connection.scalar(text("PRAGMA journal_mode"))
        return (journal, connection.scalar(text("PRAGMA synchronous"))) == ("wal", 2)
    return all(
        connection.scalar(text(f"SHOW {name}")) in values
        for name, values in _DURABLE_SETTINGS.items()
    )


_DURABLE_SETTINGS = {
    "fsync": {"on"},
    "full_page_writes": {"on"},
    "synchronous_commit": {"on", "remote_write", "remote_apply"},
}
"""{setting of PostgreSQL: values with which a commit is on the disk before it is confirmed}."""


class Standbys(NamedTuple):
    """How many standbys every commit waits for, and how many of these are connected now.

    A standby is another machine that keeps a copy of a PostgreSQL database.
    """

    waited_for: int
    connected: int


def synchronous_standbys(connection: Connection) -> Standbys:
    """Return how many PostgreSQL standbys every commit waits for, and how many are connected.

    A standby is another machine that keeps a copy of the database. The first number is 0 if a
    commit is confirmed before it is on the disk of the standbys. PostgreSQL shows connected
    standbys only to accounts with the role `pg_read_all_stats`; for other accounts, the second
    number is 0. For SQLite, both are 0.
    """
    if connection.dialect.name == "sqlite":
        return Standbys(0, 0)
    connected = connection.scalar(
        text("SELECT count(*) FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum')")
    )
    if connection.scalar(text("SHOW synchronous_commit")) not in {"on", "remote_apply"}:
        return Standbys(0, connected or 0)  # the standby's disk is not waited for
    names = connection.scalar(text("SHOW synchronous_standby_names"))
    return Standbys(demanded_standbys(names or ""), connected or 0)


def demanded_standbys(names: str) -> int:
    """Return how many standbys a commit waits for, according to a setting of PostgreSQL.

    A standby is another machine that keeps a copy of the database. `names` is the value of the
    setting `synchronous_standby_names`, such as `FIRST 2 (a, b, c)`.
    """
    number = _STANDBY_NUMBER.match(names)
    return int(number[1]) if number else int(bool(names.strip()))


_STANDBY_NUMBER = re.compile(r"\s*(?:(?:FIRST|ANY)\s+)?(\d+)\s*\(", re.IGNORECASE)
"""A pattern that finds the number of standbys (machines that keep a copy of the database) in `FIRST
2 (a, b, c)`, `ANY 2 (a, b, c)` or `2 (a, b, c)`, which are forms of PostgreSQL's setting
`synchronous_standby_names`."""


def sqlite_path() -> Path | None:
    """Return the path of the SQLite database; None for a database in memory or of another kind."""
    path = db.engine.url.database
    if db.engine.dialect.name != "sqlite" or not path or path == ":memory:":
        return None
    return Path(path)


def check_free_disk() -> None:
    """Check that 64 MiB (`LEAST_FREE_BYTES`) are free on the disk of an SQLite database.

    For other databases, nothing is checked.

    Raises: DiskFull if less space is free.
    """
    path = sqlite_path()
    if path and shutil.disk_usage(path.parent).free < LEAST_FREE_BYTES:
        raise DiskFull(retry_after_s=FULL_RETRY_S)


def has_current_schema() -> bool:
    """Return whether every migration (change to the tables) has been applied to the database."""
    scripts = ScriptDirectory(str(current_app.config["MIGRATIONS_DIR"]))
    with reading() as connection:
        current_heads = MigrationContext.configure(connection).get_current_heads()
    return set(current_heads) == set(scripts.get_heads())
