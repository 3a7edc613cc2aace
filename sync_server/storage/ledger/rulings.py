"""Store what every ruling (a decision of headquarters) is about: a record, or a newcomer.

A newcomer is an attendee who is on no list. A ruling about a newcomer gives the person's real code.
"""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, bindparam, insert, select

from sync_server.domain.records.codes import to_ms
from sync_server.domain.records.forms import canonical_bytes, fingerprint, parse_record
from sync_server.domain.records.kinds import Record, Ruling
from sync_server.storage.models import LedgerRow, RulingRow
from sync_server.storage.prepared import CompiledStatement


def note(connection: Connection, fresh: Iterable[Ruling]) -> None:
    """Store what every one of the new rulings (decisions of headquarters) `fresh` is about.

    A ruling is about the record on which it decides, or about a newcomer (an attendee on no list),
    whose real person code it gives.
    """
    rows = [
        {
            "id": record.id,
            "fingerprint": fingerprint(canonical_bytes(record)),
            "meeting": record.meeting,
            "record_id": record.refs[0],
            "device": record.body.record.device if record.body.record else None,
            "newcomer": record.person if record.body.known_as else None,
            "known_as": record.body.known_as,
        }
        for record in fresh
    ]
    connection.execute(insert(RulingRow), rows)


def about(connection: Connection, record_ids: Iterable[str]) -> dict[tuple[str, str], Ruling]:
    """Return {(meeting id, record id): latest ruling on whether the record counts}.

    A ruling is a decision of headquarters. Records without such a ruling are left out.
    """
    rows = _ABOUT.rows(connection, ids=sorted(set(record_ids)))
    rulings = [ruling for (row,) in rows if isinstance(ruling := parse_record(row), Ruling)]
    rulings.sort(key=lambda ruling: (to_ms(ruling.at), ruling.device, ruling.id))
    return {(ruling.meeting, ruling.refs[0]): ruling for ruling in rulings}


_ABOUT = CompiledStatement(
    select(LedgerRow.record)
    .join(
        RulingRow,
        (RulingRow.id == LedgerRow.id) & (RulingRow.fingerprint == LedgerRow.fingerprint),
    )
    .where(RulingRow.record_id.in_(bindparam("ids", expanding=True)), RulingRow.known_as.is_(None))
)


def touching(
    connection: Connection, meeting: str, record_ids: Iterable[str]
) -> dict[str, list[str]]:
    """Return {record id: ids of the meeting's rulings about this record} for the ids `record_ids`.

    A ruling is a decision of headquarters. Records without a ruling are left out.
    """
    ruling_ids: dict[str, list[str]] = {}
    wanted = sorted(set(record_ids))
    for record_id, ruling_id in _TOUCHING.rows(connection, meeting=meeting, ids=wanted):
        ruling_ids.setdefault(record_id, []).append(ruling_id)
    return ruling_ids


_TOUCHING = CompiledStatement(
    select(RulingRow.record_id, RulingRow.id).where(
        RulingRow.meeting == bindparam("meeting"),
        RulingRow.record_id.in_(bindparam("ids", expanding=True)),
    )
)


def codes_of_newcomers(
    connection: Connection, meeting: str, newcomers: Sequence[str], fresh: Iterable[Record]
) -> dict[str, set[str]]:
    """Return {provisional code: all codes that a list of summoned people may use for the newcomer}.

    A newcomer is an attendee on no list and has a provisional code. Rulings of headquarters, stored
    or among the new records `fresh`, add the newcomer's real code.
    """
    codes = {newcomer: {newcomer} for newcomer in newcomers}
    rows = connection.execute(
        select(RulingRow.newcomer, RulingRow.known_as).where(
            RulingRow.meeting == meeting, RulingRow.newcomer.in_(newcomers)
        )
    )
    for newcomer, person in rows:
        if newcomer and person:
            codes[newcomer].add(person)
    for record in fresh:
        if isinstance(record, Ruling) and record.meeting == meeting and record.body.known_as:
            codes[record.person or ""].add(record.body.known_as)
    return codes


def identifying(connection: Connection, meeting: str, newcomers: Iterable[str]) -> list[str]:
    """Return the ids of a meeting's rulings that give the real code of one of `newcomers`.

    `newcomers` are the provisional codes of attendees who are on no list. A ruling is a
    decision of headquarters.
    """
    return list(
        connection.scalars(
            select(RulingRow.id).where(
                RulingRow.meeting == meeting, RulingRow.newcomer.in_(sorted(newcomers))
            )
        )
    )


def former_newcomer_codes(connection: Connection, meeting: str, people: Iterable[str]) -> set[str]:
    """Return the provisional codes that `people` had at a meeting while they were on no list.

    `people` are real person codes, which headquarters has since assigned by rulings.
    """
    newcomers = connection.scalars(
        select(RulingRow.newcomer).where(
            RulingRow.meeting == meeting, RulingRow.known_as.in_(sorted(people))
        )
    )
    return {newcomer for newcomer in newcomers if newcomer}


def newcomers_known_as(connection: Connection, people: Sequence[str]) -> list[str]:
    """Return the sorted provisional codes under which halls recorded `people` as newcomers.

    A newcomer is an attendee who is on no list. `people` are the real person codes, which
    headquarters has since assigned by rulings.
    """
    query = select(RulingRow.newcomer).where(RulingRow.known_as.in_(people)).distinct()
    return sorted(code for code in connection.scalars(query) if code)
