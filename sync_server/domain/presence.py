"""Presence as intervals: who came when, who left when, and in which seat they sit."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple, cast

from sync_server.domain.codes import MINUTE_MS
from sync_server.domain.facts import ByKind, Fact, Flags
from sync_server.domain.records import CheckIn, CheckOut, SeatChange, SeatCheck, Summoned
from sync_server.domain.settings import Rolls, Terms


class Stay(NamedTuple):
    """One stay in a hall; `left_ms` is None for who never checked out."""

    arrival: Fact[CheckIn]
    came_ms: int
    left_ms: int | None

    @property
    def point(self) -> str:
        """The hall."""
        return self.arrival.record.point

    def until_ms(self, ends_ms: int | None) -> int | None:
        """When it ended: by check-out, else with the meeting; None where that is unknown."""
        if self.left_ms is not None or ends_ms is None:
            return self.left_ms
        return max(self.came_ms, ends_ms)


Stays = dict[str, list[Stay]]
"""The stays of each person who came, in order, wherever that was."""


def stays_of(counting: ByKind, flags: Flags) -> Stays:
    """Pair arrivals with departures, per person, wherever they were: the earliest opens a stay.

    Nobody is in two halls: an arrival in another ends the stay before. A departure ends only a
    stay in its own hall.
    """
    stays: Stays = {}
    moves: list[Fact[CheckIn | CheckOut]] = [*counting.of(CheckIn), *counting.of(CheckOut)]
    for at_ms, _, fact in sorted((fact.happened_ms, fact.order, fact) for fact in moves):
        own = stays.setdefault(fact.person or "", [])
        is_in = bool(own) and own[-1].left_ms is None
        is_in_here = is_in and own[-1].point == fact.record.point
        if isinstance(fact.record, CheckIn) and is_in_here:
            flags.add(fact.id, "already_present")
            continue
        if is_in_here or (is_in and isinstance(fact.record, CheckIn)):
            own[-1] = own[-1]._replace(left_ms=at_ms)
        if isinstance(fact.record, CheckIn):
            own.append(Stay(cast(Fact[CheckIn], fact), at_ms, None))
    return {person: own for person, own in stays.items() if own}


def flag_places(point: str, roll: Mapping[str, Summoned], counting: ByKind, flags: Flags) -> None:
    """Flag who came where they are not summoned: each of the two points sees its side of it."""
    for fact in counting.of(CheckIn):
        if fact.person in roll and fact.record.point != point:
            flags.add(fact.id, "other_point")
        elif fact.person not in roll and fact.record.point == point:
            flags.add(fact.id, "not_summoned")


class Seats(NamedTuple):
    """Who holds which seat of the hall, and who was last seen in the right one."""

    of: dict[str, str]
    right: dict[str, bool]


def seats_of(point: str, rolls: Rolls, stays: Stays, counting: ByKind, flags: Flags) -> Seats:
    """Give each seat once: to the plan first, then to whoever is the first to take it.

    A check-in or a change that names a seat which another holds is flagged, and moves nobody.
    """
    holder: dict[str, str] = {}
    of: dict[str, str] = {}

    def take(fact_id: str, person: str, seat: str) -> None:
        if holder.get(seat, person) != person:
            flags.add(fact_id, "seat_taken")
            return
        holder.pop(of.get(person, ""), None)
        holder[seat] = person
        of[person] = seat

    for line in rolls.lines.values():
        if line.seat and rolls.own:
            take(rolls.own.id, line.person, line.seat)
    claims = [
        (stay.came_ms, stay.arrival.order, person, stay.arrival.record.body.seat)
        for person, own in stays.items()
        for stay in own
        if stay.point == point
    ]
    claims += [
        (fact.at_ms, fact.order, fact.person or "", fact.record.body.seat)
        for fact in counting.at(point, SeatChange)
    ]
    for _, (*_, fact_id), person, seat in sorted(claims, key=lambda claim: claim[:2]):
        if seat:
            take(fact_id, person, seat)
    right = {f.person or "": f.record.body.right for f in counting.at(point, SeatCheck)}
    return Seats(of, right)


def is_late(came_ms: int, terms: Terms) -> bool:
    """Late means after the start and its grace (domain.md row 11)."""
    return terms.late_after_ms is not None and came_ms > terms.late_after_ms


def is_early_leave(left_ms: int | None, terms: Terms) -> bool:
    """Early means before the end less the grace; who never checked out stayed to the end."""
    return (
        left_ms is not None
        and terms.ends_ms is not None
        and left_ms < terms.ends_ms - terms.grace_ms
    )


def minutes_between(from_ms: int | None, to_ms: int | None) -> int:
    """Count whole minutes, rounded down; 0 where either end is unknown."""
    return 0 if from_ms is None or to_ms is None else (to_ms - from_ms) // MINUTE_MS


def is_in_at(spans: Iterable[tuple[int, int | None]], at_ms: int) -> bool:
    """Say whether any of these spans, begin included and end not, holds the moment."""
    return any(came <= at_ms and (left is None or at_ms < left) for came, left in spans)
