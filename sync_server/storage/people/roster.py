"""Store people, and return the roster of a point (a hall): the list of people summoned there.

The roster contains only the few facts about a person that the clerk in the hall needs.
"""

import hashlib
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

import msgspec
from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import ColumnElement, Connection, case, delete, func, insert, or_, select, update

from sync_server.domain.judging.facts import Flags, facts_in_order
from sync_server.domain.judging.settings import rolls_of
from sync_server.domain.names import name_sort_bytes, searchable_name, typed_words
from sync_server.domain.records.kinds import Office
from sync_server.domain.summoning import officers_among
from sync_server.storage.ledger.sightings import clocks_of
from sync_server.storage.ledger.streams import StreamKey, records_of
from sync_server.storage.models import LedgerRow, Person, Stream, Summons, Unit
from sync_server.storage.people import cards
from sync_server.storage.prepared import columns_of, in_chunks

ANONYMOUS = "anonymous"
"""The value of `ended_why`, the reason why a person left, if the person's data were made
anonymous.
"""


class RosterPerson(Struct, frozen=True):
    """The stored data of a person; `person` is the person's code.

    `unit` and `next_unit` are codes of units. At `moves_ms` (ms since 1970 UTC), the person moves
    to `next_unit`. `point` is the code of the hall where the person usually sits, or "" for the
    unit's first hall. From `ended_ms` on, the person is not included in new lists of summoned
    people. `ended_why` is the code of the reason, such as `retired`, `moved_away` or `died`. If
    this entry was a duplicate, `merged_into` is the code of the person's remaining entry.
    """

    person: str
    full_name: str
    unit: str
    position: str
    membership: str
    birth_year: int | None
    ended_ms: int | None = None
    ended_why: str = ""
    merged_into: str = ""
    next_unit: str = ""
    moves_ms: int | None = None
    point: str = ""

    def at(self, at_ms: int) -> "RosterPerson":
        """Return the person's entry as of `at_ms` (ms since 1970 UTC).

        If the person has moved to another unit by then, the result has the new unit, no hall, and
        no planned move.
        """
        if self.moves_ms is None or self.moves_ms > at_ms:
            return self
        return replace(self, unit=self.next_unit, next_unit="", moves_ms=None, point="")


class RosterLine(Struct, frozen=True, omit_defaults=True):
    """The data about a summoned person that a device in a hall may store.

    Birth year, telephone number and documents are not included. `person` is the person's code, and
    `name` the full name. `card_hash` is the hash of the personal card, or empty if there is none.
    `exempt`: the person may attend but is not counted as summoned.
    """

    person: str
    name: str
    unit: str
    position: str
    seat: str
    exempt: bool = False
    card_hash: str = ""


class Roster(NamedTuple):
    """The people summoned to a point (a hall) at a meeting, in the order of the point's list.

    `rev` is a hash of `people`; it is sent as the ETag of the HTTP response.
    """

    rev: str
    people: list[RosterLine]
    units: dict[str, str]
    """The names of the units to which these people belong, by unit code."""


def put_people(connection: Connection, people: Sequence[RosterPerson]) -> None:
    """Store people; if a person's code is already stored, replace the whole entry.

    Rosters (lists of summoned people) that name these people get a new hash, a check value by
    which devices notice that their copy is out of date.
    """
    codes = [member.person for member in people]
    for chunk in in_chunks(people):
        connection.execute(
            delete(Person).where(Person.code.in_([member.person for member in chunk]))
        )
        connection.execute(insert(Person), [_row(member) for member in chunk])
    refresh_revs(connection, codes)


class FoundPeople(NamedTuple):
    """The result of a search: the first people found, sorted by name, and the total number.

    A person whose code is the searched text comes first.
    """

    people: list[RosterPerson]
    total: int


def search(
    connection: Connection,
    text: str,
    *,
    at_ms: int,
    unit: str | None,
    with_ended: bool,
    limit: int,
    among: Collection[str] | None = None,
) -> FoundPeople:
    """Return the people whose name matches a text or whose code is the text.

    At most `limit` people are returned. `unit`: search only among the people of this unit, and if
    `among` is given, only among the people with these codes. People who have retired, moved away
    or died are included only if `with_ended` is True. `at_ms` is the time in ms since 1970 UTC.
    """
    conditions: list[ColumnElement[bool]] = []
    if not with_ended:
        conditions.append(Person.ended_ms.is_(None))
    if unit is not None:
        conditions.append(_unit_at(at_ms) == unit)
    if among is not None:
        conditions.append(Person.code.in_(sorted(among)))
    words = typed_words(text)
    has_name = [Person.searchable.contains(word, autoescape=True) for word in words]
    query = select(*_PERSON_COLUMNS).where(*conditions)
    with_code = connection.execute(query.where(Person.code == text.upper())).all()
    by_name = query.where(*has_name).order_by(Person.sort_key, Person.code).limit(limit)
    with_name = connection.execute(by_name).all()
    total = len(with_name)
    if total == limit:
        counting = select(func.count()).select_from(Person).where(*conditions, *has_name)
        total = connection.scalar(counting) or 0
    for row in with_code:
        total += any(word not in searchable_name(row.full_name) for word in words)
    rows = [*with_code, *(row for row in with_name if row not in with_code)]
    return FoundPeople([RosterPerson(*row).at(at_ms) for row in rows[:limit]], total)


def remove_people(connection: Connection, codes: Sequence[str]) -> None:
    """Delete the stored entries of people from the database.

    `codes` are person codes. Records and lists of summoned people that name these people stay.
    """
    for chunk in in_chunks(codes):
        connection.execute(delete(Person).where(Person.code.in_(chunk)))


def mentioned_people(connection: Connection, codes: Sequence[str]) -> set[str]:
    """Return those of the person codes `codes` that a record or list of summoned people names."""
    mentioned: set[str] = set()
    for chunk in in_chunks(codes):
        for column in (Summons.person, LedgerRow.person):
            mentioned |= set(connection.scalars(select(column).where(column.in_(chunk)).distinct()))
    return {code for code in mentioned if code}


def known_people(connection: Connection) -> set[str]:
    """Return the codes of all stored people, including those who have retired, moved or died."""
    return set(connection.scalars(select(Person.code)))


def officers_of(
    connection: Connection, unit: str, *, first: Collection[str], at_ms: int
) -> tuple[tuple[str, Office], ...]:
    """Return the (person code, office) of a unit's Secretary and Deputies at a time.

    If there are several Secretaries, one whose code is in `first` is preferred; see
    `domain.summoning.officers_among`. `at_ms` is the time in ms since 1970 UTC.
    """
    return officers_among(list_people(connection, unit=unit, at_ms=at_ms), first)


def roster_of(connection: Connection, key: StreamKey) -> Roster:
    """Return the people summoned to a hall at a meeting, in the order of the hall's latest list.

    If no name is stored for a person, the person's code is used instead.
    """
    records = records_of(connection, [key])[key]
    clocks = clocks_of(connection, {record.device for record in records})
    roll = rolls_of(key.point, facts_in_order(key.point, records, clocks, Flags())).lines
    names = names_of(connection, roll)
    hashes = cards.hashes_of(connection, roll)
    people = [
        RosterLine(
            person=line.person,
            name=names.get(line.person, line.person),
            unit=line.unit,
            position=line.position,
            seat=line.seat,
            exempt=line.exempt,
            card_hash=hashes.get(line.person, ""),
        )
        for line in roll.values()
    ]
    units = dict(
        connection.execute(
            select(Unit.code, Unit.name)
            .where(Unit.code.in_(sorted({line.unit for line in people})))
            .order_by(Unit.code)
        ).all()
    )
    rev = hashlib.sha256(msgspec.json.encode(people)).hexdigest()[:16]
    return Roster(rev, people, units)


def names_of(connection: Connection, people: Iterable[str]) -> dict[str, str]:
    """Return {person code: full name} of these people; unknown codes are left out."""
    codes = sorted(set(people))
    names: dict[str, str] = {}
    for chunk in in_chunks(codes):
        query = select(Person.code, Person.full_name).where(Person.code.in_(chunk))
        names |= dict(connection.execute(query).all())
    return names


def refresh_rev(connection: Connection, key: StreamKey) -> None:
    """Compute and store the hash of a hall's roster (the list of people summoned there).

    A device compares this hash with that of its copy of the roster, to learn whether the roster
    has changed.
    """
    connection.execute(
        update(Stream)
        .where(Stream.meeting == key.meeting, Stream.point == key.point)
        .values(roster_rev=roster_of(connection, key).rev)
    )


def refresh_revs(connection: Connection, people: Sequence[str]) -> None:
    """Compute and store the hashes of all rosters that name any of these people.

    A roster is the list of people summoned to a hall at a meeting.
    """
    for key in _streams_summoning(connection, people):
        refresh_rev(connection, key)


_PERSON_COLUMNS = columns_of(RosterPerson, Person, person=Person.code)


def list_people(
    connection: Connection, *, at_ms: int, unit: str | None = None, with_ended: bool = False
) -> list[RosterPerson]:
    """Return all people, or only those of a unit, as they are at the time `at_ms`, sorted by code.

    A planned move to another unit counts if its time is not after `at_ms` (ms since 1970 UTC).
    People who have retired, moved away or died are included only if `with_ended` is True.
    """
    query = select(*_PERSON_COLUMNS).order_by(Person.code)
    if not with_ended:
        query = query.where(Person.ended_ms.is_(None))
    if unit is not None:
        query = query.where(or_(Person.unit == unit, Person.next_unit == unit))
    people = [RosterPerson(*row).at(at_ms) for row in connection.execute(query)]
    return [member for member in people if unit in {None, member.unit}]


def count_by_unit(connection: Connection, *, at_ms: int) -> dict[str, int]:
    """Return {unit code: number of people in the unit at a time}.

    People who have retired, moved away or died do not count, and units without people are left
    out. `at_ms` is the time in ms since 1970 UTC.
    """
    unit = _unit_at(at_ms)
    query = select(unit, func.count()).where(Person.ended_ms.is_(None)).group_by(unit)
    return dict(connection.execute(query).all())


def _unit_at(at_ms: int) -> ColumnElement[str]:
    """Return the SQL expression for the unit to which a person belongs at a time.

    `at_ms` is the time in ms since 1970 UTC.
    """
    return case((Person.moves_ms <= at_ms, Person.next_unit), else_=Person.unit)


def usual_halls(connection: Connection) -> dict[str, list[str]]:
    """Return {unit code: sorted codes of the halls where people of the unit usually sit}.

    People for whom no hall is stored, and those who have retired, moved away or died, do not
    count.
    """
    query = select(Person.unit, Person.point).where(Person.point != "", Person.ended_ms.is_(None))
    halls: dict[str, list[str]] = {}
    for unit, point in connection.execute(query.distinct().order_by(Person.point)):
        halls.setdefault(unit, []).append(point)
    return halls


def find_person(connection: Connection, code: str, *, at_ms: int) -> RosterPerson | None:
    """Return a person's entry as of the time `at_ms`; None if the code is unknown.

    If the person has moved to another unit by `at_ms` (ms since 1970 UTC), the result has the
    new unit.
    """
    row = connection.execute(select(*_PERSON_COLUMNS).where(Person.code == code)).one_or_none()
    return RosterPerson(*row).at(at_ms) if row else None


def merged_people(connection: Connection, codes: Sequence[str]) -> dict[str, str]:
    """Return {code of a duplicate entry: code of the person} for the person codes `codes`.

    Duplicates have been merged into the person's remaining entry. People without duplicates are
    left out.
    """
    merged: dict[str, str] = {}
    for chunk in in_chunks(codes):
        query = select(Person.code, Person.merged_into).where(Person.merged_into.in_(chunk))
        merged |= dict(connection.execute(query).all())
    return merged


def _row(member: RosterPerson) -> dict[str, object]:
    return {
        "code": member.person,
        "full_name": member.full_name,
        "unit": member.unit,
        "point": member.point,
        "position": member.position,
        "membership": member.membership,
        "birth_year": member.birth_year,
        "ended_ms": member.ended_ms,
        "ended_why": member.ended_why,
        "merged_into": member.merged_into,
        "next_unit": member.next_unit,
        "moves_ms": member.moves_ms,
        "sort_key": name_sort_bytes(member.full_name),
        "searchable": searchable_name(member.full_name),
    }


def _streams_summoning(connection: Connection, people: Sequence[str]) -> Iterable[StreamKey]:
    keys: set[StreamKey] = set()
    for chunk in in_chunks(people):
        rows = connection.execute(
            select(Summons.meeting, Summons.point).where(Summons.person.in_(chunk)).distinct()
        )
        keys |= {StreamKey(*row) for row in rows}
    return sorted(keys)


def summonses_of(connection: Connection, people: Sequence[str]) -> list[StreamKey]:
    """Return the sorted keys (meeting id, hall code) where any of these people are needed.

    They are needed where they are or were summoned, or may preside as Secretary or Deputy.
    `people` are person codes.
    """
    return sorted(_streams_summoning(connection, people))


def units_and_positions(
    connection: Connection, people: Sequence[str], *, at_ms: int
) -> dict[str, tuple[str, str]]:
    """Return {person code: (unit code, position of the person)} of these people at a time.

    `at_ms` is the time in ms since 1970 UTC. Unknown people are left out.
    """
    by_person: dict[str, tuple[str, str]] = {}
    for chunk in in_chunks(people):
        query = select(*_PERSON_COLUMNS).where(Person.code.in_(chunk))
        for row in connection.execute(query):
            member = RosterPerson(*row).at(at_ms)
            by_person[member.person] = (member.unit, member.position)
    return by_person
