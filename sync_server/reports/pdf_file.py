"""Write reports as HTML pages for printing and as PDF files, and read the PDF files again.

The PDF files are accessible to screen readers (PDF/UA). The tables and the complete data of the
report are attached to them.
"""

import io
import shutil
import subprocess
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import msgspec
from jinja2 import Environment, FileSystemLoader, Template

from sync_server.messages import percent, say
from sync_server.reports.chart import bar_chart
from sync_server.reports.csv_file import table_as_csv
from sync_server.reports.document import Document
from sync_server.reports.docx_file import shown
from sync_server.reports.words import vietnam_time

SPEC_NAME = "bao-cao.json"
SUBSTITUTES = ("Tinos", "Liberation Serif", "Noto Serif", "DejaVu Serif")
"""Fonts for computers without Times New Roman, the most similar first."""


@cache
def _paper() -> Template:
    loader = FileSystemLoader(Path(__file__).parent)
    return Environment(loader=loader, autoescape=True).get_template("paper.html")


class PdfUnavailable(Exception):
    """Raised if the library Pango, which lays out the text of PDF files, is not installed."""


def write_html(document: Document) -> str:
    """Return a report as one complete HTML page for printing; its chart is an embedded image."""
    chart = bar_chart(document.bars) if document.bars else ""
    return _paper().render(
        document=document,
        chart=chart,
        shown=shown,
        say=say,
        vietnam_time=vietnam_time,
        percent=percent,
        fonts=", ".join(f'"{font}"' for font in _complete_fonts(document.layout.font)) + ", serif",
    )


@cache
def _complete_fonts(wanted: str) -> list[str]:
    """Return the wanted font and its substitutes, without those that lack Vietnamese letters.

    With an incomplete font, such as Liberation Serif 1, a PDF mixes two fonts inside a word. All
    names are returned if none is complete, or if fontconfig is not installed.
    """
    names = [wanted, *SUBSTITUTES]
    program = shutil.which("fc-list")
    if program is None:
        return names
    listed = subprocess.run(  # noqa: S603 - the arguments are constant
        [program, ":lang=vi", "family"], capture_output=True, text=True, check=False
    )
    complete = {name for line in listed.stdout.splitlines() for name in line.split(",")}
    return [name for name in names if name in complete] or names


def write_pdf(document: Document) -> bytes:
    """Return a report as the bytes of a PDF file that is accessible to screen readers (PDF/UA-1).

    The complete data of the report (JSON) and the tables (CSV) are attached to the PDF.

    Raises: PdfUnavailable if the library Pango is not installed.
    """
    try:
        from weasyprint import HTML, Attachment
    except OSError as fault:
        raise PdfUnavailable from fault
    made = datetime.fromtimestamp(document.at_ms / 1000, UTC)
    attachments = [
        Attachment(
            string=msgspec.json.encode(document.spec).decode(),
            name=SPEC_NAME,
            description=say("report.attached.spec"),
            created=made,
            modified=made,
        ),
        *(
            Attachment(
                string=table_as_csv(table),
                name=f"bieu-{table.key}.csv",
                description=table.title,
                created=made,
                modified=made,
            )
            for table in document.tables
        ),
    ]
    pdf: bytes = HTML(string=write_html(document)).write_pdf(
        pdf_variant="pdf/ua-1", attachments=attachments
    )
    return pdf


def read_spec(content: bytes) -> bytes | None:
    """Return the report spec (the complete data of a report, as JSON) attached to a PDF.

    Return None if the PDF has no such attachment.
    """
    from pypdf import PdfReader

    attached = PdfReader(io.BytesIO(content)).attachments.get(SPEC_NAME)
    return attached[0] if attached else None


def texts_of(content: bytes, most: int) -> list[str]:
    """Return the lines of text in a PDF, page by page, without empty lines.

    After the lines of a page come its annotations, such as stamps and notes, except links and
    fields for signatures. Our reports have no others. Raises: ValueError if there are more than
    `most` lines.
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
