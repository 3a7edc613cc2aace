"""Extract all text that people typed from the XML files inside a DOCX, XLSX or PPTX.

Tables become rows of text with ` | ` between the cells, so that `portal.content.personal_columns`
can read their columns. The text is only searched for personal data, and not shown.
"""

import re
import zipfile
from collections.abc import Iterator
from typing import Any
from xml.parsers import expat

MOST_SPANNED = 63
"""The greatest number of columns that one cell fills in a DOCX; Word has the same limit."""
MOST_LETTERS = 64 * 1024 * 1024
"""The maximum number of characters of text in one XML file of an office file."""

_NUMBER_PARTS = re.compile(
    r"(?:word|xl|ppt)/(?:theme/|styles\.xml|fontTable|webSettings|tableStyles|presProps|viewProps"
    r"|calcChain|metadata|charts/(?:style|colors)|diagrams/(?:colors|quickStyle|layout))"
    r"|word/(?:numbering|stylesWithEffects)\.xml|\[Content_Types\]\.xml"
)
"""Paths of files inside a DOCX, XLSX or PPTX that contain numbers or names of styles, but no text
that people typed."""
_SHEETS = re.compile(r"xl/worksheets/[^/]+\.xml")

_RUNS = frozenset({"t", "delText", "instrText", "delInstrText"})
"""XML elements whose text may continue in the next element, so that a word may be split."""
_LINE_ENDS = frozenset({"p", "br", "cr", "si", "txbxContent", "comment", "text", "row", "v", "pt"})
_TABS = frozenset({"tab", "ptab"})
_NUMBERS = frozenset(
    {
        "numCache", "numLit", "numDim",  # the numbers of a chart
        "from", "to", "pos", "ext", "posOffset", "align", "simplePos", "extent", "effectExtent",
        "pctWidth", "pctHeight", "pctPosHOffset", "pctPosVOffset",  # the place of a drawing
    }
)  # fmt: skip
"""XML elements with numbers that are not part of the text, such as the position of a drawing.

These numbers are left out, because two adjacent numbers could look like a telephone number.
"""
_SHEET_ELEMENTS = frozenset({"is", "f", "formula1", "formula2", "headerFooter"})
"""XML elements of a worksheet whose text is read, such as formulas and page headers.

All other text in a worksheet is skipped; `attached_texts` reads the values of the cells.
"""
_ATTRIBUTES = frozenset(
    {
        "descr", "title", "alt", "string", "alias", "author", "displayName", "userId", "instr",
        "displayText", "tooltip", "name", "prompt", "promptTitle", "error", "errorTitle", "val",
    }
)  # fmt: skip
"""XML attributes with text that people typed. `val` counts only in the elements in `_NAMED`."""
_NAMED = frozenset({"alias", "tag", "docVar"})
_QUOTED = re.compile(r'"([^"]*)"')


def texts_of_office_file(archive: zipfile.ZipFile) -> Iterator[str]:
    """Yield the texts in all XML files of a DOCX, XLSX or PPTX.

    The texts include hidden text, comments, the names of authors, the targets of links, and the
    descriptions of pictures.

    Raises: ValueError if an XML file is not well-formed, or has a DOCTYPE, which office files never
    have; TooLong if an XML file contains more than `MOST_LETTERS` characters of text.
    """
    for name in archive.namelist():
        if name.endswith((".xml", ".rels", ".vml")) and not _NUMBER_PARTS.match(name):
            yield _PartReader(is_sheet=bool(_SHEETS.fullmatch(name))).read(archive.read(name))


class TooLong(ValueError):
    """Raised if the text of one XML file in an office file has more than `MOST_LETTERS` characters.

    The XML file itself may be shorter, because many rows of a table can repeat one long value.
    """


class _Row:
    """A table row while it is being read.

    `cells` contains the texts of the cells that have been read. `letters` contains the pieces of
    text of the cell that is being read, and `span` is the number of columns which that cell fills.
    """

    def __init__(self) -> None:
        self.cells: list[str] = []
        self.letters: list[str] = []
        self.span = 1


class _PartReader:
    """A reader that collects the text of one XML file of an office file.

    If `is_sheet` is True, the file is a worksheet, of which only some elements are read.
    """

    def __init__(self, *, is_sheet: bool) -> None:
        self._is_sheet = is_sheet
        self._lines: list[str] = []
        self._attributes: list[str] = []
        self._rows: list[_Row] = []  # the innermost last, because a cell may contain a table
        self._path: list[str] = []
        self._skipped = 0  # the depth of elements whose text does not count
        self._counted = 0  # the depth of elements whose text counts, in a worksheet
        self._letters = 0

    def read(self, content: bytes) -> str:
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.StartDoctypeDeclHandler = refuse_doctype
        try:
            parser.Parse(content, True)
        except expat.ExpatError as fault:
            raise ValueError(str(fault)) from None
        return "".join(self._lines) + "\n" + "\n".join(self._attributes)

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(":")[2]
        self._path.append(name)
        self._note_attributes(name, attributes)
        if name in _NUMBERS:
            self._skipped += 1
        elif name in _SHEET_ELEMENTS:
            self._counted += 1
        elif name == "tr":
            self._rows.append(_Row())
        elif name == "gridBefore" and self._rows:
            self._rows[-1].cells += [""] * _span(attributes)
        elif name == "gridSpan" and self._rows:
            self._rows[-1].span = _span(attributes)
        elif name in _TABS and "pPr" not in self._path:
            self._put("\t")
        elif name not in _RUNS and name in _LINE_ENDS:
            self._put("\n")

    def _end(self, tag: str) -> None:
        name = tag.rpartition(":")[2]
        self._path.pop()
        if name in _NUMBERS:
            self._skipped -= 1
        elif name in _SHEET_ELEMENTS:
            self._counted -= 1
            self._put("\n")
        elif name == "tc" and self._rows:
            row = self._rows[-1]
            row.cells.append(" ".join("".join(row.letters).split()).replace("|", "/"))
            row.cells += [""] * (row.span - 1)
            row.letters, row.span = [], 1
        elif name == "tr" and self._rows:
            self._lines.append(" | ".join(self._rows.pop().cells) + "\n")
        elif name == "tbl":
            self._lines.append("\n\n")
        elif name not in _RUNS:
            self._put("\n" if name in _LINE_ENDS else "")

    def _text(self, text: str) -> None:
        if self._skipped or (self._is_sheet and not self._counted):
            return
        name = self._path[-1]
        if name in {"f", "formula1", "formula2"}:
            text = "\n".join(_QUOTED.findall(text))
        self._put(text if name in _RUNS else f"\n{text}\n")

    def _put(self, text: str) -> None:
        letters = self._rows[-1].letters if self._rows else self._lines
        if text == "\n" and letters and letters[-1].endswith("\n"):
            return  # a blank line would end a table whose columns are separated by tabs
        self._letters += len(text)
        if self._letters > MOST_LETTERS:
            raise TooLong
        letters.append(text)

    def _note_attributes(self, element: str, attributes: dict[str, str]) -> None:
        if element == "Relationship":
            if attributes.get("TargetMode") == "External":
                self._attributes.append(attributes.get("Target", ""))
            return
        for key, value in attributes.items():
            name = key.rpartition(":")[2]
            if name in _ATTRIBUTES and (name != "val" or element in _NAMED):
                self._attributes.append(value)
        if element == "s" and "v" in attributes:  # a text in the hidden copy of a pivot table
            self._attributes.append(attributes["v"])


def refuse_doctype(*_: Any) -> None:
    """Raise ValueError when the XML parser meets a DOCTYPE, which office files never have.

    A DOCTYPE could make a small file expand to a huge text.
    """
    raise ValueError("DOCTYPE")


def _span(attributes: dict[str, str]) -> int:
    value = next((value for key, value in attributes.items() if key.endswith("val")), "1")
    return min(int(value), MOST_SPANNED) if value.isdecimal() and value.isascii() else 1
