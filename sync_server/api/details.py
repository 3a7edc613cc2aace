"""Receive encrypted personal details from devices, and show them to entitled readers.

A detail is the confidential part of a record, such as the reason for an absence or a scanned
letter.
"""

from flask import Blueprint, Response, current_app, request
from sqlalchemy import Connection

from sync_server import sealing
from sync_server.api.callers import authenticate_caller, forbidden_error, require_permission
from sync_server.api.uploads import Bounds, accept_piece, offset_response
from sync_server.clocks import now_ms
from sync_server.config import Settings
from sync_server.database import reading, write
from sync_server.domain.records.permissions import Action, Profile
from sync_server.storage.access import audit
from sync_server.storage.access.devices import Caller
from sync_server.storage.blobs import details
from sync_server.storage.blobs.details import MAX_DETAIL_BYTES, MAX_PIECE_BYTES
from sync_server.storage.blobs.resumable_uploads import Offset
from sync_server.storage.ledger import standings
from sync_server.storage.ledger.streams import StreamKey

blueprint = Blueprint("details", __name__)

BOUNDS = Bounds(MAX_PIECE_BYTES, MAX_DETAIL_BYTES)


@blueprint.put("/details/<sha256>")
def put_detail(sha256: str) -> Response:
    """Store the request body as a piece of an encrypted detail, which is named by its sha256.

    Without the header `Content-Range`, the body is the whole detail. Respond 204; the headers state
    how many bytes have arrived.

    Raises: PieceTooLarge; PieceOutOfPlace if the piece does not follow the last one; BlobMismatch
    if the detail does not match its sha256; UploadQuotaReached; Forbidden.
    """
    with reading() as connection:
        caller = authenticate_caller(connection)
    require_permission(caller, Action.PUSH_DETAIL)
    device, at_ms = caller.writer.device, now_ms()

    def put(c: Connection, piece: bytes, start: int, total: int) -> Offset:
        return details.put_piece(c, sha256, device, piece, at=start, total=total, now_ms=at_ms)

    return accept_piece(sha256, BOUNDS, put)


@blueprint.get("/details/<sha256>")
def get_detail(sha256: str) -> Response:
    """Return the decrypted content of a personal detail to an entitled reader, and log the reading.

    A chair may read a detail of a request for leave only while that request waits for the decision
    of this chair. A HEAD request instead returns how many bytes of the detail the calling device
    has uploaded.

    Raises: Forbidden if the reader is not entitled; UnknownDetail if the detail is not stored in
    full; DetailUnreadable if it cannot be decrypted.
    """
    with reading() as connection:
        caller = authenticate_caller(connection)
        if request.method == "HEAD":
            require_permission(caller, Action.PUSH)
            return offset_response(details.offset_of(connection, sha256, caller.writer.device), 200)
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
    content, media_type = sealing.decrypt_detail(settings.seal_key, sealed_detail)
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
    """Return whether a chair may now decide on a request to which some encrypted data belong.

    The request is for leave or for a substitute. The data, such as the reason for leave, are
    identified by `sha256`. `caller` is the chair (a person who may preside in a hall), and must
    belong to a hall.
    """
    point, person = caller.writer.point, caller.writer.person
    assert point is not None
    assert person is not None
    for meeting, record_id in details.records_naming(connection, sha256):
        key = StreamKey(meeting, point)
        requests = standings.requests_of(connection, [key], by=person, at_ms=now_ms())
        if any(request.id == record_id and request.is_decidable for _, request in requests):
            return True
    return False
