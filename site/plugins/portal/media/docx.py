"""Convert the text of a DOCX to Markdown, so that people can read, search and edit the text."""

import io
import re
import unicodedata
import zipfile
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, SubElement, fromstring, tostring

from portal.media.cache import cached
from portal.media.word_numbers import W, write_numbers
from sync_server.sheets.archives import TooLarge, check_inflated_size

VERSION = b"5"
"""The version of the conversion of DOCX to Markdown, which is part of the cache key.

Increase this number if the conversion changes. Otherwise old results stay in use."""

STYLES = "p[style-name='Title'] => h1:fresh\np[style-name='Subtitle'] => h2:fresh"
_CHANGED = {"word/document.xml", "word/numbering.xml", "word/styles.xml"}
_ADDRESS = re.compile(
    r"(?:https?:\\?/\\?/|www\\?\.)\S+|(?<![\w.+\\-])[\w.+\\-]{1,100}@[\w.\\-]{1,200}"
)
"""A pattern of a web or e-mail address in Markdown, perhaps with backslashes in it."""
_NOTE = re.compile(r"⸨(e?\d+)⸩(:?)")
_ROMAN = re.compile(r"^\*\*((?:[IVX]+|[A-Z])\\?[.)] .+?)\*\*$", re.MULTILINE)
_NUMBERED = re.compile(r"^\*\*((?:\d+\\?[.)]|Điều \d+\\?\.?) .+?)\*\*$", re.MULTILINE)


def markdown_of(path: Path) -> str:
    """Return the text of a DOCX file as Markdown, with headings, lists and tables.

    Pictures are left out. Return "" if the file is damaged, or if it would be too large when
    decompressed.

    Raises: OSError if the file cannot be opened.
    """
    content = path.read_bytes()
    return cached("docx", VERSION + content, lambda: _convert(path).encode()).decode()


LEFT_OUT = {"pictures": "image", "diagrams": "diagramData", "objects": "oleObject|package"}
"""What `markdown_of` leaves out, by the kinds of relation with which a DOCX refers to it."""


def left_out(path: Path) -> dict[str, int]:
    """Return {key of `LEFT_OUT`: how many of these a DOCX file contains}; {} if it is damaged.

    Raises: OSError if the file cannot be opened.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            check_inflated_size(archive)
            relations = archive.read("word/_rels/document.xml.rels").decode("utf-8", "replace")
    except (KeyError, zipfile.BadZipFile, TooLarge):
        return {}
    return {
        name: len(re.findall(rf'/relationships/(?:{kind})"', relations))
        for name, kind in LEFT_OUT.items()
    }


def _convert(path: Path) -> str:
    import mammoth
    from markdownify import markdownify

    try:
        html = mammoth.convert_to_html(_as_shown(path), style_map=STYLES).value
    except Exception:  # noqa: BLE001 - too large, or damaged: then mammoth raises any exception
        return ""  # `portal.content.checks` reports the fault
    markdown = markdownify(
        _with_plain_tables(html),
        heading_style="ATX",
        strip=["img"],
        bullets="-",
        table_infer_header=True,
        escape_misc=True,
        sup_symbol="<sup>",
        sub_symbol="<sub>",
    )
    markdown = _ADDRESS.sub(lambda address: re.sub(r"\\(?=\W|_)", "", address[0]), markdown)
    markdown = _NOTE.sub(lambda note: f"[^{note[1]}]{note[2]}", markdown)
    return _headings_of_offices(unicodedata.normalize("NFC", markdown)).strip()


def _as_shown(path: Path) -> io.BytesIO:
    """Return a copy of a DOCX file with the numbers of lists as text, and without hidden text.

    The copy contains what Word shows.

    Raises: OSError if the file cannot be read; TooLarge if it would be too large when decompressed;
    BadZipFile, KeyError or ParseError if it is damaged.
    """
    shown = io.BytesIO()
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(shown, "w") as copy:
        check_inflated_size(archive)
        parts = {name: archive.read(name) for name in archive.namelist()}
        # S314 is safe here: the size is checked, and expat limits entities.
        roots = {name: fromstring(parts[name]) for name in _CHANGED & parts.keys()}  # noqa: S314
        document = roots["word/document.xml"]
        _simplify(document)
        if (numbering := roots.get("word/numbering.xml")) is not None:
            write_numbers(document, numbering, roots.get("word/styles.xml"))
        parts |= {name: tostring(root) for name, root in roots.items()}
        for name, content in parts.items():
            copy.writestr(name, content)
    shown.seek(0)
    return shown


def _simplify(parent: Element) -> None:
    """Replace the XML elements that mammoth does not know, and remove hidden text.

    mammoth is the library that converts a DOCX to HTML. The elements inside `parent` are changed in
    place.
    """
    for at, child in reversed(list(enumerate(parent))):
        tag = child.tag.rpartition("}")[2]
        if tag in _WRAPPERS:
            inner = child.find(f"{W}sdtContent") if tag == "sdt" else child
            parent[at : at + 1] = [] if inner is None else list(inner)
        elif tag in {"oMath", "oMathPara"}:
            parent[at] = _run("".join(child.itertext()))
        elif tag == "r" and _has(child, "vanish"):
            parent.remove(child)
    for child in parent:
        _simplify_one(child)
        _simplify(child)


def _simplify_one(element: Element) -> None:
    tag = element.tag.rpartition("}")[2]
    if tag in _LIKE:
        element.tag = f"{W}{_LIKE[tag]}"
    elif tag == "t":  # on thousands of spaces in a row, markdownify takes quadratic time
        element.text = re.sub(r" {3,}", "  ", element.text or "")
    elif tag == "r" and _has(element, "caps"):
        for text in element.iter(f"{W}t"):
            text.text = (text.text or "").upper()
    elif tag == "tr":
        for _ in range(_span(element.find(f"{W}trPr/{W}gridBefore"))):
            cell = Element(f"{W}tc")
            SubElement(cell, f"{W}p")
            element.insert(0, cell)


def _run(words: str) -> Element:
    run = Element(f"{W}r")
    SubElement(run, f"{W}t").text = words
    return run


_WRAPPERS = frozenset(
    {"fldSimple", "sdt", "dir", "bdo", "ruby", "rubyBase", "smartTag", "customXml"}
)
"""XML elements around visible text, which are replaced by the elements inside them.

Otherwise mammoth, the library that converts a DOCX to HTML, would leave out the content of some of
them.
"""
_LIKE = {"cr": "br", "ptab": "tab"}
MOST_SPANNED = 63
"""The greatest number of columns that a merged cell of a table may cover; Word has the same limit.
"""


def _span(mark: Element | None) -> int:
    value = "0" if mark is None else mark.get(f"{W}val", "0")
    return min(int(value), MOST_SPANNED) if value.isascii() and value.isdecimal() else 0


def _has(run: Element, name: str) -> bool:
    """Return whether a run (a piece of text in a DOCX) has a property such as `vanish` (hidden)."""
    mark = run.find(f"{W}rPr/{W}{name}")
    return mark is not None and _is_on(mark)


def _is_on(mark: Element) -> bool:
    return mark.get(f"{W}val", "1") not in {"0", "false", "off"}


def _with_plain_tables(html: str) -> str:
    """Simplify the tables and footnotes in HTML, so that they can be converted to Markdown.

    A merged cell is followed by empty cells, so that every figure stays in its column. A table
    inside a cell becomes text. References to a footnote become `⸨n⸩`, and the footnote becomes a
    paragraph that begins with `⸨n⸩:`; `_convert` replaces these signs later.
    """
    from bs4 import BeautifulSoup

    page: Any = BeautifulSoup(html, "html.parser")
    for table in reversed(page.find_all("table")):  # the innermost first
        if table.find_parent("table"):
            rows = [
                [cell.get_text(" ", strip=True) for cell in row.find_all(["td", "th"])]
                for row in table.find_all("tr")
            ]
            texts = [" – ".join(filter(None, row)) for row in rows]
            table.replace_with("; ".join(filter(None, texts)))
        else:
            _fill_merged_cells(page, table)
    for link in page.find_all("a"):
        if not link.get("href", "").startswith(("http:", "https:", "#footnote", "#endnote")):
            link.unwrap()
    for mark in page.select('sup > a[href^="#footnote-"], sup > a[href^="#endnote-"]'):
        mark.parent.replace_with(f"⸨{_note_key(mark['href'])}⸩")
    for note in page.select('li[id^="footnote-"], li[id^="endnote-"]'):
        for way_back in note.select('a[href^="#footnote-ref"], a[href^="#endnote-ref"]'):
            way_back.decompose()
        text = page.new_tag("p")
        text.string = f"⸨{_note_key(note['id'])}⸩: {note.get_text(' ', strip=True)}"
        note.parent.insert_before(text)
        note.decompose()
    return str(page)


def _note_key(name: str) -> str:
    """Return the key of a note by its id: «2» for `footnote-2`, and «e2» for `endnote-2`."""
    return ("e" if "endnote" in name else "") + name.rpartition("-")[2]


def _fill_merged_cells(page: Any, table: Any) -> None:
    """Split the merged cells of a table in HTML: add an empty cell for every place they cover.

    `page` is the BeautifulSoup document that contains `table`.
    """
    below: dict[int, int] = {}  # how many more rows a merged cell fills, by its column
    for row in table.find_all("tr"):
        column = 0
        for cell in row.find_all(["td", "th"]):
            while below.get(column, 0):
                below[column] -= 1
                cell.insert_before(page.new_tag(cell.name))
                column += 1
            width = min(int(cell.attrs.pop("colspan", 1)), MOST_SPANNED)
            height = int(cell.attrs.pop("rowspan", 1))
            for place in range(column, column + width):
                below[place] = height - 1
            for _ in range(width - 1):
                cell.insert_after(page.new_tag(cell.name))
            column += width
        for place in sorted(place for place in below if place >= column and below[place]):
            below[place] -= 1
            row.append(page.new_tag("td"))


def _headings_of_offices(markdown: str) -> str:
    """Convert bold lines in Markdown that begin with a number to headings.

    Offices often write headings in bold without a heading style. A line that begins with a Roman
    numeral or a capital letter becomes a heading of level 2. A line that begins with a number or an
    article (`Điều 1`) becomes a heading of level 3.
    """
    return _NUMBERED.sub(r"### \1", _ROMAN.sub(r"## \1", markdown))
