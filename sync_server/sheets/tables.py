"""Find the table in a sheet, and read its headings and its lines.

The headings fill one or two rows. A row that contains the name of a unit but no person is a section
heading, and the lines below it belong to that unit.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from sync_server.domain.names import fold
from sync_server.sheets.grids import Grid, name_cell, name_column
from sync_server.sheets.headings import Field, field_of, fold_heading

HEADING_WITHIN = 40
"""The number of rows at the top of a sheet that are searched for the headings of the table."""
FEWEST_HEADINGS, MANY_FIELDS = 2, 3
NAMES_OF_PEOPLE: tuple[Field, ...] = ("full_name", "person", "family_names")

TableProblem = Literal[
    "merged",
    "hidden_row",
    "hidden_column",
    "hidden_sheet",
    "cut_short",
    "beyond_headings",
    "heading_twice",
    "no_name",
    "unknown_section",
    "no_table",
    "many_tables",
]
UnitTest = Callable[[str], bool]
"""A function that returns whether a text names a unit."""

LONGEST_LABEL = 300
"""The greatest length in letters of a text that is compared with patterns, such as those of totals.

Longer texts are cut to this length, because comparing them would take too long.
"""
_TOTAL = re.compile(r"(?:tong(?: cong| so)?|cong)(?:\b|:)")
_ENDS = re.compile(
    r"(?:nguoi )?lap (?:bieu|danh sach)|\bt/?m\b|\bkt\.|xac nhan|thu truong|ky,? ghi ro|nguoi lap"
    r"|\d\. (?:in-meeting|hoat dong trong)|.*\bngay\b.*\bthang\b.*\bnam\b"
    r"|danh sach (?:nay )?(?:gom|co) |noi nhan"
)
_COLUMN_NUMBER = re.compile(r"\(?(?:\d{1,2}|[A-Z])\)?")
_EXAMPLE = frozenset({"vd", "vi du"})
"""The texts in the number column that mark the example row of a list template («VD» or «ví dụ»).

Such a row is not read.
"""


class Fault(NamedTuple):
    """A fault of a cell, of a row or column, or of the whole file.

    Rows and columns are counted from 0. If one of the two is None, the fault concerns a whole
    column or row; if both are None, it concerns the whole file. `problem` is a `CellProblem`, a
    `FileProblem`, a `TableProblem`, or a code that only one kind of list uses. `value` is the
    faulty text. `detail` completes the message, for example with similar names.
    """

    problem: str
    row: int | None = None
    column: int | None = None
    value: str = ""
    detail: str = ""

    @property
    def place(self) -> str:
        """The position of the fault as a spreadsheet shows it, such as `D17`.

        For a whole row it is the row's number, counted from 1; for a whole column, the column's
        letters. It is "" if the fault concerns the whole file.
        """
        if self.row is not None and self.column is not None:
            return name_cell(self.row, self.column)
        if self.row is not None:
            return f"{self.row + 1}"
        return name_column(self.column) if self.column is not None else ""


class Column(NamedTuple):
    """A column of a table: its position `at`, counted from 0, its heading, and what it contains.

    `heading` is the text in the sheet; a heading in two rows is joined into one text. `field` is
    the code of what the column contains, such as `full_name`, or None if the column is not read.
    """

    at: int
    heading: str
    field: Field | None


_DITTO_FIELDS: frozenset[Field] = frozenset({"unit", "point", "position", "membership"})
_DITTO = frozenset({"nt", "-nt-", "- nt -", "nhu tren", "-nhu tren-", "〃", '"', "''", "”", "“"})
"""Texts in a cell that mean "the same as above", such as a ditto mark, in lower case without
accents.
"""


_ORDINAL = re.compile(r"(?:[IVXLC]+|[A-H])[.)]?")
"""The pattern of the Roman numeral or letter that numbers a section, as in «VIII» or «B.»."""


class Line(NamedTuple):
    """An entry of a table, such as a person or a hall, read from row `row` of a sheet.

    `texts` is {field: text}, and `columns` is {field: number of the column that contains the text}.
    Rows and columns are counted from 0. `section` is the name of the unit in the section heading
    above the entry, or "".
    """

    row: int
    texts: dict[Field, str]
    columns: dict[Field, int]
    section: str

    def text(self, field: Field) -> str:
        """Return the text of a field; "" if the cell is empty or the list has no such column."""
        return self.texts.get(field, "")


class Table(NamedTuple):
    """A table read from a sheet (`grid`), with its lines and its faults. Rows are counted from 0.

    `heading_row` is the first row of the headings. `left_out` contains the rows that are not
    lines, as (row, text): rows above and below the table, totals and section headings.
    """

    grid: Grid
    heading_row: int
    columns: tuple[Column, ...]
    lines: list[Line]
    left_out: list[tuple[int, str]]
    faults: list[Fault]

    @property
    def fields(self) -> set[Field]:
        """The fields that the columns of the table contain, such as `full_name`."""
        return {column.field for column in self.columns if column.field}


class NoTable(Exception):
    """Raised if no sheet has a suitable table, or if several sheets have one.

    `fault` gives the details for the message.
    """

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        super().__init__(fault.problem)


def find_table(
    grids: Sequence[Grid],
    *,
    used: Collection[Field],
    choices: Mapping[str, Field | None] | None = None,
    is_unit: UnitTest | None = None,
    keys: Collection[Field] = NAMES_OF_PEOPLE,
) -> Table:
    """Return the only table in the sheets `grids` that has a column for one of the fields `keys`.

    A row is read as a line of the table only if it has a text in one of these fields. By
    default, they are the names and the code of a person. `used`: the fields to read. `choices`
    is {heading: field that a user assigned to it}, with headings in the form that
    `fold_heading` returns; None means that the column is not read. `is_unit` returns whether a
    text names a unit. Hidden sheets are not read, but are reported as faults.

    Raises: NoTable if no sheet has such a table, or if several sheets have one.
    """
    visible = [grid for grid in grids if not grid.is_hidden]
    candidates = [
        (grid, heading) for grid in visible if (heading := _find_heading(grid, choices, keys))
    ]
    if not candidates:
        first = next((grid for grid in visible if any(map(any, grid.rows))), None)
        row = next((text for text in (first.rows if first else ()) if any(text)), [])
        raise NoTable(Fault("no_table", value=" | ".join(cell for cell in row if cell)[:200]))
    if len(candidates) > 1:
        names = ", ".join(f"«{grid.name}»" for grid, _ in candidates)
        raise NoTable(Fault("many_tables", value=names))
    grid, heading = candidates[0]
    table = _read_table(grid, heading, used, is_unit or (lambda _text: False), keys)
    hidden = [
        Fault("hidden_sheet", value=other.name)
        for other in grids
        if other.is_hidden and any(map(any, other.rows))
    ]
    return table._replace(faults=hidden + table.faults)


class _Heading(NamedTuple):
    first_row: int
    last_row: int
    columns: tuple[Column, ...]
    names_span: tuple[int, ...]  # columns of family and given names below one merged heading


def _find_heading(
    grid: Grid, choices: Mapping[str, Field | None] | None, keys: Collection[Field]
) -> _Heading | None:
    """Return the first heading row that names a field of `keys` and another known field.

    In a sheet with only one column, one field of `keys` is enough. `choices` is {heading: field
    that a user assigned to it}. Return None if the first 40 rows contain no such heading.
    """
    for at, row in enumerate(grid.rows[:HEADING_WITHIN]):
        fields = [match[0] for cell in row if cell and (match := _field(cell, choices))]
        is_only_column = len(fields) == 1 and max(map(len, grid.rows)) == 1
        if set(keys) & set(fields) and (len(fields) >= FEWEST_HEADINGS or is_only_column):
            return _columns_at(grid, at, choices)
    return None


def _field(heading: str, choices: Mapping[str, Field | None] | None) -> tuple[Field, int] | None:
    folded = fold_heading(heading)
    if choices and folded in choices:
        chosen = choices[folded]
        return (chosen, -1) if chosen else None
    return field_of(heading)


def _columns_at(grid: Grid, at: int, choices: Mapping[str, Field | None] | None) -> _Heading:
    """Return the heading in row `at` with its columns, including any second row of the heading.

    `at` is counted from 0. `choices` is {heading: field that a user assigned to it}, with None
    in place of the field if the column is not read.
    """
    top = list(grid.rows[at])
    below = grid.rows[at + 1] if at + 1 < len(grid.rows) else []
    is_double = _is_second_heading(grid, at, top, below)
    width = max(len(top), len(below) if is_double else 0)
    top += [""] * (width - len(top))
    for area in grid.merged:
        if area.top == at and area.bottom == at and area.right < width:
            for column in range(area.left + 1, area.right + 1):
                top[column] = top[column] or (top[area.left] if is_double else "")
    headings = [
        f"{top[n]} {below[n]}".strip() if is_double and n < len(below) and below[n] else top[n]
        for n in range(width)
    ]
    columns = _best_columns(
        [
            (n, heading, _field_of_pair(heading, n, below if is_double else (), choices))
            for n, heading in enumerate(headings)
            if heading
        ]
    )
    span = next(
        (
            tuple(range(area.left, area.right + 1))
            for area in grid.merged
            if area.top == at
            and area.right == area.left + 1
            and not is_double
            and any(c.at == area.left and c.field == "full_name" for c in columns)
        ),
        (),
    )
    return _Heading(at, at + is_double, columns, span)


def _field_of_pair(
    heading: str,
    column: int,
    below: Sequence[str],
    choices: Mapping[str, Field | None] | None,
) -> tuple[Field, int] | None:
    """Return the field of a column whose heading may fill two rows, and the rank of its spelling.

    Rank 0 is the preferred spelling of a heading. `heading` joins both rows, and `below` is the
    second row. If the joined heading names no field, the second row's cell in this column is tried
    alone. Return None if that cell names no field, either.
    """
    whole = _field(heading, choices)
    if whole or column >= len(below) or not below[column]:
        return whole
    return _field(below[column], choices)


def _is_second_heading(grid: Grid, at: int, top: Sequence[str], below: Sequence[str]) -> bool:
    """Return whether the row below a heading is part of the heading.

    `at` is the row of the heading, `top` contains its texts, and `below` those of the next row. A
    second row fills only columns that are empty or merged in the first row, and contains no number.
    At least one of its cells is a known heading or is below a merged cell.
    """
    filled = [n for n, cell in enumerate(below) if cell]
    if not filled:
        return False
    spans = {
        n
        for area in grid.merged
        if area.top == at and area.bottom == at
        for n in range(area.left, area.right + 1)
    }
    return all(
        (n >= len(top) or not top[n] or n in spans) and not below[n].isdecimal() for n in filled
    ) and any(field_of(below[n]) or n in spans for n in filled)


def _best_columns(
    columns: Iterable[tuple[int, str, tuple[Field, int] | None]],
) -> tuple[Column, ...]:
    """Return the columns of a table, and choose which column is read for a field.

    Every column comes as `(position, heading, (field, rank))`, with None in place of the last pair
    if the heading names no field. Rank 0 is the preferred spelling of a heading. If several columns
    contain the same field, those with the lowest rank are read, and the other columns get no field.
    All columns for the date of birth are read, because there may be one for men and one for women.
    """
    columns = list(columns)
    best: dict[Field, int] = {}
    for _, _, match in columns:
        if match:
            best[match[0]] = min(match[1], best.get(match[0], match[1]))
    return tuple(
        Column(
            at,
            heading,
            match[0] if match and (match[0] == "birth" or match[1] == best[match[0]]) else None,
        )
        for at, heading, match in columns
    )


def _read_table(
    grid: Grid,
    heading: _Heading,
    used: Collection[Field],
    is_unit: UnitTest,
    keys: Collection[Field],
) -> Table:
    columns = tuple(
        column if column.field in used or column.field == "number" else column._replace(field=None)
        for column in heading.columns
    )
    reader = _LineReader(grid, heading, columns, is_unit, keys)
    lines, left_out = reader.read()
    faults = _faults_of_headings(columns) + _faults_of_layout(grid, columns, lines) + reader.faults
    above = [(n, _joined(grid.rows[n])) for n in range(heading.first_row) if any(grid.rows[n])]
    faults.sort(key=lambda fault: (fault.row or 0, fault.column or 0))
    return Table(grid, heading.first_row, columns, lines, above + left_out, faults)


class _LineReader:
    """A reader that turns the rows below a table's heading into lines, and collects their faults.

    A line is an entry of the table, such as a person; totals and section headings are not lines.
    """

    def __init__(
        self,
        grid: Grid,
        heading: _Heading,
        columns: tuple[Column, ...],
        is_unit: UnitTest,
        keys: Collection[Field],
    ) -> None:
        self._grid, self._heading, self._columns = grid, heading, columns
        self._is_unit, self._keys = is_unit, keys
        self._places: dict[Field, list[int]] = {}
        for column in columns:
            if column.field:
                self._places.setdefault(column.field, []).append(column.at)
        self._width = max(column.at for column in columns) + 1
        self._texts_above: dict[Field, str] = {}
        self.faults: list[Fault] = []

    def read(self) -> tuple[list[Line], list[tuple[int, str]]]:
        lines: list[Line] = []
        left_out: list[tuple[int, str]] = []
        section, has_ended = "", False
        rows = self._grid.rows
        heading_texts = [column.heading for column in self._columns]
        for at in range(self._heading.last_row + 1, len(rows)):
            row = rows[at]
            filled = [(n, cell) for n, cell in enumerate(row) if cell]
            if not filled:
                continue
            line = self._line(at, row, section)
            is_end, is_total = self._is_end(filled), self._is_total(filled)
            has_ended = has_ended or (is_end and not is_total)
            is_aside = is_end or (has_ended and not line.text("number").isdecimal())
            only_numbers_columns = not lines and self._is_column_numbers(filled)
            is_heading_again = [cell for _, cell in filled] == heading_texts
            is_example = fold(line.text("number")) in _EXAMPLE
            if is_aside or only_numbers_columns or is_heading_again or is_example:
                left_out.append((at, _joined(row)))
            elif (name := self._section_of(filled)) is not None:
                section = name
                left_out.append((at, _joined(row)))
            elif heading := self._wide_heading(at, filled):
                section = heading
                left_out.append((at, _joined(row)))
            elif self._is_unknown_section(filled, line):
                self.faults.append(Fault("unknown_section", at, value=_joined(row)[:80]))
            elif any(line.text(key) for key in self._keys):
                self._check(at, row)
                lines.append(line)
            elif not self._check(at, row):
                self.faults.append(Fault("no_name", at, value=_joined(row)[:80]))
        return lines, left_out

    def _line(self, at: int, row: Sequence[str], section: str) -> Line:
        texts: dict[Field, str] = {}
        columns: dict[Field, int] = {}
        for field, places in self._places.items():
            filled = [n for n in places if n < len(row) and row[n]]
            columns[field] = filled[0] if filled else places[0]
            text = row[columns[field]] if filled else ""
            if field in _DITTO_FIELDS and fold(text) in _DITTO:
                text = self._texts_above.get(field, text)
            texts[field] = self._texts_above[field] = text
        for column in self._heading.names_span[1:]:
            more = row[column] if column < len(row) else ""
            texts["full_name"] = f"{texts.get('full_name', '')} {more}".strip()
        if "family_names" in texts or "given_name" in texts:
            parts = (texts.get("family_names", ""), texts.get("given_name", ""))
            texts["full_name"] = texts.get("full_name") or " ".join(filter(None, parts))
            place = columns.get("family_names", columns.get("given_name", 0))
            columns.setdefault("full_name", place)
        return Line(at, texts, columns, section)

    def _check(self, at: int, row: Sequence[str]) -> bool:
        """Add a fault for every problem in a row's cells; return whether there was a problem.

        `at` is the number of the row, counted from 0.
        """
        before = len(self.faults)
        read_columns = {n for places in self._places.values() for n in places}
        read_columns |= set(self._heading.names_span)
        for column in sorted(read_columns):
            if problem := self._grid.problems.get((at, column)):
                value = row[column] if column < len(row) else ""
                self.faults.append(Fault(problem, at, column, value))
        beyond = next((n for n in range(self._width, len(row)) if row[n]), None)
        if beyond is not None and beyond not in self._heading.names_span:
            self.faults.append(Fault("beyond_headings", at, beyond, row[beyond]))
        if not self._grid.short_rows_are_complete and len(row) < self._width:
            self.faults.append(Fault("cut_short", at, value=_joined(row)[:80]))
        return len(self.faults) > before

    def _is_total(self, filled: Sequence[tuple[int, str]]) -> bool:
        """Return whether a row contains a total; more lines of the list may follow such a row.

        `filled` contains the (column, text) of every cell that is not empty.
        """
        return bool(_TOTAL.match(fold(filled[0][1][:LONGEST_LABEL])))

    def _wide_heading(self, at: int, filled: Sequence[tuple[int, str]]) -> str:
        """Return the text of a heading such as «I. KHỐI CƠ QUAN ĐẢNG», which may name a unit.

        Return "" if the row is no such heading. A heading is the only text in its row, apart from a
        section number such as «II» or «B.» before it. Without such a number, it must have several
        words and stand in the column of row numbers or in a cell merged over several columns. A
        note in brackets at its end is removed. `filled` contains the (column, text) of every cell
        that is not empty.
        """
        if len(filled) == 2 and _ORDINAL.fullmatch(filled[0][1]):
            return _without_note(filled[1][1])
        column, text = filled[0]
        if len(filled) > 1 or len(text.split()) < 2:
            return ""
        is_merged = any(
            area.top <= at <= area.bottom and area.left <= column < area.right
            for area in self._grid.merged
        )
        is_heading = is_merged or column in self._places.get("number", [])
        return _without_note(text) if is_heading else ""

    def _is_unknown_section(self, filled: Sequence[tuple[int, str]], line: Line) -> bool:
        """Return whether a row looks like a section heading, although it names no known unit.

        Such a row has one text of several words and no row number, except perhaps a Roman numeral.
        The list must have a number column and at least three fields. `filled` contains the (column,
        text) of every cell that is not empty, and `line` contains the texts of the same row by
        field.
        """
        number = line.text("number")
        texts = [cell for _, cell in filled if cell != number]
        if number.isdecimal() or "number" not in self._places or len(self._places) < MANY_FIELDS:
            return False
        return len(texts) == 1 and len(texts[0].split()) > 1

    def _is_end(self, filled: Sequence[tuple[int, str]]) -> bool:
        """Return whether a row is a total, a date line, a signature or a similar line after a list.

        A row with a row number, or with a person code that is a number, is no such line. `filled`
        contains the (column, text) of every cell that is not empty.
        """
        names = self._places.get("number", []) + self._places.get("person", [])
        is_numbered = any(n in names and cell.isdecimal() for n, cell in filled)
        if is_numbered:
            return False
        read_columns = {n for places in self._places.values() for n in places}
        texts = [fold(cell[:LONGEST_LABEL]) for n, cell in filled if n in read_columns]
        # A remark under another column ends no list of people.
        texts = texts or [fold(cell[:LONGEST_LABEL]) for _, cell in filled]
        return bool(_TOTAL.match(texts[0])) or any(_ENDS.match(text) for text in texts)

    def _is_column_numbers(self, filled: Sequence[tuple[int, str]]) -> bool:
        """Return whether a row only numbers the columns, as in (1) (2) (3) or A B 1 2.

        `filled` contains the (column, text) of every cell that is not empty.
        """
        is_whole = len(filled) == len(self._columns) > 1
        return is_whole and all(_COLUMN_NUMBER.fullmatch(cell) for _, cell in filled)

    def _section_of(self, filled: Sequence[tuple[int, str]]) -> str | None:
        """Return the name of the unit in a section heading; None if the row is no such heading.

        `filled` contains the (column, text) of every cell that is not empty. A number before the
        name, such as `I.` or `2)`, is removed if the text with it names no unit.
        """
        texts = [
            _without_note(cell)
            for _, cell in filled
            if len(cell) > 3 and not cell.isdecimal() and not _ORDINAL.fullmatch(cell)
        ]
        if len(texts) != 1:
            return None
        name = re.sub(r"^(?:[IVXLC]+|[A-Z]|\d+)[.)/ -]+\s*", "", texts[0])
        return next((text for text in (texts[0], name) if self._is_unit(text)), None)


def _without_note(text: str) -> str:
    """Return a heading without a note in brackets at its end, such as «(20 người)»."""
    return re.sub(r"\s*\([^()]*\)$", "", text)


def _faults_of_headings(columns: Sequence[Column]) -> list[Fault]:
    faults = []
    first: dict[str, int] = {}
    for column in columns:
        folded = fold_heading(column.heading)
        if folded in first and column.field != "birth":
            faults.append(Fault("heading_twice", None, column.at, column.heading))
        first.setdefault(folded, column.at)
    return faults


def _faults_of_layout(grid: Grid, columns: Sequence[Column], lines: Sequence[Line]) -> list[Fault]:
    """Return a fault for every merged block, hidden row and hidden column within a table.

    Merged blocks and hidden rows are reported only if they affect a line of the table.
    """
    rows = {line.row for line in lines}
    width = max(column.at for column in columns) + 1
    line_rows = sorted(rows)
    faults = [
        Fault("merged", area.top, area.left, _cell(grid, area.top, area.left))
        for area in grid.merged
        if area.left < width
        and bisect_left(line_rows, area.top) < bisect_right(line_rows, area.bottom)
    ]
    faults += [
        Fault("hidden_row", row, value=_joined(grid.rows[row])[:80])
        for row in sorted(grid.hidden_rows & rows)
    ]
    faults += [
        Fault("hidden_column", None, column.at, column.heading)
        for column in columns
        if column.at in grid.hidden_columns
    ]
    return faults


def _cell(grid: Grid, row: int, column: int) -> str:
    cells = grid.rows[row] if row < len(grid.rows) else []
    return cells[column] if column < len(cells) else ""


def _joined(row: Sequence[str]) -> str:
    return " | ".join(cell for cell in row if cell)
