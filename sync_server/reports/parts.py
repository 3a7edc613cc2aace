"""The parts of a report document: headed passages, tables with columns, and bars of a chart."""

from typing import NamedTuple

Cell = str | int
NONE = "–"


class Column(NamedTuple):
    """One column of a table. `width` is relative to the widths of the table's other columns."""

    title: str
    width: int
    is_number: bool = False


class Table(NamedTuple):
    """One table of a report.

    `key` is part of the names of the table's sheet and CSV file. `total` is the last row, if any.
    `sums` are the indexes of the columns that the total row adds up. `rate` contains three column
    indexes: the percentage, its part and its whole.
    """

    key: str
    title: str
    columns: tuple[Column, ...]
    rows: list[list[Cell]]
    total: list[Cell] | None = None
    sums: tuple[int, ...] = ()
    rate: tuple[int, int, int] | None = None


class Bar(NamedTuple):
    """One bar of a chart, which shows `part` as a share of `whole`."""

    label: str
    part: int
    whole: int


class Passage(NamedTuple):
    """A heading and the paragraphs under it.

    `level` is 1 or 2. `heading` is "" if the passage has no heading.
    """

    level: int
    heading: str
    paragraphs: tuple[str, ...]
