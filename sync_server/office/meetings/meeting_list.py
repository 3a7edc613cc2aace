"""The start page by role, and the list of meetings."""

from flask import Blueprint, redirect, render_template, url_for
from werkzeug.wrappers import Response

from sync_server.clocks import now_ms
from sync_server.database import transaction
from sync_server.domain.records.permissions import MAY, Action
from sync_server.office import access
from sync_server.office.access import allowed
from sync_server.office.meetings import proposals
from sync_server.office.menus import Menu, UrlValues
from sync_server.office.people import leave_requests
from sync_server.storage import directory
from sync_server.storage.access.accounts import Account

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
    waiting = leave_requests.count_pending(connection) if account.point else 0
    return render_template(
        "meetings/meeting_list.html",
        meetings=meetings,
        point=account.point,
        proposed=proposed,
        waiting=waiting,
    )
