"""The text of a material as readers get it: in parts small enough for one flight of packets."""

import re
from pathlib import Path
from typing import NamedTuple

from portal_content import Content, Material
from portal_markdown import in_parts, to_html, to_words
from portal_messages import say
from portal_pdf import pages_of
from portal_pdf import to_html as pdf_to_html
from portal_pictures import shrunk, size_px

PART_LETTERS = 16_000
"""Of HTML, some 3,500 words: however various, they and the page fit 14 KB when compressed."""

_PICTURES = re.compile(r'(?:src|href)="\.\./(hinh/[^"#]+)')
_PICTURE = re.compile(r'<img src="\.\./(hinh/[^"]+)"')


class Text(NamedTuple):
    """A text in parts, the addresses of the pictures in it, and all its words for the search."""

    parts: tuple[str, ...]
    pictures: tuple[str, ...]
    words: str


def text_of(content: Content, folder: str, written: str) -> Text:
    """Return a text of a folder of the content with its links resolved and its pictures sized."""
    html = to_html(written, lambda link: content.addresses.resolve(folder, link))
    html = _PICTURE.sub(lambda found: _sized(found[0], picture_at(content, found[1])), html)
    return Text(
        tuple(in_parts(html, PART_LETTERS)),
        tuple(dict.fromkeys(_PICTURES.findall(html))),
        to_words(html),
    )


def text_of_material(content: Content, material: Material) -> Text:
    """Return the editor's text, and after it, or in its place, what stands in its PDF."""
    own = text_of(content, "materials", material.text)
    path = material.attachment
    if path is None or path.suffix.lower() != ".pdf":
        return own
    html = pdf_to_html(pages_of(path) or ())
    if not to_words(html):
        return own
    note = f'<p class="muted">{say("portal.material.from_pdf", name=path.name)}</p>\n'
    parts = in_parts(note + html, PART_LETTERS)
    if material.text.strip():
        return Text((*own.parts, *parts), own.pictures, f"{own.words} {to_words(html)}")
    return Text(tuple(parts), (), to_words(html))


def picture_at(content: Content, address: str) -> Path:
    """Return the picture of the content that is read at an address such as `hinh/so-do.webp`."""
    name = next(name for name, at in content.addresses.of.items() if at == address)
    return content.root / name


def _sized(tag: str, path: Path) -> str:
    width, height = size_px(shrunk(path))
    return f'{tag} width="{width}" height="{height}" loading="lazy"'
