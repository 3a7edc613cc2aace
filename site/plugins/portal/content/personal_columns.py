"""Find personal data in the tables of a text, where only a heading shows what a number means.

For example, `1975` is a year of birth if it is in a column with the heading «Năm sinh». The cells
of a table are separated by `|`, by tabs, or by wide gaps, as in the text of a PDF.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import takewhile
from typing import NamedTuple

from sync_server.domain.names import fold


class Cell(NamedTuple):
    """A cell of a table, with its first and last position in the row.

    A position is the index of a column or, in a text with wide gaps between the columns, the index
    of a character in the line.
    """

    text: str
    first: int
    last: int

    def overlaps(self, other: "Cell") -> bool:
        """Return whether this cell is above or below `other`, which is in a different row."""
        return self.first <= other.last and other.first <= self.last


class Value(NamedTuple):
    """A cell that contains personal data according to its heading.

    `line` is the number of the cell's line in the text, counted from 1. `kind` is the kind of
    personal data, such as "birth". `heading` is the text of the heading.
    """

    line: int
    kind: str
    text: str
    heading: str


TAX_CODE = "tax_code"
"""The name of a kind of data: the tax codes of organisations.

They look like telephone numbers, but unlike these they may be published."""

_HEADINGS = {
    TAX_CODE: r"\bmst\b|ma so thue|ma so doanh nghiep|so dang ky kinh doanh|\bdkkd\b|\bgpkd\b",
    "birth": r"\b(?:nam|ngay|thang|n)\b[ ,./]{0,3}sinh\b(?! hoat)|\bsinh (?:nam|ngay)\b|^sinh$"
    r"|^n ?[./] ?s\.?$|^ntns$|^ngay,? ?thang,? ?nam$|\bbirth|\bdob\b",
    "phone": r"dien thoai|\bsdt\b|\bdt(?:dd)?\b|^dd$|di dong|\bphone\b|\bmobile\b|\bzalo\b"
    r"|\btel\b|so may|lien he|lien lac|\bhotline\b",
    "id_card": r"\bcccd\b|\bcmn?[dt]\b|\bcmtnd\b|\bddcn\b|\bgttt\b|can cuoc|chung minh|dinh danh"
    r"|so ho chieu|\bpassport\b|giay to tuy than|so giay to|^id$|mst ca nhan|thue ca nhan"
    r"|\b(?:so|ma|the)\b.{0,8}(?:\bbh(?:xh|yt)\b|bao hiem (?:xa hoi|y te))|^ho chieu$",
    "party_card": r"\bso (?:the|tdv)\b|\bthe dang",
}  # fmt: skip
_HEADING = {kind: re.compile(pattern) for kind, pattern in _HEADINGS.items()}
"""Patterns that recognise the heading of a column, by the kind of data in the column.

They are applied to headings in lower case without accents.
"""
_BORN = re.compile(r"(?:năm|ngày|tháng|\bn)[\s,./]{0,3}sinh\b(?! hoạt)|\bsinh (?:năm|ngày)|^sinh$")
"""A pattern of headings for dates of birth that are written with accents, such as «Năm sinh».

Without accents, «năm sinh» (year of birth) would look like «nam sinh» (schoolboys).
"""
_OF_AMOUNTS = re.compile(
    r"\btien\b|kinh phi|chi phi|\bvon\b|so luong|so nguoi|\btong\b|ty le|so the da cap|\bmuc\b"
)
"""A pattern of headings over amounts, such as «Tiền điện thoại» (telephone costs).

The columns below such headings contain no personal data.
"""
_OF_NAMES = re.compile(r"\bho (?:va )?ten\b|^ten$")
_PARTS_OF_DAYS = frozenset({"nam", "nu", "ngay", "thang", "d", "m", "y"})
"""Subheadings, in lower case without accents, that may be below a heading such as «Ngày sinh».

For example, the columns below «Ngày sinh» (date of birth) may be day, month and year.
"""
LONGEST_HEADING = 60
"""The greatest length in letters of a heading, notes in brackets not counted."""
MOST_HEADINGS = 200
"""The greatest number of headings that are remembered if wide gaps separate the columns of a text.
"""
MOST_SPANNED = 63
"""The greatest number of columns that one heading covers."""
MOST_HEADING_ROWS = 3
"""The greatest number of lines over which a heading may be broken, as «Năm» above «sinh»."""
WIDEST_CELL = 60
"""The width in letters above which a line without gaps is taken for prose, which ends a table."""

_SPACE = r"[ .\u00a0\u2013-]?"
_YEAR = re.compile(
    r"(?<!\d)(?:19|20)\d\d(?!\d)|\d{1,2}[/.-]\d{1,2}[/.-]\d\d(?!\d)|^\d{4}-\d\d-\d\d"
)
_SERIAL_DAY = re.compile(r"[12]\d{4}|3[0-9]\d{3}")
"""A day as a number of days since 1900, as spreadsheets store it: from 1927 to 2009."""
_SHORT_YEAR = re.compile(r"[3-9]\d")
_VALUES = {
    "phone": re.compile(
        rf"[(+]?\d(?:[()]?{_SPACE}[()]?\d){{6,12}}(?: ?[/;,–-] ?\d(?:{_SPACE}\d){{6,11}})*"
    ),
    "id_card": re.compile(rf"[A-Z]{{0,2}}\d(?:{_SPACE}\d){{6,11}}"),
    "party_card": re.compile(rf"\d(?:{_SPACE}\d){{6,7}}"),
    TAX_CODE: re.compile(r"\d{9,10}(?:-\d{3})?"),
}
"""Patterns, by kind of data, that the whole text of a cell with such data must match."""
_PART_OF_NUMBER = re.compile(r"[(+]?\d[\d ().\u2013-]{1,12}")
_SMALL_NUMBER = re.compile(r"\d{1,2}")
_DIGIT = re.compile(r"\d")
_EMPHASIS = re.compile(r"<br ?/?>|[*_`«»\"'’]+|:$")
_NOTE = re.compile(r"\([^()]*\)")
_RULE = re.compile(r"[-:= ]*")
_BETWEEN_CELLS = re.compile(r"(?<!\\)[|\t]")
_WIDE_GAP = re.compile(r"\S+(?: \S+)*")


class _Heading(NamedTuple):
    kind: str
    cell: Cell


def values_under_headings(text: str) -> Iterator[Value]:
    """Yield the cells of tables in a text that, according to a heading, contain personal data.

    The heading is above the cell or, as in a form, to the left of it. Organisations' tax codes are
    yielded, too, with the kind `TAX_CODE`. The cells are in the order of the lines.
    """
    table = _Table()
    for number, line in enumerate(text.split("\n"), 1):
        has_separators = "|" in line or "\t" in line
        cells = _cells_of(line)
        is_prose = not has_separators and len(cells) == 1 and len(line.strip()) > WIDEST_CELL
        is_other_form = bool(cells) and has_separators != table.has_separators
        if is_prose or is_other_form or (table.has_separators and not line.strip()):
            table = _Table()
        table.has_separators = has_separators if cells else table.has_separators
        if cells and not is_prose:
            yield from table.read(number, cells)


class _Table:
    """The headings of a table that have been read so far, and the rows above the present one."""

    def __init__(self) -> None:
        self.has_separators = False
        self._headings: list[_Heading] = []
        self._by_column: dict[int, _Heading] = {}  # used if the cells have columns
        self._rows_above: list[list[Cell]] = []
        self._parts: dict[Cell, str] = {}  # the beginning of a number that goes on below

    def read(self, number: int, cells: list[Cell]) -> Iterator[Value]:
        """Read the next row, which is line `number` of the text, and yield its personal data."""
        names = self._headings_in(cells)
        taken = {name.cell.first for name in names}
        if names and not self.has_separators:
            self._headings = [
                heading
                for heading in self._headings
                if not any(heading.cell.overlaps(name.cell) for name in names)
            ]
        for at, cell in enumerate(cells if len(cells) > 1 or self.has_separators else ()):
            if cell.first in taken or not cell.text:
                continue
            heading = _heading_beside(cells[:at], names)
            text = _joined_digits(cells[at:]) if heading else cell.text
            heading = heading or self._heading_above(cell)
            if heading is None:
                continue
            value = self._value_of(heading, text)
            if value:
                yield Value(number, heading.kind, value, heading.cell.text)
            elif _replaces(cell, heading.cell):
                self._forget(heading)
        for name in names:
            self._remember(name)
        self._rows_above = [cells, *self._rows_above][: MOST_HEADING_ROWS - 1]

    def _remember(self, heading: _Heading) -> None:
        if self.has_separators:
            columns = range(heading.cell.first, heading.cell.last + 1)
            self._by_column |= dict.fromkeys(columns[:MOST_SPANNED], heading)
        else:
            self._headings = [*self._headings, heading][-MOST_HEADINGS:]

    def _forget(self, heading: _Heading) -> None:
        self._headings = [other for other in self._headings if other != heading]
        for column in range(heading.cell.first, heading.cell.last + 1)[:MOST_SPANNED]:
            if self._by_column.get(column) == heading:
                del self._by_column[column]

    def _value_of(self, heading: _Heading, text: str) -> str:
        """Return the personal data in a cell below or beside its heading; "" if there are none.

        A number may be broken over two rows, as in a narrow column of a PDF.
        """
        bare = _bare(text)
        if _is_value(heading, bare):
            self._parts.pop(heading.cell, None)
            return bare
        if heading.kind == "birth" or not _PART_OF_NUMBER.fullmatch(bare):
            return ""
        before = self._parts.pop(heading.cell, "")
        whole = f"{before} {bare}".strip()
        if before and _is_value(heading, whole):
            return whole
        self._parts[heading.cell] = bare
        return ""

    def _headings_in(self, cells: list[Cell]) -> list[_Heading]:
        """Return a row's headings that announce personal data or tax codes, with their columns.

        `cells` are the cells of the row. If a heading continues from the row above, as «sinh» below
        «Năm» does, its text includes the words above. The parts of a heading are headings, too:
        «Nam» (men) and «Nữ» (women) below «Năm sinh» (year of birth).
        """
        has_names = any(_OF_NAMES.search(fold(_bare(cell.text))) for cell in cells if cell.text)
        names = []
        is_accented = any(fold(cell.text) != cell.text.lower() for cell in cells)
        for at, cell in enumerate(cells):
            kind, words = self._kind_at(cell, is_accented=is_accented)
            if kind is None and has_names and cell.text.lower() in {"ns", "sn"}:
                kind = "birth"
            if kind is None:
                continue
            last = cell.last
            if self.has_separators:  # a merged heading is followed by empty cells
                for empty in cells[at + 1 :]:
                    if empty.text:
                        break
                    last = empty.last
            names.append(_Heading(kind, Cell(words, cell.first, last)))
        return names

    def _kind_at(self, cell: Cell, *, is_accented: bool) -> tuple[str | None, str]:
        """Return the kind of data that a heading in a cell announces, and the words of the heading.

        The words may include those of the rows above, if the heading continues over several rows.
        The kind is None if the cell is not such a heading. If the row is written with accents
        (`is_accented`), «Nam sinh» means schoolboys and not year of birth.
        """
        words = cell.text
        if not words or words[0].isdigit():
            return None, words
        if kind := _kind_of(words, is_accented):
            return kind, words
        if fold(_bare(words)) in _PARTS_OF_DAYS:
            above = self._heading_above(cell)
            return (above.kind if above and above.kind == "birth" else None), words
        for row in self._rows_above:
            above_text = self._text_above(row, cell)
            if not above_text or any(map(str.isdigit, above_text)):
                break
            if _kind_of(above_text, is_accented):
                break
            words = f"{above_text} {words}"
            if kind := _kind_of(words, is_accented):
                return kind, words
        return None, cell.text

    def _text_above(self, row: list[Cell], cell: Cell) -> str:
        """Return the text of the cell in `row` above `cell`, or "" if there is not exactly one."""
        if self.has_separators:
            return row[cell.first].text if cell.first < len(row) else ""
        texts = [other.text for other in row if other.text and other.overlaps(cell)]
        return texts[0] if len(texts) == 1 else ""

    def _heading_above(self, cell: Cell) -> _Heading | None:
        if self.has_separators:
            return self._by_column.get(cell.first)
        return next((heading for heading in self._headings if heading.cell.overlaps(cell)), None)


def _cells_of(line: str) -> list[Cell]:
    """Return the cells of a line, from left to right.

    A line that is not a row of a table is one cell. A blank line has no cells, and neither does the
    line of hyphens below the headings of a Markdown table.
    """
    if "|" in line or "\t" in line:
        parts = _BETWEEN_CELLS.split(line.removeprefix("|"))
        if all(_RULE.fullmatch(part) for part in parts):
            return []
        return [Cell(part.strip(), at, at) for at, part in enumerate(parts)]
    return [Cell(part[0], part.start(), part.end()) for part in _WIDE_GAP.finditer(line)]


@lru_cache(maxsize=4096)
def _kind_of(heading: str, is_accented: bool) -> str | None:
    """Return the kind of data that a heading announces, such as "birth".

    Return None if the heading announces neither personal data nor an organisation's tax code.
    `is_accented` is True if the headings in the row are written with accents.
    """
    whole = " ".join(_EMPHASIS.sub(" ", heading).split())
    words = _NOTE.sub(" ", whole).strip() or whole
    if len(words) > LONGEST_HEADING or sum(map(str.isdigit, words)) > 2:
        return None
    folded = fold(whole[: 2 * LONGEST_HEADING])
    kinds = [kind for kind, pattern in _HEADING.items() if pattern.search(folded)]
    if kinds and _OF_AMOUNTS.search(folded):
        return None
    if "id_card" in kinds:  # a person's own tax code is no organisation's
        return "id_card"
    if kinds == ["birth"] and is_accented and "sinh" in folded and not _BORN.search(whole.lower()):
        return None
    return kinds[0] if kinds else None


def _is_value(heading: _Heading, text: str) -> bool:
    if heading.kind != "birth":
        return _VALUES[heading.kind].fullmatch(text) is not None
    if len(text) > WIDEST_CELL:
        return False
    names_year = "nam" in fold(heading.cell.text) or "s" in heading.cell.text[-2:].lower()
    return bool(
        _YEAR.search(text)
        or _SERIAL_DAY.fullmatch(text)
        or (names_year and _SHORT_YEAR.fullmatch(text))
    )


def _heading_beside(before: list[Cell], names: list[_Heading]) -> _Heading | None:
    """Return the heading to the left of a cell in the same row, as in a form, or None.

    `before` are the cells to the left of the cell, and `names` are the headings in the row. Between
    the heading and the cell, there may only be empty cells and numbers of one or two digits, such
    as a day and a month.
    """
    for other in reversed(before):
        if other.text and not _SMALL_NUMBER.fullmatch(other.text):
            return next((name for name in names if name.cell.first == other.first), None)
    return None


def _joined_digits(cells: list[Cell]) -> str:
    """Join the digits of the first cells, as in a form with a separate box for every digit.

    If the first cell does not contain a single digit, return the text of that cell.
    """
    digits = list(takewhile(lambda cell: _DIGIT.fullmatch(cell.text), cells))
    return "".join(cell.text for cell in digits) or cells[0].text


def _replaces(cell: Cell, heading: Cell) -> bool:
    """Return whether a cell below `heading` is a new heading for the same column.

    A new heading contains at least three letters, and is not wider than `heading`. A wider cell is
    usually the title of a section.
    """
    is_word = sum(map(str.isalpha, cell.text)) > 2
    return is_word and cell.last - cell.first <= max(heading.last - heading.first, 1)


def _bare(text: str) -> str:
    return " ".join(re.sub(r"<br ?/?>|[*_`]+", " ", text).split()).strip(" .,;")
