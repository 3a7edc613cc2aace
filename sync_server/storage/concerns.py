"""Concerns: which streams records touch besides their own. Looked up before the locks, and again.

A record about a person concerns the points that follow them, a roll its whole meeting, two forms
of one id each other's streams, a ruling those of the record that it is about.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, select

from sync_server.domain.records import Record, Ruling
from sync_server.storage import rulings
from sync_server.storage.models import LedgerRow, Listing, Summons
from sync_server.storage.prepared import Prepared
from sync_server.storage.streams import StreamKey
from sync_server.storage.streams import of_meeting as streams_of_meeting


def home_of(record: Record) -> StreamKey:
    """Return the stream of the point where the record was made."""
    return StreamKey(record.meeting, record.point)


def summoning(connection: Connection, records: Sequence[Record]) -> dict[StreamKey, set[str]]:
    """Return, by stream, whom of these records' people its point summons."""
    by_meeting: defaultdict[str, set[str]] = defaultdict(set)
    for record in records:
        if record.person:
            by_meeting[record.meeting].add(record.person)
    found: defaultdict[StreamKey, set[str]] = defaultdict(set)
    for meeting, people in by_meeting.items():
        names = rulings.known_as(connection, meeting, people, records)
        points: defaultdict[str, set[str]] = defaultdict(set)
        wanted = sorted(set().union(*names.values()))
        for point, person in _SUMMONED.rows(connection, meeting=meeting, people=wanted):
            points[person].add(point)
        for person, own in names.items():
            for point in set().union(*(points.get(name, set()) for name in own)):
                found[StreamKey(meeting, point)].add(person)
    return found


_SUMMONED = Prepared(
    select(Summons.point, Summons.person).where(
        Summons.meeting == bindparam("meeting"),
        Summons.person.in_(bindparam("people", expanding=True)),
    )
)


def standing_in(connection: Connection, meeting: str, ids: Iterable[str]) -> set[StreamKey]:
    """Return every stream of a meeting in which a record of one of these ids stands."""
    wanted = sorted(set(ids))
    found: set[StreamKey] = set()
    for table in (LedgerRow, Listing):
        points = connection.scalars(
            select(table.point).where(table.meeting == meeting, table.id.in_(wanted)).distinct()
        )
        found |= {StreamKey(meeting, point) for point in points}
    return found


def met_newcomers(
    connection: Connection, records: Iterable[Record]
) -> defaultdict[StreamKey, set[str]]:
    """Return, by stream, which of the newcomers whom these records identify were met there."""
    found: defaultdict[StreamKey, set[str]] = defaultdict(set)
    for record in records:
        if isinstance(record, Ruling) and record.body.known_as and record.person:
            points = connection.scalars(
                select(LedgerRow.point)
                .where(LedgerRow.meeting == record.meeting, LedgerRow.person == record.person)
                .distinct()
            )
            for point in points:
                found[StreamKey(record.meeting, point)].add(record.person)
    return found


def ids_by_meeting(records: Iterable[Record]) -> dict[str, list[str]]:
    """Group ids by meeting: forms of one id concern each other within a meeting only.

    The id that a ruling is about is among them, for the ruling concerns that record's streams.
    """
    found: defaultdict[str, list[str]] = defaultdict(list)
    for record in records:
        found[record.meeting].append(record.id)
        if isinstance(record, Ruling):
            found[record.meeting].append(record.refs[0])
    return found


class Concern(NamedTuple):
    """What records concern beyond their own streams; the ledger locks all `streams`.

    `reused` are new records of which there are other forms, `rolls` the points whose latest roll
    may have changed, `summoning` whom each stream's point summons of the records' people.
    """

    streams: set[StreamKey]
    reused: list[Record]
    rolls: set[StreamKey]
    summoning: dict[StreamKey, set[str]]


def concern_of(
    connection: Connection,
    records: Sequence[Record],
    reused: list[Record],
    rolls: set[StreamKey],
) -> Concern:
    """Find which streams records touch: of their people, of other forms, of whole meetings."""
    summons = summoning(connection, records)
    touched = set(summons) | set(met_newcomers(connection, records))
    about = [*reused, *(record for record in records if isinstance(record, Ruling))]
    for meeting, ids in ids_by_meeting(about).items():
        touched |= standing_in(connection, meeting, ids)
    for meeting in {key.meeting for key in rolls}:
        touched |= set(streams_of_meeting(connection, meeting))
    return Concern(touched, reused, rolls, summons)
