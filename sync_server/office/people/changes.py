"""Pages that add people, correct or merge their entries, and record moves and departures.

Every change to an existing entry needs a reason, which is written to the audit log.
"""

from collections.abc import Sequence

from flask import Blueprint, flash, redirect, render_template, request, url_for
from msgspec.structs import replace
from werkzeug.wrappers import Response

from sync_server.acts import people
from sync_server.acts.people import END_REASONS
from sync_server.acts.people_lists import MAX_NAME, OLDEST_BIRTH_YEAR, YOUNGEST_AGE
from sync_server.clocks import now_ms
from sync_server.database import transaction
from sync_server.domain.positions import COMMITTEE, position_of
from sync_server.domain.records.permissions import Action
from sync_server.domain.summoning import MEMBERSHIPS
from sync_server.errors import BadForm, UnknownPerson, UnknownUnit
from sync_server.messages import name_code, say
from sync_server.office import access, demonstration, forms
from sync_server.office.access import allowed
from sync_server.office.formatting import format_moment
from sync_server.sheets.grids import clean_text
from sync_server.storage import directory, purpose
from sync_server.storage.people import roster
from sync_server.storage.people.roster import RosterPerson

blueprint = Blueprint("changes", __name__)

NOBODY = RosterPerson("", "", "", "", MEMBERSHIPS[0], None)


@blueprint.get("/nguoi/them")
@allowed(Action.ARRANGE)
def form() -> str:
    """Return the page with the form for a new person."""
    return _render_new(replace(NOBODY, unit=request.args.get("don-vi", "")), [])


@blueprint.post("/nguoi/them")
@allowed(Action.ARRANGE)
def add() -> str | Response:
    """Add the person described in the form to the stored people, and redirect to the person's page.

    If the unit has a person of the same name, first return a page that asks whether the new person
    is a different one. If the form contains no code, a new code is generated. Raises: UnknownUnit;
    BadForm if a field is wrong, if the code is already used, or if the database is a demonstration
    and the user has not agreed to add real people.
    """
    connection, at_ms = transaction(), now_ms()
    demonstration.require_consent_to_real_people(connection)
    new_person = replace(
        _read_facts(NOBODY), person=forms.person_code("code"), unit=_read_unit("unit")
    )
    same = people.people_with_name(connection, new_person.full_name, new_person.unit, at_ms=at_ms)
    if same and "is_other" not in request.form:
        return _render_new(new_person, same)
    stored = people.add(connection, new_person)
    access.log_subjects(stored.person, say("people.added"))
    flash(say("people.was_added", name=stored.full_name, person=stored.person))
    return redirect(url_for("office.person.page", person=stored.person))


@blueprint.get("/nguoi/<person>/sua")
@allowed(Action.ARRANGE)
def page(person: str) -> str:
    """Return the page with forms to change a person's entry, and the person's future meetings.

    `person` is the person's code. Raises: UnknownPerson if no person has this code.
    """
    connection, at_ms = transaction(), now_ms()
    stored = _must_find(person)
    access.log_subjects(person)
    return render_template(
        "people/changes.html",
        person=stored,
        units=directory.unit_names(connection),
        memberships=MEMBERSHIPS,
        positions=COMMITTEE,
        points=directory.points(connection),
        reasons=END_REASONS,
        rolls=people.coming_rolls(connection, stored, at_ms),
    )


@blueprint.post("/nguoi/<person>/sua")
@allowed(Action.ARRANGE)
def correct(person: str) -> Response:
    """Correct a person's name, position, Party membership or year of birth from the form.

    `person` is the person's code. The form also contains the reason. Redirect to the page that
    changes the person. Raises: UnknownPerson; BadForm if a field is wrong, the reason is missing,
    or nothing has changed.
    """
    before = _must_find(person)
    after, reason = _read_facts(before), forms.required_text("reason", longest=500)
    changed = [
        name for name in before.__struct_fields__ if getattr(before, name) != getattr(after, name)
    ]
    if not changed:
        raise BadForm(fault=say("people.nothing_changed"))
    people.change(transaction(), after)
    facts = "; ".join(
        f"{say(f'fact.{name}')}: {_fact(before, name)} → {_fact(after, name)}" for name in changed
    )
    return _done(person, facts, reason)


@blueprint.post("/nguoi/<person>/chuyen")
@allowed(Action.ARRANGE)
def move(person: str) -> Response:
    """Move a person (given by code) to the unit chosen in the form, from the time entered there.

    The form also contains the reason. A move to the current unit cancels a planned move. Redirect
    to the page that changes the person. Raises: UnknownPerson, UnknownUnit; BadForm if a field is
    wrong, or if the person already belongs to the unit and no move is planned.
    """
    before, unit = _must_find(person), _read_unit("unit")
    from_ms, reason = forms.required_moment("moves_at"), forms.required_text("reason", longest=500)
    people.move(transaction(), before, unit, from_ms)
    return _done(person, f"{before.unit} → {unit}, {format_moment(from_ms)}", reason)


@blueprint.post("/nguoi/<person>/ket-thuc")
@allowed(Action.ARRANGE)
def end(person: str) -> Response:
    """Record that a person (given by code) is no longer active, and why.

    The form says whether the person has retired, moved away or died, or left for another cause; it
    also contains a reason. New meetings do not summon the person. Redirect to the page that changes
    the person. Raises: UnknownPerson; BadForm if a field is wrong, or if the person is already
    recorded as no longer active.
    """
    before, why = _must_find(person), forms.one_of("why", END_REASONS)
    reason = forms.required_text("reason", longest=500)
    people.end(transaction(), before, why, now_ms())
    return _done(person, say(f"ended_why.{why}"), reason)


@blueprint.post("/nguoi/<person>/dua-tro-lai")
@allowed(Action.ARRANGE)
def bring_back(person: str) -> Response:
    """Restore the entry of a person who has left, or an entry that was merged into another one.

    `person` is the person's code. The form contains the reason. Redirect to the page that changes
    the person. Raises: UnknownPerson; BadForm if the person has not left, if the person's data were
    made anonymous, or if the reason is missing.
    """
    before, reason = _must_find(person), forms.required_text("reason", longest=500)
    people.bring_back(transaction(), before)
    return _done(person, say("people.brought_back"), reason)


@blueprint.post("/nguoi/<person>/gop")
@allowed(Action.ARRANGE)
def merge(person: str) -> Response:
    """Merge a duplicate entry into another entry of the same person, for the stated reason.

    `person` is the code of the duplicate; the form field `kept` contains the code of the entry that
    remains. Redirect to the page of the duplicate. Raises: UnknownPerson; BadForm if the codes are
    equal, if one of the entries has already been merged, or if an account or a device uses the
    duplicate's code.
    """
    entry, kept = _must_find(person), _must_find(forms.person_code("kept"))
    reason = forms.required_text("reason", longest=500)
    people.merge(transaction(), entry, kept, now_ms())
    return _done(person, say("people.merged", kept=kept.person), reason)


@blueprint.post("/nguoi/<person>/trieu-tap")
@allowed(Action.ARRANGE)
def update_rolls(person: str) -> Response:
    """Update the lists of people summoned to coming meetings to match a person's data.

    `person` is the person's code. With `do=add` in the form, add the person to the lists of the
    person's usual hall. Otherwise change only the lists that already name the person. Redirect to
    the page for editing the person's data. Raises: UnknownPerson if no person has this code.
    """
    stored, writer = _must_find(person), access.signed_in_account().writer
    adds = request.form.get("do") == "add"
    changed = people.update_rolls(transaction(), writer, stored, now_ms(), adds=adds)
    access.log_subjects(person, *(f"{roll.meeting.id} {roll.point}" for roll in changed))
    flash(say("people.rolls_updated", count=len(changed)))
    return redirect(url_for("office.changes.page", person=person))


def _done(person: str, what: str, reason: str) -> Response:
    access.log_subjects(person, what, f"({reason})")
    flash(say("people.was_changed"))
    return redirect(url_for("office.changes.page", person=person))


def _render_new(person: RosterPerson, same: Sequence[RosterPerson]) -> str:
    access.log_subjects(*(other.person for other in same))
    return render_template(
        "people/new_person.html",
        person=person,
        same=same,
        units=directory.unit_names(transaction()),
        memberships=MEMBERSHIPS,
        positions=COMMITTEE,
        points=directory.points(transaction()),
        is_demonstration=purpose.is_demonstration(transaction()),
    )


def _must_find(code: str) -> RosterPerson:
    person = roster.find_person(transaction(), code, at_ms=now_ms())
    if person is None:
        raise UnknownPerson(person=code[:32])
    return person


def _read_facts(before: RosterPerson) -> RosterPerson:
    """Return a copy of `before` with the values in the form.

    These are name, position, Party membership, year of birth and usual hall. Raises: BadForm if a
    field is wrong, for example if the name contains a digit.
    """
    name = _clean("full_name", forms.required_text("full_name", longest=MAX_NAME))
    if any(letter.isdigit() for letter in name):
        raise BadForm(fault=say("form.choice", field=say("field.full_name"), value=name))
    youngest_year = int(format_moment(now_ms(), "yyyy")) - YOUNGEST_AGE
    return replace(
        before,
        full_name=name,
        position=position_of(_clean("position", forms.text("position", longest=MAX_NAME))),
        membership=forms.one_of("membership", MEMBERSHIPS),
        birth_year=forms.whole_number("birth_year", least=OLDEST_BIRTH_YEAR, most=youngest_year),
        point=_read_point(),
    )


def _read_point() -> str:
    point = forms.text("point", longest=16)
    if point and point not in directory.all_points(transaction()):
        raise BadForm(fault=say("form.choice", field=say("field.point"), value=point))
    return point


def _clean(field: str, text: str) -> str:
    cleaned, problem = clean_text(text)
    if problem:
        raise BadForm(fault=say("form.choice", field=say(f"field.{field}"), value=text[:40]))
    return cleaned


def _read_unit(name: str) -> str:
    unit = forms.required_text(name, longest=16)
    if unit not in directory.unit_names(transaction()):
        raise UnknownUnit(unit=unit)
    return unit


def _fact(person: RosterPerson, name: str) -> str:
    value = getattr(person, name)
    if name in {"position", "membership"} and value:
        return name_code(name, str(value))
    return str(value or "–")
