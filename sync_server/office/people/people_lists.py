"""Pages that upload, preview, import and undo lists of people."""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import msgspec
from flask import (
    Blueprint,
    Response,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    url_for,
)
from sqlalchemy import Connection
from werkzeug.wrappers import Response as AnyResponse

from sync_server.acts import list_files, list_imports, place_lists
from sync_server.acts.list_imports import (
    MOST_FAULTS_SHOWN,
    ListPreview,
    UnreadableList,
    describe,
)
from sync_server.acts.people_lists import MEMBERSHIPS, NO_HALL, USED, Change, ListChoices
from sync_server.clocks import now_ms
from sync_server.config import Settings
from sync_server.database import reading, transaction, write
from sync_server.domain.names import name_sort_key
from sync_server.domain.records.permissions import Action
from sync_server.errors import UnknownUploadedList
from sync_server.messages import name_code, say
from sync_server.office import access, demonstration, forms, list_choices, uploads
from sync_server.office.access import allowed
from sync_server.office.downloads import xlsx_download
from sync_server.sheets.headings import FIELDS, Field, fold_heading
from sync_server.storage import directory, purpose
from sync_server.storage.people import lists, roster
from sync_server.storage.people.lists import StoredList
from sync_server.storage.people.roster import RosterPerson
from sync_server.web import served_portal

blueprint = Blueprint("people_lists", __name__)

SHOWN_CHANGES, SHOWN_NEW = 200, 50
"""The maximum numbers of changes and of new people that the preview of a list shows. Nobody could
check a longer page by eye. The counts on the page also include those that are not shown."""
LEFT_OUT = "-"
MOST_NAMED = 30
"""The maximum number of new units and halls that are named in the message after their creation."""
UNPROCESSABLE = 422
CHOSEN_FIELDS = tuple(field for field in FIELDS if field in USED)


class ChangeLine(NamedTuple):
    """A change that importing a list would make to a person's entry, as the preview shows it.

    `facts` are the changed values, as (Vietnamese name, value before, value after). `losses`
    are the names of the fields whose values would be deleted, such as `position`. If the
    person's code would pass to another person, `losses` are `full_name` and `birth_year`.
    """

    change: Change
    facts: list[tuple[str, str, str]]
    losses: tuple[str, ...]


@blueprint.get("/nguoi/danh-sach")
@allowed(Action.ARRANGE)
def index() -> str:
    """Return the page with the form for uploading lists of people, templates and recent imports.

    The page also links to the meetings that have not ended, to which people can be summoned next.
    """
    connection = transaction()
    meetings = directory.meetings(connection, now_ms(), None)
    return render_template(
        "people/people_lists.html",
        imports=[
            (stored, len(list_imports.pairs_of(stored)))
            for stored in lists.latest_done(connection, "people")
        ],
        units=directory.unit_names(connection),
        meetings=[meeting for meeting in meetings if meeting.state != "closed"],
    )


@blueprint.post("/nguoi/danh-sach")
@allowed(Action.ARRANGE, is_slow=True)
def upload() -> AnyResponse:
    """Store an uploaded list of people without importing it, and redirect to its preview.

    If the database has no units yet, the units and halls of the published portal (the public
    website) are stored first. Raises: BadForm if the file is missing or too large.
    """
    file = uploads.list_file("file")
    settings: Settings = current_app.config["SETTINGS"]
    account, at_ms = access.signed_in_account(), now_ms()
    choices = msgspec.json.encode(ListChoices())
    units = write(lambda c: served_portal.store_places_if_empty(c, settings.site_dir, at_ms))
    if units:
        message = say("lists.portal_units", count=units)
        access.log_subjects(message)
        flash(message)
    list_id = write(
        lambda c: lists.add(
            c, "people", account.name, file.name, file.content, now_ms=at_ms, choices=choices
        )
    )
    return redirect(url_for("office.people_lists.preview", list_id=list_id))


@blueprint.get("/nguoi/danh-sach/<list_id>")
@allowed(Action.ARRANGE, is_slow=True)
def preview(list_id: str) -> str | tuple[str, int]:
    """Return the page with the columns, faults, open questions and changes of an uploaded list.

    `list_id` is the id of a list that has not been imported yet. The status is 422 if the file has
    no readable table. Raises: UnknownUploadedList if there is no such list.
    """
    stored, choices = _draft(list_id)
    return _render_preview(stored, choices)


@blueprint.post("/nguoi/danh-sach/<list_id>")
@allowed(Action.ARRANGE, is_slow=True)
def decide(list_id: str) -> AnyResponse | str | tuple[str, int]:
    """Store the user's choices about an uploaded list, and import the list if the form says so.

    `list_id` is the id of a list that has not been imported yet. After an import, redirect to
    the page of imports; otherwise redirect to the preview. Nothing is imported if the list has
    faults or open questions, or if the preview is out of date.

    Raises: UnknownUploadedList if there is no such list; BadForm if a field is wrong, if the
    file has no readable table, or if the user has not agreed to add real people to a database
    with demonstration data (made-up people and halls).
    """
    stored, before = _draft(list_id)
    choices, at_ms = _read_choices(before), now_ms()
    write(lambda c: lists.set_choices(c, list_id, msgspec.json.encode(choices)))
    halls = {name: "" if code == NO_HALL else code for name, code in choices.points.items()}
    write(partial(lists.remember_places, kind="unit", codes=choices.units))
    write(partial(lists.remember_places, kind="point", codes=halls))
    write(partial(lists.remember_fields, fields={k: v or "" for k, v in choices.fields.items()}))
    act = request.form.get("do")
    if act not in {"import", "make"}:
        return redirect(url_for("office.people_lists.preview", list_id=list_id))
    with uploads.readable_list():
        grids = list_imports.open_grids(stored.content, stored.name)
        with reading() as connection:
            read = list_imports.preview(connection, grids, choices)
    if act == "make":
        return _make_places(read, list_id, at_ms)
    if not read.plan.is_ready or list_imports.fingerprint(read.plan) != request.form.get("seen"):
        flash(say("lists.look_again"))
        return redirect(url_for("office.people_lists.preview", list_id=list_id))

    def import_list(c: Connection) -> int:
        demonstration.require_consent_to_real_people(c)
        return list_imports.import_list(c, read, choices, list_id, now_ms=at_ms)

    count = write(import_list)
    new = len(read.plan.new)
    message = say("lists.done", new=new, changed=count - new)
    access.log_subjects(stored.name, message)
    flash(message)
    return redirect(url_for("office.people_lists.index"))


def _make_places(read: ListPreview, list_id: str, at_ms: int) -> AnyResponse:
    """Create the new units and halls that the user chose in the preview of an uploaded list.

    `read` is the content of the list, and `list_id` the list's id. Redirect to the preview.
    """
    units, points = (
        list_choices.new_units(read.unmatched_units),
        list_choices.new_points(read.unmatched_points),
    )
    writer = access.signed_in_account().writer
    made_units, made_halls = write(
        lambda c: place_lists.make_named_places(c, read.table, units, points, writer, at_ms)
    )
    if not made_units and not made_halls:
        flash(say("lists.made_nothing"))
        return redirect(url_for("office.people_lists.preview", list_id=list_id))
    message = say(
        "lists.made",
        units=len(made_units),
        halls=len(made_halls),
        names="; ".join([*made_units, *made_halls][:MOST_NAMED]),
    )
    access.log_subjects(message)
    flash(message)
    return redirect(url_for("office.people_lists.preview", list_id=list_id))


@blueprint.post("/nguoi/danh-sach/<list_id>/hoan-tac")
@allowed(Action.ARRANGE)
def undo(list_id: str) -> AnyResponse:
    """Undo the import of a list of people (`list_id`), and redirect to the page of imports.

    Raises: UnknownUploadedList if there is no such list; BadForm if the list has not been imported,
    if its import has already been undone, if one of its people has been changed since the import,
    or if a meeting already names one of its new people.
    """
    connection = transaction()
    stored = _must_find(lists.find(connection, "people", list_id))
    count = list_imports.undo(connection, stored, now_ms=now_ms())
    access.log_subjects(stored.name, say("lists.undone", count=count))
    flash(say("lists.undone", count=count))
    return redirect(url_for("office.people_lists.index"))


@blueprint.get("/nguoi/danh-sach/<list_id>/loi.xlsx")
@allowed(Action.ARRANGE, is_slow=True)
def faults(list_id: str) -> Response:
    """Return an uploaded list as an XLSX file, with the faults of every row in an added column.

    `list_id` is the id of a list that has not been imported yet. Raises: UnknownUploadedList if
    there is no such list; BadForm if the file has no readable table.
    """
    stored, choices = _draft(list_id)
    with reading() as connection, uploads.readable_list():
        grids = list_imports.open_grids(stored.content, stored.name)
        read = list_imports.preview(connection, grids, choices)
    content = list_files.with_faults(read.table, read.plan.faults, stored.content)
    return xlsx_download(content, "danh-sach-loi.xlsx")


@blueprint.get("/nguoi/mau.xlsx")
@allowed(Action.ARRANGE)
def template() -> Response:
    """Return the people of a unit, or all people, as an XLSX list.

    Users correct the list and import it again. The unit's code is in the query (`don-vi`). With
    `trong` in the query, the list contains only an example row.
    """
    connection = transaction()
    unit = request.args.get("don-vi") or None
    people: list[RosterPerson] = []
    if "trong" not in request.args:
        people = roster.list_people(connection, unit=unit, at_ms=now_ms())
        people.sort(key=lambda person: (person.unit, name_sort_key(person.full_name)))
    access.log_subjects(unit or say("filter.all"))
    points = {code: point.name for code, point in directory.all_points(connection).items()}
    content = list_files.people_template(people, directory.unit_names(connection), points)
    return xlsx_download(content, "danh-sach-can-bo.xlsx")


def _render_preview(stored: StoredList, choices: ListChoices) -> str | tuple[str, int]:
    try:
        grids = list_imports.open_grids(stored.content, stored.name)
        with reading() as connection:
            read = list_imports.preview(connection, grids, choices)
    except UnreadableList as unreadable:
        with reading():
            page = _page(stored, choices, None, [describe(unreadable.fault)], 1)
            return page, UNPROCESSABLE
    chosen_below = {"unknown_unit", "unknown_point"}
    faults = list_imports.different_first(
        [fault for fault in read.plan.faults if fault.problem not in chosen_below]
    )
    with reading():
        return _page(
            stored,
            choices,
            read,
            [describe(fault) for fault in faults[:MOST_FAULTS_SHOWN]],
            len(faults),
        )


def _page(
    stored: StoredList,
    choices: ListChoices,
    read: ListPreview | None,
    sentences: Sequence[str],
    count: int,
) -> str:
    access.log_subjects(stored.name)
    return render_template(
        "people/list_preview.html",
        stored=stored,
        choices=choices,
        read=read,
        sentences=sentences,
        count=count,
        lines=[_line(change, read) for change in read.plan.changed[:SHOWN_CHANGES]] if read else [],
        shown_new=SHOWN_NEW,
        most_unmatched=list_choices.MOST_UNMATCHED,
        fields=CHOSEN_FIELDS,
        memberships=list(dict.fromkeys(MEMBERSHIPS.values())),
        left_out=LEFT_OUT,
        no_hall=NO_HALL,
        new_place=list_choices.NEW_PLACE,
        fold_heading=fold_heading,
        seen=list_imports.fingerprint(read.plan) if read else "",
        is_demonstration=purpose.is_demonstration(transaction()),
    )


def _line(change: Change, read: ListPreview) -> ChangeLine:
    assert change.before
    pairs = [
        (
            say(f"fact.{name}"),
            _fact(name, getattr(change.before, name), read),
            _fact(name, getattr(change.after, name), read),
        )
        for name in change.fields
    ]
    return ChangeLine(change, pairs, change.losses)


def _fact(name: str, value: object, read: ListPreview) -> str:
    if value in {None, ""}:
        return "–"
    if name in {"unit", "point"}:
        names = read.units if name == "unit" else read.points
        return names.get(str(value), str(value))
    if name in {"position", "membership"}:
        return name_code(name, str(value))
    return say("lists.ended") if name == "ended_ms" else str(value)


def _read_choices(before: ListChoices) -> ListChoices:
    """Return the user's choices about an uploaded list: those in the form, combined with `before`.

    `before` contains the earlier choices; those on columns, units and halls stay unless the
    form replaces them. The names of the form fields say what a choice concerns. `c-HEADING`
    contains the meaning of the column with this heading, `p-ROW` the code of the person in this
    row, `u-NAME` the code of the unit with this name, and `h-NAME` the code of the hall with
    this name. `b-HEADING` contains the previous meaning of the column; a choice equal to this
    meaning is ignored.
    """
    fields: dict[str, Field | None] = {}
    people: dict[int, str] = {}
    for name, value in request.form.items():
        kind, _, key = name.partition("-")
        if kind == "c" and request.form.get(f"b-{key}") != value:
            fields[key[:120]] = next((field for field in CHOSEN_FIELDS if field == value), None)
        elif kind == "p" and key.isdecimal() and value:
            people[int(key)] = value[:32]
    return ListChoices(
        before.fields | fields,
        people,
        forms.text("unit", longest=16),
        before.units | list_choices.chosen_units(),
        before.points | list_choices.chosen_points(),
        forms.text("membership", longest=16),
        tuple(request.form.getlist("ended")),
        "others_new" in request.form,
        demonstration.FIELD in request.form,
    )


def _draft(list_id: str) -> tuple[StoredList, ListChoices]:
    with reading() as connection:
        stored = _must_find(lists.find(connection, "people", list_id))
    if stored.done_ms is not None:
        raise UnknownUploadedList(list=list_id)
    return stored, msgspec.json.decode(stored.choices, type=ListChoices)


def _must_find(stored: StoredList | None) -> StoredList:
    if stored is None:
        raise UnknownUploadedList(list="")
    return stored
