"""Read XLSX and CSV files from outside the server into grids, within size limits.

A grid is one sheet with its cells as text. A file that is too large or not readable is refused.
"""

import csv
import io
import re
import unicodedata
import zipfile
from collections.abc import Callable, Iterator
from datetime import date, datetime, time
from pathlib import Path, PurePath
from typing import Any

from sync_server.domain.legacy_text import is_legacy
from sync_server.sheets.archives import MAX_INFLATED_BYTES
from sync_server.sheets.grids import (
    MAX_CELL,
    MOST_COLUMNS,
    MOST_ROWS,
    CellProblem,
    Grid,
    SheetFault,
    clean_text,
)
from sync_server.sheets.workbooks import Layout, check_workbook

MOST_CELLS = 1_500_000
MOST_CSV_CELLS = 5_000_000
"""The largest number of cells in a CSV file, including empty cells.

A file with more cells is refused as too large. `MOST_CELLS` is the limit for a sheet of an XLSX
file, without the empty cells at the end of a row: 100,000 people with fifteen columns.
"""
MOST_SHEETS = 20
MOST_CSV_COLUMNS = 1_000

XLSX_SUFFIXES = frozenset({".xlsx", ".xlsm"})
OLE_START = b"\xd0\xcf\x11\xe0"
"""The first bytes of Office files from before 2007, and of newer files with a password.

Both kinds of file are refused with advice to save them in another way.
"""

_SEPARATOR_LINE = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)
_SEPARATORS = (";", ",", "\t")
_SAMPLE_LINES = 30
_PLAIN_FORMATS = frozenset({"General", "0", "@", "#", "", "GENERAL"})
_GROUPED = re.compile(r"#[,.]##0(?:_\)|;|$)")
_GROUPED_FROM = 1_000

_WHITE = "FFFFFFFF"

Progress = Callable[[int, int], None]
"""A function that shows progress while a file is read.

It receives the number of rows read so far and the total number of rows, which is 0 if unknown.
"""


def ignore_progress(_rows: int, _all_rows: int) -> None:
    """Ignore the number of rows read and the number of all rows.

    This function is the default for callers that show no progress.
    """


def read_file(path: Path, progress: Progress = ignore_progress) -> list[Grid]:
    """Return the sheets of a file on disk, with every cell as the text that people see.

    `progress` is called after every 1,000 rows.

    Raises: SheetFault if the file cannot be opened, is too large, or is not a valid XLSX or CSV
    file.
    """
    try:
        if path.stat().st_size > MAX_INFLATED_BYTES:
            raise SheetFault("too_large")
        return read_grids(path.read_bytes(), path.name, progress)
    except OSError:
        raise SheetFault("unreadable") from None


def read_grids(content: bytes, name: str, progress: Progress = ignore_progress) -> list[Grid]:
    """Return the sheets of an XLSX or CSV file, with every cell as the text that people see.

    `name` is the file's name, whose ending helps to recognise the format. `progress` is called
    after every 1,000 rows. Sheets after the first 20 are ignored.

    Raises: SheetFault if the file is damaged, is too large, has a password or has another format.
    """
    if content.startswith(OLE_START):
        raise SheetFault("old_or_locked")
    if content.startswith(b"%PDF"):
        raise SheetFault("pdf")
    if content.startswith(b"PK") or PurePath(name.lower()).suffix in XLSX_SUFFIXES:
        return _read_workbook(content, progress)
    if len(content) > MAX_INFLATED_BYTES:
        raise SheetFault("too_large")
    return [_read_text(content, progress)]


def _read_workbook(content: bytes, progress: Progress) -> list[Grid]:
    from openpyxl import load_workbook  # takes a quarter of a second to import

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            layouts = check_workbook(archive).layouts
            if any(name.startswith("xl/externalLinks/") for name in archive.namelist()):
                raise SheetFault("external_links")
        book = load_workbook(io.BytesIO(content), read_only=True)
        grids = [
            _read_sheet(sheet, layouts.get(sheet.title, Layout()), progress)
            for sheet in book.worksheets[:MOST_SHEETS]
        ]
        book.close()
        if any(formulas for _, formulas in grids):
            book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
            for (grid, formulas), sheet in zip(grids, book.worksheets, strict=False):
                if formulas:
                    _fill_formulas(grid, formulas, sheet)
            book.close()
    except SheetFault:
        raise
    except Exception:  # noqa: BLE001 - with a damaged file, libraries raise any exception
        raise SheetFault("not_xlsx") from None
    return [grid for grid, _ in grids]


def _read_sheet(
    sheet: Any, layout: Layout, progress: Progress
) -> tuple[Grid, list[tuple[int, int]]]:
    """Return a sheet as a grid, and the (row, column) of every formula, counted from 0.

    In the grid, cells with formulas are left empty.

    Raises: SheetFault if the sheet has more than `MOST_ROWS` rows or `MOST_CELLS` cells.
    """
    rows: list[list[str]] = []
    problems: dict[tuple[int, int], CellProblem] = {}
    formulas: list[tuple[int, int]] = []
    styles: dict[int, CellProblem | None] = {}
    last, cell_count = -1, 0
    for at, cells in enumerate(sheet.iter_rows(max_row=MOST_ROWS + 1, max_col=MOST_COLUMNS)):
        texts = []
        for column, cell in enumerate(cells):
            value = cell.value
            if value is None:
                texts.append("")
                continue
            if cell.data_type == "f":
                formulas.append((at, column))
                texts.append("")
                continue
            text, problem = _as_shown(value, cell.data_type, cell)
            problem = problem or _style_problem(cell, styles)
            if problem:
                problems[at, column] = problem
            texts.append(text)
        while texts and not texts[-1]:
            texts.pop()
        rows.append(texts)
        cell_count += len(texts)
        if texts or (formulas and formulas[-1][0] == at):
            last = at
        if at % 1_000 == 0:
            progress(at, sheet.max_row or 0)
        if last >= MOST_ROWS or cell_count > MOST_CELLS:
            raise SheetFault("too_large")
    grid = Grid(
        sheet.title,
        rows[: last + 1],
        problems,
        layout.merged,
        layout.hidden_rows,
        layout.hidden_columns,
        sheet.sheet_state != "visible",
    )
    return grid, formulas


def _fill_formulas(grid: Grid, formulas: list[tuple[int, int]], sheet: Any) -> None:
    """Put the stored results of formulas into a grid.

    `formulas` contains the (row, column) of every formula, counted from 0. `sheet` is the same
    sheet, opened so that results are read instead of formulas. A formula without a stored result is
    noted as `formula_empty` in `grid.problems`.
    """
    by_row: dict[int, list[int]] = {}
    for row, column in formulas:
        by_row.setdefault(row, []).append(column)
    for at, cells in enumerate(sheet.iter_rows(max_row=len(grid.rows), max_col=MOST_COLUMNS)):
        for column in by_row.get(at, ()):
            cell = cells[column] if column < len(cells) else None
            line = grid.rows[at]
            line.extend([""] * (column + 1 - len(line)))
            if cell is None or cell.value is None:
                if cell is None or cell.data_type != "str":  # `str`: the result is an empty text
                    grid.problems[at, column] = "formula_empty"
                continue
            line[column], problem = _as_shown(cell.value, cell.data_type, cell)
            if problem:
                grid.problems[at, column] = problem


def _as_shown(value: object, data_type: str, cell: Any) -> tuple[str, CellProblem | None]:
    """Return a cell's value as the text that a spreadsheet shows, and any problem with the cell.

    `data_type` is openpyxl's code for the type of the value, such as `e` for an error. Dates
    are written like `31/12/2024`. If the spreadsheet shows a number differently from the
    returned text, the problem is `shown_otherwise`.
    """
    if isinstance(value, str):
        if data_type == "e":
            return value, "error_value"
        return clean_text(value)
    if isinstance(value, bool):
        return ("TRUE" if value else "FALSE"), None
    if isinstance(value, datetime):
        is_day = value.time() == time()
        return value.strftime("%d/%m/%Y" if is_day else "%d/%m/%Y %H:%M:%S"), None
    if isinstance(value, date):
        return value.strftime("%d/%m/%Y"), None
    if isinstance(value, int | float):
        number = int(value) if isinstance(value, float) and value.is_integer() else value
        text = str(number)
        return text, None if _is_shown_plainly(number, cell.number_format) else "shown_otherwise"
    return str(value), None


def _style_problem(cell: Any, known: dict[int, CellProblem | None]) -> CellProblem | None:
    """Return `struck` if a cell's text is struck out, `invisible` if it cannot be seen, else None.

    `known` is {openpyxl's number of a style: earlier result for this style}; it is updated. It
    is needed because reading the style of every cell is slow.
    """
    style = cell._style_id
    if style not in known:
        known[style] = _look_at_style(cell)
    return known[style]


def _look_at_style(cell: Any) -> CellProblem | None:
    """Return `struck` if a cell's text is struck out, `invisible` if it cannot be seen, else None.

    Text is invisible if it is white in a cell without a fill, or if its number format is `;;;`.
    """
    font = cell.font
    if font is not None and font.strike:
        return "struck"
    is_white = font is not None and font.color is not None and font.color.rgb == _WHITE
    has_fill = cell.fill is not None and cell.fill.fill_type is not None
    if cell.number_format.replace(" ", "") == ";;;" or (is_white and not has_fill):
        return "invisible"
    return None


def _is_shown_plainly(number: float, number_format: str) -> bool:
    """Return whether a spreadsheet format such as `0` shows a number as its plain digits.

    The format `00000` does not, because it shows 123 as 00123. A format that groups digits shows
    only numbers below 1,000 as plain digits.
    """
    if number_format in _PLAIN_FORMATS:
        return True
    return bool(_GROUPED.match(number_format)) and abs(number) < _GROUPED_FROM


def _read_text(content: bytes, progress: Progress) -> Grid:
    text = _decode(content)
    all_rows = text.count("\n")
    separator, text = separator_of(text)
    csv.field_size_limit(MAX_CELL)
    rows: list[list[str]] = []
    problems: dict[tuple[int, int], CellProblem] = {}
    cell_count = 0
    try:
        for at, cells in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=separator)):
            cell_count += len(cells)
            is_wide = len(cells) > MOST_CSV_COLUMNS
            if at >= MOST_ROWS or is_wide or cell_count > MOST_CSV_CELLS:
                raise SheetFault("too_large")
            texts = []
            for column, cell in enumerate(cells):
                cleaned, problem = clean_text(cell)
                if problem:
                    problems[at, column] = problem
                texts.append(cleaned)
            rows.append(texts)
            if at % 1_000 == 0:
                progress(at, all_rows)
    except csv.Error:  # a field is too long, for example after a stray quote
        raise SheetFault("too_large") from None
    return Grid("", rows, problems, short_rows_are_complete=False)


def _decode(content: bytes) -> str:
    """Decode a text in UTF-8, UTF-16 or Windows-1258.

    Raises: SheetFault if the text has another encoding, such as TCVN3 or VNI.
    """
    if content[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return content.decode("utf-16", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    try:
        text = unicodedata.normalize("NFC", content.decode("cp1258"))
    except UnicodeDecodeError:
        raise SheetFault("other_encoding") from None
    # TCVN3 and VNI decoded as Windows-1258 have tone marks after consonants, and Unicode composes
    # no letter from these.
    if any(unicodedata.combining(letter) for letter in text[:100_000]) or is_legacy(text):
        raise SheetFault("other_encoding")
    return text


def separator_of(text: str) -> tuple[str, str]:
    """Return the separator of the cells in a CSV text, and the text without any `sep=` line.

    A first line such as `sep=;` names the separator and is removed from the text. Without such a
    line, the separator is the semicolon, comma or tab that occurs in the largest number of the
    first 30 lines.
    """
    if stated := _SEPARATOR_LINE.match(text):
        return stated[1], text[stated.end() :]
    lines = list(_first_lines(text))
    counts = {separator: sum(1 for line in lines if separator in line) for separator in _SEPARATORS}
    return max(_SEPARATORS, key=lambda separator: counts[separator]), text


def _first_lines(text: str) -> Iterator[str]:
    yield from io.StringIO(text[: _SAMPLE_LINES * MAX_CELL], newline=None).readlines()[
        :_SAMPLE_LINES
    ]
