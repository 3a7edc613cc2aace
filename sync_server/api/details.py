"""Details: large ones come in pieces that go on where they were cut; entitled readers open them."""

from flask import Blueprint, Response, current_app, request
from sqlalchemy import Connection

from sync_server import sealing
from sync_server.api.bodies import check_sha256, piece_place
from sync_server.api.callers import caller, refusal, require
from sync_server.clocks import now_ms
from sync_server.config import Settings
from sync_server.database import reading, write
from sync_server.domain.permissions import Action, Profile
from sync_server.errors import (
    DetailMismatch,
    PieceTooLarge,
)
from sync_server.storage import details, standings
from sync_server.storage.details import MAX_DETAIL_BYTES, MAX_PIECE_BYTES, Offset
from sync_server.storage.devices import Caller
from sync_server.storage.streams import StreamKey

blueprint = Blueprint("details", __name__)


@blueprint.put("/details/<sha256>")
def put_detail(sha256: str) -> Response:
    """Take a piece of a sealed detail; `Content-Range` says which, without it it is the whole."""
    with reading() as connection:
        who = caller(connection)
    require(who, Action.PUSH_DETAIL)
    check_sha256(sha256)
    piece = request.stream.read(MAX_PIECE_BYTES + 1)
    too_large = PieceTooLarge(limit=MAX_PIECE_BYTES, most=MAX_DETAIL_BYTES)
    if len(piece) > MAX_PIECE_BYTES:
        raise too_large
    at, total = piece_place(piece)
    if total > MAX_DETAIL_BYTES:
        raise too_large
    device, at_ms = who.writer.device, now_ms()
    try:
        offset = write(
            lambda c: details.put_piece(c, sha256, device, piece, at=at, total=total, now_ms=at_ms)
        )
    except DetailMismatch:
        write(lambda c: details.drop_unfinished(c, sha256, device))
        raise
    return _told(offset, 204)


@blueprint.get("/details/<sha256>")
def get_detail(sha256: str) -> Response:
    """Open a detail for who may read it, and note that they did.

    A HEAD instead tells a device how far its own upload has got.
    """
    with reading() as connection:
        who = caller(connection)
        if request.method == "HEAD":
            require(who, Action.PUSH)
            return _told(details.offset_of(connection, sha256, who.writer.device), 200)
        require(who, Action.READ_DETAIL)
        if who.writer.profile == Profile.CHAIR and not _decides_on(connection, who, sha256):
            raise refusal(who, Action.READ_DETAIL)
    settings: Settings = current_app.config["SETTINGS"]
    at_ms = now_ms()
    box = write(lambda c: details.read(c, sha256, who.writer.name, now_ms=at_ms))
    content, media_type = sealing.open_sealed(settings.seal_key, box)
    return Response(
        content,
        mimetype=media_type,
        headers={
            "Cache-Control": "no-store",
            "Content-Security-Policy": "sandbox",
            "X-Content-Type-Options": "nosniff",
        },
    )


def _decides_on(connection: Connection, who: Caller, sha256: str) -> bool:
    """Say whether a chair decides, now, on the record with which the detail came."""
    point, person = who.writer.point, who.writer.person
    assert point is not None
    assert person is not None
    return any(
        standings.may_decide(
            connection, StreamKey(meeting, point), person, record_id, at_ms=now_ms()
        )
        for meeting, record_id in details.told_with(connection, sha256)
    )


def _told(offset: Offset, status: int) -> Response:
    headers = {"Upload-Offset": str(offset.received), "Upload-Complete": f"?{offset.is_complete:d}"}
    return Response(status=status, headers=headers)
