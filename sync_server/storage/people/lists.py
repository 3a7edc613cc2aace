"""Store the list files that users upload, and the changes that were made by importing them.

Also store the users' choices for later lists: which field a column heading means, and which unit
or hall a name means.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple

import uuid_utils
from sqlalchemy import Connection, delete, insert, select, update

from sync_server.domain.records.codes import DAY_MS
from sync_server.storage.models import HeadingChoice, PlaceAlias, UploadedList
from sync_server.storage.prepared import columns_of

DRAFT_LIFE_MS = 2 * DAY_MS
"""The time in ms, two days, for which a draft (a list that has not been imported yet) is kept. It
contains personal data, so it is deleted after that, when somebody next uploads a list."""

MOST_LISTED = 20

ListKind = Literal["people", "places", "roll", "attendance"]
PlaceKind = Literal["unit", "point"]


class StoredList(NamedTuple):
    """A list file that a user uploaded, and what has been done with it.

    `id` is a UUIDv7, and `who` is the user's account. `kind` is people, places, roll (a list of
    people summoned to a meeting) or attendance. Times are in ms since 1970 UTC. `done_ms` is
    None if the list has not been imported yet, and `undone_ms` is None unless the import has
    been undone. The model `UploadedList` explains the other fields.
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
    """Store an uploaded file as a draft (not yet imported), and return the draft's id.

    `name` is the file's name, `who` the user's account, and `choices` the user's decisions (JSON).
    `subject` is the meeting's id for a list of attendance or of summoned people, and empty for
    other lists. Drafts older than two days are deleted.
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
    """Return the uploaded list with this id and of this kind; None if there is no such list."""
    query = select(*_COLUMNS).where(UploadedList.id == list_id, UploadedList.kind == kind)
    row = connection.execute(query).one_or_none()
    return StoredList(*row) if row else None


def latest_done(connection: Connection, kind: ListKind, subject: str = "") -> list[StoredList]:
    """Return the lists of a kind that were imported last, the newest first.

    At most 20 lists (`MOST_LISTED`) are returned. `subject` is the meeting's id, or empty for lists
    of people or places.
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


def all_done(connection: Connection) -> list[StoredList]:
    """Return all lists that were imported, in no particular order."""
    query = select(*_COLUMNS).where(UploadedList.done_ms.is_not(None))
    return [StoredList(*row) for row in connection.execute(query)]


def put_changes(connection: Connection, list_id: str, changes: bytes) -> None:
    """Replace the stored description of the changes that a list's import made.

    `changes` (JSON) is the new description, without the people whose data must be removed. The
    decisions that the user made before the import are deleted, because they may name these people,
    too.
    """
    values = {"changes": changes, "choices": b"{}"}
    connection.execute(update(UploadedList).where(UploadedList.id == list_id).values(**values))


def set_choices(connection: Connection, list_id: str, choices: bytes) -> None:
    """Store the decisions (JSON) that a user has made about an uploaded list before its import."""
    connection.execute(
        update(UploadedList).where(UploadedList.id == list_id).values(choices=choices)
    )


def set_done(connection: Connection, list_id: str, changes: bytes, *, now_ms: int) -> None:
    """Mark a list as imported at `now_ms`, and delete the content of the uploaded file.

    `changes` (JSON) describes the changes made by the import, so that they can be undone.
    """
    values = {"content": b"", "changes": changes, "done_ms": now_ms}
    connection.execute(update(UploadedList).where(UploadedList.id == list_id).values(**values))


def set_undone(connection: Connection, list_id: str, *, now_ms: int) -> None:
    """Mark a list's import as undone at `now_ms`.

    This does not reverse the changes that the import made; the caller must reverse them.
    """
    connection.execute(
        update(UploadedList).where(UploadedList.id == list_id).values(undone_ms=now_ms)
    )


def remembered_fields(connection: Connection) -> dict[str, str]:
    """Return the choices that users made for unknown column headings of uploaded lists of people.

    The result is {heading: field of a person's entry, such as `full_name`}. Headings are in lower
    case without accents. The field is empty if the column must not be read.
    """
    return dict(connection.execute(select(HeadingChoice.heading, HeadingChoice.field)).all())


def remember_fields(connection: Connection, fields: Mapping[str, str]) -> None:
    """Store which fields a user has assigned to column headings, so that later lists can use them.

    The keys of `fields` are the headings, and its values the fields. Choices for other headings
    stay unchanged.
    """
    if fields:
        connection.execute(delete(HeadingChoice).where(HeadingChoice.heading.in_(sorted(fields))))
        connection.execute(
            insert(HeadingChoice),
            [{"heading": heading, "field": field} for heading, field in fields.items()],
        )


def aliases(connection: Connection, kind: PlaceKind) -> dict[str, str]:
    """Return {name in lists: code of the unit or hall that a user has chosen for the name}.

    `kind` is `unit` or `point` (hall). Names for which no user has chosen a code are left out.
    """
    query = select(PlaceAlias.name, PlaceAlias.code).where(PlaceAlias.kind == kind)
    return dict(connection.execute(query).all())


def remember_places(connection: Connection, kind: PlaceKind, codes: Mapping[str, str]) -> None:
    """Store which units or halls a user has chosen for names, so that later lists can use them.

    The keys of `codes` are the names in the list. An empty code deletes the stored choice for the
    name.
    """
    if codes:
        of_names = (PlaceAlias.kind == kind) & PlaceAlias.name.in_(sorted(codes))
        connection.execute(delete(PlaceAlias).where(of_names))
    rows = [{"kind": kind, "name": name, "code": code} for name, code in codes.items() if code]
    if rows:
        connection.execute(insert(PlaceAlias), rows)
