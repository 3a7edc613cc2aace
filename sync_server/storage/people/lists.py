"""Store the list files that users upload, with the changes that importing them made.

Also remember the users' choices: which column heading means which field, and which name means which
unit.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple

import uuid_utils
from sqlalchemy import Connection, delete, insert, select, update

from sync_server.domain.records.codes import DAY_MS
from sync_server.storage.models import HeadingChoice, UnitAlias, UploadedList
from sync_server.storage.prepared import columns_of

DRAFT_LIFE_MS = 2 * DAY_MS
"""A draft contains personal data, so it is deleted two days after its upload, when somebody next
uploads a list."""

MOST_LISTED = 20

ListKind = Literal["people", "places", "roll", "attendance"]


class StoredList(NamedTuple):
    """A list file that a user uploaded, with its state.

    The model `UploadedList` explains the other fields. `id` is a UUIDv7, `kind` is people, places,
    roll or attendance, and `who` is the user's account. Times are in ms since 1970 UTC. `done_ms`
    is None for a draft, `undone_ms` None unless the import was taken back.
    """

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
    """Store an uploaded file as a draft, and return its id. Delete drafts older than two days.

    `name` is the file's name, `who` the user's account, and `choices` the user's decisions (JSON).
    `subject` is the meeting of a list of attendance or of summoned people, else empty.
    """
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
    """Return the uploaded list with this id, if it is of this kind; otherwise return None."""
    query = select(*_COLUMNS).where(UploadedList.id == list_id, UploadedList.kind == kind)
    row = connection.execute(query).one_or_none()
    return StoredList(*row) if row else None


def latest_done(connection: Connection, kind: ListKind, subject: str = "") -> list[StoredList]:
    """Return the last 20 imported lists of a kind (`MOST_LISTED`), the newest first.

    `subject` is a meeting's id, empty for lists of people or places.
    """
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
    """Store the decisions (JSON) that a user made about an uploaded list before its import."""
    connection.execute(
        update(UploadedList).where(UploadedList.id == list_id).values(choices=choices)
    )


def set_done(connection: Connection, list_id: str, changes: bytes, *, now_ms: int) -> None:
    """Mark a list as imported, and delete the content of its file.

    `changes` (JSON) are the changes that the import made, needed to undo it.
    """
    values = {"content": b"", "changes": changes, "done_ms": now_ms}
    connection.execute(update(UploadedList).where(UploadedList.id == list_id).values(**values))


def set_undone(connection: Connection, list_id: str, *, now_ms: int) -> None:
    """Mark a list's import as taken back at `now_ms`. Its changes must be reversed separately."""
    connection.execute(
        update(UploadedList).where(UploadedList.id == list_id).values(undone_ms=now_ms)
    )


def remembered_fields(connection: Connection) -> dict[str, str]:
    """Return the fields that users have assigned to the column headings of lists, by heading.

    Headings are in lower case without accents. An empty field means that the column is ignored.
    """
    return dict(connection.execute(select(HeadingChoice.heading, HeadingChoice.field)).all())


def remember_fields(connection: Connection, fields: Mapping[str, str]) -> None:
    """Store which field (value) a user assigned to which column heading (key), for the next list.

    Choices for other headings stay unchanged.
    """
    if fields:
        connection.execute(delete(HeadingChoice).where(HeadingChoice.heading.in_(sorted(fields))))
        connection.execute(
            insert(HeadingChoice),
            [{"heading": heading, "field": field} for heading, field in fields.items()],
        )


def unit_aliases(connection: Connection) -> dict[str, str]:
    """Return the codes of units that users have chosen for names in lists, by name.

    Names that no user has assigned to a unit are left out.
    """
    return dict(connection.execute(select(UnitAlias.name, UnitAlias.unit)).all())


def remember_units(connection: Connection, units: Mapping[str, str]) -> None:
    """Store which unit (value, a code) a user chose for which name (key), for the next list.

    An empty code forgets the choice for that name.
    """
    if units:
        connection.execute(delete(UnitAlias).where(UnitAlias.name.in_(sorted(units))))
    rows = [{"name": name, "unit": unit} for name, unit in units.items() if unit]
    if rows:
        connection.execute(insert(UnitAlias), rows)
