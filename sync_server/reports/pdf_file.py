"""A report as HTML to print, and from it as PDF/UA with the tables and the spec attached."""

import io
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
from sync_server.reports.words import day_of

SPEC_NAME = "bao-cao.json"


@cache
def _paper() -> Template:
    loader = FileSystemLoader(Path(__file__).parent)
    return Environment(loader=loader, autoescape=True).get_template("paper.html")


class PdfUnavailable(Exception):
    """The system lacks Pango, which lays out the lines of a PDF."""


def write_html(document: Document) -> str:
    """Return a report as a page to print."""
    chart = bar_chart(document.bars) if document.bars else ""
    return _paper().render(
        document=document, chart=chart, shown=shown, say=say, day_of=day_of, percent=percent
    )


def write_pdf(document: Document) -> bytes:
    """Return a report as PDF/UA-1. Raises: PdfUnavailable."""
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
    """Return the spec's JSON attached to a PDF; None if it holds none."""
    from pypdf import PdfReader

    attached = PdfReader(io.BytesIO(content)).attachments.get(SPEC_NAME)
    return attached[0] if attached else None


def texts_of(content: bytes) -> list[str]:
    """Return the lines of a PDF."""
    from pypdf import PdfReader

    pages = PdfReader(io.BytesIO(content)).pages
    return [line for page in pages for line in page.extract_text().splitlines() if line.strip()]
