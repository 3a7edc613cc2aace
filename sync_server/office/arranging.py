"""How a meeting is arranged: its times, its terms, its halls, and the rehearsal before it."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from msgspec import UNSET, UnsetType
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from sync_server.clocks import now_ms
from sync_server.database import reading, write
from sync_server.domain.codes import from_ms
from sync_server.domain.permissions import Action
from sync_server.domain.records import Authority, SettingBody
from sync_server.domain.settings import REASONS
from sync_server.errors import BadForm, UnknownPoint
from sync_server.messages import say
from sync_server.office import access, acts, forms
from sync_server.office.access import allowed
from sync_server.storage import directory, standings, streams

blueprint = Blueprint("arranging", __name__)

AUTHORITIES: tuple[Authority, Authority] = ("point", "headquarters")
LONGEST_MEETING_MS = 14 * 24 * 3600 * 1000


@blueprint.get("/hoi-nghi/<meeting>/sap-xep")
@allowed(Action.READ_ARRANGEMENTS)
def page(meeting: str) -> str:
    """Show how a meeting is arranged, with a form for each thing that can be."""
    with reading() as connection:
        line = acts.must_know(connection, meeting, now_ms())
        found = standings.read_all(connection, streams.of_meeting(connection, meeting))
        names = directory.points(connection)
    points = {key.point: standing for key, standing in sorted(found.items())}
    terms = next(iter(points.values())).terms if points else None
    return render_template(
        "arranging.html",
        meeting=line,
        points=points,
        names=names,
        terms=terms,
        authorities=AUTHORITIES,
        reasons=dict.fromkeys([*REASONS, *(terms.reasons if terms else ())]),
    )


@blueprint.post("/hoi-nghi/<meeting>/thoi-gian")
@allowed(Action.ARRANGE)
def postpone(meeting: str) -> Response:
    """Hold the meeting at another time."""
    starts_ms, ends_ms = forms.moment_needed("starts_at"), forms.moment_needed("ends_at")
    if not starts_ms < ends_ms <= starts_ms + LONGEST_MEETING_MS:
        raise BadForm(fault=say("form.span"))
    at_ms, by = now_ms(), access.who().writer
    write(lambda c: acts.postpone(c, meeting, starts_ms, ends_ms, at_ms, by))
    return _back(meeting, "arranging.postponed")


@blueprint.post("/hoi-nghi/<meeting>/huy")
@allowed(Action.ARRANGE)
def cancel(meeting: str) -> Response:
    """Say that the meeting is not held, or that it is after all."""
    is_cancelled = forms.one_of("do", ("cancel", "hold")) == "cancel"
    at_ms, by = now_ms(), access.who().writer
    write(lambda c: acts.cancel(c, meeting, at_ms, by, is_cancelled=is_cancelled))
    return _back(meeting, "arranging.cancelled" if is_cancelled else "arranging.held_after_all")


@blueprint.post("/hoi-nghi/<meeting>/quy-dinh")
@allowed(Action.ARRANGE)
def set_terms(meeting: str) -> Response:
    """Set what holds at every point of the meeting; an empty field leaves what was."""
    grace = forms.whole("grace_minutes", most=240)
    frozen_ms, ready_ms = forms.moment("roll_frozen_at"), forms.moment("ready_by")
    reasons = tuple(dict.fromkeys(request.form.getlist("reasons")))
    body = SettingBody(
        grace_minutes=UNSET if grace is None else grace,
        roll_frozen_at=_instant(frozen_ms),
        ready_by=_instant(ready_ms),
        absence_authority=_authority("absence_authority"),
        secretary_authority=_authority("secretary_authority"),
        reasons=reasons or UNSET,
    )
    if body == SettingBody():
        raise BadForm(fault=say("form.nothing"))
    at_ms, by = now_ms(), access.who().writer

    def work(c: Connection) -> None:
        acts.must_know(c, meeting, at_ms)
        acts.arrange(c, meeting, acts.points_of(c, meeting), body, at_ms, by)

    write(work)
    return _back(meeting, "arranging.terms_set")


@blueprint.post("/hoi-nghi/<meeting>/hoi-truong")
@allowed(Action.ARRANGE)
def set_hall(meeting: str) -> Response:
    """Set how many one hall seats, and how many guests it expects."""
    point = forms.needed("point_code", longest=16)
    capacity = forms.whole("capacity", most=100_000)
    guests = forms.whole("guests", most=100_000)
    body = SettingBody(
        capacity=UNSET if capacity is None else capacity,
        guests=UNSET if guests is None else guests,
    )
    if body == SettingBody():
        raise BadForm(fault=say("form.nothing"))
    at_ms, by = now_ms(), access.who().writer

    def work(c: Connection) -> None:
        _must_take_part(c, meeting, point)
        acts.arrange(c, meeting, [point], body, at_ms, by)

    access.about(point)
    write(work)
    return _back(meeting, "arranging.hall_set", point=point)


@blueprint.post("/hoi-nghi/<meeting>/ghep")
@allowed(Action.ARRANGE)
def merge(meeting: str) -> Response:
    """Summon one hall's people to another hall."""
    point, into = forms.needed("point_code", longest=16), forms.needed("into", longest=16)
    if point == into:
        raise BadForm(fault=say("form.same_hall", point=point))
    at_ms, by = now_ms(), access.who().writer

    def work(c: Connection) -> int:
        _must_take_part(c, meeting, point)
        _must_take_part(c, meeting, into)
        return acts.merge(c, meeting, point, into, at_ms, by)

    access.about(point, into)
    count = write(work)
    return _back(meeting, "arranging.merged", count=count, point=point, into=into)


@blueprint.post("/hoi-nghi/<meeting>/tong-duyet")
@allowed(Action.ARRANGE)
def rehearse(meeting: str) -> Response:
    """Make the meeting's rehearsal; one that is there is postponed on its own page."""
    starts_ms, at_ms, by = forms.moment_needed("rehearsal_at"), now_ms(), access.who().writer
    with reading() as connection:
        line = acts.must_know(connection, meeting, at_ms)
        known = directory.meeting(connection, acts.rehearsal_of(meeting), at_ms)
    if known or line.rehearsal:
        raise BadForm(fault=say("arranging.rehearsal_there"))
    fact = write(lambda c: acts.rehearse(c, meeting, starts_ms, at_ms, by))
    return _back(fact.id, "arranging.rehearsed")


def _must_take_part(connection: Connection, meeting: str, point: str) -> None:
    acts.must_know(connection, meeting, now_ms())
    if point not in acts.points_of(connection, meeting):
        raise UnknownPoint(point=point, meeting=meeting)


def _instant(at_ms: int | None) -> str | UnsetType:
    return UNSET if at_ms is None else from_ms(at_ms)


def _authority(name: str) -> Authority | UnsetType:
    given = forms.one_of(name, ("", *AUTHORITIES))
    return next((each for each in AUTHORITIES if each == given), UNSET)


def _back(meeting: str, message: str, **facts: object) -> Response:
    told = say(message, **facts)
    access.about(told)
    flash(told)
    return redirect(url_for("office.arranging.page", meeting=meeting))
