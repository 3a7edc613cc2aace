"""Pages that find people, show a person's attendance over a year, and record corrections.

A correction is a new record; existing records stay unchanged.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response as AnyResponse

from sync_server.acts import arrangements, decisions
from sync_server.acts.writing import seal_note
from sync_server.clocks import now_ms
from sync_server.database import transaction
from sync_server.domain.judging.clocks import FAR_FROM_MEETING_MS
from sync_server.domain.judging.people import PersonStanding
from sync_server.domain.judging.settings import REASONS
from sync_server.domain.names import name_sort_key
from sync_server.domain.records.codes import to_ms
from sync_server.domain.records.permissions import Action
from sync_server.errors import BadForm, UnknownPerson, UnknownPoint, UnknownUnit
from sync_server.messages import name_code, say
from sync_server.office import access, downloads, forms
from sync_server.office.access import allowed
from sync_server.office.formatting import format_moment
from sync_server.office.menus import Menu, UrlValues
from sync_server.office.people import leave_requests
from sync_server.storage import directory
from sync_server.storage.access.accounts import Account
from sync_server.storage.directory import MeetingSummary
from sync_server.storage.ledger import standings, streams
from sync_server.storage.ledger.streams import StreamKey
from sync_server.storage.people import cards, roster
from sync_server.storage.people.roster import FoundPeople, RosterPerson

blueprint = Blueprint("person", __name__)

MAX_SEARCH_RESULTS = 50
LONGEST_SEARCH = 100
FAR_MS = FAR_FROM_MEETING_MS
REGISTER_COLUMNS = (
    "code",
    "name",
    "summoned",
    "present",
    "late",
    "excused",
    "unexcused",
    "not_recorded",
)


DETAIL_COLUMNS = (
    "code",
    "name",
    "meeting",
    "day",
    "point",
    "standing",
    "came",
    "left",
    "late_minutes",
    "reason",
    "document",
)


class Attendance(NamedTuple):
    """A person's attendance at a meeting in one hall; `point` is the hall's code.

    `is_summoned` is False if the hall did not summon the person, who then attended as a visitor.
    `is_counted` is False for a rehearsal or a cancelled meeting.
    """

    meeting: MeetingSummary
    point: str
    standing: PersonStanding
    is_summoned: bool
    is_counted: bool


class YearLine(NamedTuple):
    """The number of meetings that summoned a person in a year, and the person's attendance at them.

    `late` is included in `present`; `excused` and `unexcused` are absences. `now` is the person's
    attendance at a meeting that is open now, or None.
    """

    person: RosterPerson
    summoned: int
    present: int
    late: int
    excused: int
    unexcused: int
    not_recorded: int
    now: PersonStanding | None


@blueprint.get("/nguoi")
@allowed(Action.READ_PERSON, menu=Menu(3, "people.title"))
def search() -> str:
    """Return the page with the people that match a name or code (`tim` in the query).

    At most `MAX_SEARCH_RESULTS` (50) people are shown, sorted by name. A chair sees only people of
    the chair's hall, and a unit's secretary only people of the unit. People who have left are shown
    only with `ca-da-thoi` in the query.
    """
    text = request.args.get("tim", "").strip()[:LONGEST_SEARCH]
    connection = transaction()
    units = directory.all_unit_names(connection)
    with_ended = "ca-da-thoi" in request.args
    result = FoundPeople([], 0)
    if text:
        result = _search_roster(connection, text, with_ended=with_ended)
    access.log_subjects(*(person.person for person in result.people))
    return render_template(
        "people/search.html",
        people=result.people,
        count=result.total,
        text=text,
        with_ended=with_ended,
        units=units,
        halls=directory.all_points(connection),
        counts={} if text else roster.count_by_unit(connection, at_ms=now_ms()),
    )


@blueprint.get("/nguoi/<person>")
@allowed(Action.READ_PERSON)
def page(person: str) -> str:
    """Return the page with a person's attendance and requests for leave in a year.

    `person` is the person's code, and the year is in the query (`nam`). Raises: UnknownPerson;
    Forbidden if the account may not see the person.
    """
    year = forms.requested_year()
    connection = transaction()
    roster_person = _must_see(connection, person)
    units = directory.all_unit_names(connection)
    points = directory.all_points(connection)
    meetings = _meetings_in(connection, year)
    attendances = attendances_by_person(connection, meetings, [person]).get(person, [])
    keys = [
        StreamKey(attendance.meeting.id, attendance.point)
        for attendance in attendances
        if attendance.is_summoned
    ]
    requests = standings.requests_of(connection, keys, by=None, at_ms=now_ms())
    has_card = bool(cards.hashes_of(connection, [person]))
    request_cards = leave_requests.cards_of([pair for pair in requests if pair[1].person == person])
    access.log_subjects(person)
    return render_template(
        "people/person.html",
        person=roster_person,
        unit=units.get(roster_person.unit, roster_person.unit),
        usual_hall=points[roster_person.point].name
        if roster_person.point in points
        else say("people.hall_of_unit"),
        year=year,
        attended=attendances,
        summary=_count_year(roster_person, attendances),
        items=request_cards,
        points=points,
        merged=sorted(roster.merged_people(connection, [person])),
        reasons=REASONS,
        has_card=has_card,
    )


@blueprint.post("/nguoi/<person>/dieu-chinh")
@allowed(Action.CORRECT)
def correct(person: str) -> AnyResponse:
    """Record that a person (given by code) arrived at a hall or left it at the time in the form.

    The form also contains the meeting, the hall and the reason. Redirect to the person's page.
    Raises: UnknownPerson, UnknownMeeting, UnknownPoint; BadForm if a field is wrong, or if the time
    is in the future, over 12 hours before the meeting or over 12 hours after it.
    """
    meeting, point = (
        forms.required_text("meeting", longest=64),
        forms.required_text("hall", longest=16),
    )
    kind = forms.one_of("kind", decisions.MOVEMENTS)
    happened_ms, reason = forms.required_moment("happened_at"), forms.required_text("reason")
    at_ms, writer, key = now_ms(), access.signed_in_account().writer, StreamKey(meeting, point)
    connection = transaction()
    _must_see(connection, person)
    summary = arrangements.require_meeting(connection, meeting, at_ms)
    if standings.read(connection, key) is None:
        raise UnknownPoint(point=point, meeting=meeting)
    first_ms, last_ms = to_ms(summary.starts_at) - FAR_MS, to_ms(summary.ends_at) + FAR_MS
    if not first_ms <= happened_ms <= min(last_ms, at_ms):
        raise BadForm(fault=say("person.not_then", at=format_moment(happened_ms)))
    note = seal_note(reason=reason)
    decisions.record_movement(connection, writer, key, person, kind, happened_ms, note, at_ms)
    access.log_subjects(person, point, reason)
    flash(say("person.corrected"))
    return redirect(url_for("office.person.page", person=person))


@blueprint.post("/nguoi/<person>/xin-vang")
@allowed(Action.CORRECT)
def ask(person: str) -> AnyResponse:
    """Record that headquarters has received a person's written request for leave from a meeting.

    `person` is the person's code. The form contains the meeting, the reason and the reference
    number of the written request. Redirect to the person's page.

    Raises: UnknownPerson, UnknownMeeting; BadForm if a field is wrong, or if no hall of the meeting
    summons the person.
    """
    meeting, reason = (
        forms.required_text("meeting", longest=64),
        forms.one_of("leave_reason", REASONS),
    )
    number, note = forms.required_text("document", longest=120), forms.text("note")
    at_ms, writer = now_ms(), access.signed_in_account().writer
    connection = transaction()
    _must_see(connection, person)
    summary = arrangements.require_meeting(connection, meeting, at_ms)
    attendances = attendances_by_person(connection, [summary], [person]).get(person, [])
    point = next((attendance.point for attendance in attendances if attendance.is_summoned), None)
    if point is None:
        raise BadForm(fault=say("person.not_summoned", person=person))
    key, sealed_note = StreamKey(meeting, point), seal_note(reason=reason, number=number, note=note)
    decisions.request_leave(connection, writer, key, person, sealed_note, at_ms)
    access.log_subjects(person, point)
    flash(say("person.asked"))
    return redirect(url_for("office.person.page", person=person))


def _own_unit(account: Account) -> UrlValues:
    """Return {`unit`: code of the account's unit}, or None if the account has no unit.

    The result completes the address of a menu entry for the unit's people. If it is None, the
    entry is hidden.
    """
    return {"unit": account.unit} if account.unit else None


@blueprint.get("/don-vi/<unit>")
@allowed(Action.READ_PERSON, menu=Menu(1, "people.own_unit", _own_unit))
def unit(unit: str) -> str:
    """Return the page with a unit's people and how many meetings they attended in a year.

    `unit` is the unit's code, and the year is in the query (`nam`). The page is the yearly study
    register that docs/checklist.md describes in row 19. Raises: UnknownUnit; Forbidden if the
    account may not see the unit.
    """
    year = forms.requested_year()
    connection = transaction()
    _must_see_unit(connection, unit)
    name, lines = _read_register(connection, unit, year)
    access.log_subjects(unit)
    return render_template("people/unit.html", unit=unit, name=name, lines=lines, year=year)


@blueprint.get("/don-vi/<unit>/so-theo-doi.csv")
@allowed(Action.READ_PERSON)
def register(unit: str) -> Response:
    """Return a unit's study register, which shows its people's attendance in a year, as a CSV file.

    The file has a row for every person. `unit` is the unit's code, and the year is in the query
    (`nam`). Raises: UnknownUnit; Forbidden if the account may not see the unit.
    """
    year = forms.requested_year()
    connection = transaction()
    _must_see_unit(connection, unit)
    _, lines = _read_register(connection, unit, year)
    access.log_subjects(unit)
    rows = [[line.person.person, line.person.full_name, *line[1:-1]] for line in lines]
    return downloads.csv_of(
        [say(f"register.{column}") for column in REGISTER_COLUMNS], rows, f"{unit}-{year}.csv"
    )


@blueprint.get("/don-vi/<unit>/so-chi-tiet.csv")
@allowed(Action.READ_PERSON)
def detailed_register(unit: str) -> Response:
    """Return a unit's attendance in a year as CSV, with a row for every person and ended meeting.

    `unit` is the unit's code, and the year is in the query (`nam`). Reasons for approved leave are
    included if the account may read them, and every reading is logged. Raises: UnknownUnit;
    Forbidden if the account may not see the unit.
    """
    year, connection = forms.requested_year(), transaction()
    _must_see_unit(connection, unit)
    people = roster.list_people(connection, unit=unit, at_ms=now_ms())
    attendances = attendances_by_person(
        connection, _meetings_in(connection, year), [person.person for person in people]
    )
    reasons = _reasons_by_meeting(connection, attendances)
    rows = [
        [
            person.person,
            person.full_name,
            attendance.meeting.title,
            format_moment(attendance.meeting.starts_at, "dd/MM/yyyy"),
            attendance.point,
            say(f"standing.{attendance.standing.standing}"),
            *_times_of(attendance.standing),
            *reasons.get((person.person, attendance.meeting.id), ("", "")),
        ]
        for person in sorted(people, key=lambda one: name_sort_key(one.full_name))
        for attendance in attendances.get(person.person, ())
        if attendance.is_counted and attendance.meeting.state == "closed"
    ]
    access.log_subjects(unit)
    headings = [say(f"register.{column}") for column in DETAIL_COLUMNS]
    return downloads.csv_of(headings, rows, f"{unit}-{year}-chi-tiet.csv")


def _times_of(standing: PersonStanding) -> tuple[str, str, str]:
    """Return a person's first arrival, last departure and minutes of lateness at a meeting.

    All three are texts; the arrival and the departure have the format HH:mm. A missing value is "".
    """
    if not standing.stays:
        return "", "", ""
    came_ms, left_ms = standing.stays[0][0], standing.stays[-1][1]
    late = str(standing.late_minutes) if standing.is_late else ""
    return format_moment(came_ms, "HH:mm"), format_moment(left_ms, "HH:mm") if left_ms else "", late


def _reasons_by_meeting(
    connection: Connection, attendances: Mapping[str, list[Attendance]]
) -> dict[tuple[str, str], tuple[str, str]]:
    """Return {(person code, meeting id): (reason, document number)} for approved leave.

    Both texts are decrypted for the signed-in account. They are "" if the account may not read
    them.
    """
    keys = {
        StreamKey(attendance.meeting.id, attendance.point)
        for person_attendances in attendances.values()
        for attendance in person_attendances
        if attendance.standing.standing == "absent_excused"
    }
    requests = [
        (key, leave_request)
        for key, leave_request in standings.requests_of(
            connection, sorted(keys), by=None, at_ms=now_ms()
        )
        if leave_request.state == "approved" and leave_request.person in attendances
    ]
    return {
        (card.request.person, card.meeting.id): (
            name_code("reason", card.request_fields.get("reason", "")),
            card.request_fields.get("number", ""),
        )
        for card in leave_requests.cards_of(requests)
    }


def attendances_by_person(
    connection: Connection, meetings: list[MeetingSummary], people: list[str]
) -> dict[str, list[Attendance]]:
    """Return {person code: attendances at these meetings, the latest meeting first}.

    `people` are person codes. If other entries were merged into a person's entry, the
    attendance under those entries is included. People without any attendance are left out.
    """
    by_id = {meeting.id: meeting for meeting in meetings}
    merged = roster.merged_people(connection, people)
    wanted = {person: person for person in people} | merged
    keys = streams.of_people(connection, sorted(by_id), list(wanted))
    attendances: dict[str, list[Attendance]] = {}
    for key, standing in standings.read_all(connection, keys).items():
        for is_summoned, person_standings in ((True, standing.people), (False, standing.visitors)):
            for person_standing in person_standings:
                if person := wanted.get(person_standing.person):
                    meeting = by_id[key.meeting]
                    attendance = Attendance(
                        meeting, key.point, person_standing, is_summoned, standing.is_counted
                    )
                    attendances.setdefault(person, []).append(attendance)
    for person_attendances in attendances.values():
        person_attendances.sort(key=lambda attendance: attendance.meeting.starts_at, reverse=True)
    return attendances


def _search_roster(connection: Connection, text: str, *, with_ended: bool) -> FoundPeople:
    account = access.signed_in_account()
    return roster.search(
        connection,
        text,
        unit=account.unit,
        with_ended=with_ended,
        at_ms=now_ms(),
        limit=MAX_SEARCH_RESULTS,
        among=None if account.point is None else _codes_of_point(connection, account.point),
    )


def _must_see(connection: Connection, person: str) -> RosterPerson:
    """Return the person with this code, if the signed-in account may see the person.

    Raises: UnknownPerson if there is no such person; Forbidden if the account may not see the
    person.
    """
    account = access.signed_in_account()
    roster_person = roster.find_person(connection, person, at_ms=now_ms())
    if roster_person is None:
        raise UnknownPerson(person=person[:32])
    if account.unit not in {None, roster_person.unit}:
        raise access.forbidden_scope_error(Action.READ_PERSON)
    if account.point is not None and person not in _codes_of_point(connection, account.point):
        raise access.forbidden_scope_error(Action.READ_PERSON)
    return roster_person


def visible_names(connection: Connection, people: Iterable[str]) -> dict[str, str]:
    """Return {person code: name} for those of `people` that the signed-in account may see.

    `people` are person codes. Codes of people that the account may not see are left out.
    """
    account, codes = access.signed_in_account(), set(people)
    if not codes or not access.may(Action.READ_PERSON):
        return {}
    if account.point is not None:
        codes &= _codes_of_point(connection, account.point)
    if account.unit is not None:
        members = roster.list_people(connection, unit=account.unit, with_ended=True, at_ms=now_ms())
        codes &= {member.person for member in members}
    return roster.names_of(connection, codes)


def _must_see_unit(connection: Connection, unit: str) -> None:
    """Check that the signed-in account may see the people of a unit, given by its code.

    Raises: UnknownUnit; Forbidden if the account belongs to another unit, or to a hall of another
    unit.
    """
    if unit not in directory.all_unit_names(connection):
        raise UnknownUnit(unit=unit[:16])
    account = access.signed_in_account()
    place = directory.all_points(connection).get(account.point or "")
    if account.point is not None and (place is None or place.unit != unit):
        raise access.forbidden_scope_error(Action.READ_PERSON)
    if account.unit not in {None, unit}:
        raise access.forbidden_scope_error(Action.READ_PERSON)


def _codes_of_point(connection: Connection, point: str) -> set[str]:
    """Return the codes of the people that a chair of the hall `point` may see.

    They are the members of the hall's unit, the people summoned to the hall by any meeting, and the
    hall's visitors.
    """
    place = directory.all_points(connection).get(point)
    at_ms = now_ms()
    members = roster.list_people(connection, unit=place.unit, at_ms=at_ms) if place else []
    keys = [
        StreamKey(meeting.id, point) for meeting in directory.meetings(connection, at_ms, point)
    ]
    codes = {member.person for member in members}
    for standing in standings.read_all(connection, keys).values():
        codes |= {
            person_standing.person for person_standing in (*standing.people, *standing.visitors)
        }
    return codes


def _read_register(connection: Connection, unit: str, year: int) -> tuple[str, list[YearLine]]:
    names = directory.all_unit_names(connection)
    if unit not in names:
        raise UnknownUnit(unit=unit[:16])
    people = roster.list_people(connection, unit=unit, at_ms=now_ms())
    codes = [person.person for person in people]
    attendances = attendances_by_person(connection, _meetings_in(connection, year), codes)
    lines = [_count_year(person, attendances.get(person.person, [])) for person in people]
    return names[unit], sorted(lines, key=lambda line: name_sort_key(line.person.full_name))


def _count_year(person: RosterPerson, attendances: list[Attendance]) -> YearLine:
    """Count a person's attendance at past meetings that summoned the person.

    Rehearsals and cancelled meetings do not count.
    """
    counted_standings = [
        attendance.standing
        for attendance in attendances
        if attendance.is_summoned and attendance.is_counted and attendance.meeting.state == "closed"
    ]
    return YearLine(
        person,
        len(counted_standings),
        sum(standing.standing == "present" for standing in counted_standings),
        sum(standing.is_late for standing in counted_standings),
        sum(standing.standing == "absent_excused" for standing in counted_standings),
        sum(standing.standing == "absent_unexcused" for standing in counted_standings),
        sum(standing.standing == "not_recorded" for standing in counted_standings),
        next(
            (
                attendance.standing
                for attendance in attendances
                if attendance.is_summoned and attendance.meeting.state == "open"
            ),
            None,
        ),
    )


def _meetings_in(connection: Connection, year: int) -> list[MeetingSummary]:
    return arrangements.of_year(directory.meetings(connection, now_ms()), year)
