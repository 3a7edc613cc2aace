"""Report whether this server is running, and whether it is ready for requests."""

from flask import Blueprint, Response, current_app
from sqlalchemy import text

from sync_server.api.bodies import json_response
from sync_server.database import check_free_disk, reading
from sync_server.errors import Draining
from sync_server.web.production_server import DRAIN_S, is_draining

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def healthz() -> Response:
    """Respond 200 as long as the server process is running."""
    return json_response({"status": "ok"})


@blueprint.get("/readyz")
def readyz() -> Response:
    """Respond 200 if the database answers and its disk has enough free space.

    Raises: Draining (503) if the server is about to stop; DiskFull (507) if there is too little
    space; DatabaseBusy (503) if the database does not answer in time.
    """
    if is_draining(current_app):
        raise Draining(retry_after_s=DRAIN_S)
    check_free_disk()
    with reading() as connection:
        connection.execute(text("SELECT 1 FROM stream WHERE 1 = 0"))
    return json_response({"status": "ready"})
