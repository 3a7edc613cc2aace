"""Find personal data in the tables of a text, where only a heading tells what a number means.

`1975` alone is any number; in a column with the heading «Năm sinh» it is somebody's year of birth.
A table is recognised in three forms: cells between `|` or tabs, and cells with wide gaps between
them, as in the text of a PDF.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from sync_server.domain.names import fold


class Cell(NamedTuple):
    """A cell of a table, with the first and the last place that it fills in its row.

    A place is the number of a column, or in a text with wide gaps the number of a letter.
    """

    text: str
    first: int
    last: int

    def overlaps(self, other: "Cell") -> bool:
        """Return whether the two cells, which are in different rows, stand below each other."""
        return self.first <= other.last and other.first <= self.last


class Value(NamedTuple):
    """A cell that contains personal data according to its heading.

    `line` is the number of the cell's line in the text, counted from 1. `kind` is the kind of
    personal data, such as "birth" (guard.PATTERNS). `heading` is the text of the heading.
    """

    line: int
    kind: str
    text: str
    heading: str


TAX_CODE = "tax_code"
"""The kind of an organisation's tax code, which may be published, but looks like a telephone
number."""

_HEADINGS = {
    TAX_CODE: r"\bmst\b|ma so thue|ma so doanh nghiep|so dang ky kinh doanh|\bdkkd\b",
    "birth": r"(?<!tuyen )(?<!phat )(?<!thi )\bsinh\b(?! (?:hoat|song|vien|thai|con|san|hoc|de)\b)"
    r"|\bn\.? ?s(?:inh)?$|^ngay,? ?thang,? ?nam$|\bbirth\b|\bdob\b",
    "phone": r"dien thoai|\bsdt\b|\bdt(?:dd)?\b|di dong|\bphone\b|\bmobile\b|\bzalo\b|\btel\b"
    r"|so may|lien he",
    "id_card": r"\bcccd\b|\bcmn?[dt]\b|\bcmtnd\b|can cuoc|chung minh|dinh danh|ho chieu"
    r"|\bbh(?:xh|yt)\b|bao hiem (?:xa hoi|y te)|giay to tuy than|mst ca nhan|thue ca nhan",
    "party_card": r"\bthe dang|\bso the\b|\btdv\b",
}  # fmt: skip
_HEADING = {kind: re.compile(pattern) for kind, pattern in _HEADINGS.items()}
"""What a heading contains, in lower case without accents, by the kind of data in its column."""
LONGEST_HEADING = 60
"""The greatest length in letters of a heading. Longer cells are sentences."""
MOST_HEADING_ROWS = 3
"""The greatest number of lines over which a heading may be broken, as «Năm» above «sinh»."""
WIDEST_CELL = 60
"""The width in letters above which a line without gaps is taken for prose, which ends a table."""

_SPACE = r"[ .\u00a0\u2013-]?"
_DATE = (
    r"(?:(?:ngày )?\d{1,2} ?(?:[/.-]|tháng) ?){0,2}(?:năm )?(?:19|20)\d\d"
    r"(?:-\d\d-\d\d(?: 00:00:00)?)?"
    r"|\d{1,2}[/.-]\d{1,2}[/.-]\d\d"
)
_VALUES = {
    "birth": re.compile(_DATE),
    "phone": re.compile(
        rf"[(+]?\d(?:[()]?{_SPACE}[()]?\d){{8,12}}(?: ?[/;,–-] ?\d(?:{_SPACE}\d){{8,11}})*"
    ),
    "id_card": re.compile(rf"[A-Z]?\d(?:{_SPACE}\d){{6,11}}"),
    "party_card": re.compile(rf"\d(?:{_SPACE}\d){{6,7}}"),
    TAX_CODE: re.compile(r"\d{9,10}(?:-\d{3})?"),
}
"""What the whole text of a cell looks like if the cell contains data of this kind."""
_EMPHASIS = re.compile(r"<br ?/?>|[*_`«»\"'’]+|\([^()]*\)|:$")
_RULE = re.compile(r"[-:= ]*")
_BETWEEN_CELLS = re.compile(r"(?<!\\)[|\t]")
_WIDE_GAP = re.compile(r"\S+(?: \S+)*")


class _Heading(NamedTuple):
    kind: str
    cell: Cell


def values_under_headings(text: str) -> Iterator[Value]:
    """Yield the personal data that stand under or beside a heading of their kind, line by line.

    Organisations' tax codes are yielded, too, with the kind `TAX_CODE`.
    """
    headings: list[_Heading] = []
    rows_above: list[list[Cell]] = []
    had_separators = False
    for number, line in enumerate(text.split("\n"), 1):
        cells = _cells_of(line)
        has_separators = "|" in line or "\t" in line
        is_prose = not has_separators and len(cells) == 1 and len(line.strip()) > WIDEST_CELL
        if is_prose or (cells and has_separators != had_separators):
            headings, rows_above = [], []
        if cells:
            had_separators = has_separators
        if is_prose:
            continue
        names = _headings_in(cells, rows_above, headings)
        for name in names:
            headings = [other for other in headings if not other.cell.overlaps(name.cell)]
        taken = {name.cell for name in names}
        for at, cell in enumerate(cells if len(cells) > 1 or has_separators else ()):
            if cell in taken or not cell.text:
                continue
            heading = _heading_beside(cells[:at], names) or _heading_above(cell, headings)
            if heading and _VALUES[heading.kind].fullmatch(_bare(cell.text)):
                yield Value(number, heading.kind, _bare(cell.text), heading.cell.text)
            elif heading in headings and _replaces(cell, heading.cell):
                headings.remove(heading)
        headings += names
        rows_above = [cells, *rows_above][: MOST_HEADING_ROWS - 1]


def _cells_of(line: str) -> list[Cell]:
    """Return the cells of a line, from left to right; a line that is no row of a table is one cell.

    A blank line has no cells, and neither has the rule below a heading in Markdown.
    """
    if "|" in line or "\t" in line:
        parts = _BETWEEN_CELLS.split(line.removeprefix("|"))
        if all(_RULE.fullmatch(part) for part in parts):
            return []
        return [Cell(part.strip(), at, at) for at, part in enumerate(parts)]
    return [Cell(part[0], part.start(), part.end()) for part in _WIDE_GAP.finditer(line)]


def _headings_in(
    cells: list[Cell], rows_above: list[list[Cell]], headings: list[_Heading]
) -> list[_Heading]:
    """Return the headings of personal data in a row.

    A heading may be broken over several rows. `rows_above` are the rows before this one, the
    nearest first. Under «Năm sinh», the headings «Nam» and «Nữ» mean the same.
    """
    names = []
    for cell in cells:
        words = cell.text
        kind = _kind_of(words)
        for row in rows_above if words and not kind else ():
            above = [other for other in row if other.text and other.overlaps(cell)]
            if len(above) != 1 or any(letter.isdigit() for letter in above[0].text):
                break
            words = f"{above[0].text} {words}"
            if kind := _kind_of(words):
                break
        if kind is None and fold(_bare(cell.text)) in {"nam", "nu"}:
            is_of_birth = any(
                heading.kind == "birth" and abs(heading.cell.first - cell.first) <= 1
                for heading in headings
            )
            kind, words = ("birth", cell.text) if is_of_birth else (None, words)
        if kind:
            names.append(_Heading(kind, cell._replace(text=words)))
    return names


def _kind_of(heading: str) -> str | None:
    if not heading or len(heading) > LONGEST_HEADING or sum(map(str.isdigit, heading)) > 2:
        return None
    folded = fold(" ".join(_EMPHASIS.sub(" ", heading).split()))
    kinds = [kind for kind, pattern in _HEADING.items() if pattern.search(folded)]
    if "id_card" in kinds:  # a person's own tax code is no organisation's
        return "id_card"
    return kinds[0] if kinds else None


def _heading_beside(before: list[Cell], names: list[_Heading]) -> _Heading | None:
    """Return the heading to which a cell belongs if it stands beside it, as in a form, or None.

    `before` are the cells to the left of the cell, and `names` the headings in the same row.
    """
    nearest = next((other for other in reversed(before) if other.text), None)
    return next((name for name in names if nearest and name.cell.first == nearest.first), None)


def _heading_above(cell: Cell, headings: list[_Heading]) -> _Heading | None:
    return next((heading for heading in headings if heading.cell.overlaps(cell)), None)


def _replaces(cell: Cell, heading: Cell) -> bool:
    """Return whether a cell is a new heading of the column below `heading`.

    It is one if it has words, and is no wider than the heading, as the title of a section would be.
    """
    is_word = sum(map(str.isalpha, cell.text)) > 2
    return is_word and cell.last - cell.first <= max(heading.last - heading.first, 1)


def _bare(text: str) -> str:
    return " ".join(re.sub(r"<br ?/?>|[*_`]+", " ", text).split()).strip(" .,;")
