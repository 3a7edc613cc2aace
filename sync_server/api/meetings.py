"""Return meetings and attendance to devices and user accounts.

The routes return lists of summoned people, the attendance in a hall (`point`), and
headquarters' overview (`board`), which compares all halls of a meeting.
"""

from typing import Any

import msgspec
from flask import Blueprint, Response, request
from sqlalchemy import Connection

from sync_server.api.bodies import json_response
from sync_server.api.callers import authenticate_caller, require_permission
from sync_server.clocks import now_ms
from sync_server.database import reading
from sync_server.domain.judging.people import PersonStanding
from sync_server.domain.records.permissions import Action
from sync_server.errors import MalformedRequest, UnknownMeeting, UnknownPoint
from sync_server.storage import directory
from sync_server.storage.ledger import standings
from sync_server.storage.ledger.streams import StreamKey
from sync_server.storage.people import roster

blueprint = Blueprint("meetings", __name__)

API_NAMES = {"is_late": "late", "has_left_early": "left_early"}
"""{name in the code: name in the API} for the two fields of a person's attendance whose names
differ.
"""
CHART_FIELDS = ("arrivals_ms", "late_after_ms")
"""Fields of a hall's row in headquarters' overview of a meeting that the API leaves out,
because only the charts on the office's web pages use them.
"""


@blueprint.get("/meetings")
def meetings() -> Response:
    """Return the meetings of the caller's hall (`point`), the latest first.

    A caller who belongs to no hall gets all meetings. Raises: Unauthenticated; Forbidden.
    """
    with reading() as connection:
        caller = authenticate_caller(connection)
        require_permission(caller, Action.READ_MEETINGS)
        return json_response(directory.meetings(connection, now_ms(), caller.writer.point))


@blueprint.get("/meetings/<meeting>/points/<point>/roster")
def point_roster(meeting: str, point: str) -> Response:
    """Return the list of people summoned at a hall (`point`) of a meeting.

    Respond 304 if the caller's copy (ETag) is current.

    Raises: UnknownMeeting; UnknownPoint if the point does not take part in the meeting; Forbidden.
    """
    with reading() as connection:
        require_permission(authenticate_caller(connection), Action.READ_ROSTER, point)
        _require_meeting(connection, meeting)
        if standings.read(connection, StreamKey(meeting, point)) is None:
            raise UnknownPoint(point=point, meeting=meeting)
        current_roster = roster.roster_of(connection, StreamKey(meeting, point))
    response = json_response(
        {"rev": current_roster.rev, "people": current_roster.people, "units": current_roster.units}
    )
    response.set_etag(current_roster.rev)
    response.headers["Cache-Control"] = "no-store"
    response.make_conditional(request)
    return response


@blueprint.get("/meetings/<meeting>/standing")
def standing(meeting: str) -> Response:
    """Return the attendance of every person at a point, and the state of the point.

    A point is a hall. The state includes, for example, who presides, and whether the
    attendance list has been signed off. The query parameter `point` defaults to the caller's point.

    Raises: MalformedRequest if no point is given and the caller has none; UnknownMeeting;
    UnknownPoint if the point does not take part in the meeting; Forbidden.
    """
    with reading() as connection:
        caller = authenticate_caller(connection)
        point = request.args.get("point") or caller.writer.point
        if point is None:
            raise MalformedRequest(fault="point")
        require_permission(caller, Action.READ_STANDING, point)
        _require_meeting(connection, meeting)
        point_standing = standings.read(connection, StreamKey(meeting, point))
    if point_standing is None:
        raise UnknownPoint(point=point, meeting=meeting)
    return json_response(
        {
            "closed": point_standing.closing is not None,
            "amended": point_standing.is_amended,
            "counts": point_standing.counts,
            "people": [_person_fields(person) for person in point_standing.people],
            "visitors": [_person_fields(person) for person in point_standing.visitors],
            "exempt": [_person_fields(person) for person in point_standing.exempt],
            "substitutes": point_standing.substitutes,
            "closing": point_standing.closing,
            "terms": point_standing.terms,
            "chair": point_standing.chair,
            "missing": point_standing.missing,
            "incidents": point_standing.incidents,
            "follow_ups": point_standing.follow_ups,
            "feedback": point_standing.feedback,
            "roll_changes": point_standing.roll_changes,
            "flags": point_standing.flags,
        }
    )


@blueprint.get("/meetings/<meeting>/board")
def board(meeting: str) -> Response:
    """Return headquarters' overview of a meeting, which compares all halls of the meeting.

    The overview (board) has totals, totals by type of unit (organisation), and a row for every
    hall.

    Raises: UnknownMeeting; Unauthenticated; Forbidden.
    """
    with reading() as connection:
        require_permission(authenticate_caller(connection), Action.READ_BOARD)
        _require_meeting(connection, meeting)
        meeting_board = standings.board_of(connection, meeting)
    rows = []
    for row in meeting_board.points:
        fields: dict[str, Any] = msgspec.structs.asdict(row) | {"ready": not row.missing}
        for name in CHART_FIELDS:
            del fields[name]
        rows.append(fields | msgspec.structs.asdict(fields.pop("counts")))
    return json_response(
        {"totals": meeting_board.totals, "by_unit_type": meeting_board.by_unit_type, "points": rows}
    )


def _person_fields(person_standing: PersonStanding) -> dict[str, object]:
    fields = msgspec.structs.asdict(person_standing)
    return {API_NAMES.get(name, name): value for name, value in fields.items()}


def _require_meeting(connection: Connection, meeting: str) -> None:
    if directory.meeting(connection, meeting, now_ms()) is None:
        raise UnknownMeeting(meeting=meeting)
