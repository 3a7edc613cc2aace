"""Pages that compare the meetings of a year by attendance, readiness and reporting."""

from typing import NamedTuple

from flask import Blueprint, Response, render_template, request
from sqlalchemy import Connection

from sync_server.acts.arrangements import held_in, require_meeting
from sync_server.clocks import now_ms
from sync_server.database import reading, transaction
from sync_server.domain.judging.counts import Counts
from sync_server.domain.records.permissions import Action
from sync_server.errors import BadForm
from sync_server.messages import rate, say
from sync_server.office import downloads
from sync_server.office.access import allowed
from sync_server.office.formatting import format_moment
from sync_server.office.forms import requested_year
from sync_server.office.meetings.report_files import (
    LAYOUT_NAMES,
    requested_format,
    requested_layout,
    send,
    source_now,
)
from sync_server.office.menus import Menu
from sync_server.reports import making
from sync_server.reports.making import FORMATS
from sync_server.reports.spec import MOST_CONFERENCES
from sync_server.storage import directory
from sync_server.storage.directory import MeetingSummary
from sync_server.storage.ledger import standings

blueprint = Blueprint("trend", __name__)

COLUMNS = (
    "meeting",
    "day",
    "planned",
    "reported",
    "summoned",
    "present",
    "rate",
    "late",
    "excused",
    "unexcused",
    "not_recorded",
    "ready",
    "calls",
    "incidents",
)


class TrendLine(NamedTuple):
    """One meeting's row in the table that compares the meetings of a year.

    `planned` is the number of halls that were to take part. `reported` is the number of halls that
    have sent a record of their work, such as a check-in, and `ready` the number of these that have
    everything they need, such as power, enough seats and a chair. `counts` are the numbers of
    people in all halls.
    """

    meeting: MeetingSummary
    planned: int
    reported: int
    ready: int
    counts: Counts


@blueprint.get("/xu-huong")
@allowed(Action.READ_BOARD, menu=Menu(1, "trend.title"))
def page() -> str:
    """Return the page with the figures of all past meetings in a year, the latest first.

    The year is in the query (`nam`); without it, it is the year of the latest past meeting.
    Rehearsals and cancelled meetings are left out.
    """
    year = requested_year(_latest_year(transaction()))
    return render_template(
        "meetings/trend.html",
        lines=_lines(transaction(), year),
        year=year,
        layouts=LAYOUT_NAMES,
        formats=FORMATS,
    )


def _latest_year(connection: Connection) -> int | None:
    """Return the year (Vietnam's time) of the latest past meeting; None if there is none."""
    starts = [
        meeting.starts_at
        for meeting in directory.meetings(connection, now_ms())
        if meeting.state == "closed" and not meeting.cancelled and not meeting.rehearsal
    ]
    return int(format_moment(max(starts), "yyyy")) if starts else None


@blueprint.get("/xu-huong/bang.csv")
@allowed(Action.READ_BOARD)
def table() -> Response:
    """Return the figures of a year's meetings as a CSV file, one row for every meeting.

    Meetings that are not over, rehearsals and cancelled meetings are left out. The year is in the
    query (`nam`) and is the current year by default.
    """
    year = requested_year()
    rows = [
        [
            line.meeting.title,
            format_moment(line.meeting.starts_at, "dd/MM/yyyy"),
            line.planned,
            line.reported,
            line.counts.summoned,
            line.counts.present,
            rate(line.counts.present, line.counts.summoned),
            line.counts.late,
            line.counts.absent_excused,
            line.counts.absent_unexcused,
            line.counts.not_recorded,
            line.ready,
            line.counts.calls,
            line.counts.incidents,
        ]
        for line in _lines(transaction(), year)
    ]
    headings = [say(f"trend.{column}") for column in COLUMNS]
    return downloads.csv_of(headings, rows, f"hoi-nghi-{year}.csv")


@blueprint.get("/xu-huong/bao-cao")
@allowed(Action.READ_REPORT, is_slow=True)
def report() -> Response:
    """Return a report on several meetings, in the format and layout that the query names.

    The query names the meetings (`hoi-nghi`) or a year (`nam`), by default the current one. Raises:
    UnknownMeeting; UnknownReport if the file format is unknown; BadForm if there are no meetings or
    more than `MOST_CONFERENCES` (60), if one of them is not over, or if this server cannot make PDF
    files.
    """
    year = requested_year()
    with reading() as connection:
        held = [meeting.id for meeting in held_in(connection, year, now_ms())]
        ticked = list(dict.fromkeys(request.args.getlist("hoi-nghi")))
        meetings = ticked if ticked or "chon" in request.args else held
        if not 0 < len(meetings) <= MOST_CONFERENCES:
            fault = say("trend.how_many", count=len(meetings), most=MOST_CONFERENCES)
            raise BadForm(fault=fault)
        for meeting in meetings:
            summary = require_meeting(connection, meeting, now_ms())
            if summary.state != "closed":
                raise BadForm(fault=say("trend.still_on", meeting=summary.title))
        is_whole_year = set(meetings) == set(held)
        name = say("report.period.year", year=year) if is_whole_year else say("report.period.some")
        spec = making.make_period(connection, meetings, name, requested_layout(), source_now())
    return send(spec, requested_format())


def _lines(connection: Connection, year: int) -> list[TrendLine]:
    lines = []
    for meeting in held_in(connection, year, now_ms()):
        board = standings.board_of(connection, meeting.id)
        reported = [row for row in board.points if row.counted and row.reported]
        lines.append(
            TrendLine(
                meeting,
                sum(row.counted for row in board.points),
                len(reported),
                sum(not row.missing for row in reported),
                board.totals,
            )
        )
    return lines
