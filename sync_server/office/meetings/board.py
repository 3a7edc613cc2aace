"""Pages that show the board of a meeting, headquarters' overview of all its halls.

The board has charts, and a table of the halls that refreshes itself. A row of the table
shows a hall's attendance figures and the warnings about the hall.
"""

import base64
import hashlib
import math
import re
from collections.abc import Iterable, Mapping, Sequence
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
from sync_server.messages import number, rate, say
from sync_server.office import downloads, forms
from sync_server.office.access import allowed
from sync_server.office.formatting import format_moment, format_recent
from sync_server.office.meetings import charts
from sync_server.office.menus import Menu
from sync_server.storage.directory import MeetingSummary
from sync_server.storage.ledger import standings
from sync_server.storage.ledger.standings import Board, BoardRow
from sync_server.storage.people import roster

blueprint = Blueprint("board", __name__)

WARNINGS = ("escalated", "no_chair", "silent", "gaps", "reserved", "not_ready")
"""The warnings about a hall, the most serious first: the Secretary and the Deputy are both away,
nobody presides, the hall has not reported, records are missing or were refused, requests wait for
headquarters, or the hall is not ready."""
FILTERS = ("loai", "viec", "tim", "xep")
"""The names in the query of the four fields of `BoardFilter`."""
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
ROWS_ON_PAGE = 200
"""The maximum number of rows on one page of the board, headquarters' overview of a meeting's halls.
With more rows, the page would be slow to read and to load, and every update would have to send too
many hashes of rows."""
MAX_UPDATE_ROWS = 12
"""The maximum number of rows in one update of the board, headquarters' overview of a meeting's
halls. The limit keeps an update below 2 KB, so that the update arrives quickly even over a slow
connection. The next update sends the remaining changed rows."""
MARK_LETTERS = 4
"""The length, in characters, of a mark: the hash by which the server detects that a row on an open
page has changed. With 4 characters (24 bits), about one change in 17 million is missed until the
row changes again."""
NO_MARK = "-" * MARK_LETTERS
"""The text that replaces the mark of a row (a short hash that reveals changes) if the row must be
sent again."""
BOARD_HEADER = "Diemcau-Board"
"""The response header that identifies updates of the board, the overview of a meeting's halls.
The sign-in page of a Wi-Fi network may answer with status 200 in place of this server. The
browser ignores such an answer, because it lacks the header.
"""
NOT_MODIFIED = 304
_STATE = re.compile(r'"[01]*\.[\w-]+"')
"""The form of an ETag that `_state_of` makes."""


Marks = dict[str, str]
"""{hall code: short hash of the hall's row}, for the rows on a page of the board. The key "" stands
for the totals and warnings above the rows."""


class BoardFilter(NamedTuple):
    """The filter and the sort order of the rows of a meeting's board (headquarters' overview).

    A row shows one hall. `trouble` is one of `WARNINGS`, `text` is part of a hall's code or
    name, and `order` is one of `ORDERS`. An empty `unit_type`, `trouble` or `text` matches
    every row.
    """

    unit_type: str
    trouble: str
    text: str
    order: str


class BoardLine(NamedTuple):
    """A row of headquarters' overview of a meeting (the board), with the warnings about its hall.

    A row shows one hall. The warnings are codes from `WARNINGS`, the most serious first.
    """

    row: BoardRow
    warnings: tuple[str, ...]


@blueprint.get("/hoi-nghi/<meeting>")
@allowed(Action.READ_BOARD, meeting_menu=Menu(1, "board.title"))
def board(meeting: str) -> str:
    """Return the page with the board of a meeting, headquarters' overview of all its halls.

    The page shows totals, warnings, halls and charts. The query filters and sorts the halls, as
    `BoardFilter` describes. If more than `ROWS_ON_PAGE` halls match, the parameter `trang` of the
    query selects the page. Raises: UnknownMeeting.
    """
    connection = transaction()
    summary = arrangements.require_meeting(connection, meeting, now_ms())
    meeting_board = standings.board_of(connection, meeting)
    board_filter = _read_filter()
    matching = _filtered_lines(meeting_board.points, summary, board_filter)
    page = min(forms.requested_page(), max(1, math.ceil(len(matching) / ROWS_ON_PAGE)))
    shown = _lines_on_page(matching, page)
    chairs = _chair_names(connection, (line.row for line in shown))
    troubles = _count_warnings(meeting_board.points, summary)
    return render_template(
        "meetings/board.html",
        meeting=summary,
        board=meeting_board,
        shown=shown,
        matching=len(matching),
        sum_title=_sum_title(matching),
        first=(page - 1) * ROWS_ON_PAGE + 1,
        page=page,
        sum=_sum_of(matching, board_filter),
        troubles=troubles,
        all_troubles=WARNINGS,
        asked=board_filter,
        orders=ORDERS,
        chairs=chairs,
        arrivals=charts.arrivals_of(meeting_board, summary),
        types=charts.types_of(meeting_board),
        state=_state_of(marks_of(meeting_board, troubles, shown, chairs), meeting_board.points),
        query=request.query_string.decode(),
        arguments={name: request.args[name] for name in FILTERS if name in request.args},
    )


def _lines_on_page(matching: Sequence[BoardLine], page: int) -> Sequence[BoardLine]:
    return matching[(page - 1) * ROWS_ON_PAGE : page * ROWS_ON_PAGE]


@blueprint.get("/hoi-nghi/<meeting>/cap-nhat")
@allowed(Action.READ_BOARD)
def update(meeting: str) -> Response:
    """Return the changed rows of a meeting's board, the table that shows all its halls.

    The browser sends the short hashes of the rows that it shows in the header If-None-Match. At
    most `MAX_UPDATE_ROWS` rows with another hash are returned, as HTML; the status is 304 if
    neither a row nor the totals have changed. Without such hashes, all rows of the page count as
    changed. If the page shows only halls with a certain warning, a row that loses this warning is
    also returned and stays on the page. Raises: UnknownMeeting.
    """
    g.is_refresh = True
    connection = transaction()
    summary = arrangements.require_meeting(connection, meeting, now_ms())
    meeting_board = standings.board_of(connection, meeting)
    board_filter = _read_filter()
    matching = _filtered_lines(meeting_board.points, summary, board_filter._replace(trouble=""))
    tag = request.headers.get("If-None-Match", "")
    marks = _marks_in_etag(tag, meeting_board.points)
    if marks is None and _STATE.fullmatch(tag):  # halls have been added: show them, too
        return Response(headers={"HX-Refresh": "true", BOARD_HEADER: "1"})
    if marks is None:
        shown = _filtered_lines(meeting_board.points, summary, board_filter)
        shown_rows = (line.row for line in _lines_on_page(shown, forms.requested_page()))
        marks = {"": NO_MARK, **{row.point: NO_MARK for row in shown_rows}}
    on_page = [line for line in matching if line.row.point in marks]
    chairs = _chair_names(connection, (line.row for line in on_page))
    troubles = _count_warnings(meeting_board.points, summary)
    current = marks_of(meeting_board, troubles, on_page, chairs)
    changed = [line for line in on_page if marks[line.row.point] != current[line.row.point]]
    if not changed and marks[""] == current[""]:
        return Response(status=NOT_MODIFIED)
    sent = changed[:MAX_UPDATE_ROWS]  # the next update sends the others
    marks |= {point: current[point] for point in ("", *(line.row.point for line in sent))}
    page = render_template(
        "meetings/board_update.html",
        meeting=summary,
        board=meeting_board,
        shown=sent,
        sum=_sum_of(matching, board_filter),
        sum_title=_sum_title(matching),
        troubles=troubles,
        chairs=chairs,
        state=_state_of(marks, meeting_board.points),
        query=request.query_string.decode(),
    )
    answer = make_response(page)
    answer.headers[BOARD_HEADER] = "1"
    return answer


def marks_of(
    board: Board,
    troubles: Mapping[str, int],
    lines: Iterable[BoardLine],
    chairs: Mapping[str, str],
) -> Marks:
    """Return {hall code: short hash of the hall's row} for `lines`, the rows on a page of the
    board.

    The board is headquarters' overview of a meeting's halls. The hash of a row changes when a value
    shown in the row changes. The key "" contains the hash of the totals and warnings above the
    rows. `troubles` is {code of a warning: number of halls with it}, and `chairs` contains the
    names of the chairs by person code.
    """
    return {"": _mark_of(board.totals, board.by_unit_type, troubles)} | {
        row.point: _mark_of(
            replace(row, last_contact_at=format_recent(row.last_contact_at)),
            warnings,
            chairs.get(row.chair or ""),
        )
        for row, warnings in lines
    }


def _mark_of(*values: object) -> str:
    digest = hashlib.sha256(msgspec.json.encode(values)).digest()
    return base64.urlsafe_b64encode(digest).decode()[:MARK_LETTERS]


def _state_of(marks: Marks, rows: Sequence[BoardRow]) -> str:
    """Return the content of an ETag for a page of the board, such as `110.Ab3_x9-QmN0p`.

    The board is headquarters' overview of a meeting's halls, and `rows` are all its rows. The ETag
    has a digit for every row, 1 if the page shows the row and 0 otherwise. After a dot come the
    marks, short hashes that reveal changes: first the mark of the totals, then the marks of the
    shown rows.
    """
    places = "".join("1" if row.point in marks else "0" for row in rows)
    in_order = [marks[""], *(marks[row.point] for row in rows if row.point in marks)]
    return f"{places}.{''.join(in_order)}"


def _marks_in_etag(tag: str, rows: Sequence[BoardRow]) -> Marks | None:
    """Return {hall code: mark}, as read from an ETag that `_state_of` made for the same rows.

    A mark is a short hash that reveals whether a row has changed. The key "" contains the mark of
    the totals. Return None if `tag` is not such an ETag.
    """
    places, _, letters = tag.strip('"').partition(".")
    points = ["", *(row.point for row, place in zip(rows, places, strict=False) if place == "1")]
    if len(places) != len(rows) or len(letters) != len(points) * MARK_LETTERS:
        return None
    return {
        point: letters[number * MARK_LETTERS : (number + 1) * MARK_LETTERS]
        for number, point in enumerate(points)
    }


@blueprint.get("/hoi-nghi/<meeting>/bang.csv")
@allowed(Action.READ_BOARD)
def csv(meeting: str) -> Response:
    """Return a meeting's board, the table that shows all its halls, as a CSV file.

    The rows are filtered and sorted as on the page. Raises: UnknownMeeting.
    """
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
    """Return the codes of the warnings about a hall, the most serious first.

    `row` contains the hall's figures. A missing report causes a warning only after the meeting has
    opened. Before the meeting's start, the warning `no_chair` means that no chair is named; after
    the start, that nobody presides. There are no warnings if the meeting is cancelled or the hall
    summons nobody.
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
    unit_type, trouble, text, order = (request.args.get(name, "").strip() for name in FILTERS)
    return BoardFilter(unit_type, trouble, text, order if order in ORDERS else ORDERS[0])


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
    """Return the sum of the rows' attendance figures, or None if the page is filtered by warning.

    With such a filter, a row stays on the page after its warning has ended, so the sum would not
    match the rows. Rehearsals and cancelled meetings do not count.
    """
    if board_filter.trouble:
        return None
    return Counts.total(line.row.counts for line in lines if line.row.counted)


def _sum_title(lines: Sequence[BoardLine]) -> str:
    """Return the title of the sum. If the page shows only some of the rows, it says how many."""
    if len(lines) <= ROWS_ON_PAGE:
        return say("board.total")
    return say("board.total_of", count=number(len(lines)))


def _seriousness_rank(warnings: tuple[str, ...]) -> int:
    return WARNINGS.index(warnings[0]) if warnings else len(WARNINGS)


def _count_warnings(rows: Sequence[BoardRow], meeting: MeetingSummary) -> dict[str, int]:
    """Return {code of a warning: number of halls with this warning}.

    Warnings that apply to no hall are left out.
    """
    warnings_by_row = [warnings_of(row, meeting) for row in rows]
    counts = {
        warning: sum(warning in row_warnings for row_warnings in warnings_by_row)
        for warning in WARNINGS
    }
    return {warning: count for warning, count in counts.items() if count}


def _chair_names(connection: Connection, rows: Iterable[BoardRow]) -> dict[str, str]:
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
