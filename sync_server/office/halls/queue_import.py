"""Pages that import the queue file of a hall and return a signed receipt.

A hall without a network saves its unsent records in a queue file, which somebody carries to
headquarters.
"""

import base64

from flask import Blueprint, current_app, render_template, request

from sync_server.acts import queue_files
from sync_server.clocks import now_ms
from sync_server.config import Settings
from sync_server.domain.records.permissions import Action
from sync_server.errors import QueueFileFaulty
from sync_server.office import access
from sync_server.office.access import allowed
from sync_server.office.menus import Menu

blueprint = Blueprint("queue_import", __name__)

BAD_REQUEST = 400


@blueprint.get("/nhap-tep")
@allowed(Action.IMPORT_QUEUE, menu=Menu(8, "office.queue_file"))
def form() -> str:
    """Return the page with the form for uploading a queue file (a hall's unsent records)."""
    return render_template("halls/queue_import.html", taken=None, fault=None)


@blueprint.post("/nhap-tep")
@allowed(Action.IMPORT_QUEUE, is_slow=True)
def take_in() -> str | tuple[str, int]:
    """Import an uploaded queue file, which contains the unsent records of a hall's devices.

    Return a page with the outcome for every record and a receipt to download. If the file is
    faulty, import nothing, and return a page that states the fault, with status 400.
    """
    settings: Settings = current_app.config["SETTINGS"]
    file = request.files.get("file")
    content = file.read(queue_files.MAX_FILE_BYTES + 1) if file else b""
    try:
        result = queue_files.import_file(content, settings.seal_key, now_ms())
    except QueueFileFaulty as fault:
        return render_template("halls/queue_import.html", taken=None, fault=fault), BAD_REQUEST
    access.log_subjects(*(parcel.device for parcel in result.receipts))
    receipt = base64.b64encode(result.receipt_file).decode()
    return render_template("halls/queue_import.html", taken=result, fault=None, receipt=receipt)
