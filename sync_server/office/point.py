"""A point at a meeting: its roll, its hall, its day's records in order, and its closing."""

from typing import NamedTuple

from flask import Blueprint, flash, redirect, render_template, request, url_for
from msgspec import UNSET
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from sync_server.clocks import now_ms
from sync_server.database import reading, write
from sync_server.domain.codes import NEWCOMER, to_ms
from sync_server.domain.names import name_key
from sync_server.domain.people import PersonStanding
from sync_server.domain.permissions import Action
from sync_server.domain.records import (
    AbsenceDecision,
    CheckIn,
    Incident,
    Record,
    Roll,
    Ruling,
    SeatChange,
    Setting,
    Summoned,
    Void,
    kind_of,
)
from sync_server.domain.standing import PointStanding
from sync_server.domain.summoning import Change, change
from sync_server.errors import BadForm, UnknownPoint
from sync_server.messages import say
from sync_server.office import access, acts, decisions, forms
from sync_server.office.access import allowed
from sync_server.office.writing import seal_note
from sync_server.storage import contacts, devices, directory, roster, sightings, standings, streams
from sync_server.storage.contacts import DUTIES, ContactLine
from sync_server.storage.directory import MeetingLine
from sync_server.storage.streams import StreamKey

blueprint = Blueprint("point", __name__)

STATES = ("present", "late", "absent_excused", "absent_unexcused", "not_recorded")


class Told(NamedTuple):
    """A record as the day's list shows it."""

    record: Record
    kind: str
    at_ms: int
    device_ms: int
    is_corrected: bool
    what: str
    flags: tuple[str, ...]
    is_own: bool
    is_voided: bool


class Version(NamedTuple):
    """A roll of the point, and what it changed of the one before."""

    at_ms: int
    by: str
    change: Change
    is_late: bool


@blueprint.get("/hoi-nghi/<meeting>/diem-cau/<point>")
@allowed(Action.READ_STANDING)
def page(meeting: str, point: str) -> str:
    """Show a point whole: who is there, what its hall has told, and what headquarters owes it."""
    with reading() as connection:
        line, standing = _find(connection, meeting, point)
        names = roster.names_of(connection, _people(standing))
        units = directory.unit_names(connection)
        at = roster.lines_of(connection, [each.person for each in standing.people])
        own = devices.listed(connection, point=point)
        officers = standing.terms.officers_at(now_ms())
        names |= roster.names_of(connection, officers.deputies)
        who_to_call = contacts.of_points(connection, [point]).get(point, [])
        place = directory.points(connection).get(point)
    state = request.args.get("loc", "")
    people = [each for each in standing.people if _is_shown(each, state)]
    access.about(point)
    return render_template(
        "point.html",
        meeting=line,
        point=point,
        place=place,
        standing=standing,
        officers=officers,
        people=sorted(people, key=lambda each: name_key(names.get(each.person, each.person))),
        names=names,
        units=units,
        at=at,
        devices=own,
        contacts=who_to_call,
        states=STATES,
        state=state,
        newcomer=NEWCOMER,
    )


@blueprint.get("/hoi-nghi/<meeting>/diem-cau/<point>/ban-ghi")
@allowed(Action.READ_STANDING)
def records(meeting: str, point: str) -> str:
    """List what was recorded at a point, or of its people, in the order in which it happened."""
    key = StreamKey(meeting, point)
    with reading() as connection:
        line, standing = _find(connection, meeting, point)
        found = streams.records_of(connection, [key])[key]
        clocks = sightings.clocks_of(connection, {record.device for record in found})
        names = roster.names_of(connection, {each.person for each in found if each.person})
        own = devices.listed(connection, point=point)
    voided = {
        record.refs[0]
        for record in found
        if isinstance(record, Void) and "without_authority" not in standing.flags.get(record.id, ())
    }
    told = []
    for record in found:
        at_ms, device_ms = clocks.moment_of(record).at_ms, to_ms(record.at)
        told.append(
            Told(
                record,
                kind_of(record),
                at_ms,
                device_ms,
                abs(at_ms - device_ms) >= 1000,
                _what(record),
                standing.flags.get(record.id, ()),
                record.point == point,
                record.id in voided,
            )
        )
    told.sort(key=lambda each: (each.at_ms, each.record.device, each.record.seq or 0))
    kind = request.args.get("loai", "")
    access.about(point)
    return render_template(
        "records.html",
        meeting=line,
        point=point,
        told=[each for each in told if not kind or each.kind == kind],
        kinds=sorted({each.kind for each in told}),
        kind=kind,
        names=names,
        devices=own,
        versions=_versions(told, standing),
        lasting=decisions.LASTING,
    )


@blueprint.post("/hoi-nghi/<meeting>/diem-cau/<point>/mo-lai")
@allowed(Action.REOPEN)
def reopen(meeting: str, point: str) -> Response:
    """Reopen the roll that was signed off, for a reason."""
    reason, at_ms, own = forms.needed("reason"), now_ms(), access.who()
    with reading() as connection:
        _, standing = _find(connection, meeting, point)
    if standing.closing is None:
        raise BadForm(fault=say("point.not_closed", point=point))
    person = own.person or standing.closing.person
    note = seal_note(reason=reason)
    write(lambda c: decisions.reopen(c, own.writer, StreamKey(meeting, point), person, note, at_ms))
    access.about(point, person)
    flash(say("point.reopened", point=point))
    return redirect(url_for("office.point.page", meeting=meeting, point=point))


@blueprint.post("/hoi-nghi/<meeting>/diem-cau/<point>/rut-ban-ghi")
@allowed(Action.CORRECT)
def void(meeting: str, point: str) -> Response:
    """Take the effect of a record away, for a reason that the log keeps; the record stays."""
    record_id, reason = forms.needed("record"), forms.needed("reason")
    at_ms, by = now_ms(), access.who().writer
    key = StreamKey(meeting, point)
    person = write(lambda c: decisions.void(c, by, key, record_id, at_ms))
    access.about(person, record_id, reason)
    flash(say("point.voided"))
    return redirect(url_for("office.point.records", meeting=meeting, point=point))


@blueprint.post("/hoi-nghi/<meeting>/diem-cau/<point>/nhan-ra")
@allowed(Action.RULE)
def identify(meeting: str, point: str) -> Response:
    """Say who a newcomer is whom no list had."""
    newcomer, person = forms.needed("newcomer"), forms.needed("person", longest=32).upper()
    at_ms, by, key = now_ms(), access.who().writer, StreamKey(meeting, point)
    with reading() as connection:
        if roster.person(connection, person) is None:
            raise BadForm(fault=say("error.unknown_person", person=person))
    write(lambda c: decisions.identify(c, by, key, newcomer, person, at_ms))
    access.about(newcomer, person)
    flash(say("point.identified", person=person))
    return redirect(url_for("office.point.page", meeting=meeting, point=point))


@blueprint.post("/hoi-nghi/<meeting>/diem-cau/<point>/phan-cong")
@allowed(Action.ARRANGE)
def delegate(meeting: str, point: str) -> Response:
    """Note which Deputy the Secretary names to preside, by a document (domain.md row 25)."""
    deputy, number = forms.needed("deputy", longest=32), forms.needed("document", longest=120)
    at_ms, by, key = now_ms(), access.who().writer, StreamKey(meeting, point)
    with reading() as connection:
        _, standing = _find(connection, meeting, point)
    officers = standing.terms.officers_at(at_ms)
    if officers.secretary is None or deputy not in officers.deputies:
        raise BadForm(fault=say("point.no_deputy", person=deputy, point=point))
    named = (officers.secretary, deputy)
    document = seal_note(number=number)
    write(lambda c: decisions.delegate(c, by, key, named, document, at_ms))
    access.about(point, *named)
    flash(say("point.delegated"))
    return redirect(url_for("office.point.page", meeting=meeting, point=point))


@blueprint.post("/hoi-nghi/<meeting>/diem-cau/<point>/lien-he")
@allowed(Action.ARRANGE)
def set_contacts(meeting: str, point: str) -> Response:
    """Say whom to call at a point."""
    lines = [
        ContactLine(
            point,
            duty,
            forms.text(f"name_{duty}", longest=120),
            "".join(c for c in forms.text(f"phone_{duty}", longest=24) if c in "+0123456789"),
        )
        for duty in DUTIES
    ]
    write(lambda c: contacts.put(c, lines))
    access.about(point)
    flash(say("point.contacts_set"))
    return redirect(url_for("office.point.page", meeting=meeting, point=point))


def _what(record: Record) -> str:
    """Return what a record says, as far as codes and hours tell it."""
    match record:
        case Setting():
            told = [
                say(f"setting.{name}")
                for name in record.body.__struct_fields__
                if getattr(record.body, name) is not UNSET
            ]
            return ", ".join(told)
        case Roll():
            return say("records.people", count=len(record.body.people))
        case CheckIn() | SeatChange() if record.body.seat:
            return say("records.seat", seat=record.body.seat)
        case AbsenceDecision():
            return say(f"turn.{record.body.decision}")
        case Incident():
            return say(f"incident.{record.body.what}")
        case Ruling() if record.body.ruling != "identify":
            return say(f"held.answer.{record.body.ruling}")
        case _:
            return ""


def _find(connection: Connection, meeting: str, point: str) -> tuple[MeetingLine, PointStanding]:
    """Return a meeting and how a point of it stands. Raises: UnknownMeeting, UnknownPoint."""
    line = acts.must_know(connection, meeting, now_ms())
    found = standings.read(connection, StreamKey(meeting, point))
    if found is None:
        raise UnknownPoint(point=point, meeting=meeting)
    return line, found


def _is_shown(each: PersonStanding, state: str) -> bool:
    if state == "late":
        return each.is_late
    return not state or each.standing == state


def _people(standing: PointStanding) -> set[str]:
    """Return everybody whom a point's page names."""
    chair = standing.chair
    named = {chair.secretary, chair.delegate, chair.named, *(s.person for s in chair.spans)}
    named |= {each.person for each in (*standing.people, *standing.exempt, *standing.visitors)}
    named |= {each.instead_of for each in standing.substitutes}
    named |= {standing.closing.person} if standing.closing else set()
    return {each for each in named if each}


def _versions(told: list[Told], standing: PointStanding) -> list[Version]:
    """Return the point's rolls, the latest first, each with what it changed."""
    versions = []
    before: tuple[Summoned, ...] = ()
    frozen_ms = standing.terms.roll_frozen_ms
    for each in told:
        if isinstance(each.record, Roll) and each.is_own:
            after = each.record.body.people
            is_late = frozen_ms is not None and each.at_ms > frozen_ms
            who = each.record.device.removeprefix("O-")
            versions.append(Version(each.at_ms, who, change(before, after), is_late))
            before = after
    return versions[::-1]
