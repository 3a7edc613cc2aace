"""Determine when every person was in which hall, and in which seat."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, cast

from sync_server.domain.judging.facts import Fact, FactsByKind, Flags
from sync_server.domain.judging.settings import Rolls, Terms
from sync_server.domain.records.codes import MINUTE_MS
from sync_server.domain.records.kinds import CheckIn, CheckOut, SeatChange, SeatCheck, Summoned


class Stay(NamedTuple):
    """One stay of a person in a hall, opened by the check-in `arrival`.

    `came_ms` and `left_ms` are in ms since 1970 UTC. `left_ms` is when the person checked out, or
    checked in at another hall; None if neither is recorded.
    """

    arrival: Fact[CheckIn]
    came_ms: int
    left_ms: int | None

    @property
    def point(self) -> str:
        """The code of the hall that the person was in."""
        return self.arrival.record.point

    def until_ms(self, ends_ms: int | None) -> int | None:
        """Return when the stay ended: at the departure, or else at the meeting's end `ends_ms`.

        Times are in ms since 1970 UTC. Return None if neither time is known. Without a departure, a
        person who came after the meeting's end stayed for 0 ms.
        """
        if self.left_ms is not None or ends_ms is None:
            return self.left_ms
        return max(self.came_ms, ends_ms)


Stays = dict[str, list[Stay]]
"""The stays of every person by person code. A person's stays are in order of time, in all halls."""


def stays_of(
    effective: FactsByKind, flags: Flags, is_too_late: Callable[[Fact[CheckIn]], bool]
) -> Stays:
    """Return {person code: stays}, built from check-ins and check-outs in all halls.

    `effective` contains the records that have not been cancelled. The earliest check-in opens a
    stay, and a repeated check-in in the same hall is flagged with `already_present`. Nobody is
    in two halls at once, so a check-in in another hall ends the earlier stay. A check-out ends
    only a stay in the same hall. A check-in for which `is_too_late` returns True opens no stay.
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


def flag_unexpected_points(
    point: str, roll: Mapping[str, Summoned], effective: FactsByKind, flags: Flags
) -> None:
    """Flag check-ins of people in a hall that did not summon them.

    `point` is the code of a hall, and `roll` contains the people summoned there, by person code. If
    such a person checks in at another hall, the check-in is flagged with `other_point`. If anybody
    else checks in at `point`, the check-in is flagged with `not_summoned`.
    """
    for fact in effective.of(CheckIn):
        if fact.person in roll and fact.record.point != point:
            flags.add(fact.id, "other_point")
        elif fact.person not in roll and fact.record.point == point:
            flags.add(fact.id, "not_summoned")


class Seats(NamedTuple):
    """The seats of the people in a hall.

    `by_person` is {person code: assigned seat}. `right` is {person code: whether the person sat
    in the right seat at the latest check}, without people who were not checked.
    """

    by_person: dict[str, str]
    right: dict[str, bool]


def seats_of(point: str, rolls: Rolls, stays: Stays, effective: FactsByKind, flags: Flags) -> Seats:
    """Assign the seats of a hall by its list of summoned people, and then by people's claims.

    `point` is the code of the hall. People claim seats by check-ins and seat changes, and the first
    claim to a free seat counts. A claim to a seat that another person has is refused: the claimant
    keeps any earlier seat, and the claim is flagged with `seat_taken` unless the claim is older
    than the list. A list that gives one seat to two people is flagged with `seat_taken`, too. The
    result also states who sat in the right seat.
    """
    holder: dict[str, str] = {}
    seat_of: dict[str, str] = {}

    planned_ms = rolls.governing.at_ms if rolls.governing else 0

    def take(at_ms: int, fact_id: str, person: str, seat: str) -> None:
        if holder.get(seat, person) != person:
            if at_ms >= planned_ms:  # a claim older than the roll broke no rule
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
    """Return a person's first stay that lasts beyond the start of the meeting.

    Whether the person was late depends on this stay. If no stay lasts beyond the start, return
    the first one, so that a person who came and left before the start is not late. `stays` must
    be in order of time and not empty.
    """
    for stay in stays:
        if terms.starts_ms is None or stay.left_ms is None or stay.left_ms > terms.starts_ms:
            return stay
    return stays[0]


def is_late(came_ms: int, terms: Terms) -> bool:
    """Return whether an arrival (ms since 1970 UTC) is after the meeting's start plus the grace.

    The grace is the delay that the meeting tolerates (checklist row 11). Return False if the start
    is not known.
    """
    return terms.late_after_ms is not None and came_ms > terms.late_after_ms


def is_early_leave(left_ms: int | None, terms: Terms) -> bool:
    """Return whether a departure (ms since 1970 UTC) is before the meeting's end minus the grace.

    The grace is the tolerated time by which a person may leave early. Return False if there was no
    check-out, or if the end of the meeting is not known.
    """
    return (
        left_ms is not None
        and terms.ends_ms is not None
        and left_ms < terms.ends_ms - terms.grace_ms
    )


def minutes_between(from_ms: int | None, to_ms: int | None) -> int:
    """Return the whole minutes from one time to another, both in ms since 1970 UTC.

    The result is rounded down. It is 0 if either time is None, and negative if `to_ms` is the
    earlier time.
    """
    return 0 if from_ms is None or to_ms is None else (to_ms - from_ms) // MINUTE_MS


def is_in_at(spans: Iterable[tuple[int, int | None]], at_ms: int) -> bool:
    """Return whether the time `at_ms` lies in any of `spans`.

    Every span is `(start, end)`, in ms since 1970 UTC like the time. It includes the start but
    not the end. A span whose end is None is still open.
    """
    return any(came <= at_ms and (left is None or at_ms < left) for came, left in spans)
