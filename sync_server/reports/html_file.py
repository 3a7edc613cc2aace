"""Write reports as HTML pages for printing."""

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, Template

from sync_server.messages import percent, say
from sync_server.reports.chart import bar_chart
from sync_server.reports.document import Document
from sync_server.reports.docx_file import shown
from sync_server.reports.layouts import SUBSTITUTES


@cache
def _paper() -> Template:
    loader = FileSystemLoader(Path(__file__).parent)
    return Environment(loader=loader, autoescape=True).get_template("paper.html")


def write_html(document: Document) -> bytes:
    """Return a report as one complete HTML page for printing; its chart is an embedded image."""
    fonts = ", ".join(f'"{font}"' for font in (document.layout.font, *SUBSTITUTES))
    return (
        _paper()
        .render(
            document=document,
            chart=bar_chart(document.bars) if document.bars else "",
            shown=shown,
            say=say,
            percent=percent,
            fonts=f"{fonts}, serif",
        )
        .encode()
    )
