"""Pages that sign a user in to the office or out of it.

The message after a failed sign-in never says whether the name, the password or the code was wrong.
"""

from flask import Blueprint, current_app, g, redirect, render_template, request, session, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from sync_server.clocks import now_ms
from sync_server.database import reading, write
from sync_server.errors import BadForm
from sync_server.messages import say
from sync_server.office import access
from sync_server.office.system.known_browsers import known_browser, remember_browser
from sync_server.storage import purpose
from sync_server.storage.access import accounts, audit, sessions, sign_in_failures
from sync_server.web import rate_limits
from sync_server.web.hosts import is_local_caller
from sync_server.web.session_cookies import TOKEN

blueprint = Blueprint("sign_in", __name__)

SIGN_IN, SIGN_OUT = "sign_in", "sign_out"
REDIRECT, UNAUTHORISED = 302, 401


@blueprint.get("/dang-nhap")
def form() -> str:
    """Return the page with the sign-in form."""
    return render_template("system/sign_in.html", name="", is_wrong=False)


@blueprint.post("/dang-nhap")
def enter() -> Response | tuple[str, int]:
    """Sign in with the form's name, password and one-time code; redirect to the requested page.

    Every failure gets the same page, with status 401. After five failures under a name from one
    address, or fifty from all addresses, even the right password is refused for a time. Every
    further failure makes this time longer. In a browser in which the account has signed in before,
    only failures in that browser count.

    A session that this browser had before ends.

    Raises: TooManyRequests if one address makes over 30 attempts in a minute; BadForm if the
    database is a demonstration and the browser is on another machine.
    """
    rate_limits.count_attempt(rate_limits.SIGN_IN)
    name = request.form.get("name", "").strip().lower()  # phones capitalise the first letter
    password = request.form.get("password", "")
    code, at_ms, address = request.form.get("code", ""), now_ms(), request.remote_addr or "?"
    browser, settings = request.user_agent.string, current_app.config["SETTINGS"]
    sources = sign_in_failures.sources_of(address, known_browser(name))

    former = access.current_session()

    # Every attempt is counted before the check, so that parallel attempts cannot avoid the wait.
    must_wait = write(lambda c: sign_in_failures.count_attempt(c, name, sources, now_ms=at_ms))
    if not is_local_caller():
        with reading() as connection:
            if purpose.is_demonstration(connection):
                raise BadForm(fault=say("demo.only_here"))
    with reading() as connection:  # hashing is slow and must not block writers
        account = accounts.account_with_password(connection, name, password)

    def work(c: Connection) -> str | None:
        token = None
        is_right = account is not None and not must_wait
        if is_right and accounts.use_one_time_code(c, name, code, settings.seal_key, now_ms=at_ms):
            sign_in_failures.clear(c, name, sources)
            if former:
                sessions.end(c, former.id, former.account)
            token = sessions.start(c, name, browser=browser, address=address, now_ms=at_ms)
        outcome = REDIRECT if token else UNAUTHORISED
        entry = audit.AuditEntry(at_ms, name[:32], SIGN_IN, True, outcome, request.path, address)
        audit.note(c, entry)
        return token

    token = write(work)
    if token is None:
        return render_template("system/sign_in.html", name=name, is_wrong=True), UNAUTHORISED
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
        entry = audit.AuditEntry(
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
    g.pop("who", None)
    response = redirect(url_for("office.sign_in.form"))
    response.headers["Clear-Site-Data"] = '"cache"'  # pages that the browser may show again
    return response
