"""Texts for the portal's pages, split into parts that fit in one burst of packets (14 KB)."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from portal.content.loading import Material, PortalContent
from portal.media import docx
from portal.media.markdown import split_html, to_html, to_words
from portal.media.pdf import text_of_pdf
from portal.media.pdf import to_html as pdf_to_html
from portal.media.pictures import shrink_picture, size_px
from portal.messages import say
from sync_server.domain.legacy_text import is_legacy

PART_LETTERS = 16_000
"""HTML letters in a part, some 3,500 words: with the page they fit 14 KB when compressed."""

_PICTURES = re.compile(r'(?:src|href)="\.\./(hinh/[^"#]+)')
_PICTURE = re.compile(r'<img src="\.\./(hinh/[^"]+)"')


_HEADINGS = re.compile(r'<h[1-3] id="([^"]+)">(.*?)</h[1-3]>', re.DOTALL)
_ANCHORS = re.compile(r'href="#([^"]+)"')
_IDS = re.compile(r' id="([^"]+)"')


class Heading(NamedTuple):
    """A heading of a text in parts: the number of its part, its id and its words."""

    part: int
    id: str
    words: str


def headings_of(parts: Sequence[str]) -> list[Heading]:
    """Return the headings of a text, for a table of contents."""
    return [
        Heading(number, match[1], to_words(match[2]))
        for number, part in enumerate(parts, 1)
        for match in _HEADINGS.finditer(part)
    ]


def link_parts(parts: Sequence[str], address: Callable[[int], str]) -> list[str]:
    """Point links within a text to the part with their target; `address` names a part's page."""
    part_of = {name: n for n, part in enumerate(parts, 1) for name in _IDS.findall(part)}

    def linked(part: str, number: int) -> str:
        def href(match: re.Match[str]) -> str:
            other = part_of.get(match[1], number)
            page = "" if other == number else address(other)
            return f'href="{page}#{match[1]}"'

        return _ANCHORS.sub(href, part)

    return [linked(part, number) for number, part in enumerate(parts, 1)]


class Text(NamedTuple):
    """A text in parts, the addresses of its pictures, and all its words for the search."""

    parts: tuple[str, ...]
    pictures: tuple[str, ...]
    words: str


def text_of(content: PortalContent, folder: str, markdown: str) -> Text:
    """Return a text from a content folder with its links resolved and its pictures sized."""
    html = to_html(markdown, lambda link: content.addresses.resolve(folder, link))
    html = _PICTURE.sub(lambda match: _sized(match[0], picture_at(content, match[1])), html)
    return Text(
        tuple(split_html(html, PART_LETTERS)),
        tuple(dict.fromkeys(_PICTURES.findall(html))),
        to_words(html),
    )


def text_of_material(content: PortalContent, material: Material) -> Text:
    """Return the editor's text of a material, followed or replaced by that of its PDF or DOCX.

    Beside a text of the editor's that is at least half as long, the file's would be a repetition.
    """
    editor_text = text_of(content, "materials", material.text)
    path = material.attachment
    html = _html_of(path) if path else ""
    if path is None or len(to_words(html)) <= 2 * len(editor_text.words):
        return editor_text
    note = f'<p class="muted">{say("portal.material.from_file", name=path.name)}</p>\n'
    parts = split_html(note + html, PART_LETTERS)
    if material.text.strip():
        return Text(
            (*editor_text.parts, *parts),
            editor_text.pictures,
            f"{editor_text.words} {to_words(html)}",
        )
    return Text(tuple(parts), (), to_words(html))


def _html_of(path: Path) -> str:
    """Return the text of a PDF or a DOCX as HTML; nothing for other files, nor for old fonts."""
    match path.suffix.lower():
        case ".pdf":
            return pdf_to_html(text_of_pdf(path).pages)
        case ".docx":
            markdown = docx.markdown_of(path)
            return "" if is_legacy(markdown) else to_html(markdown, lambda link: link)
    return ""


def picture_at(content: PortalContent, address: str) -> Path:
    """Return the picture file behind a portal address such as `hinh/so-do.webp`."""
    name = next(name for name, at in content.addresses.by_file.items() if at == address)
    return content.root / name


def _sized(tag: str, path: Path) -> str:
    width, height = size_px(shrink_picture(path))
    return f'{tag} width="{width}" height="{height}" loading="lazy"'
