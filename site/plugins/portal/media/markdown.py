"""Convert Markdown to HTML with only safe tags, so that no script in a text runs in a browser."""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable
from functools import lru_cache
from html import unescape
from urllib.parse import unquote

import cmarkgfm
import nh3
from cmarkgfm.cmark import Options

TAGS = nh3.ALLOWED_TAGS | {"section"}
HEADINGS = {f"h{n}" for n in range(1, 7)}
ATTRIBUTES = {
    **nh3.ALLOWED_ATTRIBUTES,
    **{tag: {"id"} for tag in (*HEADINGS, "li")},
    "a": {*nh3.ALLOWED_ATTRIBUTES["a"], "id"},
    "th": {"align", "scope", "colspan", "rowspan"},
    "td": {"align", "colspan", "rowspan"},
}
SCHEMES = {"http", "https", "mailto", "tel"}

_CLAUSE = re.compile(r"(?<=\S)\n(?=[a-zđ]\) )")
"""The line break before a clause that begins with a letter such as `a)`.

Markdown would show the line break as a space, so it is replaced by a forced line break.
"""
_BULLET = re.compile(r"^( {0,3})[•●▪◦] +", re.MULTILINE)
"""A bullet such as `•` at the start of a line, which Markdown does not recognise as a list."""
_IN_LIST = re.compile(r"\s|[-*+] |\d+[.)] ")
_FOOTNOTE = re.compile(r"fn(?:ref)?-[\w-]+\Z")
_BLOCK_END = re.compile(r"(?<=[^\s>.,;:!?])</(?:p|li|h[1-6]|pre|blockquote|dt|dd)>")
_HEADING = re.compile(r"<(h[1-6])>(.*?)</\1>", re.DOTALL)
BOXES = {
    '<input type="checkbox" checked="" disabled="" />': "☑",
    '<input type="checkbox" disabled="" />': "☐",
}
"""Characters that replace the check boxes of task lists, because form fields are not safe HTML."""

Resolve = Callable[[str], str | None]


@lru_cache(maxsize=8192)
def to_raw_html(text: str) -> str:
    """Convert Markdown to HTML that may contain unsafe tags. Publish only the result of `to_html`.

    Every heading gets the id that `slug` returns. A repeated id ends in a number, such as `-2`.
    """
    options = Options.CMARK_OPT_UNSAFE | Options.CMARK_OPT_FOOTNOTES
    options |= Options.CMARK_OPT_STRIKETHROUGH_DOUBLE_TILDE  # «5~6 km, 7~8 km» are spans
    text = _CLAUSE.sub("  \n", _without_office_indents(_BULLET.sub(r"\1- ", text)))
    html: str = cmarkgfm.github_flavored_markdown_to_html(text, options)
    for box, sign in BOXES.items():
        html = html.replace(box, sign)
    uses: Counter[str] = Counter()

    def with_id(heading: re.Match[str]) -> str:
        name = slug(to_plain_text(heading[2]))
        uses[name] += 1
        unique = name if uses[name] == 1 else f"{name}-{uses[name]}"
        return f'<{heading[1]} id="{unique}">{heading[2]}</{heading[1]}>'

    return _HEADING.sub(with_id, html)


def _without_office_indents(text: str) -> str:
    """Remove the indentation of paragraphs in Markdown that begin with a tab or four spaces.

    Markdown would treat such a paragraph as program code. Inside lists and fenced code, the
    indentation is kept.
    """
    lines: list[str] = []
    last_filled, is_fenced = "", False
    for line in text.split("\n"):
        is_fenced ^= line.startswith("```")
        begins_paragraph = not lines or not lines[-1].strip()
        if line.startswith(("\t", "    ")) and begins_paragraph and not is_fenced:
            line = line if _IN_LIST.match(last_filled) else line.lstrip("\t ")
        lines.append(line)
        last_filled = line if line.strip() else last_filled
    return "\n".join(lines)


def slug(heading: str) -> str:
    """Return the id of a heading for links, such as `dieu-1-muc-dich` for `Điều 1. Mục đích`.

    Return `muc` if the heading contains no letters or digits.
    """
    plain = unicodedata.normalize("NFD", heading.lower().replace("đ", "d"))
    letters = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return "-".join(re.findall(r"[a-z0-9]+", letters)) or "muc"


def to_html(text: str, resolve: Resolve = lambda link: link) -> str:
    """Convert Markdown to HTML with only safe tags.

    `resolve` receives the target of every link and picture, and returns the new target, or None to
    remove the target. The default changes nothing.
    """

    def attribute(_tag: str, name: str, value: str) -> str | None:
        if name == "href" and value.startswith("#"):
            named = unquote(value[1:])
            return value if _FOOTNOTE.match(named) else f"#{slug(named)}"
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
    """Split HTML between top-level elements into parts of at most `size` characters.

    A single element that is longer than `size` stays whole. If there is a heading in the second
    half of a part, the part ends before its last heading.
    """
    parts: list[str] = []
    while len(html) > size:
        places = [at for at in _between_blocks(html) if at <= size]
        headings = [at for at in places if at > size // 2 and html.startswith("<h", at)]
        at = (headings or places or [0])[-1]
        if at == 0:  # the first block is longer than `size`
            at = next((place for place in _between_blocks(html) if place), len(html))
        parts.append(html[:at])
        html = html[at:]
    return [*parts, html] if html.strip() or not parts else parts


def _between_blocks(html: str) -> list[int]:
    """Return the positions in `html` at which top-level elements begin, in ascending order."""
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


def to_plain_text(html: str) -> str:
    """Return the text of HTML on one line, without tags.

    Entities such as `&amp;` are decoded. `; ` follows every table cell, and every paragraph,
    heading and list item that ends without a punctuation mark, so that two numbers do not look like
    one.
    """
    text = _BLOCK_END.sub("; ", re.sub(r"</t[dh]>", "; ", html))
    text = re.sub(r"<[^<>]+>", " ", text)
    return " ".join(unescape(text).split())
