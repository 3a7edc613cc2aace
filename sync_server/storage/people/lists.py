"""Uploaded lists: drafts, what was imported from them, and remembered headings."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

import uuid_utils
from sqlalchemy import Connection, delete, insert, select, update

from sync_server.domain.records.codes import DAY_MS
from sync_server.storage.models import HeadingChoice, UploadedList
from sync_server.storage.prepared import columns_of

DRAFT_LIFE_MS = 2 * DAY_MS
"""An abandoned draft holds personal data; it goes with the next upload after this."""

MOST_LISTED = 20

ListKind = Literal["people", "places", "roll", "attendance"]


class StoredList(NamedTuple):
    """An uploaded list; see `UploadedList`."""

    id: str
    at_ms: int
    who: str
    kind: str
    subject: str
    name: str
    content: bytes
    choices: bytes
    changes: bytes
    done_ms: int | None
    undone_ms: int | None


_COLUMNS = columns_of(StoredList, UploadedList)


def add(
    connection: Connection,
    kind: ListKind,
    who: str,
    name: str,
    content: bytes,
    *,
    now_ms: int,
    choices: bytes = b"{}",
    subject: str = "",
) -> str:
    """Store a draft, delete abandoned ones, and return its id."""
    connection.execute(
        delete(UploadedList).where(
            UploadedList.done_ms.is_(None), UploadedList.at_ms < now_ms - DRAFT_LIFE_MS
        )
    )
    row = StoredList(
        str(uuid_utils.uuid7()),
        now_ms,
        who,
        kind,
        subject,
        name,
        content,
        choices,
        b"[]",
        None,
        None,
    )
    connection.execute(insert(UploadedList), [row._asdict()])
    return row.id


def find(connection: Connection, kind: ListKind, list_id: str) -> StoredList | None:
    """Return a list; None if there is none of this kind and id."""
    query = select(*_COLUMNS).where(UploadedList.id == list_id, UploadedList.kind == kind)
    row = connection.execute(query).one_or_none()
    return StoredList(*row) if row else None


def latest_done(connection: Connection, kind: ListKind, subject: str = "") -> list[StoredList]:
    """Return the latest imports of a kind without their contents, the newest first."""
    rows = connection.execute(
        select(*_COLUMNS)
        .where(
            UploadedList.done_ms.is_not(None),
            UploadedList.kind == kind,
            UploadedList.subject == subject,
        )
        .order_by(UploadedList.done_ms.desc(), UploadedList.id.desc())
        .limit(MOST_LISTED)
    )
    return [StoredList(*row) for row in rows]


def set_choices(connection: Connection, list_id: str, choices: bytes) -> None:
    """Store what the person who uploaded a list chose before its import."""
    connection.execute(
        update(UploadedList).where(UploadedList.id == list_id).values(choices=choices)
    )


def set_done(connection: Connection, list_id: str, changes: bytes, *, now_ms: int) -> None:
    """Note that a list was imported, with its changes; the file itself goes."""
    values = {"content": b"", "changes": changes, "done_ms": now_ms}
    connection.execute(update(UploadedList).where(UploadedList.id == list_id).values(**values))


def set_undone(connection: Connection, list_id: str, *, now_ms: int) -> None:
    """Note that an import was taken back."""
    connection.execute(
        update(UploadedList).where(UploadedList.id == list_id).values(undone_ms=now_ms)
    )


def remembered_fields(connection: Connection) -> dict[str, str]:
    """Return the fields that people set by hand, by folded heading; "" leaves a column out."""
    return dict(connection.execute(select(HeadingChoice.heading, HeadingChoice.field)).all())


def remember_fields(connection: Connection, fields: Mapping[str, str]) -> None:
    """Remember the fields of these headings for the next list."""
    if fields:
        connection.execute(delete(HeadingChoice).where(HeadingChoice.heading.in_(sorted(fields))))
        connection.execute(
            insert(HeadingChoice),
            [{"heading": heading, "field": field} for heading, field in fields.items()],
        )
