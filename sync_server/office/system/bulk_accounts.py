"""Pages that create accounts for many halls or units at once.

The first passwords are printed on slips, one for every account.
"""

from collections.abc import Sequence

from flask import Blueprint, current_app, render_template, request

from sync_server.acts import bulk_accounts, summons_lists
from sync_server.acts.bulk_accounts import AccountBatch
from sync_server.acts.list_imports import (
    MOST_FAULTS_SHOWN,
    UnreadableList,
    describe,
    find_list,
    open_grids,
)
from sync_server.clocks import now_ms
from sync_server.config import Settings
from sync_server.database import reading, transaction
from sync_server.domain.records.permissions import Action
from sync_server.errors import BadForm
from sync_server.messages import say
from sync_server.office import access, forms, uploads
from sync_server.office.access import allowed
from sync_server.storage import directory
from sync_server.storage.people import roster

blueprint = Blueprint("bulk_accounts", __name__)

UNPROCESSABLE = 422
KINDS = ("chair", "secretary")


@blueprint.get("/tai-khoan/hang-loat")
@allowed(Action.MANAGE_ACCOUNTS)
def form() -> str:
    """Return the page with the forms that create many accounts at once."""
    return _render_form([])


@blueprint.post("/tai-khoan/hang-loat")
@allowed(Action.MANAGE_ACCOUNTS, is_slow=True)
def by_place() -> str:
    """Create accounts for the chairs of chosen halls or for the secretaries of chosen units.

    Return a page to print, with the name and the first password of every new account. An account
    that already exists keeps its password, unless the form contains `renews`; then it gets a new
    one. Raises: BadForm if no hall or unit was chosen, or if one of them is unknown.
    """
    kind, at_ms = forms.one_of("kind", KINDS), now_ms()
    chosen = list(dict.fromkeys(request.form.getlist("place")))
    with reading() as connection:
        units, points = directory.unit_names(connection), directory.points(connection)
        if "all" in request.form:
            chosen = list(units if kind == "secretary" else points)
        known = units.keys() if kind == "secretary" else points.keys()
        if not chosen or not known >= set(chosen):
            raise BadForm(fault=say("form.nothing"))
        chairs = bulk_accounts.chairs_of(connection, chosen, at_ms=at_ms)
    wanted = (
        bulk_accounts.secretary_accounts(chosen)
        if kind == "secretary"
        else bulk_accounts.chair_accounts(list(chairs.items()))
    )
    made = bulk_accounts.make(wanted, renews="renews" in request.form)
    if kind == "chair":
        made.without_secretary.extend(point for point in chosen if point not in chairs)
    return _render_slips(made)


@blueprint.post("/tai-khoan/hang-loat/tep")
@allowed(Action.MANAGE_ACCOUNTS, is_slow=True)
def by_list() -> str | tuple[str, int]:
    """Create accounts for the chairs in an uploaded list of people and halls.

    Return a page to print, with the names and first passwords. If the list has faults or contains
    no people, create nothing, and return a page with the faults and status 422.

    Raises: BadForm if the file is missing or too large.
    """
    file = uploads.list_file("file")
    try:
        table = find_list(
            open_grids(file.content, file.name),
            used=summons_lists.USED,
            fields={},
            is_unit=lambda _text: False,
        )
        with reading() as connection:
            rows, faults = summons_lists.read_summonses(connection, table, say("users.title"))
    except UnreadableList as unreadable:
        rows, faults = [], [unreadable.fault]
    if faults:
        sentences = [describe(fault) for fault in faults]
        with reading():
            return _render_form(sentences), UNPROCESSABLE
    wanted = bulk_accounts.chair_accounts([(row.point, row.person) for row in rows])
    return _render_slips(bulk_accounts.make(wanted, renews="renews" in request.form))


def _render_form(faults: Sequence[str]) -> str:
    connection = transaction()
    return render_template(
        "system/bulk_accounts.html",
        faults=faults,
        most_faults=MOST_FAULTS_SHOWN,
        points=directory.points(connection),
        units=directory.unit_names(connection),
    )


def _render_slips(made: AccountBatch) -> str:
    settings: Settings = current_app.config["SETTINGS"]
    access.log_subjects(*(slip.account.name for slip in made.slips))
    with reading() as connection:
        people = {slip.account.person for slip in made.slips if slip.account.person}
        return render_template(
            "system/account_slips.html",
            made=made,
            names=roster.names_of(connection, people),
            points=directory.all_points(connection),
            units=directory.all_unit_names(connection),
            address=f"{settings.public_url}/van-phong/",
        )
