"""Pages on the signed-in account: its sessions, its password and its second factor."""

import secrets

from flask import (
    Blueprint,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from sync_server import sealing
from sync_server.acts import account_rules
from sync_server.acts import passkeys as passkey_acts
from sync_server.clocks import now_ms
from sync_server.config import Settings
from sync_server.database import reading, transaction, write
from sync_server.domain.records.codes import MINUTE_MS
from sync_server.domain.records.permissions import Action
from sync_server.errors import BadForm
from sync_server.messages import say
from sync_server.office import access, forms, qr_codes
from sync_server.office.access import allowed
from sync_server.storage.access import accounts, passkeys, sessions
from sync_server.web import rate_limits

blueprint = Blueprint("my_account", __name__)

SECRET_BYTES = 20
"""The length in bytes of a new secret for one-time codes: 160 bits, as RFC 4226 recommends."""
LONGEST_SET_UP_MS = 10 * MINUTE_MS
"""The time in ms in which a second factor that was begun must be confirmed: ten minutes."""
PENDING_PASSKEY = "passkey"
"""The key under which the signed session cookie contains the options of a passkey to be made."""
PENDING_TOTP = "totp"
"""The key under which the signed session cookie contains a new secret for one-time codes. The
secret becomes part of the account when the user enters a code that a telephone has computed from
it."""


@blueprint.get("/tai-khoan-cua-toi")
@allowed(Action.OWN_ACCOUNT)
def page() -> str:
    """Return the page with the account's sessions, and forms for its password and second factor."""
    account = access.signed_in_account()
    connection = transaction()
    account_sessions = sessions.of_account(connection, account.name, now_ms=now_ms())
    current_session = access.current_session()
    secret, _ = session.get(PENDING_TOTP, ("", 0))
    link = accounts.totp_of(secret).get_provisioning_uri(account.name, "Điểm Cầu") if secret else ""
    return render_template(
        "system/my_account.html",
        account=account,
        passkeys=passkeys.of_account(connection, account.name),
        passkey_options=session.get(PENDING_PASSKEY, ("", 0))[0],
        must_set_up=access.must_set_up_second_factor(account),
        sessions=account_sessions,
        here=current_session.id if current_session else "",
        link=link,
        picture=qr_codes.draw_qr_code(link) if link else "",
    )


@blueprint.post("/tai-khoan-cua-toi/phien")
@allowed(Action.OWN_ACCOUNT)
def end() -> Response:
    """End the session that the form names, or all sessions of the account except the current one.

    Ending all other sessions also deletes the token with which programs use the account. Redirect
    to the page of the account.
    """
    account, current_session = access.signed_in_account(), access.current_session()
    chosen = forms.text("session", longest=36)
    if chosen:
        sessions.end(transaction(), chosen, account.name)
    else:
        accounts.end_token(transaction(), account.name)
        sessions.end_all(
            transaction(), account.name, except_id=current_session.id if current_session else None
        )
    flash(say("account.ended"))
    return redirect(url_for("office.my_account.page"))


@blueprint.post("/tai-khoan-cua-toi/mat-khau")
@allowed(Action.OWN_ACCOUNT, is_slow=True)
def set_password() -> Response:
    """Change the password of the signed-in account, and end all its other sessions.

    Redirect to the page of the account. Raises: BadForm if the old password is wrong, or if the new
    one is unsuitable, equals the old one or was not repeated exactly; TooManyRequests after 30
    attempts in a minute.
    """
    account, current_session = access.signed_in_account(), access.current_session()
    _require_password(forms.password("password"))
    _require_code(account.name)
    new = forms.password("new_password")
    if fault := account_rules.password_fault(account.name, new):
        raise BadForm(fault=fault)
    if new == request.form.get("password"):
        raise BadForm(fault=say("account.same_password"))
    if new != request.form.get("new_password_again"):
        raise BadForm(fault=say("account.not_the_same"))

    def work(c: Connection) -> None:
        accounts.set_password(c, account.name, new)
        sessions.end_all(c, account.name, except_id=current_session.id if current_session else None)

    write(work)
    flash(say("account.password_set"))
    return redirect(url_for("office.my_account.page"))


@blueprint.post("/tai-khoan-cua-toi/hai-lop")
@allowed(Action.OWN_ACCOUNT, is_slow=True)
def set_totp() -> Response:
    """Begin to set up a second factor, confirm it with a one-time code, or remove it.

    The form field `do` is `begin`, `confirm` or `remove`. Beginning and removing require the
    password, and removing also a one-time code. Other sessions end when the second factor is on:
    whoever knows only the password cannot replace the second factor. Redirect to the page of the
    account. Raises: BadForm if the password or the code is wrong; TooManyRequests after 30 attempts
    with a password in a minute.
    """
    account, at_ms = access.signed_in_account(), now_ms()
    match forms.one_of("do", ("begin", "confirm", "remove")):
        case "begin" if not account.has_totp:
            _require_password(forms.password("password"))
            session[PENDING_TOTP] = (secrets.token_hex(SECRET_BYTES), at_ms)
        case "confirm" if not account.has_totp:
            secret, begun_ms = session.get(PENDING_TOTP, ("", 0))
            _count_code(account.name)
            step = accounts.totp_step(secret, forms.text("code"), now_ms=at_ms) if secret else None
            with reading() as connection:
                is_late = begun_ms <= accounts.totp_changed_ms(connection, account.name)
            if step is None or is_late or at_ms - begun_ms > LONGEST_SET_UP_MS:
                raise BadForm(fault=say("account.code_wrong"))
            settings: Settings = current_app.config["SETTINGS"]
            sealed = sealing.seal(sealing.public_key(settings.seal_key), secret.encode())
            here = access.current_session()

            def work(c: Connection) -> None:
                accounts.set_totp(c, account.name, sealed, step)
                sessions.end_all(c, account.name, except_id=here.id if here else None)

            write(work)
            session.pop(PENDING_TOTP)
            flash(say("account.totp_set"))
        case "remove":
            _require_password(forms.password("password"))
            _require_code(account.name)
            now_step = at_ms // 1000 // accounts.TOTP_STEP_S
            write(lambda c: accounts.set_totp(c, account.name, None, now_step))
            flash(say("account.totp_removed"))
        case _:
            raise BadForm(fault=say("account.totp_is_on"))
    return redirect(url_for("office.my_account.page"))


@blueprint.post("/tai-khoan-cua-toi/khoa")
@allowed(Action.OWN_ACCOUNT, is_slow=True)
def set_passkey() -> Response:
    """Begin to add a passkey, store it, or remove one.

    The form field `do` is `begin`, `add` or `remove`. Beginning and removing require the password,
    and a one-time code if the account has one. When a passkey is added, the account's other
    sessions end. Redirect to the page of the account. Raises: BadForm if the password, the code or
    the browser's answer is wrong, or if the account has too many passkeys.
    """
    account, settings = access.signed_in_account(), current_app.config["SETTINGS"]
    match forms.one_of("do", ("begin", "add", "remove")):
        case "add":
            options, options_ms = session.pop(PENDING_PASSKEY, ("", 0))
            name = forms.text("name", longest=60) or say("passkey.unnamed")
            answer = forms.text("credential")
            passkey = passkey_acts.register(
                answer, options, account.name, name, settings.public_url, now_ms()
            )
            here = access.current_session()

            def work(c: Connection) -> None:
                passkey_acts.store(c, passkey, options_ms)
                sessions.end_all(c, account.name, except_id=here.id if here else None)

            write(work)
            flash(say("passkey.added", name=name))
        case "remove":
            _require_password(forms.password("password"))
            _require_code(account.name)
            passkey_id = forms.required_text("passkey", longest=340)
            write(lambda c: passkeys.remove(c, passkey_id, account.name))
            flash(say("passkey.removed"))
        case _:
            _require_password(forms.password("password"))
            _require_code(account.name)
            with reading() as connection:
                options = passkey_acts.registration_options(
                    connection, account.name, settings.public_url
                )
            session[PENDING_PASSKEY] = (options, now_ms())
    return redirect(url_for("office.my_account.page"))


def _require_code(name: str) -> None:
    """Check the form's one-time code, if the account has a second factor.

    Raises: BadForm if the code is wrong or was used before.
    """
    code, seal_key = forms.text("code"), current_app.config["SETTINGS"].seal_key
    at_ms = now_ms()
    _count_code(name)
    if not write(lambda c: accounts.use_one_time_code(c, name, code, seal_key, now_ms=at_ms)):
        raise BadForm(fault=say("account.code_wrong"))


def _count_code(name: str) -> None:
    """Count a one-time code that somebody enters inside. Raises: TooManyRequests."""
    rate_limits.count_attempt(rate_limits.CODE, name)


def _require_password(password: str) -> None:
    """Check the password of the signed-in account again before an important change.

    Without this check, a stranger at an open browser could take over the account. Raises: BadForm
    if the password is wrong; TooManyRequests after 30 attempts in a minute.
    """
    rate_limits.count_attempt(rate_limits.NEW_PASSWORD, access.signed_in_account().name)
    with reading() as connection:
        account = accounts.account_with_password(
            connection, access.signed_in_account().name, password
        )
    if account is None:
        raise BadForm(fault=say("account.wrong_password"))
