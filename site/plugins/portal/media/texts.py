"""Convert texts to HTML, and split long texts into parts, one part for every page.

A page with one part is at most 14 KB when compressed. A server can send 14 KB before the browser
acknowledges any data, so that the page arrives without a further delay.
"""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from portal.content.loading import Material, PortalContent
from portal.media import docx
from portal.media.markdown import split_html, to_html, to_plain_text
from portal.media.pdf import text_of_pdf
from portal.media.pdf import to_html as pdf_to_html
from portal.media.pictures import shrink_picture, size_px
from portal.messages import say
from sync_server.domain.legacy_text import is_legacy

MAX_PART_CHARACTERS = 16_000
"""The maximum length of the HTML of one page's text, in characters (about 3,500 words).

A page with such a text compresses to at most 14 KB, which a server can send before the browser
acknowledges any data.
"""

_PICTURES = re.compile(r'(?:src|href)="\.\./(hinh/[^"#]+)')
_PICTURE = re.compile(r'<img src="\.\./(hinh/[^"]+)"')


_HEADINGS = re.compile(r'<h[1-3] id="([^"]+)">(.*?)</h[1-3]>', re.DOTALL)
_ANCHORS = re.compile(r'href="#([^"]+)"')
_IDS = re.compile(r' id="([^"]+)"')


class Heading(NamedTuple):
    """A heading in a text that is split into parts.

    `part` is the number of the part with the heading, counted from 1. `id` is the target for links,
    and `words` is the heading's text.
    """

    part: int
    id: str
    words: str


def headings_of(parts: Sequence[str]) -> list[Heading]:
    """Return the headings of levels 1 to 3 in a text that is split into HTML parts, in order."""
    return [
        Heading(number, match[1], to_plain_text(match[2]))
        for number, part in enumerate(parts, 1)
        for match in _HEADINGS.finditer(part)
    ]


def link_parts(parts: Sequence[str], address: Callable[[int], str]) -> list[str]:
    """Correct the links between the HTML parts of a text, and return the parts.

    Every part is shown on a separate page, so a link to a heading in another part gets the address
    of that part's page. `address` returns the address for a part's number, which is counted from 1.
    """
    part_of = {name: n for n, part in enumerate(parts, 1) for name in _IDS.findall(part)}

    def linked(part: str, number: int) -> str:
        def href(match: re.Match[str]) -> str:
            other = part_of.get(match[1], number)
            page = "" if other == number else address(other)
            return f'href="{page}#{match[1]}"'

        return _ANCHORS.sub(href, part)

    return [linked(part, number) for number, part in enumerate(parts, 1)]


class Text(NamedTuple):
    """A text as HTML in parts, one for every page.

    `pictures` are the addresses in the portal of the text's pictures, such as `hinh/so-do.webp`.
    `words` is the whole text without tags, for the search.
    """

    parts: tuple[str, ...]
    pictures: tuple[str, ...]
    words: str


def text_of(content: PortalContent, folder: str, markdown: str) -> Text:
    """Convert Markdown to HTML, and split the HTML into parts for separate pages.

    Links get their addresses in the portal, and pictures their width and height. `folder` is the
    content folder of the Markdown file, such as `materials`. `content` contains the addresses of
    all files.
    """
    html = to_html(markdown, lambda link: content.addresses.resolve(folder, link))
    html = _PICTURE.sub(lambda match: _sized(match[0], picture_at(content, match[1])), html)
    return Text(
        tuple(split_html(html, MAX_PART_CHARACTERS)),
        tuple(dict.fromkeys(_PICTURES.findall(html))),
        to_plain_text(html),
    )


def text_of_material(content: PortalContent, material: Material) -> Text:
    """Return the text that the page of a material (a document for meetings) shows.

    The text of the content file comes first. The text of an attached PDF or DOCX follows only
    if it is more than twice as long; a shorter text is assumed to repeat the content file.
    """
    editor_text = text_of(content, "materials", material.text)
    path = material.attachment
    html = _html_of(path) if path else ""
    if path is None or len(to_plain_text(html)) <= 2 * len(editor_text.words):
        return editor_text
    note = f'<p class="muted">{say("portal.material.from_file", name=path.name)}</p>\n'
    parts = split_html(note + html, MAX_PART_CHARACTERS)
    if material.text.strip():
        return Text(
            (*editor_text.parts, *parts),
            editor_text.pictures,
            f"{editor_text.words} {to_plain_text(html)}",
        )
    return Text(tuple(parts), (), to_plain_text(html))


def _html_of(path: Path) -> str:
    """Return the text of a PDF or DOCX as HTML.

    Return "" for other files, and if the text is unreadable or in an encoding older than Unicode.

    Raises: OSError if the file cannot be opened.
    """
    match path.suffix.lower():
        case ".pdf":
            return pdf_to_html(text_of_pdf(path).pages)
        case ".docx":
            markdown = docx.markdown_of(path)
            return "" if is_legacy(markdown) else to_html(markdown, lambda link: link)
    return ""


def picture_at(content: PortalContent, address: str) -> Path:
    """Return the path of the picture file whose address in the portal is `address`.

    An example of an address is `hinh/so-do.webp`.

    Raises: StopIteration if no picture has the address.
    """
    name = next(name for name, at in content.addresses.by_file.items() if at == address)
    return content.root / name


def _sized(tag: str, path: Path) -> str:
    width, height = size_px(shrink_picture(path))
    return f'{tag} width="{width}" height="{height}" loading="lazy"'
