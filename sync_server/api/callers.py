"""Authentication, permission checks and the access log of the API."""

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

FORBIDDEN = 403


def authenticate_caller(connection: Connection) -> Caller:
    """Return the device or account that the bearer token belongs to; call before reading the body.

    Raises: Unauthenticated; TooManyRequests after many unknown tokens from one address.
    """
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    caller = devices.caller_of(connection, token) if scheme.lower() == "bearer" and token else None
    if caller is None:
        rate_limits.count_attempt(rate_limits.UNKNOWN_TOKEN)
        raise Unauthenticated
    return caller


def require_permission(caller: Caller, action: Action, point: str | None = None) -> None:
    """Check an action against the permission table, and `point` against the caller's point.

    Raises: DeviceRevoked, Forbidden, ReadTokenNeeded.
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


def log_office_access(response: Response) -> Response:
    """Log an office account's request if it is a POST, reads personal data or is refused."""
    writer, action = g.pop("checked_action", (None, None))
    is_act = request.method == "POST"
    is_noted = is_act or action in PERSONAL_BY_API or response.status_code == FORBIDDEN
    if writer is not None and writer.is_office and is_noted:
        outcome, path = response.status_code, request.full_path.rstrip("?")
        entry = audit.AuditEntry(now_ms(), writer.name, action.value, is_act, outcome, path, "")
        try:
            write(lambda c: audit.note(c, entry))
        except DatabaseBusy as fault:  # a response that cannot be logged is not sent
            return error_response(fault)
    return response


def forbidden_error(caller: Caller, action: Action, point: str = "") -> Forbidden:
    """Return the error that says that the caller's profile may not do this action."""
    action_text = f"{say(f'action.{action}')} {point}".strip()
    return Forbidden(action=action_text, profile=say(f"role.{caller.writer.profile}"))
