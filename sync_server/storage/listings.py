"""Listings: which streams besides its own a record stands in, so that each can be judged alone.

A record about a person stands also where that person is summoned. A roll stands also where any
of its people, or of those whom it drops, are summoned, for the later of two rolls governs. Two
forms of one id stand in each other's stream, for they cancel each other.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, delete, insert, select

from sync_server.domain.facts import named_in_roll
from sync_server.domain.records import Record, Roll
from sync_server.storage.models import LedgerRow, Listing, Summons
from sync_server.storage.sightings import clocks_of
from sync_server.storage.streams import RecordKey, StreamKey, records_of

Heads = dict[StreamKey, int]
"""Locked streams and their last positions, raised as records are listed."""


def home_of(record: Record) -> StreamKey:
    """Return the stream of the point where the record was made."""
    return StreamKey(record.meeting, record.point)


def summoning(connection: Connection, records: Iterable[Record]) -> dict[StreamKey, set[str]]:
    """Return, by stream, whom of these records' people its point summons."""
    by_meeting: defaultdict[str, set[str]] = defaultdict(set)
    for record in records:
        if record.person:
            by_meeting[record.meeting].add(record.person)
    found: defaultdict[StreamKey, set[str]] = defaultdict(set)
    for meeting, people in by_meeting.items():
        for point, person in connection.execute(
            select(Summons.point, Summons.person).where(
                Summons.meeting == meeting, Summons.person.in_(sorted(people))
            )
        ):
            found[StreamKey(meeting, point)].add(person)
    return found


def list_fresh(
    connection: Connection, fresh: Sequence[tuple[RecordKey, Record]], heads: Heads
) -> set[StreamKey]:
    """List stored records wherever they concern somebody; return the streams that grew."""
    grown: set[StreamKey] = set()
    for key in {home_of(record) for _, record in fresh if isinstance(record, Roll)}:
        grown |= _follow_roll(connection, key, heads)
    routes = summoning(connection, (record for _, record in fresh))
    for key, people in routes.items():
        concerning = [
            record_key
            for record_key, record in fresh
            if record.person in people and record.meeting == key.meeting
        ]
        grown |= list_in(connection, key, concerning, heads)
    return grown


def list_in(
    connection: Connection, key: StreamKey, record_keys: Sequence[RecordKey], heads: Heads
) -> set[StreamKey]:
    """List records in a stream unless they stand there already; return the stream if it grew."""
    ids = sorted({record_key.id for record_key in record_keys})
    present = {
        RecordKey(*row)
        for row in connection.execute(
            select(Listing.id, Listing.fingerprint).where(
                Listing.meeting == key.meeting, Listing.point == key.point, Listing.id.in_(ids)
            )
        )
    }
    present |= {
        RecordKey(*row)
        for row in connection.execute(
            select(LedgerRow.id, LedgerRow.fingerprint).where(
                LedgerRow.id.in_(ids),
                LedgerRow.meeting == key.meeting,
                LedgerRow.point == key.point,
            )
        )
    }
    rows = []
    for record_key in dict.fromkeys(record_keys):
        if record_key not in present:
            heads[key] += 1
            rows.append(
                {
                    "meeting": key.meeting,
                    "point": key.point,
                    "position": heads[key],
                    "id": record_key.id,
                    "fingerprint": record_key.fingerprint,
                }
            )
    if rows:
        connection.execute(insert(Listing), rows)
    return {key} if rows else set()


def _follow_roll(connection: Connection, key: StreamKey, heads: Heads) -> set[StreamKey]:
    """Bring `summons` and the listings up to a point's latest roll. All the meeting is locked."""
    records = records_of(connection, key)
    clocks = clocks_of(connection, {record.device for record in records})
    named = named_in_roll(key.point, records, clocks)
    at_point = (Summons.meeting == key.meeting, Summons.point == key.point)
    before = set(connection.scalars(select(Summons.person).where(*at_point)))
    connection.execute(delete(Summons).where(*at_point))
    if named:
        connection.execute(
            insert(Summons),
            [
                {"meeting": key.meeting, "person": person, "point": key.point}
                for person in sorted(named)
            ],
        )
    grown: set[StreamKey] = set()
    own_rolls = _rolls_of(connection, key)
    for other in _sharing(connection, key, named | before):
        grown |= list_in(connection, other, own_rolls, heads)
        grown |= list_in(connection, key, _rolls_of(connection, other), heads)
    gained = connection.execute(
        select(LedgerRow.id, LedgerRow.fingerprint)
        .where(
            LedgerRow.meeting == key.meeting,
            LedgerRow.person.in_(sorted(named - before)),
            LedgerRow.point != key.point,
        )
        .order_by(LedgerRow.point, LedgerRow.position)
    )
    return grown | list_in(connection, key, [RecordKey(*row) for row in gained], heads)


def _rolls_of(connection: Connection, key: StreamKey) -> list[RecordKey]:
    rows = connection.execute(
        select(LedgerRow.id, LedgerRow.fingerprint)
        .where(
            LedgerRow.meeting == key.meeting,
            LedgerRow.point == key.point,
            LedgerRow.kind == "roll",
        )
        .order_by(LedgerRow.position)
    )
    return [RecordKey(*row) for row in rows]


def _sharing(connection: Connection, key: StreamKey, people: set[str]) -> list[StreamKey]:
    points = connection.scalars(
        select(Summons.point)
        .where(
            Summons.meeting == key.meeting,
            Summons.point != key.point,
            Summons.person.in_(sorted(people)),
        )
        .distinct()
    )
    return sorted(StreamKey(key.meeting, point) for point in points)
