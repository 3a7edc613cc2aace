"""Pages on the signed-in account: its sessions, its password and its second factor."""

import secrets
from collections.abc import Callable
from typing import TypeVar

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
from sync_server.storage.access.accounts import Account
from sync_server.storage.access.passkeys import LONGEST_ID
from sync_server.storage.access.sessions import Session
from sync_server.web import rate_limits

blueprint = Blueprint("my_account", __name__)
T = TypeVar("T")

SECRET_BYTES = 20
"""The length in bytes of a new secret for one-time codes: 160 bits, as RFC 4226 recommends."""
LONGEST_SET_UP_MS = 10 * MINUTE_MS
"""The time in ms, ten minutes, within which a user who sets up a second factor must confirm it."""
PENDING_PASSKEY = "passkey"
"""The key under which the signed session cookie contains the options for creating a passkey."""
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
    account = access.signed_in_account()
    chosen = forms.text("session", longest=36)
    if chosen:
        sessions.end(transaction(), chosen, account.name)
    else:
        accounts.end_token(transaction(), account.name)
        _end_other_sessions(transaction(), account, access.current_session())
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
    account = access.signed_in_account()
    _require_password(forms.password("password"))
    new = forms.password("new_password")
    if fault := account_rules.password_fault(account.name, new):
        raise BadForm(fault=fault)
    if new == request.form.get("password"):
        raise BadForm(fault=say("account.same_password"))
    if new != request.form.get("new_password_again"):
        raise BadForm(fault=say("account.not_the_same"))

    here = access.current_session()

    def work(c: Connection) -> None:
        accounts.set_password(c, account.name, new)
        _end_other_sessions(c, account, here)

    _write_with_code(account, work)
    flash(say("account.password_set"))
    return redirect(url_for("office.my_account.page"))


@blueprint.post("/tai-khoan-cua-toi/hai-lop")
@allowed(Action.OWN_ACCOUNT, is_slow=True)
def set_totp() -> Response:
    """Begin to set up a second factor, confirm it with a one-time code, or remove it.

    The form field `do` is `begin`, `confirm` or `remove`. Beginning and removing require the
    password, and removing also a one-time code, so that a thief with the password cannot replace
    the second factor. Other sessions end when the second factor is on. Redirect to the page of the
    account. Raises: BadForm if the password or the code is wrong; TooManyRequests after 30 attempts
    with a password in a minute, or 10 with a code in ten minutes.
    """
    account, at_ms = access.signed_in_account(), now_ms()
    match forms.one_of("do", ("begin", "confirm", "remove")):
        case "begin" if not account.has_totp:
            _require_password(forms.password("password"))
            session[PENDING_TOTP] = (secrets.token_hex(SECRET_BYTES), at_ms)
        case "confirm" if not account.has_totp:
            _confirm_totp(account, at_ms)
            session.pop(PENDING_TOTP)
            flash(say("account.totp_set"))
        case "remove":
            _require_password(forms.password("password"))
            step = at_ms // 1000 // accounts.TOTP_STEP_S
            _write_with_code(account, lambda c: accounts.set_totp(c, account.name, None, step))
            flash(say("account.totp_removed"))
        case _:
            raise BadForm(fault=say("account.totp_is_on"))
    return redirect(url_for("office.my_account.page"))


def _confirm_totp(account: Account, at_ms: int) -> None:
    """Turn the second factor on, if the form's one-time code fits the secret made for it.

    The secret was made when the user began to set up the second factor. The secret is in the
    session cookie, of which somebody may have kept a copy. The secret is therefore valid for only
    ten minutes (`LONGEST_SET_UP_MS`), and no longer if the second factor is changed meanwhile.

    Raises: BadForm if the code is wrong or the secret is too old; TooManyRequests after ten codes
    in ten minutes.
    """
    rate_limits.count_attempt(rate_limits.CODE, account.name)
    secret, begun_ms = session.get(PENDING_TOTP, ("", 0))
    step = accounts.totp_step(secret, forms.text("code"), now_ms=at_ms) if secret else None
    if step is None or at_ms - begun_ms > LONGEST_SET_UP_MS:
        raise BadForm(fault=say("account.code_wrong"))
    settings: Settings = current_app.config["SETTINGS"]
    sealed = sealing.seal(sealing.public_key(settings.seal_key), secret.encode())
    here = access.current_session()

    def work(c: Connection) -> None:
        if begun_ms <= accounts.totp_changed_ms(c, account.name):
            raise BadForm(fault=say("account.code_wrong"))
        accounts.set_totp(c, account.name, sealed, step)
        _end_other_sessions(c, account, here)

    write(work)


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
                _end_other_sessions(c, account, here)

            write(work)
            flash(say("passkey.added", name=name))
        case "remove":
            _require_password(forms.password("password"))
            passkey_id = forms.required_text("passkey", longest=LONGEST_ID)
            _write_with_code(account, lambda c: passkeys.remove(c, passkey_id, account.name))
            flash(say("passkey.removed"))
        case _:
            _require_password(forms.password("password"))
            url = settings.public_url
            options = _write_with_code(
                account, lambda c: passkey_acts.registration_options(c, account.name, url)
            )
            session[PENDING_PASSKEY] = (options, now_ms())
    return redirect(url_for("office.my_account.page"))


def _write_with_code(account: Account, work: Callable[[Connection], T]) -> T:
    """Check the form's one-time code, run `work`, and return its result, in one write transaction.

    No code is needed if the account has not set up one-time codes. Raises: BadForm if the code is
    wrong or was used before; TooManyRequests after ten codes in ten minutes.
    """
    if account.has_totp:
        rate_limits.count_attempt(rate_limits.CODE, account.name)
    code, seal_key = forms.text("code"), current_app.config["SETTINGS"].seal_key
    at_ms = now_ms()

    def checked_work(c: Connection) -> T:
        if not accounts.use_one_time_code(c, account.name, code, seal_key, now_ms=at_ms):
            raise BadForm(fault=say("account.code_wrong"))
        return work(c)

    return write(checked_work)


def _end_other_sessions(connection: Connection, account: Account, here: Session | None) -> None:
    """End all sessions of an account except this browser's, which is `here`."""
    sessions.end_all(connection, account.name, except_id=here.id if here else None)


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
