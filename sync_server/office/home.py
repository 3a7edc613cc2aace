"""Where each role begins, and the list of meetings."""

from collections.abc import Sequence

from flask import Blueprint, redirect, render_template, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from sync_server.clocks import now_ms
from sync_server.database import reading
from sync_server.domain.permissions import Action
from sync_server.office import access, proposals
from sync_server.office.access import allowed
from sync_server.storage import directory, standings
from sync_server.storage.directory import MeetingLine
from sync_server.storage.streams import StreamKey

blueprint = Blueprint("home", __name__)


@blueprint.get("/")
@allowed(Action.OWN_ACCOUNT)
def start() -> str | Response:
    """Lead each role to its work: the meetings, a unit's people, or what is published."""
    own = access.who()
    if own.unit is not None:
        return redirect(url_for("office.people.unit", unit=own.unit))
    if not access.may(Action.READ_MEETINGS):
        return redirect(url_for("office.publishing.releases"))
    with reading() as connection:
        found = directory.meetings(connection, now_ms(), own.point)
        proposed = proposals.differing(connection) if access.may(Action.ARRANGE) else []
        waiting = _waiting(connection, found, own.point) if own.point else 0
    return render_template(
        "meetings.html", meetings=found, point=own.point, proposed=proposed, waiting=waiting
    )


def _waiting(connection: Connection, lines: Sequence[MeetingLine], point: str) -> int:
    """Return how many requests of a chair's point wait for the chair's word."""
    keys = [StreamKey(line.id, point) for line in lines if line.state != "closed"]
    asked = standings.requests_of(connection, keys, by=access.who().person, at_ms=now_ms())
    return sum(each.state == "pending" and each.is_decidable for _, each in asked)
