"""Routing: the streams that new records touch besides the streams of their points.

A record about a person touches the points whose roll or officers include that person; a roll, its
whole meeting; records with the same id, one another's streams; a ruling, the streams of the record
that it is about. The ledger finds the routing before it locks the streams.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, select

from sync_server.domain.records.kinds import Record, Ruling
from sync_server.storage.ledger import rulings
from sync_server.storage.ledger.streams import StreamKey
from sync_server.storage.ledger.streams import of_meeting as streams_of_meeting
from sync_server.storage.models import LedgerRow, Listing, Summons
from sync_server.storage.prepared import Prepared


def home_stream(record: Record) -> StreamKey:
    """Return the stream of the point where the record was made."""
    return StreamKey(record.meeting, record.point)


def summoned_by_stream(
    connection: Connection, records: Sequence[Record]
) -> dict[StreamKey, set[str]]:
    """Return the people of these records that a point has summoned, by the point's stream."""
    by_meeting: defaultdict[str, set[str]] = defaultdict(set)
    for record in records:
        if record.person:
            by_meeting[record.meeting].add(record.person)
    summoned: defaultdict[StreamKey, set[str]] = defaultdict(set)
    for meeting, people in by_meeting.items():
        aliases = rulings.codes_by_person(connection, meeting, people, records)
        points: defaultdict[str, set[str]] = defaultdict(set)
        wanted = sorted(set().union(*aliases.values()))
        for point, person in _SUMMONED.rows(connection, meeting=meeting, people=wanted):
            points[person].add(point)
        for person, codes in aliases.items():
            for point in set().union(*(points.get(code, set()) for code in codes)):
                summoned[StreamKey(meeting, point)].add(person)
    return summoned


_SUMMONED = Prepared(
    select(Summons.point, Summons.person).where(
        Summons.meeting == bindparam("meeting"),
        Summons.person.in_(bindparam("people", expanding=True)),
    )
)


def streams_holding(connection: Connection, meeting: str, ids: Iterable[str]) -> set[StreamKey]:
    """Return every stream of a meeting that holds a record with one of these ids."""
    wanted = sorted(set(ids))
    keys: set[StreamKey] = set()
    for table in (LedgerRow, Listing):
        points = connection.scalars(
            select(table.point).where(table.meeting == meeting, table.id.in_(wanted)).distinct()
        )
        keys |= {StreamKey(meeting, point) for point in points}
    return keys


def met_newcomers(
    connection: Connection, records: Iterable[Record]
) -> defaultdict[StreamKey, set[str]]:
    """Return, by stream, the newcomers met there that these records identify."""
    newcomers: defaultdict[StreamKey, set[str]] = defaultdict(set)
    for record in records:
        if isinstance(record, Ruling) and record.body.known_as and record.person:
            points = connection.scalars(
                select(LedgerRow.point)
                .where(LedgerRow.meeting == record.meeting, LedgerRow.person == record.person)
                .distinct()
            )
            for point in points:
                newcomers[StreamKey(record.meeting, point)].add(record.person)
    return newcomers


def ids_by_meeting(records: Iterable[Record]) -> dict[str, list[str]]:
    """Group record ids by meeting: forms of one id interact within a meeting only.

    The id that a ruling is about is included, for the ruling touches that record's streams.
    """
    ids: defaultdict[str, list[str]] = defaultdict(list)
    for record in records:
        ids[record.meeting].append(record.id)
        if isinstance(record, Ruling):
            ids[record.meeting].append(record.refs[0])
    return ids


class Routing(NamedTuple):
    """The streams that records touch; the ledger locks all `streams`.

    `reused`: new records whose id also has other forms. `rolls`: points whose latest roll may
    have changed. `summoned`: the people of these records that a stream's point summons.
    """

    streams: set[StreamKey]
    reused: list[Record]
    rolls: set[StreamKey]
    summoned: dict[StreamKey, set[str]]


def routing_of(
    connection: Connection,
    records: Sequence[Record],
    reused: list[Record],
    rolls: set[StreamKey],
) -> Routing:
    """Return the streams touched: of people, reused ids and rulings, or all if a roll changed."""
    summoned = summoned_by_stream(connection, records)
    touched = set(summoned) | set(met_newcomers(connection, records))
    affecting = [*reused, *(record for record in records if isinstance(record, Ruling))]
    for meeting, ids in ids_by_meeting(affecting).items():
        touched |= streams_holding(connection, meeting, ids)
    for meeting in {key.meeting for key in rolls}:
        touched |= set(streams_of_meeting(connection, meeting))
    return Routing(touched, reused, rolls, summoned)
