"""Make spreadsheet files like those that offices send, and read the tables in them, for tests."""

import io
import zipfile
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
    """Return an XLSX file with these rows on its first sheet.

    `settings` may hold `merge` (areas such as A1:B2), `hide_rows` (numbers), `hide_columns`
    (letters), `formats` (number formats by cell name), and `sheets` or `hidden_sheets` (rows by
    sheet name).
    """
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


def rewritten(content: bytes, part: str, old: bytes, new: bytes) -> bytes:
    """Return a workbook with `old` replaced by `new` in one part, such as `xl/workbook.xml`."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(out, "w", 8) as target:
        for name in source.namelist():
            text = source.read(name)
            assert name != part or old in text
            target.writestr(name, text.replace(old, new) if name == part else text)
    return out.getvalue()


def table_of(content: bytes, name: str = "a.xlsx", **options: Any) -> Table:
    """Return the only table in a spreadsheet file; the extension of `name` states its format.

    A row that contains only a name from `UNITS` is a heading for the rows below it. `options` are
    passed to `find_table`.
    Raises: NoTable if the file has no table or more than one.
    """
    grids: list[Grid] = read_grids(content, name)
    return find_table(
        grids,
        used=options.pop("used", FIELDS),
        is_unit=frozenset(UNITS.values()).__contains__,
        **options,
    )


def problems_of(table: Table) -> list[tuple[str, str]]:
    """Return (code of the problem, cell such as B3) for every fault in a table."""
    return [(fault.problem, fault.place) for fault in table.faults]


def texts_of(table: Table, *fields: Any) -> list[tuple[str, ...]]:
    """Return one tuple per line of a table, with the texts of these fields in this order."""
    return [tuple(line.text(field) for field in fields) for line in table.lines]


def places(faults: Sequence[Fault]) -> list[tuple[str, str]]:
    """Return (code of the problem, cell such as B3) for these faults."""
    return [(fault.problem, fault.place) for fault in faults]
