"""The signed-in account, its rights, and the audit log of page views and acts, for all pages."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from flask import Response, current_app, g, redirect, request, session, url_for
from werkzeug.wrappers import Response as AnyResponse

from sync_server.clocks import now_ms
from sync_server.database import reading, write
from sync_server.domain.records.permissions import MAY, PERSONAL, Action
from sync_server.errors import Forbidden
from sync_server.messages import say
from sync_server.storage.access import accounts, audit, sessions
from sync_server.storage.access.accounts import Account
from sync_server.storage.access.sessions import Session

View = TypeVar("View", bound=Callable[..., Any])

COOKIE = "token"
FORBIDDEN = 403


def clear_request_state() -> None:
    """Clear what an earlier request left in this application context."""
    for name in ("who", "action", "about", "is_refresh", "is_fault"):
        g.pop(name, None)


def account_if_signed_in() -> Account | None:
    """Return the account in its present state; None if nobody is signed in. Read once a request."""
    if "who" not in g:
        g.who = _read_account()
    account: Account | None = g.who
    return account


def _read_account() -> Account | None:
    current = current_session()
    if current is None:
        return None
    at_ms = now_ms()
    if at_ms > current.seen_ms + sessions.SEEN_MS:
        write(lambda c: sessions.mark_used(c, current.id, now_ms=at_ms))
    with reading() as connection:
        return accounts.find_account(connection, current.account)


def current_session() -> Session | None:
    """Return the session of this request's cookie; None without a valid one."""
    token = session.get(COOKIE)
    if not isinstance(token, str):
        return None
    with reading() as connection:
        return sessions.find(connection, token, now_ms=now_ms())


def signed_in_account() -> Account:
    """Return the signed-in account, on a page that requires one."""
    account = account_if_signed_in()
    assert account is not None
    return account


def may(action: Action) -> bool:
    """Return whether the signed-in account may do this."""
    account = account_if_signed_in()
    return account is not None and action in MAY[account.role]


def allowed(action: Action) -> Callable[[View], View]:
    """Restrict a page to accounts that may do this, at the point in its address.

    A visitor without an account is sent to sign in; an account without the right is refused.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(**url_values: str) -> Any:
            g.action = action
            if account_if_signed_in() is None:
                return _redirect_to_sign_in()
            if not may(action):
                raise refusal(action)
            if "point" in url_values:
                must_cover(point=url_values["point"])
            return view(**url_values)

        guarded.action = action  # type: ignore[attr-defined]
        return cast(View, guarded)

    return decorate


def must_cover(*, point: str | None = None, unit: str | None = None) -> None:
    """Check that the account is not limited to another point or unit. Raises: Forbidden."""
    account = signed_in_account()
    is_other_point = account.point is not None and account.point != point
    is_other_unit = account.unit is not None and account.unit != unit
    if is_other_point or is_other_unit:
        raise refusal_elsewhere(g.action)


def refusal(action: Action) -> Forbidden:
    """Return the error that says that the account's role may not do this."""
    return Forbidden(
        action=say(f"action.{action}"), profile=say(f"role.{signed_in_account().role}")
    )


def refusal_elsewhere(action: Action) -> Forbidden:
    """Return the error that says that the account may do this only for its point or unit."""
    scoped_action = say("action.elsewhere", action=say(f"action.{action}"))
    return Forbidden(action=scoped_action, profile=say(f"role.{signed_in_account().role}"))


def log_subjects(*subjects: str) -> None:
    """Name the people or things that this page is about, for the audit log."""
    g.setdefault("about", []).extend(subjects)


def _redirect_to_sign_in() -> AnyResponse:
    if request.method == "GET" and "HX-Request" not in request.headers:
        session["wanted"] = request.full_path.rstrip("?")
    answer = redirect(url_for("office.sign_in.form"))
    if "HX-Request" in request.headers:  # htmx then leaves the page that made the request
        answer.headers["HX-Redirect"] = answer.location
    return answer


def log_request(response: Response) -> Response:
    """Log views of personal data, acts, and refusals; automatic refreshes are left out.

    A response that cannot be logged is not sent.
    """
    account, action = g.get("who"), g.get("action")
    is_act = request.method == "POST"
    is_refused = response.status_code == FORBIDDEN
    if account is None or action is None or not (is_act or action in PERSONAL or is_refused):
        return response
    if g.get("is_refresh") and not is_refused:
        return response
    entry = audit.AuditEntry(
        now_ms(),
        account.name,
        action.value,
        is_act,
        response.status_code,
        request.full_path.rstrip("?"),
        " ".join(dict.fromkeys(g.get("about", ()))),
    )
    try:
        write(lambda c: audit.note(c, entry))
    except Exception:
        # Personal data must not be shown without a log entry.
        current_app.logger.exception("the audit log did not take an entry")
        raise
    return response
