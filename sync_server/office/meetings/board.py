"""The board of a meeting: its points, warnings first; live, filtered, as CSV, and as charts."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec
from flask import Blueprint, Response, g, make_response, render_template, request
from msgspec.structs import replace
from sqlalchemy import Connection

from sync_server.acts import arrangements
from sync_server.clocks import now_ms
from sync_server.database import transaction
from sync_server.domain.judging.counts import Counts
from sync_server.domain.names import fold, word_sort_key
from sync_server.domain.records.permissions import Action
from sync_server.messages import rate, say
from sync_server.office import downloads
from sync_server.office.access import allowed
from sync_server.office.formatting import format_moment, format_recent
from sync_server.office.meetings import charts
from sync_server.office.menus import Menu
from sync_server.storage.directory import MeetingSummary
from sync_server.storage.ledger import standings
from sync_server.storage.ledger.standings import BoardRow
from sync_server.storage.people import roster

blueprint = Blueprint("board", __name__)

WARNINGS = ("escalated", "no_chair", "silent", "gaps", "reserved", "not_ready")
"""What headquarters must see first, most serious first."""
ORDERS = ("trouble", "name", "rate", "not_recorded", "contact")
CSV_COLUMNS = (
    "code",
    "point",
    "type",
    "chair.short",
    "summoned",
    "present",
    "rate",
    "late",
    "left_early",
    "excused",
    "unexcused",
    "not_recorded",
    "guests",
    "last_contact",
    "note",
)
MAX_UPDATE_ROWS = 12
"""Keeps an update below 2 KB; rows beyond this wait for the next update."""
MARK_LETTERS = 4
"""24 bits a row: about one change in 17 million goes unnoticed until the row changes again."""
BOARD_HEADER = "Diemcau-Board"
"""A header that identifies our updates: a Wi-Fi log-in page may answer 200 in their place."""
NOT_MODIFIED = 304


class BoardFilter(NamedTuple):
    """The filter and the order of the board's rows; an empty string filters nothing."""

    unit_type: str
    trouble: str
    text: str
    order: str


class BoardLine(NamedTuple):
    """A row of the board with the warnings of its point."""

    row: BoardRow
    warnings: tuple[str, ...]


@blueprint.get("/hoi-nghi/<meeting>")
@allowed(Action.READ_BOARD, meeting_menu=Menu(1, "board.title"))
def board(meeting: str) -> str:
    """Show the whole board of a meeting: totals, warnings, every point, charts."""
    connection = transaction()
    summary = arrangements.require_meeting(connection, meeting, now_ms())
    meeting_board = standings.board_of(connection, meeting)
    chairs = _chair_names(connection, meeting_board.points)
    board_filter = _read_filter()
    shown = _filtered_lines(meeting_board.points, summary, board_filter)
    return render_template(
        "meetings/board.html",
        meeting=summary,
        board=meeting_board,
        shown=shown,
        sum=_sum_of(shown, board_filter),
        troubles=_count_warnings(meeting_board.points, summary),
        all_troubles=WARNINGS,
        asked=board_filter,
        orders=ORDERS,
        chairs=chairs,
        arrivals=charts.arrivals_of(meeting_board, summary),
        types=charts.types_of(meeting_board),
        state="".join(row_marks(meeting_board.points, summary, chairs)),
        query=request.query_string.decode(),
    )


@blueprint.get("/hoi-nghi/<meeting>/cap-nhat")
@allowed(Action.READ_BOARD)
def update(meeting: str) -> Response:
    """Return the board's rows that changed since the caller's ETag, or 304 if none did.

    A row that loses the warning by which the page is filtered is sent too, and stays there.
    """
    g.is_refresh = True
    connection = transaction()
    summary = arrangements.require_meeting(connection, meeting, now_ms())
    meeting_board = standings.board_of(connection, meeting)
    chairs = _chair_names(connection, meeting_board.points)
    client_marks = _marks_in_etag(
        request.headers.get("If-None-Match", ""), len(meeting_board.points)
    )
    current_marks = row_marks(meeting_board.points, summary, chairs)
    board_filter = _read_filter()
    lines_on_page = _filtered_lines(
        meeting_board.points, summary, board_filter._replace(trouble="")
    )
    points_on_page = {line.row.point for line in lines_on_page}
    changed_lines: list[BoardLine] = []
    for index, row in enumerate(meeting_board.points):
        if client_marks[index] == current_marks[index]:
            continue
        if row.point in points_on_page and len(changed_lines) == MAX_UPDATE_ROWS:
            current_marks[index] = client_marks[index]  # the next update sends it
        elif row.point in points_on_page:
            changed_lines.append(BoardLine(row, warnings_of(row, summary)))
    if client_marks == current_marks:
        return Response(status=NOT_MODIFIED)
    page = render_template(
        "meetings/board_update.html",
        meeting=summary,
        board=meeting_board,
        shown=changed_lines,
        sum=_sum_of(lines_on_page, board_filter),
        troubles=_count_warnings(meeting_board.points, summary),
        chairs=chairs,
        state="".join(current_marks),
        query=request.query_string.decode(),
    )
    answer = make_response(page)
    answer.headers[BOARD_HEADER] = "1"
    return answer


def row_marks(
    rows: Sequence[BoardRow], meeting: MeetingSummary, chairs: Mapping[str, str]
) -> list[str]:
    """Return a mark for every row that changes when anything shown in the row changes."""
    return [
        _mark_of(
            replace(row, last_contact_at=format_recent(row.last_contact_at)),
            warnings_of(row, meeting),
            chairs.get(row.chair or ""),
        )
        for row in rows
    ]


def _mark_of(*values: object) -> str:
    digest = hashlib.sha256(msgspec.json.encode(values)).digest()
    return base64.urlsafe_b64encode(digest).decode()[:MARK_LETTERS]


def _marks_in_etag(tag: str, count: int) -> list[str]:
    """Return the marks of an ETag, one a row; if its length is wrong, marks that match no row."""
    letters = tag.strip('"')
    if len(letters) != count * MARK_LETTERS:
        return ["." * MARK_LETTERS] * count
    return [letters[start : start + MARK_LETTERS] for start in range(0, len(letters), MARK_LETTERS)]


@blueprint.get("/hoi-nghi/<meeting>/bang.csv")
@allowed(Action.READ_BOARD)
def csv(meeting: str) -> Response:
    """Return the filtered board as a CSV file."""
    connection = transaction()
    summary = arrangements.require_meeting(connection, meeting, now_ms())
    meeting_board = standings.board_of(connection, meeting)
    chairs = _chair_names(connection, meeting_board.points)
    rows = [
        _csv_row(line, _chair_in_words(line.row, chairs))
        for line in _filtered_lines(meeting_board.points, summary, _read_filter())
    ]
    return downloads.csv_of(
        [say(f"board.{column}") for column in CSV_COLUMNS],
        rows,
        f"{meeting}.csv",
    )


def warnings_of(row: BoardRow, meeting: MeetingSummary) -> tuple[str, ...]:
    """Return the warnings of a point, most serious first.

    No point is silent before the meeting opens. Until the start, a named chair is enough.
    """
    is_open = not row.closed and meeting.state != "closed"
    applies = {
        "escalated": "escalated" in row.flags,
        "no_chair": "no_chair" in row.flags if meeting.has_begun else "chair" in row.missing,
        "silent": not row.reported and meeting.state != "upcoming",
        "gaps": row.missing_seq > 0 or row.refused_records > 0,
        "reserved": row.reserved > 0,
        "not_ready": is_open and bool(set(row.missing) - {"chair"}),
    }
    if meeting.cancelled or not row.counts.summoned:
        return ()
    return tuple(warning for warning in WARNINGS if applies[warning])


def _read_filter() -> BoardFilter:
    arguments = request.args
    order = arguments.get("xep", ORDERS[0])
    return BoardFilter(
        arguments.get("loai", ""),
        arguments.get("viec", ""),
        arguments.get("tim", "").strip(),
        order if order in ORDERS else ORDERS[0],
    )


def _filtered_lines(
    rows: Sequence[BoardRow], meeting: MeetingSummary, board_filter: BoardFilter
) -> list[BoardLine]:
    lines = [BoardLine(row, warnings_of(row, meeting)) for row in rows]
    text = fold(board_filter.text)
    matching = [
        line
        for line in lines
        if (not board_filter.unit_type or line.row.unit_type == board_filter.unit_type)
        and (not board_filter.trouble or board_filter.trouble in line.warnings)
        and (not text or text in fold(f"{line.row.point} {line.row.name}"))
    ]
    match board_filter.order:
        case "name":
            matching.sort(key=lambda line: word_sort_key(line.row.name))
        case "rate":
            matching.sort(
                key=lambda line: line.row.counts.present / (line.row.counts.summoned or 1)
            )
        case "not_recorded":
            matching.sort(key=lambda line: -line.row.counts.not_recorded)
        case "contact":
            matching.sort(key=lambda line: line.row.last_contact_at or "")
        case _:
            matching.sort(key=lambda line: _seriousness_rank(line.warnings))
    return matching


def _sum_of(lines: Sequence[BoardLine], board_filter: BoardFilter) -> Counts | None:
    """Add up the rows that count, except a rehearsal's; None while only troubles are shown.

    A row stays on a page of troubles when its trouble ends, so an update cannot know that sum.
    """
    if board_filter.trouble:
        return None
    return sum((line.row.counts for line in lines if line.row.counted), Counts())


def _seriousness_rank(warnings: tuple[str, ...]) -> int:
    return WARNINGS.index(warnings[0]) if warnings else len(WARNINGS)


def _count_warnings(rows: Sequence[BoardRow], meeting: MeetingSummary) -> dict[str, int]:
    """Count the points with a warning, for every warning that some point has."""
    warnings_by_row = [warnings_of(row, meeting) for row in rows]
    counts = {
        warning: sum(warning in row_warnings for row_warnings in warnings_by_row)
        for warning in WARNINGS
    }
    return {warning: count for warning, count in counts.items() if count}


def _chair_names(connection: Connection, rows: Sequence[BoardRow]) -> dict[str, str]:
    return roster.names_of(connection, (row.chair for row in rows if row.chair))


def _chair_in_words(row: BoardRow, chairs: Mapping[str, str]) -> str:
    name = chairs.get(row.chair or "", "")
    return f"{name} {say('board.chair_planned')}" if name and "no_chair" in row.flags else name


def _csv_row(line: BoardLine, chair: str) -> list[object]:
    row, counts = line.row, line.row.counts
    figures: list[object] = ["", "", "", "", "", "", ""]
    if row.reported:
        figures = [
            counts.present,
            rate(counts.present, counts.summoned),
            counts.late,
            counts.left_early,
            counts.absent_excused,
            counts.absent_unexcused,
            counts.not_recorded,
        ]
    notes = [say(f"trouble.{warning}") for warning in line.warnings]
    notes += [say(f"flag.{flag}") for flag in row.flags if flag not in line.warnings]
    return [
        row.point,
        row.name,
        say(f"unit_type.{row.unit_type}"),
        chair,
        counts.summoned,
        *figures,
        counts.guests,
        format_moment(row.last_contact_at),
        "; ".join(notes),
    ]
