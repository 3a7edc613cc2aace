"""Pages that set a meeting's times, rules and halls, cancel the meeting, or create a rehearsal."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from msgspec import UNSET, UnsetType
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from sync_server.acts import arrangements
from sync_server.clocks import now_ms
from sync_server.database import transaction
from sync_server.domain.judging.settings import REASONS
from sync_server.domain.records.codes import from_ms
from sync_server.domain.records.kinds import DecidingAuthority, SettingBody
from sync_server.domain.records.permissions import Action
from sync_server.errors import BadForm, UnknownPoint
from sync_server.messages import say
from sync_server.office import access, forms
from sync_server.office.access import allowed
from sync_server.office.menus import Menu
from sync_server.storage import directory
from sync_server.storage.ledger import standings, streams

blueprint = Blueprint("arrangements", __name__)

AUTHORITIES: tuple[DecidingAuthority, DecidingAuthority] = ("point", "headquarters")
LONGEST_MEETING_MS = 14 * 24 * 3600 * 1000


@blueprint.get("/hoi-nghi/<meeting>/sap-xep")
@allowed(Action.READ_ARRANGEMENTS, meeting_menu=Menu(5, "arranging.title"))
def page(meeting: str) -> str:
    """Return the page with a meeting's times, rules and halls, and the forms that change them.

    Raises: UnknownMeeting.
    """
    connection = transaction()
    summary = arrangements.require_meeting(connection, meeting, now_ms())
    point_standings = standings.read_all(connection, streams.of_meeting(connection, meeting))
    names = directory.all_points(connection)
    points = {key.point: standing for key, standing in sorted(point_standings.items())}
    terms = next(iter(points.values())).terms if points else None
    return render_template(
        "meetings/arrangements.html",
        meeting=summary,
        points=points,
        names=names,
        terms=terms,
        authorities=AUTHORITIES,
        reasons=dict.fromkeys([*REASONS, *(terms.reasons if terms else ())]),
    )


@blueprint.post("/hoi-nghi/<meeting>/thoi-gian")
@allowed(Action.ARRANGE)
def postpone(meeting: str) -> Response:
    """Move a meeting to the start and end times entered in the form.

    Redirect to the page of the meeting's arrangements. Raises: UnknownMeeting; BadForm if a time is
    missing, if the meeting would not end after its start, or if it would last over 14 days.
    """
    starts_ms, ends_ms = forms.required_moment("starts_at"), forms.required_moment("ends_at")
    if not starts_ms < ends_ms <= starts_ms + LONGEST_MEETING_MS:
        raise BadForm(fault=say("form.span"))
    at_ms, writer = now_ms(), access.signed_in_account().writer
    arrangements.postpone(transaction(), meeting, starts_ms, ends_ms, at_ms, writer)
    return _redirect_back(meeting, "arranging.postponed")


@blueprint.post("/hoi-nghi/<meeting>/huy")
@allowed(Action.ARRANGE)
def cancel(meeting: str) -> Response:
    """Cancel a meeting if the form field `do` is `cancel`, or restore it if the field is `hold`.

    Redirect to the page of the meeting's arrangements. Raises: UnknownMeeting; BadForm for any
    other value of the field.
    """
    is_cancelled = forms.one_of("do", ("cancel", "hold")) == "cancel"
    at_ms, writer = now_ms(), access.signed_in_account().writer
    arrangements.cancel(transaction(), meeting, at_ms, writer, is_cancelled=is_cancelled)
    return _redirect_back(
        meeting, "arranging.cancelled" if is_cancelled else "arranging.held_after_all"
    )


@blueprint.post("/hoi-nghi/<meeting>/quy-dinh")
@allowed(Action.ARRANGE)
def set_terms(meeting: str) -> Response:
    """Set the rules of a meeting for all its halls, and redirect to the page of its arrangements.

    Examples are how many minutes after the start an arrival counts as late, and which reasons
    people may give for leave. An empty field leaves its rule unchanged. Raises: UnknownMeeting;
    BadForm if a field is wrong or all fields are empty.
    """
    grace = forms.whole_number("grace_minutes", most=240)
    frozen_ms, ready_ms = forms.moment("roll_frozen_at"), forms.moment("ready_by")
    reasons = tuple(dict.fromkeys(request.form.getlist("reasons")))
    body = SettingBody(
        grace_minutes=UNSET if grace is None else grace,
        roll_frozen_at=_instant_or_unset(frozen_ms),
        ready_by=_instant_or_unset(ready_ms),
        absence_authority=_read_authority("absence_authority"),
        secretary_authority=_read_authority("secretary_authority"),
        reasons=reasons or UNSET,
    )
    if body == SettingBody():
        raise BadForm(fault=say("form.nothing"))
    at_ms, writer = now_ms(), access.signed_in_account().writer
    connection = transaction()
    arrangements.require_meeting(connection, meeting, at_ms)
    points = arrangements.points_of(connection, meeting)
    arrangements.arrange(connection, meeting, points, body, at_ms, writer)
    return _redirect_back(meeting, "arranging.terms_set")


@blueprint.post("/hoi-nghi/<meeting>/hoi-truong")
@allowed(Action.ARRANGE)
def set_hall(meeting: str) -> Response:
    """Set how many seats a hall has and how many guests it expects at a meeting.

    The form contains the hall's code and both numbers; an empty field leaves its number unchanged.
    Redirect to the page of the meeting's arrangements. Raises: UnknownMeeting, UnknownPoint;
    BadForm if a number is wrong, or if both fields are empty.
    """
    point = forms.required_text("point_code", longest=16)
    capacity = forms.whole_number("capacity", most=100_000)
    guests = forms.whole_number("guests", most=100_000)
    body = SettingBody(
        capacity=UNSET if capacity is None else capacity,
        guests=UNSET if guests is None else guests,
    )
    if body == SettingBody():
        raise BadForm(fault=say("form.nothing"))
    at_ms, writer = now_ms(), access.signed_in_account().writer

    access.log_subjects(point)
    connection = transaction()
    _require_point(connection, meeting, point)
    arrangements.arrange(connection, meeting, [point], body, at_ms, writer)
    return _redirect_back(meeting, "arranging.hall_set", point=point)


@blueprint.post("/hoi-nghi/<meeting>/ghep")
@allowed(Action.ARRANGE)
def merge(meeting: str) -> Response:
    """Move all people summoned to one hall of a meeting to another hall.

    The form contains the codes of the old hall (`point_code`) and of the new one (`into`). Redirect
    to the page of the meeting's arrangements. Raises: UnknownMeeting, UnknownPoint; BadForm if a
    code is missing, or if both codes are the same.
    """
    point, into = (
        forms.required_text("point_code", longest=16),
        forms.required_text("into", longest=16),
    )
    if point == into:
        raise BadForm(fault=say("form.same_hall", point=point))
    at_ms, writer = now_ms(), access.signed_in_account().writer

    access.log_subjects(point, into)
    connection = transaction()
    _require_point(connection, meeting, point)
    _require_point(connection, meeting, into)
    count = arrangements.merge(connection, meeting, point, into, at_ms, writer)
    return _redirect_back(meeting, "arranging.merged", count=count, point=point, into=into)


@blueprint.post("/hoi-nghi/<meeting>/tong-duyet")
@allowed(Action.ARRANGE)
def rehearse(meeting: str) -> Response:
    """Create a meeting's rehearsal, a separate meeting with the same halls and people.

    The form contains the rehearsal's start time. Redirect to the page of the rehearsal's
    arrangements. Raises: UnknownMeeting; BadForm if the time is missing, or if the meeting already
    has a rehearsal or is itself a rehearsal.
    """
    starts_ms, at_ms, writer = (
        forms.required_moment("rehearsal_at"),
        now_ms(),
        access.signed_in_account().writer,
    )
    connection = transaction()
    summary = arrangements.require_meeting(connection, meeting, at_ms)
    existing = directory.meeting(connection, arrangements.rehearsal_of(meeting), at_ms)
    if existing or summary.rehearsal:
        raise BadForm(fault=say("arranging.rehearsal_there"))
    rehearsal = arrangements.rehearse(connection, meeting, starts_ms, at_ms, writer)
    return _redirect_back(rehearsal.id, "arranging.rehearsed")


def _require_point(connection: Connection, meeting: str, point: str) -> None:
    arrangements.require_meeting(connection, meeting, now_ms())
    if point not in arrangements.points_of(connection, meeting):
        raise UnknownPoint(point=point, meeting=meeting)


def _instant_or_unset(at_ms: int | None) -> str | UnsetType:
    return UNSET if at_ms is None else from_ms(at_ms)


def _read_authority(name: str) -> DecidingAuthority | UnsetType:
    choice = forms.one_of(name, ("", *AUTHORITIES))
    return next((authority for authority in AUTHORITIES if authority == choice), UNSET)


def _redirect_back(meeting: str, message_key: str, **facts: object) -> Response:
    notice = say(message_key, **facts)
    access.log_subjects(notice)
    flash(notice)
    return redirect(url_for("office.arrangements.page", meeting=meeting))
