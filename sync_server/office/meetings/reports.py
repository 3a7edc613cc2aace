"""Reports of a meeting: made as revisions, exported, verified; and lists with names, logged."""

from flask import (
    Blueprint,
    Response,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    url_for,
)
from werkzeug.wrappers import Response as AnyResponse

from sync_server.acts import arrangements
from sync_server.clocks import now_ms
from sync_server.config import Settings
from sync_server.database import reading, transaction, write
from sync_server.domain.records.permissions import Action
from sync_server.errors import BadForm, UnknownReport
from sync_server.messages import say
from sync_server.office import access, downloads, forms
from sync_server.office.access import allowed
from sync_server.office.menus import Menu
from sync_server.reports import document, making, snapshot, verify
from sync_server.reports.layouts import LAYOUTS, LayoutName
from sync_server.reports.making import FORMATS, MEDIA_TYPES, Format
from sync_server.reports.pdf_file import PdfUnavailable
from sync_server.reports.spec import WITH_NAMES, Kind, ReportSpec
from sync_server.storage import directory, organisation, reports

blueprint = Blueprint("reports", __name__)

STORED: tuple[Kind, ...] = ("quick", "evaluation")
LAYOUT_NAMES: tuple[LayoutName, ...] = tuple(LAYOUTS)
PAPER_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
"""A paper brings its own measures as styles, and nothing else."""
MAX_FILE_BYTES = 16 * 1024 * 1024


@blueprint.get("/hoi-nghi/<meeting>/bao-cao")
@allowed(Action.READ_REPORT, meeting_menu=Menu(7, "report.title"))
def index(meeting: str) -> str:
    """Show the figures as of now as a text to copy, the revisions, and the ways to make one."""
    connection, at_ms = transaction(), now_ms()
    summary = arrangements.require_meeting(connection, meeting, at_ms)
    settings: Settings = current_app.config["SETTINGS"]
    taken = snapshot.take(connection, meeting, settings.site_dir, settings.seal_key, at_ms)
    return render_template(
        "meetings/reports.html",
        meeting=summary,
        text=document.quick_text(taken.figures),
        stored=[
            (row, making.spec_of(row).changes) for row in reports.of_meeting(connection, meeting)
        ],
        organisation=organisation.current(connection, at_ms),
        kinds=STORED,
        lists=[kind for kind in WITH_NAMES if kind != "certificate"],
        layouts=LAYOUT_NAMES,
        formats=FORMATS,
        points=arrangements.points_of(connection, meeting),
        names=directory.all_points(connection),
        units=directory.all_unit_names(connection),
    )


@blueprint.post("/hoi-nghi/<meeting>/bao-cao")
@allowed(Action.EVALUATE, is_slow=True)
def make(meeting: str) -> AnyResponse:
    """Make the next revision of a report from the figures as of now."""
    kind, layout = forms.one_of("report_kind", STORED), forms.one_of("layout", LAYOUT_NAMES)
    settings: Settings = current_app.config["SETTINGS"]
    account, at_ms = access.signed_in_account(), now_ms()
    stored = write(
        lambda c: making.make(
            c,
            meeting,
            kind,
            layout,
            by=account.name,
            site_dir=settings.site_dir,
            seal_key=settings.seal_key,
            now_ms=at_ms,
        )
    )
    access.log_subjects(meeting, say(f"report.title.{kind}"), f"{stored.revision}")
    flash(say("report.made", kind=say(f"report.kind.{kind}"), revision=stored.revision))
    return redirect(url_for("office.reports.index", meeting=meeting))


@blueprint.get("/hoi-nghi/<meeting>/bao-cao/<report_id>/<file_format>")
@allowed(Action.READ_REPORT, is_slow=True)
def export(meeting: str, report_id: str, file_format: str) -> Response:
    """Return a revision as a file; with `noi-bo`, one with names, for those who may see them."""
    wanted = _format(file_format)
    with reading() as connection:
        stored = reports.find(connection, report_id)
        if stored is None or stored.meeting != meeting:
            raise UnknownReport(report=report_id)
        spec = making.spec_of(stored)
        if "noi-bo" in request.args:
            if not access.may(Action.READ_HELD):
                raise access.refusal(Action.READ_STANDING)
            spec = making.with_names(connection, spec)
    return _send(spec, wanted)


@blueprint.get("/hoi-nghi/<meeting>/danh-sach")
@allowed(Action.READ_ARRANGEMENTS, is_slow=True)
def people(meeting: str) -> Response:
    """Return minutes, a presence list, a summons or a certificate: a file with names."""
    kind = next((k for k in WITH_NAMES if k == request.args.get("loai")), WITH_NAMES[-1])
    wanted = _format(request.args.get("dang", "docx"))
    layout = next((n for n in LAYOUT_NAMES if n == request.args.get("mau")), LAYOUT_NAMES[0])
    settings: Settings = current_app.config["SETTINGS"]
    with reading() as connection:
        spec = making.make_list(
            connection,
            meeting,
            kind,
            layout,
            request.args.get("diem-cau", ""),
            unit=request.args.get("don-vi", ""),
            person=request.args.get("nguoi", ""),
            site_dir=settings.site_dir,
            seal_key=settings.seal_key,
            now_ms=now_ms(),
        )
    return _send(spec, wanted)


@blueprint.get("/hoi-nghi/<meeting>/diem-cau/<point>/bien-ban")
@allowed(Action.READ_STANDING, is_slow=True)
def minutes(meeting: str, point: str) -> Response:
    """Return a hall's minutes for the hall to sign, as DOCX."""
    settings: Settings = current_app.config["SETTINGS"]
    with reading() as connection:
        spec = making.make_list(
            connection,
            meeting,
            "minutes",
            LAYOUT_NAMES[0],
            point,
            site_dir=settings.site_dir,
            seal_key=settings.seal_key,
            now_ms=now_ms(),
        )
    return _send(spec, "docx")


@blueprint.post("/hoi-nghi/<meeting>/bao-cao/kiem-lai")
@allowed(Action.READ_REPORT, is_slow=True)
def check(meeting: str) -> str:
    """Compare a report's file with the ledger."""
    file = request.files.get("file")
    content = file.read(MAX_FILE_BYTES + 1) if file else b""
    if not file or not file.filename:
        raise BadForm(fault=say("report.verify.no_file"))
    if not content or len(content) > MAX_FILE_BYTES:
        raise BadForm(fault=say("report.verify.not_one"))
    with reading() as connection:
        summary = arrangements.require_meeting(connection, meeting, now_ms())
        try:
            verdict = verify.verify(connection, content)
        except verify.NotAReport:
            raise BadForm(fault=say("report.verify.not_one")) from None
        name = file.filename or "" if file else ""
        access.log_subjects(name[-80:])
        return render_template(
            "meetings/report_verdict.html", meeting=summary, verdict=verdict, name=name
        )


def _send(spec: ReportSpec, file_format: Format) -> Response:
    access.log_subjects(making.file_name(spec, file_format))
    try:
        content = making.write(spec, file_format)
    except PdfUnavailable:
        raise BadForm(fault=say("report.no_pdf")) from None
    if file_format == "html":
        page = Response(content, mimetype="text/html")
        page.headers["Content-Security-Policy"] = PAPER_POLICY
        return page
    name = making.file_name(spec, file_format)
    return downloads.file_of(content, name, MEDIA_TYPES[file_format])


def _format(text: str) -> Format:
    for file_format in FORMATS:
        if file_format == text:
            return file_format
    raise UnknownReport(report=text[:16])
