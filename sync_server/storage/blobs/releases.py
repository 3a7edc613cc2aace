"""Published releases: files by their sha256, the files of a release, and when it is served.

The last `KEPT_RELEASES` releases stay, with all their files, so that an editor can go back to
any of them.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import uuid_utils
from msgspec import Struct
from sqlalchemy import Connection, case, delete, func, insert, select, update

from sync_server.domain.records.codes import from_ms
from sync_server.domain.release import FileLine
from sync_server.errors import BlobMismatch, PieceOutOfPlace, ReleaseMalformed, UnknownRelease
from sync_server.storage.models import Activation, Blob, BlobPiece, Release, ReleaseFile

KEPT_RELEASES = 10
ABANDONED_MS = 24 * 3600 * 1000
"""An interrupted upload is resumed the same day, or starts again."""
MAX_NAMES = 500
"""Names per statement: SQLite accepts some 32,000, PostgreSQL's planner prefers fewer."""


class FileAt(NamedTuple):
    """A file of a release: its hash and its size."""

    sha256: str
    bytes: int


class ReleaseRow(Struct, frozen=True):
    """A release in an editor's list; `serves_from` is null if it was never activated."""

    release: str
    serves_from: str | None
    is_served: bool
    files: int
    bytes: int


def current(connection: Connection, now_ms: int) -> str | None:
    """Return the release that is served at an instant; None if no activation has come yet."""
    return connection.scalar(
        select(Activation.release)
        .where(Activation.from_ms <= now_ms)
        .order_by(Activation.from_ms.desc(), Activation.id.desc())
        .limit(1)
    )


def file_at(connection: Connection, release: str, path: str) -> FileAt | None:
    """Return the file of a release at a path; None if it has none there."""
    row = connection.execute(
        select(ReleaseFile.sha256, ReleaseFile.bytes).where(
            ReleaseFile.release == release, ReleaseFile.path == path
        )
    ).one_or_none()
    return FileAt(*row) if row else None


def read_blob(
    connection: Connection, sha256: str, start: int = 0, stop: int | None = None
) -> bytes:
    """Return the bytes of a file from `start` to before `stop`."""
    within = [BlobPiece.sha256 == sha256]
    if stop is not None:
        within.append(BlobPiece.position < stop)
    first = (
        select(func.max(BlobPiece.position))
        .where(BlobPiece.sha256 == sha256, BlobPiece.position <= start)
        .scalar_subquery()
    )
    rows = connection.execute(
        select(BlobPiece.position, BlobPiece.bytes)
        .where(*within, BlobPiece.position >= func.coalesce(first, 0))
        .order_by(BlobPiece.position)
    ).all()
    if not rows:
        return b""
    begins = rows[0].position
    whole = b"".join(row.bytes for row in rows)
    return whole[start - begins : None if stop is None else stop - begins]


def missing(connection: Connection, wanted: Iterable[str]) -> list[str]:
    """Return, sorted, which of these hashes have no complete file here."""
    names = sorted(set(wanted))
    complete: set[str] = set()
    for at in range(0, len(names), MAX_NAMES):
        part = names[at : at + MAX_NAMES]
        complete |= set(
            connection.scalars(select(Blob.sha256).where(Blob.sha256.in_(part), Blob.is_complete))
        )
    return [name for name in names if name not in complete]


def received(connection: Connection, sha256: str) -> tuple[int, bool]:
    """Return how many bytes of a file have arrived, and whether that is all."""
    row = connection.execute(
        select(Blob.received, Blob.is_complete).where(Blob.sha256 == sha256)
    ).one_or_none()
    return (row.received, row.is_complete) if row else (0, False)


def put_piece(
    connection: Connection, sha256: str, piece: bytes, *, at: int, total: int, now_ms: int
) -> tuple[int, bool]:
    """Add a piece of a file at an offset in bytes; the last piece completes it.

    Raises: PieceOutOfPlace, which names the offset to resume at; BlobMismatch, after which the
    upload starts again.
    """
    before, is_complete = received(connection, sha256)
    if is_complete:
        return before, True
    if 0 < at + len(piece) <= before:  # a repeated piece: its answer was lost
        return before, False
    if at != before:
        raise PieceOutOfPlace(offset=before)
    if at == 0:
        drop(connection, [sha256])
        connection.execute(
            insert(Blob).values(sha256=sha256, received=0, is_complete=False, received_ms=now_ms)
        )
    connection.execute(insert(BlobPiece).values(sha256=sha256, position=at, bytes=piece))
    stored_bytes = at + len(piece)
    if (
        stored_bytes == total
        and hashlib.sha256(read_blob(connection, sha256)).hexdigest() != sha256
    ):
        raise BlobMismatch(sha256=sha256)
    connection.execute(
        update(Blob)
        .where(Blob.sha256 == sha256)
        .values(received=stored_bytes, is_complete=stored_bytes == total, received_ms=now_ms)
    )
    return stored_bytes, stored_bytes == total


def drop(connection: Connection, names: Sequence[str]) -> None:
    """Delete files and their pieces."""
    for table in (BlobPiece, Blob):
        connection.execute(delete(table).where(table.sha256.in_(names)))


def put(connection: Connection, release: str, files: Mapping[str, FileLine], now_ms: int) -> None:
    """Add a release whose files are all here; a repeat only updates `put_ms`.

    Raises: ReleaseMalformed if a file is missing or its size is not as the release says.
    """
    sizes = {file.sha256: file.bytes for file in files.values()}
    names = sorted(sizes)
    for at in range(0, len(names), MAX_NAMES):
        part = names[at : at + MAX_NAMES]
        stored = connection.execute(
            select(Blob.sha256, Blob.received).where(Blob.sha256.in_(part), Blob.is_complete)
        )
        if {row.sha256: row.received for row in stored} != {name: sizes[name] for name in part}:
            raise ReleaseMalformed(fault="bytes")
    if connection.scalar(select(Release.id).where(Release.id == release)):
        connection.execute(update(Release).where(Release.id == release).values(put_ms=now_ms))
        return
    size = sum(file.bytes for file in files.values())
    connection.execute(
        insert(Release).values(id=release, put_ms=now_ms, files=len(files), bytes=size)
    )
    rows = [
        {"release": release, "path": file.path, "sha256": file.sha256, "bytes": file.bytes}
        for file in files.values()
    ]
    connection.execute(insert(ReleaseFile), rows)


def activate(connection: Connection, release: str, *, from_ms: int, now_ms: int) -> None:
    """Serve a release from an instant on.

    An immediate activation cancels all coming ones; a later one is added to them.
    Raises: UnknownRelease.
    """
    if connection.scalar(select(Release.id).where(Release.id == release)) is None:
        raise UnknownRelease(release=release)
    if from_ms <= now_ms:
        connection.execute(delete(Activation).where(Activation.from_ms > now_ms))
    connection.execute(
        insert(Activation).values(id=str(uuid_utils.uuid7()), release=release, from_ms=from_ms)
    )
    _prune(connection, now_ms)


def list_releases(connection: Connection, now_ms: int) -> list[ReleaseRow]:
    """Return the stored releases, the newest activation first.

    A release that has been served is sorted by its last past activation, not by a coming one.
    """
    served = current(connection, now_ms)
    past = func.max(case((Activation.from_ms <= now_ms, Activation.from_ms)))
    began = func.coalesce(past, func.min(Activation.from_ms)).label("from_ms")
    newest = select(Activation.release, began).group_by(Activation.release).subquery()
    rows = connection.execute(
        select(Release.id, Release.files, Release.bytes, newest.c.from_ms, Release.put_ms).join(
            newest, newest.c.release == Release.id, isouter=True
        )
    ).all()
    rows = sorted(rows, key=lambda row: (row.from_ms or 0, row.put_ms), reverse=True)
    return [
        ReleaseRow(
            row.id,
            from_ms(row.from_ms) if row.from_ms is not None else None,
            row.id == served,
            row.files,
            row.bytes,
        )
        for row in rows
    ]


def _prune(connection: Connection, now_ms: int) -> None:
    """Delete all but the last and the coming releases, and the files that none of them needs."""
    rows = list_releases(connection, now_ms)
    waiting = set(connection.scalars(select(Activation.release).where(Activation.from_ms > now_ms)))
    recent = select(Release.id).where(Release.put_ms > now_ms - ABANDONED_MS)
    activated = {row.release for row in rows if row.serves_from}
    # A release that is stored but not yet activated waits for its editor.
    waiting |= set(connection.scalars(recent)) - activated
    past = [row.release for row in rows if row.release not in waiting]
    for release in past[KEPT_RELEASES:]:
        for table in (Activation, ReleaseFile):
            connection.execute(delete(table).where(table.release == release))
        connection.execute(delete(Release).where(Release.id == release))
    needed = select(ReleaseFile.sha256).distinct()
    unused = connection.scalars(
        select(Blob.sha256).where(
            Blob.sha256.not_in(needed), Blob.received_ms < now_ms - ABANDONED_MS
        )
    ).all()
    for at in range(0, len(unused), MAX_NAMES):
        drop(connection, unused[at : at + MAX_NAMES])
