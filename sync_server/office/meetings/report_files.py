"""What pages that hand out reports share: the choices in a query, and the answer with a file."""

from flask import Response, current_app, request

from sync_server.clocks import now_ms
from sync_server.config import Settings
from sync_server.errors import BadForm, UnknownReport
from sync_server.messages import say
from sync_server.office import access, downloads
from sync_server.reports import making
from sync_server.reports.layouts import DEFAULT_LAYOUT, LAYOUTS, LayoutName
from sync_server.reports.making import FORMATS, MEDIA_TYPES, Format
from sync_server.reports.pdf_file import PdfUnavailable
from sync_server.reports.snapshot import Source
from sync_server.reports.spec import AnySpec

LAYOUT_NAMES: tuple[LayoutName, ...] = tuple(LAYOUTS)
PAPER_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'"
)
"""A paper brings its measures as styles, and a chart inside of it; nothing else."""


def source_now() -> Source:
    """Return what a report of this moment reads beside the database."""
    settings: Settings = current_app.config["SETTINGS"]
    return Source(settings.site_dir, settings.seal_key, now_ms())


def requested_layout() -> LayoutName:
    """Return the layout in the query, by default the Party's of today."""
    return next((name for name in LAYOUT_NAMES if name == request.args.get("mau")), DEFAULT_LAYOUT)


def requested_format() -> Format:
    """Return the format in the query, DOCX by default. Raises: UnknownReport."""
    return format_of(request.args.get("dang", "docx"))


def format_of(text: str) -> Format:
    """Return a format by its name. Raises: UnknownReport."""
    for file_format in FORMATS:
        if file_format == text:
            return file_format
    raise UnknownReport(report=text[:16])


def send(spec: AnySpec, file_format: Format) -> Response:
    """Answer with a report as a file, or as a page to print, and log its name. Raises: BadForm."""
    name = making.file_name(spec, file_format)
    access.log_subjects(name)
    try:
        content = making.write(spec, file_format)
    except PdfUnavailable:
        raise BadForm(fault=say("report.no_pdf")) from None
    if file_format == "html":
        page = Response(content, mimetype="text/html")
        page.headers["Content-Security-Policy"] = PAPER_POLICY
        return page
    return downloads.file_of(content, name, MEDIA_TYPES[file_format])
