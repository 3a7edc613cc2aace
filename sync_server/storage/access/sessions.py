"""Sessions of office accounts."""

from collections.abc import Sequence
from typing import NamedTuple

import uuid_utils
from sqlalchemy import Connection, delete, insert, select, update

from sync_server.storage.access.tokens import SESSION, hash_token, new_token
from sync_server.storage.models import OfficeSession

HOUR_MS = 3600 * 1000
IDLE_MS = 12 * HOUR_MS
"""The length of a conference day; a session that is idle for longer ends."""
LONGEST_MS = 7 * 24 * HOUR_MS
SEEN_MS = 5 * 60 * 1000
"""The shortest time between two updates of `seen_ms`, so that not every page writes."""


class Session(NamedTuple):
    """A browser in which an account is signed in."""

    id: str
    account: str
    browser: str
    address: str
    started_ms: int
    seen_ms: int


_SESSION = (
    OfficeSession.id,
    OfficeSession.account,
    OfficeSession.browser,
    OfficeSession.address,
    OfficeSession.started_ms,
    OfficeSession.seen_ms,
)


def start(connection: Connection, account: str, *, browser: str, address: str, now_ms: int) -> str:
    """Begin a session and return the token for its cookie."""
    token = new_token(SESSION)
    connection.execute(
        insert(OfficeSession).values(
            id=str(uuid_utils.uuid7()),
            token_hash=hash_token(token),
            account=account,
            browser=browser[:120],
            address=address,
            started_ms=now_ms,
            seen_ms=now_ms,
        )
    )
    return token


def find(connection: Connection, token: str, *, now_ms: int) -> Session | None:
    """Return the session of a cookie's token; None if it is unknown or has ended."""
    row = connection.execute(
        select(*_SESSION).where(
            OfficeSession.token_hash == hash_token(token),
            OfficeSession.seen_ms > now_ms - IDLE_MS,
            OfficeSession.started_ms > now_ms - LONGEST_MS,
        )
    ).one_or_none()
    return Session(*row) if row else None


def of_account(connection: Connection, account: str, *, now_ms: int) -> Sequence[Session]:
    """Return an account's sessions, the most recently used first."""
    rows = connection.execute(
        select(*_SESSION)
        .where(
            OfficeSession.account == account,
            OfficeSession.seen_ms > now_ms - IDLE_MS,
            OfficeSession.started_ms > now_ms - LONGEST_MS,
        )
        .order_by(OfficeSession.seen_ms.desc())
    )
    return [Session(*row) for row in rows]


def mark_used(connection: Connection, session_id: str, *, now_ms: int) -> None:
    """Note that a session is in use, and delete the sessions that have run out."""
    this_session = OfficeSession.id == session_id
    connection.execute(update(OfficeSession).where(this_session).values(seen_ms=now_ms))
    connection.execute(delete(OfficeSession).where(OfficeSession.seen_ms < now_ms - LONGEST_MS))


def end(connection: Connection, session_id: str, account: str) -> bool:
    """End one session of an account; return False if the account has no such session."""
    this_session = (OfficeSession.id == session_id, OfficeSession.account == account)
    return connection.execute(delete(OfficeSession).where(*this_session)).rowcount == 1


def end_all(connection: Connection, account: str, *, except_id: str | None = None) -> None:
    """End every session of an account, except one."""
    connection.execute(
        delete(OfficeSession).where(OfficeSession.account == account, OfficeSession.id != except_id)
    )
