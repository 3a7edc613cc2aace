"""Add records to the streams of other points that they concern; such an addition is a listing.

A stream is all records that concern one point (a hall) at one meeting, so that the attendance at
the point can be computed from them alone. A record about a person is added to the stream of every
point where the person is summoned or an officer. A roll (a list of summoned people) is also added
to the streams of points that have summoned any person that it adds or drops, because the later of
two rolls takes precedence. A stream that contains a record also contains all records with the same
id, because one may cancel another, and all rulings (decisions of headquarters) about the record.
"""

from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import Connection, delete, func, insert, select

from sync_server.domain.judging.clocks import devices_of
from sync_server.domain.judging.settings import people_to_follow
from sync_server.domain.records.codes import NEWCOMER
from sync_server.domain.records.forms import decode_canonical
from sync_server.domain.records.kinds import Record, Roll, Ruling
from sync_server.storage.ledger import rulings
from sync_server.storage.ledger.routing import (
    Routing,
    home_stream,
    ids_by_meeting,
    newcomers_by_stream,
    streams_holding,
    summoned_by_stream,
)
from sync_server.storage.ledger.sightings import clocks_of
from sync_server.storage.ledger.streams import StreamKey, records_of
from sync_server.storage.models import LedgerRow, Listing, Summons

Heads = dict[StreamKey, int]
"""The last position used in every locked stream (the records of one hall at one meeting). It
rises when a record is added to the stream.
"""


def list_records(
    connection: Connection,
    fresh: Sequence[Record],
    routing: Routing,
    heads: Heads,
    ruled_ids: Collection[str],
) -> set[StreamKey]:
    """Add the new records `fresh` to the streams of other points that they concern.

    A stream is all records that concern one point (a hall) at one meeting. `routing` names the
    streams concerned, which must all be locked. `heads` contains the last position used in every
    stream, and is updated. `ruled_ids` are the ids in `fresh` on which a stored decision of
    headquarters exists. Return the keys of the streams that changed.
    """
    changed_streams: set[StreamKey] = set()
    # Records with a reused id come first, because a roll among them may lose its effect.
    for record in routing.reused:
        for key in streams_holding(connection, record.meeting, [record.id]):
            _list_in(connection, key, [record.id], heads)
            changed_streams.add(key)
    for key in sorted(routing.rolls):
        changed_streams |= _update_for_roll(connection, key, heads)
    summons = summoned_by_stream(connection, fresh) if routing.rolls else routing.summoned
    identified = {record.person for record in fresh if isinstance(record, Ruling)}
    for key, people in summons.items():
        elsewhere = [
            record.id
            for record in fresh
            if record.person in people
            and record.meeting == key.meeting
            and record.point != key.point
        ]
        if elsewhere:
            changed_streams |= _list_in(connection, key, elsewhere, heads)
        if identified & people:
            changed_streams |= _list_people(connection, key, people & identified, heads)
    if about_newcomers := [r for r in fresh if (r.person or "").startswith(NEWCOMER)]:
        changed_streams |= _list_for_newcomers(connection, about_newcomers, heads)
    if affected := [r for r in fresh if isinstance(r, Ruling) or r.id in ruled_ids]:
        changed_streams |= _list_rulings(connection, affected, heads)
    return changed_streams


def rebuild(connection: Connection, meeting: str, heads: Heads) -> set[StreamKey]:
    """Add missing listings to a meeting's streams, and return the streams that grew.

    A stream is all records that concern one hall at the meeting; a listing adds a record that
    was made in another hall. The listings are computed from the stored records alone. `heads`
    contains the last position used in every stream, and is updated. The caller must hold the
    meeting's exclusive lock.
    """
    changed_streams: set[StreamKey] = set()
    of_meeting = LedgerRow.meeting == meeting
    reused = connection.scalars(
        select(LedgerRow.id).where(of_meeting).group_by(LedgerRow.id).having(func.count() > 1)
    )
    for record_id in reused.all():
        for key in streams_holding(connection, meeting, [record_id]):
            changed_streams |= _list_in(connection, key, [record_id], heads)
    for key in sorted(heads):
        changed_streams |= _update_for_roll(connection, key, heads)
    for key in sorted(heads):
        named = _summoned_at(connection, key)
        named |= rulings.former_newcomer_codes(connection, meeting, named)
        changed_streams |= _list_people(connection, key, named, heads)
    ruling_rows = connection.scalars(
        select(LedgerRow.record).where(of_meeting, LedgerRow.kind == "ruling")
    )
    made = [decode_canonical(row) for row in ruling_rows]
    changed_streams |= _list_for_newcomers(connection, made, heads)
    return changed_streams | _list_rulings(connection, made, heads)


def _list_for_newcomers(
    connection: Connection, fresh: Sequence[Record], heads: Heads
) -> set[StreamKey]:
    """Add rulings that identify newcomers to the streams of the halls where these people were.

    A newcomer is an attendee on no list; a ruling (a decision of headquarters) gives the person's
    real code. A stream is all records that concern one hall at one meeting. The rulings to add are
    those among the new records `fresh`, and stored rulings about the newcomers in `fresh`. Return
    the streams that grew. `heads`, the last position used in every stream, is updated.
    """
    changed_streams: set[StreamKey] = set()
    fresh_rulings = [record for record in fresh if isinstance(record, Ruling)]
    met = newcomers_by_stream(connection, fresh_rulings)
    for record in fresh:
        if record.person and record.person.startswith(NEWCOMER):
            met[home_stream(record)].add(record.person)
    for key, people in met.items():
        identifying_ids = rulings.identifying(connection, key.meeting, people)
        changed_streams |= _list_in(connection, key, identifying_ids, heads)
    return changed_streams


def _list_rulings(
    connection: Connection, affected: Sequence[Record], heads: Heads
) -> set[StreamKey]:
    """Add rulings (decisions of headquarters about records) to the streams of these records.

    `affected` are the new rulings, and new records on which stored rulings decide. A stream is all
    records that concern one hall at one meeting. Return the streams that grew. `heads`, the last
    position used in every stream, is updated.
    """
    changed_streams: set[StreamKey] = set()
    for meeting, ids in ids_by_meeting(affected).items():
        for record_id, ruling_ids in rulings.touching(connection, meeting, ids).items():
            for key in streams_holding(connection, meeting, [record_id]):
                changed_streams |= _list_in(connection, key, ruling_ids, heads)
    return changed_streams


def _list_in(
    connection: Connection, key: StreamKey, ids: Iterable[str], heads: Heads
) -> set[StreamKey]:
    """Add records to the stream `key`, together with headquarters' decisions about them.

    `ids` are the ids of the records. A stream is all records that concern one hall at one
    meeting. Records that the stream already contains are skipped. `heads`, the last position
    used in every stream, is updated. Return the stream's key in a set if the stream grew,
    otherwise an empty set.
    """
    wanted = sorted(set(ids))
    if not wanted:
        return set()
    for ruling_ids in rulings.touching(connection, key.meeting, wanted).values():
        wanted += ruling_ids
    in_stream = (Listing.meeting == key.meeting, Listing.point == key.point)
    present = set(
        connection.execute(
            select(Listing.id, Listing.fingerprint).where(*in_stream, Listing.id.in_(wanted))
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


def _update_for_roll(connection: Connection, key: StreamKey, heads: Heads) -> set[StreamKey]:
    """Update a hall's stream after its lists of summoned people or its officers have changed.

    A stream is all records that concern one hall at one meeting. A hall needs the records about
    its officers (the people who may preside) and about the people on its rolls (lists of
    summoned people). The codes of these people are stored, and missing records are added to the
    stream. Halls that have summoned the same person also get all of one another's rolls, so
    that the latest is known. Return the streams that grew. The caller must hold the meeting's
    exclusive lock.
    """
    records = records_of(connection, [key])[key]
    clocks = clocks_of(connection, devices_of(records))
    named = people_to_follow(key.point, records, clocks)
    before = _renew_summons(connection, key, named)
    changed_streams: set[StreamKey] = set()
    roll_ids = _rolls_of(connection, key)
    other_streams = _streams_summoning(connection, key, named | before) | {
        StreamKey(record.meeting, record.point) for record in records if isinstance(record, Roll)
    }
    for other in other_streams - {key}:
        changed_streams |= _list_in(connection, key, _rolls_of(connection, other), heads)
    holding_streams = streams_holding(connection, key.meeting, roll_ids)
    for other in (other_streams | holding_streams) - {key}:
        changed_streams |= _list_in(connection, other, roll_ids, heads)
    gained = named - before
    gained |= rulings.former_newcomer_codes(connection, key.meeting, gained)
    return changed_streams | _list_people(connection, key, gained, heads)


def _list_people(
    connection: Connection, key: StreamKey, people: Iterable[str | None], heads: Heads
) -> set[StreamKey]:
    """Add to the stream `key` the records about `people` that were made in other halls.

    A stream is all records that concern one hall at one meeting; only records of this meeting
    are added. `people` are person codes. `heads`, the last position used in every stream, is
    updated. Return the stream's key in a set if the stream grew, otherwise an empty set.
    """
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
    """Store the codes of the people whose records a hall needs; return the codes stored before.

    The hall's attendance is computed with these records. `named` are the codes of all people on
    the hall's lists of summoned people and of the hall's officers (the people who may preside).
    They replace the stored codes.
    """
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


def _streams_summoning(connection: Connection, key: StreamKey, people: set[str]) -> set[StreamKey]:
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
