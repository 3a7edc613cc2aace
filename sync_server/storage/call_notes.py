"""Notes on calls to points that have not reported: when, and who promised what. All stay."""

from typing import NamedTuple

import uuid_utils
from sqlalchemy import Connection, insert, select

from sync_server.storage.models import CallNote
from sync_server.storage.prepared import columns_of


class CallNoteLine(NamedTuple):
    """A note on a call to a point; `by`: the account that wrote it."""

    point: str
    text: str
    by: str
    at_ms: int


LONGEST_NOTE = 200
_COLUMNS = columns_of(CallNoteLine, CallNote)


def add(connection: Connection, meeting: str, line: CallNoteLine) -> None:
    """Add a note."""
    values = line._asdict() | {"id": str(uuid_utils.uuid7()), "meeting": meeting}
    connection.execute(insert(CallNote).values(values))


def of_meeting(connection: Connection, meeting: str) -> dict[str, list[CallNoteLine]]:
    """Return a meeting's notes by point, the latest first."""
    query = select(*_COLUMNS).where(CallNote.meeting == meeting)
    notes: dict[str, list[CallNoteLine]] = {}
    for row in connection.execute(query.order_by(CallNote.at_ms.desc(), CallNote.id.desc())):
        notes.setdefault(row.point, []).append(CallNoteLine(*row))
    return notes
