"""Sheets: the rows of a CSV or XLSX file from outside, within bounds.

Imports of rosters and summonses use it, and the guard that keeps personal data off the portal.
"""

import csv
import io
import re
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Literal
from xml.etree.ElementTree import ParseError

MOST_ROWS, MOST_COLUMNS = 100_000, 30
"""The stated size of a sheet may lie: one bold cell in its last corner makes 17 billion cells."""

MAX_INFLATED_BYTES = 64 * 1024 * 1024
MAX_PART_BYTES = 4 * 1024 * 1024
"""Sizes after decompression: 100,000 people take 60 MB of XML, styles next to nothing; a hostile
file of a few hundred KB can expand to gigabytes."""
MAX_CELL = 32_767
"""The most that Excel itself keeps in a cell."""

_ROWS = re.compile(r"xl/(?:worksheets/[^/]+|sharedStrings)\.xml")

MAX_CSV_COLUMNS = 1_000

Problem = Literal["unreadable", "not_xlsx", "not_utf8", "too_large"]

_DAMAGED: tuple[type[Exception], ...] = (zipfile.BadZipFile, ParseError, zlib.error, OSError)
_DAMAGED += (LookupError, AttributeError, TypeError, ValueError, NotImplementedError, RuntimeError)
"""Errors that openpyxl raises over a damaged spreadsheet, depending on where the damage is."""


class SheetFault(Exception):
    """A file that cannot be read as a sheet; `row` (from 1) is the first that is not UTF-8."""

    def __init__(self, problem: Problem, row: int = 0) -> None:
        self.problem, self.row = problem, row
        super().__init__(problem)


def read_sheet(path: Path) -> Sequence[Sequence[object]]:
    """Return the rows of the first sheet of a file, with the values as stored.

    Raises: SheetFault.
    """
    is_xlsx = path.suffix.lower() in {".xlsx", ".xlsm"}
    return _read_xlsx(path) if is_xlsx else _read_csv(path)


def _read_xlsx(path: Path) -> Sequence[Sequence[object]]:
    from openpyxl import load_workbook  # takes a quarter of a second to import

    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
        if any(part.file_size > MAX_PART_BYTES for part in parts if not _ROWS.match(part.filename)):
            raise SheetFault("too_large")
        if sum(part.file_size for part in parts) > MAX_INFLATED_BYTES:
            raise SheetFault("too_large")
        book = load_workbook(path, read_only=True, data_only=True)
        bounds = {"max_row": MOST_ROWS, "max_col": MOST_COLUMNS}
        rows = list(book.worksheets[0].iter_rows(values_only=True, **bounds))
        book.close()
    except _DAMAGED:
        raise SheetFault("not_xlsx") from None
    return rows


def _read_csv(path: Path) -> Sequence[Sequence[object]]:
    try:
        if path.stat().st_size > MAX_INFLATED_BYTES:
            raise SheetFault("too_large")
        content = path.read_bytes()
        text = content.decode("utf-8-sig")
    except OSError:
        raise SheetFault("unreadable") from None
    except UnicodeDecodeError as fault:
        raise SheetFault("not_utf8", content[: fault.start].count(b"\n") + 1) from None
    # Excel in Vietnam separates with semicolons, other programs with commas.
    delimiter = ";" if text.partition("\n")[0].count(";") else ","
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error:  # a field longer than the reader accepts
        raise SheetFault("too_large") from None
    if len(rows) > MOST_ROWS or any(len(row) > MAX_CSV_COLUMNS for row in rows):
        raise SheetFault("too_large")
    return rows
