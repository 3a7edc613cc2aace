"""Serves the built portal, as any static host would."""

from pathlib import Path

from flask import Blueprint, Response, current_app, redirect, send_from_directory
from werkzeug.exceptions import NotFound as FileMissing
from werkzeug.security import safe_join

from sync_server.config import Settings
from sync_server.errors import NotFound

blueprint = Blueprint("site", __name__)

MAX_SHOWN = 200
"""Letters of an unknown address that the answer repeats."""


@blueprint.get("/")
@blueprint.get("/<path:path>")
def file(path: str = "index.html") -> Response:
    """Answer with a file of the release; a folder's address leads to its index.html."""
    settings: Settings = current_app.config["SETTINGS"]
    try:
        wanted = safe_join(str(settings.site_dir), path)
        if wanted and Path(wanted).is_dir():
            # Links between pages name their files, so that they also work from a USB stick.
            return redirect(f"/{path.strip('/')}/index.html")  # type: ignore[return-value]
        response = send_from_directory(settings.site_dir, path)
    except (FileMissing, OSError, ValueError):  # the last two for names that no file can have
        raise NotFound(path=f"/{path[:MAX_SHOWN]}") from None
    if response.mimetype in current_app.config["COMPRESS_MIMETYPES"]:
        # Whole, so that what compresses it can also answer 304 to the compressed form's ETag.
        response.direct_passthrough = False
        content = response.get_data()
        response.close()
        response.set_data(content)
    response.headers["Cache-Control"] = "no-cache"  # ask, and hear 304, so that no page is stale
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
