"""Determine which streams new records affect, so that these streams can be locked first.

A stream is all records that concern one point (a hall) at one meeting. A record about a person
affects every point whose rolls (lists of summoned people) or officers include that person. A roll
affects all streams of its meeting. If several records have the same id, they affect every stream
that contains one of them. A ruling (a decision of headquarters) affects the streams of the record
on which it decides.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, select

from sync_server.domain.records.codes import NEWCOMER
from sync_server.domain.records.kinds import Record, Ruling
from sync_server.storage.ledger import rulings
from sync_server.storage.ledger.streams import StreamKey
from sync_server.storage.ledger.streams import of_meeting as streams_of_meeting
from sync_server.storage.models import LedgerRow, Listing, Summons
from sync_server.storage.prepared import CompiledStatement


def home_stream(record: Record) -> StreamKey:
    """Return the key (meeting, point) of the stream to which a record belongs.

    A stream is all records that concern one point (a hall) at one meeting. A record belongs to the
    stream of the point where it was made.
    """
    return StreamKey(record.meeting, record.point)


def summoned_by_stream(
    connection: Connection, records: Sequence[Record]
) -> dict[StreamKey, set[str]]:
    """Return {stream key: people named in `records` who are summoned to the stream's hall}.

    A stream is all records that concern one hall at one meeting. Officers of the hall (the
    people who may preside) count as summoned. Streams without such people are left out.
    """
    by_meeting: defaultdict[str, set[str]] = defaultdict(set)
    for record in records:
        if record.person:
            by_meeting[record.meeting].add(record.person)
    summoned: defaultdict[StreamKey, set[str]] = defaultdict(set)
    for meeting, people in by_meeting.items():
        aliases = {person: {person} for person in people}
        if newcomers := [person for person in people if person.startswith(NEWCOMER)]:
            aliases |= rulings.codes_of_newcomers(connection, meeting, newcomers, records)
        points: defaultdict[str, set[str]] = defaultdict(set)
        wanted = sorted(set().union(*aliases.values()))
        for point, person in _SUMMONED.rows(connection, meeting=meeting, people=wanted):
            points[person].add(point)
        for person, codes in aliases.items():
            for point in set().union(*(points.get(code, set()) for code in codes)):
                summoned[StreamKey(meeting, point)].add(person)
    return summoned


_SUMMONED = CompiledStatement(
    select(Summons.point, Summons.person).where(
        Summons.meeting == bindparam("meeting"),
        Summons.person.in_(bindparam("people", expanding=True)),
    )
)


def streams_holding(connection: Connection, meeting: str, ids: Iterable[str]) -> set[StreamKey]:
    """Return every stream of a meeting that contains a record with one of these ids.

    A stream is all records that concern one hall at the meeting, including records made in
    other halls.
    """
    wanted = sorted(set(ids))
    keys: set[StreamKey] = set()
    for table in (LedgerRow, Listing):
        points = connection.scalars(
            select(table.point).where(table.meeting == meeting, table.id.in_(wanted)).distinct()
        )
        keys |= {StreamKey(meeting, point) for point in points}
    return keys


def newcomers_by_stream(
    connection: Connection, records: Iterable[Ruling]
) -> defaultdict[StreamKey, set[str]]:
    """Return {stream key: newcomers in the stream's hall that the rulings `records` identify}.

    A stream is all records that concern one hall at one meeting. A newcomer is an attendee who
    is on no list and has a provisional code, which begins with `N-`. A ruling (a record with a
    decision of headquarters) identifies a newcomer by giving the person's real code. The
    newcomer belongs to every hall where a record about the person was made.
    """
    newcomers: defaultdict[StreamKey, set[str]] = defaultdict(set)
    for record in records:
        if record.body.known_as and record.person:
            points = connection.scalars(
                select(LedgerRow.point)
                .where(LedgerRow.meeting == record.meeting, LedgerRow.person == record.person)
                .distinct()
            )
            for point in points:
                newcomers[StreamKey(record.meeting, point)].add(record.person)
    return newcomers


def ids_by_meeting(records: Iterable[Record]) -> dict[str, list[str]]:
    """Return {meeting id: ids of the records in `records` that belong to the meeting}.

    For a ruling (a decision of headquarters), also include the id of the record on which it
    decides.
    """
    ids: defaultdict[str, list[str]] = defaultdict(list)
    for record in records:
        ids[record.meeting].append(record.id)
        if isinstance(record, Ruling):
            ids[record.meeting].append(record.refs[0])
    return ids


class Routing(NamedTuple):
    """The streams that new records affect (`streams`); they must be locked.

    A stream is all records that concern one hall at one meeting. `reused`: the new records
    whose id is also the id of a different record. `rolls`: the streams of halls whose officers
    (people who may preside) or list of summoned people may change. `summoned`: for every
    stream, those people in the new records that the stream's hall has summoned.
    """

    streams: set[StreamKey]
    reused: Sequence[Record]
    rolls: Collection[StreamKey]
    summoned: dict[StreamKey, set[str]]


def routing_of(
    connection: Connection,
    records: Sequence[Record],
    reused: Sequence[Record] = (),
    rolls: Collection[StreamKey] = (),
) -> Routing:
    """Return which streams are affected by the new records `records`.

    A stream is all records that concern one hall at one meeting. `reused` are the new records
    whose id is also the id of a different record. `rolls` are the streams of halls whose
    officers (people who may preside) or list of summoned people may change; every stream in
    `rolls` affects all other streams of its meeting.
    """
    summoned = summoned_by_stream(connection, records)
    touched = set(summoned)
    made_rulings = [record for record in records if isinstance(record, Ruling)]
    if affecting := [*reused, *made_rulings]:
        touched |= newcomers_by_stream(connection, made_rulings).keys()
        for meeting, ids in ids_by_meeting(affecting).items():
            touched |= streams_holding(connection, meeting, ids)
    for meeting in {key.meeting for key in rolls}:
        touched |= set(streams_of_meeting(connection, meeting))
    return Routing(touched, reused, rolls, summoned)
