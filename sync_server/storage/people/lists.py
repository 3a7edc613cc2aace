"""Store uploaded lists: drafts, the changes that imports made, and remembered column headings."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

import uuid_utils
from sqlalchemy import Connection, delete, insert, select, update

from sync_server.domain.records.codes import DAY_MS
from sync_server.storage.models import HeadingChoice, UnitAlias, UploadedList
from sync_server.storage.prepared import columns_of

DRAFT_LIFE_MS = 2 * DAY_MS
"""A draft contains personal data, so the first upload after two days deletes it."""

MOST_LISTED = 20

ListKind = Literal["people", "places", "roll", "attendance"]


class StoredList(NamedTuple):
    """A list file that a user uploaded, with its state; `UploadedList` explains the fields."""

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
    """Store an uploaded file as a draft and return its id; delete drafts older than two days."""
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
    """Return the uploaded list with this kind and id; None if there is none."""
    query = select(*_COLUMNS).where(UploadedList.id == list_id, UploadedList.kind == kind)
    row = connection.execute(query).one_or_none()
    return StoredList(*row) if row else None


def latest_done(connection: Connection, kind: ListKind, subject: str = "") -> list[StoredList]:
    """Return the last `MOST_LISTED` imported lists of this kind and subject, the newest first."""
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
    """Store the decisions (JSON) that the uploader made about a list before its import."""
    connection.execute(
        update(UploadedList).where(UploadedList.id == list_id).values(choices=choices)
    )


def set_done(connection: Connection, list_id: str, changes: bytes, *, now_ms: int) -> None:
    """Store the changes (JSON) that the import of a list made, and delete the file's content."""
    values = {"content": b"", "changes": changes, "done_ms": now_ms}
    connection.execute(update(UploadedList).where(UploadedList.id == list_id).values(**values))


def set_undone(connection: Connection, list_id: str, *, now_ms: int) -> None:
    """Store the time at which a user took an import back."""
    connection.execute(
        update(UploadedList).where(UploadedList.id == list_id).values(undone_ms=now_ms)
    )


def remembered_fields(connection: Connection) -> dict[str, str]:
    """Return the fields that users assigned to column headings, by heading.

    Headings are in lower case without accents. An empty field means that the column is ignored.
    """
    return dict(connection.execute(select(HeadingChoice.heading, HeadingChoice.field)).all())


def remember_fields(connection: Connection, fields: Mapping[str, str]) -> None:
    """Store the fields that a user assigned to these column headings, for the next list."""
    if fields:
        connection.execute(delete(HeadingChoice).where(HeadingChoice.heading.in_(sorted(fields))))
        connection.execute(
            insert(HeadingChoice),
            [{"heading": heading, "field": field} for heading, field in fields.items()],
        )


def unit_aliases(connection: Connection) -> dict[str, str]:
    """Return the codes of the units that users chose for names on lists, by these names."""
    return dict(connection.execute(select(UnitAlias.name, UnitAlias.unit)).all())


def remember_units(connection: Connection, units: Mapping[str, str]) -> None:
    """Store the unit that a user chose for every name, for the next list; "" forgets the choice."""
    if units:
        connection.execute(delete(UnitAlias).where(UnitAlias.name.in_(sorted(units))))
    rows = [{"name": name, "unit": unit} for name, unit in units.items() if unit]
    if rows:
        connection.execute(insert(UnitAlias), rows)
