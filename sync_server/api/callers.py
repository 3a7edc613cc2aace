"""Authenticate the callers of the API, check their permissions, and log their access."""

from flask import Response, g, request
from sqlalchemy import Connection

from sync_server.clocks import now_ms
from sync_server.database import write
from sync_server.domain.records.permissions import (
    DEVICE_PROFILES,
    MAY,
    NEEDS_READ_TOKEN,
    PERSONAL_BY_API,
    Action,
)
from sync_server.errors import (
    DatabaseBusy,
    DeviceRevoked,
    Forbidden,
    ReadTokenNeeded,
    Unauthenticated,
)
from sync_server.messages import say
from sync_server.storage.access import audit, devices
from sync_server.storage.access.devices import Caller
from sync_server.web import rate_limits
from sync_server.web.error_pages import error_response

REFUSED = (401, 403)
MAX_LOGGED_PATH = 200


def authenticate_caller(connection: Connection) -> Caller:
    """Return the device or user account to which the request's bearer token belongs.

    Call this function before reading the body, so that an unknown caller's body is not
    processed.

    Raises: Unauthenticated if the token is missing or unknown; TooManyRequests after many
    unknown tokens from one address.
    """
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    caller = None
    if scheme.lower() == "bearer" and token:
        caller = devices.caller_of(connection, token, now_ms=now_ms())
    if caller is None:
        rate_limits.count_attempt(rate_limits.UNKNOWN_TOKEN)
        raise Unauthenticated
    return caller


def require_permission(caller: Caller, action: Action, point: str | None = None) -> None:
    """Check that a caller may do an action and, if `point` is given, do it in that hall.

    `point` is the code of the hall.

    Raises: DeviceRevoked if a revoked device does anything except send records; Forbidden if the
    caller's role does not permit the action, or the caller belongs to another point;
    ReadTokenNeeded if a device requests personal data with the token for sending records.
    """
    g.checked_action = (caller.writer, action)
    if caller.is_revoked and action is not Action.PUSH:
        raise DeviceRevoked(device=caller.writer.device)
    if action not in MAY[caller.writer.profile]:
        raise forbidden_error(caller, action)
    if caller.writer.point is not None and point is not None and point != caller.writer.point:
        raise forbidden_error(caller, action, point)
    if (
        not caller.can_read
        and action in NEEDS_READ_TOKEN
        and caller.writer.profile in DEVICE_PROFILES
    ):
        raise ReadTokenNeeded


def log_access(response: Response) -> Response:
    """Write an entry in the audit log if the request must be logged, and return the response.

    Three kinds of request are logged: changes made by user accounts (not by devices), their
    reading of personal data, and refused requests. For every address, at most 5 refused
    requests per minute are logged, so that nobody can fill the log. If the database is too busy
    for the entry, an error is returned instead of the response.
    """
    writer, action = g.pop("checked_action", (None, None))
    is_act, is_refused = request.method == "POST", response.status_code in REFUSED
    is_office = writer is not None and writer.is_office
    is_noted = is_office and (is_act or action in PERSONAL_BY_API)
    if is_refused and not is_noted:
        is_noted = rate_limits.is_within(rate_limits.REFUSAL_LOGGED)
    if is_noted:
        entry = audit.AuditEntry(
            now_ms(),
            (writer.name if is_office else writer.device) if writer else "",
            action.value if action else audit.REFUSED_CALL,
            is_act,
            response.status_code,
            request.full_path.rstrip("?")[:MAX_LOGGED_PATH],
            request.remote_addr or "" if is_refused else "",
        )
        try:
            write(lambda c: audit.note(c, entry))
        except DatabaseBusy as fault:  # a response that cannot be logged must not be sent
            return error_response(fault)
    return response


def forbidden_error(caller: Caller, action: Action, point: str = "") -> Forbidden:
    """Return the error for a caller whose role does not permit an action.

    If `point` (the code of a hall) is given, the error says that the action is forbidden
    at that point.
    """
    action_text = f"{say(f'action.{action}')} {point}".strip()
    return Forbidden(action=action_text, profile=say(f"role.{caller.writer.profile}"))
