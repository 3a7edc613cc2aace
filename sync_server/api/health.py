"""Health checks: whether this server runs, and whether its database answers."""

from flask import Blueprint, Response
from sqlalchemy import text

from sync_server.api.bodies import json_response
from sync_server.database import check_room, reading

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def healthz() -> Response:
    """Answer 200 as long as the process runs."""
    return json_response({"status": "ok"})


@blueprint.get("/readyz")
def readyz() -> Response:
    """Answer 200 while the database answers and its disk has room, 503 or 507 otherwise."""
    check_room()
    with reading() as connection:
        connection.execute(text("SELECT 1 FROM stream WHERE 1 = 0"))
    return json_response({"status": "ready"})
