"""What needs headquarters now: one line on each of its pages, renewed without a reload."""

from typing import NamedTuple

from flask import Blueprint, g, render_template, url_for
from sqlalchemy import Connection

from sync_server.clocks import now_ms
from sync_server.database import reading
from sync_server.domain.permissions import Action
from sync_server.messages import say
from sync_server.office import board, held, inbox, proposals
from sync_server.office.access import allowed
from sync_server.storage import directory, standings

blueprint = Blueprint("needs", __name__)

URGENT = ("escalated", "no_chair", "silent", "reserved")
"""Of a point's troubles, those that only headquarters can end."""


class Need(NamedTuple):
    """Something to do, and where."""

    text: str
    link: str


@blueprint.get("/can-xu-ly")
@allowed(Action.READ_HELD)
def strip() -> str:
    """Return the line alone."""
    g.is_refresh = True
    return render_template("needs.html", needs=found())


def found() -> list[Need]:
    """Return what needs headquarters now, the gravest first."""
    with reading() as connection:
        needs = _of_meetings(connection)
        items = held.items(connection, since_ms=now_ms() - inbox.RECENT_MS)
        waiting = sum(each.is_open for each in items)
        proposed = proposals.differing(connection)
    if waiting:
        needs.append(Need(say("needs.held", count=waiting), url_for("office.held.index")))
    if proposed:
        link = url_for("office.proposals.index")
        needs.append(Need(say("needs.proposed", count=len(proposed)), link))
    return needs


def _of_meetings(connection: Connection) -> list[Need]:
    needs = []
    for line in directory.meetings(connection, now_ms()):
        if line.state == "closed" or line.cancelled or line.rehearsal:
            continue
        rows = standings.board_of(connection, line.id).points
        own = [board.troubles_of(row, line) for row in rows]
        for trouble in URGENT:
            if trouble == "silent" and not line.has_begun:
                continue  # there is time yet
            count = sum(trouble in troubles for troubles in own)
            if trouble == "reserved":
                count = sum(row.reserved for row in rows)
            if not count:
                continue
            link = url_for("office.board.board", meeting=line.id, viec=trouble)
            if trouble == "reserved":
                link = f"{url_for('office.inbox.index')}?hoi-nghi={line.id}"
            needs.append(Need(say(f"needs.{trouble}", count=count, meeting=line.title), link))
    return needs
