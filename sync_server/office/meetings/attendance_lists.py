"""Pages that import attendance lists made by video conference programs or typed from paper."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from sync_server.acts import arrangements, attendance_lists, list_files
from sync_server.acts.attendance_lists import (
    AttendanceChoices,
    AttendancePlan,
    LineState,
    RecordedLine,
)
from sync_server.acts.list_imports import MOST_FAULTS_SHOWN, UnreadableList, describe, open_grids
from sync_server.acts.writing import seal_note
from sync_server.clocks import now_ms
from sync_server.database import reading, transaction, write
from sync_server.domain.records.kinds import Mode
from sync_server.domain.records.permissions import Action
from sync_server.errors import BadForm, UnknownUploadedList
from sync_server.messages import say
from sync_server.office import access, forms, uploads
from sync_server.office.access import allowed
from sync_server.office.downloads import xlsx_download
from sync_server.office.menus import Menu
from sync_server.sheets.grids import Grid
from sync_server.storage import directory
from sync_server.storage.people import lists, roster
from sync_server.storage.people.lists import StoredList

blueprint = Blueprint("attendance_lists", __name__)

UNPROCESSABLE = 422
SHOWN_LINES = 300
MODES: tuple[Mode, Mode] = ("in_person", "online")
SHOWN_STATES: tuple[LineState, ...] = (
    "question",
    "unknown",
    "outside",
    "new",
    "present",
    "recorded",
)
"""The states of lines in an attendance list that the preview shows, in this order: the user must
choose the person (`question`), nobody matches (`unknown`), the time is outside the meeting
(`outside`), the import will record the line (`new`), the person is already recorded as present
(`present`), or an earlier import recorded the line (`recorded`). Lines that the user skips are not
shown."""


class ImportedList(NamedTuple):
    """An imported attendance list: the uploaded file as stored (`stored`), and the list's lines.

    Every line contains the ids of the records that the import made from the line.
    """

    stored: StoredList
    lines: list[RecordedLine]


@blueprint.get("/hoi-nghi/<meeting>/tu-tep")
@allowed(Action.READ_ARRANGEMENTS, meeting_menu=Menu(6, "attendance.title"))
def index(meeting: str) -> str:
    """Return the page with the form for uploading an attendance list, and the most recent imports.

    Raises: UnknownMeeting.
    """
    connection = transaction()
    summary = arrangements.require_meeting(connection, meeting, now_ms())
    imported = [
        ImportedList(stored, attendance_lists.from_json(stored.changes))
        for stored in lists.latest_done(connection, "attendance", meeting)
    ]
    people = {line.person for one in imported for line in one.lines}
    access.log_subjects(meeting)
    return render_template(
        "meetings/attendance_lists.html",
        meeting=summary,
        imported=imported,
        names=roster.names_of(connection, people),
    )


@blueprint.post("/hoi-nghi/<meeting>/tu-tep")
@allowed(Action.CORRECT, is_slow=True)
def upload(meeting: str) -> Response:
    """Store an uploaded attendance list without importing it, and redirect to its preview.

    Raises: UnknownMeeting; BadForm if the file is missing or too large, or if the meeting has not
    opened yet.
    """
    file, account, at_ms = uploads.list_file("file"), access.signed_in_account(), now_ms()
    with reading() as connection:
        summary = arrangements.require_meeting(connection, meeting, at_ms)
        if summary.state == "upcoming":
            raise BadForm(fault=say("attendance.too_early", title=summary.title))
    list_id = write(
        lambda c: lists.add(
            c, "attendance", account.name, file.name, file.content, now_ms=at_ms, subject=meeting
        )
    )
    return redirect(url_for("office.attendance_lists.preview", meeting=meeting, list_id=list_id))


@blueprint.get("/hoi-nghi/<meeting>/tu-tep/<list_id>")
@allowed(Action.CORRECT, is_slow=True)
def preview(meeting: str, list_id: str) -> str | tuple[str, int]:
    """Return the page that shows which person every line of an uploaded list refers to.

    The page also shows what the import would record. `list_id` is the id of a list that has not
    been imported yet. The status is 422 if the file has no readable table. Raises:
    UnknownUploadedList if the meeting has no such list.
    """
    with reading() as connection:
        stored, choices = _draft(connection, meeting, list_id)
    try:
        grids = open_grids(stored.content, stored.name)
        with reading() as connection:
            plan = _plan(connection, stored, grids, choices)
    except UnreadableList as unreadable:
        with reading() as connection:
            page = _render(connection, stored, choices, None, [describe(unreadable.fault)])
            return page, UNPROCESSABLE
    sentences = [describe(fault) for fault in plan.faults]
    with reading() as connection:
        return _render(connection, stored, choices, plan, sentences)


@blueprint.get("/hoi-nghi/<meeting>/tu-tep/<list_id>/loi.xlsx")
@allowed(Action.CORRECT, is_slow=True)
def faults(meeting: str, list_id: str) -> Response:
    """Return an uploaded list as an XLSX file, with the faults of every row in an added column.

    `list_id` is the id of a list that has not been imported yet. Raises: UnknownUploadedList if the
    meeting has no such list; BadForm if the file has no readable table.
    """
    with reading() as connection, uploads.readable_list():
        stored, choices = _draft(connection, meeting, list_id)
        plan = _plan(connection, stored, open_grids(stored.content, stored.name), choices)
    return xlsx_download(
        list_files.with_faults(plan.table, plan.faults, stored.content), "diem-danh-loi.xlsx"
    )


@blueprint.post("/hoi-nghi/<meeting>/tu-tep/<list_id>")
@allowed(Action.CORRECT, is_slow=True)
def decide(meeting: str, list_id: str) -> Response:
    """Store the user's choices about an uploaded list, and import the list if the form says so.

    `list_id` is the id of a list that has not been imported yet. After an import, redirect to
    the list of imports; otherwise redirect to the preview. Nothing is imported if the list has
    faults, if the user must still choose the person of a line, or if the preview is out of
    date.

    Raises: UnknownUploadedList if the meeting has no such list; BadForm if a field is wrong or
    the file has no readable table.
    """
    writer, at_ms = access.signed_in_account().writer, now_ms()
    choices = AttendanceChoices(
        people={
            int(name[2:]): value.strip()[:32]
            for name, value in request.form.items()
            if name.startswith("p-") and name[2:].isdecimal() and value.strip()
        },
        mode=forms.one_of("mode", ("", *MODES)),
        at_ms=forms.moment("happened_at"),
    )
    encoded = msgspec.json.encode(choices)
    write(lambda c: lists.set_choices(c, list_id, encoded))
    back = url_for("office.attendance_lists.preview", meeting=meeting, list_id=list_id)
    if request.form.get("do") != "import":
        return redirect(back)

    with reading() as connection:
        stored, _ = _draft(connection, meeting, list_id)

    def record(c: Connection) -> int | None:
        _draft(c, meeting, list_id)  # fails if another user has imported the draft meanwhile
        plan = _plan(c, stored, grids, choices)
        if not plan.is_ready or str(len(plan.of_state("new"))) != request.form.get("seen"):
            return None
        recorded = attendance_lists.import_attendance(c, meeting, plan, writer, at_ms)
        lists.set_done(c, list_id, attendance_lists.as_json(recorded), now_ms=at_ms)
        access.log_subjects(stored.name, *(line.person for line in recorded))
        return len(recorded)

    with uploads.readable_list():
        grids = open_grids(stored.content, stored.name)
        count = write(record)
    if count is None:
        flash(say("attendance.look_again"))
        return redirect(back)
    flash(say("attendance.done", count=count))
    return redirect(url_for("office.attendance_lists.index", meeting=meeting))


@blueprint.post("/hoi-nghi/<meeting>/tu-tep/<list_id>/hoan-tac")
@allowed(Action.CORRECT)
def undo(meeting: str, list_id: str) -> Response:
    """Undo the import of a list by voiding every record made from it.

    Redirect to the list of imports. `list_id` is the id of the imported list. Raises:
    UnknownUploadedList if there is no such list, if it has not been imported, or if its import has
    already been undone.
    """
    writer, at_ms, connection = access.signed_in_account().writer, now_ms(), transaction()
    stored = lists.find(connection, "attendance", list_id)
    if stored is None or stored.done_ms is None or stored.undone_ms is not None:
        raise UnknownUploadedList(list=list_id)
    recorded = attendance_lists.from_json(stored.changes)
    reason = seal_note(reason=say("attendance.undone_why", name=stored.name))
    attendance_lists.undo_import(connection, meeting, recorded, writer, reason, at_ms)
    lists.set_undone(connection, list_id, now_ms=at_ms)
    message = say("attendance.undone", count=len(recorded))
    access.log_subjects(stored.name, message)
    flash(message)
    return redirect(url_for("office.attendance_lists.index", meeting=meeting))


def _plan(
    connection: Connection, stored: StoredList, grids: Sequence[Grid], choices: AttendanceChoices
) -> AttendancePlan:
    return attendance_lists.plan_attendance(
        connection,
        stored.subject,
        grids,
        choices,
        now_ms=now_ms(),
        earlier={
            (line.text, line.came_ms): line.person
            for imported in lists.latest_done(connection, "attendance", stored.subject)
            if imported.undone_ms is None
            for line in attendance_lists.from_json(imported.changes)
        },
    )


def _render(
    connection: Connection,
    stored: StoredList,
    choices: AttendanceChoices,
    plan: AttendancePlan | None,
    sentences: list[str],
) -> str:
    access.log_subjects(stored.name)
    return render_template(
        "meetings/attendance_preview.html",
        meeting=arrangements.require_meeting(connection, stored.subject, now_ms()),
        stored=stored,
        choices=choices,
        plan=plan,
        sentences=sentences[:MOST_FAULTS_SHOWN],
        count=len(sentences),
        groups=[(state, plan.of_state(state)) for state in SHOWN_STATES] if plan else [],
        shown_lines=SHOWN_LINES,
        units=directory.all_unit_names(connection),
        modes=MODES,
        skip=attendance_lists.SKIP,
    )


def _draft(
    connection: Connection, meeting: str, list_id: str
) -> tuple[StoredList, AttendanceChoices]:
    stored = lists.find(connection, "attendance", list_id)
    if stored is None or stored.done_ms is not None or stored.subject != meeting:
        raise UnknownUploadedList(list=list_id)
    return stored, msgspec.json.decode(stored.choices, type=AttendanceChoices)
