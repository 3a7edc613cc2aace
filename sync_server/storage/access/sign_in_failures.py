"""Failures to sign in: after some, the next try from the same source must wait.

A source is an address, or all addresses together, so that many of them guess no faster. A browser
that has signed in before is a separate source: nobody else's failures make it wait.
"""

import hashlib
from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from sync_server.storage.models import SignInFailure

ANYWHERE = "*"
"""The source of all failures under a name, but those of its known browsers."""
FREE_FAILURES, FREE_ANYWHERE = 5, 50
FIRST_WAIT_MS = 30 * 1000
LONGEST_WAIT_MS = 15 * 60 * 1000
FORGOTTEN_MS = 24 * 3600 * 1000


def sources_of(address: str, known_browser: str | None) -> tuple[str, ...]:
    """Return the sources whose failures count for a try: of a known browser only that browser's."""
    return (f"browser {known_browser}",) if known_browser else (address, ANYWHERE)


def wait_ms(connection: Connection, name: str, sources: Sequence[str], *, now_ms: int) -> int:
    """Return for how many milliseconds signing in under a name from these sources is refused."""
    return max(_wait_of(connection, name, source, now_ms) for source in sources)


def count_attempt(
    connection: Connection, name: str, sources: Sequence[str], *, now_ms: int
) -> bool:
    """Count a try as a failure until it succeeds; return whether sign-in is refused for now.

    A try that must wait is not counted: otherwise anybody could keep a name waiting for good.
    """
    if wait_ms(connection, name, sources, now_ms=now_ms):
        return True
    for source in sources:
        count(connection, name, source, now_ms=now_ms)
    return False


def count(connection: Connection, name: str, source: str, *, now_ms: int) -> None:
    """Count one more failure to sign in, and delete failures that are a day old."""
    connection.execute(delete(SignInFailure).where(SignInFailure.failed_ms < now_ms - FORGOTTEN_MS))
    matching = _failures_of(name, source)
    statement = update(SignInFailure).where(*matching)
    values = {"failures": SignInFailure.failures + 1, "failed_ms": now_ms}
    if connection.execute(statement.values(values)).rowcount == 0:
        connection.execute(
            insert(SignInFailure).values(
                name_hash=_hashed(name), source=source, failures=1, failed_ms=now_ms
            )
        )


def clear(connection: Connection, name: str, sources: Sequence[str]) -> None:
    """Forget a name's failures from these sources, after a sign-in; others' guesses still count."""
    for source in sources:
        matching = _failures_of(name, source)
        if source == ANYWHERE:  # only the try that succeeded
            statement = update(SignInFailure).where(*matching)
            connection.execute(statement.values(failures=SignInFailure.failures - 1))
        else:
            connection.execute(delete(SignInFailure).where(*matching))


def _wait_of(connection: Connection, name: str, source: str, now_ms: int) -> int:
    row = connection.execute(
        select(SignInFailure.failures, SignInFailure.failed_ms).where(*_failures_of(name, source))
    ).one_or_none()
    free = FREE_ANYWHERE if source == ANYWHERE else FREE_FAILURES
    if row is None or row.failures < free:
        return 0
    doublings = min(row.failures - free, 10)
    pause_ms: int = min(FIRST_WAIT_MS << doublings, LONGEST_WAIT_MS)
    failed_ms: int = row.failed_ms
    return max(0, failed_ms + pause_ms - now_ms)


def _failures_of(name: str, source: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return (
        SignInFailure.name_hash == _hashed(name),
        SignInFailure.source == source,
    )


def _hashed(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()
