"""Signing in to the office and out of it."""

from flask import Blueprint, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from sync_server.database import reading
from sync_server.domain.permissions import MAY, Action, Profile
from sync_server.errors import Forbidden
from sync_server.storage import accounts

blueprint = Blueprint("sign_in", __name__)

UNAUTHORISED = 401


def signed_in() -> tuple[str, Profile] | None:
    """Return the account and its role as it is now; None if nobody is signed in."""
    name = session.get("account")
    if not isinstance(name, str):
        return None
    with reading() as connection:
        role = accounts.role_of(connection, name)
    return (name, role) if role else None


def may(action: Action) -> bool:
    """Say whether the signed-in role may do this."""
    who = signed_in()
    return who is not None and action in MAY[who[1]]


def require(action: Action) -> Response | None:
    """Return where to send somebody who must sign in first; None if they may go on.

    Raises: Forbidden where the signed-in role may not do this.
    """
    who = signed_in()
    if who is None:
        return redirect(url_for("office.sign_in.form"))
    if action not in MAY[who[1]]:
        raise Forbidden(action=action.value, profile=who[1].value)
    return None


@blueprint.get("/dang-nhap")
def form() -> str:
    """Show the sign-in form."""
    return render_template("sign_in.html", name="", is_wrong=False)


@blueprint.post("/dang-nhap")
def enter() -> Response | tuple[str, int]:
    """Sign in. A wrong name and a wrong password get the same answer, equally slowly."""
    name, password = request.form.get("name", "").strip(), request.form.get("password", "")
    with reading() as connection:
        role = accounts.check(connection, name, password)
    if role is None:
        return render_template("sign_in.html", name=name, is_wrong=True), UNAUTHORISED
    session.clear()
    session["account"] = name
    return redirect(url_for("office.board.meetings"))


@blueprint.post("/dang-xuat")
def leave() -> Response:
    """Sign out."""
    session.clear()
    return redirect(url_for("office.sign_in.form"))
