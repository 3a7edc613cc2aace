"""List the matters that headquarters must act on now, such as halls that have not reported.

The list appears on all pages of headquarters and is refreshed without a reload of the page.
"""

from typing import NamedTuple

from flask import Blueprint, g, render_template, url_for
from sqlalchemy import Connection

from sync_server.clocks import now_ms
from sync_server.database import transaction
from sync_server.domain.records.permissions import Action
from sync_server.errors import ReleaseMalformed
from sync_server.messages import say
from sync_server.office.access import allowed
from sync_server.office.halls import held_records
from sync_server.office.meetings import board, proposals
from sync_server.office.people import leave_requests
from sync_server.storage import directory
from sync_server.storage.ledger import standings

blueprint = Blueprint("urgent", __name__)

URGENT = ("escalated", "no_chair", "silent", "reserved")
"""The warnings about a hall that only headquarters can resolve: the Secretary and the Deputy are
both away, nobody presides, the hall has not reported, or requests wait for headquarters."""


class UrgentMatter(NamedTuple):
    """A matter that headquarters must act on, such as requests for leave that wait for a decision.

    `text` is a Vietnamese sentence, and `link` the address of the page for the action.
    """

    text: str
    link: str


@blueprint.get("/can-xu-ly")
@allowed(Action.READ_HELD)
def strip() -> str:
    """Return the list of matters that headquarters must act on, as HTML.

    The HTML replaces the list on a page that is already open.
    """
    g.is_refresh = True
    return render_template("meetings/urgent.html", needs=urgent_matters())


def urgent_matters() -> list[UrgentMatter]:
    """Return what headquarters must act on: warnings, doubtful records, then portal changes.

    A warning is, for example, that nobody presides over a hall. Doubtful records are those on which
    headquarters must still decide. The changes are those in the published portal (the public
    website) that headquarters has neither accepted nor declined. Closed meetings, cancelled
    meetings and rehearsals cause no warnings.
    """
    connection = transaction()
    matters = _matters_of_meetings(connection)
    waiting = held_records.count_open(connection, now_ms() - leave_requests.RECENT_MS)
    try:
        proposed = len(proposals.read_proposals(connection))
        is_other_directory = proposals.places_differ(connection)
    except ReleaseMalformed:  # the proposals page shows this error; other pages must work
        proposed, is_other_directory = 0, False
    if waiting:
        matters.append(
            UrgentMatter(say("needs.held", count=waiting), url_for("office.held_records.index"))
        )
    link = url_for("office.proposals.index")
    if proposed:
        matters.append(UrgentMatter(say("needs.proposed", count=proposed), link))
    if is_other_directory:
        matters.append(UrgentMatter(say("needs.places"), link))
    return matters


def _matters_of_meetings(connection: Connection) -> list[UrgentMatter]:
    matters = []
    for summary in directory.meetings(connection, now_ms()):
        if summary.state == "closed" or summary.cancelled or summary.rehearsal:
            continue
        rows = standings.board_of(connection, summary.id).points
        warnings_by_row = [board.warnings_of(row, summary) for row in rows]
        for warning in URGENT:
            if warning == "silent" and not summary.has_begun:
                continue  # a point need not report before the start
            count = sum(warning in row_warnings for row_warnings in warnings_by_row)
            if warning == "reserved":
                count = sum(row.reserved for row in rows)
            if not count:
                continue
            link = url_for("office.board.board", meeting=summary.id, viec=warning)
            if warning == "reserved":
                link = f"{url_for('office.leave_requests.index')}?hoi-nghi={summary.id}"
            matters.append(
                UrgentMatter(say(f"needs.{warning}", count=count, meeting=summary.title), link)
            )
    return matters
