"""Who is signed in, what they may do, and the log of it: every page of the office asks here."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from flask import Response, current_app, g, redirect, request, session, url_for
from werkzeug.wrappers import Response as AnyResponse

from sync_server.clocks import now_ms
from sync_server.database import reading, write
from sync_server.domain.permissions import MAY, PERSONAL, Action
from sync_server.errors import Forbidden
from sync_server.messages import say
from sync_server.storage import accounts, audit, sessions
from sync_server.storage.accounts import Who
from sync_server.storage.sessions import Session

View = TypeVar("View", bound=Callable[..., Any])

COOKIE = "token"
FORBIDDEN = 403


def begin() -> None:
    """Forget what another request in the same application context has left."""
    for name in ("who", "action", "about", "is_refresh", "is_fault"):
        g.pop(name, None)


def signed_in() -> Who | None:
    """Return the account as it is now; None if nobody is signed in. Asked once a request."""
    if "who" not in g:
        g.who = _find()
    found: Who | None = g.who
    return found


def _find() -> Who | None:
    own = own_session()
    if own is None:
        return None
    at_ms = now_ms()
    if at_ms > own.seen_ms + sessions.SEEN_MS:
        write(lambda c: sessions.see(c, own.id, now_ms=at_ms))
    with reading() as connection:
        return accounts.who_is(connection, own.account)


def own_session() -> Session | None:
    """Return the session of this request's cookie."""
    token = session.get(COOKIE)
    if not isinstance(token, str):
        return None
    with reading() as connection:
        return sessions.find(connection, token, now_ms=now_ms())


def who() -> Who:
    """Return the account that is signed in, within a page that asks for one."""
    found = signed_in()
    assert found is not None
    return found


def may(action: Action) -> bool:
    """Say whether the account that is signed in may do this."""
    found = signed_in()
    return found is not None and action in MAY[found.role]


def allowed(action: Action) -> Callable[[View], View]:
    """Keep a page for those who may do this, at the point that its address names.

    Others are sent to sign in, or told that they may not.
    """

    def mark(view: View) -> View:
        @wraps(view)
        def guarded(**parts: str) -> Any:
            g.action = action
            if signed_in() is None:
                return _to_sign_in()
            if not may(action):
                raise refusal(action)
            if "point" in parts:
                must_cover(point=parts["point"])
            return view(**parts)

        guarded.action = action  # type: ignore[attr-defined]
        return cast(View, guarded)

    return mark


def must_cover(*, point: str | None = None, unit: str | None = None) -> None:
    """Check that the account is not held to another point or unit. Raises: Forbidden."""
    own = who()
    is_elsewhere = own.point is not None and own.point != point
    is_of_others = own.unit is not None and own.unit != unit
    if is_elsewhere or is_of_others:
        raise elsewhere(g.action)


def refusal(action: Action) -> Forbidden:
    """Return the error that says what this role may not do."""
    return Forbidden(action=say(f"action.{action}"), profile=say(f"role.{who().role}"))


def elsewhere(action: Action) -> Forbidden:
    """Return the error that says that this role may do so only for its own point or unit."""
    what = say("action.elsewhere", action=say(f"action.{action}"))
    return Forbidden(action=what, profile=say(f"role.{who().role}"))


def about(*subjects: str) -> None:
    """Say whom or what this page is about, for the audit log."""
    g.setdefault("about", []).extend(subjects)


def _to_sign_in() -> AnyResponse:
    if request.method == "GET" and "HX-Request" not in request.headers:
        session["wanted"] = request.full_path.rstrip("?")
    answer = redirect(url_for("office.sign_in.form"))
    if "HX-Request" in request.headers:  # the page that asks is the one to leave
        answer.headers["HX-Redirect"] = answer.location
    return answer


def log(response: Response) -> Response:
    """Note what was seen of people, what was done, and what was refused."""
    own, action = g.get("who"), g.get("action")
    is_act = request.method == "POST"
    is_refused = response.status_code == FORBIDDEN
    if own is None or action is None or not (is_act or action in PERSONAL or is_refused):
        return response
    if g.get("is_refresh") and not is_refused:
        return response
    entry = audit.Entry(
        now_ms(),
        own.name,
        action.value,
        is_act,
        response.status_code,
        request.full_path.rstrip("?"),
        " ".join(dict.fromkeys(g.get("about", ()))),
    )
    try:
        write(lambda c: audit.note(c, entry))
    except Exception:
        # What cannot be logged is not shown.
        current_app.logger.exception("the audit log did not take an entry")
        raise
    return response
