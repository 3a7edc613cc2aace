"""Pages that create, change and close halls and the units (organisations) to which they belong."""

from collections.abc import Sequence

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from msgspec.structs import replace
from sqlalchemy import Connection
from werkzeug.wrappers import Response as AnyResponse

from sync_server.acts import list_files, place_lists, places
from sync_server.acts.list_imports import MOST_FAULTS_SHOWN, UnreadableList, describe, open_grids
from sync_server.acts.place_lists import MAX_NAME, MOST_SEATS, PlaceChange, PlacePlan
from sync_server.clocks import now_ms
from sync_server.database import reading, transaction, write
from sync_server.domain.records.permissions import Action
from sync_server.domain.unit_types import UNIT_TYPES
from sync_server.errors import BadForm, UnknownHall, UnknownUnit, UnknownUploadedList
from sync_server.messages import say
from sync_server.office import access, forms, uploads
from sync_server.office.access import allowed
from sync_server.office.downloads import xlsx_download
from sync_server.storage import directory
from sync_server.storage.directory import PointSummary, UnitSummary
from sync_server.storage.people import contacts, lists, roster
from sync_server.storage.people.contacts import DUTIES, ContactLine, normalise_phone

blueprint = Blueprint("places", __name__)

UNPROCESSABLE = 422
NEW = "moi"
"""The word that replaces the hall's code in the address of a page for a hall that does not exist
yet."""


@blueprint.get("/don-vi")
@allowed(Action.READ_ARRANGEMENTS)
def index() -> str:
    """Return the page that lists all units with their halls, numbers of seats and contacts."""
    connection = transaction()
    points = directory.all_points(connection)
    return render_template(
        "halls/places.html",
        units=directory.all_units(connection),
        points=points,
        contacts=contacts.of_points(connection, points),
        usual_halls=roster.usual_halls(connection),
    )


@blueprint.get("/don-vi/them")
@allowed(Action.ARRANGE)
def new_unit() -> str:
    """Return the page with the form that adds a unit (a Party organisation) and its hall."""
    return render_template("halls/unit_form.html", unit=None, types=UNIT_TYPES, points=[])


@blueprint.post("/don-vi/them")
@allowed(Action.ARRANGE)
def add_unit() -> AnyResponse:
    """Create a unit and, if the form contains `with_hall`, a hall for the unit.

    If the form contains no code, a new code is generated. Redirect to the unit's page. Raises:
    BadForm if a field is wrong, or if another unit has the code or the name.
    """
    connection, writer, at_ms = transaction(), access.signed_in_account().writer, now_ms()
    unit = UnitSummary(
        forms.text("unit_code", longest=16).upper(),
        forms.required_text("place_name", longest=MAX_NAME),
        forms.one_of("unit_type", UNIT_TYPES),
    )
    unit = places.put_unit(connection, unit, is_new=True)
    if "with_hall" in request.form:
        hall = PointSummary("", say("places.hall_of", name=unit.name), unit.code, unit.type)
        places.put_point(connection, hall, writer, at_ms, is_new=True)
    access.log_subjects(unit.code, unit.name)
    flash(say("places.unit_added", code=unit.code, name=unit.name))
    return redirect(url_for("office.places.unit", unit=unit.code))


@blueprint.get("/don-vi/<unit>/sua")
@allowed(Action.ARRANGE)
def unit(unit: str) -> str:
    """Return the page with the forms that change a unit (given by its code) and its halls.

    Raises: UnknownUnit if no unit has this code.
    """
    connection = transaction()
    stored = _must_find_unit(unit)
    points = [p for p in directory.all_points(connection).values() if p.unit == unit]
    return render_template(
        "halls/unit_form.html",
        unit=stored,
        types=UNIT_TYPES,
        points=points,
        contacts=contacts.of_points(connection, [point.code for point in points]),
        duties=DUTIES,
        new=NEW,
    )


@blueprint.post("/don-vi/<unit>/sua")
@allowed(Action.ARRANGE)
def change_unit(unit: str) -> AnyResponse:
    """Save the name and type of a unit (given by its code), close the unit, or restore it.

    The form field `do` selects one of the three. Redirect to the unit's page. Raises: UnknownUnit;
    BadForm if a field is wrong, if the unit to be closed still has people, or if a coming meeting
    summons people to one of its halls.
    """
    connection, at_ms = transaction(), now_ms()
    stored = _must_find_unit(unit)
    match forms.one_of("do", ("save", "end", "bring_back")):
        case "save":
            name = forms.required_text("place_name", longest=MAX_NAME)
            unit_type = forms.one_of("unit_type", UNIT_TYPES)
            renamed = replace(stored, name=name, type=unit_type)
            places.put_unit(connection, renamed, is_new=False)
            access.log_subjects(unit, f"{stored.name} → {name}")
        case "end":
            places.end_unit(connection, stored, at_ms)
            access.log_subjects(unit, say("places.ended"))
        case _:
            directory.put_unit(connection, replace(stored, ended_ms=None))
            access.log_subjects(unit, say("people.brought_back"))
    flash(say("places.saved"))
    return redirect(url_for("office.places.unit", unit=unit))


@blueprint.post("/don-vi/<unit>/diem-cau/<hall>")
@allowed(Action.ARRANGE)
def change_hall(unit: str, hall: str) -> AnyResponse:
    """Create or save a hall of a unit, close the hall, or restore it, as the form field `do` says.

    `unit` is the unit's code. `hall` is the hall's code, or `NEW` for a new hall. Saving sets the
    name, the number of seats and the contacts. Redirect to the unit's page.

    Raises: UnknownUnit; UnknownHall if the unit has no such hall; BadForm if a field is wrong, or
    if a coming meeting summons people to the hall that is to be closed.
    """
    connection, writer, at_ms = transaction(), access.signed_in_account().writer, now_ms()
    owner = _must_find_unit(unit)
    stored = directory.all_points(connection).get(hall)
    if hall != NEW and (stored is None or stored.unit != unit):
        raise UnknownHall(point=hall[:16])
    match forms.one_of("do", ("save", "end", "bring_back")):
        case "save":
            code = forms.text("point_code", longest=16).upper()
            place = stored or PointSummary(code, "", unit, owner.type)
            place = replace(
                place,
                name=forms.required_text("place_name", longest=MAX_NAME),
                capacity=forms.whole_number("capacity", most=MOST_SEATS),
            )
            place = places.put_point(connection, place, writer, at_ms, is_new=stored is None)
            contacts.put(connection, read_contacts(place.code))
            access.log_subjects(place.code, place.name)
        case "end" if stored:
            places.end_point(connection, stored, at_ms)
            access.log_subjects(hall, say("places.ended"))
        case "bring_back" if stored:
            directory.put_point(connection, replace(stored, ended_ms=None))
            access.log_subjects(hall, say("people.brought_back"))
    flash(say("places.saved"))
    return redirect(url_for("office.places.unit", unit=unit))


@blueprint.get("/don-vi/mau.xlsx")
@allowed(Action.READ_ARRANGEMENTS)
def template() -> Response:
    """Return the active units and halls as an XLSX file that users can correct and import again."""
    connection = transaction()
    points = directory.points(connection)
    units = {
        code: unit
        for code, unit in directory.all_units(connection).items()
        if unit.ended_ms is None
    }
    content = list_files.places_template(units, points, contacts.of_points(connection, points))
    return xlsx_download(content, "don-vi-diem-cau.xlsx")


@blueprint.post("/don-vi/danh-sach")
@allowed(Action.ARRANGE, is_slow=True)
def upload() -> AnyResponse:
    """Store an uploaded list of units and halls without importing it, and redirect to its preview.

    Raises: BadForm if the file is missing or too large.
    """
    file, account, at_ms = uploads.list_file("file"), access.signed_in_account(), now_ms()
    list_id = write(
        lambda c: lists.add(c, "places", account.name, file.name, file.content, now_ms=at_ms)
    )
    return redirect(url_for("office.places.preview", list_id=list_id))


@blueprint.get("/don-vi/danh-sach/<list_id>")
@allowed(Action.ARRANGE, is_slow=True)
def preview(list_id: str) -> str | tuple[str, int]:
    """Return the page with the faults of an uploaded list and its changes to units and halls.

    `list_id` is the id of a list that has not been imported yet. The status is 422 if the file has
    no readable table. Raises: UnknownUploadedList if there is no such list.
    """
    with reading() as connection:
        stored = _must_find_list(lists.find(connection, "places", list_id))
    try:
        grids = open_grids(stored.content, stored.name)
        with reading() as connection:
            plan = place_lists.plan_places(connection, grids)
    except UnreadableList as unreadable:
        sentences = [describe(unreadable.fault)]
        return _render_preview(stored.id, stored.name, sentences), UNPROCESSABLE
    sentences = [describe(fault) for fault in plan.faults]
    return _render_preview(stored.id, stored.name, sentences, plan)


@blueprint.get("/don-vi/danh-sach/<list_id>/loi.xlsx")
@allowed(Action.ARRANGE, is_slow=True)
def faults(list_id: str) -> Response:
    """Return an uploaded list as an XLSX file, with the faults of every row in an added column.

    `list_id` is the id of a list that has not been imported yet. Raises: UnknownUploadedList if
    there is no such list; BadForm if the file has no readable table.
    """
    with reading() as connection, uploads.readable_list():
        stored = _must_find_list(lists.find(connection, "places", list_id))
        plan = place_lists.plan_places(connection, open_grids(stored.content, stored.name))
    return xlsx_download(
        list_files.with_faults(plan.table, plan.faults, stored.content), "don-vi-loi.xlsx"
    )


@blueprint.post("/don-vi/danh-sach/<list_id>")
@allowed(Action.ARRANGE, is_slow=True)
def import_list(list_id: str) -> AnyResponse:
    """Import an uploaded list of units and halls, and redirect to the page that lists all of them.

    `list_id` is the id of a list that has not been imported yet. Raises: UnknownUploadedList if
    there is no such list; BadForm if the list has faults, or if its changes differ from those that
    the preview showed.
    """
    writer, at_ms = access.signed_in_account().writer, now_ms()
    with reading() as connection:
        stored = _must_find_list(lists.find(connection, "places", list_id))
    with uploads.readable_list():
        grids = open_grids(stored.content, stored.name)

        def import_places(c: Connection) -> int:
            plan = place_lists.plan_places(c, grids)
            if plan.faults or plan.fingerprint != request.form.get("seen"):
                raise BadForm(fault=say("lists.look_again"))
            place_lists.import_places(c, plan, writer, at_ms)
            lists.set_done(c, list_id, b"[]", now_ms=at_ms)
            return len(plan.changes)

        count = write(import_places)
    message = say("places.imported", count=count)
    access.log_subjects(stored.name, message)
    flash(message)
    return redirect(url_for("office.places.index"))


def read_contacts(point: str) -> list[ContactLine]:
    """Read the contacts of a hall (`point`) from the form: two names with telephone numbers.

    The two people are the hall's clerk and its technician. Raises: BadForm if a text is too long or
    a telephone number is wrong.
    """
    lines = []
    for duty in DUTIES:
        phone = forms.text(f"phone_{duty}", longest=24)
        if phone and not normalise_phone(phone):
            fault = say("form.choice", field=say(f"field.phone_{duty}"), value=phone)
            raise BadForm(fault=fault)
        name = forms.text(f"name_{duty}", longest=120)
        lines.append(ContactLine(point, duty, name, normalise_phone(phone) or ""))
    return lines


def _render_preview(
    list_id: str,
    name: str,
    sentences: Sequence[str],
    plan: PlacePlan | None = None,
) -> str:
    access.log_subjects(name)
    return render_template(
        "halls/place_preview.html",
        list_id=list_id,
        name=name,
        sentences=sentences[:MOST_FAULTS_SHOWN],
        count=len(sentences),
        is_read=plan is not None,
        lines=[(change, _facts(change)) for change in plan.changes] if plan else [],
        seen=plan.fingerprint if plan else "",
    )


def _facts(change: PlaceChange) -> list[tuple[str, str, str]]:
    """Return the values that change for a unit, hall or contact, as (label, before, after).

    All three are texts for display. A missing value is a dash.
    """
    names = {
        UnitSummary: ("name", "type"),
        PointSummary: ("name", "unit", "capacity"),
        ContactLine: ("name", "phone"),
    }[type(change.after)]
    return [
        (say(f"place_fact.{name}"), _shown(change.before, name), _shown(change.after, name))
        for name in names
        if getattr(change.before, name, None) != getattr(change.after, name)
    ]


def _shown(place: object, name: str) -> str:
    value = getattr(place, name, None)
    if name == "type" and value:
        return say(f"unit_type.{value}")
    return "–" if value in {None, ""} else str(value)


def _must_find_unit(code: str) -> UnitSummary:
    unit = directory.all_units(transaction()).get(code)
    if unit is None:
        raise UnknownUnit(unit=code[:16])
    return unit


def _must_find_list(stored: lists.StoredList | None) -> lists.StoredList:
    if stored is None or stored.done_ms is not None:
        raise UnknownUploadedList(list="")
    return stored
