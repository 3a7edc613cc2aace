"""Define grids: sheets of a file with their cells as text.

A grid also notes the problems that make cells doubtful, such as text that is struck out.
"""

import re
import unicodedata
from functools import lru_cache
from typing import Literal, NamedTuple

from sync_server.domain.characters import INVISIBLE
from sync_server.domain.legacy_text import is_legacy

MOST_ROWS, MOST_COLUMNS = 100_000, 60
"""The largest numbers of rows and columns that are read from a sheet.

The size that a sheet states cannot be trusted: one bold cell in the last corner makes it 17 billion
cells.
"""

MAX_CELL = 32_767
"""The most characters that Excel stores in a cell. Longer texts are cut off or refused."""

CellProblem = Literal[
    "formula_empty",
    "error_value",
    "shown_otherwise",
    "line_break",
    "control",
    "legacy",
    "struck",
    "invisible",
]
FileProblem = Literal[
    "unreadable",
    "not_xlsx",
    "old_or_locked",
    "external_links",
    "too_large",
    "other_encoding",
    "pdf",
]


class SheetFault(Exception):
    """Raised if a file cannot be read as a sheet. `problem` is the code of the reason."""

    def __init__(self, problem: FileProblem) -> None:
        self.problem: FileProblem = problem
        super().__init__(problem)


class Area(NamedTuple):
    """A block of merged cells in a sheet.

    Rows and columns are counted from 0, and the block includes `bottom` and `right`.
    """

    top: int
    left: int
    bottom: int
    right: int


class Grid(NamedTuple):
    """One sheet of a file, with its cells as text. Rows and columns are counted from 0.

    `problems` is {(row, column): problem} of all doubtful cells. `short_rows_are_complete` is
    True for XLSX, where empty cells at the end of a row are left out. It is False for CSV,
    where a short row may have lost cells.
    """

    name: str
    rows: list[list[str]]
    problems: dict[tuple[int, int], CellProblem]
    merged: tuple[Area, ...] = ()
    hidden_rows: frozenset[int] = frozenset()
    hidden_columns: frozenset[int] = frozenset()
    is_hidden: bool = False
    short_rows_are_complete: bool = True


_SPACES = re.compile(r"[^\S\r\n\v\f\x1c-\x1f\x85\u2028\u2029]")
"""A pattern of one space of any width, or a tab, but no end of a line and no control character."""


@lru_cache(maxsize=64)  # one long text is often repeated; more would keep too much in memory
def clean_text(text: str) -> tuple[str, CellProblem | None]:
    """Return a cell's text in the Unicode form NFC without invisible characters, and any problem.

    Every run of spaces becomes one space, and spaces at both ends are removed. The problem is
    `line_break`, `control` (a control character) or `legacy` (text in TCVN3 or VNI, encodings older
    than Unicode), or None. Text after the first `MAX_CELL` characters is cut off.
    """
    if text.isascii() and text.isprintable():
        return " ".join(text[:MAX_CELL].split()), None
    visible = INVISIBLE.sub("", unicodedata.normalize("NFC", text[:MAX_CELL]))
    cleaned = _SPACES.sub(" ", visible).strip()
    problem: CellProblem | None = None
    if any(letter in "\r\n\v\f\u2028\u2029" for letter in cleaned):
        problem = "line_break"
    elif not cleaned.isprintable():
        problem = "control"
    elif is_legacy(cleaned):
        problem = "legacy"
    if problem in {"line_break", "control"}:
        return cleaned, problem
    return " ".join(cleaned.split()), problem


def name_cell(row: int, column: int) -> str:
    """Return a cell's name in a spreadsheet: row 16 and column 3, counted from 0, are `D17`."""
    return f"{name_column(column)}{row + 1}"


def name_column(column: int) -> str:
    """Return a column's letters in a spreadsheet: column 27, counted from 0, is `AB`."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
