"""Store notes on telephone calls to points (halls) from which no device has reported yet.

Notes are never deleted.
"""

from typing import NamedTuple

import uuid_utils
from sqlalchemy import Connection, insert, select

from sync_server.storage.models import CallNote
from sync_server.storage.prepared import columns_of


class StoredCallNote(NamedTuple):
    """A note on a telephone call to a point (a hall), written by the account `by`.

    `point` is the hall's code. `at_ms` is the time of the note in ms since 1970 UTC.
    """

    point: str
    text: str
    by: str
    at_ms: int


LONGEST_NOTE = 200
_COLUMNS = columns_of(StoredCallNote, CallNote)


def add(connection: Connection, meeting: str, line: StoredCallNote) -> None:
    """Store a note on a telephone call to a point (a hall) of a meeting.

    `meeting` is the meeting's id; `line` contains the note and the hall's code.
    """
    values = line._asdict() | {"id": str(uuid_utils.uuid7()), "meeting": meeting}
    connection.execute(insert(CallNote).values(values))


def of_meeting(connection: Connection, meeting: str) -> dict[str, list[StoredCallNote]]:
    """Return {point code: notes on telephone calls to the point (hall)} of a meeting.

    The notes on a point are sorted from the latest to the earliest. Points without a note are
    left out.
    """
    query = select(*_COLUMNS).where(CallNote.meeting == meeting)
    notes: dict[str, list[StoredCallNote]] = {}
    for row in connection.execute(query.order_by(CallNote.at_ms.desc(), CallNote.id.desc())):
        notes.setdefault(row.point, []).append(StoredCallNote(*row))
    return notes
