"""Resumable uploads: one protocol for sealed details and for the files of releases.

A `PUT` sends the whole upload or, with `Content-Range`, a piece; a `HEAD` asks how many bytes have
arrived. Both answer with `Upload-Offset` and `Upload-Complete`. The routes decide who may upload
what.
"""

from collections.abc import Callable
from typing import NamedTuple

from flask import Response, request
from sqlalchemy import Connection

from sync_server.api.bodies import check_sha256, parse_content_range
from sync_server.database import write
from sync_server.errors import BlobMismatch, PieceTooLarge
from sync_server.storage.blobs.resumable_uploads import NOTHING_RECEIVED, Offset


class Bounds(NamedTuple):
    """The largest piece and the largest upload, in bytes."""

    piece: int
    total: int


def accept_piece(
    sha256: str, bounds: Bounds, put: Callable[[Connection, bytes, int, int], Offset]
) -> Response:
    """Check the piece in the request and store it by `put(connection, piece, offset, total)`.

    Raises: MalformedRequest, PieceTooLarge, PieceOutOfPlace, BlobMismatch.
    """
    check_sha256(sha256)
    piece = request.stream.read(bounds.piece + 1)
    too_large = PieceTooLarge(limit=bounds.piece, most=bounds.total)
    if len(piece) > bounds.piece:
        raise too_large
    start, total = parse_content_range(piece)
    if total > bounds.total:
        raise too_large
    offset = write(lambda c: put(c, piece, start, total))
    if offset == NOTHING_RECEIVED:
        raise BlobMismatch(sha256=sha256)
    return offset_response(offset, 204)


def offset_response(offset: Offset, status: int) -> Response:
    """Return a response that says how many bytes of an upload have arrived."""
    headers = {"Upload-Offset": str(offset.received), "Upload-Complete": f"?{offset.is_complete:d}"}
    return Response(status=status, headers=headers)
