"""Build the tables of a report: tables of figures and lists of summoned people.

Table 1 shows the attendance by hall and table 2 by unit type. Table 3 contains the reasons for
absence, 4 the materials, 5 the incidents, 6 the names of absent people, 7 the tasks that remain
after the meeting, and 8 the tasks from earlier meetings.
"""

from collections.abc import Sequence

from sync_server.domain.judging.counts import Counts
from sync_server.messages import name_code, percent, say
from sync_server.reports.figures import Figures, HallLine, TaskLine
from sync_server.reports.narrative import reason_name
from sync_server.reports.parts import NONE, Cell, Column, Table
from sync_server.reports.spec import PersonLine, ReportSpec
from sync_server.reports.words import moment, short_hall_name, vietnam_time


def tables_of(spec: ReportSpec) -> list[Table]:
    """Return the tables of a report in printing order, including tables without rows.

    Return [] for a summons to one person and for a certificate.
    """
    match spec.kind:
        case "minutes" | "presence":
            return [_table_of_people(spec)]
        case "summons" if not spec.person:
            return [_table_of_summoned(spec.people)]
        case "summons" | "certificate":
            return []
    tables = [_table_1(spec), _table_2(spec.figures)]
    if spec.kind == "evaluation":
        tables += [_table_3(spec.figures), _table_4(spec.figures), _table_5(spec.figures)]
        tables += [_table_7(spec.figures), _table_8(spec.figures)]
    if spec.is_internal:
        tables.append(_table_6(spec.people))
    return tables


COUNTS_BEFORE_RATE = (
    "summoned", "present", "absent_excused", "absent_unexcused", "not_recorded",
)  # fmt: skip
"""The fields of `Counts` that are shown in the columns before the attendance rate. The first is the
sum of the other four.
"""
COUNTS_AFTER_RATE = ("late", "left_early", "substitutes", "guests")


def count_columns() -> tuple[Column, ...]:
    """Return the table columns for the numbers of people and for the attendance rate.

    The columns of `COUNTS_BEFORE_RATE` come first, then the rate, then those of
    `COUNTS_AFTER_RATE`.
    """
    return (
        *(Column(say(f"report.column.{name}"), 6, True) for name in COUNTS_BEFORE_RATE),
        Column(say("report.column.rate"), 7, True),
        *(Column(say(f"report.column.{name}"), 6, True) for name in COUNTS_AFTER_RATE),
    )


def count_cells(counts: Counts) -> list[Cell]:
    """Return the cells of a table row with the numbers of people and the attendance rate.

    The cells are in the order of `count_columns`. The rate is a text such as `98,5%`.
    """
    return [
        *(getattr(counts, name) for name in COUNTS_BEFORE_RATE),
        percent(counts.present, counts.summoned),
        *(getattr(counts, name) for name in COUNTS_AFTER_RATE),
    ]


def _silent_cells(counts: Counts) -> list[Cell]:
    """Return the cells of a hall that has not reported: the number summoned, then dashes."""
    return [counts.summoned, *[NONE] * (len(count_cells(counts)) - 1)]


def sums_and_rate(first: int, before: int = 0) -> tuple[tuple[int, ...], tuple[int, int, int]]:
    """Return which columns a table's total row adds up, and from which the rate is computed.

    The results are the values of `Table.sums` and `Table.rate`. The first contains the indexes of
    the columns to add up: from `first` to the last column of `count_columns`, except the rate. The
    second contains the indexes of three columns: the rate, the people present and the people
    summoned. `before` is the number of columns from index `first` up to the first column of
    `count_columns`. Indexes start at 0.
    """
    people = first + before
    rate = people + len(COUNTS_BEFORE_RATE)
    last = people + len(count_columns())
    return tuple(n for n in range(first, last) if n != rate), (rate, people + 1, people)


def _table_1(spec: ReportSpec) -> Table:
    figures = spec.figures
    columns = (
        Column(say("report.column.number"), 4, True),
        Column(say("report.column.point"), 16),
        Column(say("report.column.type"), 10),
        Column(say("report.column.chair"), 6),
        *count_columns(),
        Column(say("report.column.note"), 10),
    )
    rows: list[list[Cell]] = [
        [
            place,
            f"{short_hall_name(hall.name)}{' *' if hall.point in spec.changed_points else ''}",
            say(f"unit_type.{hall.unit_type}"),
            say(f"report.chair.{hall.chair or 'none'}") if hall.is_reported else NONE,
            *(count_cells(hall.counts) if hall.is_reported else _silent_cells(hall.counts)),
            _notes(hall),
        ]
        for place, hall in enumerate(figures.halls, start=1)
    ]
    total = ["", say("report.total"), "", "", *count_cells(figures.totals), ""]
    sums, rate = sums_and_rate(4)
    return Table("1", say("report.table.1"), columns, rows, total, sums, rate)


def _notes(hall: HallLine) -> str:
    return "; ".join(say(f"report.note.{note}") for note in hall.notes)


def _table_2(figures: Figures) -> Table:
    columns = (
        Column(say("report.column.type"), 12),
        Column(say("report.column.planned"), 5, True),
        Column(say("report.column.reported"), 5, True),
        *count_columns(),
    )
    rows: list[list[Cell]] = [
        [
            say(f"unit_type.{line.unit_type}"),
            line.planned,
            line.reported,
            *count_cells(line.counts),
        ]
        for line in figures.types
    ]
    total = [
        say("report.total"), figures.planned, figures.reported, *count_cells(figures.totals),
    ]  # fmt: skip
    sums, rate = sums_and_rate(1, before=2)
    return Table("2", say("report.table.2"), columns, rows, total, sums, rate)


def _table_3(figures: Figures) -> Table:
    columns = (
        Column(say("report.column.reason"), 20),
        Column(say("report.column.people"), 6, True),
    )
    rows: list[list[Cell]] = [[reason_name(code), count] for code, count in figures.reasons.items()]
    total: list[Cell] = [say("report.total"), sum(figures.reasons.values())]
    return Table("3", say("report.table.3"), columns, rows, total, (1,))


def _table_4(figures: Figures) -> Table:
    columns = (
        Column(say("report.column.number"), 4, True),
        Column(say("report.column.material"), 30),
        Column(say("report.column.kind"), 10),
        Column(say("report.column.document"), 10),
        Column(say("report.column.public"), 12),
    )
    rows: list[list[Cell]] = [
        [
            place,
            line.title,
            name_code("material_kind", line.kind),
            line.number or NONE,
            say("report.public.in_time" if line.is_in_time else "report.public.late")
            if line.public_ms is None
            else f"{moment(line.public_ms)}{'' if line.is_in_time else say('report.public.after')}",
        ]
        for place, line in enumerate(figures.materials, start=1)
    ]
    return Table("4", say("report.table.4"), columns, rows)


def _table_5(figures: Figures) -> Table:
    columns = (
        Column(say("report.column.number"), 4, True),
        Column(say("report.column.point"), 16),
        Column(say("report.column.incident"), 12),
        Column(say("report.column.from"), 8),
        Column(say("report.column.minutes"), 6, True),
    )
    rows: list[list[Cell]] = [
        [
            place,
            short_hall_name(line.name),
            say(f"incident.{line.what}"),
            f"{vietnam_time(line.from_ms):%H:%M}",
            NONE if line.minutes is None else line.minutes,
        ]
        for place, line in enumerate(figures.incidents, start=1)
    ]
    minutes = sum(line.minutes or 0 for line in figures.incidents)
    total: list[Cell] = ["", say("report.total"), "", "", minutes]
    return Table("5", say("report.table.5"), columns, rows, total, (4,))


def _table_7(figures: Figures) -> Table:
    columns = (
        Column(say("report.column.number"), 4, True),
        Column(say("report.column.item"), 24),
        Column(say("report.column.point"), 16),
        Column(say("report.column.due"), 10),
        Column(say("report.column.state"), 8),
    )
    rows: list[list[Cell]] = [
        [
            place,
            line.item,
            *_hall_and_state(line, figures.meeting.at_ms),
        ]
        for place, line in enumerate(figures.tasks, start=1)
    ]
    return Table("7", say("report.table.7"), columns, rows)


def _table_8(figures: Figures) -> Table:
    columns = (
        Column(say("report.column.number"), 4, True),
        Column(say("report.column.item"), 20),
        Column(say("report.column.meeting"), 20),
        Column(say("report.column.point"), 14),
        Column(say("report.column.due"), 10),
        Column(say("report.column.state"), 8),
    )
    rows: list[list[Cell]] = [
        [
            place,
            line.item,
            line.meeting,
            *_hall_and_state(line, figures.meeting.at_ms),
        ]
        for place, line in enumerate(figures.earlier_tasks, start=1)
    ]
    return Table("8", say("report.table.8"), columns, rows)


def _hall_and_state(line: TaskLine, at_ms: int) -> tuple[str, str, str]:
    """Return three table cells for a task: its hall, its due time and its state.

    An open task whose due time is before `at_ms` (ms since 1970 UTC) is shown as overdue.
    """
    due = moment(line.due_ms) if line.due_ms else NONE
    state = "report.overdue" if line.is_overdue(at_ms) else f"follow_up.state.{line.state}"
    return short_hall_name(line.name), due, say(state)


def _table_of_summoned(people: Sequence[PersonLine]) -> Table:
    columns = (
        Column(say("report.column.number"), 4, True),
        Column(say("report.column.name"), 18),
        Column(say("report.column.unit"), 18),
        Column(say("report.column.position"), 10),
        Column(say("report.column.point"), 8),
    )
    rows: list[list[Cell]] = [
        [
            place,
            line.name,
            line.unit,
            name_code("position", line.position),
            line.facts.point,
        ]
        for place, line in enumerate(people, start=1)
    ]
    return Table("summoned", say("report.table.people"), columns, rows)


def _table_of_people(spec: ReportSpec) -> Table:
    columns = (
        Column(say("report.column.number"), 4, True),
        Column(say("report.column.name"), 16),
        Column(say("report.column.unit"), 16),
        Column(say("report.column.position"), 9),
        Column(say("report.column.state"), 11),
        Column(say("report.column.came"), 5),
        Column(say("report.column.left"), 5),
        Column(say("report.column.signature"), 10),
    )
    rows: list[list[Cell]] = [
        [
            place,
            line.name,
            line.unit,
            name_code("position", line.position),
            _state_of(line),
            f"{vietnam_time(line.facts.came_ms):%H:%M}" if line.facts.came_ms else "",
            f"{vietnam_time(line.facts.left_ms):%H:%M}" if line.facts.left_ms else "",
            "",
        ]
        for place, line in enumerate(spec.people, start=1)
    ]
    return Table("people", say("report.table.people"), columns, rows)


def _table_6(people: Sequence[PersonLine]) -> Table:
    columns = (
        Column(say("report.column.number"), 4, True),
        Column(say("report.column.name"), 18),
        Column(say("report.column.unit"), 20),
        Column(say("report.column.point"), 6),
        Column(say("report.column.state"), 12),
    )
    rows: list[list[Cell]] = [
        [
            place,
            line.name,
            line.unit,
            line.facts.point,
            _state_of(line),
        ]
        for place, line in enumerate(
            (line for line in people if line.facts.state.startswith("absent")), start=1
        )
    ]
    return Table("6", say("report.table.6"), columns, rows)


def _state_of(line: PersonLine) -> str:
    facts = line.facts
    state = say("report.state.late") if facts.is_late else say(f"report.state.{facts.state}")
    return f"{state} ({say(f'cause.{facts.cause}')})" if facts.cause else state
