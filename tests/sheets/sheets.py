"""Makes the sheets that offices send, for the tests."""

import io
from collections.abc import Sequence
from typing import Any

from openpyxl import Workbook

from sync_server.sheets.files import read_grids
from sync_server.sheets.grids import Grid
from sync_server.sheets.headings import FIELDS
from sync_server.sheets.tables import Fault, Table, find_table

UNITS = {
    "U01": "Chi bộ Ban Tuyên giáo Tỉnh uỷ",
    "U06": "Đảng bộ Văn phòng Tỉnh uỷ",
    "U08": "Đảng bộ Văn phòng Uỷ ban nhân dân tỉnh",
    "U10": "Đảng bộ Sở Nội vụ",
}


def workbook(rows: Sequence[Any], **settings: Any) -> bytes:
    """Return an XLSX file; `merge`: areas, `hide_rows`, `hide_columns`, `formats` by cell name."""
    book = Workbook()
    sheet = book.worksheets[0]
    for row in rows:
        sheet.append(list(row))
    for name, number_format in settings.get("formats", {}).items():
        sheet[name].number_format = number_format
    for area in settings.get("merge", ()):
        sheet.merge_cells(area)
    for row in settings.get("hide_rows", ()):
        sheet.row_dimensions[row].hidden = True
    for column in settings.get("hide_columns", ()):
        sheet.column_dimensions[column].hidden = True
    for name, other_rows in settings.get("hidden_sheets", {}).items():
        hidden = book.create_sheet(name)
        hidden.sheet_state = "hidden"
        for row in other_rows:
            hidden.append(list(row))
    for name, other_rows in settings.get("sheets", {}).items():
        other = book.create_sheet(name)
        for row in other_rows:
            other.append(list(row))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def table_of(content: bytes, name: str = "a.xlsx", **options: Any) -> Table:
    """Return the table of a file, read with every field and with `UNITS` as sections."""
    grids: list[Grid] = read_grids(content, name)
    return find_table(
        grids,
        used=options.pop("used", FIELDS),
        is_unit=frozenset(UNITS.values()).__contains__,
        **options,
    )


def problems_of(table: Table) -> list[tuple[str, str]]:
    """Return the problem and the place of every fault."""
    return [(fault.problem, fault.place) for fault in table.faults]


def texts_of(table: Table, *fields: Any) -> list[tuple[str, ...]]:
    """Return the texts of some fields, line by line."""
    return [tuple(line.text(field) for field in fields) for line in table.lines]


def places(faults: Sequence[Fault]) -> list[tuple[str, str]]:
    """Return the problem and the place of every fault."""
    return [(fault.problem, fault.place) for fault in faults]
