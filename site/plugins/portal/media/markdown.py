"""Converts Markdown to HTML with a safe list of tags: no slip of an editor can run in a browser."""

import re
from collections.abc import Callable
from functools import lru_cache
from html import unescape

import cmarkgfm
import nh3
from cmarkgfm.cmark import Options

TAGS = nh3.ALLOWED_TAGS | {"section"}
ATTRIBUTES = {
    **nh3.ALLOWED_ATTRIBUTES,
    "th": {"align", "scope", "colspan", "rowspan"},
    "td": {"align", "colspan", "rowspan"},
}
SCHEMES = {"http", "https", "mailto", "tel"}

Resolve = Callable[[str], str | None]


@lru_cache(maxsize=8192)
def to_raw_html(text: str) -> str:
    """Return the text as HTML with everything in it: for checks, never for publication."""
    options = Options.CMARK_OPT_UNSAFE | Options.CMARK_OPT_FOOTNOTES
    html: str = cmarkgfm.github_flavored_markdown_to_html(text, options)
    return html


def to_html(text: str, resolve: Resolve = lambda link: link) -> str:
    """Return the text as HTML with its links resolved; raw HTML stays only if it is harmless."""

    def attribute(_tag: str, name: str, value: str) -> str | None:
        return resolve(value) if name in {"href", "src"} else value

    return nh3.clean(
        to_raw_html(text),
        tags=TAGS,
        attributes=ATTRIBUTES,
        attribute_filter=attribute,
        url_schemes=SCHEMES,
        link_rel=None,
    )


def split_html(html: str, size: int) -> list[str]:
    """Split HTML between blocks so that no part is much longer than `size` characters.

    A part begins at a heading if the second half of the part before has one.
    """
    parts: list[str] = []
    while len(html) > size:
        places = [at for at in _between_blocks(html) if at <= size]
        headings = [at for at in places if at > size // 2 and html.startswith("<h", at)]
        at = (headings or places or [0])[-1]
        if at == 0:  # one block longer than a part: it stays whole
            at = next((place for place in _between_blocks(html) if place), len(html))
        parts.append(html[:at])
        html = html[at:]
    return [*parts, html] if html.strip() or not parts else parts


def _between_blocks(html: str) -> list[int]:
    """Return the positions at which the outermost blocks begin."""
    starts, depth = [], 0
    for tag in re.finditer(r"<(/?)(\w+)[^>]*>", html):
        if tag[2] in {"br", "hr", "img", "wbr", "col"}:
            if depth == 0:
                starts.append(tag.start())
            continue
        if tag[1]:
            depth -= 1
        else:
            if depth == 0:
                starts.append(tag.start())
            depth += 1
    return starts


def to_words(html: str) -> str:
    """Return the words of HTML in one line."""
    text = re.sub(r"<[^>]+>", " ", html)
    return " ".join(unescape(text).split())
