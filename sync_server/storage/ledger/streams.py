"""Store streams: the ordered records that concern one point (a hall) at one meeting.

A reader remembers the position up to which it has read, its cursor. A record gets the next position
while the stream's row is locked, so a reader never misses a record that is committed late. A record
belongs to the stream of the point where it was made, and is *listed* in the streams of other points
that it concerns.
"""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import (
    Connection,
    and_,
    bindparam,
    func,
    insert,
    literal_column,
    select,
    union_all,
    update,
)

from sync_server.database import busy
from sync_server.domain.judging.clocks import Clocks, devices_of
from sync_server.domain.records.forms import decode_canonical
from sync_server.domain.records.kinds import Record, Ruling
from sync_server.storage.ledger.sightings import clocks_of
from sync_server.storage.models import LedgerRow, Listing, Node, Stream, Summons
from sync_server.storage.prepared import CompiledStatement, in_chunks, in_points


class StreamKey(NamedTuple):
    """The primary key of a stream (the records that concern one hall at one meeting).

    `point` is the code of the hall. Streams are always locked in the order of these keys, so
    that no deadlock can occur.
    """

    meeting: str
    point: str


class StreamVersion(NamedTuple):
    """The version of a stream that a transaction sees.

    A stream is all records that concern one hall at one meeting. `revision` rises whenever
    something may have changed the attendance in the hall, also without a new record. `head` is
    the last position used in the stream.
    """

    revision: int
    head: int


class RecordKey(NamedTuple):
    """The primary key of a stored record: its id, and the sha256 of its canonical JSON bytes."""

    id: str
    fingerprint: str


class Page(NamedTuple):
    """The next records of a stream (records of one hall at one meeting), and the new cursor.

    The cursor shows how far the stream has been read. Every record is a tuple: canonical JSON
    bytes, corrected time, and, if the record is a decision of headquarters that another record
    counts, the corrected time of that other record, otherwise None. Times are in ms since 1970
    UTC. `roster_rev` is a hash of the hall's list of summoned people, or "" if none is stored.
    A device compares it with that of its own copy of the list.
    """

    records: list[tuple[bytes, int, int | None]]
    cursor: str
    has_more: bool
    roster_rev: str


def epoch(connection: Connection) -> str | None:
    """Return the random code of this database; None if the database has no records yet.

    The code is part of every cursor (a reader's position in the records), so that a cursor from
    another database is recognised.
    """
    rows = _EPOCH.rows(connection)
    return str(rows[0][0]) if rows else None


def lineage(connection: Connection) -> str | None:
    """Return the code with which every cursor begins; None if the database has no records yet.

    A cursor is a reader's position in the records. The code is the random code of the database (its
    epoch). On PostgreSQL, the timeline follows once it is above 1: a number that rises when a
    standby server takes over from the leader.

    The old leader may have shown readers a record that had not reached the standby and was never
    confirmed as stored. The new leader may give the position of this record to another record.
    Therefore readers must begin again after every take-over.
    """
    return _lineage_of(connection, epoch(connection))


def _lineage_of(connection: Connection, current_epoch: str | None) -> str | None:
    if connection.dialect.name == "sqlite":
        return current_epoch
    timeline = _timeline(connection)
    return f"{current_epoch}-{timeline}" if current_epoch and timeline > 1 else current_epoch


def _timeline(connection: Connection) -> int:
    """Return a PostgreSQL server's timeline, which is 1 before the first take-over.

    The timeline is a number that rises whenever a standby server takes over as the leader. A leader
    ends all connections when it stops being the leader, so every connection asks for the timeline
    only once.

    Raises: DatabaseBusy if the server is a standby. It may lack records that readers have seen, and
    does not end its connections when it takes over.
    """
    if TIMELINE not in connection.info:
        wal_file = connection.exec_driver_sql(
            "SELECT pg_walfile_name(pg_current_wal_insert_lsn()) WHERE NOT pg_is_in_recovery()"
        ).scalar()
        if wal_file is None:
            connection.invalidate()
            raise busy()
        connection.info[TIMELINE] = int(wal_file[:8], 16)
    timeline: int = connection.info[TIMELINE]
    return timeline


TIMELINE = "timeline"
"""The key under which a pooled connection keeps the timeline of its PostgreSQL server: a number
that rises whenever a standby server takes over as the leader."""


def renew_epoch(connection: Connection) -> None:
    """Give the database a new random code, so that readers read all records again.

    The code is part of every cursor (a reader's position in the records). Cursors with the old code
    are no longer accepted.
    """
    connection.execute(update(Node).values(epoch=_new_epoch()))


def _new_epoch() -> str:
    return "e" + secrets.token_hex(4)


def by_meeting(keys: Iterable[StreamKey]) -> dict[str, list[str]]:
    """Group streams by meeting, so that one database query can read all streams of a meeting.

    A stream is the records of one point (a hall) at one meeting. The result maps a meeting's id to
    its point codes, sorted and each only once.
    """
    grouped: dict[str, list[str]] = {}
    for key in sorted(set(keys)):
        grouped.setdefault(key.meeting, []).append(key.point)
    return grouped


def lock_meetings(connection: Connection, meetings: Iterable[str], *, is_sole: bool) -> None:
    """Lock meetings until the transaction ends; shut out all other writers only if `is_sole`.

    If `is_sole` is False, other writers may share the lock. A roll (a list of summoned people) adds
    records to all streams of the meeting; a stream is all records that concern one hall. The writer
    of a roll needs the sole lock, so that nobody creates another stream meanwhile. SQLite has only
    one writer at a time and needs no lock; PostgreSQL keeps the lock in memory (an advisory lock),
    by a hash of the meeting's id.
    """
    if connection.dialect.name == "sqlite":
        return
    statement = _LOCK_ALONE if is_sole else _SHARE_LOCK
    for meeting in sorted(set(meetings)):
        statement.rows(connection, meeting=meeting)


def lock(connection: Connection, keys: Iterable[StreamKey]) -> dict[StreamKey, int]:
    """Lock streams in sorted order until the transaction ends; create those that do not exist.

    A stream is all records that concern one hall at one meeting. Return {stream key: last
    position used in the stream}, with 0 for a new stream.
    """
    wanted = sorted(set(keys))
    if not wanted:
        return {}
    heads: dict[StreamKey, int] = {}
    for meeting, points in by_meeting(wanted).items():
        for point, head in _LOCK_HEADS.rows(connection, meeting=meeting, points=points):
            heads[StreamKey(meeting, point)] = head
    if new_keys := [key for key in wanted if key not in heads]:
        _create_streams(connection, new_keys)
    return {key: heads.get(key, 0) for key in wanted}


_THIS_STREAM = (
    Stream.meeting == bindparam("stream_meeting"),
    Stream.point == bindparam("stream_point"),
)
_MEETING_NUMBER = func.hashtextextended(bindparam("meeting"), literal_column("0"))
_LOCK_ALONE = CompiledStatement(select(func.pg_advisory_xact_lock(_MEETING_NUMBER)))
_SHARE_LOCK = CompiledStatement(select(func.pg_advisory_xact_lock_shared(_MEETING_NUMBER)))
_EPOCH = CompiledStatement(select(Node.epoch))
_STATE = CompiledStatement(
    select(Node.epoch, Stream.head, Stream.roster_rev).join(
        Stream, and_(*_THIS_STREAM), isouter=True
    )
)
_LISTED = and_(LedgerRow.id == Listing.id, LedgerRow.fingerprint == Listing.fingerprint)
_WRITE_HEAD = CompiledStatement(
    update(Stream)
    .where(*_THIS_STREAM)
    .values(head=bindparam("new_head"), revision=Stream.revision + literal_column("1"))
)
_LOCK_HEADS = CompiledStatement(
    select(Stream.point, Stream.head)
    .where(*in_points(Stream))
    .order_by(Stream.point)
    .with_for_update()
)
_HOME_RECORDS = CompiledStatement(
    select(LedgerRow.point, LedgerRow.record).where(*in_points(LedgerRow))
)
_LISTED_RECORDS = CompiledStatement(
    select(Listing.point, LedgerRow.record).join(LedgerRow, _LISTED).where(*in_points(Listing))
)
_RECORDS_AFTER = CompiledStatement(
    union_all(
        select(LedgerRow.position, LedgerRow.record).where(
            LedgerRow.meeting == bindparam("meeting"),
            LedgerRow.point == bindparam("point"),
            LedgerRow.position > bindparam("after"),
            LedgerRow.position <= bindparam("last"),
        ),
        select(Listing.position, LedgerRow.record)
        .join(LedgerRow, _LISTED)
        .where(
            Listing.meeting == bindparam("meeting"),
            Listing.point == bindparam("point"),
            Listing.position > bindparam("after"),
            Listing.position <= bindparam("last"),
        ),
    )
)


def _create_streams(connection: Connection, keys: Sequence[StreamKey]) -> None:
    """Create new, empty streams for `keys`.

    A stream is all records that concern one hall at one meeting. If the database has no random
    code yet, store one. It is part of every cursor (a reader's position in a stream), so that a
    cursor from another database is recognised.
    """
    connection.execute(
        insert(Stream), [{"meeting": key.meeting, "point": key.point} for key in keys]
    )
    if epoch(connection) is None:
        connection.execute(insert(Node).values(epoch=_new_epoch()))


def write_heads(connection: Connection, heads: dict[StreamKey, int]) -> None:
    """Store the positions `heads`, and raise the revisions of the streams in `heads` by one.

    `heads` is {stream key: last position used in the stream}. A stream is all records that
    concern one hall at one meeting. A new revision means that the attendance stored for the
    stream is out of date. The caller must hold the locks of the streams.
    """
    _WRITE_HEAD.run(
        connection,
        [
            {"stream_meeting": key.meeting, "stream_point": key.point, "new_head": head}
            for key, head in heads.items()
        ],
    )


def of_meeting(connection: Connection, meeting: str) -> list[StreamKey]:
    """Return the keys (meeting, point) of all streams of a meeting, in no particular order.

    A stream is all records that concern one point (a hall) at one meeting.
    """
    points = connection.scalars(select(Stream.point).where(Stream.meeting == meeting))
    return [StreamKey(meeting, point) for point in points]


def of_people(
    connection: Connection, meetings: Sequence[str], people: Sequence[str]
) -> set[StreamKey]:
    """Return the streams of `meetings` in which any of `people` were recorded or summoned.

    A stream is all records that concern one hall at one meeting. `people` are person codes.
    """
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
    """Return the keys (meeting, point) of all streams in the database, sorted.

    A stream is all records that concern one point (a hall) at one meeting.
    """
    rows = connection.execute(select(Stream.meeting, Stream.point))
    return sorted(StreamKey(*row) for row in rows)


def records_of(connection: Connection, keys: Iterable[StreamKey]) -> dict[StreamKey, list[Record]]:
    """Return {stream key (meeting id, hall code): records of the stream, in no particular order}.

    A stream is all records that concern one hall at one meeting, including records that were
    made in other halls. For a stream without records, the list is empty.
    """
    records: dict[StreamKey, list[Record]] = {key: [] for key in keys}
    for meeting, points in by_meeting(records).items():
        for query in (_HOME_RECORDS, _LISTED_RECORDS):
            for point, record in query.rows(connection, meeting=meeting, points=points):
                records[StreamKey(meeting, point)].append(decode_canonical(record))
    return records


def records_after(connection: Connection, key: StreamKey, position: int) -> list[Record]:
    """Return the records of a stream that follow a position, in no particular order.

    A stream is all records that concern one hall at one meeting. Its records are numbered from
    1; these numbers are the positions.
    """
    return [
        decode_canonical(record) for _, record in _rows(connection, key, position, MAX_POSITION)
    ]


def heads_of(connection: Connection, meeting: str) -> dict[str, int]:
    """Return {hall code: last position used in the hall's records at a meeting}, sorted.

    The records of a hall are numbered from 1, so the position is the number of the last record.
    """
    query = select(Stream.point, Stream.head).where(Stream.meeting == meeting)
    return dict(connection.execute(query.order_by(Stream.point)).all())


def records_up_to(
    connection: Connection, heads: Mapping[StreamKey, int]
) -> dict[StreamKey, list[Record]]:
    """Return {stream key (meeting id, hall code): records up to a position, in order}.

    A stream is all records that concern one hall at one meeting, numbered from 1. `heads` is
    {stream key: position (number) of the last record to include}.
    """
    return {
        key: [decode_canonical(record) for _, record in _rows(connection, key, 0, head)]
        for key, head in heads.items()
    }


def read(connection: Connection, key: StreamKey, cursor: str, limit: int) -> Page:
    """Return up to `limit` records of a stream that follow a cursor.

    A stream is all records that concern one hall at one meeting. A cursor shows how far a
    reader has read. It is "0" at first, and then the cursor of the last page that the reader
    received. If the cursor is unreadable or from another database, the stream is read from the
    beginning.
    """
    meeting, point = key
    states = _STATE.rows(connection, stream_meeting=meeting, stream_point=point)
    current_epoch, head, roster_rev = states[0] if states else (None, None, None)
    current_lineage = _lineage_of(connection, current_epoch)
    after = _position(cursor, current_lineage)
    last = min(head or 0, after + limit)  # positions have no gaps
    rows = _rows(connection, key, after, last) if last > after else []
    decoded = [decode_canonical(record) for _, record in rows]
    clocks = clocks_of(connection, devices_of(decoded)) if rows else Clocks(())
    records = []
    for (_, form), record in zip(rows, decoded, strict=True):
        released = record.body.record if isinstance(record, Ruling) else None
        released_at_ms = clocks.corrected_time_of(released).at_ms if released else None
        records.append((form, clocks.corrected_time_of(record).at_ms, released_at_ms))
    reached = max(after, last)
    next_cursor = f"{current_lineage}:{reached}" if current_lineage else cursor
    return Page(records, next_cursor, reached < (head or 0), roster_rev or "")


def _position(cursor: str, current_lineage: str | None) -> int:
    cursor_lineage, _, position = cursor.partition(":")
    # No assigned position has 19 digits, so a longer number is not from this database.
    is_ours = cursor_lineage == current_lineage and position.isascii() and position.isdecimal()
    return int(position) if is_ours and len(position) < 19 else 0


def _rows(connection: Connection, key: StreamKey, after: int, last: int) -> list[tuple[int, bytes]]:
    """Return (position, canonical JSON) of the records after one position up to another, sorted."""
    rows = _RECORDS_AFTER.rows(
        connection, meeting=key.meeting, point=key.point, after=after, last=last
    )
    return sorted((int(position), record) for position, record in rows)


MAX_POSITION = 2**62
"""A number above all positions of records in a stream (the records of one hall at one meeting)."""
