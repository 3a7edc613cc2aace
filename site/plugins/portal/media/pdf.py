"""The text of a PDF, so that it can be read and searched without downloading the file."""

import re
import unicodedata
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from portal.media.cache import cached
from sync_server.domain.legacy_text import is_legacy

VERSION = b"2"
"""Increase this number when the same file gives another result."""


Problem = Literal["unreadable", "locked", "legacy", "scanned"]


class PdfText(Struct, frozen=True):
    """The text of a PDF by page, in NFC, or the reason why none can be read.

    `locked`: it needs a password. `legacy`: its fonts hold Vietnamese in an encoding older than
    Unicode. `scanned`: its pages are pictures.
    """

    pages: tuple[str, ...] = ()
    problem: Problem | None = None


@lru_cache(maxsize=256)
def _read(path: Path, _mtime_ns: int) -> PdfText:
    content = path.read_bytes()
    encoded = cached("pdf", VERSION + content, lambda: msgspec.json.encode(_extract(path)))
    return msgspec.json.decode(encoded, type=PdfText)


def text_of_pdf(path: Path) -> PdfText:
    """Return the text of all pages of a PDF."""
    return _read(path, path.stat().st_mtime_ns)


def _extract(path: Path) -> PdfText:
    import logging

    from pypdf import PdfReader

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # the checks report it
    try:
        reader = PdfReader(path)
        if reader.is_encrypted and not reader.decrypt(""):
            return PdfText(problem="locked")
        pages = tuple(_clean(page.extract_text()) for page in reader.pages)
    except Exception:  # noqa: BLE001 - damaged files can raise anything in the library
        return PdfText(problem="unreadable")
    if is_legacy(" ".join(pages)):
        return PdfText(problem="legacy")
    return PdfText(pages, None if "".join(pages).strip() else "scanned")


def _clean(text: str) -> str:
    """Return a text in NFC without control characters and half letters."""
    return "".join(
        letter
        for letter in unicodedata.normalize("NFC", text)
        if letter in "\n\t" or unicodedata.category(letter) not in {"Cc", "Cs"}
    )


def to_html(pages: tuple[str, ...]) -> str:
    """Return the text as paragraphs under their page numbers."""
    html_lines = []
    for number, page in enumerate(pages, 1):
        html_lines.append(f'<p class="muted" id="trang-{number}">— {number} —</p>')
        html_lines += [f"<p>{escape(words)}</p>" for words in paragraphs_of(page)]
    return "\n".join(html_lines)


def paragraphs_of(page: str) -> list[str]:
    """Return the paragraphs of a page: lines are joined and the page number is dropped."""
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
