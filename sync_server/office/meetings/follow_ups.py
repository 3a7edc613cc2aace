"""Pages on the work after a meeting: the halls' tasks with due dates, and the essays handed in."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from sync_server.acts import arrangements, follow_ups
from sync_server.acts.follow_ups import STATES
from sync_server.clocks import now_ms
from sync_server.database import transaction
from sync_server.domain.records.codes import to_ms
from sync_server.domain.records.permissions import Action
from sync_server.errors import BadForm, UnknownPoint
from sync_server.messages import say
from sync_server.office import access, forms
from sync_server.office.access import allowed
from sync_server.office.formatting import format_moment
from sync_server.office.menus import Menu
from sync_server.office.people.person import visible_names
from sync_server.storage import directory
from sync_server.storage.ledger import standings
from sync_server.storage.ledger.streams import StreamKey
from sync_server.storage.people import roster

blueprint = Blueprint("follow_ups", __name__)

LONGEST_ITEM = 200
MOST_ESSAYS = 100_000


@blueprint.get("/hoi-nghi/<meeting>/viec")
@allowed(Action.READ_FOLLOW_UPS, meeting_menu=Menu(8, "follow_up.title"))
def page(meeting: str) -> str:
    """Return the page with the tasks and essays of the halls that the signed-in account may see.

    Raises: UnknownMeeting.
    """
    connection = transaction()
    summary = arrangements.require_meeting(connection, meeting, now_ms())
    points = _points(connection, meeting)
    halls = {
        key.point: standing.follow_ups
        for key, standing in standings.read_all(
            connection, [StreamKey(meeting, point) for point in points]
        ).items()
    }
    owners = {task.owner for hall in halls.values() for task in hall.tasks if task.owner}
    access.log_subjects(*owners)
    return render_template(
        "meetings/follow_ups.html",
        meeting=summary,
        halls=halls,
        points=points,
        places=directory.all_points(connection),
        names=visible_names(connection, owners),
        states=STATES,
    )


@blueprint.post("/hoi-nghi/<meeting>/viec")
@allowed(Action.FOLLOW_UP)
def add(meeting: str) -> Response:
    """Record a hall's new task, the new state of a task, or the number of essays handed in.

    The form field `do` selects one of the three. Redirect to the page of the tasks. Raises:
    UnknownPoint if the meeting does not take place in the hall; Forbidden if the account belongs to
    another hall or unit; UnknownRecord if the task is unknown; BadForm if a field is wrong, if the
    person responsible is unknown, if the due time is before the meeting, or if more essays are
    reported than people were summoned.
    """
    writer, at_ms, connection = access.signed_in_account().writer, now_ms(), transaction()
    key = StreamKey(meeting, forms.required_text("point_code", longest=16))
    if key.point not in arrangements.points_of(connection, meeting):
        raise UnknownPoint(point=key.point, meeting=meeting)
    if key.point not in _points(connection, meeting):
        raise access.forbidden_scope_error(Action.FOLLOW_UP)
    match forms.one_of("do", ("task", "state", "essays")):
        case "task":
            owner = forms.person_code("person")
            find_names = visible_names if access.may(Action.READ_PERSON) else roster.names_of
            if owner and not find_names(connection, [owner]):
                raise BadForm(fault=say("error.unknown_person", person=owner))
            item = forms.required_text("item", longest=LONGEST_ITEM)
            due_ms = forms.moment("due_at")
            _require_later(connection, meeting, due_ms)
            follow_ups.add_task(connection, writer, key, item, owner, due_ms, at_ms)
            access.log_subjects(key.point, owner)
        case "state":
            state = forms.one_of("state", STATES)
            follow_ups.set_state(connection, writer, key, forms.required_text("task"), state, at_ms)
            access.log_subjects(key.point, state)
        case _:
            count = forms.whole_number("handed_in", most=MOST_ESSAYS) or 0
            due_ms = forms.required_moment("due_at")
            _require_later(connection, meeting, due_ms)
            follow_ups.count_essays(connection, writer, key, count, due_ms, at_ms)
            access.log_subjects(key.point, str(count))
    flash(say("follow_up.saved"))
    return redirect(url_for("office.follow_ups.page", meeting=meeting, _anchor=key.point))


def _require_later(connection: Connection, meeting: str, due_ms: int | None) -> None:
    """Check that a due time (in ms since 1970 UTC) is not before the meeting's start.

    `due_ms` is None if there is no due time. Raises: UnknownMeeting; BadForm if the due time is
    before the start.
    """
    summary = arrangements.require_meeting(connection, meeting, now_ms())
    if due_ms is not None and due_ms < to_ms(summary.starts_at):
        raise BadForm(fault=say("follow_up.too_early", at=format_moment(due_ms)))


def _points(connection: Connection, meeting: str) -> list[str]:
    """Return the codes of the meeting's halls that the signed-in account may see.

    The codes are in alphabetical order. If the page's address names a hall (`?diem-cau=`), all
    other halls are left out.
    """
    account = access.signed_in_account()
    places = directory.all_points(connection)
    wanted = request.args.get("diem-cau", "")
    return [
        point
        for point in arrangements.points_of(connection, meeting)
        if account.point in {None, point}
        and (account.unit is None or (point in places and places[point].unit == account.unit))
        and (not wanted or wanted == point)
    ]
