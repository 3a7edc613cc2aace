"""Routes for details: devices upload them in resumable pieces, entitled readers open them."""

from flask import Blueprint, Response, current_app, request
from sqlalchemy import Connection

from sync_server import sealing
from sync_server.api.bodies import check_sha256, parse_content_range
from sync_server.api.callers import authenticate_caller, forbidden_error, require_permission
from sync_server.clocks import now_ms
from sync_server.config import Settings
from sync_server.database import reading, write
from sync_server.domain.records.permissions import Action, Profile
from sync_server.errors import DetailMismatch, PieceTooLarge
from sync_server.storage.access import audit
from sync_server.storage.access.devices import Caller
from sync_server.storage.blobs import details
from sync_server.storage.blobs.details import MAX_DETAIL_BYTES, MAX_PIECE_BYTES, Offset
from sync_server.storage.ledger import standings
from sync_server.storage.ledger.streams import StreamKey

blueprint = Blueprint("details", __name__)


@blueprint.put("/details/<sha256>")
def put_detail(sha256: str) -> Response:
    """Store a piece of a sealed detail; without `Content-Range` the body is the whole detail."""
    with reading() as connection:
        caller = authenticate_caller(connection)
    require_permission(caller, Action.PUSH_DETAIL)
    check_sha256(sha256)
    piece = request.stream.read(MAX_PIECE_BYTES + 1)
    too_large = PieceTooLarge(limit=MAX_PIECE_BYTES, most=MAX_DETAIL_BYTES)
    if len(piece) > MAX_PIECE_BYTES:
        raise too_large
    start, total = parse_content_range(piece)
    if total > MAX_DETAIL_BYTES:
        raise too_large
    device, at_ms = caller.writer.device, now_ms()
    try:
        offset = write(
            lambda c: details.put_piece(
                c, sha256, device, piece, at=start, total=total, now_ms=at_ms
            )
        )
    except DetailMismatch:
        write(lambda c: details.drop_unfinished(c, sha256, device))
        raise
    return _offset_response(offset, 204)


@blueprint.get("/details/<sha256>")
def get_detail(sha256: str) -> Response:
    """Open a detail for an entitled reader, and log the reading.

    A HEAD request instead returns how much of the detail the calling device has uploaded.
    """
    with reading() as connection:
        caller = authenticate_caller(connection)
        if request.method == "HEAD":
            require_permission(caller, Action.PUSH)
            return _offset_response(
                details.offset_of(connection, sha256, caller.writer.device), 200
            )
        require_permission(caller, Action.READ_DETAIL)
        if caller.writer.profile == Profile.CHAIR and not _chair_may_decide(
            connection, caller, sha256
        ):
            raise forbidden_error(caller, Action.READ_DETAIL)
    settings: Settings = current_app.config["SETTINGS"]
    at_ms = now_ms()
    entry = details.opening_entry(sha256, caller.writer.name, now_ms=at_ms)

    def read_and_log(c: Connection) -> bytes:
        audit.note(c, entry)
        return details.read(c, sha256)

    sealed_detail = write(read_and_log)
    content, media_type = sealing.open_sealed(settings.seal_key, sealed_detail)
    return Response(
        content,
        mimetype=media_type,
        headers={
            "Cache-Control": "no-store",
            "Content-Security-Policy": "sandbox",
            "X-Content-Type-Options": "nosniff",
        },
    )


def _chair_may_decide(connection: Connection, caller: Caller, sha256: str) -> bool:
    """Say whether a chair may decide now on a record that the detail came with."""
    point, person = caller.writer.point, caller.writer.person
    assert point is not None
    assert person is not None
    for meeting, record_id in details.records_naming(connection, sha256):
        key = StreamKey(meeting, point)
        requests = standings.requests_of(connection, [key], by=person, at_ms=now_ms())
        if any(request.id == record_id and request.is_decidable for _, request in requests):
            return True
    return False


def _offset_response(offset: Offset, status: int) -> Response:
    headers = {"Upload-Offset": str(offset.received), "Upload-Complete": f"?{offset.is_complete:d}"}
    return Response(status=status, headers=headers)
