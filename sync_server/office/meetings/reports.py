"""Pages that make, export and verify a meeting's reports, and export lists with names."""

import msgspec
from flask import (
    Blueprint,
    Response,
    flash,
    redirect,
    render_template,
    request,
    url_for,
)
from sqlalchemy import Connection
from werkzeug.wrappers import Response as AnyResponse

from sync_server.acts import arrangements
from sync_server.clocks import now_ms
from sync_server.database import reading, transaction, write
from sync_server.domain.records.permissions import Action
from sync_server.errors import BadForm, UnknownReport
from sync_server.messages import say
from sync_server.office import access, downloads, forms
from sync_server.office.access import allowed
from sync_server.office.meetings.report_files import (
    LAYOUT_NAMES,
    format_of,
    requested_format,
    requested_layout,
    send,
    source_now,
)
from sync_server.office.menus import Menu
from sync_server.reports import document, making, open_data, snapshot, verify
from sync_server.reports.layouts import DEFAULT_LAYOUT
from sync_server.reports.making import FORMATS
from sync_server.reports.narrative import drafts_of
from sync_server.reports.spec import WITH_NAMES, Kind, Signing
from sync_server.reports.words import cited_day
from sync_server.storage import directory, organisation, remarks, reports
from sync_server.storage.reports import StoredReport

blueprint = Blueprint("reports", __name__)

STORED: tuple[Kind, ...] = ("quick", "evaluation")
OPEN_FORMATS = ("json", "csv")
LONGEST_NUMBER, LONGEST_SIGNER = 6, 100
MAX_FILE_BYTES = 16 * 1024 * 1024


@blueprint.get("/hoi-nghi/<meeting>/bao-cao")
@allowed(Action.READ_REPORT, meeting_menu=Menu(7, "report.title"))
def index(meeting: str) -> str:
    """Return the page with a meeting's current figures, its stored reports and a form for new ones.

    Raises: UnknownMeeting.
    """
    connection, at_ms = transaction(), now_ms()
    summary = arrangements.require_meeting(connection, meeting, at_ms)
    taken = snapshot.take(connection, meeting, source_now())
    written = remarks.latest(connection, meeting)
    texts = drafts_of(taken.figures) | {
        heading: remark.text for heading, remark in written.items() if remark.text.strip()
    }
    return render_template(
        "meetings/reports.html",
        meeting=summary,
        text=document.quick_text(taken.figures),
        stored=[(row, making.spec_of(row)) for row in reports.of_meeting(connection, meeting)],
        organisation=organisation.current(connection, at_ms),
        kinds=STORED,
        lists=[kind for kind in WITH_NAMES if kind != "certificate"],
        layouts=LAYOUT_NAMES,
        formats=FORMATS,
        empty=[name for name, text in texts.items() if not text and name != "good_practice"],
        open_formats=OPEN_FORMATS,
        day_of=cited_day,
        smallest=open_data.SMALLEST,
        points=arrangements.points_of(connection, meeting),
        names=directory.all_points(connection),
        units=directory.all_unit_names(connection),
    )


@blueprint.post("/hoi-nghi/<meeting>/bao-cao")
@allowed(Action.EVALUATE, is_slow=True)
def make(meeting: str) -> AnyResponse:
    """Make a report from a meeting's current figures, and store it as the next revision.

    The form contains the report's kind and layout. Redirect to the page of the reports. Raises:
    UnknownMeeting; BadForm if the kind of report or the layout is unknown.
    """
    kind, layout = forms.one_of("report_kind", STORED), forms.one_of("layout", LAYOUT_NAMES)
    by, source = access.signed_in_account().name, source_now()
    stored = write(lambda c: making.make(c, meeting, kind, layout, source, by=by))
    access.log_subjects(meeting, say(f"report.title.{kind}"), f"{stored.revision}")
    flash(say("report.made", kind=say(f"report.kind.{kind}"), revision=stored.revision))
    return redirect(url_for("office.reports.index", meeting=meeting))


@blueprint.post("/hoi-nghi/<meeting>/bao-cao/<report_id>/ky")
@allowed(Action.EVALUATE)
def sign(meeting: str, report_id: str) -> AnyResponse:
    """Add the document number, date and signer entered in the form to a stored report.

    The report's figures stay unchanged. `report_id` is the id of one revision of the report.
    Redirect to the page of the reports. Raises: UnknownReport if the report is unknown; BadForm
    if the number or the date is malformed, or if the date is before the day to which the
    figures apply.
    """
    signing = Signing(
        number=forms.text("document_number", longest=LONGEST_NUMBER),
        day=forms.day("signed_day"),
        signer=forms.text("signer", longest=LONGEST_SIGNER),
        office=forms.text("office", longest=LONGEST_SIGNER),
    )
    connection = transaction()
    stored = _must_find(connection, meeting, report_id)
    making.sign(connection, stored, signing)
    kind = say(f"report.kind.{stored.kind}")
    access.log_subjects(meeting, kind, f"{stored.revision}", signing.number)
    flash(say("report.signed", kind=kind, revision=stored.revision))
    return redirect(url_for("office.reports.index", meeting=meeting))


def _must_find(connection: Connection, meeting: str, report_id: str) -> StoredReport:
    stored = reports.find(connection, report_id)
    if stored is None or stored.meeting != meeting:
        raise UnknownReport(report=report_id)
    return stored


@blueprint.get("/hoi-nghi/<meeting>/bao-cao/<report_id>/<file_format>")
@allowed(Action.READ_REPORT, is_slow=True)
def export(meeting: str, report_id: str, file_format: str) -> Response:
    """Return a stored report as a file in the format `file_format`, such as `docx`.

    `report_id` is the id of one revision of the report. With `noi-bo` in the query, the file
    contains people's names; only headquarters and auditors may see these. Raises: UnknownReport if
    the report or the format is unknown; Forbidden if the account may not see the names; BadForm if
    a PDF cannot be made.
    """
    wanted = format_of(file_format)
    with reading() as connection:
        spec = making.spec_of(_must_find(connection, meeting, report_id))
        if "noi-bo" in request.args:
            if not access.may(Action.READ_HELD):
                raise access.refusal(Action.READ_STANDING)
            spec = making.with_names(connection, spec)
    return send(spec, wanted)


@blueprint.get("/hoi-nghi/<meeting>/danh-sach")
@allowed(Action.READ_ARRANGEMENTS, is_slow=True)
def people(meeting: str) -> Response:
    """Return minutes, a presence list, a summons or a certificate as a file with people's names.

    The query names the kind (`loai`), the hall (`diem-cau`), the unit (`don-vi`) and the person
    (`nguoi`). Raises: UnknownMeeting, UnknownPoint; BadForm if minutes are requested without a
    hall, or if this server cannot make PDF files; UnknownReport if the format is unknown;
    NobodyToName if a summons or a certificate would name nobody.
    """
    kind: Kind = next((k for k in WITH_NAMES if k == request.args.get("loai")), "presence")
    if kind == "minutes" and not request.args.get("diem-cau"):
        raise BadForm(fault=say("report.pick_hall"))
    with reading() as connection:
        spec = making.make_names_document(
            connection,
            meeting,
            kind,
            requested_layout(),
            source_now(),
            point=request.args.get("diem-cau", ""),
            unit=request.args.get("don-vi", ""),
            person=request.args.get("nguoi", ""),
        )
    return send(spec, requested_format())


@blueprint.get("/hoi-nghi/<meeting>/diem-cau/<point>/bien-ban")
@allowed(Action.READ_STANDING, is_slow=True)
def minutes(meeting: str, point: str) -> Response:
    """Return the minutes of a hall (`point`) at a meeting as a DOCX file to sign.

    Raises: UnknownMeeting; UnknownPoint if the meeting does not take place in this hall.
    """
    with reading() as connection:
        spec = making.make_names_document(
            connection, meeting, "minutes", DEFAULT_LAYOUT, source_now(), point=point
        )
    return send(spec, "docx")


@blueprint.get("/hoi-nghi/<meeting>/bao-cao/du-lieu-mo/<file_format>")
@allowed(Action.READ_REPORT, is_slow=True)
def export_open_data(meeting: str, file_format: str) -> Response:
    """Return a meeting's totals as open data without names: JSON with a schema, or CSV.

    `file_format` is `json` or `csv`. Raises: UnknownMeeting; UnknownReport for any other format.
    """
    if file_format not in OPEN_FORMATS:
        raise UnknownReport(report=file_format[:16])
    with reading() as connection:
        figures = snapshot.take(connection, meeting, source_now()).figures
    name = f"du-lieu-mo-{meeting}.{file_format}"
    access.log_subjects(name)
    if file_format == "json":
        content = msgspec.json.format(msgspec.json.encode(open_data.open_data(figures)))
        return downloads.file_download(content, name, "application/json")
    rows = [row.cells() for row in open_data.open_rows(figures)]
    return downloads.csv_of(open_data.FIELDS, rows, name)


@blueprint.post("/hoi-nghi/<meeting>/bao-cao/kiem-lai")
@allowed(Action.READ_REPORT, is_slow=True)
def check(meeting: str) -> str:
    """Compare an uploaded report file with the stored records; return a page with the differences.

    Raises: UnknownMeeting; BadForm if there is no file, if it is not a report by this program, or
    if another program has removed the data that a report contains for this check.
    """
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
        except verify.SourceLost:
            raise BadForm(fault=say("report.verify.source_lost")) from None
        except verify.NotAReport:
            raise BadForm(fault=say("report.verify.not_one")) from None
        name = file.filename or "" if file else ""
        access.log_subjects(name[-80:])
        return render_template(
            "meetings/report_verdict.html", meeting=summary, verdict=verdict, name=name
        )
