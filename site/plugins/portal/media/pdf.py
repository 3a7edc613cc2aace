"""The text of a PDF, so that it can be read and searched without downloading the file."""

import re
from functools import lru_cache
from html import escape
from pathlib import Path

import msgspec

from portal.media.cache import cached

VERSION = b"1"
"""Increase this number when the same file gives another result."""


@lru_cache(maxsize=256)
def _read(path: Path, _mtime_ns: int) -> tuple[str, ...] | None:
    content = path.read_bytes()
    encoded = cached("pdf", VERSION + content, lambda: msgspec.json.encode(_extract(path)))
    pages: list[str] | None = msgspec.json.decode(encoded)
    return None if pages is None else tuple(pages)


def pages_of(path: Path) -> tuple[str, ...] | None:
    """Return the text of all pages, empty for a scanned page; None for an unreadable PDF."""
    return _read(path, path.stat().st_mtime_ns)


def _extract(path: Path) -> list[str] | None:
    import logging

    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # portal_checks reports it
    try:
        return [page.extract_text() for page in PdfReader(path).pages]
    except (PyPdfError, OSError, ValueError, KeyError, TypeError):
        return None


def to_html(pages: tuple[str, ...]) -> str:
    """Return the text as paragraphs under their page numbers."""
    html_lines = []
    for number, page in enumerate(pages, 1):
        html_lines.append(f'<p class="muted" id="trang-{number}">— {number} —</p>')
        html_lines += [f"<p>{escape(words)}</p>" for words in _paragraphs(page)]
    return "\n".join(html_lines)


def _paragraphs(page: str) -> list[str]:
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
