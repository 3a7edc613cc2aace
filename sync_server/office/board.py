"""The board of a meeting: who is where, trouble first; live, filtered, as CSV, and as charts."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec
from flask import Blueprint, Response, g, make_response, render_template, request
from msgspec.structs import replace
from sqlalchemy import Connection

from sync_server.clocks import now_ms
from sync_server.database import reading
from sync_server.domain.names import fold, word_key
from sync_server.domain.permissions import Action
from sync_server.messages import rate, say
from sync_server.office import access, acts, charts, sheets
from sync_server.office.access import allowed
from sync_server.office.shown import lately, moment
from sync_server.storage import contacts, roster, standings
from sync_server.storage.directory import MeetingLine
from sync_server.storage.standings import BoardRow

blueprint = Blueprint("board", __name__)

TROUBLES = ("escalated", "no_chair", "silent", "gaps", "reserved", "not_ready")
"""What headquarters must see first, the gravest first."""
ORDERS = ("trouble", "name", "rate", "not_recorded", "contact")
COLUMNS = (
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
MOST_ROWS = 14
"""To an update, which stays below 2 KB; what changed besides comes with the next."""
MARK_LETTERS = 4
"""24 bits to a row: of a hundred thousand changes one might not be seen before the next."""
NOT_MODIFIED = 304


class Asked(NamedTuple):
    """What of the board is shown, and in which order."""

    unit_type: str
    trouble: str
    text: str
    order: str


class Shown(NamedTuple):
    """A row with what is wrong at its point."""

    row: BoardRow
    troubles: tuple[str, ...]


@blueprint.get("/hoi-nghi/<meeting>")
@allowed(Action.READ_BOARD)
def board(meeting: str) -> str:
    """Show a meeting whole: totals, trouble, every point, charts."""
    with reading() as connection:
        line = acts.must_know(connection, meeting, now_ms())
        found = standings.board_of(connection, meeting)
        chairs = _chairs(connection, found.points)
        arrivals = charts.arrivals_of(connection, meeting, line)
    asked = _asked()
    return render_template(
        "board.html",
        meeting=line,
        board=found,
        shown=_shown(found.points, line, asked),
        troubles=_counted(found.points, line),
        all_troubles=TROUBLES,
        asked=asked,
        orders=ORDERS,
        chairs=chairs,
        arrivals=arrivals,
        types=charts.types_of(found),
        state="".join(marks(found.points, line, chairs)),
        query=request.query_string.decode(),
    )


@blueprint.get("/hoi-nghi/<meeting>/cap-nhat")
@allowed(Action.READ_BOARD)
def update(meeting: str) -> Response:
    """Answer with the rows that differ from those of the caller's ETag; 304 where none does.

    A row that no longer has the trouble that is asked for stays, as it is now.
    """
    g.is_refresh = True
    with reading() as connection:
        line = acts.must_know(connection, meeting, now_ms())
        found = standings.board_of(connection, meeting)
        chairs = _chairs(connection, found.points)
    seen = _marks_of(request.headers.get("If-None-Match", ""), len(found.points))
    now = marks(found.points, line, chairs)
    static = {each.row.point for each in _shown(found.points, line, _asked()._replace(trouble=""))}
    sent: list[Shown] = []
    for place, row in enumerate(found.points):
        if seen[place] == now[place]:
            continue
        if row.point in static and len(sent) == MOST_ROWS:
            now[place] = seen[place]  # its turn is with the next
        elif row.point in static:
            sent.append(Shown(row, troubles_of(row, line)))
    if seen == now:
        return Response(status=NOT_MODIFIED)
    page = render_template(
        "board_update.html",
        meeting=line,
        board=found,
        shown=sent,
        troubles=_counted(found.points, line),
        chairs=chairs,
        state="".join(now),
        query=request.query_string.decode(),
    )
    return make_response(page)


def marks(rows: Sequence[BoardRow], meeting: MeetingLine, chairs: Mapping[str, str]) -> list[str]:
    """Return for each row a mark of all that is shown of it: another mark is another row."""
    return [
        _mark(
            replace(row, last_contact_at=lately(row.last_contact_at)),
            troubles_of(row, meeting),
            chairs.get(row.chair or ""),
        )
        for row in rows
    ]


def _mark(*shown: object) -> str:
    digest = hashlib.sha256(msgspec.json.encode(shown)).digest()
    return base64.urlsafe_b64encode(digest).decode()[:MARK_LETTERS]


def _marks_of(tag: str, count: int) -> list[str]:
    """Return the marks that an ETag has, one for each row; where it has others, nobody's."""
    marked = tag.strip('"')
    if len(marked) != count * MARK_LETTERS:
        return ["." * MARK_LETTERS] * count
    return [marked[at : at + MARK_LETTERS] for at in range(0, len(marked), MARK_LETTERS)]


@blueprint.get("/hoi-nghi/<meeting>/bang.csv")
@allowed(Action.READ_BOARD)
def csv(meeting: str) -> Response:
    """Return what is shown as a file for a spreadsheet."""
    with reading() as connection:
        line = acts.must_know(connection, meeting, now_ms())
        found = standings.board_of(connection, meeting)
        chairs = _chairs(connection, found.points)
    rows = [
        _csv_row(each, chairs.get(each.row.chair or "", ""))
        for each in _shown(found.points, line, _asked())
    ]
    return sheets.csv_of(
        [say(f"board.{each}") for each in COLUMNS],
        rows,
        f"{meeting}.csv",
    )


@blueprint.get("/hoi-nghi/<meeting>/chua-bao-cao")
@allowed(Action.READ_CONTACTS)
def silent(meeting: str) -> str:
    """List the halls that have told nothing, with whom to call."""
    with reading() as connection:
        line = acts.must_know(connection, meeting, now_ms())
        found = standings.board_of(connection, meeting)
        rows = [row for row in found.points if not row.reported and row.counts.summoned]
        people = contacts.of_points(connection, [row.point for row in rows])
    access.about(*people)
    return render_template(
        "silent.html", meeting=line, rows=rows, contacts=people, points=len(found.points)
    )


def troubles_of(row: BoardRow, meeting: MeetingLine) -> tuple[str, ...]:
    """Return what is wrong at a point, the gravest first.

    Before the day none is silent; before the start it is enough that somebody is to preside.
    """
    is_open = not row.closed and meeting.state != "closed"
    found = {
        "escalated": "escalated" in row.flags,
        "no_chair": "no_chair" in row.flags if meeting.has_begun else "chair" in row.missing,
        "silent": not row.reported and meeting.state != "upcoming",
        "gaps": row.missing_seq > 0,
        "reserved": row.reserved > 0,
        "not_ready": is_open and bool(set(row.missing) - {"chair"}),
    }
    if meeting.cancelled or not row.counts.summoned:
        return ()
    return tuple(each for each in TROUBLES if found[each])


def _asked() -> Asked:
    given = request.args
    order = given.get("xep", ORDERS[0])
    return Asked(
        given.get("loai", ""),
        given.get("viec", ""),
        given.get("tim", "").strip(),
        order if order in ORDERS else ORDERS[0],
    )


def _shown(rows: Sequence[BoardRow], meeting: MeetingLine, asked: Asked) -> list[Shown]:
    shown = [Shown(row, troubles_of(row, meeting)) for row in rows]
    text = fold(asked.text)
    kept = [
        each
        for each in shown
        if (not asked.unit_type or each.row.unit_type == asked.unit_type)
        and (not asked.trouble or asked.trouble in each.troubles)
        and (not text or text in fold(f"{each.row.point} {each.row.name}"))
    ]
    match asked.order:
        case "name":
            kept.sort(key=lambda each: word_key(each.row.name))
        case "rate":
            kept.sort(key=lambda each: each.row.counts.present / (each.row.counts.summoned or 1))
        case "not_recorded":
            kept.sort(key=lambda each: -each.row.counts.not_recorded)
        case "contact":
            kept.sort(key=lambda each: each.row.last_contact_at or "")
        case _:
            kept.sort(key=lambda each: _gravity(each.troubles))
    return kept


def _gravity(troubles: tuple[str, ...]) -> int:
    return TROUBLES.index(troubles[0]) if troubles else len(TROUBLES)


def _counted(rows: Sequence[BoardRow], meeting: MeetingLine) -> dict[str, int]:
    """Return how many points have each trouble, without those that none has."""
    own = [troubles_of(row, meeting) for row in rows]
    counts = {each: sum(each in troubles for troubles in own) for each in TROUBLES}
    return {each: count for each, count in counts.items() if count}


def _chairs(connection: Connection, rows: Sequence[BoardRow]) -> dict[str, str]:
    return roster.names_of(connection, (row.chair for row in rows if row.chair))


def _csv_row(shown: Shown, chair: str) -> list[object]:
    row, counts = shown.row, shown.row.counts
    told: list[object] = ["", "", "", "", "", "", ""]
    if row.reported:
        told = [
            counts.present,
            rate(counts.present, counts.summoned),
            counts.late,
            counts.left_early,
            counts.absent_excused,
            counts.absent_unexcused,
            counts.not_recorded,
        ]
    notes = [say(f"trouble.{each}") for each in shown.troubles]
    notes += [say(f"flag.{each}") for each in row.flags if each not in shown.troubles]
    return [
        row.point,
        row.name,
        say(f"unit_type.{row.unit_type}"),
        chair,
        counts.summoned,
        *told,
        counts.guests,
        moment(row.last_contact_at),
        "; ".join(notes),
    ]
