"""Pages on the halls that have not reported, with the people to call and notes on the calls."""

from flask import Blueprint, flash, redirect, render_template, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from sync_server.acts import arrangements
from sync_server.clocks import now_ms
from sync_server.database import transaction
from sync_server.domain.records.permissions import Action
from sync_server.errors import UnknownPoint
from sync_server.messages import say
from sync_server.office import access, forms
from sync_server.office.access import allowed
from sync_server.office.menus import Menu
from sync_server.storage import call_notes
from sync_server.storage.call_notes import LONGEST_NOTE, StoredCallNote
from sync_server.storage.ledger import standings
from sync_server.storage.ledger.standings import BoardRow
from sync_server.storage.people import contacts

blueprint = Blueprint("silent", __name__)


@blueprint.get("/hoi-nghi/<meeting>/chua-bao-cao")
@allowed(Action.READ_CONTACTS, meeting_menu=Menu(2, "silent.title"))
def page(meeting: str) -> str:
    """Return the page with the halls that have not reported, people to call, and notes on calls.

    Raises: UnknownMeeting.
    """
    connection = transaction()
    summary = arrangements.require_meeting(connection, meeting, now_ms())
    rows = _silent_rows(connection, meeting)
    people = contacts.of_points(connection, [row.point for row in rows])
    access.log_subjects(*people)
    return render_template(
        "meetings/silent.html",
        meeting=summary,
        rows=rows,
        contacts=people,
        notes=call_notes.of_meeting(connection, meeting),
        longest=LONGEST_NOTE,
        points=len(standings.board_of(connection, meeting).points),
    )


@blueprint.post("/hoi-nghi/<meeting>/chua-bao-cao/<point>")
@allowed(Action.ARRANGE)
def note_call(meeting: str, point: str) -> Response:
    """Store the form's note on a telephone call to a hall (`point`), such as a promise to report.

    Redirect to the page of the halls that have not reported. Raises: UnknownMeeting; UnknownPoint
    if the meeting does not take place in this hall; BadForm if the note is empty or too long.
    """
    text, at_ms = forms.required_text("call_note", longest=LONGEST_NOTE), now_ms()
    connection = transaction()
    arrangements.require_meeting(connection, meeting, at_ms)
    if point not in arrangements.points_of(connection, meeting):
        raise UnknownPoint(point=point, meeting=meeting)
    writer = access.signed_in_account().name
    call_notes.add(connection, meeting, StoredCallNote(point, text, writer, at_ms))
    access.log_subjects(point)
    flash(say("silent.noted", point=point))
    return redirect(url_for("office.silent.page", meeting=meeting))


def _silent_rows(connection: Connection, meeting: str) -> list[BoardRow]:
    rows = standings.board_of(connection, meeting).points
    return [row for row in rows if not row.reported and row.counts.summoned]
