"""The parts of a report document: passages with headings, tables with columns, bars of a chart."""

from typing import NamedTuple

Cell = str | int
NONE = "–"


class Column(NamedTuple):
    """One column of a table.

    `width` is a share of the table's width, relative to the other columns. If `is_number` is true,
    the cells of the column are right-aligned.
    """

    title: str
    width: int
    is_number: bool = False


class Table(NamedTuple):
    """One table of a report.

    `key` is part of the names of the table's sheet and CSV file. `total` is the row of totals at
    the end of the table, if there is one. `sums` are the indexes of the columns that this row adds
    up. `rate` contains the indexes of three columns: a percentage, and the part and the whole from
    which it is computed. Indexes start at 0.
    """

    key: str
    title: str
    columns: tuple[Column, ...]
    rows: list[list[Cell]]
    total: list[Cell] | None = None
    sums: tuple[int, ...] = ()
    rate: tuple[int, int, int] | None = None


class Bar(NamedTuple):
    """One bar of a chart, which shows `part` as a share of `whole` (both numbers of people)."""

    label: str
    part: int
    whole: int


class Passage(NamedTuple):
    """A heading of a report and the paragraphs under it.

    `level` is 1 for a part of the report and 2 for a section in a part. `heading` is "" if the
    passage has no heading.
    """

    level: int
    heading: str
    paragraphs: tuple[str, ...]
