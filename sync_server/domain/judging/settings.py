"""Determine the settings of a meeting in one hall, and the people who are summoned there."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import msgspec
from msgspec import UNSET, Struct

from sync_server.domain.judging.clocks import Clocks
from sync_server.domain.judging.facts import Fact, Flags, facts_in_order
from sync_server.domain.positions import OFFICES
from sync_server.domain.records.codes import MINUTE_MS, to_ms
from sync_server.domain.records.kinds import (
    DecidingAuthority,
    Office,
    Record,
    Roll,
    Setting,
    Summoned,
)
from sync_server.domain.shared import SHARED

REASONS = SHARED.absence_reasons
"""The codes of the reasons for an absence that are offered unless a setting lists other reasons."""


class Officers(Struct, frozen=True):
    """The people who may preside in a hall from a certain time on.

    `from_ms` is in ms since 1970 UTC. `secretary` is a person code, or None if the office is
    vacant. `deputies` are person codes.
    """

    from_ms: int
    secretary: str | None
    deputies: tuple[str, ...]


class Terms(Struct, frozen=True):
    """The settings of a meeting in one hall; a value that was never set is None or a default.

    Names that end in `_ms` are in ms since 1970 UTC, except that `grace_ms` is a duration: the
    tolerated delay. `officers`: all appointments, in order of time. `guests`: the number expected.
    `roll_frozen_ms`: when the list of summoned people (roll) was frozen. `merged_into`: the hall
    that took over this hall's people. `roll_secretaries`: person codes of the Secretaries on the
    roll; there are several if units were merged.
    """

    starts_ms: int | None = None
    ends_ms: int | None = None
    grace_ms: int = 0
    officers: tuple[Officers, ...] = ()
    absence_authority: DecidingAuthority = "point"
    secretary_authority: DecidingAuthority = "headquarters"
    reasons: tuple[str, ...] = REASONS
    capacity: int | None = None
    merged_into: str | None = None
    guests: int = 0
    roll_frozen_ms: int | None = None
    ready_by_ms: int | None = None
    is_rehearsal: bool = False
    is_cancelled: bool = False
    roll_secretaries: tuple[str, ...] = ()

    def officers_at(self, at_ms: int | None = None) -> Officers:
        """Return the people who may preside (officers) at the time `at_ms` in ms since 1970 UTC.

        If `at_ms` is None, return the latest officers. Before the first appointment, return the
        first officers. Without any appointment, the result contains no Secretary and no Deputies.
        """
        before = [
            officers for officers in self.officers if at_ms is None or officers.from_ms <= at_ms
        ]
        return (before[-1:] or self.officers[:1] or (Officers(0, None, ()),))[0]

    def is_reserved(
        self, person: str | None, instead_of: str | None = None, at_ms: int | None = None
    ) -> bool:
        """Return whether only headquarters may decide on a person's leave (checklist row 28).

        The settings of the hall reserve all leave for headquarters, or only Secretaries' leave, or
        none. Secretaries are those on the list of summoned people, and the Secretary at the time
        `at_ms` (ms since 1970 UTC; None means the latest). `person` is a person code. For a
        substitute, `instead_of` is the code of the person replaced, and the result is True if
        either person's leave is reserved.
        """
        if self.absence_authority == "headquarters":
            return True
        secretaries = {self.officers_at(at_ms).secretary, *self.roll_secretaries} - {None}
        return self.secretary_authority == "headquarters" and not secretaries.isdisjoint(
            {person, instead_of}
        )

    @property
    def all_officers(self) -> set[str]:
        """The codes of all people who were officers at any time."""
        named = {
            person
            for officers in self.officers
            for person in (officers.secretary, *officers.deputies)
        }
        return {person for person in named if person}

    @property
    def late_after_ms(self) -> int | None:
        """The time after which an arrival is late: the meeting's start plus the tolerated delay.

        It is in ms since 1970 UTC, or None if the start is not known (checklist row 11).
        """
        return None if self.starts_ms is None else self.starts_ms + self.grace_ms


def terms_of(point: str, facts: Iterable[Fact[Record]], lines: Iterable[Summoned] = ()) -> Terms:
    """Merge the settings of a hall: for every field, the latest setting that contains it counts.

    `point` is the code of the hall. `facts` are records with corrected times, sorted by time.
    `lines` are the people summoned to the hall. The Secretaries among them become
    `roll_secretaries`.
    """
    merged: dict[str, Any] = {}
    officers = []
    for fact in facts:
        if isinstance(fact.record, Setting) and fact.record.point == point:
            body = msgspec.structs.asdict(fact.record.body)
            merged.update({name: value for name, value in body.items() if value is not UNSET})
            if isinstance(fact.record.body.officers, tuple):
                officers.append(_officers(fact.at_ms, fact.record.body.officers))
    return Terms(
        starts_ms=_ms(merged.get("starts_at")),
        ends_ms=_ms(merged.get("ends_at")),
        grace_ms=merged.get("grace_minutes", 0) * MINUTE_MS,
        officers=tuple(officers),
        absence_authority=merged.get("absence_authority", "point"),
        secretary_authority=merged.get("secretary_authority", "headquarters"),
        reasons=merged.get("reasons", REASONS),
        capacity=merged.get("capacity"),
        merged_into=merged.get("merged_into"),
        guests=merged.get("guests", 0),
        roll_frozen_ms=_ms(merged.get("roll_frozen_at")),
        ready_by_ms=_ms(merged.get("ready_by")),
        is_rehearsal=merged.get("rehearsal", False),
        is_cancelled=merged.get("cancelled", False),
        roll_secretaries=tuple(
            line.person for line in lines if OFFICES.get(line.position) == "secretary"
        ),
    )


def _officers(from_ms: int, named: tuple[tuple[str, Office], ...]) -> Officers:
    secretaries = [person for person, office in named if office == "secretary"]
    deputies = tuple(person for person, office in named if office == "deputy")
    return Officers(from_ms, secretaries[0] if secretaries else None, deputies)


def _ms(instant: str | None) -> int | None:
    return None if instant is None else to_ms(instant)


class Rolls(NamedTuple):
    """The people summoned to a hall, and the lists (rolls) that determine who they are.

    `lines` is {person code: person summoned}. `governing` is the latest roll of the hall, or None.
    `later_rolls_elsewhere` are later rolls of other halls that list some of the same people. Those
    people belong to the other halls and are not in `lines`.
    """

    lines: dict[str, Summoned]
    governing: Fact[Record] | None
    later_rolls_elsewhere: tuple[Fact[Record], ...]


class RollChanges(Struct, frozen=True, omit_defaults=True):
    """The codes of people added to or removed from a list of summoned people after it was frozen.

    The codes are sorted. The list (roll) of a hall is frozen at a deadline before the meeting;
    later changes to it are marked (checklist row 22).
    """

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


def rolls_of(point: str, facts: Iterable[Fact[Record]]) -> Rolls:
    """Return the people summoned to a hall by its latest list (roll).

    People on a later roll of another hall are left out. `point` is the code of the hall. `facts`
    are records with corrected times; they must be sorted by time and include the rolls of other
    halls. Without a roll of the hall, the result is empty.
    """
    latest: dict[str, Fact[Record]] = {}
    for fact in facts:
        if isinstance(fact.record, Roll):
            latest[fact.record.point] = fact
    governing = latest.pop(point, None)
    if governing is None:
        return Rolls({}, None, ())
    named = {line.person: line for line in _roll_lines(governing)}
    later_rolls_elsewhere = [
        other
        for other in latest.values()
        if other > governing and any(line.person in named for line in _roll_lines(other))
    ]
    taken_people = {line.person for other in later_rolls_elsewhere for line in _roll_lines(other)}
    lines = {person: line for person, line in named.items() if person not in taken_people}
    return Rolls(lines, governing, tuple(later_rolls_elsewhere))


def facts_concerning(point: str, facts: Iterable[Fact[Record]], rolls: Rolls) -> list[Fact[Record]]:
    """Return, in their order, those records in `facts` that concern the hall `point`.

    They are the records made in the hall, the records about people on its list of summoned people
    (roll), and the later rolls of other halls that took people from its roll. All `facts` are
    records with corrected times.
    """
    return [
        fact
        for fact in facts
        if fact.record.point == point
        or fact.person in rolls.lines
        or fact in rolls.later_rolls_elsewhere
    ]


def changes_since_frozen(
    point: str, facts: Iterable[Fact[Record]], rolls: Rolls, terms: Terms, flags: Flags
) -> RollChanges:
    """Return the people added to or removed from a hall's list (roll) since it was frozen.

    The list of summoned people is frozen at a deadline before the meeting. `facts` are records with
    corrected times. They must include replaced rolls, because one of these may have been in force
    at the deadline. Rolls after the deadline are flagged with `after_freeze`. The result is empty
    if the roll was never frozen.
    """
    frozen_ms = terms.roll_frozen_ms
    if frozen_ms is None:
        return RollChanges()
    point_rolls = [
        fact for fact in facts if isinstance(fact.record, Roll) and fact.record.point == point
    ]
    for roll in (*point_rolls, *rolls.later_rolls_elsewhere):
        if roll.at_ms > frozen_ms:
            flags.add(roll.id, "after_freeze")
    before = rolls_of(point, [fact for fact in facts if fact.at_ms <= frozen_ms]).lines.keys()
    now = rolls.lines.keys()
    return RollChanges(tuple(sorted(now - before)), tuple(sorted(before - now)))


def people_to_follow(point: str, records: Sequence[Record], clocks: Clocks) -> set[str]:
    """Return the codes of the people whose records are needed to compute a hall's attendance.

    These people are all officers (people who may preside) of the hall and all people who were ever
    on its list of summoned people (roll). People on earlier rolls are included, because they may
    have moved to another hall. The roll of that hall shows whether they moved before or after the
    deadline for changes to rolls.
    """
    rolls = [record for record in records if isinstance(record, Roll) and record.point == point]
    named = {line.person for roll in rolls for line in roll.body.people}
    facts = facts_in_order(point, records, clocks, Flags())
    return named | terms_of(point, facts).all_officers


def _roll_lines(fact: Fact[Record]) -> tuple[Summoned, ...]:
    return fact.record.body.people if isinstance(fact.record, Roll) else ()
