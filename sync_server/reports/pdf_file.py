"""Write a report as HTML for printing, and as PDF/UA with its tables and its spec attached."""

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
from sync_server.reports.words import vietnam_time

SPEC_NAME = "bao-cao.json"


@cache
def _paper() -> Template:
    loader = FileSystemLoader(Path(__file__).parent)
    return Environment(loader=loader, autoescape=True).get_template("paper.html")


class PdfUnavailable(Exception):
    """The library Pango, which the PDF writer needs for text layout, is not installed."""


def write_html(document: Document) -> str:
    """Return a report as an HTML page for printing."""
    chart = bar_chart(document.bars) if document.bars else ""
    return _paper().render(
        document=document,
        chart=chart,
        shown=shown,
        say=say,
        vietnam_time=vietnam_time,
        percent=percent,
    )


def write_pdf(document: Document) -> bytes:
    """Return a report as PDF/UA-1, with its spec (JSON) and its tables (CSV) attached.

    Raises: PdfUnavailable if Pango is not installed.
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
    """Return the report spec (JSON) that is attached to a PDF; None if the PDF has none."""
    from pypdf import PdfReader

    attached = PdfReader(io.BytesIO(content)).attachments.get(SPEC_NAME)
    return attached[0] if attached else None


def texts_of(content: bytes) -> list[str]:
    """Return the text of a PDF as its lines, without empty lines, in page order."""
    from pypdf import PdfReader

    pages = PdfReader(io.BytesIO(content)).pages
    return [line for page in pages for line in page.extract_text().splitlines() if line.strip()]
