"""Determine a meeting's settings at one point, and the people that the point summons."""

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
"""The reasons for an absence that apply until a setting lists other reasons."""


class Officers(Struct, frozen=True):
    """The Secretary and the Deputies of the chairing unit from a time on (ms since 1970 UTC).

    These people may preside at the point.
    """

    from_ms: int
    secretary: str | None
    deputies: tuple[str, ...]


class Terms(Struct, frozen=True):
    """The settings of a meeting at one point. A value that no setting gives is None or a default.

    Times are in ms since 1970 UTC. `officers`: all appointments, in order. A decision is judged by
    the officers of its time. `roll_secretaries`: the Secretaries of the units on the roll. A hall
    with merged units has several.
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
        """Return the officers in office at a time, by default the latest.

        Before the first appointment, return the first officers. Without any, all offices are
        vacant.
        """
        before = [
            officers for officers in self.officers if at_ms is None or officers.from_ms <= at_ms
        ]
        return (before[-1:] or self.officers[:1] or (Officers(0, None, ()),))[0]

    def is_reserved(
        self, person: str | None, instead_of: str | None = None, at_ms: int | None = None
    ) -> bool:
        """Return whether only headquarters may decide on a person's leave (checklist row 28).

        For a substitute, `instead_of` is the person replaced, and the rule for that person applies
        too.
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
        """The time after which an arrival is late: start plus grace (checklist row 11)."""
        return None if self.starts_ms is None else self.starts_ms + self.grace_ms


def terms_of(point: str, facts: Iterable[Fact[Record]], lines: Iterable[Summoned] = ()) -> Terms:
    """Merge the settings of a point. In every field the latest setting with that field counts.

    `facts` must be sorted by time. `lines` are the people on the point's roll, among that the
    Secretaries of units are found.
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
    """The people that a point summons, by person code, and the latest roll of the point.

    `governing` is that roll, or None. `later_rolls_elsewhere`: later rolls of other points that
    list some of its
    people, who therefore belong to those points.
    """

    lines: dict[str, Summoned]
    governing: Fact[Record] | None
    later_rolls_elsewhere: tuple[Fact[Record], ...]


class RollChanges(Struct, frozen=True, omit_defaults=True):
    """The people who were added or removed after the roll was frozen (checklist row 22)."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


def rolls_of(point: str, facts: Iterable[Fact[Record]]) -> Rolls:
    """Return the latest roll of a point, without the people on a later roll of another point.

    If a person is on the latest rolls of two points, the later roll counts. `facts` must be sorted
    by time.
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
    """Return the facts made at the point or about its people, and the rolls that took people.

    A roll takes people if it belongs to another point and is later than this point's roll.
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
    """Return who was added to or removed from the roll since it was frozen; nobody without a
    freeze.

    Every roll recorded after the freeze is flagged with `after_freeze`. `facts` must contain all
    facts of the stream: the roll at the freeze need not be the one that counts now.
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
    """Return the people whose records a point's stream must contain.

    They are all officers and all people who were ever on a roll of the point. Earlier rolls count,
    because rolls of other points show whether a person left before or after the freeze.
    """
    rolls = [record for record in records if isinstance(record, Roll) and record.point == point]
    named = {line.person for roll in rolls for line in roll.body.people}
    facts = facts_in_order(point, records, clocks, Flags())
    return named | terms_of(point, facts).all_officers


def _roll_lines(fact: Fact[Record]) -> tuple[Summoned, ...]:
    return fact.record.body.people if isinstance(fact.record, Roll) else ()
