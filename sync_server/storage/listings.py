"""Listings: which streams besides its own a record stands in, so that each can be judged alone.

A record about a person stands also where that person is summoned. A roll stands also where any
of its people, or of those whom it drops, are summoned, for the later of two rolls governs. Two
forms of one id stand in each other's stream, for they cancel each other.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, delete, func, insert, select

from sync_server.domain.codes import NEWCOMER
from sync_server.domain.forms import known_record
from sync_server.domain.records import Record, Roll, Ruling
from sync_server.domain.settings import followed_by
from sync_server.storage import rulings
from sync_server.storage.models import LedgerRow, Listing, Summons
from sync_server.storage.prepared import Prepared
from sync_server.storage.sightings import clocks_of
from sync_server.storage.streams import StreamKey, records_of
from sync_server.storage.streams import of_meeting as streams_of_meeting

Heads = dict[StreamKey, int]
"""Locked streams and their last positions, raised as records are listed."""


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


def list_fresh(
    connection: Connection, fresh: Sequence[Record], concern: Concern, heads: Heads
) -> set[StreamKey]:
    """List stored records wherever they concern somebody; return the streams that grew."""
    grown: set[StreamKey] = set()
    # First of all, for a roll whose id is used twice may govern nothing.
    for record in concern.reused:
        for key in standing_in(connection, record.meeting, [record.id]):
            _list_in(connection, key, [record.id], heads)
            grown.add(key)
    for key in sorted(concern.rolls):
        grown |= _follow_roll(connection, key, heads)
    summons = summoning(connection, fresh) if concern.rolls else concern.summoning
    identified = {record.person for record in fresh if isinstance(record, Ruling)}
    for key, people in summons.items():
        elsewhere = [
            record.id
            for record in fresh
            if record.person in people and record.meeting == key.meeting and home_of(record) != key
        ]
        grown |= _list_in(connection, key, elsewhere, heads)
        grown |= _list_people(connection, key, people & identified, heads)
    return grown | _list_rulings(connection, fresh, heads)


def renew(connection: Connection, meeting: str, heads: Heads) -> set[StreamKey]:
    """List anew, from the ledger alone, whatever stands in a second stream of a meeting.

    All the meeting is locked. Returns the streams that lacked something.
    """
    grown: set[StreamKey] = set()
    of_meeting = LedgerRow.meeting == meeting
    reused = connection.scalars(
        select(LedgerRow.id).where(of_meeting).group_by(LedgerRow.id).having(func.count() > 1)
    )
    for record_id in reused.all():
        for key in standing_in(connection, meeting, [record_id]):
            grown |= _list_in(connection, key, [record_id], heads)
    for key in sorted(heads):
        grown |= _follow_roll(connection, key, heads)
    for key in sorted(heads):
        named = _summoned_at(connection, key)
        named |= rulings.once_newcomers(connection, meeting, named)
        grown |= _list_people(connection, key, named, heads)
    told = connection.scalars(
        select(LedgerRow.record).where(of_meeting, LedgerRow.kind == "ruling")
    )
    return grown | _list_rulings(connection, [known_record(each) for each in told], heads)


def _list_rulings(connection: Connection, fresh: Sequence[Record], heads: Heads) -> set[StreamKey]:
    """List rulings wherever a record stands that they are about, or a newcomer was met."""
    grown: set[StreamKey] = set()
    met = met_newcomers(connection, fresh)
    for record in fresh:
        if record.person and record.person.startswith(NEWCOMER):
            met[home_of(record)].add(record.person)
    for key, people in met.items():
        known = rulings.identifying(connection, key.meeting, people)
        grown |= _list_in(connection, key, known, heads)
    for meeting, ids in ids_by_meeting(fresh).items():
        for record_id, ruling_ids in rulings.touching(connection, meeting, ids).items():
            for key in standing_in(connection, meeting, [record_id]):
                grown |= _list_in(connection, key, ruling_ids, heads)
    return grown


def _list_in(
    connection: Connection, key: StreamKey, ids: Iterable[str], heads: Heads
) -> set[StreamKey]:
    """List all forms of these ids in a stream, but what stands there already."""
    wanted = sorted(set(ids))
    if not wanted:
        return set()
    for ruling_ids in rulings.touching(connection, key.meeting, wanted).values():
        wanted += ruling_ids
    here = (Listing.meeting == key.meeting, Listing.point == key.point)
    present = set(
        connection.execute(
            select(Listing.id, Listing.fingerprint).where(*here, Listing.id.in_(wanted))
        )
    )
    forms = connection.execute(
        select(LedgerRow.id, LedgerRow.fingerprint, LedgerRow.meeting, LedgerRow.point)
        .where(LedgerRow.id.in_(wanted), LedgerRow.meeting == key.meeting)
        .order_by(LedgerRow.received_ms, LedgerRow.id, LedgerRow.fingerprint)
    )
    rows = []
    for form in forms:
        if (form.id, form.fingerprint) in present or (form.meeting, form.point) == key:
            continue
        heads[key] += 1
        rows.append(
            {
                "meeting": key.meeting,
                "point": key.point,
                "position": heads[key],
                "id": form.id,
                "fingerprint": form.fingerprint,
            }
        )
    if rows:
        connection.execute(insert(Listing), rows)
    return {key} if rows else set()


def _follow_roll(connection: Connection, key: StreamKey, heads: Heads) -> set[StreamKey]:
    """Bring `summons` and the listings up to a point's latest roll and officers.

    All the meeting is locked.

    Where one roll of a point stands, all of that point's rolls do, so that its latest is known.
    """
    records = records_of(connection, [key])[key]
    clocks = clocks_of(connection, {record.device for record in records})
    named = followed_by(key.point, records, clocks)
    before = _renew_summons(connection, key, named)
    grown: set[StreamKey] = set()
    own_rolls = _rolls_of(connection, key)
    others = _sharing(connection, key, named | before) | {
        StreamKey(record.meeting, record.point) for record in records if isinstance(record, Roll)
    }
    for other in others - {key}:
        grown |= _list_in(connection, key, _rolls_of(connection, other), heads)
    told = standing_in(connection, key.meeting, own_rolls)
    for other in (others | told) - {key}:
        grown |= _list_in(connection, other, own_rolls, heads)
    gained = named - before
    gained |= rulings.once_newcomers(connection, key.meeting, gained)
    return grown | _list_people(connection, key, gained, heads)


def _list_people(
    connection: Connection, key: StreamKey, people: Iterable[str | None], heads: Heads
) -> set[StreamKey]:
    """List in a stream what was recorded of these people at other points."""
    wanted = sorted(person for person in people if person)
    if not wanted:
        return set()
    ids = connection.scalars(
        select(LedgerRow.id).where(
            LedgerRow.meeting == key.meeting,
            LedgerRow.person.in_(wanted),
            LedgerRow.point != key.point,
        )
    )
    return _list_in(connection, key, ids, heads)


def _summoned_at(connection: Connection, key: StreamKey) -> set[str]:
    at_point = (Summons.meeting == key.meeting, Summons.point == key.point)
    return set(connection.scalars(select(Summons.person).where(*at_point)))


def _renew_summons(connection: Connection, key: StreamKey, named: set[str]) -> set[str]:
    """Replace whom the point's governing roll names; return whom it named before."""
    at_point = (Summons.meeting == key.meeting, Summons.point == key.point)
    before = _summoned_at(connection, key)
    if named != before:
        connection.execute(delete(Summons).where(*at_point))
        rows = [
            {"meeting": key.meeting, "person": person, "point": key.point}
            for person in sorted(named)
        ]
        if rows:
            connection.execute(insert(Summons), rows)
    return before


def _rolls_of(connection: Connection, key: StreamKey) -> list[str]:
    return list(
        connection.scalars(
            select(LedgerRow.id).where(
                LedgerRow.meeting == key.meeting,
                LedgerRow.point == key.point,
                LedgerRow.kind == "roll",
            )
        )
    )


def _sharing(connection: Connection, key: StreamKey, people: set[str]) -> set[StreamKey]:
    points = connection.scalars(
        select(Summons.point)
        .where(
            Summons.meeting == key.meeting,
            Summons.point != key.point,
            Summons.person.in_(sorted(people)),
        )
        .distinct()
    )
    return {StreamKey(key.meeting, point) for point in points}
