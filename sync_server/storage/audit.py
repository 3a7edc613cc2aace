"""The audit log: who saw what is personal, or did what. Nothing here changes or removes a row."""

from collections.abc import Sequence
from typing import NamedTuple

import uuid_utils
from sqlalchemy import Connection, insert, select

from sync_server.storage.models import AuditRow

LONGEST_PATH = 2_000
ILLEGIBLE = "dismiss_illegible"


class Entry(NamedTuple):
    """One line: `who` is an account, or a device that opened a detail; `outcome` as in HTTP.

    `about`: whom or what it concerned, codes in a row.
    """

    at_ms: int
    who: str
    action: str
    is_act: bool
    outcome: int
    path: str
    about: str


class Asked(NamedTuple):
    """What the log is filtered by; empty means all."""

    who: str = ""
    action: str = ""
    about: str = ""
    from_ms: int = 0
    until_ms: int = 2**62
    only_acts: bool = False


_ENTRY = (
    AuditRow.at_ms,
    AuditRow.who,
    AuditRow.action,
    AuditRow.is_act,
    AuditRow.outcome,
    AuditRow.path,
    AuditRow.about,
)


def note(connection: Connection, entry: Entry) -> None:
    """Add a line."""
    values = entry._asdict() | {"path": entry.path[:LONGEST_PATH]}
    connection.execute(insert(AuditRow).values(id=str(uuid_utils.uuid7()), **values))


def left_aside(connection: Connection) -> set[str]:
    """Return the sha256 of what was dismissed though no record could say so, being illegible."""
    rows = connection.scalars(select(AuditRow.about).where(AuditRow.action == ILLEGIBLE))
    return {about.rpartition(" ")[2] for about in rows}


def read(connection: Connection, asked: Asked, *, limit: int, skip: int = 0) -> Sequence[Entry]:
    """Return the lines that are asked for, the latest first."""
    query = select(*_ENTRY).where(AuditRow.at_ms >= asked.from_ms, AuditRow.at_ms < asked.until_ms)
    if asked.who:
        query = query.where(AuditRow.who == asked.who)
    if asked.action:
        query = query.where(AuditRow.action == asked.action)
    if asked.about:
        told = AuditRow.about.contains(asked.about, autoescape=True)
        query = query.where(told | AuditRow.path.contains(asked.about, autoescape=True))
    if asked.only_acts:
        query = query.where(AuditRow.is_act)
    query = query.order_by(AuditRow.at_ms.desc(), AuditRow.id.desc()).limit(limit).offset(skip)
    return [Entry(*row) for row in connection.execute(query)]
