"""Extract the text of a PDF, so that people can read and search it without a download."""

import re
import unicodedata
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Struct

from portal.media.cache import cached
from sync_server.domain.legacy_text import is_legacy

VERSION = b"4"
"""The version of the text extraction in this module, which is part of the cache key.

Increase this number if the extraction changes. Otherwise old results stay in use.
"""


Problem = Literal["unreadable", "locked", "legacy", "scanned"]


class PdfText(Struct, frozen=True):
    """The text of every page of a PDF, or the problem that prevents reading it.

    All texts are in Unicode form NFC. `problem` is None if the text is readable, "unreadable" if
    the file is damaged, "locked" if it needs a password, "legacy" if the text is in TCVN3 or VNI
    (encodings older than Unicode), and "scanned" if the pages contain no text. `legacy_pages` are
    the texts of the pages if the PDF is in TCVN3 or VNI: the words are garbled, but numbers and
    addresses are readable. `with_gaps` are the texts of all pages with wide gaps between table
    columns, so that the columns can be searched for personal data.
    """

    pages: tuple[str, ...] = ()
    problem: Problem | None = None
    legacy_pages: tuple[str, ...] = ()
    with_gaps: tuple[str, ...] = ()


@lru_cache(maxsize=256)
def _read(path: Path, _mtime_ns: int) -> PdfText:
    content = path.read_bytes()
    encoded = cached("pdf", VERSION + content, lambda: msgspec.json.encode(_extract(path)))
    return msgspec.json.decode(encoded, type=PdfText)


def text_of_pdf(path: Path) -> PdfText:
    """Return the texts of all pages of a PDF, or the problem that prevents reading them.

    A problem is reported as a code such as `locked`, not as an exception. The result is cached on
    disk.

    Raises: OSError if the file cannot be opened.
    """
    return _read(path, path.stat().st_mtime_ns)


def _extract(path: Path) -> PdfText:
    import logging

    from pypdf import PdfReader

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # `checks` reports the problem
    try:
        reader = PdfReader(path)
        if reader.is_encrypted and not reader.decrypt(""):
            return PdfText(problem="locked")
        pages = tuple(_clean(page.extract_text()) for page in reader.pages)
        with_gaps = tuple(_clean(text_with_gaps(page)) for page in reader.pages)
    except Exception:  # noqa: BLE001 - pypdf can raise any exception for a damaged file
        return PdfText(problem="unreadable")
    if is_legacy(" ".join(pages)):
        return PdfText(problem="legacy", legacy_pages=pages, with_gaps=with_gaps)
    problem: Problem | None = None if "".join(pages).strip() else "scanned"
    return PdfText(pages, problem, with_gaps=with_gaps)


def text_with_gaps(page: Any) -> str:
    """Return a page's text with wide gaps where the page has them, such as between table columns.

    `page` is a `pypdf.PageObject`. Return "" if pypdf cannot lay the text out.
    """
    try:
        return str(page.extract_text(extraction_mode="layout", layout_mode_space_vertically=False))
    except Exception:  # noqa: BLE001 - pypdf can raise any exception here for a readable page
        return ""


def _clean(text: str) -> str:
    """Return a text in Unicode form NFC, without control characters and surrogates.

    Line breaks and tabs are kept. A surrogate is half of a character, and cannot be encoded in
    UTF-8.
    """
    return "".join(
        letter
        for letter in unicodedata.normalize("NFC", text)
        if letter in "\n\t" or unicodedata.category(letter) not in {"Cc", "Cs"}
    )


def to_html(pages: tuple[str, ...]) -> str:
    """Return the texts of a PDF's pages as HTML paragraphs, with a page number above every page."""
    html_lines = []
    for number, page in enumerate(pages, 1):
        html_lines.append(f'<p class="muted" id="trang-{number}">— {number} —</p>')
        html_lines += [f"<p>{escape(words)}</p>" for words in paragraphs_of(page)]
    return "\n".join(html_lines)


def paragraphs_of(page: str) -> list[str]:
    """Join the lines of a page's text into paragraphs, and return the paragraphs in order.

    A paragraph ends at a blank line, after a line that ends with `.`, `:`, `;`, `!` or `?`, and
    before the next item of a list. Lines that contain only a page number, such as `3` or `3/10`,
    also end a paragraph, and are left out.
    """
    lines = [line.strip() for line in page.splitlines()]
    paragraphs: list[str] = []
    is_open = False
    for line in lines:
        if not line or re.fullmatch(r"\d+(?:/\d+)?", line):
            is_open = False
            continue
        begins = re.match(r"(?:[-–•☐+*]|\d+[.)]|[a-zđ]\)|[IVX]+[.)])\s", line)
        if is_open and not begins:
            paragraphs[-1] += f" {line}"
        else:
            paragraphs.append(line)
        is_open = not line.endswith((".", ":", ";", "!", "?"))
    return paragraphs
