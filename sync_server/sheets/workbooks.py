"""Check XLSX workbooks before openpyxl reads them, and read the layout that openpyxl leaves out.

A small file can keep openpyxl busy for hours or fill the memory: with a row of millions of cells,
with one merged area over the whole sheet, or with a number format of a million characters, whose
reading takes quadratic time. Every part of a workbook is therefore read as a stream first.
"""

import re
import zipfile
from contextlib import suppress
from typing import IO, NamedTuple
from xml.etree.ElementTree import fromstring
from xml.parsers import expat

from sync_server.sheets.archives import TooLarge, check_inflated_size
from sync_server.sheets.grids import MOST_COLUMNS, Area, SheetFault

MAX_PART_BYTES = 4 * 1024 * 1024
"""The largest decompressed size in bytes of those XML parts of a workbook that contain no rows.

Such parts, for example the styles, are small. Parts with rows may be larger: a list of 100,000
people has 60 MB of rows.
"""
LONGEST_NAME, MOST_NAMES = 2_000, 5_000
"""The greatest length in characters of the definition of a name in a workbook, such as a print
area, and the largest number of such names. The time that openpyxl takes to read a definition grows
with the square of its length.
"""
LONGEST_FORMAT = 255
"""The greatest length of a number format in characters; Excel has the same limit."""
MOST_CELLS_IN_ROW = 16_384
"""The largest number of cells in a row, empty ones included; Excel has the same limit."""
MOST_CELLS_IN_BOOK = 3_000_000
"""The largest number of cells, rows and shared texts in a workbook, including empty cells with a
border or a colour."""
MOST_RUNS = 2_000
"""The largest number of differently formatted pieces of text in one cell."""
MOST_OTHER_ELEMENTS = 300_000
"""The largest number of XML elements in one row or text, or in a part outside of these. openpyxl
keeps them in memory together, whatever their names are."""
MOST_MERGES = 20_000
"""The largest number of merged areas in a workbook."""

_ROWS = re.compile(r"xl/(?:worksheets/[^/]+|sharedStrings)\.xml")
_BOOK, _RELATIONS = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_AREA = re.compile(r"([A-Z]{1,3})(\d{1,7})(?::([A-Z]{1,3})(\d{1,7}))?")
_SEEN_BYTES = 4_096
_KEPT_TOGETHER = frozenset({"row", "si"})
"""The elements that openpyxl reads as a whole: rows, and the texts that cells share."""


class Layout(NamedTuple):
    """The hidden rows and columns and the merged cells of a sheet, counted from 0."""

    hidden_rows: frozenset[int] = frozenset()
    hidden_columns: frozenset[int] = frozenset()
    merged: tuple[Area, ...] = ()


class Workbook(NamedTuple):
    """What is known of a workbook before openpyxl reads it.

    `layouts` is {sheet name: layout}. `cells` is the number of cells in all sheets, including those
    that merged areas cover. openpyxl makes an object for each of them if it loads a workbook whole.
    """

    layouts: dict[str, Layout]
    cells: int


def check_workbook(archive: zipfile.ZipFile) -> Workbook:
    """Check that openpyxl can read a workbook row by row in reasonable time; describe the workbook.

    Raises: SheetFault if the workbook exceeds a limit of this module, names one sheet twice, or has
    XML that no spreadsheet program writes; other exceptions if the archive is damaged or is no
    workbook.
    """
    try:
        check_inflated_size(archive)
    except TooLarge:
        raise SheetFault("too_large") from None
    limits = _Limits()
    layouts = {}
    for part in archive.infolist():
        with archive.open(part) as file:
            start = file.read(_SEEN_BYTES)
            if _is_xml(start) and not _ROWS.match(part.filename):
                _refuse_if(part.file_size > MAX_PART_BYTES)
                start += file.read()
        if _is_strange_xml(start):
            raise SheetFault("not_xlsx")
        if _is_xml(start):
            with archive.open(part) as file:
                layouts[part.filename] = _read_part(file, limits)
    sheets = {name: layouts.get(path, Layout()) for name, path in _sheet_paths(archive).items()}
    return Workbook(sheets, limits.cells + limits.merged_cells)


def _is_xml(start: bytes) -> bool:
    return start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")


def _is_strange_xml(start: bytes) -> bool:
    """Return whether the bytes of a file are XML with a DOCTYPE, or text in UTF-16.

    No spreadsheet program writes such files. They are refused, because entities could make the XML
    grow. `start` contains all bytes of the file, or only the first ones.
    """
    return (
        (_is_xml(start) and b"<!DOCTYPE" in start)
        or start[:2] in {b"\xff\xfe", b"\xfe\xff"}
        or (b"\0" in start[:4] and b"<" in start[:4])
    )


def _sheet_paths(archive: zipfile.ZipFile) -> dict[str, str]:
    """Return {sheet name: path in the archive}; {} if the parts do not have their usual names.

    Raises: SheetFault if two sheets have one path.
    """
    if not {_BOOK, _RELATIONS} <= set(archive.namelist()):
        return {}
    # S314 is safe here: `check_workbook` has limited the size, and refused DOCTYPE.
    targets = {
        relation.get("Id"): relation.get("Target", "")
        for relation in fromstring(archive.read(_RELATIONS))  # noqa: S314
    }
    sheets = list(fromstring(archive.read(_BOOK)).iter(f"{_MAIN}sheet"))  # noqa: S314
    used = [targets.get(sheet.get(_RELATION)) or "" for sheet in sheets]
    if len(set(used)) < len(used):  # one sheet named many times would be read many times
        raise SheetFault("not_xlsx")
    return {
        sheet.get("name", ""): f"xl/{target.removeprefix('/').removeprefix('xl/')}"
        for sheet, target in zip(sheets, used, strict=True)
    }


class _Limits:
    """What all parts of a workbook together have used of the limits so far."""

    def __init__(self) -> None:
        self.cells = self.names = self.merges = self.merged_cells = 0


def _read_part(file: IO[bytes], limits: _Limits) -> Layout:
    """Read one XML part of a workbook as a stream, and return its layout if it is a sheet.

    A part that is damaged is read up to the damage, because openpyxl reads no further, either.

    Raises: SheetFault if the part exceeds a limit, or together with the parts before it does.
    """
    reader = _PartReader(limits)
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.add_text
    with suppress(expat.ExpatError):
        parser.ParseFile(file)
    return Layout(frozenset(reader.rows), frozenset(reader.columns), tuple(reader.merged))


class _PartReader:
    """The handlers for the elements of one part. `rows`, `columns` and `merged` are its layout."""

    def __init__(self, limits: _Limits) -> None:
        self.rows: set[int] = set()
        self.columns: set[int] = set()
        self.merged: list[Area] = []
        self._limits = limits
        self._cells_in_row = self._runs = self._open = self._inside = self._outside = 0
        self._name_letters: int | None = None  # None outside the definition of a name

    def start(self, name: str, attributes: dict[str, str]) -> None:
        tag = name.rpartition(":")[2]
        self._count(tag)
        match tag:
            case "row" if attributes.get("hidden") in {"1", "true"}:
                self.rows.add(int(attributes.get("r", "0")) - 1)
            case "col":
                self._note_columns(attributes)
            case "mergeCell":
                self._note_merge(attributes.get("ref", ""))
            case "numFmt":
                _refuse_if(len(attributes.get("formatCode", "")) > LONGEST_FORMAT)
            case "definedName":
                self._name_letters = 0
                self._limits.names += 1
                _refuse_if(self._limits.names > MOST_NAMES)

    def _count(self, tag: str) -> None:
        """Count an element. Outside rows and texts, `c` and `r` mean other things than in them.

        Rows inside a row belong to the outer one, which openpyxl keeps until it ends.
        """
        if tag in _KEPT_TOGETHER:
            if not self._open:
                self._inside = self._cells_in_row = self._runs = 0
            self._open += 1
            self._limits.cells += 1
        elif self._open and tag == "c":
            self._runs = 0
            self._cells_in_row += 1
            self._limits.cells += 1
        elif self._open and tag == "r":
            self._runs += 1
        if self._open:
            self._inside += 1
        else:
            self._outside += 1
        _refuse_if(self._runs > MOST_RUNS)
        _refuse_if(self._cells_in_row > MOST_CELLS_IN_ROW)
        _refuse_if(self._limits.cells > MOST_CELLS_IN_BOOK)
        _refuse_if(max(self._inside, self._outside) > MOST_OTHER_ELEMENTS)

    def end(self, name: str) -> None:
        tag = name.rpartition(":")[2]
        if tag in _KEPT_TOGETHER:
            self._open -= 1
        elif tag == "definedName":
            self._name_letters = None

    def add_text(self, text: str) -> None:
        if self._name_letters is not None:
            self._name_letters += len(text)
            _refuse_if(self._name_letters > LONGEST_NAME)

    def _note_columns(self, attributes: dict[str, str]) -> None:
        if attributes.get("hidden") in {"1", "true"} and len(self.columns) < MOST_COLUMNS:
            first, last = int(attributes.get("min", "1")), int(attributes.get("max", "1"))
            self.columns.update(range(first - 1, min(last, MOST_COLUMNS)))

    def _note_merge(self, reference: str) -> None:
        area_match = _AREA.fullmatch(reference)
        if not area_match:
            return
        left, top, right, bottom = area_match.groups()
        area = Area(
            int(top) - 1,
            _column_number(left),
            int(bottom or top) - 1,
            _column_number(right or left),
        )
        self.merged.append(area)
        self._limits.merges += 1
        rows, columns = area.bottom - area.top + 1, area.right - area.left + 1
        self._limits.merged_cells += max(rows, 0) * max(columns, 0)
        _refuse_if(self._limits.merges > MOST_MERGES)


def _refuse_if(is_over_limit: bool) -> None:
    if is_over_limit:
        raise SheetFault("too_large")


def _column_number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1
