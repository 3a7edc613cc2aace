"""Make XLSX files of lists: templates to fill in, and uploaded lists with their faults marked."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

from sync_server.acts.list_imports import describe
from sync_server.domain.positions import COMMITTEE
from sync_server.domain.unit_types import UNIT_TYPES
from sync_server.messages import name_code, say
from sync_server.sheets.tables import Fault, Table
from sync_server.sheets.workbooks import check_workbook
from sync_server.storage.directory import PointSummary, UnitSummary
from sync_server.storage.people.contacts import DUTIES, ContactLine
from sync_server.storage.people.roster import RosterPerson

COLUMNS = ("number", "person", "full_name", "birth", "unit", "position", "membership", "point")
"""The columns of the template for lists of people, in order.

The heading of a column is the message with the key `template.` plus the column's name, such as
`template.unit`."""
WIDTHS = (6, 12, 30, 12, 44, 22, 22, 44)
MEMBERSHIPS = ("OFFICIAL", "PROBATIONARY", "NONE")
MOST_MARKED_CELLS = 200_000
"""The largest number of cells in a workbook in which faulty cells are coloured. Colouring a larger
one would take too much time and memory, so a plain copy is made. A list of 5,000 people has a
quarter of these cells."""
_RED, _PALE_RED = "FFA8201A", "FFF6D5D3"
EMPTY_LINES = 500
"""How many empty rows with drop-down lists follow the last filled row of a template, so that users
can add entries."""


PLACE_COLUMNS = (
    "number",
    "unit_code",
    "unit",
    "unit_type",
    "point_code",
    "point",
    "capacity",
    "clerk",
    "clerk_phone",
    "technician",
    "technician_phone",
)
PLACE_WIDTHS = (6, 10, 44, 26, 12, 44, 10, 24, 16, 24, 16)


def people_template(
    people: Sequence[RosterPerson], units: Mapping[str, str], points: Mapping[str, str]
) -> bytes:
    """Return a list of people as XLSX, with drop-down lists, to be corrected and imported again.

    `units` and `points` are {code: name} of all units and halls, from which the drop-down lists
    are made. If `people` is empty, the file has an example row, which the import skips.
    """
    rows = [_cells(number, person, units, points) for number, person in enumerate(people, start=1)]
    choices = {
        "unit": list(units.values()),
        "position": [name_code("position", code) for code in COMMITTEE],
        "membership": [say(f"membership.{code}") for code in MEMBERSHIPS],
        "point": list(points.values()),
    }
    return _template(COLUMNS, WIDTHS, rows, choices, _example(units))


def places_template(
    units: Mapping[str, UnitSummary],
    points: Mapping[str, PointSummary],
    contacts: Mapping[str, Sequence[ContactLine]],
) -> bytes:
    """Return the units and halls as XLSX, to be corrected and imported again.

    Every hall has a row, and so has every unit without a hall. `units` and `points` contain the
    units and the halls by code. `contacts` contains the people who can be telephoned in a hall, by
    the hall's code.
    """
    rows: list[Sequence[str]] = []
    for unit in units.values():
        halls: list[PointSummary | None] = [p for p in points.values() if p.unit == unit.code]
        for hall in halls or [None]:
            people = {line.duty: line for line in contacts.get(hall.code, ())} if hall else {}
            seats = str(hall.capacity or "") if hall else ""
            cells = [str(len(rows) + 1), unit.code, unit.name, say(f"unit_type.{unit.type}")]
            cells += [hall.code, hall.name, seats] if hall else ["", "", ""]
            for duty in DUTIES:
                cells += [people[duty].name, people[duty].phone] if duty in people else ["", ""]
            rows.append(cells)
    choices = {"unit_type": [say(f"unit_type.{code}") for code in UNIT_TYPES]}
    return _template(PLACE_COLUMNS, PLACE_WIDTHS, rows, choices, [])


def _template(
    columns: Sequence[str],
    widths: Sequence[int],
    rows: Sequence[Sequence[str]],
    choices: Mapping[str, Sequence[str]],
    example: Sequence[str],
) -> bytes:
    """Return an XLSX file with these columns and rows, in which all cells contain text.

    `columns` are names such as `unit`; the heading of a column is the message with the key
    `template.` plus the name. `widths` are the widths of the columns in characters. `choices` is
    {column: values of the drop-down list}, for at most four columns. If there are no rows, the file
    contains the row `example` in grey italics.
    """
    out = io.BytesIO()
    book = _book(out)
    text, bold = book.add_format({"num_format": "@"}), _bold(book)
    sheet = book.add_worksheet(say("template.sheet"))
    lists = book.add_worksheet(say("template.choices"))
    for column, (key, width) in enumerate(zip(columns, widths, strict=True)):
        sheet.set_column(column, column, width, text)
        sheet.write_string(0, column, say(f"template.{key}"), bold)
    sheet.freeze_panes(1, 3)
    pale = book.add_format({"italic": True, "font_color": "#777777", "num_format": "@"})
    for row, cells in enumerate(rows or [example], start=1):
        for column, value in enumerate(cells):
            sheet.write_string(row, column, value, text if rows else pale)
    last = len(rows) + EMPTY_LINES
    for place, (key, values) in enumerate(choices.items()):
        lists.set_column(place, place, 44)
        lists.write_string(0, place, say(f"template.{key}"), bold)
        for row, value in enumerate(values, start=1):
            lists.write_string(row, place, value)
        if values:
            letter = "ABCD"[place]
            source = f"='{lists.name}'!${letter}$2:${letter}${len(values) + 1}"
            # Other values cause only a warning, because a list may contain other positions, or the
            # codes of units instead of their names.
            rule = {"validate": "list", "source": source, "error_type": "warning"}
            column = columns.index(key)
            sheet.data_validation(1, column, last, column, rule)
    book.close()
    return out.getvalue()


def _cells(
    row: int, person: RosterPerson, units: Mapping[str, str], points: Mapping[str, str]
) -> Sequence[str]:
    return (
        str(row),
        person.person,
        person.full_name,
        str(person.birth_year or ""),
        units.get(person.unit, person.unit),
        name_code("position", person.position),
        say(f"membership.{person.membership}"),
        points.get(person.point, person.point),
    )


def _example(units: Mapping[str, str]) -> Sequence[str]:
    unit = next(iter(units.values()), "")
    position, membership = name_code("position", COMMITTEE[0]), say("membership.OFFICIAL")
    name = say("template.example.name")
    return (say("template.example"), "", name, "1975", unit, position, membership, "")


def with_faults(table: Table, faults: Sequence[Fault], content: bytes) -> bytes:
    """Return an uploaded list as XLSX, with an added last column that describes every row's faults.

    `content` is the uploaded file, and `table` the list read from it. If the file is a workbook,
    cells with faults turn red and everything else stays the same. A text file, a workbook with more
    than `MOST_MARKED_CELLS` cells, and one that openpyxl cannot write are replaced by a new sheet
    with the same texts. Faults that do not concern a single row are described in the row of the
    headings.
    """
    grid, heading_row = table.grid, table.heading_row
    by_row: dict[int, list[str]] = {}
    for fault in faults:
        place_of_row = heading_row if fault.row is None else fault.row
        by_row.setdefault(place_of_row, []).append(describe(fault))
    if marked := _marked_workbook(table, faults, by_row, content):
        return marked
    out = io.BytesIO()
    book = _book(out)
    sheet = book.add_worksheet()
    bold, bad = _bold(book), book.add_format({"font_color": "#a8201a", "text_wrap": True})
    place = max((len(row) for row in grid.rows), default=0)
    sheet.set_column(0, max(place - 1, 0), 20)
    sheet.set_column(place, place, 70)
    for at, row in enumerate(grid.rows):
        for column, value in enumerate(row):
            if value:
                sheet.write_string(at, column, value)
        if at == heading_row:
            sheet.write_string(at, place, say("template.faults"), bold)
        if at in by_row:
            column = place + 1 if at == heading_row else place
            sheet.write_string(at, column, "\n".join(by_row[at]), bad)
    book.close()
    return out.getvalue()


def _marked_workbook(
    table: Table, faults: Sequence[Fault], by_row: Mapping[int, Sequence[str]], content: bytes
) -> bytes | None:
    """Return the uploaded workbook with its faults marked; None if this cannot be done."""
    if not content.startswith(b"PK"):
        return None
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if check_workbook(archive).cells > MOST_MARKED_CELLS:
                return None
        return _mark(table, faults, by_row, content)
    except Exception:  # noqa: BLE001 - openpyxl raises any exception, such as for a sheet named «a/b»
        return None


def _mark(
    table: Table, faults: Sequence[Fault], by_row: Mapping[int, Sequence[str]], content: bytes
) -> bytes:
    from openpyxl import load_workbook
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.utils import get_column_letter

    book = load_workbook(io.BytesIO(content))
    sheet = book[table.grid.name]
    widths = [len(row) for row in table.grid.rows]
    rows = {table.heading_row, *by_row}
    areas = [area for area in table.grid.merged if any(area.top <= r <= area.bottom for r in rows)]
    column = 1 + max([*widths, *(area.right + 1 for area in areas)], default=0)
    sheet.column_dimensions[get_column_letter(column)].width = 70
    sheet.cell(table.heading_row + 1, column, say("template.faults")).font = Font(bold=True)
    for row, sentences in by_row.items():
        place = column + 1 if row == table.heading_row else column
        cell = sheet.cell(row + 1, place, "\n".join(sentences))
        cell.font, cell.alignment = Font(color=_RED), Alignment(wrap_text=True, vertical="top")
    red = PatternFill("solid", fgColor=_PALE_RED)
    for fault in faults:
        if fault.row is not None and fault.column is not None:
            sheet.cell(fault.row + 1, fault.column + 1).fill = red
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _book(out: io.BytesIO) -> Any:
    from xlsxwriter import Workbook

    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    return Workbook(out, options)


def _bold(book: Any) -> Any:
    return book.add_format({"bold": True, "bottom": 1, "num_format": "@"})
