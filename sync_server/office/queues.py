"""The page on which a hall's queue comes in as a file, and its receipt goes out."""

import base64

from flask import Blueprint, current_app, render_template, request

from sync_server.clocks import now_ms
from sync_server.config import Settings
from sync_server.domain.permissions import Action
from sync_server.errors import QueueFileFaulty
from sync_server.office import access, queue_files
from sync_server.office.access import allowed

blueprint = Blueprint("queues", __name__)

BAD_REQUEST = 400


@blueprint.get("/nhap-tep")
@allowed(Action.IMPORT_QUEUE)
def form() -> str:
    """Show where to put the file."""
    return render_template("queue.html", taken=None, fault=None)


@blueprint.post("/nhap-tep")
@allowed(Action.IMPORT_QUEUE)
def take_in() -> str | tuple[str, int]:
    """Take the file in, tell what became of its records, and hand out the receipt."""
    settings: Settings = current_app.config["SETTINGS"]
    file = request.files.get("file")
    content = file.read(queue_files.MAX_FILE_BYTES + 1) if file else b""
    try:
        taken = queue_files.take_in(content, settings.seal_key, now_ms())
    except QueueFileFaulty as fault:
        return render_template("queue.html", taken=None, fault=fault), BAD_REQUEST
    access.about(*(parcel.device for parcel in taken.parcels))
    receipt = base64.b64encode(taken.receipt).decode()
    return render_template("queue.html", taken=taken, fault=None, receipt=receipt)
