"""Pages on one hall of a meeting: its people and officers, its records, and its roll.

The code calls a hall a point. The roll is the list of the people summoned to the hall.
"""

from collections.abc import Sequence
from typing import NamedTuple

from flask import Blueprint, flash, redirect, render_template, request, url_for
from msgspec import UNSET
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from sync_server.acts import arrangements, decisions
from sync_server.acts.writing import seal_note
from sync_server.clocks import now_ms
from sync_server.database import transaction
from sync_server.domain.judging.people import PersonStanding
from sync_server.domain.judging.standing import PointStanding
from sync_server.domain.names import name_sort_key
from sync_server.domain.records.codes import NEWCOMER, to_ms
from sync_server.domain.records.door import OFFICE_DEVICE
from sync_server.domain.records.kinds import (
    AbsenceDecision,
    CheckIn,
    CheckOut,
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
from sync_server.domain.records.permissions import Action, Profile
from sync_server.domain.summoning import RollDifference, compare_rolls
from sync_server.errors import BadForm, UnknownPoint
from sync_server.messages import say
from sync_server.office import access, forms, sealed_details
from sync_server.office.access import allowed
from sync_server.office.halls.places import read_contacts
from sync_server.storage import directory
from sync_server.storage.access import devices
from sync_server.storage.directory import MeetingSummary
from sync_server.storage.ledger import sightings, standings, streams
from sync_server.storage.ledger.streams import StreamKey
from sync_server.storage.people import contacts, roster

blueprint = Blueprint("point", __name__)

STATES = ("present", "late", "absent_excused", "absent_unexcused", "not_recorded")


class RecordLine(NamedTuple):
    """A record in the list of a hall's records, prepared for display.

    `at_ms` is the record's time, corrected for the error of the device's clock, and `device_ms` is
    the uncorrected time; both are in ms since 1970 UTC. `is_corrected` is True if they differ by at
    least 1 s. `what` describes the content in Vietnamese. `flags` are codes for unusual features of
    the record. `is_from_this_point` is False if the record was made in another hall.
    """

    record: Record
    kind: str
    at_ms: int
    device_ms: int
    is_corrected: bool
    what: str
    flags: tuple[str, ...]
    is_from_this_point: bool
    is_voided: bool
    reason: str
    """The reason that headquarters gave, if the record corrects or cancels another; otherwise "".
    """


class RollVersion(NamedTuple):
    """A version of a hall's roll (the people summoned there), compared with the previous version.

    `at_ms` is in ms since 1970 UTC, and `by` is the account that wrote the version. `is_late` is
    True if the account wrote the version after the deadline for changes to the roll.
    """

    at_ms: int
    by: str
    change: RollDifference
    is_late: bool


@blueprint.get("/hoi-nghi/<meeting>/diem-cau/<point>")
@allowed(Action.READ_STANDING)
def page(meeting: str, point: str) -> str:
    """Return the page of a hall (`point`) at a meeting: its people, officers, devices and contacts.

    The query parameter `loc` limits the list of people to those in one of the states in `STATES`.
    Raises: UnknownMeeting; UnknownPoint if the meeting does not take place in this hall.
    """
    connection = transaction()
    summary, standing = _read_point(connection, meeting, point)
    names = roster.names_of(connection, _people_named(standing))
    units = directory.all_unit_names(connection)
    units_and_positions = roster.units_and_positions(
        connection, [person.person for person in standing.people], at_ms=now_ms()
    )
    point_devices = devices.list_devices(connection, point=point)
    officers = standing.terms.officers_at(now_ms())
    names |= roster.names_of(connection, officers.deputies)
    contact_lines = contacts.of_points(connection, [point]).get(point, [])
    place = directory.all_points(connection).get(point)
    state = request.args.get("loc", "")
    people = [person for person in standing.people if _matches_filter(person, state)]
    access.log_subjects(point)
    return render_template(
        "halls/point.html",
        meeting=summary,
        point=point,
        place=place,
        standing=standing,
        officers=officers,
        people=sorted(
            people, key=lambda person: name_sort_key(names.get(person.person, person.person))
        ),
        names=names,
        units=units,
        at=units_and_positions,
        devices=point_devices,
        contacts=contact_lines,
        states=STATES,
        state=state,
        newcomer=NEWCOMER,
    )


@blueprint.get("/hoi-nghi/<meeting>/diem-cau/<point>/ban-ghi")
@allowed(Action.READ_STANDING)
def records(meeting: str, point: str) -> str:
    """Return the page that lists a hall's records in chronological order.

    The list includes records of the hall's people that were made in other halls. The times are
    corrected for wrong clocks. `point` is the hall's code. The query parameter `loai` limits the
    list to one kind of record. Raises: UnknownMeeting; UnknownPoint if the meeting does not take
    place in this hall.
    """
    key = StreamKey(meeting, point)
    connection = transaction()
    summary, standing = _read_point(connection, meeting, point)
    stream_records = streams.records_of(connection, [key])[key]
    clocks = sightings.clocks_of(connection, {record.device for record in stream_records})
    names = roster.names_of(
        connection, {record.person for record in stream_records if record.person}
    )
    point_devices = devices.list_devices(connection, point=point)
    voided = {
        record.refs[0]
        for record in stream_records
        if isinstance(record, Void) and "without_authority" not in standing.flags.get(record.id, ())
    }
    reasons = _reasons_of(stream_records)
    entries = []
    for record in stream_records:
        at_ms, device_ms = clocks.corrected_time_of(record).at_ms, to_ms(record.at)
        entries.append(
            RecordLine(
                record,
                kind_of(record),
                at_ms,
                device_ms,
                abs(at_ms - device_ms) >= 1000,
                _describe(record),
                standing.flags.get(record.id, ()),
                record.point == point,
                record.id in voided,
                reasons.get(record.id, ""),
            )
        )
    entries.sort(key=lambda entry: (entry.at_ms, entry.record.device, entry.record.seq or 0))
    kind = request.args.get("loai", "")
    access.log_subjects(point)
    return render_template(
        "halls/records.html",
        meeting=summary,
        point=point,
        shown_entries=[entry for entry in entries if not kind or entry.kind == kind],
        kinds=sorted({entry.kind for entry in entries}),
        kind=kind,
        names=names,
        devices=point_devices,
        versions=_versions(entries, standing),
        lasting=decisions.KINDS_NEVER_VOIDED,
    )


@blueprint.post("/hoi-nghi/<meeting>/diem-cau/<point>/mo-lai")
@allowed(Action.REOPEN)
def reopen(meeting: str, point: str) -> Response:
    """Reopen the closed attendance list of a hall (`point`), and redirect to the hall's page.

    The form contains the reason. Raises: UnknownMeeting, UnknownPoint; BadForm if the reason is
    missing or the attendance list is not closed.
    """
    reason, at_ms, account = forms.required_text("reason"), now_ms(), access.signed_in_account()
    connection = transaction()
    _, standing = _read_point(connection, meeting, point)
    if standing.closing is None:
        raise BadForm(fault=say("point.not_closed", point=point))
    person = account.person or standing.closing.person
    note = seal_note(reason=reason)
    decisions.reopen(connection, account.writer, StreamKey(meeting, point), person, note, at_ms)
    access.log_subjects(point, person)
    flash(say("point.reopened", point=point))
    return redirect(url_for("office.point.page", meeting=meeting, point=point))


@blueprint.post("/hoi-nghi/<meeting>/diem-cau/<point>/rut-ban-ghi")
@allowed(Action.CORRECT)
def void(meeting: str, point: str) -> Response:
    """Cancel a record of a hall (`point`), and redirect to the list of the hall's records.

    The form contains the record's id and the reason. The record stays stored but has no effect.
    Raises: UnknownRecord if the hall has no such record; BadForm if a field is missing, or if
    this kind of record cannot be cancelled.
    """
    record_id, reason = forms.required_text("record"), forms.required_text("reason")
    at_ms, writer = now_ms(), access.signed_in_account().writer
    key = StreamKey(meeting, point)
    person = decisions.void(transaction(), writer, key, record_id, seal_note(reason=reason), at_ms)
    access.log_subjects(person, record_id, reason)
    flash(say("point.voided"))
    return redirect(url_for("office.point.records", meeting=meeting, point=point))


@blueprint.post("/hoi-nghi/<meeting>/diem-cau/<point>/nhan-ra")
@allowed(Action.RULE)
def identify(meeting: str, point: str) -> Response:
    """Record which known person a newcomer is, and redirect to the page of the hall (`point`).

    A newcomer is an attendee who was on no list at check-in and got a temporary code. The form
    contains this code and the person's code. Raises: BadForm if the person is unknown;
    UnknownRecord if the hall has no record of the newcomer.
    """
    newcomer, person = (
        forms.required_text("newcomer"),
        forms.required_text("person", longest=32).upper(),
    )
    at_ms, writer, key = now_ms(), access.signed_in_account().writer, StreamKey(meeting, point)
    connection = transaction()
    if roster.find_person(connection, person, at_ms=at_ms) is None:
        raise BadForm(fault=say("error.unknown_person", person=person))
    decisions.identify(connection, writer, key, newcomer, person, at_ms)
    access.log_subjects(newcomer, person)
    flash(say("point.identified", person=person))
    return redirect(url_for("office.point.page", meeting=meeting, point=point))


@blueprint.post("/hoi-nghi/<meeting>/diem-cau/<point>/phan-cong")
@allowed(Action.DELEGATE)
def delegate(meeting: str, point: str) -> Response:
    """Record that a hall's Secretary has named a Deputy to preside; redirect to the hall's page.

    The Secretary heads the Party committee of the hall's unit (docs/checklist.md, row 25). The form
    contains the Deputy's code and the number of the Secretary's document. The number may be missing
    only if the Secretary is signed in with a chair's account (the account of a person who
    presides).

    Raises: UnknownMeeting, UnknownPoint; BadForm if a required number is missing, if the hall has
    no such Deputy, or if the form is sent with a chair's account of anybody but the Secretary.
    """
    account, at_ms, key = access.signed_in_account(), now_ms(), StreamKey(meeting, point)
    deputy = forms.required_text("deputy", longest=32)
    is_own = account.role is Profile.CHAIR
    number = (forms.text if is_own else forms.required_text)("document", longest=120)
    connection, writer = transaction(), account.writer
    _, standing = _read_point(connection, meeting, point)
    officers = standing.terms.officers_at(at_ms)
    if officers.secretary is None or deputy not in officers.deputies:
        raise BadForm(fault=say("point.no_deputy", person=deputy, point=point))
    if is_own and account.person != officers.secretary:
        raise BadForm(fault=say("point.not_secretary", name=officers.secretary))
    named = (officers.secretary, deputy)
    document = seal_note(number=number)
    decisions.delegate(connection, writer, key, named, document, at_ms)
    access.log_subjects(point, *named)
    flash(say("point.delegated"))
    return redirect(url_for("office.point.page", meeting=meeting, point=point))


@blueprint.post("/hoi-nghi/<meeting>/diem-cau/<point>/lien-he")
@allowed(Action.ARRANGE)
def set_contacts(meeting: str, point: str) -> Response:
    """Store the names and telephone numbers of a hall's clerk and technician from the form.

    `point` is the hall's code. Redirect to the page of the hall at this meeting. Raises: BadForm if
    a text is too long or a telephone number is wrong.
    """
    contacts.put(transaction(), read_contacts(point))
    access.log_subjects(point)
    flash(say("point.contacts_set"))
    return redirect(url_for("office.point.page", meeting=meeting, point=point))


def _reasons_of(records: Sequence[Record]) -> dict[str, str]:
    """Return {record id: headquarters' reason} for records that correct or cancel other records.

    The reasons are stored in encrypted form, and the audit log records every decryption. A
    reason that cannot be decrypted is "". Records without a reason are left out.
    """
    details = {
        record.id: record.body.detail
        for record in records
        if isinstance(record, CheckIn | CheckOut | Void)
        and record.device.startswith(OFFICE_DEVICE)
        and record.body.detail
    }
    people = {record.id: record.person or "" for record in records}
    contents = sealed_details.open_details(
        {sha256: people[record_id] for record_id, sha256 in details.items()}
    )
    return {
        record_id: sealed_details.text_fields_of(contents.get(sha256)).get("reason", "")
        for record_id, sha256 in details.items()
    }


def _describe(record: Record) -> str:
    """Return the content of a record in Vietnamese; "" if the kind of record says everything."""
    match record:
        case Setting():
            setting_names = [
                say(f"setting.{name}")
                for name in record.body.__struct_fields__
                if getattr(record.body, name) is not UNSET
            ]
            return ", ".join(setting_names)
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


def _read_point(
    connection: Connection, meeting: str, point: str
) -> tuple[MeetingSummary, PointStanding]:
    """Return the summary of a meeting, and the attendance in one of its halls (`point`).

    The attendance includes the settings of the meeting in the hall. Raises: UnknownMeeting;
    UnknownPoint if the meeting does not take place in this hall.
    """
    summary = arrangements.require_meeting(connection, meeting, now_ms())
    standing = standings.read(connection, StreamKey(meeting, point))
    if standing is None:
        raise UnknownPoint(point=point, meeting=meeting)
    return summary, standing


def _matches_filter(person: PersonStanding, state: str) -> bool:
    if state == "late":
        return person.is_late
    return not state or person.standing == state


def _people_named(standing: PointStanding) -> set[str]:
    """Return the codes of all the people whose names appear on the page of a hall.

    The page names the people who preside or are named to preside, summoned and exempt people,
    visitors, people replaced by substitutes, and the person who closed the attendance list.
    """
    chair = standing.chair
    named = {chair.secretary, chair.delegate, chair.named, *(s.person for s in chair.spans)}
    named |= {person.person for person in (*standing.people, *standing.exempt, *standing.visitors)}
    named |= {substitute.instead_of for substitute in standing.substitutes}
    named |= {standing.closing.person} if standing.closing else set()
    return {person for person in named if person}


def _versions(entries: list[RecordLine], standing: PointStanding) -> list[RollVersion]:
    """Return the versions of a hall's roll (the people summoned there), the latest first.

    `entries` are the hall's records in chronological order. Every version is compared with the
    previous version, and the first version with an empty roll.
    """
    versions = []
    before: tuple[Summoned, ...] = ()
    frozen_ms = standing.terms.roll_frozen_ms
    for entry in entries:
        if isinstance(entry.record, Roll) and entry.is_from_this_point:
            after = entry.record.body.people
            is_late = frozen_ms is not None and entry.at_ms > frozen_ms
            author = entry.record.device.removeprefix(OFFICE_DEVICE)
            versions.append(RollVersion(entry.at_ms, author, compare_rolls(before, after), is_late))
            before = after
    return versions[::-1]
