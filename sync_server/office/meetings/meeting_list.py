"""The start page of the office (the web pages for signed-in users), with the list of meetings."""

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
    """Return {} to show the menu entry for the list of meetings, or None to hide it.

    The entry is hidden from accounts that belong to a unit or may not read meetings.
    """
    return {} if account.unit is None and Action.READ_MEETINGS in MAY[account.role] else None


@blueprint.get("/")
@allowed(Action.OWN_ACCOUNT, menu=Menu(1, "office.meetings", _reads_meetings))
def start() -> str | Response:
    """Return the page with the list of meetings, or redirect accounts that must not see it.

    An account of a unit is redirected to the page of the unit's people, and an account that may not
    read meetings to the list of stored versions of the public website.
    """
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
