"""Convert the text of a DOCX to Markdown, so that people can read, search and edit the text."""

import re
import unicodedata
import zipfile
from pathlib import Path

from portal.media.cache import cached
from sync_server.sheets.archives import check_inflated_size

VERSION = b"2"
"""The version of this conversion, which is part of the cache key.

Increase this number if the conversion changes. Otherwise old results stay in use.
"""

STYLES = "p[style-name='Title'] => h1:fresh\np[style-name='Subtitle'] => h2:fresh"
_ROMAN = re.compile(r"^\*\*((?:[IVX]+|[A-Z])\\?[.)] .+?)\*\*$", re.MULTILINE)
_NUMBERED = re.compile(r"^\*\*((?:\d+\\?[.)]|Điều \d+\\?\.?) .+?)\*\*$", re.MULTILINE)


def markdown_of(path: Path) -> str:
    """Return the text of a DOCX file as Markdown, with headings, lists and tables.

    Pictures and links are left out. Return "" if the file is damaged, or if it would be too large
    when decompressed.

    Raises: OSError if the file cannot be opened.
    """
    content = path.read_bytes()
    return cached("docx", VERSION + content, lambda: _convert(path).encode()).decode()


def _convert(path: Path) -> str:
    import mammoth
    from markdownify import markdownify

    try:
        with zipfile.ZipFile(path) as archive:
            check_inflated_size(archive)
        with path.open("rb") as file:
            html = mammoth.convert_to_html(file, style_map=STYLES).value
    except Exception:  # noqa: BLE001 - too large, or damaged: then mammoth raises any exception
        return ""  # `portal.content.checks` reports the fault
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
    """Convert bold lines in Markdown that begin with a number to headings.

    Offices often write headings in bold without a heading style. A line that begins with a Roman
    numeral or a capital letter becomes a heading of level 2. A line that begins with a number or an
    article (`Điều 1`) becomes a heading of level 3.
    """
    return _NUMBERED.sub(r"### \1", _ROMAN.sub(r"## \1", markdown))
