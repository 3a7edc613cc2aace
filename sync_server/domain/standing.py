"""The standing of one point at one meeting: a pure function of its stream's records and sightings.

It reads no table, no release and no present time, and does not care in which order or how often
records arrive. Judged in layers, each reading only those before it:
settings and rolls -> voids -> presence -> closing.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import msgspec
from msgspec import Struct

from sync_server.domain.clock import FAR_FROM_MEETING_MS, Clocks
from sync_server.domain.facts import (
    Fact,
    Facts,
    Flags,
    concerning,
    in_order,
    rolls_of,
    settings_of,
    without_voided,
)
from sync_server.domain.presence import (
    Interval,
    is_early_leave,
    is_late,
    minutes_between,
    stays_of,
)
from sync_server.domain.records import CheckIn, Closing, Record, Summoned

Standing = Literal["not_recorded", "present", "absent_excused", "absent_unexcused"]
Cause = Literal["no_valid_reason", "not_agreed"]
Mode = Literal["in_person", "online"]


class PersonStanding(Struct, frozen=True, omit_defaults=True):
    """How one person stands; minutes are whole and rounded down, so late by 40 s is late by 0."""

    person: str
    standing: Standing
    cause: Cause | None = None
    is_late: bool = False
    late_minutes: int = 0
    has_left_early: bool = False
    left_early_minutes: int = 0
    mode: Mode | None = None
    seat: str | None = None
    arrived_at_ms: int | None = None
    flags: tuple[str, ...] = ()


class Counts(Struct, frozen=True):
    """summoned = present + absent_excused + absent_unexcused + not_recorded, always."""

    summoned: int = 0
    present: int = 0
    late: int = 0
    left_early: int = 0
    absent_excused: int = 0
    absent_unexcused: int = 0
    not_recorded: int = 0
    guests: int = 0
    substitutes: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        pairs = zip(msgspec.structs.astuple(self), msgspec.structs.astuple(other), strict=True)
        return Counts(*(a + b for a, b in pairs))


class PointStanding(Struct, frozen=True):
    """The whole of one point: its people, its visitors, its counts, and what is odd about records.

    `flags` maps record ids to what is noteworthy of them. `has_reported` is False until a device
    of the point has sent anything: such a point is listed as not reported, never shown as 0.
    """

    people: tuple[PersonStanding, ...]
    visitors: tuple[PersonStanding, ...]
    counts: Counts
    flags: dict[str, tuple[str, ...]]
    has_reported: bool
    is_closed: bool
    is_amended: bool


def standing_of(point: str, records: Iterable[Record], clocks: Clocks) -> PointStanding:
    """Judge every record of a point's stream and say how each person stands.

    `records` holds all that the stream lists: those made at the point, and those made elsewhere
    about its people. Repeats are harmless; variants of one id (`id_reuse`) cancel each other.
    """
    flags = Flags()
    records = list(records)
    everything, reused = in_order(point, records, clocks)
    rolls = rolls_of(point, everything)
    roll = rolls.lines
    facts = concerning(point, everything, rolls)
    known = settings_of(point, facts)
    counting = without_voided(facts, flags)
    stays = stays_of(counting, flags)
    closing = _closing(point, counting)
    _flag_times(facts, known, clocks, flags)
    _flag_places(point, roll, counting, flags)
    _flag_after(closing, counting, flags)
    for record_id in reused:
        flags.add(record_id, "id_reuse")

    ids_of: defaultdict[str, list[str]] = defaultdict(list)
    for fact in counting:
        ids_of[fact.record.person or ""].append(fact.id)

    def person(line: Summoned, own: Sequence[Interval], is_closed: bool) -> PersonStanding:
        return _person(line, own, known, is_closed, flags.of(ids_of[line.person]))

    people = tuple(
        person(line, stays.get(line.person, ()), closing is not None)
        for line in roll.values()
        if not line.exempt
    )
    visitors = tuple(
        person(Summoned(code, ""), here, False)
        for code, own in sorted(stays.items())
        if code not in roll and (here := [s for s in own if s.arrival.record.point == point])
    )
    return PointStanding(
        people=people,
        visitors=visitors,
        counts=count(people),
        flags=flags.all(),
        has_reported=any(record.seq and record.point == point for record in records),
        is_closed=closing is not None,
        is_amended=closing is not None and any(_is_outside(f, closing) for f in facts),
    )


def count(people: Sequence[PersonStanding]) -> Counts:
    """Count the people of a roll by how they stand."""

    def number(standing: Standing) -> int:
        return sum(each.standing == standing for each in people)

    return Counts(
        summoned=len(people),
        present=number("present"),
        late=sum(each.is_late for each in people),
        left_early=sum(each.has_left_early for each in people),
        absent_excused=number("absent_excused"),
        absent_unexcused=number("absent_unexcused"),
        not_recorded=number("not_recorded"),
    )


def _closing(point: str, facts: Iterable[Fact]) -> Fact | None:
    """Return the latest closing of the point, if it is closed."""
    own = [f for f in facts if isinstance(f.record, Closing) and f.record.point == point]
    return own[-1] if own else None


def _is_outside(fact: Fact, closing: Fact) -> bool:
    """Say whether the signer of the closing cannot have had this record before them."""
    if isinstance(fact.record, Closing) or not isinstance(closing.record, Closing):
        return False
    if fact.seq == 0:  # the office numbers nothing
        return fact > closing
    return fact.seq > closing.record.body.seen.get(fact.device, 0)


def _flag_times(facts: Iterable[Fact], known: Facts, clocks: Clocks, flags: Flags) -> None:
    for fact in facts:
        if fact.seq == 0:  # the office runs on the node's own clock
            continue
        far = known.starts_ms is not None and not (
            known.starts_ms - FAR_FROM_MEETING_MS
            <= fact.at_ms
            <= (known.ends_ms or known.starts_ms) + FAR_FROM_MEETING_MS
        )
        if far or clocks.moment_of(fact.record).is_doubtful:
            flags.add(fact.id, "clock_suspect")
        if getattr(fact.record.body, "happened_at", None):
            flags.add(fact.id, "time_stated")


def _flag_places(
    point: str, roll: Mapping[str, Summoned], facts: Iterable[Fact], flags: Flags
) -> None:
    """Flag who came where they are not summoned: each of the two points sees its side of it."""
    for fact in facts:
        if not isinstance(fact.record, CheckIn):
            continue
        if fact.record.person in roll and fact.record.point != point:
            flags.add(fact.id, "other_point")
        elif fact.record.person not in roll and fact.record.point == point:
            flags.add(fact.id, "not_summoned")


def _flag_after(closing: Fact | None, facts: Iterable[Fact], flags: Flags) -> None:
    """Flag what was done in the hall after its roll had been signed off."""
    for fact in facts:
        if closing and fact > closing and fact.seq:
            flags.add(fact.id, "after_close")


def _person(
    line: Summoned,
    stays: Sequence[Interval],
    known: Facts,
    is_closed: bool,
    flags: tuple[str, ...],
) -> PersonStanding:
    """Say how one person stands. Presence beats everything; only a closing makes an absence."""
    if not stays:
        return PersonStanding(
            person=line.person,
            standing="absent_unexcused" if is_closed else "not_recorded",
            cause="no_valid_reason" if is_closed else None,
            seat=line.seat or None,
            flags=flags,
        )
    came_ms, left_ms = stays[0].came_ms, stays[-1].left_ms
    arrival = stays[-1].arrival.record
    assert isinstance(arrival, CheckIn)  # nothing else opens a stay
    late = is_late(came_ms, known)
    early = is_early_leave(left_ms, known)
    return PersonStanding(
        person=line.person,
        standing="present",
        is_late=late,
        late_minutes=minutes_between(known.starts_ms, came_ms) if late else 0,
        has_left_early=early,
        left_early_minutes=minutes_between(left_ms, known.ends_ms) if early else 0,
        mode=arrival.body.mode,
        seat=arrival.body.seat or line.seat or None,
        arrived_at_ms=came_ms,
        flags=flags,
    )
