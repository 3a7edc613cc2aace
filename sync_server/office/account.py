"""One's own account: where it is signed in, its password, and its second factor."""

import secrets

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from sync_server import rates
from sync_server.clocks import now_ms
from sync_server.database import reading, write
from sync_server.domain.permissions import Action
from sync_server.errors import BadForm
from sync_server.messages import say
from sync_server.office import access, forms, qr_codes
from sync_server.office.access import allowed
from sync_server.office.users import MIN_PASSWORD_LENGTH
from sync_server.storage import accounts, sessions

blueprint = Blueprint("account", __name__)

SECRET_BYTES = 20
"""What RFC 4226 recommends for SHA-1."""
PENDING = "totp"
"""The new secret, until a code proves that a telephone has it; the cookie is signed and ours."""


@blueprint.get("/tai-khoan-cua-toi")
@allowed(Action.OWN_ACCOUNT)
def page() -> str:
    """Show the account's sessions, and forms for password and second factor."""
    own = access.who()
    with reading() as connection:
        found = sessions.of_account(connection, own.name, now_ms=now_ms())
    here = access.own_session()
    secret = session.get(PENDING)
    link = accounts.totp_of(secret).get_provisioning_uri(own.name, "Điểm Cầu") if secret else ""
    return render_template(
        "account.html",
        account=own,
        sessions=found,
        here=here.id if here else "",
        link=link,
        picture=qr_codes.picture(link) if link else "",
    )


@blueprint.post("/tai-khoan-cua-toi/phien")
@allowed(Action.OWN_ACCOUNT)
def end() -> Response:
    """End one session, or all but this one."""
    own, here = access.who(), access.own_session()
    chosen = forms.text("session", longest=36)
    if chosen:
        write(lambda c: sessions.end(c, chosen, own.name))
    else:
        write(lambda c: sessions.end_all(c, own.name, but=here.id if here else None))
    flash(say("account.ended"))
    return redirect(url_for("office.account.page"))


@blueprint.post("/tai-khoan-cua-toi/mat-khau")
@allowed(Action.OWN_ACCOUNT)
def set_password() -> Response:
    """Change the password, which ends every other session."""
    own, here = access.who(), access.own_session()
    _must_know_password(forms.secret("password"))
    new = forms.secret("new_password")
    if len(new) < MIN_PASSWORD_LENGTH:
        raise BadForm(fault=say("cli.password_short", length=MIN_PASSWORD_LENGTH))
    if new != request.form.get("new_again"):
        raise BadForm(fault=say("account.not_the_same"))
    write(lambda c: accounts.set_password(c, own.name, new))
    write(lambda c: sessions.end_all(c, own.name, but=here.id if here else None))
    flash(say("account.password_set"))
    return redirect(url_for("office.account.page"))


@blueprint.post("/tai-khoan-cua-toi/hai-lop")
@allowed(Action.OWN_ACCOUNT)
def set_totp() -> Response:
    """Begin a second factor, confirm it by a code, or give it up."""
    own, at_ms = access.who(), now_ms()
    match forms.one_of("do", ("begin", "confirm", "remove")):
        case "begin":
            _must_know_password(forms.secret("password"))
            session[PENDING] = secrets.token_hex(SECRET_BYTES)
        case "confirm":
            secret = session.get(PENDING)
            step = accounts.totp_step(secret, forms.text("code"), now_ms=at_ms) if secret else None
            if step is None:
                raise BadForm(fault=say("account.code_wrong"))
            write(lambda c: accounts.set_totp(c, own.name, secret, step))
            session.pop(PENDING)
            flash(say("account.totp_set"))
        case _:
            _must_know_password(forms.secret("password"))
            write(lambda c: accounts.set_totp(c, own.name, None))
            flash(say("account.totp_removed"))
    return redirect(url_for("office.account.page"))


def _must_know_password(password: str) -> None:
    """Ask for the password before what a borrowed browser should not do.

    Raises: BadForm, TooManyRequests.
    """
    rates.hit(rates.SIGN_IN, "password", access.who().name)
    with reading() as connection:
        if accounts.check(connection, access.who().name, password) is None:
            raise BadForm(fault=say("account.wrong_password"))
