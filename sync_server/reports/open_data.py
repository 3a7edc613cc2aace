"""A meeting's totals as open data, in which no small number tells of a person.

Rows are published for all types of unit together and for every type. A number of people from 1 to 4
is left out, and with it the whole row, and as many other rows as it takes that nothing follows from
the totals: what the hidden rows add up to holds no such number either. A 0 tells of nobody.
"""

from collections.abc import Mapping, Sequence
from itertools import combinations

from msgspec import Struct

from sync_server.domain.judging.counts import Counts
from sync_server.domain.records.codes import from_ms
from sync_server.messages import say
from sync_server.reports.figures import Figures, TypeLine

SMALLEST = 5
"""The smallest number of people, other than 0, that is published."""
PEOPLE = ("summoned", "present", "absent_excused", "absent_unexcused", "not_recorded", "late")
"""The published numbers of people. The first is the sum of the next four."""
FIELDS = ("unit_type", "halls", "reported", *PEOPLE)


class OpenRow(Struct, frozen=True):
    """A published row: a type of unit, or "" for all. `people` is by `PEOPLE`; None: left out."""

    unit_type: str
    halls: int
    reported: int
    people: dict[str, int | None]

    def cells(self) -> list[object]:
        """Return the row's values in the order of `FIELDS`."""
        return [self.unit_type, self.halls, self.reported, *self.people.values()]


def open_rows(figures: Figures) -> list[OpenRow]:
    """Return the row of all types first, then a row for every type."""
    hidden = _hidden_types(figures.types)
    total = _published(figures.totals) if not _is_safe(figures.totals) else _all(figures.totals)
    rows = [OpenRow("", figures.planned, figures.reported, total)]
    for line in figures.types:
        people = dict.fromkeys(PEOPLE) if line.unit_type in hidden else _all(line.counts)
        rows.append(OpenRow(line.unit_type, line.planned, line.reported, people))
    return rows


def open_data(figures: Figures) -> Mapping[str, object]:
    """Return the rows with their schema (Frictionless Table Schema) and what they are of."""
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
    """Return the types whose numbers are left out: the fewest people that make the rest safe."""
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
    safe = [
        hidden for hidden in choices if _is_safe(sum((line.counts for line in hidden), Counts()))
    ]
    if not safe:
        return {line.unit_type for line in lines}
    fewest = min(safe, key=lambda hidden: sum(line.counts.summoned for line in hidden))
    return {line.unit_type for line in fewest}


def _is_safe(counts: Counts) -> bool:
    """Return whether no number of people is one of those that are left out."""
    return not any(0 < getattr(counts, name) < SMALLEST for name in PEOPLE)


def _all(counts: Counts) -> dict[str, int | None]:
    return {name: getattr(counts, name) for name in PEOPLE}


def _published(counts: Counts) -> dict[str, int | None]:
    """Return totals without their small numbers, and without one more if it would give one away."""
    people = _all(counts)
    small = [name for name, value in people.items() if value and value < SMALLEST]
    if len([name for name in small if name in PEOPLE[:5]]) == 1:
        rest = [name for name in PEOPLE[1:5] if name not in small and people[name]]
        small.append(min(rest, key=lambda name: people[name] or 0, default=PEOPLE[0]))
    return people | dict.fromkeys(small)
