"""Seats: given by a rule, checked, and laid out as a plan."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sync_server.domain.records import Summoned

_SEAT = re.compile(r"([^\W\d_]+)[\s.-]*(\d+)\Z")
MOST_ROWS = 26
WIDEST = 99
"""Seats to a row of the plan; one further out is named beside it."""


class Plan(NamedTuple):
    """The hall as rows of seats; `others` are seats whose names tell no row and number."""

    rows: tuple[tuple[str, tuple[tuple[str, str | None], ...]], ...]
    others: tuple[tuple[str, str], ...]


def by_rule(people: Sequence[str], rows: int, per_row: int) -> dict[str, str]:
    """Seat people in their order, row by row: A1, A2 … B1; who finds no place has no seat."""
    seats = [f"{chr(65 + row)}{place}" for row in range(rows) for place in range(1, per_row + 1)]
    given = dict(zip(people, seats, strict=False))
    return {person: given.get(person, "") for person in people}


def seat_key(seat: str) -> str:
    """Return a seat as the plan reads it: `a 1`, `A-1` and `A01` are A1."""
    found = _SEAT.match(seat)
    return f"{found[1].upper()}{int(found[2])}" if found else seat.casefold()


def taken_twice(seats: Mapping[str, str]) -> dict[str, list[str]]:
    """Return each seat that several people have, with them."""
    holders: dict[str, list[str]] = {}
    for person, seat in seats.items():
        if seat:
            holders.setdefault(seat_key(seat), []).append(person)
    return {seat: people for seat, people in holders.items() if len(people) > 1}


def plan_of(people: Sequence[Summoned]) -> Plan:
    """Lay out who sits where; seats between the first and the last of a row that nobody has too."""
    places: dict[str, dict[int, str]] = {}
    others = []
    for line in people:
        found = _SEAT.match(line.seat)
        if found and 1 <= int(found[2]) <= WIDEST:
            places.setdefault(found[1].upper(), {})[int(found[2])] = line.person
        elif line.seat:
            others.append((line.seat, line.person))
    widest = max((max(row) for row in places.values()), default=0)
    rows = tuple(
        (letter, tuple((f"{letter}{n}", row.get(n)) for n in range(1, widest + 1)))
        for letter, row in sorted(places.items())
    )
    return Plan(rows, tuple(others))
