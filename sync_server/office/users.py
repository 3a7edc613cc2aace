"""Accounts of the office: who has which role and is held to what; made, changed and removed."""

import msgspec
from flask import Blueprint, flash, redirect, render_template, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from sync_server.clocks import now_ms
from sync_server.database import reading, write
from sync_server.domain.codes import DeviceCode
from sync_server.domain.door import OFFICE_DEVICE
from sync_server.domain.permissions import OFFICE_ROLES, Action, Profile
from sync_server.errors import BadForm
from sync_server.messages import say
from sync_server.office import access, forms
from sync_server.office.access import allowed
from sync_server.storage import accounts, directory, roster, sessions
from sync_server.storage.accounts import Who

blueprint = Blueprint("users", __name__)

MIN_PASSWORD_LENGTH = 10
MAX_ACCOUNT_NAME = 32
RESERVED = frozenset({"server"})
"""As whom the command line itself writes."""
ROLES = tuple(sorted(OFFICE_ROLES))


@blueprint.get("/tai-khoan")
@allowed(Action.READ_ACCOUNTS)
def index() -> str:
    """List the accounts, with where each is signed in."""
    at_ms = now_ms()
    with reading() as connection:
        found = accounts.everybody(connection)
        own = {
            each.name: sessions.of_account(connection, each.name, now_ms=at_ms) for each in found
        }
        names = roster.names_of(connection, {each.person for each in found if each.person})
        points = directory.points(connection)
        units = directory.unit_names(connection)
    return render_template(
        "users.html",
        accounts=found,
        sessions=own,
        names=names,
        points=points,
        units=units,
        roles=ROLES,
    )


@blueprint.post("/tai-khoan")
@allowed(Action.MANAGE_ACCOUNTS)
def put() -> Response:
    """Make an account, or give an existing one this role and password."""
    name = forms.needed("name", longest=MAX_ACCOUNT_NAME).lower()
    if name == access.who().name:
        raise BadForm(fault=say("users.not_oneself"))
    who = Who(
        name=name,
        role=Profile(forms.one_of("role", ROLES)),
        point=forms.text("account_point", longest=16).upper() or None,
        unit=forms.text("unit", longest=16).upper() or None,
        person=forms.text("person", longest=32).upper() or None,
    )
    password = forms.secret("password")
    with reading() as connection:
        fault = fault_of(connection, who, password)
    if fault:
        raise BadForm(fault=fault)
    write(lambda c: accounts.put(c, who, password))
    access.about(who.name)
    flash(say("cli.user_added", name=who.name, role=say(f"role.{who.role}")))
    return redirect(url_for("office.users.index"))


@blueprint.post("/tai-khoan/<name>/xoa")
@allowed(Action.MANAGE_ACCOUNTS)
def remove(name: str) -> Response:
    """Remove an account, which signs it out everywhere."""
    if name == access.who().name:
        raise BadForm(fault=say("users.not_oneself"))
    if not write(lambda c: accounts.remove(c, name)):
        raise BadForm(fault=say("cli.unknown_user", value=name[:32]))
    access.about(name)
    flash(say("users.removed", name=name))
    return redirect(url_for("office.users.index"))


@blueprint.post("/tai-khoan/<name>/dang-xuat")
@allowed(Action.MANAGE_ACCOUNTS)
def end_sessions(name: str) -> Response:
    """Sign an account out everywhere."""
    write(lambda c: sessions.end_all(c, name))
    access.about(name)
    flash(say("users.signed_out", name=name))
    return redirect(url_for("office.users.index"))


def fault_of(connection: Connection, who: Who, password: str) -> str | None:
    """Return what is wrong with an account that is to be; None if nothing is."""
    try:
        msgspec.convert(f"{OFFICE_DEVICE}{who.name}", DeviceCode)
    except msgspec.ValidationError:
        return say("cli.user_name", value=who.name)
    if len(who.name) > MAX_ACCOUNT_NAME or who.name in RESERVED or who.name != who.name.lower():
        return say("cli.user_name", value=who.name)
    if len(password) < MIN_PASSWORD_LENGTH:
        return say("cli.password_short", length=MIN_PASSWORD_LENGTH)
    needs_point = who.role is Profile.CHAIR
    needs_unit = who.role is Profile.SECRETARY
    if needs_point != (who.point is not None) or needs_point != (who.person is not None):
        return say("users.chair_needs")
    if needs_unit != (who.unit is not None):
        return say("users.secretary_needs")
    if who.point and who.point not in directory.point_codes(connection):
        count = len(directory.point_codes(connection))
        return say("cli.unknown_point", value=who.point, count=count)
    if who.unit and who.unit not in directory.unit_codes(connection):
        return say("error.unknown_unit", unit=who.unit)
    if who.person and roster.person(connection, who.person) is None:
        return say("cli.unknown_person", value=who.person)
    return None
