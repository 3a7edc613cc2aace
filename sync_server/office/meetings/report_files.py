"""Read from the query which report a user wants, and send the report as a file or a page."""

from flask import Response, current_app, request

from sync_server.clocks import now_ms
from sync_server.config import Settings
from sync_server.errors import BadForm, UnknownReport
from sync_server.messages import say
from sync_server.office import access, downloads
from sync_server.reports import making
from sync_server.reports.layouts import DEFAULT_LAYOUT, LAYOUTS, LayoutName
from sync_server.reports.making import FORMATS, MEDIA_TYPES, Format
from sync_server.reports.pdf_file import PdfFailed
from sync_server.reports.snapshot import Source
from sync_server.reports.spec import AnySpec

LAYOUT_NAMES: tuple[LayoutName, ...] = tuple(LAYOUTS)
PAPER_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'"
)
"""The content security policy of a report that is shown as a page to print. The report's styles and
pictures are inside the page, so the page may load nothing else."""


def source_now() -> Source:
    """Return the inputs of a new report that do not come from the database.

    They are the folder of the portal (the public website), the key that decrypts texts about
    people, and the current time.
    """
    settings: Settings = current_app.config["SETTINGS"]
    return Source(settings.site_dir, settings.seal_key, now_ms())


def requested_layout() -> LayoutName:
    """Return the page layout named in the query (`mau`), or `DEFAULT_LAYOUT` for any other name."""
    return next((name for name in LAYOUT_NAMES if name == request.args.get("mau")), DEFAULT_LAYOUT)


def requested_format() -> Format:
    """Return the file format named in the query (`dang`), or DOCX if the query names none.

    Raises: UnknownReport if the format does not exist.
    """
    return format_of(request.args.get("dang", "docx"))


def format_of(text: str) -> Format:
    """Return the file format with this name. Raises: UnknownReport if there is no such format."""
    for file_format in FORMATS:
        if file_format == text:
            return file_format
    raise UnknownReport(report=text[:16])


def send(spec: AnySpec, file_format: Format) -> Response:
    """Return a report as a file to download, or as a page to print if the format is HTML.

    `spec` describes the report: its kind, its layout and its figures. The file's name is written to
    the audit log. Raises: BadForm if a PDF is requested but cannot be made.
    """
    name = making.file_name(spec, file_format)
    access.log_subjects(name)
    try:
        content = making.write(spec, file_format)
    except PdfFailed as fault:
        raise BadForm(fault=say("report.no_pdf", fault=fault)) from fault
    if file_format == "html":
        page = Response(content, mimetype="text/html")
        page.headers["Content-Security-Policy"] = PAPER_POLICY
        return page
    return downloads.file_download(content, name, MEDIA_TYPES[file_format])
