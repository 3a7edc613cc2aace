"""Store, for every ruling of headquarters, the record it decides on or the newcomer it identifies.

A newcomer is a person on no list; a ruling states under which code the person is known.
"""

from collections.abc import Iterable

from sqlalchemy import Connection, bindparam, insert, select

from sync_server.domain.records.codes import NEWCOMER, to_ms
from sync_server.domain.records.forms import canonical_bytes, fingerprint, parse_record
from sync_server.domain.records.kinds import Record, Ruling
from sync_server.storage.models import LedgerRow, RulingRow
from sync_server.storage.prepared import CompiledStatement


def note(connection: Connection, fresh: Iterable[Record]) -> None:
    """Store the subject of every ruling among new records.

    The subject is a record, or a newcomer with the person's code that the ruling gives.
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
        if isinstance(record, Ruling)
    ]
    if rows:
        connection.execute(insert(RulingRow), rows)


def about(connection: Connection, record_ids: Iterable[str]) -> dict[tuple[str, str], Ruling]:
    """Return the latest ruling that releases or dismisses every record, by (meeting, record id).

    Records without such a ruling are left out.
    """
    wanted = sorted(set(record_ids))
    if not wanted:
        return {}
    rows = connection.scalars(
        select(LedgerRow.record)
        .join(
            RulingRow,
            (RulingRow.id == LedgerRow.id) & (RulingRow.fingerprint == LedgerRow.fingerprint),
        )
        .where(RulingRow.record_id.in_(wanted), RulingRow.known_as.is_(None))
    )
    rulings = [ruling for row in rows if isinstance(ruling := parse_record(row), Ruling)]
    rulings.sort(key=lambda ruling: (to_ms(ruling.at), ruling.device, ruling.id))
    return {(ruling.meeting, ruling.refs[0]): ruling for ruling in rulings}


def touching(
    connection: Connection, meeting: str, record_ids: Iterable[str]
) -> dict[str, list[str]]:
    """For every one of these records of a meeting, return the ids of all rulings about the record.

    Records without a ruling are left out.
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


def codes_by_person(
    connection: Connection, meeting: str, people: Iterable[str], fresh: Iterable[Record]
) -> dict[str, set[str]]:
    """For every person, return all codes under which a roll may name the person.

    Stored rulings and those among `fresh` add codes to a newcomer.
    """
    codes = {person: {person} for person in people}
    newcomers = sorted(person for person in codes if person.startswith(NEWCOMER))
    if not newcomers:
        return codes
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
    """Return the ids of the rulings of a meeting that identify any of these newcomers."""
    return list(
        connection.scalars(
            select(RulingRow.id).where(
                RulingRow.meeting == meeting, RulingRow.newcomer.in_(sorted(newcomers))
            )
        )
    )


def former_newcomer_codes(connection: Connection, meeting: str, people: Iterable[str]) -> set[str]:
    """Return the codes that these people had as newcomers, before rulings identified them."""
    newcomers = connection.scalars(
        select(RulingRow.newcomer).where(
            RulingRow.meeting == meeting, RulingRow.known_as.in_(sorted(people))
        )
    )
    return {newcomer for newcomer in newcomers if newcomer}
