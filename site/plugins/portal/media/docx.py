"""The text of a DOCX as Markdown, so that it can be read, searched and edited as such."""

import re
import unicodedata
import zipfile
from pathlib import Path

from portal.media.cache import cached
from sync_server.sheets.files import MAX_INFLATED_BYTES

VERSION = b"2"
"""Increase this number when the same file gives another result."""

STYLES = "p[style-name='Title'] => h1:fresh\np[style-name='Subtitle'] => h2:fresh"
_ROMAN = re.compile(r"^\*\*((?:[IVX]+|[A-Z])\\?[.)] .+?)\*\*$", re.MULTILINE)
_NUMBERED = re.compile(r"^\*\*((?:\d+\\?[.)]|Điều \d+\\?\.?) .+?)\*\*$", re.MULTILINE)


def markdown_of(path: Path) -> str:
    """Return the text of a document with its headings, lists and tables; "" if it is damaged.

    Pictures and links are left out: the file itself stays attached.
    """
    content = path.read_bytes()
    return cached("docx", VERSION + content, lambda: _convert(path).encode()).decode()


def _convert(path: Path) -> str:
    import mammoth
    from markdownify import markdownify

    try:
        with zipfile.ZipFile(path) as archive:
            if sum(part.file_size for part in archive.infolist()) > MAX_INFLATED_BYTES:
                return ""
        with path.open("rb") as file:
            html = mammoth.convert_to_html(file, style_map=STYLES).value
    except Exception:  # noqa: BLE001 - of foreign files the library raises whatever comes
        return ""  # the checks report it
    markdown = markdownify(
        html,
        heading_style="ATX",
        strip=["a", "img"],
        bullets="-",
        table_infer_header=True,
        escape_misc=True,
    )
    return _headings_of_offices(unicodedata.normalize("NFC", markdown)).strip()


def _headings_of_offices(markdown: str) -> str:
    """Make headings of bold lines that begin with a number, as offices write them without styles.

    A capital numeral is a heading of the second level, a number or an article of the third.
    """
    return _NUMBERED.sub(r"### \1", _ROMAN.sub(r"## \1", markdown))
