"""Published releases: files by their sha256, which release has which, and which is served when.

The last `KEPT` releases stay, with all their files, so that one can go back to any of them.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import uuid_utils
from msgspec import Struct
from sqlalchemy import Connection, case, delete, func, insert, select, update

from sync_server.domain.codes import from_ms
from sync_server.domain.release import FileLine
from sync_server.errors import BlobMismatch, PieceOutOfPlace, ReleaseMalformed, UnknownRelease
from sync_server.storage.models import Activation, Blob, BlobPiece, Release, ReleaseFile

KEPT = 10
ABANDONED_MS = 24 * 3600 * 1000
"""An upload that was cut is gone on with the same day, or begun anew."""
MAX_NAMES = 500
"""In one statement: SQLite takes some 32,000, PostgreSQL's planner fewer gladly."""


class FileAt(NamedTuple):
    """A file of the release that is served."""

    sha256: str
    bytes: int


class ReleaseRow(Struct, frozen=True):
    """A release as an editor lists it; `serves_from` is null for one that never was activated."""

    release: str
    serves_from: str | None
    is_served: bool
    files: int
    bytes: int


def current(connection: Connection, now_ms: int) -> str | None:
    """Return the release that is served at a moment; None if none was ever published."""
    return connection.scalar(
        select(Activation.release)
        .where(Activation.from_ms <= now_ms)
        .order_by(Activation.from_ms.desc(), Activation.id.desc())
        .limit(1)
    )


def file_at(connection: Connection, release: str, path: str) -> FileAt | None:
    """Return what a release has under a path."""
    found = connection.execute(
        select(ReleaseFile.sha256, ReleaseFile.bytes).where(
            ReleaseFile.release == release, ReleaseFile.path == path
        )
    ).one_or_none()
    return FileAt(*found) if found else None


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
    """Return which of these sha256 are not here in full."""
    names = sorted(set(wanted))
    here: set[str] = set()
    for at in range(0, len(names), MAX_NAMES):
        part = names[at : at + MAX_NAMES]
        here |= set(
            connection.scalars(select(Blob.sha256).where(Blob.sha256.in_(part), Blob.is_complete))
        )
    return [name for name in names if name not in here]


def received(connection: Connection, sha256: str) -> tuple[int, bool]:
    """Return how many bytes of a file are here, and whether that is all."""
    found = connection.execute(
        select(Blob.received, Blob.is_complete).where(Blob.sha256 == sha256)
    ).one_or_none()
    return (found.received, found.is_complete) if found else (0, False)


def put_piece(
    connection: Connection, sha256: str, piece: bytes, *, at: int, total: int, now_ms: int
) -> tuple[int, bool]:
    """Add a piece of a file at an offset; the last one completes it.

    Raises: PieceOutOfPlace, which tells where to go on; BlobMismatch, after which it begins anew.
    """
    before, is_complete = received(connection, sha256)
    if is_complete:
        return before, True
    if 0 < at + len(piece) <= before:  # the same piece again, its answer was lost
        return before, False
    if at != before:
        raise PieceOutOfPlace(offset=before)
    if at == 0:
        drop(connection, [sha256])
        connection.execute(
            insert(Blob).values(sha256=sha256, received=0, is_complete=False, received_ms=now_ms)
        )
    connection.execute(insert(BlobPiece).values(sha256=sha256, position=at, bytes=piece))
    got = at + len(piece)
    if got == total and hashlib.sha256(read_blob(connection, sha256)).hexdigest() != sha256:
        raise BlobMismatch(sha256=sha256)
    connection.execute(
        update(Blob)
        .where(Blob.sha256 == sha256)
        .values(received=got, is_complete=got == total, received_ms=now_ms)
    )
    return got, got == total


def drop(connection: Connection, names: Sequence[str]) -> None:
    """Forget files."""
    for table in (BlobPiece, Blob):
        connection.execute(delete(table).where(table.sha256.in_(names)))


def put(connection: Connection, release: str, files: Mapping[str, FileLine], now_ms: int) -> None:
    """Take in a release whose files are all here; again is the same as once.

    Raises: ReleaseMalformed where one of them is gone or is of another size than the release says.
    """
    sizes = {file.sha256: file.bytes for file in files.values()}
    names = sorted(sizes)
    for at in range(0, len(names), MAX_NAMES):
        part = names[at : at + MAX_NAMES]
        here = connection.execute(
            select(Blob.sha256, Blob.received).where(Blob.sha256.in_(part), Blob.is_complete)
        )
        if {row.sha256: row.received for row in here} != {name: sizes[name] for name in part}:
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
    """Serve a release from a moment on.

    From now: what was to follow is called off. From later: it joins what is to follow.
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


def listed(connection: Connection, now_ms: int) -> list[ReleaseRow]:
    """Return the releases that are here, the newest activation first.

    One that was served and is to be again counts by when it was.
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
    """Keep the last releases and those to follow, and the files that they need."""
    rows = listed(connection, now_ms)
    waiting = set(connection.scalars(select(Activation.release).where(Activation.from_ms > now_ms)))
    recent = select(Release.id).where(Release.put_ms > now_ms - ABANDONED_MS)
    activated = {row.release for row in rows if row.serves_from}
    # One that was put and is not yet activated waits for its editor.
    waiting |= set(connection.scalars(recent)) - activated
    past = [row.release for row in rows if row.release not in waiting]
    for release in past[KEPT:]:
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
