"""Store large content (blobs), uploaded in pieces, by sha256 and owner.

An interrupted upload can be resumed. This module checks no permissions and decrypts
nothing. The modules `details` (encrypted personal data of records) and `releases` (versions
of the portal) use it, and their callers decide who may write and read.
"""

import hashlib
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, update

from sync_server.domain.records.codes import DAY_MS
from sync_server.errors import PieceOutOfPlace, UploadQuotaReached
from sync_server.storage.models import Blob, BlobPiece
from sync_server.storage.prepared import in_chunks

QUOTA_RETRY_S = 3_600
"""The number of seconds (one hour) that an uploader over the daily quota must wait before the next
attempt."""


class BlobKey(NamedTuple):
    """The primary key of a blob (large content): its sha256 and its owner.

    The owner is the code of the device that uploads the blob, or `portal` for files of the portal
    (the public website). Two owners' uploads of the same content stay separate, so that neither can
    damage the other.
    """

    sha256: str
    owner: str


class Offset(NamedTuple):
    """The progress of an upload: the number of bytes received, and whether all have arrived."""

    received: int
    is_complete: bool


NOTHING_RECEIVED = Offset(0, False)


def offset_of(connection: Connection, key: BlobKey) -> Offset:
    """Return how many bytes of a blob have arrived, and whether it is complete.

    The result is (0, False) if the upload has not begun.
    """
    row = connection.execute(
        select(Blob.received, Blob.is_complete).where(*_is(Blob, key))
    ).one_or_none()
    return Offset(*row) if row else NOTHING_RECEIVED


def put_piece(
    connection: Connection, key: BlobKey, piece: bytes, *, at: int, total: int, now_ms: int
) -> Offset:
    """Store a piece of a blob at byte offset `at`; return how many bytes have arrived.

    A piece that has arrived before changes nothing. The blob is complete once it has `total` bytes.
    If the whole content then does not match the sha256, the upload is deleted and must start again.

    Raises: PieceOutOfPlace if the piece does not start where the last one ended; the error contains
    the right offset.
    """
    before = offset_of(connection, key)
    if before.is_complete or 0 < at + len(piece) <= before.received:
        return before
    if at != before.received:
        raise PieceOutOfPlace(offset=before.received)
    _add(connection, key, piece, at, now_ms)
    received = at + len(piece)
    if received < total:
        return Offset(received, False)
    if hashlib.sha256(read(connection, key)).hexdigest() != key.sha256:
        drop(connection, [key])
        return NOTHING_RECEIVED
    connection.execute(update(Blob).where(*_is(Blob, key)).values(is_complete=True))
    return Offset(received, True)


def put_whole(connection: Connection, key: BlobKey, content: bytes, *, now_ms: int) -> None:
    """Store a blob (large content) in one piece. An incomplete upload of it is replaced.

    A blob that is already stored completely is not written again. Content that does not match the
    sha256 in `key` is not stored.
    """
    if not offset_of(connection, key).is_complete:
        drop(connection, [key])
        put_piece(connection, key, content, at=0, total=len(content), now_ms=now_ms)


def read(connection: Connection, key: BlobKey, start: int = 0, stop: int | None = None) -> bytes:
    """Return the bytes of a blob from offset `start` up to, but not including, `stop`.

    If `stop` is None, return all bytes from `start` on. The result is empty if no such bytes are
    stored.
    """
    first = (
        select(func.max(BlobPiece.position))
        .where(*_is(BlobPiece, key), BlobPiece.position <= start)
        .scalar_subquery()
    )
    within = [*_is(BlobPiece, key), BlobPiece.position >= func.coalesce(first, 0)]
    if stop is not None:
        within.append(BlobPiece.position < stop)
    rows = connection.execute(
        select(BlobPiece.position, BlobPiece.bytes).where(*within).order_by(BlobPiece.position)
    ).all()
    if not rows:
        return b""
    begins = rows[0].position
    joined = b"".join(row.bytes for row in rows)
    return joined[start - begins : None if stop is None else stop - begins]


def complete_sizes(
    connection: Connection, hashes: Iterable[str], owner: str | None = None
) -> dict[str, int]:
    """Return {sha256: size in bytes} for those of `hashes` whose content has arrived in full.

    If `owner` (a device code, or `portal`) is given, only content uploaded by this owner
    counts.
    """
    names = sorted(set(hashes))
    sizes: dict[str, int] = {}
    for chunk in in_chunks(names):
        query = select(Blob.sha256, Blob.received).where(Blob.sha256.in_(chunk), Blob.is_complete)
        if owner is not None:
            query = query.where(Blob.owner == owner)
        sizes |= {row.sha256: row.received for row in connection.execute(query)}
    return sizes


def is_over_quota(connection: Connection, owner: str, limit_bytes: int, *, now_ms: int) -> bool:
    """Return whether an owner has uploaded more than `limit_bytes` in the last 24 hours."""
    total = connection.scalar(
        select(func.sum(Blob.received)).where(
            Blob.owner == owner, Blob.received_ms >= now_ms - DAY_MS
        )
    )
    return (total or 0) > limit_bytes


def check_quota(connection: Connection, owner: str, limit_bytes: int, *, now_ms: int) -> None:
    """Check that an owner has uploaded at most `limit_bytes` in the last 24 hours.

    Raises: UploadQuotaReached if the owner has uploaded more.
    """
    if is_over_quota(connection, owner, limit_bytes, now_ms=now_ms):
        raise UploadQuotaReached(
            owner=owner, limit_mib=limit_bytes // 1024**2, retry_after_s=QUOTA_RETRY_S
        )


def owner_of(connection: Connection, sha256: str) -> str | None:
    """Return an owner of a complete blob with this sha256; None if there is no such blob.

    Blobs whose content has been deleted do not count. If the blob has several owners, the first in
    alphabetical order is returned.
    """
    return connection.scalar(
        select(Blob.owner)
        .where(Blob.sha256 == sha256, Blob.is_complete, Blob.is_purged.is_(False))
        .order_by(Blob.owner)
        .limit(1)
    )


def empty(connection: Connection, key: BlobKey) -> None:
    """Delete a blob's content but keep its row.

    The row shows that the content has arrived before, so the server never asks for it or accepts it
    again.
    """
    connection.execute(delete(BlobPiece).where(*_is(BlobPiece, key)))
    connection.execute(update(Blob).where(*_is(Blob, key)).values(is_purged=True))


def replace(connection: Connection, key: BlobKey, content: bytes) -> None:
    """Replace the content of a complete blob (large content), but keep its sha256.

    The new content must be the same text, encrypted with another key. The sha256 is then only
    an identifier, because it does not match the new content.
    """
    connection.execute(delete(BlobPiece).where(*_is(BlobPiece, key)))
    connection.execute(insert(BlobPiece).values(**key._asdict(), position=0, bytes=content))
    connection.execute(update(Blob).where(*_is(Blob, key)).values(received=len(content)))


def drop(connection: Connection, keys: Sequence[BlobKey]) -> None:
    """Delete the blobs (uploaded contents) with these `keys`, complete or not, with all pieces."""
    for key in keys:
        for table in (BlobPiece, Blob):
            connection.execute(delete(table).where(*_is(table, key)))


def _add(connection: Connection, key: BlobKey, piece: bytes, at: int, now_ms: int) -> None:
    if at == 0:
        row = {"received": 0, "is_complete": False, "is_purged": False, "received_ms": now_ms}
        drop(connection, [key])
        connection.execute(insert(Blob).values(**key._asdict(), **row))
    connection.execute(insert(BlobPiece).values(**key._asdict(), position=at, bytes=piece))
    progress = {"received": at + len(piece), "received_ms": now_ms}
    connection.execute(update(Blob).where(*_is(Blob, key)).values(**progress))


def _is(table: type[Blob] | type[BlobPiece], key: BlobKey) -> tuple[ColumnElement[bool], ...]:
    return table.sha256 == key.sha256, table.owner == key.owner
