"""People: found by name, their attendance over the year, and corrections, each a record."""

from collections.abc import Sequence
from typing import NamedTuple

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response as AnyResponse

from sync_server.clocks import now_ms
from sync_server.database import reading, write
from sync_server.domain.clock import FAR_FROM_MEETING_MS
from sync_server.domain.codes import to_ms
from sync_server.domain.names import is_named, name_key
from sync_server.domain.people import PersonStanding
from sync_server.domain.permissions import Action
from sync_server.domain.settings import REASONS
from sync_server.errors import BadForm, UnknownPerson, UnknownPoint, UnknownUnit
from sync_server.messages import say
from sync_server.office import access, acts, decisions, forms, inbox, sheets, uploads
from sync_server.office.access import allowed
from sync_server.office.roster_files import RosterFault
from sync_server.office.shown import moment
from sync_server.office.writing import seal_note
from sync_server.storage import cards, directory, roster, standings, streams
from sync_server.storage.directory import MeetingLine
from sync_server.storage.roster import PersonFact
from sync_server.storage.streams import StreamKey

blueprint = Blueprint("people", __name__)

MOST_FOUND = 50
BAD = 422
FAR_MS = FAR_FROM_MEETING_MS
REGISTER = ("code", "name", "summoned", "present", "late", "excused", "unexcused", "not_recorded")


class Attended(NamedTuple):
    """How somebody stood at a meeting, at the point that summoned them or that they visited."""

    meeting: MeetingLine
    point: str
    standing: PersonStanding
    is_summoned: bool
    is_counted: bool


class YearLine(NamedTuple):
    """A person's year in figures; `now`: how they stand at a meeting that is held now."""

    person: PersonFact
    summoned: int
    present: int
    late: int
    excused: int
    unexcused: int
    not_recorded: int
    now: PersonStanding | None


@blueprint.get("/nguoi")
@allowed(Action.READ_PERSON)
def search() -> str:
    """Find people by name or code; of a chair's point and a secretary's unit only theirs."""
    return _search(request.args.get("tim", "").strip())


@blueprint.post("/nguoi")
@allowed(Action.ARRANGE)
def import_people() -> AnyResponse | tuple[str, int]:
    """Take a roster in from a file: all of it or nothing; who is known is brought up to date."""
    try:
        people = [row for row in uploads.rows_of("file") if isinstance(row, PersonFact)]
        if not people:
            raise RosterFault([say("people.no_people")])
    except RosterFault as fault:
        return _search("", fault.faults), BAD
    write(lambda c: roster.put_people(c, people))
    told = say("roster.imported_people", count=len(people))
    access.about(told)
    flash(told)
    return redirect(url_for("office.people.search"))


def _search(text: str, faults: Sequence[str] = ()) -> str:
    with reading() as connection:
        units = directory.unit_names(connection)
        found = _matching(connection, text) if text else []
    access.about(*(each.person for each in found))
    return render_template(
        "people.html",
        people=found[:MOST_FOUND],
        count=len(found),
        text=text,
        units=units,
        faults=faults,
    )


@blueprint.get("/nguoi/<person>")
@allowed(Action.READ_PERSON)
def page(person: str) -> str:
    """Show a person's year: each meeting, each request, and the card."""
    year = _year()
    with reading() as connection:
        fact = _must_see(connection, person)
        units = directory.unit_names(connection)
        points = directory.points(connection)
        lines = _lines_of(connection, year)
        attended = attended_by(connection, lines, [person]).get(person, [])
        keys = [StreamKey(each.meeting.id, each.point) for each in attended if each.is_summoned]
        asked = standings.requests_of(connection, keys, by=None, at_ms=now_ms())
        has_card = bool(cards.hashes_of(connection, [person]))
    items = inbox.opened([pair for pair in asked if pair[1].person == person])
    access.about(person)
    return render_template(
        "person.html",
        person=fact,
        unit=units.get(fact.unit, fact.unit),
        year=year,
        attended=attended,
        summary=_summary(fact, attended),
        items=items,
        points=points,
        reasons=REASONS,
        has_card=has_card,
    )


@blueprint.post("/nguoi/<person>/dieu-chinh")
@allowed(Action.CORRECT)
def correct(person: str) -> AnyResponse:
    """State when somebody came or left, as a record; the log keeps the reason."""
    meeting, point = forms.needed("meeting", longest=64), forms.needed("hall", longest=16)
    kind: decisions.Moved = "check_in"
    if forms.one_of("kind", ("check_in", "check_out")) == "check_out":
        kind = "check_out"
    happened_ms, reason = forms.moment_needed("happened_at"), forms.needed("reason")
    at_ms, by, key = now_ms(), access.who().writer, StreamKey(meeting, point)
    with reading() as connection:
        _must_see(connection, person)
        line = acts.must_know(connection, meeting, at_ms)
        if standings.read(connection, key) is None:
            raise UnknownPoint(point=point, meeting=meeting)
    first_ms, last_ms = to_ms(line.starts_at) - FAR_MS, to_ms(line.ends_at) + FAR_MS
    if not first_ms <= happened_ms <= min(last_ms, at_ms):
        raise BadForm(fault=say("person.not_then", at=moment(happened_ms)))
    write(lambda c: decisions.move(c, by, key, person, kind, happened_ms, at_ms))
    access.about(person, point, reason)
    flash(say("person.corrected"))
    return redirect(url_for("office.people.page", person=person))


@blueprint.post("/nguoi/<person>/xin-vang")
@allowed(Action.CORRECT)
def ask(person: str) -> AnyResponse:
    """Note a request for leave whose report came to headquarters."""
    meeting, reason = forms.needed("meeting", longest=64), forms.one_of("leave_reason", REASONS)
    number, note = forms.needed("document", longest=120), forms.text("note")
    at_ms, by = now_ms(), access.who().writer
    with reading() as connection:
        _must_see(connection, person)
        line = acts.must_know(connection, meeting, at_ms)
        own = attended_by(connection, [line], [person]).get(person, [])
    point = next((each.point for each in own if each.is_summoned), None)
    if point is None:
        raise BadForm(fault=say("person.not_summoned", person=person))
    key, told = StreamKey(meeting, point), seal_note(reason=reason, number=number, note=note)
    write(lambda c: decisions.ask(c, by, key, person, told, at_ms))
    access.about(person, point)
    flash(say("person.asked"))
    return redirect(url_for("office.people.page", person=person))


@blueprint.get("/don-vi/<unit>")
@allowed(Action.READ_PERSON)
def unit(unit: str) -> str:
    """Show a unit's people with their year in figures (the study register, domain.md row 19)."""
    year = _year()
    with reading() as connection:
        _must_see_unit(connection, unit)
        name, lines = _register(connection, unit, year)
    access.about(unit)
    return render_template("unit.html", unit=unit, name=name, lines=lines, year=year)


@blueprint.get("/don-vi/<unit>/so-theo-doi.csv")
@allowed(Action.READ_PERSON)
def register(unit: str) -> Response:
    """Return a unit's study register as a file for a spreadsheet."""
    year = _year()
    with reading() as connection:
        _must_see_unit(connection, unit)
        _, lines = _register(connection, unit, year)
    access.about(unit)
    rows = [[each.person.person, each.person.full_name, *each[1:-1]] for each in lines]
    return sheets.csv_of([say(f"register.{each}") for each in REGISTER], rows, f"{unit}-{year}.csv")


def attended_by(
    connection: Connection, lines: list[MeetingLine], people: list[str]
) -> dict[str, list[Attended]]:
    """Return by person how they stood at each of these meetings, the latest first."""
    by_id = {line.id: line for line in lines}
    keys = streams.of_person(connection, sorted(by_id), people)
    found: dict[str, list[Attended]] = {}
    wanted = set(people)
    for key, standing in standings.read_all(connection, keys).items():
        for is_summoned, own in ((True, standing.people), (False, standing.visitors)):
            for each in own:
                if each.person in wanted:
                    line = by_id[key.meeting]
                    told = Attended(line, key.point, each, is_summoned, standing.is_counted)
                    found.setdefault(each.person, []).append(told)
    for own_list in found.values():
        own_list.sort(key=lambda each: each.meeting.starts_at, reverse=True)
    return found


def _matching(connection: Connection, text: str) -> list[PersonFact]:
    own = access.who()
    people = roster.facts_of(connection, unit=own.unit)
    if own.point is not None:
        at = _of_point(connection, own.point)
        people = [each for each in people if each.person in at]
    found = [
        each for each in people if is_named(each.full_name, text) or each.person == text.upper()
    ]
    return sorted(found, key=lambda each: name_key(each.full_name))


def _must_see(connection: Connection, person: str) -> PersonFact:
    """Return a person whom this account may see. Raises: UnknownPerson, Forbidden."""
    own, fact = access.who(), roster.fact_of(connection, person)
    if fact is None:
        raise UnknownPerson(person=person[:32])
    if own.unit not in {None, fact.unit}:
        raise access.elsewhere(Action.READ_PERSON)
    if own.point is not None and person not in _of_point(connection, own.point):
        raise access.elsewhere(Action.READ_PERSON)
    return fact


def _must_see_unit(connection: Connection, unit: str) -> None:
    """Check that this account may see a unit's people. Raises: Forbidden."""
    own = access.who()
    place = directory.points(connection).get(own.point or "")
    if own.point is not None and (place is None or place.unit != unit):
        raise access.elsewhere(Action.READ_PERSON)
    if own.unit not in {None, unit}:
        raise access.elsewhere(Action.READ_PERSON)


def _of_point(connection: Connection, point: str) -> set[str]:
    """Return whom any meeting has summoned to a point, and the people of its unit."""
    place = directory.points(connection).get(point)
    members = roster.facts_of(connection, unit=place.unit) if place else []
    keys = [StreamKey(line.id, point) for line in directory.meetings(connection, now_ms(), point)]
    found = {each.person for each in members}
    for standing in standings.read_all(connection, keys).values():
        found |= {each.person for each in (*standing.people, *standing.visitors)}
    return found


def _register(connection: Connection, unit: str, year: int) -> tuple[str, list[YearLine]]:
    names = directory.unit_names(connection)
    if unit not in names:
        raise UnknownUnit(unit=unit[:16])
    people = roster.facts_of(connection, unit=unit)
    codes = [each.person for each in people]
    attended = attended_by(connection, _lines_of(connection, year), codes)
    lines = [_summary(each, attended.get(each.person, [])) for each in people]
    return names[unit], sorted(lines, key=lambda each: name_key(each.person.full_name))


def _summary(person: PersonFact, attended: list[Attended]) -> YearLine:
    """Count a person's year: meetings that are over; no rehearsal, none that was cancelled."""
    own = [
        each.standing
        for each in attended
        if each.is_summoned and each.is_counted and each.meeting.state == "closed"
    ]
    return YearLine(
        person,
        len(own),
        sum(each.standing == "present" for each in own),
        sum(each.is_late for each in own),
        sum(each.standing == "absent_excused" for each in own),
        sum(each.standing == "absent_unexcused" for each in own),
        sum(each.standing == "not_recorded" for each in own),
        next((e.standing for e in attended if e.is_summoned and e.meeting.state == "open"), None),
    )


def _year() -> int:
    """Return the year that is asked for, by default this one, in Vietnam."""
    given = request.args.get("nam", "")
    if given.isascii() and given.isdecimal() and len(given) == len("2024"):
        return int(given)
    return int(moment(now_ms(), "yyyy"))


def _lines_of(connection: Connection, year: int) -> list[MeetingLine]:
    lines = directory.meetings(connection, now_ms())
    return [line for line in lines if moment(line.starts_at, "yyyy") == f"{year:04d}"]
