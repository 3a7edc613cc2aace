"""Store the browser sessions of users who are signed in to the office pages (for staff).

A session ends after 12 hours without use, and at the latest 7 days after sign-in.
"""

from collections.abc import Sequence
from typing import NamedTuple

import uuid_utils
from sqlalchemy import Connection, delete, insert, select, update

from sync_server.storage.access.tokens import SESSION, hash_token, new_token
from sync_server.storage.models import OfficeSession

HOUR_MS = 3600 * 1000
IDLE_MS = 12 * HOUR_MS
"""The time in ms without use after which a session ends: 12 hours, so that a user need not sign in
again during a conference day."""
LONGEST_MS = 7 * 24 * HOUR_MS
SEEN_MS = 5 * 60 * 1000
"""The shortest time in ms between two updates of a session's last use: 5 minutes. Most page views
therefore write nothing to the database."""


class Session(NamedTuple):
    """One sign-in of an account in one browser. Times are in ms since 1970 UTC.

    `account` is the account's name. `browser` is the User-Agent header, cut to 120 characters;
    `address` is the IP address. `seen_ms` is the time when the sign-in was last used, accurate to 5
    minutes.
    """

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
    """Start a session for an account and return the token for the browser's cookie.

    `account` is the account's name, `browser` the User-Agent header, and `address` the IP address.
    """
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
    """Return the session with this cookie token; None if it is unknown or has expired."""
    row = connection.execute(
        select(*_SESSION).where(
            OfficeSession.token_hash == hash_token(token),
            OfficeSession.seen_ms > now_ms - IDLE_MS,
            OfficeSession.started_ms > now_ms - LONGEST_MS,
        )
    ).one_or_none()
    return Session(*row) if row else None


def of_account(connection: Connection, account: str, *, now_ms: int) -> Sequence[Session]:
    """Return an account's sessions that have not expired, the most recently used first."""
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
    """Store the time of a session's last use, and delete old sessions.

    Sessions that have not been used for 7 days are deleted.
    """
    this_session = OfficeSession.id == session_id
    connection.execute(update(OfficeSession).where(this_session).values(seen_ms=now_ms))
    connection.execute(delete(OfficeSession).where(OfficeSession.seen_ms < now_ms - LONGEST_MS))


def end(connection: Connection, session_id: str, account: str) -> bool:
    """End one session of an account; return False if the account has no such session."""
    this_session = (OfficeSession.id == session_id, OfficeSession.account == account)
    return connection.execute(delete(OfficeSession).where(*this_session)).rowcount == 1


def end_all(connection: Connection, account: str, *, except_id: str | None = None) -> None:
    """Delete every session of an account, except the session `except_id` if given."""
    connection.execute(
        delete(OfficeSession).where(OfficeSession.account == account, OfficeSession.id != except_id)
    )
