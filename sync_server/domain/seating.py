"""Assign seats, find seats that were given to several people, and arrange seats in a plan."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sync_server.domain.records.kinds import Summoned

_SEAT = re.compile(r"([^\W\d_]+)[\s.-]*(\d+)\Z")
MOST_ROWS = 26
MOST_SEATS_PER_ROW = 99
"""The largest seat number that a row of the plan shows.

A seat with a higher number is listed outside the plan. Otherwise one mistyped number would make
every row of the plan that long.
"""


class Plan(NamedTuple):
    """The seats of a hall in rows, with the codes of the people who have them.

    Every row is `(letter, seats)`, and every seat is `(name, person)`, with None for an empty seat.
    `others` contains `(seat as written, person)` for seats that fit in no row.
    """

    rows: tuple[tuple[str, tuple[tuple[str, str | None], ...]], ...]
    others: tuple[tuple[str, str], ...]


def assign_seats(people: Sequence[str], rows: int, per_row: int) -> dict[str, str]:
    """Assign seats to people in their order, row by row: A1, A2, …, B1.

    `people` are person codes, and `per_row` is the number of seats in a row. Return {person
    code: seat}, with "" for people left without a seat. Rows are named by letters, so `rows`
    must not exceed `MOST_ROWS`.
    """
    seats = [f"{chr(65 + row)}{place}" for row in range(rows) for place in range(1, per_row + 1)]
    assigned = dict(zip(people, seats, strict=False))
    return {person: assigned.get(person, "") for person in people}


def seat_key(seat: str) -> str:
    """Return one spelling for all spellings of a seat: `a 1`, `A-1` and `A01` all become `A1`.

    Any text that is not letters followed by a number is only changed to lower case.
    """
    match = _SEAT.match(seat)
    return f"{match[1].upper()}{int(match[2])}" if match else seat.casefold()


def shared_seats(seats: Mapping[str, str]) -> dict[str, list[str]]:
    """Return {seat: codes of the people who have it} for seats that more than one person has.

    `seats` contains every person's seat by person code, or "" for none. The keys of the result
    are spelled like `A1`, because different spellings of a seat count as one seat.
    """
    holders: dict[str, list[str]] = {}
    for person, seat in seats.items():
        if seat:
            holders.setdefault(seat_key(seat), []).append(person)
    return {seat: people for seat, people in holders.items() if len(people) > 1}


def plan_of(people: Sequence[Summoned]) -> Plan:
    """Build a seating plan from the list of people summoned to a hall.

    Rows are sorted by letter, and shorter rows are filled up with empty seats to the length of the
    longest row. People without a seat are left out.
    """
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
