"""The list of meetings, and the board of one."""

from flask import Blueprint, render_template
from werkzeug.wrappers import Response

from sync_server.clocks import now_ms
from sync_server.database import reading
from sync_server.domain.permissions import Action
from sync_server.errors import UnknownMeeting
from sync_server.office import sign_in
from sync_server.storage import directory, roster, standings

blueprint = Blueprint("board", __name__)


@blueprint.get("/")
def meetings() -> str | Response:
    """List the meetings, the latest first."""
    if elsewhere := sign_in.require(Action.READ_MEETINGS):
        return elsewhere
    with reading() as connection:
        found = directory.meetings(connection, now_ms())
    return render_template(
        "meetings.html", meetings=found, may_import=sign_in.may(Action.IMPORT_QUEUE)
    )


@blueprint.get("/hoi-nghi/<meeting>")
def board(meeting: str) -> str | Response:
    """Show a meeting whole: totals, who is silent, every point, every type of unit."""
    if elsewhere := sign_in.require(Action.READ_BOARD):
        return elsewhere
    with reading() as connection:
        line = directory.meeting(connection, meeting, now_ms())
        if line is None:
            raise UnknownMeeting(meeting=meeting)
        found = standings.board_of(connection, meeting)
        chairs = roster.names_of(connection, (row.chair for row in found.points if row.chair))
    silent = [row for row in found.points if not row.reported and row.counts.summoned]
    return render_template("board.html", meeting=line, board=found, silent=silent, chairs=chairs)
