"""Settings and rolls: what was arranged for a meeting at one point, and whom it summons."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec
from msgspec import UNSET, Struct

from sync_server.domain.clock import Clocks
from sync_server.domain.codes import MINUTE_MS, to_ms
from sync_server.domain.facts import Fact, Flags, in_order
from sync_server.domain.records import Authority, Office, Record, Roll, Setting, Summoned

REASONS = (
    "CONG_TAC",
    "DOT_XUAT",
    "BAT_KHA_KHANG",
    "OM",
    "NGHI_PHEP",
    "THAI_SAN",
    "VIEC_RIENG",
    "KHAC",
)
"""The reasons for an absence (domain.md, Attendance), until a setting lists others."""


class Officers(Struct, frozen=True):
    """Who may preside from a moment on: the Secretary and the Deputies of the chairing unit."""

    from_ms: int
    secretary: str | None
    deputies: tuple[str, ...]


class Terms(Struct, frozen=True):
    """What the settings say of the meeting at this point; None where none has said it.

    `officers`: as they were named, in order. What was decided stays decided by who was in office.
    """

    starts_ms: int | None = None
    ends_ms: int | None = None
    grace_ms: int = 0
    officers: tuple[Officers, ...] = ()
    absence_authority: Authority = "point"
    secretary_authority: Authority = "headquarters"
    reasons: tuple[str, ...] = REASONS
    capacity: int | None = None
    guests: int = 0
    roll_frozen_ms: int | None = None
    ready_by_ms: int | None = None
    is_rehearsal: bool = False
    is_cancelled: bool = False

    def officers_at(self, at_ms: int | None = None) -> Officers:
        """Return who is in office at a moment, by default last; before the first, the first."""
        before = [o for o in self.officers if at_ms is None or o.from_ms <= at_ms]
        return (before[-1:] or self.officers[:1] or (Officers(0, None, ()),))[0]

    def is_reserved(self, person: str | None, at_ms: int | None = None) -> bool:
        """Say whether a person's leave is headquarters' alone to decide (domain.md row 28)."""
        is_secretary = person is not None and person == self.officers_at(at_ms).secretary
        reserved = self.secretary_authority if is_secretary else self.absence_authority
        return reserved == "headquarters"

    @property
    def all_officers(self) -> set[str]:
        """Everybody who was in office at any moment."""
        named = {person for each in self.officers for person in (each.secretary, *each.deputies)}
        return {person for person in named if person}

    @property
    def late_after_ms(self) -> int | None:
        """From when on who comes is late: the start and its grace (domain.md row 11)."""
        return None if self.starts_ms is None else self.starts_ms + self.grace_ms


def terms_of(point: str, facts: Iterable[Fact[Record]]) -> Terms:
    """Fold the point's settings: for each of their fields, the latest that names it."""
    said: dict[str, Any] = {}
    officers = []
    for fact in facts:
        if isinstance(fact.record, Setting) and fact.record.point == point:
            body = msgspec.structs.asdict(fact.record.body)
            said.update({name: value for name, value in body.items() if value is not UNSET})
            if isinstance(fact.record.body.officers, tuple):
                officers.append(_officers(fact.at_ms, fact.record.body.officers))
    return Terms(
        starts_ms=_ms(said.get("starts_at")),
        ends_ms=_ms(said.get("ends_at")),
        grace_ms=said.get("grace_minutes", 0) * MINUTE_MS,
        officers=tuple(officers),
        absence_authority=said.get("absence_authority", "point"),
        secretary_authority=said.get("secretary_authority", "headquarters"),
        reasons=said.get("reasons", REASONS),
        capacity=said.get("capacity"),
        guests=said.get("guests", 0),
        roll_frozen_ms=_ms(said.get("roll_frozen_at")),
        ready_by_ms=_ms(said.get("ready_by")),
        is_rehearsal=said.get("rehearsal", False),
        is_cancelled=said.get("cancelled", False),
    )


def _officers(from_ms: int, named: tuple[tuple[str, Office], ...]) -> Officers:
    secretaries = [person for person, office in named if office == "secretary"]
    deputies = tuple(person for person, office in named if office == "deputy")
    return Officers(from_ms, secretaries[0] if secretaries else None, deputies)


def _ms(instant: str | None) -> int | None:
    return None if instant is None else to_ms(instant)


class Rolls(NamedTuple):
    """Whom a point summons, its own governing roll, and the rolls that took somebody from it."""

    lines: dict[str, Summoned]
    own: Fact[Record] | None
    takers: tuple[Fact[Record], ...]


class RollChanges(Struct, frozen=True, omit_defaults=True):
    """Who was summoned or struck off after the roll was frozen (domain.md row 22)."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


def rolls_of(point: str, facts: Iterable[Fact[Record]]) -> Rolls:
    """Return the point's latest roll, less those whom a later roll elsewhere names.

    A person may stand in the latest rolls of two points; the later of the two governs.
    """
    latest: dict[str, Fact[Record]] = {}
    for fact in facts:
        if isinstance(fact.record, Roll):
            latest[fact.record.point] = fact
    own = latest.pop(point, None)
    if own is None:
        return Rolls({}, None, ())
    named = {line.person: line for line in _lines(own)}
    takers = [
        other
        for other in latest.values()
        if other > own and any(line.person in named for line in _lines(other))
    ]
    taken = {line.person for other in takers for line in _lines(other)}
    lines = {person: line for person, line in named.items() if person not in taken}
    return Rolls(lines, own, tuple(takers))


def concerning(point: str, facts: Iterable[Fact[Record]], rolls: Rolls) -> list[Fact[Record]]:
    """Leave out what a stream lists only because of a roll that no longer governs."""
    return [
        fact
        for fact in facts
        if fact.record.point == point or fact.person in rolls.lines or fact in rolls.takers
    ]


def changes_since_frozen(
    point: str, facts: Iterable[Fact[Record]], rolls: Rolls, terms: Terms, flags: Flags
) -> RollChanges:
    """Compare whom the point summons with whom it summoned when rolls were frozen."""
    frozen_ms = terms.roll_frozen_ms
    if frozen_ms is None:
        return RollChanges()
    own = [f for f in facts if isinstance(f.record, Roll) and f.record.point == point]
    for roll in (*own, *rolls.takers):
        if roll.at_ms > frozen_ms:
            flags.add(roll.id, "after_freeze")
    frozen = [roll for roll in own if roll.at_ms <= frozen_ms]
    taken = {
        line.person for roll in rolls.takers if roll.at_ms <= frozen_ms for line in _lines(roll)
    }
    before = {line.person for line in _lines(frozen[-1])} - taken if frozen else set()
    now = rolls.lines.keys()
    return RollChanges(tuple(sorted(now - before)), tuple(sorted(before - now)))


def followed_by(point: str, records: Iterable[Record], clocks: Clocks) -> set[str]:
    """Return everybody whose records a point must have: its officers, and those in its latest roll.

    Those whom another point took are among them.
    """
    facts = in_order(point, records, clocks, Flags())
    own = rolls_of(point, facts).own
    named = {line.person for line in _lines(own)} if own else set()
    return named | terms_of(point, facts).all_officers


def _lines(fact: Fact[Record]) -> tuple[Summoned, ...]:
    return fact.record.body.people if isinstance(fact.record, Roll) else ()
