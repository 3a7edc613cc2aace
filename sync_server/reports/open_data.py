"""Publish a meeting's totals as open data without revealing anything about a single person.

The data has one row for all unit types together and one row for every type. A type's row shows no
numbers of people if one of these numbers is 1 to 4. More types are hidden until the sum of the
hidden rows contains no such number, so that nobody can compute a hidden number from the totals. The
number 0 is published, because it describes nobody.
"""

from collections.abc import Mapping, Sequence
from itertools import combinations

from msgspec import Struct

from sync_server.domain.judging.counts import Counts
from sync_server.domain.records.codes import from_ms
from sync_server.messages import say
from sync_server.reports.figures import Figures, TypeLine

SMALLEST = 5
"""The smallest number of people, apart from 0, that is published. Numbers from 1 to 4 could reveal
facts about a single person.
"""
PEOPLE = ("summoned", "present", "absent_excused", "absent_unexcused", "not_recorded", "late")
"""The names of the numbers of people that are published. `summoned` is the sum of the four numbers
named after it.
"""
FIELDS = ("unit_type", "halls", "reported", *PEOPLE)


class OpenRow(Struct, frozen=True):
    """One row of the open data: the totals of one unit type, or of all types together.

    `unit_type` is a code; "" in the row for all types. `halls` is the number of halls that were
    to take part, and `reported` the number of those that have sent a record of their work.
    `people` contains a number of people for every key in `PEOPLE`, such as `late`; None means
    that the number is not published.
    """

    unit_type: str
    halls: int
    reported: int
    people: dict[str, int | None]

    def cells(self) -> list[object]:
        """Return the row's values in the order of `FIELDS`; None for an unpublished number."""
        return [self.unit_type, self.halls, self.reported, *self.people.values()]


def open_rows(figures: Figures) -> list[OpenRow]:
    """Return the rows of a meeting's open data: one for all unit types, then one for every type.

    A number is None if it could reveal something about a single person.
    """
    hidden = _hidden_types(figures.types)
    total = _published(figures.totals) if not _is_safe(figures.totals) else _all(figures.totals)
    rows = [OpenRow("", figures.planned, figures.reported, total)]
    for line in figures.types:
        people = dict.fromkeys(PEOPLE) if line.unit_type in hidden else _all(line.counts)
        rows.append(OpenRow(line.unit_type, line.planned, line.reported, people))
    return rows


def open_data(figures: Figures) -> Mapping[str, object]:
    """Return a meeting's open data as a mapping for JSON.

    The keys of the mapping are `schema` (a Frictionless Table Schema), `suppressed_below`,
    `meeting`, `as_of` and `rows`. Times are ISO 8601 in UTC.
    """
    meeting = figures.meeting
    return {
        "schema": {
            "fields": [
                {
                    "name": name,
                    "type": "string" if name == "unit_type" else "integer",
                    "title": say(f"open_data.{name}"),
                }
                for name in FIELDS
            ],
            "missingValues": [None],
            "primaryKey": "unit_type",
        },
        "suppressed_below": SMALLEST,
        "meeting": {
            "id": meeting.id,
            "title": meeting.title,
            "starts_at": from_ms(meeting.starts_ms),
            "ends_at": from_ms(meeting.ends_ms),
        },
        "as_of": from_ms(meeting.at_ms),
        "rows": [dict(zip(FIELDS, row.cells(), strict=True)) for row in open_rows(figures)],
    }


def _hidden_types(lines: Sequence[TypeLine]) -> set[str]:
    """Return the unit types whose numbers must not be published.

    A type is unsafe if one of its numbers is 1 to 4. If there are unsafe types, they are hidden,
    together with enough other types to make the sum of the hidden types safe. At least two types
    are hidden, so that no number can be computed from the totals. Of all possible choices, the one
    with the fewest summoned people is taken. If no choice is safe, all types are hidden.
    """
    unsafe = [line for line in lines if not _is_safe(line.counts)]
    others = [line for line in lines if _is_safe(line.counts)]
    if not unsafe:
        return set()
    choices = [
        [*unsafe, *more]
        for count in range(len(others) + 1)
        for more in combinations(others, count)
        if len(unsafe) + count > 1
    ]
    safe = [hidden for hidden in choices if _is_safe(Counts.total(line.counts for line in hidden))]
    if not safe:
        return {line.unit_type for line in lines}
    fewest = min(safe, key=lambda hidden: sum(line.counts.summoned for line in hidden))
    return {line.unit_type for line in fewest}


def _is_safe(counts: Counts) -> bool:
    """Return whether every number that would be published is 0 or at least `SMALLEST`."""
    return not any(0 < getattr(counts, name) < SMALLEST for name in PEOPLE)


def _all(counts: Counts) -> dict[str, int | None]:
    return {name: getattr(counts, name) for name in PEOPLE}


def _published(counts: Counts) -> dict[str, int | None]:
    """Return {key such as `late`: number of people}, with None for every number from 1 to 4.

    `summoned` is the sum of four other numbers. If only one of these five numbers were None, it
    could be computed from the rest, so a second one is also replaced with None.
    """
    people = _all(counts)
    small = [name for name, value in people.items() if value and value < SMALLEST]
    if len([name for name in small if name in PEOPLE[:5]]) == 1:
        rest = [name for name in PEOPLE[1:5] if name not in small and people[name]]
        small.append(min(rest, key=lambda name: people[name] or 0, default=PEOPLE[0]))
    return people | dict.fromkeys(small)
