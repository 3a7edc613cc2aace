"""The text of a DOCX, so that it can be read and searched without downloading the file."""

import re
import unicodedata
import zipfile
from html import escape, unescape
from pathlib import Path

from sync_server.sheets import MAX_INFLATED_BYTES

DOCUMENT = "word/document.xml"
_PARAGRAPH = re.compile(r"<w:p[ >].*?</w:p>", re.DOTALL)
_HEADING = re.compile(r'<w:pStyle w:val="(?:Heading|Title|u)[^"]*"')
_RUNS = re.compile(r"<w:t(?: [^>]*)?>([^<]*)</w:t>|<w:(?:tab|br)/>")


def paragraphs_of(path: Path) -> list[tuple[str, bool]]:
    """Return the paragraphs of a document, and whether each is a heading; none if it is damaged."""
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.getinfo(DOCUMENT).file_size > MAX_INFLATED_BYTES:
                return []
            xml = archive.read(DOCUMENT).decode("utf-8", "replace")
    except (OSError, KeyError, ValueError, zipfile.BadZipFile, NotImplementedError, RuntimeError):
        return []  # the checks report it
    paragraphs = []
    for match in _PARAGRAPH.finditer(xml):
        words = "".join(unescape(run[1]) if run[1] else " " for run in _RUNS.finditer(match[0]))
        text = " ".join(unicodedata.normalize("NFC", words).split())
        if text:
            paragraphs.append((text, _HEADING.search(match[0]) is not None))
    return paragraphs


def to_html(paragraphs: list[tuple[str, bool]]) -> str:
    """Return the paragraphs as HTML."""
    return "\n".join(
        f"<h2>{escape(text)}</h2>" if is_heading else f"<p>{escape(text)}</p>"
        for text, is_heading in paragraphs
    )
