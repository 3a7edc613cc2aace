"""Extract the text of attached files, so that the text can be searched for personal data.

The module also reports problems that prevent a complete search, such as damage, a password, or
content that does not match the file name's extension. The module `guard` performs the search.
"""

import csv
import io
import re
import unicodedata
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any, Literal, NamedTuple

from portal.content.office_texts import TooLong, texts_of_office_file
from portal.content.pivot_caches import texts_of_pivot_caches
from portal.media.pdf import text_with_gaps
from sync_server.domain.legacy_text import is_legacy
from sync_server.sheets.archives import MAX_INFLATED_BYTES, TooLarge, check_inflated_size
from sync_server.sheets.files import separator_of
from sync_server.sheets.grids import MOST_COLUMNS, MOST_ROWS, SheetFault
from sync_server.sheets.workbooks import check_workbook

Problem = Literal[
    "other_kind",
    "old_office",
    "locked_file",
    "bad_file",
    "too_deep",
    "legacy_file",
    "located_file",
    "in_review",
    "unknown_object",
]

MAX_DEPTH = 3
"""The maximum number of nesting levels that are read.

For example, a workbook in a ZIP in a ZIP has three levels. A file at a deeper level is not read,
and is reported as the problem `too_deep`.
"""
MAX_MEMBERS = 2_000
_SEEN_BYTES = 4_000
"""The number of bytes at the start of a text file by which its encoding is recognised."""

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
"""The kinds of files that may be attached, by the file name's extension in lower case."""

_OFFICE_FOLDERS = {"word/": "docx", "xl/": "xlsx", "ppt/": "pptx"}
_EMBEDDED = re.compile(r"(?:word|ppt|xl)/embeddings/")
_INSERTED = re.compile(
    r"(?:word|ppt|xl)/(?:embeddings|media)/|word/[^/]+\.(?:html?|mht|docx|rtf|txt)$", re.IGNORECASE
)
"""Paths of files inserted into an office file, such as objects, pictures and documents."""
INSERTED_TEXTS = frozenset({".htm", ".html", ".mht", ".rtf", ".svg"})
MAX_NESTING = 60
"""The nesting depth at which the search of PDF objects stops.

Otherwise, the deeply nested objects of a hostile file could exceed Python's recursion limit.
"""
MAX_METADATA_FIELD_BYTES = 4_000
"""The maximum size in bytes of a binary metadata field of a picture that is read as text.

Larger fields are usually thumbnails or colour profiles.
"""
MARKS_OF_PLACE = (
    re.compile(rb"\xa9xyz.{4}[+-]\d", re.DOTALL),
    re.compile(rb"location\.ISO6709"),
)
"""Bytes with which phones mark the place where a recording was made (Android, iPhone)."""
_REVIEW = {
    "word/document.xml": re.compile(rb"<w:(?:del|ins|moveFrom) "),
    "word/comments.xml": re.compile(rb"<w:comment "),
}
"""The marks, by the part of a DOCX, of deleted or inserted text and of comments."""
_ZEROS = re.compile(r"0[0 .()-]*")
"""A number format that shows leading zeros, such as `0000 000 000` for telephone numbers."""
_FORMAT_MARKS = re.compile(r"\[[^]]*\]|_.|\\(?=.)|\"")
"""A pattern of the parts of a number format that are not shown, such as `[Red]`, `_)` or quotes."""


class ExtractedText(NamedTuple):
    """The texts of a file and of the files inside it, and the problems that prevent a full search.

    `problems` contains pairs of a code such as `locked_file` and the name of the file concerned.
    """

    texts: list[str]
    problems: list[tuple[Problem, str]]


def extract_texts(name: str, content: bytes) -> ExtractedText:
    """Return the texts of a file and of the files inside it, and any problems in reading them.

    `name` is the file name, whose extension must match `content`. A damaged or locked file is
    reported as a problem in the result and raises no exception. The pages of a PDF are read only if
    the PDF is inside another file. For other PDFs, `portal.media.pdf.text_of_pdf` returns the text
    of the pages.
    """
    extraction = _Extraction()
    _look(name, content, extraction, 1)
    return ExtractedText(extraction.texts, extraction.problems)


class _Extraction:
    """The texts and problems found in a file so far, and the limits on what may still be unpacked.

    The limits apply to all files inside the file together. Otherwise, a small archive could be
    unpacked to gigabytes.
    """

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.problems: list[tuple[Problem, str]] = []
        self._left_bytes, self._left_members = MAX_INFLATED_BYTES, MAX_MEMBERS

    def take(self, archive: zipfile.ZipFile) -> bool:
        """Count the files and bytes in an archive, and return whether the archive may be unpacked.

        The result is False if the archives counted so far exceed a limit together.
        """
        parts = archive.infolist()
        self._left_bytes -= sum(part.file_size for part in parts)
        self._left_members -= len(parts)
        return self._left_bytes >= 0 and self._left_members >= 0


def _look(name: str, content: bytes, extracted: _Extraction, depth: int) -> None:
    if depth > MAX_DEPTH:
        extracted.problems.append(("too_deep", name))
        return
    kind, stated = _kind_of(content), KINDS.get(PurePosixPath(name.lower()).suffix)
    if kind == "old_office":
        extracted.problems.append(("old_office", name))
    elif kind != stated:
        extracted.problems.append(("other_kind", name))
    elif kind == "pdf":
        _look_into_pdf(name, content, extracted, depth)
    elif kind in {"zip", "docx", "xlsx", "pptx"}:
        _look_into_archive(name, content, kind, extracted, depth)
    elif kind == "text":
        _look_into_text(name, content, extracted)
    elif kind == "picture":
        _look_into_picture(name, content, extracted)
    elif kind == "recording":
        _look_into_recording(name, content, extracted)


def _kind_of(content: bytes) -> str:
    """Return the kind of a file, detected from its content and not from its name.

    The result is "pdf", "docx", "xlsx", "pptx", "zip", "picture", "recording" or "old_office",
    which is a DOC, XLS or PPT file or an Office file with a password. All other content is "text".
    """
    if content.startswith(b"%PDF-"):
        return "pdf"
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        return "old_office"  # Office format before 2007, or a newer file with a password
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


def _look_into_pdf(name: str, content: bytes, extracted: _Extraction, depth: int) -> None:
    """Add a PDF's metadata and text strings, and the texts of its attachments, to `extracted`.

    The text of the pages is added only if the PDF is inside another file (`depth` above 1). If the
    PDF is damaged or needs a password, a problem with the file's `name` is added instead.
    """
    import logging

    from pypdf import PdfReader

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # this module reports problems itself
    try:
        reader = PdfReader(io.BytesIO(content))
        if reader.is_encrypted and not reader.decrypt(""):
            extracted.problems.append(("locked_file", name))
            return
        extracted.texts.extend(str(value) for value in (reader.metadata or {}).values())
        extracted.texts.extend(_strings_of(reader))
        if depth > 1:
            for page in reader.pages:
                extracted.texts.extend((page.extract_text(), text_with_gaps(page)))
        attached = [
            (inner, piece) for inner, pieces in reader.attachments.items() for piece in pieces
        ]
    except Exception:  # noqa: BLE001 - pypdf can raise any exception for a damaged file
        extracted.problems.append(("bad_file", name))
        return
    for inner, piece in attached:
        _look(inner, piece, extracted, depth + 1)


def _strings_of(reader: Any) -> Iterator[str]:
    """Yield every text string in a PDF's objects, and the text of the PDF's XML metadata.

    `reader` is a `pypdf.PdfReader`. The strings include bookmarks, comments and their authors,
    links, form fields, alternative texts, and the names of layers and attachments. The text of the
    pages is not included.
    """
    for generation in reader.xref.values():
        for number in generation:
            yield from _strings_in(_object_of(reader, number), 0)
    for number in reader.xref_objStm:
        yield from _strings_in(_object_of(reader, number), 0)
    if (metadata := reader.trailer["/Root"].get("/Metadata")) is not None:
        xml = metadata.get_object().get_data().decode("utf-8", "replace")
        yield re.sub(r"<[^<>]+>", "\n", xml)


def _object_of(reader: Any, number: int) -> Any:
    from pypdf.generic import IndirectObject

    return reader.get_object(IndirectObject(number, 0, reader))


def _strings_in(value: Any, depth: int) -> Iterator[str]:
    from pypdf.generic import ArrayObject, DictionaryObject, TextStringObject

    if depth > MAX_NESTING:
        return
    if isinstance(value, TextStringObject):
        yield re.sub(r"<[^<>]+>", "\n", str(value))
    elif isinstance(value, DictionaryObject):
        for inner in value.values():  # `_strings_of` visits indirect objects separately
            yield from _strings_in(inner, depth + 1)
    elif isinstance(value, ArrayObject):
        for inner in value:
            yield from _strings_in(inner, depth + 1)


def _look_into_picture(name: str, content: bytes, extracted: _Extraction) -> None:
    """Add the texts in a picture's metadata, such as title, author and comment, to `extracted`.

    If the picture is damaged, add the problem `bad_file` with the file's `name`. If it contains the
    coordinates of the place where it was taken, add the problem `located_file`.
    """
    from PIL import ExifTags, Image, IptcImagePlugin

    try:
        with Image.open(io.BytesIO(content)) as picture:
            exif = picture.getexif()
            camera, iptc = exif.get_ifd(ExifTags.IFD.Exif), IptcImagePlugin.getiptcinfo(picture)
            values = [*exif.values(), *camera.values(), *picture.info.values()]
            for value in (iptc or {}).values():  # a list if the field is repeated
                values += value if isinstance(value, list) else [value]
            is_located = ExifTags.GPS.GPSLatitude in exif.get_ifd(ExifTags.IFD.GPSInfo)
    except Exception:  # noqa: BLE001 - Pillow can raise any exception for a damaged file
        extracted.problems.append(("bad_file", name))
        return
    if is_located:
        extracted.problems.append(("located_file", name))
    for value in values:
        if isinstance(value, str):
            extracted.texts.append(value)
        elif isinstance(value, bytes) and value.lstrip().startswith(b"<"):  # XMP
            extracted.texts.append(re.sub(r"<[^<>]+>", "\n", value.decode("utf-8", "replace")))
        elif isinstance(value, bytes) and len(value) <= MAX_METADATA_FIELD_BYTES:
            # Windows stores title, author and comment in UTF-16.
            extracted.texts += [value.decode(code, "ignore") for code in ("utf-16-le", "utf-8")]


def _look_into_archive(
    name: str, content: bytes, kind: str, extracted: _Extraction, depth: int
) -> None:
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
        parts = [part for part in archive.infolist() if not part.is_dir()]
        check_inflated_size(archive)
        if not extracted.take(archive):
            extracted.problems.append(("too_deep", name))
            return
        if any(part.flag_bits & 1 for part in parts):
            extracted.problems.append(("locked_file", name))
            return
        if kind == "zip":
            for part in parts:
                extracted.texts.append(part.filename)
                _look(part.filename, archive.read(part), extracted, depth + 1)
            return
        if _is_in_review(archive):
            extracted.problems.append(("in_review", name))
        extracted.texts.extend(texts_of_office_file(archive))
        for part in parts:
            _look_into_inserted(part.filename, archive, extracted, depth)
        if kind == "xlsx":
            check_workbook(archive)
            extracted.texts.extend(_rows_of_workbook(content))
            extracted.texts.extend(texts_of_pivot_caches(archive))
    except (TooLarge, TooLong, SheetFault):
        extracted.problems.append(("too_deep", name))
    except Exception:  # noqa: BLE001 - the libraries can raise any exception for a damaged file
        extracted.problems.append(("bad_file", name))


def _is_in_review(archive: zipfile.ZipFile) -> bool:
    """Return whether an office file still shows readers what was deleted, inserted or noted."""
    names = archive.namelist()
    return any(name.startswith("ppt/comments/") for name in names) or any(
        mark.search(archive.read(part)) for part, mark in _REVIEW.items() if part in names
    )


def _look_into_inserted(
    name: str, archive: zipfile.ZipFile, extracted: _Extraction, depth: int
) -> None:
    """Add to `extracted` the text of one file inside an office file, if a user inserted it there.

    `archive` is the office file (DOCX, XLSX or PPTX), and `name` is the path of the file inside it.
    Files that belong to the office format itself are skipped. `depth` is the nesting level of the
    office file: 1 if an editor attached it. An embedded object of a kind that cannot be read is
    reported as the problem `unknown_object`.
    """
    suffix = PurePosixPath(name.lower()).suffix
    if _INSERTED.match(name) and suffix in INSERTED_TEXTS:
        _look_into_text(name, re.sub(rb"<[^<>]+>", b" ", archive.read(name)), extracted)
    elif _INSERTED.match(name) and suffix in KINDS:
        _look(name, archive.read(name), extracted, depth + 1)
    elif _EMBEDDED.match(name):
        extracted.problems.append(("unknown_object", name))


def _rows_of_workbook(content: bytes) -> Iterator[str]:
    """Yield every sheet in an XLSX file as one text, with the sheet's title above its rows.

    `content` is the file's content. There is ` | ` between the cells of a row. Hidden sheets are
    included. At most `MOST_ROWS` rows and `MOST_COLUMNS` columns are read.
    """
    from openpyxl import load_workbook

    with warnings.catch_warnings(action="ignore"):  # openpyxl warns in English of what it skips
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        for sheet in book.worksheets:
            rows = sheet.iter_rows(max_row=MOST_ROWS, max_col=MOST_COLUMNS)
            yield "\n".join([sheet.title, *(" | ".join(map(_shown, row)) for row in rows)])


def _shown(cell: Any) -> str:
    """Return the text of a workbook's cell, with the leading zeros that the cell's format shows."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int):
        shown_format = _FORMAT_MARKS.sub("", str(cell.number_format).partition(";")[0])
        if _ZEROS.fullmatch(shown_format.replace("#", "0")) and "0" in shown_format:
            return _with_zeros(value, shown_format)
    return " ".join(str(value).split()).replace("|", "/")


def _with_zeros(number: int, shown_format: str) -> str:
    """Return a number with leading zeros, as in a format such as `0000 000 000` or `0#`."""
    digits = str(number)
    if shown_format.startswith("0#"):
        return f"0{digits}"
    return digits.zfill(shown_format.count("0"))


def _rows_of_csv(text: str) -> str:
    """Return the rows of a CSV text with ` | ` between the cells instead of the original separator.

    Return the text itself if it cannot be read as CSV.
    """
    separator, text = separator_of(text)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        return "\n".join(
            " | ".join(" ".join(cell.split()).replace("|", "/") for cell in row) for row in rows
        )
    except csv.Error:  # a cell of over 128 KB
        return text


def _look_into_text(name: str, content: bytes, extracted: _Extraction) -> None:
    """Decode a text file as UTF-16, UTF-8 or Windows-1258, and add the text to `extracted`.

    For a CSV file, also add the rows with ` | ` between the cells. If the text
    is in TCVN3 or VNI, which are encodings older than Unicode, add the problem `legacy_file`.
    """
    start = content[:_SEEN_BYTES]
    if content[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        text = content.decode("utf-16", "replace")
    elif start.count(b"\0") > len(start) / 4:  # every second byte of most Vietnamese texts is 0
        code = "utf-16-le" if start[1::2].count(b"\0") > start[::2].count(b"\0") else "utf-16-be"
        text = content.decode(code, "replace")
    else:
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            if is_legacy(content.decode("latin-1")):
                extracted.problems.append(("legacy_file", name))
            text = unicodedata.normalize("NFC", content.decode("cp1258", "replace"))
    extracted.texts.append(text)
    if name.lower().endswith(".csv"):
        extracted.texts.append(_rows_of_csv(text))


def _look_into_recording(name: str, content: bytes, extracted: _Extraction) -> None:
    """Add the texts in a recording's tags, such as title and artist, to `extracted`.

    If the recording states where it was made, add the problem `located_file` with the file's
    `name`. A recording whose tags cannot be read is not a problem, because it may have none.
    """
    from tinytag import TinyTag, TinyTagException

    if any(mark.search(content) for mark in MARKS_OF_PLACE):
        extracted.problems.append(("located_file", name))
    try:
        tags = TinyTag.get(name, file_obj=io.BytesIO(content), duration=False).as_dict()
    except TinyTagException:
        return
    for value in tags.values():
        extracted.texts += map(str, value if isinstance(value, list) else [value])


def is_table(name: str) -> bool:
    """Return whether the extension of a file name is .csv, .txt, .xlsx or .zip.

    A file with such an extension can contain a table, whose headings may reveal a list of people.
    """
    return PurePosixPath(name.lower()).suffix in {".csv", ".txt", ".xlsx", ".zip"}
