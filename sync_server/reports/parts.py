"""The parts of a document: passages of text, and tables."""

from typing import NamedTuple

Cell = str | int
NONE = "–"


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


class Bar(NamedTuple):
    """A bar of a chart: `part` of `whole`, with its label."""

    label: str
    part: int
    whole: int


class Passage(NamedTuple):
    """A heading of level 1 or 2, "" for none, and the paragraphs under it."""

    level: int
    heading: str
    paragraphs: tuple[str, ...]
