"""Pages that list, create, replace and remove office accounts."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from sync_server.acts import account_rules
from sync_server.clocks import now_ms
from sync_server.database import transaction
from sync_server.domain.records.permissions import OFFICE_ROLES, Action, Profile
from sync_server.errors import BadForm
from sync_server.messages import say
from sync_server.office import access, forms
from sync_server.office.access import allowed
from sync_server.office.menus import Menu
from sync_server.storage import directory
from sync_server.storage.access import accounts, sessions
from sync_server.storage.access.accounts import Account
from sync_server.storage.people import roster

blueprint = Blueprint("account_list", __name__)

ROLES = tuple(sorted(OFFICE_ROLES))


@blueprint.get("/tai-khoan")
@allowed(Action.READ_ACCOUNTS, menu=Menu(10, "users.title"))
def index() -> str:
    """Return the page that lists all accounts, with the browsers in which they are signed in."""
    at_ms = now_ms()
    connection = transaction()
    office_accounts = accounts.all_accounts(connection)
    sessions_by_account = {
        account.name: sessions.of_account(connection, account.name, now_ms=at_ms)
        for account in office_accounts
    }
    names = roster.names_of(
        connection, {account.person for account in office_accounts if account.person}
    )
    points = directory.all_points(connection)
    units = directory.all_unit_names(connection)
    return render_template(
        "system/account_list.html",
        accounts=office_accounts,
        sessions=sessions_by_account,
        names=names,
        points=points,
        units=units,
        roles=ROLES,
    )


@blueprint.post("/tai-khoan")
@allowed(Action.MANAGE_ACCOUNTS)
def put() -> Response:
    """Create the account described in the form, or replace the account that has the same name.

    Replacing an account ends its sessions and deletes its token for programs and its second factor.
    Redirect to the list of accounts. Raises: BadForm if a field is wrong, or if the name is that of
    the signed-in account.
    """
    name = forms.required_text("name", longest=account_rules.MAX_ACCOUNT_NAME).lower()
    if name == access.signed_in_account().name:
        raise BadForm(fault=say("users.not_oneself"))
    account = Account(
        name=name,
        role=Profile(forms.one_of("role", ROLES)),
        point=forms.text("account_point", longest=16).upper() or None,
        unit=forms.text("unit", longest=16).upper() or None,
        person=forms.text("person", longest=32).upper() or None,
        must_change="must_change" in request.form,
    )
    password = forms.password("password")
    connection = transaction()
    fault = account_rules.fault_of(connection, account, password)
    if fault:
        raise BadForm(fault=fault)
    accounts.put(connection, account, password)
    access.log_subjects(account.name)
    flash(say("account.added", name=account.name, role=say(f"role.{account.role}")))
    return redirect(url_for("office.account_list.index"))


@blueprint.post("/tai-khoan/<name>/xoa")
@allowed(Action.MANAGE_ACCOUNTS)
def remove(name: str) -> Response:
    """Delete the account `name`, end all its sessions, and redirect to the list of accounts.

    Raises: BadForm if there is no such account, or if it is the signed-in account.
    """
    if name == access.signed_in_account().name:
        raise BadForm(fault=say("users.not_oneself"))
    if not accounts.remove(transaction(), name):
        raise BadForm(fault=say("account.unknown", value=name[:32]))
    access.log_subjects(name)
    flash(say("users.removed", name=name))
    return redirect(url_for("office.account_list.index"))


@blueprint.post("/tai-khoan/<name>/dang-xuat")
@allowed(Action.MANAGE_ACCOUNTS)
def end_sessions(name: str) -> Response:
    """End all sessions of the account `name`, and delete the token with which programs use it.

    Redirect to the list of accounts. Nothing happens if there is no such account.
    """
    sessions.end_all(transaction(), name)
    accounts.end_token(transaction(), name)
    access.log_subjects(name)
    flash(say("users.signed_out", name=name))
    return redirect(url_for("office.account_list.index"))
