"""A report as one document, whatever the format of its file: texts, tables, head and foot."""

from collections.abc import Sequence
from typing import Literal, NamedTuple, get_args

from msgspec import Struct

from sync_server.domain.judging.counts import Counts
from sync_server.messages import name_code, number, say
from sync_server.reports.figures import Attendee, Figures, HallLine
from sync_server.reports.layouts import LAYOUTS, Layout, LayoutName
from sync_server.reports.narrative import (
    SECTIONS,
    Section,
    attendance_sentences,
    drafts_of,
    reason_name,
)
from sync_server.reports.snapshot import Basis
from sync_server.reports.words import day_and_hours, day_of, moment, percent, spell
from sync_server.storage.organisation import Organisation

Kind = Literal["quick", "evaluation", "minutes", "presence"]
KINDS: tuple[Kind, ...] = get_args(Kind)
Cell = str | int
NONE = "–"

ROMAN = ("I", "II", "III", "IV", "V")
PARTS: tuple[tuple[str, tuple[Section, ...]], ...] = (
    ("organisation", ("organisation",)),
    ("results", ("numbers", "quality", "facilities", "good_practice")),
    ("limits", ("limits", "causes")),
    ("tasks", ("tasks",)),
    ("proposals", ("proposals",)),
)
"""The five parts of an evaluation (domain.md §3) and the sections in each."""
OPTIONAL: tuple[Section, ...] = ("good_practice", "causes")
"""Sections that are left out while nobody has written them."""


WITH_NAMES: tuple[Kind, ...] = ("minutes", "presence")
"""The kinds that name people: they are internal always."""


class PersonLine(Struct, frozen=True):
    """A person with name, unit and position: only in files marked internal."""

    facts: Attendee
    name: str
    unit: str
    position: str


class ReportSpec(Struct, frozen=True):
    """Everything that a report says and was computed from. The same spec makes the same file.

    `sections`: the edited texts; others are drafted from the figures. `changes`: what differs from
    the revision before, in words; `changed_points`: the halls to mark. `point`: the one hall that
    minutes or a presence list are of, "" for all. `chair`, the name of who presided there, and
    `people` are empty unless the file is internal.
    """

    kind: Kind
    layout: LayoutName
    revision: int
    organisation: Organisation
    basis: Basis
    figures: Figures
    sections: dict[Section, str] = {}
    changes: tuple[str, ...] = ()
    changed_points: tuple[str, ...] = ()
    is_internal: bool = False
    point: str = ""
    chair: str = ""
    people: tuple[PersonLine, ...] = ()


class Column(NamedTuple):
    """A column of a table: its heading, its share of the width, and whether it holds numbers."""

    title: str
    width: int
    is_number: bool = False


class Table(NamedTuple):
    """A table. `sums`: the columns that the total row adds up; `rate`: (share, part, whole).

    `key` names its sheet and its CSV file.
    """

    key: str
    title: str
    columns: tuple[Column, ...]
    rows: list[list[Cell]]
    total: list[Cell] | None = None
    sums: tuple[int, ...] = ()
    rate: tuple[int, int, int] | None = None
    is_wide: bool = False


class Passage(NamedTuple):
    """A heading of level 1 or 2 and the paragraphs under it."""

    level: int
    heading: str
    paragraphs: tuple[str, ...]


class Document(NamedTuple):
    """A report ready to be written as a file."""

    spec: ReportSpec
    layout: Layout
    title: str
    summary: str
    passages: list[Passage]
    tables: list[Table]
    recipients: list[str]
    foot: list[str]

    @property
    def number(self) -> str:
        """The line with the number, which stays blank; "" for a list, which has none."""
        match self.spec.kind:
            case "presence":
                return ""
            case "minutes":
                line = self.layout.number.replace("BC", "BB")
            case _:
                line = self.layout.number
        return line.format(symbol=self.spec.organisation.symbol)

    @property
    def signing_body(self) -> str:
        """The body that signs; "" where the people in the hall sign."""
        if self.spec.kind in WITH_NAMES:
            return ""
        return f"{self.layout.body_on} {self.spec.organisation.body}".strip()

    def spelled(self, text: str) -> str:
        """Return a text in the spelling of the organisation."""
        return spell(text, self.spec.organisation.spelling)


def build(spec: ReportSpec) -> Document:
    """Build the document of a report."""
    organisation, layout = spec.organisation, LAYOUTS[spec.layout]
    texts = drafts_of(spec.figures) | {k: v for k, v in spec.sections.items() if v.strip()}
    match spec.kind:
        case "evaluation":
            passages = _evaluation(texts, layout)
        case "quick":
            passages = _quick(texts, layout)
        case "minutes":
            passages = _minutes(spec, layout)
        case _:
            passages = []
    if spec.changes:
        heading = say("report.changes", revision=spec.revision - 1)
        passages.append(Passage(1, heading, spec.changes))
    tables = _tables(spec)
    name = organisation.name
    archive = layout.archive.format(organisation=name.capitalize() if name.isupper() else name)
    return Document(
        spec=spec,
        layout=layout,
        title=say(f"report.title.{spec.kind}"),
        summary=_summary(spec),
        passages=passages,
        tables=[table for table in tables if table.rows],
        recipients=[]
        if spec.kind in WITH_NAMES
        else [f"- {line};" for line in organisation.recipients] + [f"- {archive}"],
        foot=foot_of(spec),
    )


def _summary(spec: ReportSpec) -> str:
    meeting = spec.figures.meeting
    when = day_and_hours(meeting.starts_ms, meeting.ends_ms)
    if spec.point:
        hall = spec.basis.halls[spec.point].name
        return say("report.summary.hall", hall=hall, title=meeting.title, when=when)
    return say("report.summary", title=meeting.title, when=when)


def _tables(spec: ReportSpec) -> list[Table]:
    if spec.kind in WITH_NAMES:
        return [_table_of_people(spec)]
    tables = [_table_1(spec), _table_2(spec.figures)]
    if spec.kind == "evaluation":
        tables += [_table_3(spec.figures), _table_4(spec.figures), _table_5(spec.figures)]
        tables.append(_table_7(spec.figures))
    if spec.is_internal:
        tables.append(_table_6(spec.people))
    return tables


def foot_of(spec: ReportSpec) -> list[str]:
    """Return the small lines that say from what the figures were computed."""
    basis = spec.basis
    halls = {p: f for p, f in sorted(basis.halls.items()) if spec.point in {"", p}}
    heads = ", ".join(f"{point}:{facts.head}" for point, facts in halls.items())
    lines = [
        say("report.foot", at=moment(basis.meeting.at_ms), revision=spec.revision),
        say("report.foot.heads", epoch=basis.epoch, heads=heads),
    ]
    return [say("report.internal"), *lines] if spec.is_internal else lines


def quick_text(figures: Figures) -> str:
    """Return the quick report as ten plain lines to copy into a message, totals only."""
    totals = figures.totals
    values = {
        "title": figures.meeting.title,
        "at": moment(figures.meeting.at_ms),
        "planned": number(figures.planned),
        "connected": number(figures.connected),
        "reported": number(figures.reported),
        "silent": number(len(figures.silent)),
        "summoned": number(totals.summoned),
        "present": number(totals.present),
        "rate": percent(totals.present, totals.summoned),
        "excused": number(totals.absent_excused),
        "unexcused": number(totals.absent_unexcused),
        "not_recorded": number(totals.not_recorded),
        "late": number(totals.late),
        "secretary": number(figures.chaired_by("secretary")),
        "deputy": number(figures.chaired_by("deputy")),
        "incidents": number(len(figures.incidents)),
        "calls": number(totals.calls),
    }
    return say("report.text", **values)


def _evaluation(texts: dict[Section, str], layout: Layout) -> list[Passage]:
    passages = []
    for numeral, (part, sections) in zip(ROMAN, PARTS, strict=True):
        heading = f"{layout.headings[0].format(number=numeral)} {say(f'report.part.{part}')}"
        if len(sections) == 1:
            passages.append(Passage(1, heading, _paragraphs(texts[sections[0]])))
            continue
        passages.append(Passage(1, heading, ()))
        written = [section for section in sections if texts[section] or section not in OPTIONAL]
        for place, section in enumerate(written, start=1):
            title = f"{layout.headings[1].format(number=place)} {say(f'heading.{section}')}"
            passages.append(Passage(2, title, _paragraphs(texts[section])))
    return passages


def _quick(texts: dict[Section, str], layout: Layout) -> list[Passage]:
    sections: tuple[Section, ...] = ("organisation", "numbers", "quality", "facilities", "limits")
    return [
        Passage(
            1,
            f"{layout.headings[1].format(number=place)} {say(f'heading.{section}')}",
            _paragraphs(texts[section]),
        )
        for place, section in enumerate(sections, start=1)
        if texts[section]
    ]


def _paragraphs(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.splitlines() if line.strip()) or (
        say("report.to_write"),
    )


COUNTED = (
    "summoned", "present", "absent_excused", "absent_unexcused", "not_recorded",
)  # fmt: skip
"""The columns of a table of people before the rate; the rest add to the first."""
AFTER_RATE = ("late", "left_early", "substitutes", "guests")


def _count_columns() -> tuple[Column, ...]:
    return (
        *(Column(say(f"report.column.{name}"), 6, True) for name in COUNTED),
        Column(say("report.column.rate"), 7, True),
        *(Column(say(f"report.column.{name}"), 6, True) for name in AFTER_RATE),
    )


def _count_cells(counts: Counts) -> list[Cell]:
    return [
        *(getattr(counts, name) for name in COUNTED),
        percent(counts.present, counts.summoned),
        *(getattr(counts, name) for name in AFTER_RATE),
    ]


def _table_1(spec: ReportSpec) -> Table:
    figures = spec.figures
    first = 4
    columns = (
        Column(say("report.column.number"), 3, True),
        Column(say("report.column.point"), 20),
        Column(say("report.column.type"), 10),
        Column(say("report.column.chair"), 5),
        *_count_columns(),
        Column(say("report.column.note"), 10),
    )
    rows: list[list[Cell]] = [
        [
            place,
            f"{_short(hall.name)}{' *' if hall.point in spec.changed_points else ''}",
            say(f"unit_type.{hall.unit_type}"),
            say(f"report.chair.{hall.chair or 'none'}") if hall.is_reported else NONE,
            *_count_cells(hall.counts),
            _notes(hall),
        ]
        for place, hall in enumerate(figures.halls, start=1)
    ]
    total = ["", say("report.total"), "", "", *_count_cells(figures.totals), ""]
    rate = first + len(COUNTED)
    sums = tuple(n for n in range(first, first + len(COUNTED) + 1 + len(AFTER_RATE)) if n != rate)
    return Table(
        "1", say("report.table.1"), columns, rows, total, sums, (rate, first + 1, first), True
    )


def _short(name: str) -> str:
    """Leave out the words "Điểm cầu", which the column's heading says."""
    return name.removeprefix(say("places.hall_of", name="")).strip() or name


def _notes(hall: HallLine) -> str:
    return "; ".join(say(f"report.note.{note}") for note in hall.notes)


def _table_2(figures: Figures) -> Table:
    columns = (
        Column(say("report.column.type"), 12),
        Column(say("report.column.planned"), 5, True),
        Column(say("report.column.reported"), 5, True),
        *_count_columns(),
    )
    rows: list[list[Cell]] = [
        [
            say(f"unit_type.{line.unit_type}"),
            line.planned,
            line.reported,
            *_count_cells(line.counts),
        ]
        for line in figures.types
    ]
    total = [
        say("report.total"), figures.planned, figures.reported, *_count_cells(figures.totals),
    ]  # fmt: skip
    first = 3
    rate = first + len(COUNTED)
    sums = tuple(n for n in range(1, len(columns)) if n != rate)
    return Table(
        "2", say("report.table.2"), columns, rows, total, sums, (rate, first + 1, first), True
    )


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
        Column(say("report.column.number"), 3, True),
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
        Column(say("report.column.number"), 3, True),
        Column(say("report.column.point"), 20),
        Column(say("report.column.incident"), 12),
        Column(say("report.column.from"), 8),
        Column(say("report.column.minutes"), 6, True),
    )
    rows: list[list[Cell]] = [
        [
            place,
            _short(line.name),
            say(f"incident.{line.what}"),
            f"{day_of(line.from_ms):%H:%M}",
            NONE if line.minutes is None else line.minutes,
        ]
        for place, line in enumerate(figures.incidents, start=1)
    ]
    minutes = sum(line.minutes or 0 for line in figures.incidents)
    total: list[Cell] = ["", say("report.total"), "", "", minutes]
    return Table("5", say("report.table.5"), columns, rows, total, (4,))


def _table_7(figures: Figures) -> Table:
    columns = (
        Column(say("report.column.number"), 3, True),
        Column(say("report.column.item"), 24),
        Column(say("report.column.point"), 16),
        Column(say("report.column.due"), 10),
        Column(say("report.column.state"), 8),
    )
    rows: list[list[Cell]] = [
        [
            place,
            line.item,
            _short(line.name),
            moment(line.due_ms) if line.due_ms else NONE,
            say(f"follow_up.state.{line.state}"),
        ]
        for place, line in enumerate(figures.tasks, start=1)
    ]
    return Table("7", say("report.table.7"), columns, rows)


def _minutes(spec: ReportSpec, layout: Layout) -> list[Passage]:
    """Return the texts of a hall's minutes: figures, chair, incidents, and lines to sign on."""
    hall = next(line for line in spec.figures.halls if line.point == spec.point)
    incidents = [line for line in spec.figures.incidents if line.point == spec.point]
    texts = [
        say("report.minutes.held", name=hall.name, title=spec.figures.meeting.title),
        say(
            "report.minutes.chair",
            chair=say(f"report.minutes.chair.{hall.chair or 'none'}"),
            name=f", {spec.chair}" if spec.chair else "",
        ),
        *attendance_sentences(hall.counts),
        *(
            say(
                "report.minutes.incident",
                what=say(f"incident.{line.what}").lower(),
                at=f"{day_of(line.from_ms):%H:%M}",
                minutes=NONE if line.minutes is None else number(line.minutes),
            )
            for line in incidents
        ),
    ]
    signing = tuple(say(f"report.minutes.sign.{who}") for who in ("chair", "clerk"))
    return [
        Passage(
            1, f"{layout.headings[1].format(number=1)} {say('report.minutes.course')}", tuple(texts)
        ),
        Passage(
            1, f"{layout.headings[1].format(number=2)} {say('report.minutes.signing')}", signing
        ),
    ]


def _table_of_people(spec: ReportSpec) -> Table:
    columns = (
        Column(say("report.column.number"), 3, True),
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
            f"{day_of(line.facts.came_ms):%H:%M}" if line.facts.came_ms else "",
            f"{day_of(line.facts.left_ms):%H:%M}" if line.facts.left_ms else "",
            "",
        ]
        for place, line in enumerate(spec.people, start=1)
    ]
    return Table("people", say("report.table.people"), columns, rows, is_wide=True)


def _table_6(people: Sequence[PersonLine]) -> Table:
    columns = (
        Column(say("report.column.number"), 3, True),
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


def all_sections(figures: Figures) -> list[tuple[Section, str]]:
    """Return every section with its draft, in order."""
    drafts = drafts_of(figures)
    return [(section, drafts[section]) for section in SECTIONS]
