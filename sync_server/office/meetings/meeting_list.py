"""The start page of each role, and the list of meetings."""

from collections.abc import Sequence

from flask import Blueprint, redirect, render_template, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from sync_server.clocks import now_ms
from sync_server.database import transaction
from sync_server.domain.records.permissions import MAY, Action
from sync_server.office import access
from sync_server.office.access import allowed
from sync_server.office.meetings import proposals
from sync_server.office.menus import Menu, UrlValues
from sync_server.storage import directory
from sync_server.storage.access.accounts import Account
from sync_server.storage.directory import MeetingSummary
from sync_server.storage.ledger import standings
from sync_server.storage.ledger.streams import StreamKey

blueprint = Blueprint("meeting_list", __name__)


def _reads_meetings(account: Account) -> UrlValues:
    """Return None, which hides the menu entry, for secretaries and accounts without meetings."""
    return {} if account.unit is None and Action.READ_MEETINGS in MAY[account.role] else None


@blueprint.get("/")
@allowed(Action.OWN_ACCOUNT, menu=Menu(1, "office.meetings", _reads_meetings))
def start() -> str | Response:
    """Show the meetings, or redirect the account to its unit's people or to the releases."""
    account = access.signed_in_account()
    if account.unit is not None:
        return redirect(url_for("office.person.unit", unit=account.unit))
    if not access.may(Action.READ_MEETINGS):
        return redirect(url_for("office.publishing.releases"))
    connection = transaction()
    meetings = directory.meetings(connection, now_ms(), account.point)
    proposed = proposals.read_proposals(connection) if access.may(Action.ARRANGE) else []
    waiting = _count_waiting(connection, meetings, account.point) if account.point else 0
    return render_template(
        "meetings/meeting_list.html",
        meetings=meetings,
        point=account.point,
        proposed=proposed,
        waiting=waiting,
    )


def _count_waiting(connection: Connection, meetings: Sequence[MeetingSummary], point: str) -> int:
    """Count the pending requests that the chair of this point may decide."""
    keys = [StreamKey(meeting.id, point) for meeting in meetings if meeting.state != "closed"]
    requests = standings.requests_of(
        connection, keys, by=access.signed_in_account().person, at_ms=now_ms()
    )
    return sum(request.state == "pending" and request.is_decidable for _, request in requests)
