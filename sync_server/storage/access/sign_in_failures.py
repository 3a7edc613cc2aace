"""Slow down password guessing: after several failed sign-ins, a user must wait before trying again.

Failures are counted for every combination of a name and a source. The sources are the sender's IP
address and, in addition, all addresses together; guessing from many addresses is therefore no
faster. A browser in which the account has signed in before is a separate source, so that other
people's failures never delay its user.
"""

import hashlib
from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from sync_server.storage.models import SignInFailure

ANYWHERE = "*"
"""The source that stands for all IP addresses together. Sign-ins from a browser in which the
account has signed in before are not counted under it."""
FREE_FAILURES, FREE_ANYWHERE = 5, 50
FIRST_WAIT_MS = 30 * 1000
LONGEST_WAIT_MS = 15 * 60 * 1000
FORGOTTEN_MS = 24 * 3600 * 1000


def sources_of(address: str, known_browser: str | None) -> tuple[str, ...]:
    """Return the sources under which a failed sign-in is counted.

    `known_browser` is the code of a browser in which the account has signed in before, or None. For
    a known browser, the only source is `"browser CODE"`. Otherwise, the sources are `address` and
    `ANYWHERE` (all addresses together).
    """
    return (f"browser {known_browser}",) if known_browser else (address, ANYWHERE)


def wait_ms(connection: Connection, name: str, sources: Sequence[str], *, now_ms: int) -> int:
    """Return how many milliseconds a user must wait before signing in; 0 if there is no wait.

    `sources` are IP addresses or browsers, or `ANYWHERE`, which stands for all addresses together.
    After 5 failures with the same account name and source (50 for `ANYWHERE`), the wait is 30 s. It
    doubles with every further failure, up to 15 minutes. If there are several sources, the longest
    wait applies.
    """
    return max(_wait_of(connection, name, source, now_ms) for source in sources)


def count_attempt(
    connection: Connection, name: str, sources: Sequence[str], *, now_ms: int
) -> bool:
    """Return True if the user must wait; otherwise count the attempt as a failure and return False.

    After a successful sign-in, call `clear` to remove this failure. Attempts during a wait are not
    counted, because otherwise anybody could block a name forever.
    """
    if wait_ms(connection, name, sources, now_ms=now_ms):
        return True
    for source in sources:
        count(connection, name, source, now_ms=now_ms)
    return False


def count(connection: Connection, name: str, source: str, *, now_ms: int) -> None:
    """Count one failed sign-in for an account name and a source, such as an IP address.

    Counts whose last failure was more than a day ago are deleted.
    """
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
    """After a successful sign-in, delete the failures counted for a name and the given sources.

    For the source `ANYWHERE` (all addresses together), only subtract the successful attempt,
    which was counted as a failure at first. Other people's failed guesses therefore still
    count.
    """
    for source in sources:
        matching = _failures_of(name, source)
        if source == ANYWHERE:  # subtract only the attempt that succeeded
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
