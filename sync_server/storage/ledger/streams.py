"""Streams: the gapless order in which a reader of one (meeting, point) receives its records.

A position is assigned while the stream's row is locked, so that a reader with a cursor never
skips a record that commits late. A record stands in its home stream, the stream of its point,
and is *listed* in the streams of other points that it touches.
"""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, Row, and_, bindparam, insert, select, update

from sync_server.database import is_only_writer
from sync_server.domain.judging.clocks import Clocks, devices_of
from sync_server.domain.records.forms import decode_canonical
from sync_server.domain.records.kinds import Record, Ruling
from sync_server.storage.ledger.sightings import clocks_of
from sync_server.storage.models import LedgerRow, Listing, MeetingLock, Node, Stream, Summons
from sync_server.storage.prepared import Prepared, in_chunks, in_points


class StreamKey(NamedTuple):
    """The key of a stream. Streams are locked in the order of these keys."""

    meeting: str
    point: str


class RecordKey(NamedTuple):
    """The ledger's primary key: a record's id, and the sha256 of its canonical bytes."""

    id: str
    fingerprint: str


class Page(NamedTuple):
    """The next part of a stream, and the cursor after it.

    `records`: canonical bytes, the corrected time, and that of the record that a ruling releases.
    """

    records: list[tuple[bytes, int, int | None]]
    cursor: str
    has_more: bool


def epoch(connection: Connection) -> str | None:
    """Return this database's epoch; None before its first stream."""
    return connection.scalar(select(Node.epoch))


def by_meeting(keys: Iterable[StreamKey]) -> dict[str, list[str]]:
    """Group streams by meeting, points sorted, so that one statement reads a meeting's streams."""
    grouped: dict[str, list[str]] = {}
    for key in sorted(set(keys)):
        grouped.setdefault(key.meeting, []).append(key.point)
    return grouped


def lock_meetings(connection: Connection, meetings: Iterable[str], *, is_sole: bool) -> None:
    """Lock meetings, shared with other writers or, with `is_sole`, alone.

    A roll lists records in all streams that exist: no stream may begin at the same time.
    """
    if is_only_writer(connection):
        return
    for meeting in sorted(set(meetings)):
        query = select(MeetingLock.meeting).where(MeetingLock.meeting == meeting)
        if connection.scalar(query.with_for_update(read=not is_sole)) is None:
            connection.execute(insert(MeetingLock).values(meeting=meeting))


def lock(connection: Connection, keys: Iterable[StreamKey]) -> dict[StreamKey, int]:
    """Lock the streams in sorted order, creating new ones; return their heads."""
    wanted = sorted(set(keys))
    if not wanted:
        return {}
    heads: dict[StreamKey, int] = {}
    for meeting, points in by_meeting(wanted).items():
        for point, head in _LOCK_HEADS.rows(connection, meeting=meeting, points=points):
            heads[StreamKey(meeting, point)] = head
    _create_streams(connection, [key for key in wanted if key not in heads])
    return {key: heads.get(key, 0) for key in wanted}


_THIS_STREAM = (
    Stream.meeting == bindparam("stream_meeting"),
    Stream.point == bindparam("stream_point"),
)
_LISTED = and_(LedgerRow.id == Listing.id, LedgerRow.fingerprint == Listing.fingerprint)
_WRITE_HEAD = Prepared(update(Stream).where(*_THIS_STREAM).values(head=bindparam("new_head")))
_LOCK_HEADS = Prepared(
    select(Stream.point, Stream.head)
    .where(*in_points(Stream))
    .order_by(Stream.point)
    .with_for_update()
)
_HOME_RECORDS = Prepared(select(LedgerRow.point, LedgerRow.record).where(*in_points(LedgerRow)))
_LISTED_RECORDS = Prepared(
    select(Listing.point, LedgerRow.record).join(LedgerRow, _LISTED).where(*in_points(Listing))
)


def _create_streams(connection: Connection, keys: Sequence[StreamKey]) -> None:
    """Create these streams; if they are the database's first, store a new random epoch too."""
    if not keys:
        return
    rows = [{"meeting": k.meeting, "point": k.point, "head": 0, "roster_rev": ""} for k in keys]
    connection.execute(insert(Stream), rows)
    if epoch(connection) is None:
        connection.execute(insert(Node).values(epoch="e" + secrets.token_hex(4)))


def write_heads(connection: Connection, heads: dict[StreamKey, int]) -> None:
    """Write the new heads of locked streams."""
    _WRITE_HEAD.run(
        connection,
        [
            {"stream_meeting": key.meeting, "stream_point": key.point, "new_head": head}
            for key, head in heads.items()
        ],
    )


def of_meeting(connection: Connection, meeting: str) -> list[StreamKey]:
    """Return every stream of a meeting."""
    points = connection.scalars(select(Stream.point).where(Stream.meeting == meeting))
    return [StreamKey(meeting, point) for point in points]


def of_people(
    connection: Connection, meetings: Sequence[str], people: Sequence[str]
) -> set[StreamKey]:
    """Return the streams of these meetings that record or summon any of these people."""
    keys: set[StreamKey] = set()
    for chunk in in_chunks(people):
        for table in (LedgerRow, Summons):
            rows = connection.execute(
                select(table.meeting, table.point)
                .where(table.meeting.in_(meetings), table.person.in_(chunk))
                .distinct()
            )
            keys |= {StreamKey(*row) for row in rows}
    return keys


def all_streams(connection: Connection) -> list[StreamKey]:
    """Return all streams, in the order in which they are locked."""
    rows = connection.execute(select(Stream.meeting, Stream.point))
    return sorted(StreamKey(*row) for row in rows)


def roster_rev(connection: Connection, key: StreamKey) -> str:
    """Return the revision of a point's roster at a meeting; empty before its first roll."""
    this_stream = and_(Stream.meeting == key.meeting, Stream.point == key.point)
    return connection.scalar(select(Stream.roster_rev).where(this_stream)) or ""


def records_of(connection: Connection, keys: Iterable[StreamKey]) -> dict[StreamKey, list[Record]]:
    """Return all records that stand in these streams, by stream."""
    records: dict[StreamKey, list[Record]] = {key: [] for key in keys}
    for meeting, points in by_meeting(records).items():
        for query in (_HOME_RECORDS, _LISTED_RECORDS):
            for point, record in query.rows(connection, meeting=meeting, points=points):
                records[StreamKey(meeting, point)].append(decode_canonical(record))
    return records


def heads_of(connection: Connection, meeting: str) -> dict[str, int]:
    """Return the last position in use in the streams of a meeting, by point."""
    query = select(Stream.point, Stream.head).where(Stream.meeting == meeting)
    return dict(connection.execute(query.order_by(Stream.point)).all())


def records_up_to(
    connection: Connection, heads: Mapping[StreamKey, int]
) -> dict[StreamKey, list[Record]]:
    """Return the records of streams as they stood when they had grown to these positions."""
    return {
        key: [
            decode_canonical(row.record)
            for row in _rows(connection, key, 0, None)
            if row.position <= head
        ]
        for key, head in heads.items()
    }


def read(connection: Connection, key: StreamKey, cursor: str, limit: int) -> Page:
    """Read on from a cursor; `"0"` and foreign or illegible cursors start from the beginning."""
    current_epoch = epoch(connection)
    after = _position(cursor, current_epoch)
    rows = _rows(connection, key, after, limit + 1)
    page = rows[:limit]
    decoded = [decode_canonical(row.record) for row in page]
    clocks: Clocks = clocks_of(connection, devices_of(decoded))
    records = [
        (row.record, clocks.corrected_time_of(record).at_ms, _released_at_ms(record, clocks))
        for row, record in zip(page, decoded, strict=True)
    ]
    head = page[-1].position if page else after
    return Page(records, f"{current_epoch}:{head}" if current_epoch else cursor, len(rows) > limit)


def _released_at_ms(record: Record, clocks: Clocks) -> int | None:
    released = record.body.record if isinstance(record, Ruling) else None
    return clocks.corrected_time_of(released).at_ms if released else None


def _position(cursor: str, current_epoch: str | None) -> int:
    cursor_epoch, _, position = cursor.partition(":")
    # No position that was ever assigned has 19 digits, so such a cursor is not ours.
    is_ours = cursor_epoch == current_epoch and position.isascii() and position.isdecimal()
    return int(position) if is_ours and len(position) < 19 else 0


def _rows(
    connection: Connection, key: StreamKey, after: int, limit: int | None
) -> Sequence[Row[tuple[int, bytes]]]:
    home_query = (
        select(LedgerRow.position, LedgerRow.record)
        .where(
            LedgerRow.meeting == key.meeting,
            LedgerRow.point == key.point,
            LedgerRow.position > after,
        )
        .order_by(LedgerRow.position)
        .limit(limit)
    )
    listed_query = (
        select(Listing.position, LedgerRow.record)
        .join(LedgerRow, _LISTED)
        .where(Listing.meeting == key.meeting, Listing.point == key.point, Listing.position > after)
        .order_by(Listing.position)
        .limit(limit)
    )
    both = [*connection.execute(home_query), *connection.execute(listed_query)]
    return sorted(both, key=lambda row: row.position)[:limit]
