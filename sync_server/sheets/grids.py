"""Grids: the cells of a sheet as the text that people see, and what makes a cell doubtful."""

import unicodedata
from typing import Literal, NamedTuple

from sync_server.domain.legacy_text import is_legacy

MOST_ROWS, MOST_COLUMNS = 100_000, 60
"""The stated size of a sheet may lie: one bold cell in its last corner makes 17 billion cells."""

MAX_CELL = 32_767
"""The most that Excel itself keeps in a cell."""

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
    """A file that cannot be read as a sheet at all, and why."""

    def __init__(self, problem: FileProblem) -> None:
        self.problem: FileProblem = problem
        super().__init__(problem)


class Area(NamedTuple):
    """Merged cells, from the first row and column to the last, counted from 0, both included."""

    top: int
    left: int
    bottom: int
    right: int


class Grid(NamedTuple):
    """One sheet. Rows and columns count from 0; `problems` names doubtful cells by (row, column).

    `is_padded`: the file states no width for a row, so that a short row may have been cut.
    """

    name: str
    rows: list[list[str]]
    problems: dict[tuple[int, int], CellProblem]
    merged: tuple[Area, ...] = ()
    hidden_rows: frozenset[int] = frozenset()
    hidden_columns: frozenset[int] = frozenset()
    is_hidden: bool = False
    is_padded: bool = True


def clean_text(text: str) -> tuple[str, CellProblem | None]:
    """Return a text in NFC without invisible characters, and what is still doubtful about it.

    Spaces of every width become plain ones. Runs of spaces are one; the ends have none.
    """
    if text.isascii() and text.isprintable():
        return " ".join(text.split()), None
    letters = []
    for letter in unicodedata.normalize("NFC", text[:MAX_CELL]):
        category = unicodedata.category(letter)
        if category == "Zs" or letter == "\t":
            letters.append(" ")
        elif category != "Cf":
            letters.append(letter)
    cleaned = "".join(letters).strip()
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
    """Return a cell's name as a spreadsheet shows it, from its place counted from 0: `D17`."""
    return f"{name_column(column)}{row + 1}"


def name_column(column: int) -> str:
    """Return a column's letters, from its place counted from 0: 27 is `AB`."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
