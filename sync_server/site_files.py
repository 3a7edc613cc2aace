"""Serves the built portal, as any static host would."""

from flask import Blueprint, Response, current_app, redirect, send_from_directory
from werkzeug.exceptions import NotFound as FileMissing

from sync_server.config import Settings
from sync_server.errors import NotFound

blueprint = Blueprint("site", __name__)


@blueprint.get("/")
@blueprint.get("/<path:path>")
def file(path: str = "index.html") -> Response:
    """Answer with a file of the release; a folder's address leads to its index.html."""
    settings: Settings = current_app.config["SETTINGS"]
    wanted = settings.site_dir / path
    if path.endswith("/") or wanted.is_dir():
        # Links between pages name their files, so that they also work from a USB stick.
        return redirect(f"/{path.rstrip('/')}/index.html")  # type: ignore[return-value]
    try:
        response = send_from_directory(settings.site_dir, path)
    except FileMissing:
        raise NotFound(path=f"/{path}") from None
    response.headers["Cache-Control"] = "no-cache"  # ask, and hear 304, so that no page is stale
    response.headers["X-Content-Type-Options"] = "nosniff"
    if path == "sw.js":
        response.headers["Service-Worker-Allowed"] = "/"
    return response
