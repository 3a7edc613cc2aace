"""Uploaded lists of people: drafts, what was imported from them, and remembered headings."""

from collections.abc import Mapping
from typing import NamedTuple

import uuid_utils
from sqlalchemy import Connection, delete, insert, select, update

from sync_server.domain.records.codes import DAY_MS
from sync_server.storage.models import HeadingChoice, PeopleList
from sync_server.storage.prepared import columns_of

DRAFT_LIFE_MS = 2 * DAY_MS
"""An abandoned draft holds personal data; it goes with the next upload after this."""

MOST_LISTED = 20


class StoredList(NamedTuple):
    """An uploaded list; see `PeopleList`."""

    id: str
    at_ms: int
    who: str
    name: str
    content: bytes
    choices: bytes
    changes: bytes
    done_ms: int | None
    undone_ms: int | None


_COLUMNS = columns_of(StoredList, PeopleList)


def add(
    connection: Connection, who: str, name: str, content: bytes, choices: bytes, *, now_ms: int
) -> str:
    """Store a draft, delete abandoned ones, and return its id."""
    connection.execute(
        delete(PeopleList).where(
            PeopleList.done_ms.is_(None), PeopleList.at_ms < now_ms - DRAFT_LIFE_MS
        )
    )
    row = StoredList(
        str(uuid_utils.uuid7()), now_ms, who, name, content, choices, b"[]", None, None
    )
    connection.execute(insert(PeopleList), [row._asdict()])
    return row.id


def find(connection: Connection, list_id: str) -> StoredList | None:
    """Return a list; None if there is none of this id."""
    row = connection.execute(select(*_COLUMNS).where(PeopleList.id == list_id)).one_or_none()
    return StoredList(*row) if row else None


def latest_done(connection: Connection) -> list[StoredList]:
    """Return the latest imports without their contents, the newest first."""
    rows = connection.execute(
        select(*_COLUMNS)
        .where(PeopleList.done_ms.is_not(None))
        .order_by(PeopleList.done_ms.desc(), PeopleList.id.desc())
        .limit(MOST_LISTED)
    )
    return [StoredList(*row) for row in rows]


def set_choices(connection: Connection, list_id: str, choices: bytes) -> None:
    """Store what the uploader decided about a draft."""
    connection.execute(update(PeopleList).where(PeopleList.id == list_id).values(choices=choices))


def set_done(connection: Connection, list_id: str, changes: bytes, *, now_ms: int) -> None:
    """Note that a list was imported, with its changes; the file itself goes."""
    values = {"content": b"", "changes": changes, "done_ms": now_ms}
    connection.execute(update(PeopleList).where(PeopleList.id == list_id).values(**values))


def set_undone(connection: Connection, list_id: str, *, now_ms: int) -> None:
    """Note that an import was taken back."""
    connection.execute(update(PeopleList).where(PeopleList.id == list_id).values(undone_ms=now_ms))


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
