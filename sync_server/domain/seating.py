"""Seats: assigned in order, checked for double use, and laid out as a plan."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sync_server.domain.records.kinds import Summoned

_SEAT = re.compile(r"([^\W\d_]+)[\s.-]*(\d+)\Z")
MOST_ROWS = 26
MOST_SEATS_PER_ROW = 99
"""Seats in a row of the plan; a seat with a higher number is listed next to the plan."""


class Plan(NamedTuple):
    """The hall as rows of seats with their people; `others` are seats that fit in no row."""

    rows: tuple[tuple[str, tuple[tuple[str, str | None], ...]], ...]
    others: tuple[tuple[str, str], ...]


def assign_seats(people: Sequence[str], rows: int, per_row: int) -> dict[str, str]:
    """Seat people in their order, row by row: A1, A2 … B1; people beyond the last seat get none."""
    seats = [f"{chr(65 + row)}{place}" for row in range(rows) for place in range(1, per_row + 1)]
    assigned = dict(zip(people, seats, strict=False))
    return {person: assigned.get(person, "") for person in people}


def seat_key(seat: str) -> str:
    """Return a seat's name in one spelling: `a 1`, `A-1` and `A01` are A1."""
    match = _SEAT.match(seat)
    return f"{match[1].upper()}{int(match[2])}" if match else seat.casefold()


def shared_seats(seats: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the seats that several people have, with these people."""
    holders: dict[str, list[str]] = {}
    for person, seat in seats.items():
        if seat:
            holders.setdefault(seat_key(seat), []).append(person)
    return {seat: people for seat, people in holders.items() if len(people) > 1}


def plan_of(people: Sequence[Summoned]) -> Plan:
    """Lay out the seats and the people on them; every row is as wide as the widest."""
    places: dict[str, dict[int, str]] = {}
    unplaced = []
    for line in people:
        match = _SEAT.match(line.seat)
        if match and 1 <= int(match[2]) <= MOST_SEATS_PER_ROW:
            places.setdefault(match[1].upper(), {})[int(match[2])] = line.person
        elif line.seat:
            unplaced.append((line.seat, line.person))
    widest = max((max(row) for row in places.values()), default=0)
    rows = tuple(
        (letter, tuple((f"{letter}{n}", row.get(n)) for n in range(1, widest + 1)))
        for letter, row in sorted(places.items())
    )
    return Plan(rows, tuple(unplaced))
