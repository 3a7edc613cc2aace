"""Listings: which streams besides its own a record stands in, so that each can be judged alone.

A record about a person stands also where that person is summoned, or an officer. A roll stands
also where any of its people, or of those whom it drops, are summoned, for the later of two rolls
governs. Two forms of one id stand in each other's stream, for they cancel each other; a ruling
stands wherever a record does that it is about.
"""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, delete, func, insert, select

from sync_server.domain.codes import NEWCOMER
from sync_server.domain.forms import known_record
from sync_server.domain.records import Record, Roll, Ruling
from sync_server.domain.settings import followed_by
from sync_server.storage import rulings
from sync_server.storage.concerns import (
    Concern,
    home_of,
    ids_by_meeting,
    met_newcomers,
    standing_in,
    summoning,
)
from sync_server.storage.models import LedgerRow, Listing, Summons
from sync_server.storage.sightings import clocks_of
from sync_server.storage.streams import StreamKey, records_of

Heads = dict[StreamKey, int]
"""Locked streams and their last positions, raised as records are listed."""


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
