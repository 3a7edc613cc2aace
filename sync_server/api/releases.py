"""Publish releases, which are built versions of the portal (the public website).

An editor sends the list of all files (the manifest), uploads the files that the server lacks, and
then activates the release.
"""

import hashlib
from collections.abc import Mapping

import msgspec
from flask import Blueprint, Response, current_app, request
from sqlalchemy import Connection

from sync_server.api.bodies import json_response, read_body, read_bytes
from sync_server.api.callers import authenticate_caller, require_permission
from sync_server.api.uploads import Bounds, accept_piece, offset_response
from sync_server.clocks import now_ms
from sync_server.config import Settings
from sync_server.database import reading, write
from sync_server.domain.records.codes import Instant, check_instant, from_ms, to_ms
from sync_server.domain.records.permissions import Action
from sync_server.domain.release import (
    FACTS_PATH,
    BadRelease,
    FileLine,
    files_of,
    foreign_code,
    read_manifest,
)
from sync_server.errors import ForeignCode, MalformedRequest, ReleaseMalformed
from sync_server.storage.blobs import releases, resumable_uploads
from sync_server.storage.blobs.resumable_uploads import Offset
from sync_server.web import served_portal

blueprint = Blueprint("releases", __name__)

MAX_PIECE_BYTES = 1024 * 1024
MAX_BLOB_BYTES = 200 * 1024 * 1024
"""The largest size in bytes of a file in the portal (the public website): 200 MiB. A recording of a
whole morning is smaller."""
BOUNDS = Bounds(MAX_PIECE_BYTES, MAX_BLOB_BYTES)


class ActivateRequest(msgspec.Struct, frozen=True):
    """The body of a request to activate a release (a version of the portal, the public website).

    The server serves the release from the time `at` (ISO 8601 UTC); None means from now on.
    """

    at: Instant | None = None


_activate_decoder = msgspec.json.Decoder(ActivateRequest)


@blueprint.get("/release")
def served_release() -> Response:
    """Return the id of the release that is served now, or null.

    A release is a version of the portal (the public website). A relay (a server inside a hall)
    compares this id with the id of its copy before it downloads files.
    """
    settings: Settings = current_app.config["SETTINGS"]
    with reading() as connection:
        return json_response(
            {"release": served_portal.current_release(connection, settings.site_dir, now_ms())}
        )


@blueprint.get("/releases")
def kept_releases() -> Response:
    """Return the stored releases, the most recently activated first.

    A release is a version of the portal (the public website). Any stored release can be activated
    again. Raises: Unauthenticated; Forbidden.
    """
    with reading() as connection:
        require_permission(authenticate_caller(connection), Action.PUBLISH)
        return json_response(releases.list_releases(connection, now_ms()))


@blueprint.post("/releases")
def put_release() -> Response:
    """Receive the manifest of a release, and store the release if all its files have arrived.

    A release is a version of the portal (the public website). Its manifest names lists, and every
    list names files of the release. Return the id of the release and the sha256 of every missing
    file or, if lists are missing, of every missing list. As long as anything is missing, the
    release is not stored.

    Raises: ReleaseMalformed; ForeignCode if the code in the release that runs in browsers differs
    from the code in this server's own build.
    """
    with reading() as connection:
        require_permission(authenticate_caller(connection), Action.PUBLISH)
    content = read_bytes()
    release = hashlib.sha256(content).hexdigest()
    try:
        manifest = read_manifest(content)
        list_hashes = [line.sha256 for line in manifest.lists]
        with reading() as connection:
            if missing_hashes := releases.missing(connection, list_hashes):
                return json_response({"release": release, "missing": missing_hashes})
            lists = {
                list_hash: resumable_uploads.read(connection, releases.file_key(list_hash))
                for list_hash in list_hashes
            }
        files = files_of(content, manifest, lists)
    except BadRelease as fault:
        raise ReleaseMalformed(fault=fault) from None
    settings: Settings = current_app.config["SETTINGS"]
    if path := foreign_code(files.values(), served_portal.local_code(settings.site_dir)):
        raise ForeignCode(path=path)
    with reading() as connection:
        missing_hashes = releases.missing(connection, (file.sha256 for file in files.values()))
    if not missing_hashes:
        _check_directory(files)
        at_ms = now_ms()
        write(lambda c: releases.put(c, release, files, at_ms))
    return json_response({"release": release, "missing": missing_hashes})


def _check_directory(files: Mapping[str, FileLine]) -> None:
    """Check that a release contains a valid `facts.json`.

    A release is a version of the portal (the public website), and its `facts.json` lists units
    (organisations), halls and meetings. `files` is {path: file of the release}. Raises:
    ReleaseMalformed if `facts.json` is missing or not valid.
    """
    line = files.get(FACTS_PATH)
    if line is None:
        raise ReleaseMalformed(fault=f"{FACTS_PATH}: –")
    with reading() as connection:
        content = resumable_uploads.read(connection, releases.file_key(line.sha256))
    served_portal.parse_directory(content)


@blueprint.put("/blobs/<sha256>")
def put_blob(sha256: str) -> Response:
    """Store the request body as a piece of the file with the given sha256.

    The file belongs to a release (a version of the portal, the public website). Without the header
    `Content-Range`, the body is the whole file. Respond 204; the headers state how many bytes have
    arrived.

    Raises: PieceTooLarge; PieceOutOfPlace if the piece does not follow the last one; BlobMismatch
    if the file does not match its sha256; UploadQuotaReached; Forbidden.
    """
    with reading() as connection:
        require_permission(authenticate_caller(connection), Action.PUBLISH)
    at_ms = now_ms()

    def put(c: Connection, piece: bytes, start: int, total: int) -> Offset:
        return releases.put_piece(c, sha256, piece, at=start, total=total, now_ms=at_ms)

    return accept_piece(sha256, BOUNDS, put)


@blueprint.route("/blobs/<sha256>", methods=["HEAD"])
def blob_offset(sha256: str) -> Response:
    """Return how many bytes of a file have arrived, so that an editor can resume the upload.

    The number is in the header `Upload-Offset`; it is 0 if the upload has not begun. Raises:
    Unauthenticated; Forbidden.
    """
    with reading() as connection:
        require_permission(authenticate_caller(connection), Action.PUBLISH)
        return offset_response(
            resumable_uploads.offset_of(connection, releases.file_key(sha256)), 200
        )


@blueprint.post("/releases/<release>/activate")
def activate(release: str) -> Response:
    """Activate a release, which is then served from a given time.

    A release is a version of the portal (the public website). The time is `at` in the request body;
    if `at` is missing or past, the release is served from now on. The response states the time from
    which the release is served.

    Raises: UnknownRelease; MalformedRequest if `at` is not a valid time; Forbidden.
    """
    with reading() as connection:
        require_permission(authenticate_caller(connection), Action.PUBLISH)
    activation = read_body(_activate_decoder) if request.content_length else ActivateRequest()
    at_ms = now_ms()
    try:
        check_instant(activation.at or from_ms(at_ms))
    except msgspec.ValidationError as fault:
        raise MalformedRequest(fault=f"at: {fault}") from None
    serves_from_ms = max(to_ms(activation.at), at_ms) if activation.at else at_ms
    write(lambda c: releases.activate(c, release, from_ms=serves_from_ms, now_ms=at_ms))
    return json_response({"release": release, "serves_from": from_ms(serves_from_ms)})
