"""Streams: the gapless order in which a reader of one (meeting, point) meets its records.

A position is handed out while the stream's row is locked, so that a reader with a cursor never
skips a record that commits late. A record stands in its own point's stream, and is *listed* in
those of other points that it concerns.
"""

import secrets
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, Row, and_, bindparam, insert, select, update

from sync_server.database import is_alone
from sync_server.domain.clock import Clocks, Moment
from sync_server.domain.forms import known_record
from sync_server.domain.records import Record
from sync_server.storage.models import LedgerRow, Listing, MeetingLock, Node, Stream, Summons
from sync_server.storage.prepared import Prepared, in_points
from sync_server.storage.sightings import clocks_of


class StreamKey(NamedTuple):
    """Streams are locked in the order of these keys."""

    meeting: str
    point: str


class RecordKey(NamedTuple):
    """One form of one record."""

    id: str
    fingerprint: str


class Page(NamedTuple):
    """What is new in a stream: records with their corrected moments, and where to go on."""

    records: list[tuple[bytes, Moment]]
    cursor: str
    has_more: bool


def epoch(connection: Connection) -> str | None:
    """Return this database's epoch; None before its first stream."""
    return connection.scalar(select(Node.epoch))


def by_meeting(keys: Iterable[StreamKey]) -> dict[str, list[str]]:
    """Group streams, so that one statement reads those of a meeting: its points, in order."""
    grouped: dict[str, list[str]] = {}
    for key in sorted(set(keys)):
        grouped.setdefault(key.meeting, []).append(key.point)
    return grouped


def lock_meetings(connection: Connection, meetings: Iterable[str], *, is_sole: bool) -> None:
    """Let others add to these meetings meanwhile, or nobody else.

    A roll lists records in streams that it must know of: none may begin beside it.
    """
    if is_alone(connection):
        return
    for meeting in sorted(set(meetings)):
        own = select(MeetingLock.meeting).where(MeetingLock.meeting == meeting)
        if connection.scalar(own.with_for_update(read=not is_sole)) is None:
            connection.execute(insert(MeetingLock).values(meeting=meeting))


def lock(connection: Connection, keys: Iterable[StreamKey]) -> dict[StreamKey, int]:
    """Lock the streams in sorted order, making those that are new; return their heads."""
    wanted = sorted(set(keys))
    if not wanted:
        return {}
    if not is_alone(connection):
        locking = update(Stream).where(*_OWN).values(head=Stream.head)
        rows = [{"own_meeting": key.meeting, "own_point": key.point} for key in wanted]
        connection.execute(locking, rows)
    heads: dict[StreamKey, int] = {}
    for meeting, points in by_meeting(wanted).items():
        for point, head in _HEADS.rows(connection, meeting=meeting, points=points):
            heads[StreamKey(meeting, point)] = head
    _begin(connection, [key for key in wanted if key not in heads])
    return {key: heads.get(key, 0) for key in wanted}


_OWN = (Stream.meeting == bindparam("own_meeting"), Stream.point == bindparam("own_point"))
_LISTED = and_(LedgerRow.id == Listing.id, LedgerRow.fingerprint == Listing.fingerprint)
_EXTENDING = Prepared(update(Stream).where(*_OWN).values(head=bindparam("new_head")))
_HEADS = Prepared(select(Stream.point, Stream.head).where(*in_points(Stream)))
_OWN_RECORDS = Prepared(select(LedgerRow.point, LedgerRow.record).where(*in_points(LedgerRow)))
_LISTED_RECORDS = Prepared(
    select(Listing.point, LedgerRow.record).join(LedgerRow, _LISTED).where(*in_points(Listing))
)


def _begin(connection: Connection, keys: Sequence[StreamKey]) -> None:
    """Make streams, and with a database's first one its epoch."""
    if not keys:
        return
    rows = [{"meeting": k.meeting, "point": k.point, "head": 0, "roster_rev": ""} for k in keys]
    connection.execute(insert(Stream), rows)
    if epoch(connection) is None:
        connection.execute(insert(Node).values(epoch="e" + secrets.token_hex(4)))


def extend(connection: Connection, heads: dict[StreamKey, int]) -> None:
    """Write the new heads of locked streams."""
    _EXTENDING.run(
        connection,
        [
            {"own_meeting": key.meeting, "own_point": key.point, "new_head": head}
            for key, head in heads.items()
        ],
    )


def of_meeting(connection: Connection, meeting: str) -> list[StreamKey]:
    """Return every stream of a meeting."""
    points = connection.scalars(select(Stream.point).where(Stream.meeting == meeting))
    return [StreamKey(meeting, point) for point in points]


def of_person(
    connection: Connection, meetings: Sequence[str], people: Sequence[str]
) -> set[StreamKey]:
    """Return the streams of these meetings in which any of these people stands."""
    found: set[StreamKey] = set()
    for start in range(0, len(people), CHUNK):
        chunk = people[start : start + CHUNK]
        for table in (LedgerRow, Summons):
            rows = connection.execute(
                select(table.meeting, table.point)
                .where(table.meeting.in_(meetings), table.person.in_(chunk))
                .distinct()
            )
            found |= {StreamKey(*row) for row in rows}
    return found


CHUNK = 500
"""People to a statement: well below every engine's bound on parameters."""


def everything(connection: Connection) -> list[StreamKey]:
    """Return every stream there is, in the order in which they are locked."""
    rows = connection.execute(select(Stream.meeting, Stream.point))
    return sorted(StreamKey(*row) for row in rows)


def roster_rev(connection: Connection, key: StreamKey) -> str:
    """Return the revision of the point's roster, empty before its first roll."""
    own = and_(Stream.meeting == key.meeting, Stream.point == key.point)
    return connection.scalar(select(Stream.roster_rev).where(own)) or ""


def records_of(connection: Connection, keys: Iterable[StreamKey]) -> dict[StreamKey, list[Record]]:
    """Return all that each of these streams lists."""
    found: dict[StreamKey, list[Record]] = {key: [] for key in keys}
    for meeting, points in by_meeting(found).items():
        for query in (_OWN_RECORDS, _LISTED_RECORDS):
            for point, record in query.rows(connection, meeting=meeting, points=points):
                found[StreamKey(meeting, point)].append(known_record(record))
    return found


def read(connection: Connection, key: StreamKey, cursor: str, limit: int) -> Page:
    """Read on from a cursor; one that is `"0"`, foreign or illegible starts afresh."""
    own_epoch = epoch(connection)
    after = _position(cursor, own_epoch)
    rows = _rows(connection, key, after, limit + 1)
    page = rows[:limit]
    clocks: Clocks = clocks_of(connection, {row.device for row in page})
    records = [(row.record, clocks.moment_of(known_record(row.record))) for row in page]
    head = page[-1].position if page else after
    return Page(records, f"{own_epoch}:{head}" if own_epoch else cursor, len(rows) > limit)


def _position(cursor: str, own_epoch: str | None) -> int:
    given_epoch, _, position = cursor.partition(":")
    # Longer than any position that was ever given out: not ours, whatever it says.
    is_ours = given_epoch == own_epoch and position.isascii() and position.isdecimal()
    return int(position) if is_ours and len(position) < 19 else 0


def _rows(
    connection: Connection, key: StreamKey, after: int, limit: int | None
) -> Sequence[Row[tuple[int, str, bytes]]]:
    own = (
        select(LedgerRow.position, LedgerRow.device, LedgerRow.record)
        .where(
            LedgerRow.meeting == key.meeting,
            LedgerRow.point == key.point,
            LedgerRow.position > after,
        )
        .order_by(LedgerRow.position)
        .limit(limit)
    )
    listed = (
        select(Listing.position, LedgerRow.device, LedgerRow.record)
        .join(LedgerRow, _LISTED)
        .where(Listing.meeting == key.meeting, Listing.point == key.point, Listing.position > after)
        .order_by(Listing.position)
        .limit(limit)
    )
    both = [*connection.execute(own), *connection.execute(listed)]
    return sorted(both, key=lambda row: row.position)[:limit]
