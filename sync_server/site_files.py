"""Serves the portal's files: compressed, asked for again by their hash, large ones in ranges."""

import mimetypes
from pathlib import PurePosixPath

from flask import Blueprint, Response, current_app, redirect, request
from sqlalchemy import Connection
from werkzeug.datastructures import Range

from sync_server import served
from sync_server.clocks import now_ms
from sync_server.database import reading
from sync_server.errors import NotFound
from sync_server.served import ServedFile

blueprint = Blueprint("site", __name__)

MAX_SHOWN = 200
"""Letters of an unknown address that the answer repeats."""

TAG_LETTERS = 16
"""Of a hash: enough to tell two versions of one file apart."""

POLICY = (
    "default-src 'self'; script-src {origin}app/ {origin}sw.js 'wasm-unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Only our own code runs, whatever a published page may hold; the card scanner is WebAssembly."""
NO_DOCUMENTS = frozenset({"text/javascript", "application/json", "application/manifest+json"})
"""What no browser shows as a document in which a script could stand; these are asked for most."""

TYPES = {
    ".ics": "text/calendar",
    ".atom": "application/atom+xml",
    ".xml": "application/xml",
    ".webmanifest": "application/manifest+json",
    ".js": "text/javascript",
    ".webp": "image/webp",
}


@blueprint.get("/")
@blueprint.get("/<path:path>")
def file(path: str = "index.html") -> Response:
    """Answer with a file of the release; a folder's address leads to its index.html."""
    site_dir = current_app.config["SETTINGS"].site_dir
    try:
        with reading() as connection:
            at_ms = now_ms()
            if found := served.find(connection, site_dir, path, at_ms):
                return _answer(connection, found, path)
            index = f"{path.strip('/')}/index.html"
            if served.find(connection, site_dir, index, at_ms):
                # Links between pages name their files, so that they also work from a USB stick.
                return redirect(f"/{index}")  # type: ignore[return-value]
    except (OSError, ValueError):  # names that no file can have
        pass
    raise NotFound(path=f"/{path[:MAX_SHOWN]}")


def _answer(connection: Connection, found: ServedFile, path: str) -> Response:
    """Answer with nothing that the reader has, and of a large file with what is asked."""
    ending = PurePosixPath(path).suffix
    mimetype = TYPES.get(ending) or mimetypes.guess_type(path)[0] or "application/octet-stream"
    is_compressed = mimetype in current_app.config["COMPRESS_MIMETYPES"]
    tag = found.sha256[:TAG_LETTERS]
    wanted = None if is_compressed else _single_range(tag)
    span = wanted.range_for_length(found.size_bytes) if wanted else None
    if any(request.if_none_match.contains_weak(each) for each in (tag, f"{tag}:gzip")):
        response = Response(status=304)
    elif wanted and span is None:
        response = Response(status=416)
        response.headers["Content-Range"] = f"bytes */{found.size_bytes}"
    else:
        start, stop = span or (0, found.size_bytes)
        content = found.read(connection, start, stop)
        response = Response(content, 206 if span else 200, mimetype=mimetype)
        if span:
            response.headers["Content-Range"] = f"bytes {start}-{stop - 1}/{found.size_bytes}"
        if not is_compressed:
            response.headers["Accept-Ranges"] = "bytes"
        if mimetype not in NO_DOCUMENTS:
            policy = POLICY.format(origin=request.host_url)
            response.headers["Content-Security-Policy"] = policy
        response.headers["X-Content-Type-Options"] = "nosniff"
    response.set_etag(f"{tag}:gzip" if response.status_code == 304 and is_compressed else tag)
    response.headers["Cache-Control"] = "no-cache"  # ask, and hear 304, so that no page is stale
    return response


def _single_range(tag: str) -> Range | None:
    """Return the one range that is asked for, unless it is of an older version of the file."""
    wanted = request.range
    if wanted is None or wanted.units != "bytes" or len(wanted.ranges) != 1:
        return None
    condition = request.if_range
    return wanted if condition.date is None and condition.etag in {None, tag} else None
