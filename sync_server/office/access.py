"""Check what the signed-in account may do, and write the audit log of page views and acts."""

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from functools import wraps
from typing import Any, TypeVar, cast

import msgspec
from flask import (
    Response,
    current_app,
    g,
    make_response,
    redirect,
    request,
    session,
    url_for,
)
from sqlalchemy import Connection
from werkzeug.wrappers import Response as AnyResponse

from sync_server.clocks import now_ms
from sync_server.config import Settings
from sync_server.database import reading, write
from sync_server.domain.records.permissions import MAY, PERSONAL, Action, Profile
from sync_server.errors import Forbidden
from sync_server.messages import say
from sync_server.office.menus import Menu
from sync_server.storage.access import accounts, audit, sessions
from sync_server.storage.access.accounts import Account
from sync_server.storage.access.audit import AuditEntry
from sync_server.storage.access.sessions import Session
from sync_server.web.session_cookies import TOKEN

View = TypeVar("View", bound=Callable[..., Any])

_acts_log = logging.getLogger("diemcau.acts")
HTTP_BAD_REQUEST, UNAUTHORISED, FORBIDDEN, UNAVAILABLE = 400, 401, 403, 503

_CODE = re.compile(r"(?=[^0-9]*[0-9])(?=[^A-Za-z]*[A-Za-z])[A-Za-z0-9][A-Za-z0-9./-]*")
"""Matches the codes of people, halls, meetings and devices, which contain a letter and a digit.
Names in Vietnamese have no digits, and telephone numbers no letters, so these do not match.
"""


def clear_request_state() -> None:
    """Delete the signed-in account and the notes for the audit log from Flask's `g`.

    After a conflict in the database, a request runs a second time. The second run must not see the
    values of the first.
    """
    for name in (
        "who",
        "session",
        "action",
        "about",
        "openings",
        "is_logged",
        "is_refresh",
        "is_fault",
        "noted",
    ):
        g.pop(name, None)


def account_if_signed_in() -> Account | None:
    """Return the signed-in account, or None if nobody is signed in.

    The account is read from the database only once per request.
    """
    if "who" not in g:
        current = current_session()
        with reading() as connection:
            g.who = accounts.find_account(connection, current.account) if current else None
    account: Account | None = g.who
    return account


def current_session() -> Session | None:
    """Return the session that this request's cookie belongs to, or None without a valid cookie.

    The session is read from the database only once per request.
    """
    if "session" not in g:
        g.session, token = None, session.get(TOKEN)
        if isinstance(token, str):
            with reading() as connection:
                g.session = sessions.find(connection, token, now_ms=now_ms())
    current: Session | None = g.session
    return current


def signed_in_account() -> Account:
    """Return the signed-in account, for pages that require one.

    Raises: AssertionError if nobody is signed in, which is a bug.
    """
    account = account_if_signed_in()
    assert account is not None
    return account


def may(action: Action) -> bool:
    """Return whether the signed-in account's role permits this action; False without an account."""
    account = account_if_signed_in()
    return account is not None and action in MAY[account.role]


def allowed(
    action: Action,
    *,
    menu: Menu | None = None,
    meeting_menu: Menu | None = None,
    is_slow: bool = False,
) -> Callable[[View], View]:
    """Return a decorator that restricts a page to accounts whose role permits an action.

    Visitors who are not signed in are redirected to the sign-in form. If the page's address
    contains a hall (`point`), accounts of other halls and of units get the error Forbidden, as
    do accounts whose role does not permit the action. `menu` and `meeting_menu` are the page's
    entries in the main menu and in the menu of every meeting.

    All reads of a GET page see the same state of the database, and a POST page runs in one
    write transaction. A slow page (`is_slow`) reads a file or hashes a password. It must open
    short transactions itself, so that other writers do not wait for it.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(**url_values: str) -> Any:
            if session.get(TOKEN) is None:  # without a session, open no write transaction
                return make_response(_redirect_to_sign_in())
            if request.method == "POST" and not is_slow:
                response = _run_act(lambda: _run_view(view, action, url_values))
                _log_acts()
                return response
            with nullcontext() if is_slow else reading():
                response = _run_view(view, action, url_values)
            if entries := _entries_for(response):
                _write_log(entries)
                _log_acts()
            return response

        guarded.action = action  # type: ignore[attr-defined]
        guarded.menu, guarded.meeting_menu = menu, meeting_menu  # type: ignore[attr-defined]
        return cast(View, guarded)

    return decorate


def _run_view(view: Callable[..., Any], action: Action, url_values: Mapping[str, str]) -> Response:
    """Check that the account may do the action, then run the page and return its response.

    `url_values` are the variable parts of the page's address by name, such as `meeting` and
    `point`. Visitors who are not signed in are redirected to the sign-in form. Accounts that must
    change their password or set up a second factor are redirected to the page where they can.

    Raises: Forbidden if the role does not permit the action, or if the account belongs to another
    hall.
    """
    g.action = action
    account = account_if_signed_in()
    if account is None:
        return make_response(_redirect_to_sign_in())
    if action not in MAY[account.role]:
        raise refusal(action)
    is_own_page = (request.endpoint or "").startswith("office.my_account.")
    if (account.must_change or must_set_up_second_factor(account)) and not is_own_page:
        return make_response(redirect(url_for("office.my_account.page")))
    if "point" in url_values:
        require_scope(point=url_values["point"])
    return make_response(view(**url_values))


def must_set_up_second_factor(account: Account) -> bool:
    """Return whether an account must set up a second factor before it can do anything else.

    The setting `REQUIRE_SECOND_FACTOR` demands this of headquarters' accounts, which have the most
    rights.
    """
    settings: Settings = current_app.config["SETTINGS"]
    is_asked = settings.require_second_factor and account.role is Profile.HEADQUARTERS
    return is_asked and not account.has_second_factor


def _run_act(run_view: Callable[[], Response]) -> Response:
    """Run a page that changes data, and write its audit log entries, in one write transaction.

    `run_view` checks the account's rights and runs the page. After a conflict with another writer,
    `run_view` runs again with the same uploaded files and the same messages to the user.

    Raises: DatabaseBusy if other writers take too long.
    """
    messages = list(session.get("_flashes", ()))

    def work(connection: Connection) -> Response:
        clear_request_state()
        session["_flashes"] = list(messages)
        for file in request.files.values():
            file.seek(0)
        response = run_view()
        _note(connection, _entries_for(response))
        return response

    return write(work)


def require_scope(*, point: str | None = None, unit: str | None = None) -> None:
    """Check that the account may act for a hall (`point`) or a unit, both given as codes.

    An account that belongs to a hall passes only if `point` is this hall, and an account that
    belongs to a unit only if `unit` is this unit. All other accounts pass.

    Raises: Forbidden if the account does not pass.
    """
    account = signed_in_account()
    is_other_point = account.point is not None and account.point != point
    is_other_unit = account.unit is not None and account.unit != unit
    if is_other_point or is_other_unit:
        raise forbidden_scope_error(g.action)


def refusal(action: Action) -> Forbidden:
    """Return the error for an account whose role does not permit the action.

    The caller raises the error. Its message names the action and the role.
    """
    return Forbidden(
        action=say(f"action.{action}"), profile=say(f"role.{signed_in_account().role}")
    )


def forbidden_scope_error(action: Action) -> Forbidden:
    """Return the error for an account that belongs to another hall or unit.

    The caller raises the error. Its message names the action and the role.
    """
    scoped_action = say("action.elsewhere", action=say(f"action.{action}"))
    return Forbidden(action=scoped_action, profile=say(f"role.{signed_in_account().role}"))


def log_subjects(*subjects: str) -> None:
    """Add the codes or names of the people, halls or files on a page to its audit log entry."""
    g.setdefault("about", []).extend(subjects)


def _redirect_to_sign_in() -> AnyResponse:
    address = url_for("office.sign_in.form")
    if "HX-Request" in request.headers:
        # With this header, htmx opens the form as a whole page. After a redirect, htmx would show
        # the form inside the current page.
        return Response(status=UNAUTHORISED, headers={"HX-Redirect": address})
    if request.method == "GET":
        session["wanted"] = request.full_path.rstrip("?")
    return redirect(address)


def log_failure(response: Response) -> Response:
    """Write the audit log entries of a failed request, and return the response unchanged.

    A request has failed if its response has a status of 400 or more. The request's transaction was
    rolled back, so the entries are written in a new one. Nothing is written if the entries are
    already in the log, or if the database is busy (status 503).
    """
    is_busy = response.status_code == UNAVAILABLE  # then the log cannot be written either
    if g.get("is_logged") or is_busy or response.status_code < HTTP_BAD_REQUEST:
        return response
    if entries := _entries_for(response):
        _write_log(entries)
    return response


def _entries_for(response: Response) -> list[AuditEntry]:
    """Return the audit log entries of a request that ends with this response.

    A request is logged if it submits a form (POST), shows personal data or is refused (status 403).
    An automatic refresh of an open page is logged only if it is refused. Every encrypted text or
    file that the request opened gets an entry too, before the entry of the request.
    """
    openings: list[AuditEntry] = g.get("openings", [])
    account, action = g.get("who"), g.get("action")
    is_act = request.method == "POST"
    is_refused = response.status_code == FORBIDDEN
    if account is None or action is None or not (is_act or action in PERSONAL or is_refused):
        return openings
    if g.get("is_refresh") and not is_refused:
        return openings
    entry = AuditEntry(
        now_ms(),
        account.name,
        action.value,
        is_act,
        response.status_code,
        request.full_path.rstrip("?"),
        " ".join(dict.fromkeys(g.get("about", ()))),
    )
    return [*openings, entry]


def _note(connection: Connection, entries: Sequence[AuditEntry]) -> None:
    for entry in entries:
        audit.note(connection, entry)
    g.noted = entries
    at_ms = now_ms()
    current = current_session()
    if current and at_ms > current.seen_ms + sessions.SEEN_MS:
        sessions.mark_used(connection, current.id, now_ms=at_ms)
    g.is_logged = True


def _log_acts() -> None:
    """Write to the server's log, as JSON, which changes this request has made.

    The changes must be committed. After a restore from a backup, the log tells which of them must
    be made again. Names and reasons, which an entry of the audit log may contain, are left out.
    """
    for entry in g.get("noted", ()):
        if entry.is_act and entry.outcome < HTTP_BAD_REQUEST:
            path = entry.path.partition("?")[0]  # a query may contain a name that was searched for
            about = " ".join(word for word in entry.about.split() if _CODE.fullmatch(word))
            line = {"event": "act", **entry._asdict(), "path": path, "about": about}
            _acts_log.info("%s", msgspec.json.encode(line).decode())


def _write_log(entries: Sequence[AuditEntry]) -> None:
    """Write audit log entries in a new transaction.

    If this fails, the error is raised again, so that no page is sent without its entries in the
    log.
    """
    try:
        write(lambda c: _note(c, entries))
    except Exception:
        current_app.logger.exception("the audit log did not take an entry")
        raise
