"""Presence as intervals: arrivals, departures, and the seats of people."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, cast

from sync_server.domain.judging.facts import Fact, FactsByKind, Flags
from sync_server.domain.judging.settings import Rolls, Terms
from sync_server.domain.records.codes import MINUTE_MS
from sync_server.domain.records.kinds import CheckIn, CheckOut, SeatChange, SeatCheck, Summoned


class Stay(NamedTuple):
    """A person's stay in a hall; `left_ms` is None without a check-out."""

    arrival: Fact[CheckIn]
    came_ms: int
    left_ms: int | None

    @property
    def point(self) -> str:
        """The point of the hall."""
        return self.arrival.record.point

    def until_ms(self, ends_ms: int | None) -> int | None:
        """Return the end of the stay: the check-out, else the meeting's end; None if unknown."""
        if self.left_ms is not None or ends_ms is None:
            return self.left_ms
        return max(self.came_ms, ends_ms)


Stays = dict[str, list[Stay]]
"""The stays of all people who came, by person, in order, in any hall."""


def stays_of(
    effective: FactsByKind, flags: Flags, is_too_late: Callable[[Fact[CheckIn]], bool]
) -> Stays:
    """Pair arrivals with departures, per person and in any hall; the earliest arrival opens a stay.

    Nobody is in two halls at once: an arrival in another hall ends the earlier stay. A departure
    ends only a stay in the same hall. An arrival that `is_too_late` opens none.
    """
    stays: Stays = {}
    arrivals = [fact for fact in effective.of(CheckIn) if not is_too_late(fact)]
    moves: list[Fact[CheckIn | CheckOut]] = [*arrivals, *effective.of(CheckOut)]
    for at_ms, _, fact in sorted((fact.happened_ms, fact.order, fact) for fact in moves):
        person_stays = stays.setdefault(fact.person or "", [])
        is_in = bool(person_stays) and person_stays[-1].left_ms is None
        is_in_this_hall = is_in and person_stays[-1].point == fact.record.point
        if isinstance(fact.record, CheckIn) and is_in_this_hall:
            flags.add(fact.id, "already_present")
            continue
        if is_in_this_hall or (is_in and isinstance(fact.record, CheckIn)):
            person_stays[-1] = person_stays[-1]._replace(left_ms=at_ms)
        if isinstance(fact.record, CheckIn):
            person_stays.append(Stay(cast(Fact[CheckIn], fact), at_ms, None))
    return {person: person_stays for person, person_stays in stays.items() if person_stays}


def flag_places(
    point: str, roll: Mapping[str, Summoned], effective: FactsByKind, flags: Flags
) -> None:
    """Flag check-ins of summoned people at other points, and of other people at this point."""
    for fact in effective.of(CheckIn):
        if fact.person in roll and fact.record.point != point:
            flags.add(fact.id, "other_point")
        elif fact.person not in roll and fact.record.point == point:
            flags.add(fact.id, "not_summoned")


class Seats(NamedTuple):
    """The seats of the hall by person, and whether a person was last seen in the right seat."""

    by_person: dict[str, str]
    right: dict[str, bool]


def seats_of(point: str, rolls: Rolls, stays: Stays, effective: FactsByKind, flags: Flags) -> Seats:
    """Assign every seat once: first by the plan, then to the first person who claims it.

    A check-in or a change that names an occupied seat is flagged, and moves nobody.
    """
    holder: dict[str, str] = {}
    seat_of: dict[str, str] = {}

    planned_ms = rolls.governing.at_ms if rolls.governing else 0

    def take(at_ms: int, fact_id: str, person: str, seat: str) -> None:
        if holder.get(seat, person) != person:
            if at_ms >= planned_ms:  # sitting down by an earlier plan is no mistake
                flags.add(fact_id, "seat_taken")
            return
        holder.pop(seat_of.get(person, ""), None)
        holder[seat] = person
        seat_of[person] = seat

    for line in rolls.lines.values() if rolls.governing else ():
        if line.seat and line.seat in holder and rolls.governing:
            flags.add(rolls.governing.id, "seat_taken")
        elif line.seat:
            holder[line.seat], seat_of[line.person] = line.person, line.seat
    claims = [
        (stay.came_ms, stay.arrival.order, person, stay.arrival.record.body.seat)
        for person, person_stays in stays.items()
        for stay in person_stays
        if stay.point == point
    ]
    claims += [
        (fact.at_ms, fact.order, fact.person or "", fact.record.body.seat)
        for fact in effective.at(point, SeatChange)
    ]
    for at_ms, (*_, fact_id), person, seat in sorted(claims, key=lambda claim: claim[:2]):
        if seat:
            take(at_ms, fact_id, person, seat)
    right = {fact.person or "": fact.record.body.right for fact in effective.at(point, SeatCheck)}
    return Seats(seat_of, right)


def first_in_meeting(stays: Sequence[Stay], terms: Terms) -> Stay:
    """Return the stay by which lateness is judged: the first that lasts beyond the start.

    If none does, the first of all: a person who came and left before the start is not late.
    """
    for stay in stays:
        if terms.starts_ms is None or stay.left_ms is None or stay.left_ms > terms.starts_ms:
            return stay
    return stays[0]


def is_late(came_ms: int, terms: Terms) -> bool:
    """Return whether an arrival is late: after the start and its grace (checklist row 11)."""
    return terms.late_after_ms is not None and came_ms > terms.late_after_ms


def is_early_leave(left_ms: int | None, terms: Terms) -> bool:
    """Return whether a departure is before the end less the grace; without a check-out, False."""
    return (
        left_ms is not None
        and terms.ends_ms is not None
        and left_ms < terms.ends_ms - terms.grace_ms
    )


def minutes_between(from_ms: int | None, to_ms: int | None) -> int:
    """Return the whole minutes between two times, rounded down; 0 if either is unknown."""
    return 0 if from_ms is None or to_ms is None else (to_ms - from_ms) // MINUTE_MS


def is_in_at(spans: Iterable[tuple[int, int | None]], at_ms: int) -> bool:
    """Return whether a moment lies in any of these spans, their start included and end excluded."""
    return any(came <= at_ms and (left is None or at_ms < left) for came, left in spans)
