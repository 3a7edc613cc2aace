"""Write reports as PDF files, and read the files again to verify them.

The PDF files are accessible to screen readers (PDF/UA). The tables and the complete data of the
report are attached to them.
"""

import io
import json
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any

import msgspec

from sync_server.messages import percent, say
from sync_server.reports.chart import bar_svg
from sync_server.reports.csv_file import table_as_csv
from sync_server.reports.document import NO_XML, Document
from sync_server.reports.docx_file import shown
from sync_server.reports.layouts import SUBSTITUTES
from sync_server.reports.parts import Table

SPEC_NAME = "bao-cao.json"
TYPESETTER = Path(__file__).with_name("typeset.py")
TYPESETTING_S = 60
"""The longest time in seconds that making a PDF may take; after that, the attempt fails. A list of
5,000 people takes four seconds.
"""
_TYPESETTERS = BoundedSemaphore(2)
"""Limits the typesetting of PDFs to two at a time, because one takes a whole core and up to 700 MB
of memory."""
EMBEDDED_FONT = "Libertinus Serif"
"""The font that comes with the typesetting program Typst. It has all Vietnamese letters and looks
much like Times.
"""


class PdfFailed(Exception):
    """Raised if a PDF cannot be made; the error message gives the reason."""


def write_pdf(document: Document) -> bytes:
    """Return a report as the bytes of a PDF file that is accessible to screen readers (PDF/UA-1).

    The complete data of the report (JSON) and the tables (CSV) are attached to the PDF. The
    same report gives the same bytes on the same computer.

    Raises: PdfFailed if typesetting takes over `TYPESETTING_S` seconds, or if the typesetting
    program Typst reports a fault.
    """
    try:
        paper = json.dumps(_paper_of(document)).encode()
        with _TYPESETTERS:
            typesetter = subprocess.run(  # noqa: S603 - the arguments are constant
                [sys.executable, "-I", TYPESETTER],
                input=paper,
                capture_output=True,
                timeout=TYPESETTING_S,
                check=False,
            )
    except subprocess.TimeoutExpired as fault:
        raise PdfFailed(say("report.pdf_too_long", seconds=TYPESETTING_S)) from fault
    if typesetter.returncode:
        lines = typesetter.stderr.decode(errors="replace").strip().splitlines()
        raise PdfFailed(lines[-1] if lines else f"{typesetter.returncode}")
    return typesetter.stdout


def _paper_of(document: Document) -> dict[str, Any]:
    """Return the content of a report's PDF: texts, sizes, fonts, tables and attached files.

    The template `paper.typ` of the typesetting program Typst reads this content as JSON.
    """
    spelled, layout, organisation = document.spelled, document.layout, document.organisation
    bars = "; ".join(f"{bar.label} {percent(bar.part, bar.whole)}" for bar in document.bars)
    return {
        "at_s": document.at_ms // 1000,
        "layout": msgspec.to_builtins(layout),
        "fonts": _complete_fonts(layout.font),
        "name": f"{document.title} – {document.subject}",
        "parent": spelled(organisation.parent.upper()),
        "issuer": spelled(organisation.name.upper()),
        "number": document.number,
        "right_lines": [
            {"text": spelled(text), "pt": pt, "bold": bold} for text, pt, bold in layout.right_lines
        ],
        "day": document.day,
        "title": document.title,
        "summary": spelled(document.summary),
        "passages": [
            {
                "level": passage.level,
                "heading": spelled(passage.heading),
                "paragraphs": [spelled(text) for text in passage.paragraphs],
            }
            for passage in document.passages
        ],
        "recipients_title": say("report.recipients"),
        "recipients": [spelled(text) for text in document.recipients],
        "signing_body": spelled(document.signing_body),
        "signer_office": document.signer_office,
        "signer": document.signer,
        "mark": document.mark,
        "chart": bar_svg(document.bars) if document.bars else "",
        "chart_title": say("report.chart"),
        "chart_alt": f"{say('report.chart')}: {bars}",
        "tables": [_table_of(table, document) for table in document.tables],
        "foot": [spelled(text) for text in document.foot],
        "attachments": [
            {
                "name": SPEC_NAME,
                "content": msgspec.json.encode(document.spec).decode(),
                "description": say("report.attached.spec"),
                "type": "application/json",
            },
            *(
                {
                    "name": f"bieu-{table.key}.csv",
                    "content": table_as_csv(table),
                    "description": table.title,
                    "type": "text/csv",
                }
                for table in document.tables
            ),
        ],
    }


def _table_of(table: Table, document: Document) -> dict[str, Any]:
    return {
        "title": document.spelled(table.title),
        "columns": [
            {"title": column.title, "width": column.width, "is_number": column.is_number}
            for column in table.columns
        ],
        "cells": [NO_XML.sub("", shown(value)) for row in table.rows for value in row],
        "total": [shown(value) for value in table.total or ()],
    }


@cache
def _complete_fonts(wanted: str) -> list[str]:
    """Return the names of the fonts that have all Vietnamese letters, in order of preference.

    The candidates are `wanted` and its substitutes. With an incomplete font, such as Liberation
    Serif 1, a PDF mixes two fonts inside a word. The last name is always that of the font
    contained in the PDF program Typst. If fontconfig, which lists the fonts with Vietnamese
    letters, is not installed, no font is left out.
    """
    names = [wanted, *SUBSTITUTES]
    program = shutil.which("fc-list")
    if program is None:
        return [*names, EMBEDDED_FONT]
    listed = subprocess.run(  # noqa: S603 - the arguments are constant
        [program, ":lang=vi", "family"], capture_output=True, text=True, check=False
    )
    complete = {name for line in listed.stdout.splitlines() for name in line.split(",")}
    return [*(name for name in names if name in complete), EMBEDDED_FONT]


def read_spec(content: bytes) -> bytes | None:
    """Return the report spec (the complete data of a report, as JSON) attached to a PDF.

    Return None if the PDF has no such attachment.
    """
    from pypdf import PdfReader

    attached = PdfReader(io.BytesIO(content)).attachments.get(SPEC_NAME)
    return attached[0] if attached else None


def texts_of(content: bytes, most: int) -> list[str]:
    """Return the lines of text in a PDF, page by page, without empty lines.

    After the lines of a page come the texts that somebody has added on top of it as annotations,
    such as stamps and notes. Links and fields for signatures, the only annotations that our own
    reports contain, are left out.

    Raises: ValueError if there are more than `most` lines or pages.
    """
    from pypdf import PdfReader

    lines: list[str] = []
    pages = PdfReader(io.BytesIO(content)).pages
    for page in pages:
        if len(lines) > most or len(pages) > most:
            raise ValueError("too many lines or pages")
        lines += [line for line in page.extract_text().splitlines() if line.strip()]
        annotations = [annotation.get_object() for annotation in page.get("/Annots") or ()]
        lines += [
            f"{annotation.get('/Subtype')} {annotation.get('/Contents', '')}"
            for annotation in annotations
            if annotation.get("/Subtype") not in {"/Link", "/Widget"}
        ]
    return lines
