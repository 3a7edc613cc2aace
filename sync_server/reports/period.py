"""Build one report on several conferences, such as the conferences of a year."""

from collections.abc import Sequence
from typing import NamedTuple

from sync_server.domain.judging.counts import Counts
from sync_server.domain.unit_types import UNIT_TYPES
from sync_server.messages import number, percent, say
from sync_server.reports.document import Document, numbered, source_line
from sync_server.reports.figures import Figures, HallLine
from sync_server.reports.layouts import LAYOUTS
from sync_server.reports.parts import Bar, Cell, Column, Passage, Table
from sync_server.reports.spec import PeriodSpec
from sync_server.reports.tables import (
    count_cells,
    count_columns,
    sums_and_rate,
)
from sync_server.reports.words import moment, short_day, short_hall_name


class PeriodLine(NamedTuple):
    """One row of a table on several conferences, with sums over a group of halls.

    `label` is the text of the first cell. `halls` is the number of halls, `reported` the number of
    halls that have reported, and `on_time` the number of halls whose attendance was signed off in
    time. A hall counts once for every conference in which it takes part.
    """

    label: str
    unit_type: str
    halls: int
    reported: int
    on_time: int
    counts: Counts


def build_period(spec: PeriodSpec) -> Document:
    """Build the document of a report on several conferences.

    The document has one table by conference, one by unit type and one by hall, and a chart of the
    conferences' attendance rates.
    """
    figures = [conference.figures for conference in spec.conferences]
    halls = [hall for meeting in figures for hall in meeting.halls]
    layout, whole = LAYOUTS[spec.layout], _sum_of(say("report.total"), "", halls)
    return Document(
        spec=spec,
        kind="period",
        organisation=spec.organisation,
        layout=layout,
        subject=spec.name,
        at_ms=spec.at_ms,
        title=say("report.title.period"),
        summary=say("report.summary.period", name=spec.name),
        passages=_passages(figures, whole, layout.headings[1]),
        tables=numbered(
            (
                _table_of_meetings(figures, whole),
                _table("2", "report.column.type", by_type(halls), whole),
                _table("3", "report.column.point", by_hall(halls), whole),
            )
        ),
        bars=[
            Bar(
                f"{short_day(meeting.meeting.starts_ms)} {meeting.meeting.title}",
                meeting.totals.present,
                meeting.totals.summoned,
            )
            for meeting in figures
        ],
        foot=_foot_of(spec),
    )


def by_type(halls: Sequence[HallLine]) -> list[PeriodLine]:
    """Return one row for every unit type that has halls, with the sums over these halls.

    `halls` contains one entry for every hall of every conference. Halls of unknown type form the
    last row.
    """
    lines = []
    for unit_type in (*UNIT_TYPES, ""):
        if of_type := [hall for hall in halls if hall.unit_type == unit_type]:
            lines.append(_sum_of(say(f"unit_type.{unit_type}"), unit_type, of_type))
    return lines


def by_hall(halls: Sequence[HallLine]) -> list[PeriodLine]:
    """Return one row for every hall, with the sums over all conferences, sorted by hall code.

    `halls` contains one entry for every hall of every conference, in the order of the conferences.
    A row shows the name that the hall had at its last conference.
    """
    of_point: dict[str, list[HallLine]] = {}
    for hall in halls:
        of_point.setdefault(hall.point, []).append(hall)
    return [
        _sum_of(short_hall_name(same[-1].name), same[-1].unit_type, same)
        for _, same in sorted(of_point.items())
    ]


def _sum_of(label: str, unit_type: str, halls: Sequence[HallLine]) -> PeriodLine:
    return PeriodLine(
        label,
        unit_type,
        len(halls),
        sum(hall.is_reported for hall in halls),
        sum(hall.is_on_time for hall in halls),
        Counts.total(hall.counts for hall in halls),
    )


def _passages(figures: Sequence[Figures], whole: PeriodLine, heading: str) -> list[Passage]:
    counts = whole.counts
    general = say(
        "report.period.held",
        meetings=number(len(figures)),
        halls=number(whole.halls),
        reported=number(whole.reported),
        on_time=number(whole.on_time),
    )
    people = say(
        "report.period.people",
        summoned=number(counts.summoned),
        present=number(counts.present),
        rate=percent(counts.present, counts.summoned),
        excused=number(counts.absent_excused),
        unexcused=number(counts.absent_unexcused),
        not_recorded=number(counts.not_recorded),
        late=number(counts.late),
    )
    tasks = [task for meeting in figures for task in meeting.tasks if task.state != "dropped"]
    done = sum(task.state == "done" for task in tasks)
    sentences = [general, people]
    if tasks:
        left = say("report.period.tasks", count=number(len(tasks)), done=number(done))
        sentences.append(left)
    return [
        Passage(1, f"{heading.format(number=1)} {say('report.period.general')}", tuple(sentences))
    ]


def _columns() -> tuple[Column, ...]:
    return (
        Column(say("report.column.planned"), 5, True),
        Column(say("report.column.reported"), 5, True),
        Column(say("report.column.on_time"), 6, True),
        *count_columns(),
    )


def _cells(line: PeriodLine) -> list[Cell]:
    return [line.halls, line.reported, line.on_time, *count_cells(line.counts)]


def _table(key: str, heading: str, lines: Sequence[PeriodLine], whole: PeriodLine) -> Table:
    columns = (Column(say("report.column.number"), 3, True), Column(say(heading), 18), *_columns())
    rows: list[list[Cell]] = [
        [place, line.label, *_cells(line)] for place, line in enumerate(lines, start=1)
    ]
    sums, rate = sums_and_rate(2, before=3)
    total: list[Cell] = ["", whole.label, *_cells(whole)]
    return Table(key, say(f"report.period.table.{key}"), columns, rows, total, sums, rate)


def _table_of_meetings(figures: Sequence[Figures], whole: PeriodLine) -> Table:
    lines = [
        _sum_of(
            f"{meeting.meeting.title} ({short_day(meeting.meeting.starts_ms)})", "", meeting.halls
        )
        for meeting in figures
    ]
    return _table("1", "report.column.meeting", lines, whole)


def _foot_of(spec: PeriodSpec) -> list[str]:
    bases = [conference.basis for conference in spec.conferences]
    heads = [hall.head for basis in bases for _, hall in sorted(basis.halls.items())]
    return [
        say("report.foot", at=moment(spec.at_ms), revision=1),
        source_line(bases[0].epoch if bases else "", heads),
    ]
