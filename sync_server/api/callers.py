"""Who calls, and whether they may: every route of the API asks here and nowhere else."""

from flask import request
from sqlalchemy import Connection

from sync_server.domain.permissions import DEVICE_PROFILES, MAY, NEEDS_READ_TOKEN, Action
from sync_server.errors import DeviceRevoked, Forbidden, ReadTokenNeeded, Unauthenticated
from sync_server.messages import say
from sync_server.storage import devices
from sync_server.storage.devices import Caller


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
    if who.is_revoked and action is not Action.PUSH:
        raise DeviceRevoked(device=who.writer.device)
    if action not in MAY[who.writer.profile]:
        raise refusal(who, action)
    if who.writer.point is not None and point is not None and point != who.writer.point:
        raise refusal(who, action, point)
    if not who.can_read and action in NEEDS_READ_TOKEN and who.writer.profile in DEVICE_PROFILES:
        raise ReadTokenNeeded


def refusal(who: Caller, action: Action, point: str = "") -> Forbidden:
    """Return the error that says what this profile may not do."""
    what = f"{say(f'action.{action}')} {point}".strip()
    return Forbidden(action=what, profile=say(f"role.{who.writer.profile}"))
