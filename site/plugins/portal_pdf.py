"""The text of a PDF, so that it can be read and searched without downloading the file."""

import re
from functools import lru_cache
from html import escape
from pathlib import Path

import msgspec
from portal_cache import cached

VERSION = b"1"
"""Counts up when what is made of the same file changes."""


@lru_cache(maxsize=256)
def _read(path: Path, _mtime_ns: int) -> tuple[str, ...] | None:
    content = path.read_bytes()
    found = cached("pdf", VERSION + content, lambda: msgspec.json.encode(_extract(path)))
    pages: list[str] | None = msgspec.json.decode(found)
    return None if pages is None else tuple(pages)


def pages_of(path: Path) -> tuple[str, ...] | None:
    """Return the text of each page, empty where it is only a picture; None for no readable PDF."""
    return _read(path, path.stat().st_mtime_ns)


def _extract(path: Path) -> list[str] | None:
    import logging

    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # what it cannot read, we tell
    try:
        return [page.extract_text() for page in PdfReader(path).pages]
    except (PyPdfError, OSError, ValueError, KeyError, TypeError):
        return None


def to_html(pages: tuple[str, ...]) -> str:
    """Return the text as paragraphs under the numbers of their pages."""
    made = []
    for number, page in enumerate(pages, 1):
        made.append(f'<p class="muted" id="trang-{number}">— {number} —</p>')
        made += [f"<p>{escape(words)}</p>" for words in _paragraphs(page)]
    return "\n".join(made)


def _paragraphs(page: str) -> list[str]:
    """Join the lines of a page that go on in the next, and drop the number at its foot."""
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
