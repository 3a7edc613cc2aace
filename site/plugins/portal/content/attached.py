"""Extracts the text of attached files, so that the guard can search it for personal data.

A file that cannot be read, or whose content is of another kind than its name says, is a fault.
"""

import io
import re
import unicodedata
import zipfile
from collections.abc import Iterator
from html import unescape
from pathlib import PurePosixPath
from typing import Any, Literal, NamedTuple

from sync_server.domain.legacy_text import is_legacy
from sync_server.domain.names import fold
from sync_server.sheets.files import MAX_INFLATED_BYTES
from sync_server.sheets.grids import MOST_COLUMNS, MOST_ROWS

Problem = Literal["other_kind", "old_office", "locked_file", "bad_file", "too_deep", "legacy_file"]

MAX_DEPTH = 3
"""A workbook in an archive in an archive is read; a file deeper inside is a fault."""
MAX_MEMBERS = 2_000

KINDS = {
    ".pdf": "pdf",
    ".docx": "docx",
    ".xlsx": "xlsx",
    ".pptx": "pptx",
    ".zip": "zip",
    ".jpg": "picture",
    ".jpeg": "picture",
    ".png": "picture",
    ".webp": "picture",
    ".mp3": "recording",
    ".m4a": "recording",
    ".mp4": "recording",
    ".txt": "text",
    ".csv": "text",
}
"""The kinds of files that may be attached, by the ending of their names."""

_MP3 = (b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2")
_OFFICE_FOLDERS = {"word/": "docx", "xl/": "xlsx", "ppt/": "pptx"}
_TEXT_PARTS = re.compile(
    r"word/(?:document\d*|header\d*|footer\d*|footnotes|endnotes|comments)\.xml"
    r"|ppt/(?:slides|notesSlides|comments)/[^/]+\.xml"
    r"|xl/(?:comments\d*|comments/[^/]+|drawings/drawing\d+)\.xml"
    r"|(?:word|ppt|xl)/diagrams/data\d*\.xml|word/glossary/document\.xml|xl/sharedStrings\.xml"
)
"""Parts of office files that hold text; others hold numbers that look like telephone numbers."""
_AUTHORS = re.compile(r'\bw(?:15)?:author="([^"]*)"')
_EMBEDDED = re.compile(r"(?:word|ppt|xl)/embeddings/")
_INSERTED = re.compile(
    r"(?:word|ppt|xl)/(?:embeddings|media)/|word/[^/]+\.(?:html?|mht|docx|rtf|txt)$", re.IGNORECASE
)
"""Files inside an office file: objects, pictures, and whole documents inserted as such."""
INSERTED_TEXTS = frozenset({".htm", ".html", ".mht", ".rtf"})
_ATTRIBUTES = re.compile(
    r"\b(?:descr|title|alt|string|alias|author|userId|instr|displayText|tooltip|name"
    r'|(?<=<w:alias )w:val|(?<=<w:tag )w:val)="([^"]+)"'
)
"""Attributes that hold words which people typed: alternative texts, titles, names, fields."""
_VARIABLES = re.compile(r'<w:docVar\b[^>]*\bw:val="([^"]*)"')
MAX_NESTING = 60
"""Objects of a PDF within one another; a hostile file nests them without end."""
_SHEETS = re.compile(r"xl/worksheets/[^/]+\.xml")
_SHEET_WORDS = re.compile(
    r"<is>.*?</is>|<headerFooter\b.*?</headerFooter>|<prompt>.*?</prompt>", re.DOTALL
)
_CHARTS = re.compile(r"(?:word|xl|ppt)/charts/chart[^/]*\.xml")
_CHART_WORDS = re.compile(r"<c:str(?:Cache|Lit)>(.*?)</c:str(?:Cache|Lit)>", re.DOTALL)
_ANCHORS = re.compile(r"<xdr:(?:from|to|pos|ext)\b.*?</xdr:(?:from|to|pos|ext)>", re.DOTALL)
_ENDS_WORD = re.compile(r"</(?:\w+:)?(?:p|t[cr]|si|c|row|v|pt)>|<(?:\w+:)?(?:br|tab)/>")
"""Tags that end a word in the XML of office files."""
_LINKS = re.compile(r'Target="((?:mailto|tel):[^"]*)"')
LONGEST_NOTE_BYTES = 4_000
"""A longer field of a picture is a thumbnail or a colour profile."""
_PHONE_HEADING = re.compile(r"dien thoai|\bsdt\b|\bdt\b|di dong|phone|mobile|zalo")
_NATIONAL_DIGITS = 9
"""A telephone number that a sheet stores as a number has lost its leading 0."""


class Found(NamedTuple):
    """The texts found in a file, and the problems met, each with the file that has it."""

    words: list[str]
    problems: list[tuple[Problem, str]]


def look_into(name: str, content: bytes) -> Found:
    """Return the text of a file and of files inside it, and what could not be read.

    The pages of a PDF are read only if it is inside another file; `text_of_pdf` reads the others.
    """
    found = Found([], [])
    _look(name, content, found, 1)
    return found


def _look(name: str, content: bytes, found: Found, depth: int) -> None:
    if depth > MAX_DEPTH:
        found.problems.append(("too_deep", name))
        return
    kind, stated = _kind_of(content), KINDS.get(PurePosixPath(name.lower()).suffix)
    if kind == "old_office":
        found.problems.append(("old_office", name))
    elif kind != stated:
        found.problems.append(("other_kind", name))
    elif kind == "pdf":
        _look_into_pdf(name, content, found, depth)
    elif kind in {"zip", "docx", "xlsx", "pptx"}:
        _look_into_archive(name, content, kind, found, depth)
    elif kind == "text":
        _look_into_text(name, content, found)
    elif kind == "picture":
        _look_into_picture(name, content, found)


def _kind_of(content: bytes) -> str:
    """Return the kind of a file by its content, whatever its name."""
    if content.startswith(b"%PDF-"):
        return "pdf"
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        return "old_office"  # DOC, XLS and PPT of before 2007, or a newer one with a password
    if content.startswith(b"PK\x03\x04") or content.startswith(b"PK\x05\x06"):
        try:
            names = zipfile.ZipFile(io.BytesIO(content)).namelist()
        except zipfile.BadZipFile:
            return "zip"
        folders = {folder for folder in _OFFICE_FOLDERS if any(n.startswith(folder) for n in names)}
        return _OFFICE_FOLDERS[folders.pop()] if len(folders) == 1 else "zip"
    if content.startswith((b"\xff\xd8\xff", b"\x89PNG")) or content[8:12] == b"WEBP":
        return "picture"
    if (
        content.startswith((b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2"))
        or content[4:8] == b"ftyp"
    ):
        return "recording"
    return "text"


def _look_into_pdf(name: str, content: bytes, found: Found, depth: int) -> None:
    """Read a PDF's metadata and attachments, and its pages if it is inside another file."""
    import logging

    from pypdf import PdfReader

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # a problem is told in our words
    try:
        reader = PdfReader(io.BytesIO(content))
        if reader.is_encrypted and not reader.decrypt(""):
            found.problems.append(("locked_file", name))
            return
        found.words.extend(str(value) for value in (reader.metadata or {}).values())
        found.words.extend(_strings_of(reader))
        if depth > 1:
            found.words.extend(page.extract_text() for page in reader.pages)
        attached = [
            (inner, piece) for inner, pieces in reader.attachments.items() for piece in pieces
        ]
    except Exception:  # noqa: BLE001 - damaged files can raise anything in the library
        found.problems.append(("bad_file", name))
        return
    for inner, piece in attached:
        _look(inner, piece, found, depth + 1)


def _strings_of(reader: Any) -> Iterator[str]:
    """Yield every string in a PDF's objects and its XML metadata.

    Bookmarks, notes and their authors, links, form fields, alternative texts, layers and names of
    attachments are all such strings; the text of the pages is not.
    """
    for generation in reader.xref.values():
        for number in generation:
            yield from _strings_in(_object_of(reader, number), 0)
    for number in reader.xref_objStm:
        yield from _strings_in(_object_of(reader, number), 0)
    if (metadata := reader.trailer["/Root"].get("/Metadata")) is not None:
        xml = metadata.get_object().get_data().decode("utf-8", "replace")
        yield re.sub(r"<[^>]+>", "\n", xml)


def _object_of(reader: Any, number: int) -> Any:
    from pypdf.generic import IndirectObject

    return reader.get_object(IndirectObject(number, 0, reader))


def _strings_in(value: Any, depth: int) -> Iterator[str]:
    from pypdf.generic import ArrayObject, DictionaryObject, TextStringObject

    if depth > MAX_NESTING:
        return
    if isinstance(value, TextStringObject):
        yield re.sub(r"<[^>]+>", "\n", str(value))
    elif isinstance(value, DictionaryObject):
        for inner in value.values():  # an indirect object has its own turn
            yield from _strings_in(inner, depth + 1)
    elif isinstance(value, ArrayObject):
        for inner in value:
            yield from _strings_in(inner, depth + 1)


def _look_into_picture(name: str, content: bytes, found: Found) -> None:
    """Read what a camera or a program wrote into a picture beside its pixels."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(content)) as picture:
            values = [*picture.getexif().values(), *picture.info.values()]
    except Exception:  # noqa: BLE001 - damaged files can raise anything in the library
        found.problems.append(("bad_file", name))
        return
    found.words.extend(value for value in values if isinstance(value, str))
    found.words.extend(
        value.decode("utf-16-le", "ignore")  # Windows' own fields: title, author, comment
        for value in values
        if isinstance(value, bytes) and len(value) <= LONGEST_NOTE_BYTES
    )


def _look_into_archive(name: str, content: bytes, kind: str, found: Found, depth: int) -> None:
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
        parts = [part for part in archive.infolist() if not part.is_dir()]
        is_too_large = sum(part.file_size for part in parts) > MAX_INFLATED_BYTES
        if len(parts) > MAX_MEMBERS or is_too_large:
            found.problems.append(("too_deep", name))
            return
        if any(part.flag_bits & 1 for part in parts):
            found.problems.append(("locked_file", name))
            return
        if kind == "zip":
            for part in parts:
                found.words.append(part.filename)
                _look(part.filename, archive.read(part), found, depth + 1)
            return
        found.words.extend(_words_of_office_file(archive))
        for part in parts:
            _look_into_inserted(part.filename, archive, found, depth)
        if kind == "xlsx":
            found.words.extend(_rows_of_workbook(content))
    except Exception:  # noqa: BLE001 - damaged files can raise anything in the libraries
        found.problems.append(("bad_file", name))


def _look_into_inserted(name: str, archive: zipfile.ZipFile, found: Found, depth: int) -> None:
    """Look into a part of an office file that is a file of its own; refuse other objects."""
    suffix = PurePosixPath(name.lower()).suffix
    if _INSERTED.match(name) and suffix in INSERTED_TEXTS:
        _look_into_text(name, re.sub(rb"<[^>]+>", b" ", archive.read(name)), found)
    elif _INSERTED.match(name) and suffix in KINDS:
        _look(name, archive.read(name), found, depth + 1)
    elif _EMBEDDED.match(name):
        found.problems.append(("other_kind", name))  # nobody can look into it


def _words_of_office_file(archive: zipfile.ZipFile) -> Iterator[str]:
    for name in archive.namelist():
        if not name.endswith((".xml", ".rels")):
            continue
        xml = _decode_xml(archive.read(name))
        if name.endswith(".rels"):
            yield " ".join(_LINKS.findall(xml))
        elif name.startswith(("docProps/", "customXml/item")):
            yield re.sub(r"<[^>]+>", "\n", xml)  # who wrote it, and who changed it last
        elif _CHARTS.fullmatch(name):
            yield from map(_words_of, _CHART_WORDS.findall(xml))
        elif _SHEETS.fullmatch(name):
            yield from map(_words_of, _SHEET_WORDS.findall(xml))
        elif name in {"word/people.xml", "word/settings.xml"}:
            yield "\n".join(map(unescape, _ATTRIBUTES.findall(xml) + _VARIABLES.findall(xml)))
        elif _TEXT_PARTS.fullmatch(name):
            yield "\n".join(map(unescape, _ATTRIBUTES.findall(xml)))
            yield "\n".join(_AUTHORS.findall(xml))
            yield _words_of(_ANCHORS.sub(" ", xml))


def _decode_xml(content: bytes) -> str:
    is_wide = content[:2] in {b"\xff\xfe", b"\xfe\xff"}
    text = content.decode("utf-16" if is_wide else "utf-8", "replace")
    return re.sub(r"<!\[CDATA\[(.*?)\]\]>", r"\1", text, flags=re.DOTALL)


def _words_of(xml: str) -> str:
    """Return the words of XML. A word may be split over several runs, but ends with its cell."""
    return unescape(re.sub(r"<[^>]+>", "", _ENDS_WORD.sub("\n", xml)))


def _rows_of_workbook(content: bytes) -> Iterator[str]:
    """Yield the rows of all sheets, hidden ones too; restore the leading 0 of telephone numbers."""
    from openpyxl import load_workbook

    book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    for sheet in book.worksheets:
        yield sheet.title
        phone_columns: set[int] = set()
        for row in sheet.iter_rows(values_only=True, max_row=MOST_ROWS, max_col=MOST_COLUMNS):
            cells = list(row)
            for at, cell in enumerate(cells):
                if isinstance(cell, str) and _PHONE_HEADING.search(fold(cell)):
                    phone_columns.add(at)
            yield "\t".join(_cell_text(cell, at in phone_columns) for at, cell in enumerate(cells))


def _cell_text(cell: object, is_phone: bool) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    text = str(cell)
    lost_its_0 = is_phone and isinstance(cell, int) and len(text) == _NATIONAL_DIGITS
    return f"0{text}" if lost_its_0 else text


def _look_into_text(name: str, content: bytes, found: Found) -> None:
    """Decode a text in the encodings that offices use."""
    if content[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        found.words.append(content.decode("utf-16", "replace"))
        return
    try:
        found.words.append(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        if is_legacy(content.decode("latin-1")):
            found.problems.append(("legacy_file", name))
        text = content.decode("cp1258", "replace")
        found.words.append(unicodedata.normalize("NFC", text))


def is_table(name: str) -> bool:
    """Return whether a file may hold a table, whose headings may show that it is a roster."""
    return PurePosixPath(name.lower()).suffix in {".csv", ".txt", ".xlsx", ".zip"}
