"""Pages that sign a user in to the office or out of it.

The message after a failed sign-in never says whether the name, the password or the code was wrong.
"""

from flask import Blueprint, current_app, redirect, render_template, request, session, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from sync_server.acts import passkeys
from sync_server.clocks import now_ms
from sync_server.config import Settings
from sync_server.database import reading, write
from sync_server.errors import BadForm
from sync_server.messages import say
from sync_server.office import access, forms
from sync_server.office.system.known_browsers import known_browser, remember_browser
from sync_server.storage import purpose
from sync_server.storage.access import accounts, audit, sessions, sign_in_failures
from sync_server.storage.access.audit import AuditEntry
from sync_server.storage.access.sessions import Session
from sync_server.web import rate_limits
from sync_server.web.hosts import is_local_caller
from sync_server.web.session_cookies import TOKEN

blueprint = Blueprint("sign_in", __name__)

SIGN_IN, SIGN_OUT = "sign_in", "sign_out"
REDIRECT, UNAUTHORISED = 302, 401
OPTIONS = "passkey_options"
"""The key under which the signed session cookie contains the options for signing in with a passkey,
and the time in ms at which they were made. The options contain a random challenge, which the
browser signs. The passkey's answer is accepted only once, and only for five minutes.
"""


@blueprint.get("/dang-nhap")
def form() -> str:
    """Return the page with the sign-in form."""
    return _render_form("", is_wrong=False)


def _render_form(name: str, *, is_wrong: bool) -> str:
    """Return the sign-in page, with new options for signing in with a passkey.

    `name` is the account name that the form already contains. If `is_wrong` is True, the page says
    that the sign-in has failed.
    """
    settings: Settings = current_app.config["SETTINGS"]
    options = passkeys.sign_in_options(settings.public_url)
    session[OPTIONS] = (options, now_ms())
    return render_template("system/sign_in.html", name=name, is_wrong=is_wrong, options=options)


@blueprint.post("/dang-nhap/khoa")
def enter_with_passkey() -> Response | tuple[str, int]:
    """Sign a user in with a passkey, and redirect to the requested page.

    The form contains the browser's answer, signed with the passkey. A passkey counts as two
    factors, so no password is asked for. Every failure gets the sign-in page, with status 401.
    Raises: TooManyRequests if one address makes over 30 attempts in a minute; BadForm if the
    database is a demonstration and the browser is on another machine.
    """
    rate_limits.count_attempt(rate_limits.SIGN_IN)
    settings: Settings = current_app.config["SETTINGS"]
    answer, at_ms = forms.text("credential"), now_ms()
    options, options_ms = session.pop(OPTIONS, ("", 0))
    _refuse_strangers_in_demonstration()
    former = access.current_session()

    def work(c: Connection) -> tuple[str, str | None]:
        url = settings.public_url
        name = passkeys.account_of(c, answer, options, options_ms, url, at_ms) or ""
        return name, _start_session(c, name, former, at_ms) if name else None

    name, token = write(work)
    return _signed_in(name, token) if token else (_render_form("", is_wrong=True), UNAUTHORISED)


@blueprint.post("/dang-nhap")
def enter() -> Response | tuple[str, int]:
    """Sign in with the form's name, password and one-time code; redirect to the requested page.

    Every failure gets the same page, with status 401. After five failures under a name from one
    address, or fifty from all addresses, even the right password is refused for a time. Every
    further failure makes this time longer. In a browser in which the account has signed in
    before, only failures in that browser count.

    A successful sign-in ends the previous session of this browser.

    Raises: TooManyRequests if one address makes over 30 attempts in a minute; BadForm if the
    database is a demonstration and the browser is on another machine.
    """
    rate_limits.count_attempt(rate_limits.SIGN_IN)
    name = request.form.get("name", "").strip().lower()  # phones capitalise the first letter
    password = request.form.get("password", "")
    code, at_ms, address = request.form.get("code", ""), now_ms(), request.remote_addr or "?"
    settings: Settings = current_app.config["SETTINGS"]
    sources = sign_in_failures.sources_of(address, known_browser(name))

    former = access.current_session()

    # Every attempt is counted before the check, so that parallel attempts cannot avoid the wait.
    must_wait = write(lambda c: sign_in_failures.count_attempt(c, name, sources, now_ms=at_ms))
    _refuse_strangers_in_demonstration()
    with reading() as connection:  # hashing is slow and must not block writers
        account = accounts.account_with_password(connection, name, password)

    def work(c: Connection) -> str | None:
        is_right = account is not None and not must_wait
        # Without a one-time code, a password alone does not replace a passkey.
        if account and account.has_passkey and not account.has_totp:
            is_right = False
        if is_right and accounts.use_one_time_code(c, name, code, settings.seal_key, now_ms=at_ms):
            sign_in_failures.clear(c, name, sources)
            return _start_session(c, name, former, at_ms)
        audit.note(c, _entry_for(name, UNAUTHORISED, at_ms))
        return None

    token = write(work)
    if token is None:
        return _render_form(name, is_wrong=True), UNAUTHORISED
    return _signed_in(name, token)


def _refuse_strangers_in_demonstration() -> None:
    """Refuse to sign in users from other machines if the database contains demonstration data.

    In such a database, all people are made up. Raises: BadForm if the sign-in is refused.
    """
    if is_local_caller():
        return
    with reading() as connection:
        if purpose.is_demonstration(connection):
            raise BadForm(fault=say("demo.only_here"))


def _start_session(connection: Connection, name: str, former: Session | None, at_ms: int) -> str:
    """Start and log a session of the account `name` in this browser, and return the session's
    token.

    `former` is this browser's previous session, which is ended; None if there is none.
    """
    if former:
        sessions.end(connection, former.id, former.account)
    audit.note(connection, _entry_for(name, REDIRECT, at_ms))
    browser, address = request.user_agent.string, request.remote_addr or "?"
    return sessions.start(connection, name, browser=browser, address=address, now_ms=at_ms)


def _entry_for(name: str, outcome: int, at_ms: int) -> AuditEntry:
    """Return the audit log entry for an attempt to sign in.

    `name` is the account name that was used, and `outcome` the HTTP status of the answer. The path
    in the entry shows whether the attempt was made with a password or a passkey.
    """
    address = request.remote_addr or "?"
    return AuditEntry(at_ms, name[:32], SIGN_IN, True, outcome, request.path, address)


def _signed_in(name: str, token: str) -> Response:
    """Return a redirect to the page requested before sign-in, with cookies of the new session."""
    wanted = session.get("wanted", "")
    session.clear()
    session[TOKEN] = token
    session.permanent = True  # the session continues after the browser is closed
    is_ours = wanted.startswith(url_for("office.meeting_list.start"))
    response = redirect(wanted if is_ours else url_for("office.meeting_list.start"))
    remember_browser(response, name)
    return response


@blueprint.post("/dang-xuat")
def leave() -> Response:
    """End the session of this browser, and redirect to the sign-in form."""
    if current_session := access.current_session():
        entry = AuditEntry(
            now_ms(),
            current_session.account,
            SIGN_OUT,
            True,
            REDIRECT,
            request.path,
            current_session.address,
        )

        def work(c: Connection) -> None:
            sessions.end(c, current_session.id, current_session.account)
            audit.note(c, entry)

        write(work)
    session.clear()
    access.clear_request_state()
    response = redirect(url_for("office.sign_in.form"))
    response.headers["Clear-Site-Data"] = '"cache"'  # pages that the browser may show again
    return response
