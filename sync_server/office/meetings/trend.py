"""The conferences of a year beside each other: present, late, unexcused, ready, reported."""

from typing import NamedTuple

from flask import Blueprint, Response, render_template, request
from sqlalchemy import Connection

from sync_server.clocks import now_ms
from sync_server.database import transaction
from sync_server.domain.judging.counts import Counts
from sync_server.domain.records.permissions import Action
from sync_server.messages import rate, say
from sync_server.office import downloads
from sync_server.office.access import allowed
from sync_server.office.formatting import format_moment
from sync_server.office.menus import Menu
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
    """A conference of the year in figures. `ready`: halls that reported and lack nothing."""

    meeting: MeetingSummary
    planned: int
    reported: int
    ready: int
    counts: Counts


@blueprint.get("/xu-huong")
@allowed(Action.READ_BOARD, menu=Menu(1, "trend.title"))
def page() -> str:
    """Show every conference of a year that is over, the latest first."""
    year = _requested_year()
    return render_template("meetings/trend.html", lines=_lines(transaction(), year), year=year)


@blueprint.get("/xu-huong/bang.csv")
@allowed(Action.READ_BOARD)
def table() -> Response:
    """Return the conferences of a year as a CSV file."""
    year = _requested_year()
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


def _lines(connection: Connection, year: int) -> list[TrendLine]:
    lines = []
    for meeting in directory.meetings(connection, now_ms()):
        is_of_year = format_moment(meeting.starts_at, "yyyy") == f"{year:04d}"
        if not is_of_year or meeting.state != "closed" or meeting.cancelled or meeting.rehearsal:
            continue
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


def _requested_year() -> int:
    """Return the year in the query, by default the current year in Vietnam."""
    typed_year = request.args.get("nam", "")
    if typed_year.isascii() and typed_year.isdecimal() and len(typed_year) == len("2024"):
        return int(typed_year)
    return int(format_moment(now_ms(), "yyyy"))
