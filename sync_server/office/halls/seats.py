"""Pages that show a hall's seating plan and assign the seats."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from sync_server.acts import arrangements
from sync_server.clocks import now_ms
from sync_server.database import transaction
from sync_server.domain.names import name_sort_key
from sync_server.domain.positions import COMMITTEE, rank_of
from sync_server.domain.records.permissions import Action
from sync_server.domain.seating import MOST_ROWS, assign_seats, plan_of, shared_seats
from sync_server.errors import BadForm, UnknownPoint
from sync_server.messages import say
from sync_server.office import access, forms
from sync_server.office.access import allowed
from sync_server.storage import directory
from sync_server.storage.ledger import standings
from sync_server.storage.ledger.streams import StreamKey
from sync_server.storage.people import roster

blueprint = Blueprint("seats", __name__)

ORDERS = ("rank", "name", "unit")
MOST_SEATS = 60
MAX_SEAT = 16


@blueprint.get("/hoi-nghi/<meeting>/diem-cau/<point>/cho-ngoi")
@allowed(Action.READ_STANDING)
def plan(meeting: str, point: str) -> str:
    """Return the page with the seating plan of a hall (`point`) and the people summoned to it.

    Raises: UnknownMeeting; UnknownPoint if the meeting does not take place in this hall.
    """
    key = StreamKey(meeting, point)
    connection = transaction()
    summary = arrangements.require_meeting(connection, meeting, now_ms())
    standing = standings.read(connection, key)
    if standing is None:
        raise UnknownPoint(point=point, meeting=meeting)
    people = roster.roster_of(connection, key).people
    roll = arrangements.roll_of(connection, key)
    place = directory.all_points(connection).get(point)
    access.log_subjects(point)
    return render_template(
        "halls/seats.html",
        meeting=summary,
        point=point,
        name=place.name if place else point,
        people=sorted(people, key=lambda person: name_sort_key(person.name)),
        names={person.person: person.name for person in people},
        plan=plan_of(roll),
        arrived=sum(bool(person_standing.stays) for person_standing in standing.people),
        orders=ORDERS,
        most_rows=MOST_ROWS,
        most_seats=MOST_SEATS,
    )


@blueprint.post("/hoi-nghi/<meeting>/diem-cau/<point>/cho-ngoi")
@allowed(Action.ARRANGE)
def assign(meeting: str, point: str) -> Response:
    """Assign seats in a hall to the people summoned to it, and redirect to the seating plan.

    With `do=rule` in the form, people are seated row by row, ordered by rank, name or unit; people
    exempt from attending keep their seats. Otherwise people get the seats that the form contains.
    `point` is the hall's code. Raises: UnknownMeeting, UnknownPoint; BadForm if two people would
    have the same seat.
    """
    key, at_ms, writer = StreamKey(meeting, point), now_ms(), access.signed_in_account().writer
    connection = transaction()
    arrangements.require_meeting(connection, meeting, at_ms)
    if standings.read(connection, key) is None:
        raise UnknownPoint(point=point, meeting=meeting)
    people = roster.roster_of(connection, key).people
    if forms.text("do") == "rule":
        rows = forms.whole_number("rows", least=1, most=MOST_ROWS) or 1
        per_row = forms.whole_number("per_row", least=1, most=MOST_SEATS) or 1
        order = forms.one_of("order", ORDERS)
        ordered = sorted(people, key=lambda person: _sort_key(person, order))
        seats = assign_seats(
            [person.person for person in ordered if not person.exempt], rows, per_row
        )
    else:
        seats = {p.person: request.form.get(f"seat {p.person}", p.seat).strip() for p in people}
    _check_seats(seats, {person.person: f"{person.name} ({person.person})" for person in people})
    arrangements.assign_seats(connection, key, seats, at_ms, writer)
    access.log_subjects(point)
    unseated = sum(not seat for seat in seats.values())
    flash(say("seats.given", count=len(seats) - unseated, left=unseated))
    return redirect(url_for("office.seats.plan", meeting=meeting, point=point))


def _sort_key(person: roster.RosterLine, order: str) -> tuple[object, ...]:
    code = rank_of(person.position)
    rank = COMMITTEE.index(code) if code else len(COMMITTEE)
    match order:
        case "rank":
            return (rank, name_sort_key(person.name))
        case "unit":
            return (person.unit, rank, name_sort_key(person.name))
        case _:
            return (name_sort_key(person.name),)


def _check_seats(seats: dict[str, str], names: dict[str, str]) -> None:
    """Check that every seat is a short, printable text, and that no two people share a seat.

    `seats` and `names` contain the seat and the name of every person by person code. The names
    appear in the error message. Raises: BadForm if a seat has over 16 characters, is not printable
    or is shared.
    """
    for person, seat in seats.items():
        if len(seat) > MAX_SEAT or not seat.isprintable():
            raise BadForm(fault=say("seats.long", seat=seat[:MAX_SEAT], person=names[person]))
    for seat, people in shared_seats(seats).items():
        people_names = ", ".join(names[person] for person in people)
        raise BadForm(fault=say("seats.twice", seat=seat, people=people_names))
