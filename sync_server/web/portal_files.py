"""Serve the files of the portal (the public website), with compression, ETags and byte ranges."""

import mimetypes
from pathlib import PurePosixPath

from flask import Blueprint, Response, current_app, redirect, request
from sqlalchemy import Connection
from werkzeug.datastructures import Range
from werkzeug.wsgi import wrap_file

from sync_server.clocks import now_ms
from sync_server.config import Settings
from sync_server.database import reading
from sync_server.errors import NotFound
from sync_server.web import served_portal
from sync_server.web.hosts import is_loopback
from sync_server.web.served_portal import ServedFile

blueprint = Blueprint("site", __name__)

MAX_PATH_SHOWN = 200
"""The error message for an unknown path repeats at most this many characters, so that a long path
does not inflate the response."""

MAX_WHOLE_BYTES = 1024 * 1024
"""Responses of up to 1 MiB are read at once. Longer ones are read in pieces, so that a dozen
simultaneous downloads of a recording fit in memory."""

TAG_LETTERS = 16
"""An ETag contains the first 16 hexadecimal digits of a file's sha256, which are enough to
distinguish two versions of the file."""

POLICY = (
    "default-src 'self'; script-src {scripts} 'wasm-unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""The content security policy of the pages of the portal (the public website). It lets only this
site's code run, even if a published page contains scripts. The scanner of QR cards needs
WebAssembly ('wasm-unsafe-eval')."""
NON_DOCUMENT_TYPES = frozenset({"text/javascript", "application/json", "application/manifest+json"})
"""The media types of files that are sent without a content security policy, because the policy
matters only for pages. Files of these types are requested most often.
"""

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
    """Return a file of the portal (the public website), by its path without the leading slash.

    A request for a folder is redirected to the folder's `index.html`. Raises: NotFound if the
    portal has no such file.
    """
    site_dir = current_app.config["SETTINGS"].site_dir
    try:
        with reading() as connection:
            at_ms = now_ms()
            if served_file := served_portal.find_file(connection, site_dir, path, at_ms):
                return _file_response(connection, served_file, path)
            index = f"{path.strip('/')}/index.html"
            if served_portal.find_file(connection, site_dir, index, at_ms):
                # Portal links name index.html, because a USB stick has no server to find it.
                return redirect(f"/{index}")  # type: ignore[return-value]
    except (OSError, ValueError):  # no file can have such a name
        pass
    raise NotFound(path=f"/{path[:MAX_PATH_SHOWN]}")


def _file_response(connection: Connection, served_file: ServedFile, path: str) -> Response:
    """Return the response for a file: the whole file (200) or the requested range of bytes (206).

    Return 304 if the browser's copy is current, and 416 if the range is outside the file. `path`
    decides the media type. Files of types that are compressed are never sent in ranges.
    """
    ending = PurePosixPath(path).suffix
    mimetype = TYPES.get(ending) or mimetypes.guess_type(path)[0] or "application/octet-stream"
    is_compressed = mimetype in current_app.config["COMPRESS_MIMETYPES"]
    tag = served_file.sha256[:TAG_LETTERS]
    wanted = None if is_compressed else _single_range(tag)
    span = wanted.range_for_length(served_file.size_bytes) if wanted else None
    if any(request.if_none_match.contains_weak(etag) for etag in (tag, f"{tag}:gzip")):
        response = Response(status=304)
    elif wanted and span is None:
        response = Response(status=416)
        response.headers["Content-Range"] = f"bytes */{served_file.size_bytes}"
    else:
        start, stop = span or (0, served_file.size_bytes)
        response = _content_response(connection, served_file, start, stop)
        response.status_code = 206 if span else 200
        response.mimetype = mimetype
        if span:
            response.headers["Content-Range"] = f"bytes {start}-{stop - 1}/{served_file.size_bytes}"
        if not is_compressed:
            response.headers["Accept-Ranges"] = "bytes"
        if mimetype not in NON_DOCUMENT_TYPES:
            response.headers["Content-Security-Policy"] = _policy()
    response.set_etag(f"{tag}:gzip" if response.status_code == 304 and is_compressed else tag)
    response.headers["Cache-Control"] = "no-cache"  # browsers revalidate every use
    return response


def _content_response(
    connection: Connection, served_file: ServedFile, start: int, stop: int
) -> Response:
    """Return a response with the bytes of a file from `start` up to but not including `stop`.

    A range longer than `MAX_WHOLE_BYTES` is read in pieces while the browser receives it.
    """
    if stop - start <= MAX_WHOLE_BYTES:
        return Response(served_file.read(connection, start, stop))
    file = served_file.open(start, stop)
    response = Response(wrap_file(request.environ, file), direct_passthrough=True)
    response.content_length = stop - start
    response.call_on_close(file.close)
    return response


def _policy() -> str:
    """Return the content security policy, which allows only scripts from the site's public address.

    The address is taken from the settings, because a proxy may hide it from the request. For a
    request to the local machine, such as `localhost`, scripts from that address are also allowed.
    """
    settings: Settings = current_app.config["SETTINGS"]
    origins = {f"{settings.public_url}/"}
    if is_loopback(request.host):
        origins.add(request.host_url)
    scripts = [f"{origin}{path}" for origin in sorted(origins) for path in ("app/", "sw.js")]
    return POLICY.format(scripts=" ".join(scripts))


def _single_range(tag: str) -> Range | None:
    """Return the range of bytes that the request asks for; None if the whole file must be sent.

    The whole file is sent if the request has no range or several, or if its `If-Range` header names
    a version of the file other than `tag` (the ETag of the current version).
    """
    wanted = request.range
    if wanted is None or wanted.units != "bytes" or len(wanted.ranges) != 1:
        return None
    condition = request.if_range
    return wanted if condition.date is None and condition.etag in {None, tag} else None
