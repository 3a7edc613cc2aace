"""Who calls, and whether they may: every route of the API asks here and nowhere else."""

from flask import Response, g, request
from sqlalchemy import Connection

from sync_server.clocks import now_ms
from sync_server.database import write
from sync_server.domain.permissions import (
    DEVICE_PROFILES,
    MAY,
    NEEDS_READ_TOKEN,
    PERSONAL_BY_API,
    Action,
)
from sync_server.errors import DeviceRevoked, Forbidden, ReadTokenNeeded, Unauthenticated
from sync_server.messages import say
from sync_server.storage import audit, devices
from sync_server.storage.devices import Caller

FORBIDDEN = 403


def caller(connection: Connection) -> Caller:
    """Return who shows the request's bearer token. Raises: Unauthenticated."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    found = devices.caller_of(connection, token) if scheme.lower() == "bearer" and token else None
    if found is None:
        raise Unauthenticated
    return found


def require(who: Caller, action: Action, point: str | None = None) -> None:
    """Check an action against the permission table, and its point against a device's own.

    Raises: DeviceRevoked, Forbidden, ReadTokenNeeded.
    """
    g.asked = (who.writer, action)
    if who.is_revoked and action is not Action.PUSH:
        raise DeviceRevoked(device=who.writer.device)
    if action not in MAY[who.writer.profile]:
        raise refusal(who, action)
    if who.writer.point is not None and point is not None and point != who.writer.point:
        raise refusal(who, action, point)
    if not who.can_read and action in NEEDS_READ_TOKEN and who.writer.profile in DEVICE_PROFILES:
        raise ReadTokenNeeded


def log(response: Response) -> Response:
    """Note what an office account's program saw of people, did, or was refused."""
    writer, action = g.pop("asked", (None, None))
    is_act = request.method == "POST"
    is_noted = is_act or action in PERSONAL_BY_API or response.status_code == FORBIDDEN
    if writer is not None and writer.is_office and is_noted:
        outcome, path = response.status_code, request.full_path.rstrip("?")
        entry = audit.Entry(now_ms(), writer.name, action.value, is_act, outcome, path, "")
        write(lambda c: audit.note(c, entry))
    return response


def refusal(who: Caller, action: Action, point: str = "") -> Forbidden:
    """Return the error that says what this profile may not do."""
    what = f"{say(f'action.{action}')} {point}".strip()
    return Forbidden(action=what, profile=say(f"role.{who.writer.profile}"))
