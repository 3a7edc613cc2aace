"""Releases: an editor sends what is missing, then says from when it is served."""

import hashlib

import msgspec
from flask import Blueprint, Response, current_app, request

from sync_server import served
from sync_server.api.bodies import answer, check_sha256, piece_place, read_body, read_bytes
from sync_server.api.callers import caller, require
from sync_server.clocks import now_ms
from sync_server.config import Settings
from sync_server.database import reading, write
from sync_server.domain.codes import Instant, check_instant, from_ms, to_ms
from sync_server.domain.permissions import Action
from sync_server.domain.release import BadRelease, files_of, foreign_code, read_manifest
from sync_server.errors import (
    BlobMismatch,
    BlobTooLarge,
    ForeignCode,
    MalformedRequest,
    ReleaseMalformed,
)
from sync_server.storage import releases

blueprint = Blueprint("releases", __name__)

MAX_PIECE_BYTES = 1024 * 1024
MAX_BLOB_BYTES = 200 * 1024 * 1024
"""A recording of a morning."""


class ActivateRequest(msgspec.Struct, frozen=True):
    """From when a release is served; without `at`, from now."""

    at: Instant | None = None


_activate = msgspec.json.Decoder(ActivateRequest)


@blueprint.get("/release")
def served_release() -> Response:
    """Answer with the id of the portal that is served; a relay asks before it fetches."""
    settings: Settings = current_app.config["SETTINGS"]
    with reading() as connection:
        return answer({"release": served.current(connection, settings.site_dir, now_ms())})


@blueprint.get("/releases")
def kept_releases() -> Response:
    """List the releases that one can go back to, the newest first."""
    with reading() as connection:
        require(caller(connection), Action.PUBLISH)
        return answer(releases.listed(connection, now_ms()))


@blueprint.post("/releases")
def put_release() -> Response:
    """Take a manifest; answer with what of it is not here yet: its lists first, then its files."""
    with reading() as connection:
        require(caller(connection), Action.PUBLISH)
    content = read_bytes()
    release = hashlib.sha256(content).hexdigest()
    try:
        manifest = read_manifest(content)
        names = [line.sha256 for line in manifest.lists]
        with reading() as connection:
            if lacking := releases.missing(connection, names):
                return answer({"release": release, "missing": lacking})
            lists = {name: releases.read_blob(connection, name) for name in names}
        files = files_of(content, manifest, lists)
    except BadRelease as fault:
        raise ReleaseMalformed(fault=fault) from None
    settings: Settings = current_app.config["SETTINGS"]
    if path := foreign_code(files.values(), served.own_code(settings.site_dir)):
        raise ForeignCode(path=path)
    with reading() as connection:
        lacking = releases.missing(connection, (file.sha256 for file in files.values()))
    if not lacking:
        at_ms = now_ms()
        write(lambda c: releases.put(c, release, files, at_ms))
    return answer({"release": release, "missing": lacking})


@blueprint.put("/blobs/<sha256>")
def put_blob(sha256: str) -> Response:
    """Take a piece of a file; `Content-Range` says which, without it it is the whole."""
    with reading() as connection:
        require(caller(connection), Action.PUBLISH)
    check_sha256(sha256)
    piece = request.stream.read(MAX_PIECE_BYTES + 1)
    at, total = piece_place(piece)
    if len(piece) > MAX_PIECE_BYTES or total > MAX_BLOB_BYTES:
        raise BlobTooLarge(limit=MAX_PIECE_BYTES, most=MAX_BLOB_BYTES)
    at_ms = now_ms()
    try:
        write(lambda c: releases.put_piece(c, sha256, piece, at=at, total=total, now_ms=at_ms))
    except BlobMismatch:
        write(lambda c: releases.drop(c, [sha256]))
        raise
    return Response(status=204)


@blueprint.get("/blobs/<sha256>")
def blob_offset(sha256: str) -> Response:
    """Tell an editor how much of a file has come."""
    with reading() as connection:
        require(caller(connection), Action.PUBLISH)
        got, is_complete = releases.received(connection, sha256)
    return answer({"received": got, "complete": is_complete})


@blueprint.post("/releases/<release>/activate")
def activate(release: str) -> Response:
    """Serve a release from now, or from an hour to come."""
    with reading() as connection:
        require(caller(connection), Action.PUBLISH)
    asked = read_body(_activate) if request.content_length else ActivateRequest()
    at_ms = now_ms()
    try:
        check_instant(asked.at or from_ms(at_ms))
    except msgspec.ValidationError as fault:
        raise MalformedRequest(fault=f"at: {fault}") from None
    begins = max(to_ms(asked.at), at_ms) if asked.at else at_ms
    write(lambda c: releases.activate(c, release, from_ms=begins, now_ms=at_ms))
    return answer({"release": release, "serves_from": from_ms(begins)})
