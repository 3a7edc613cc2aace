"""Signing in to the office and out of it. What failed is never told."""

from flask import Blueprint, g, redirect, render_template, request, session, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from sync_server import rates
from sync_server.clocks import now_ms
from sync_server.database import reading, write
from sync_server.office import access
from sync_server.storage import accounts, audit, sessions

blueprint = Blueprint("sign_in", __name__)

SIGN_IN, SIGN_OUT = "sign_in", "sign_out"
FOUND, UNAUTHORISED = 302, 401


@blueprint.get("/dang-nhap")
def form() -> str:
    """Show the sign-in form."""
    return render_template("sign_in.html", name="", is_wrong=False)


@blueprint.post("/dang-nhap")
def enter() -> Response | tuple[str, int]:
    """Sign in. Whatever is wrong, and whether one must wait, the answer is the same.

    After five failures under a name from an address each further one costs a longer wait, in
    which the right password is refused too.
    """
    rates.hit(rates.SIGN_IN, "sign_in")
    name = request.form.get("name", "").strip().lower()  # telephones begin with a capital
    password = request.form.get("password", "")
    code, at_ms, address = request.form.get("code", ""), now_ms(), request.remote_addr or "?"
    browser = request.user_agent.string

    # Counted before it is checked, so that many at once are no more than many in a row.
    must_wait = write(lambda c: sessions.attempt(c, name, address, now_ms=at_ms))
    with reading() as connection:  # slow on purpose, so outside of any transaction that writes
        found = accounts.check(connection, name, password)

    def work(c: Connection) -> str | None:
        token = None
        if found and not must_wait and accounts.use_code(c, name, code, now_ms=at_ms):
            sessions.succeed(c, name, address)
            token = sessions.start(c, name, browser=browser, address=address, now_ms=at_ms)
        outcome = FOUND if token else UNAUTHORISED
        entry = audit.Entry(at_ms, name[:32], SIGN_IN, True, outcome, request.path, address)
        audit.note(c, entry)
        return token

    token = write(work)
    if token is None:
        return render_template("sign_in.html", name=name, is_wrong=True), UNAUTHORISED
    wanted = session.get("wanted", "")
    session.clear()
    session[access.COOKIE] = token
    is_ours = wanted.startswith(url_for("office.home.start"))
    return redirect(wanted if is_ours else url_for("office.home.start"))


@blueprint.post("/dang-xuat")
def leave() -> Response:
    """Sign out of this browser."""
    if own := access.own_session():
        entry = audit.Entry(now_ms(), own.account, SIGN_OUT, True, FOUND, request.path, own.address)

        def work(c: Connection) -> None:
            sessions.end(c, own.id, own.account)
            audit.note(c, entry)

        write(work)
    session.clear()
    g.pop("who", None)
    return redirect(url_for("office.sign_in.form"))
