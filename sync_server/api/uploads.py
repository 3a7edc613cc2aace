"""Receive uploads that can be resumed: encrypted personal details, and files of the portal.

The portal is the public website. A `PUT` request sends the whole upload or, with `Content-Range`, a
piece. A `HEAD` request asks how many bytes have arrived. Both responses have the headers
`Upload-Offset` and `Upload-Complete`. The routes, not this module, check who may upload.
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
    """The limits of an upload in bytes: the largest piece, and the largest total of all pieces."""

    piece: int
    total: int


def accept_piece(
    sha256: str, bounds: Bounds, put: Callable[[Connection, bytes, int, int], Offset]
) -> Response:
    """Store the piece in the request body, and return a response with the upload's progress.

    The function calls `put(connection, piece, offset, total)` to store the piece, with the offset
    of the piece and the size of the whole upload in bytes.

    Raises: MalformedRequest; PieceTooLarge; PieceOutOfPlace if the piece does not follow the last
    one; BlobMismatch if the whole upload does not match its sha256.
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
    """Return a response that states in `Upload-Offset` how many bytes of an upload have arrived.

    The header `Upload-Complete` is `?1` if the upload is complete, otherwise `?0`. `status` is the
    HTTP status.
    """
    headers = {"Upload-Offset": str(offset.received), "Upload-Complete": f"?{offset.is_complete:d}"}
    return Response(status=status, headers=headers)
