"""Failures to sign in, counted by name and address; from the fifth on, the next try must wait."""

import hashlib

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from sync_server.storage.models import SignInFailure

FREE_FAILURES = 5
FIRST_WAIT_MS = 30 * 1000
LONGEST_WAIT_MS = 15 * 60 * 1000
FORGOTTEN_MS = 24 * 3600 * 1000


def wait_ms(connection: Connection, name: str, address: str, *, now_ms: int) -> int:
    """Return for how many milliseconds signing in under a name from an address is refused."""
    row = connection.execute(
        select(SignInFailure.failures, SignInFailure.failed_ms).where(*_failures_of(name, address))
    ).one_or_none()
    if row is None or row.failures < FREE_FAILURES:
        return 0
    doublings = min(row.failures - FREE_FAILURES, 10)
    pause_ms: int = min(FIRST_WAIT_MS << doublings, LONGEST_WAIT_MS)
    failed_ms: int = row.failed_ms
    return max(0, failed_ms + pause_ms - now_ms)


def count_attempt(connection: Connection, name: str, address: str, *, now_ms: int) -> bool:
    """Count a try as a failure until it succeeds; return whether sign-in is refused for now."""
    must_wait = wait_ms(connection, name, address, now_ms=now_ms) > 0
    count(connection, name, address, now_ms=now_ms)
    return must_wait


def count(connection: Connection, name: str, address: str, *, now_ms: int) -> None:
    """Count one more failure to sign in, and delete failures that are a day old."""
    connection.execute(delete(SignInFailure).where(SignInFailure.failed_ms < now_ms - FORGOTTEN_MS))
    matching = _failures_of(name, address)
    statement = update(SignInFailure).where(*matching)
    values = {"failures": SignInFailure.failures + 1, "failed_ms": now_ms}
    if connection.execute(statement.values(values)).rowcount == 0:
        connection.execute(
            insert(SignInFailure).values(
                name_hash=_hashed(name), address=address, failures=1, failed_ms=now_ms
            )
        )


def clear(connection: Connection, name: str, address: str) -> None:
    """Delete the failures under a name from an address, after a successful sign-in."""
    connection.execute(delete(SignInFailure).where(*_failures_of(name, address)))


def _failures_of(name: str, address: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return (
        SignInFailure.name_hash == _hashed(name),
        SignInFailure.address == address,
    )


def _hashed(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()
