"""Convert a DOCX or PDF to a draft of a content file, and suggest values for its fields.

A content file is a Markdown file from which the portal's pages are built.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, get_args

from portal.content.fields import MaterialKind
from portal.editor.builder import BuildFault
from portal.media import docx
from portal.media.pdf import paragraphs_of, text_of_pdf
from portal.messages import catalogue, say
from sync_server.domain.legacy_text import is_legacy
from sync_server.domain.names import fold

SUFFIXES = (".docx", ".pdf")
LONGEST_SUMMARY = 200
LEAST_SUMMARY = 40
"""The minimum length, in characters, of a paragraph whose first sentence becomes the summary.

Shorter paragraphs are headings or greetings.
"""

_NUMBER = re.compile(r"\b(\d+)([-/])([A-ZĐ]{2,4})([-/])([A-ZĐ.]{2,8}(?:-[A-ZĐ.]{2,8})?)\b")
"""A document's number, such as 57-NQ/TW for the Party or 125/KH-UBND for an authority."""
_HEAD_LINES = 12
"""The number of lines at the start of a document that are searched for the document's number.

Numbers in later lines belong to other documents that the text cites.
"""
_DAY = re.compile(r"ngày\s+(\d{1,2})\s+tháng\s+(\d{1,2})\s+năm\s+(\d{4})", re.IGNORECASE)
_MARKS = re.compile(r"^[#>\-*\s]+|[*_\\]+|~~|</?su[bp]>|\[\^\w+\]|\]\([^()\s]*\)|\[")
_HEADING = re.compile(r"^(?:[IVX]+|Điều \d+)\. ")
_MARKDOWN = re.compile(r"([\\`*_\[\]<~|]|^[-+#>=](?=[\s#-=])|(?<=^\d)[.)]|(?<=^\d\d)[.)])")
"""Characters to escape, because Markdown would read them as formatting or as a list number."""


class Draft(NamedTuple):
    """A draft of a content file, made from a DOCX or PDF.

    `text` is Markdown, or "" if the document contains no readable text. `suggestions` is
    {field: suggested value}. `warning` is a message for the user, or "".
    """

    text: str
    suggestions: dict[str, str]
    warning: str


def draft_of(path: Path) -> Draft:
    """Read a DOCX or PDF file and return a draft with the file's text and suggested field values.

    If the text cannot be read, the draft contains a warning, and the file name as the suggested
    title.

    Raises: BuildFault if the file does not exist or is of another kind.
    """
    if not path.is_file():
        raise BuildFault(say("build.new.no_file", path=path))
    if path.suffix.lower() not in SUFFIXES:
        raise BuildFault(say("build.new.other_kind", path=path))
    left_out = ""
    if path.suffix.lower() == ".docx":
        text, parts = docx.markdown_of(path), docx.left_out(path)
        problem = "scanned" if parts.get("pictures") else "unreadable"
        named = (say(f"build.new.left_out.{name}", count=n) for name, n in parts.items() if n)
        left_out = ", ".join(named)
        if is_legacy(text):
            text, problem = "", "legacy"
    else:
        pdf = text_of_pdf(path)
        text, problem = "\n\n".join(_markdown_lines(pdf.pages)), pdf.problem or "scanned"
    if not text:
        return Draft("", {"title": path.stem}, say(f"build.new.{problem}", path=path.name))
    warning = say("build.new.left_out", what=left_out) if left_out else ""
    return Draft(text, _suggestions(text), warning)


def _markdown_lines(pages: tuple[str, ...]) -> Iterator[str]:
    for page in pages:
        for paragraph in paragraphs_of(page):
            is_heading = _HEADING.match(paragraph)
            yield f"## {paragraph}" if is_heading else _MARKDOWN.sub(r"\\\1", paragraph)


def _suggestions(text: str) -> dict[str, str]:
    """Search a document's text for values of the fields of a material (a document for meetings).

    The fields are `kind`, `title`, `number`, `code`, `date` (such as `2026-12-18`) and
    `summary`. Return {field: value}. Fields that the text does not contain are left out.
    """
    lines = [line for line in (_MARKS.sub("", line).strip() for line in text.splitlines()) if line]
    labels = {fold(catalogue()["kinds"][kind]): kind for kind in get_args(MaterialKind)}
    suggestions = {}
    at = next((i for i, line in enumerate(lines) if fold(line) in labels), None)
    if at is not None:
        kind = labels[fold(lines[at])]
        suggestions["kind"] = kind
        about = next((line for line in lines[at + 1 :] if not _says_number_or_day(line)), "")
        about = "" if _HEADING.match(about) else about
        suggestions["title"] = f"{catalogue()['kinds'][kind]} {about}".strip()
    head = [line for line in lines[:_HEAD_LINES] if not fold(line).startswith("can cu")]
    if number := _NUMBER.search("\n".join(head)):
        suggestions["number"] = number[0]
        suggestions["code"] = f"{fold(number[3])}{number[1]}"
    if day := _DAY.search(text):
        suggestions["date"] = f"{day[3]}-{int(day[2]):02}-{int(day[1]):02}"
    after = lines[at + 2 :] if at is not None else lines
    paragraph = next((line for line in after if len(line) >= LEAST_SUMMARY and "|" not in line), "")
    if paragraph:
        suggestions["summary"] = _first_sentence(paragraph)
    return suggestions


def _says_number_or_day(line: str) -> bool:
    return bool(_NUMBER.search(line) or _DAY.search(line) or set(line) <= set("-–—*_ "))


def _first_sentence(paragraph: str) -> str:
    sentence = re.split(r"(?<=[.!?])\s", paragraph, maxsplit=1)[0]
    if len(sentence) <= LONGEST_SUMMARY:
        return sentence
    return sentence[:LONGEST_SUMMARY].rsplit(" ", 1)[0] + "…"
