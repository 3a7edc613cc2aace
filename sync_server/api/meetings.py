"""Reading: meetings, rosters, standings and the board."""

from typing import Any

import msgspec
from flask import Blueprint, Response, request
from sqlalchemy import Connection

from sync_server.api.bodies import answer
from sync_server.api.callers import caller, require
from sync_server.clocks import now_ms
from sync_server.database import reading
from sync_server.domain.people import PersonStanding
from sync_server.domain.permissions import Action
from sync_server.errors import MalformedRequest, UnknownMeeting, UnknownPoint
from sync_server.storage import directory, roster, standings
from sync_server.storage.streams import StreamKey

blueprint = Blueprint("meetings", __name__)


@blueprint.get("/meetings")
def meetings() -> Response:
    """List the meetings that concern the caller's point; to the office, all."""
    with reading() as connection:
        who = caller(connection)
        require(who, Action.READ_MEETINGS)
        return answer(directory.meetings(connection, now_ms(), who.writer.point))


@blueprint.get("/meetings/<meeting>/points/<point>/roster")
def point_roster(meeting: str, point: str) -> Response:
    """Answer with whom a point summons; 304 while it is the revision that the caller has."""
    with reading() as connection:
        require(caller(connection), Action.READ_ROSTER, point)
        _must_exist(connection, meeting)
        if standings.read(connection, StreamKey(meeting, point)) is None:
            raise UnknownPoint(point=point, meeting=meeting)
        found = roster.roster_of(connection, StreamKey(meeting, point))
    response = answer({"rev": found.rev, "people": found.people, "units": found.units})
    response.set_etag(found.rev)
    response.headers["Cache-Control"] = "private, no-cache"
    response.make_conditional(request)
    return response


@blueprint.get("/meetings/<meeting>/standing")
def standing(meeting: str) -> Response:
    """Answer with how each person of a point stands; `point` defaults to the caller's own."""
    with reading() as connection:
        who = caller(connection)
        point = request.args.get("point") or who.writer.point
        if point is None:
            raise MalformedRequest(fault="point")
        require(who, Action.READ_STANDING, point)
        _must_exist(connection, meeting)
        found = standings.read(connection, StreamKey(meeting, point))
    if found is None:
        raise UnknownPoint(point=point, meeting=meeting)
    return answer(
        {
            "closed": found.closing is not None,
            "amended": found.is_amended,
            "counts": found.counts,
            "people": [_person(each) for each in found.people],
            "visitors": [_person(each) for each in found.visitors],
            "exempt": [_person(each) for each in found.exempt],
            "substitutes": found.substitutes,
            "closing": found.closing,
            "terms": found.terms,
            "chair": found.chair,
            "missing": found.missing,
            "incidents": found.incidents,
            "follow_ups": found.follow_ups,
            "roll_changes": found.roll_changes,
            "flags": found.flags,
        }
    )


@blueprint.get("/meetings/<meeting>/board")
def board(meeting: str) -> Response:
    """Answer with the whole meeting: totals, by type of unit, and a row for each point."""
    with reading() as connection:
        require(caller(connection), Action.READ_BOARD)
        _must_exist(connection, meeting)
        found = standings.board_of(connection, meeting)
    rows = []
    for row in found.points:
        fields: dict[str, Any] = msgspec.structs.asdict(row) | {"ready": not row.missing}
        rows.append(fields | msgspec.structs.asdict(fields.pop("counts")))
    return answer({"totals": found.totals, "by_unit_type": found.by_unit_type, "points": rows})


def _person(each: PersonStanding) -> dict[str, object]:
    return {
        "person": each.person,
        "standing": each.standing,
        "cause": each.cause,
        "late": each.is_late,
        "late_minutes": each.late_minutes,
        "left_early": each.has_left_early,
        "left_early_minutes": each.left_early_minutes,
        "mode": each.mode,
        "seat": each.seat,
        "seat_right": each.seat_right,
        "request": each.request,
        "stays": each.stays,
        "comes_as": each.comes_as,
        "flags": each.flags,
    }


def _must_exist(connection: Connection, meeting: str) -> None:
    if directory.meeting(connection, meeting, now_ms()) is None:
        raise UnknownMeeting(meeting=meeting)
