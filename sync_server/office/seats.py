"""A hall's seats as a plan: given by a rule or by hand, and printed."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from sync_server.clocks import now_ms
from sync_server.database import reading, write
from sync_server.domain.names import name_key
from sync_server.domain.permissions import Action
from sync_server.domain.seating import MOST_ROWS, by_rule, plan_of, taken_twice
from sync_server.errors import BadForm, UnknownPoint
from sync_server.messages import say
from sync_server.office import access, acts, forms
from sync_server.office.access import allowed
from sync_server.storage import directory, roster, standings
from sync_server.storage.streams import StreamKey

blueprint = Blueprint("seats", __name__)

ORDERS = ("rank", "name", "unit")
_RANKS = ("BI_THU", "PHO_BI_THU", "CAP_UY_VIEN")
MOST_SEATS = 60
MAX_SEAT = 16


@blueprint.get("/hoi-nghi/<meeting>/diem-cau/<point>/cho-ngoi")
@allowed(Action.READ_STANDING)
def plan(meeting: str, point: str) -> str:
    """Show the plan of a hall's seats, and who has which."""
    key = StreamKey(meeting, point)
    with reading() as connection:
        line = acts.must_know(connection, meeting, now_ms())
        standing = standings.read(connection, key)
        if standing is None:
            raise UnknownPoint(point=point, meeting=meeting)
        people = roster.roster_of(connection, key).people
        lines = acts.roll_of(connection, key)
        name = directory.points(connection).get(point)
    access.about(point)
    return render_template(
        "seats.html",
        meeting=line,
        point=point,
        name=name.name if name else point,
        people=sorted(people, key=lambda each: name_key(each.name)),
        names={each.person: each.name for each in people},
        plan=plan_of(lines),
        arrived=sum(bool(each.stays) for each in standing.people),
        orders=ORDERS,
        most_rows=MOST_ROWS,
        most_seats=MOST_SEATS,
    )


@blueprint.post("/hoi-nghi/<meeting>/diem-cau/<point>/cho-ngoi")
@allowed(Action.ARRANGE)
def assign(meeting: str, point: str) -> Response:
    """Give seats, by a rule or as typed, to the people of the roll; nobody's is taken twice."""
    key, at_ms, by = StreamKey(meeting, point), now_ms(), access.who().writer
    with reading() as connection:
        acts.must_know(connection, meeting, at_ms)
        if standings.read(connection, key) is None:
            raise UnknownPoint(point=point, meeting=meeting)
        people = roster.roster_of(connection, key).people
    if forms.text("do") == "rule":
        rows = forms.whole("rows", least=1, most=MOST_ROWS) or 1
        per_row = forms.whole("per_row", least=1, most=MOST_SEATS) or 1
        order = forms.one_of("order", ORDERS)
        ordered = sorted(people, key=lambda each: _order(each, order))
        seats = by_rule([each.person for each in ordered if not each.exempt], rows, per_row)
    else:
        seats = {p.person: request.form.get(f"seat {p.person}", p.seat).strip() for p in people}
    _check(seats, {each.person: f"{each.name} ({each.person})" for each in people})

    def work(c: Connection) -> None:
        acts.seat(c, key, seats, at_ms, by)

    write(work)
    access.about(point)
    left = sum(not seat for seat in seats.values())
    flash(say("seats.given", count=len(seats) - left, left=left))
    return redirect(url_for("office.seats.plan", meeting=meeting, point=point))


def _order(line: roster.RosterLine, order: str) -> tuple[object, ...]:
    rank = _RANKS.index(line.position) if line.position in _RANKS else len(_RANKS)
    match order:
        case "rank":
            return (rank, name_key(line.name))
        case "unit":
            return (line.unit, rank, name_key(line.name))
        case _:
            return (name_key(line.name),)


def _check(seats: dict[str, str], names: dict[str, str]) -> None:
    """Check that no seat is too long a word or given twice. Raises: BadForm."""
    for person, seat in seats.items():
        if len(seat) > MAX_SEAT or not seat.isprintable():
            raise BadForm(fault=say("seats.long", seat=seat[:MAX_SEAT], person=names[person]))
    for seat, people in taken_twice(seats).items():
        told = ", ".join(names[person] for person in people)
        raise BadForm(fault=say("seats.twice", seat=seat, people=told))
