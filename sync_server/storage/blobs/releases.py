"""Store the releases (published versions of the portal), their files and their activation times.

The portal is the public website. The last 10 releases (`KEPT_RELEASES`) are kept with all their
files, so that an editor can return to any of them.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import uuid_utils
from msgspec import Struct
from sqlalchemy import (
    Connection,
    bindparam,
    case,
    delete,
    func,
    insert,
    select,
    update,
)

from sync_server.domain.records.codes import from_ms
from sync_server.domain.release import FileLine
from sync_server.errors import ReleaseMalformed, UnknownRelease
from sync_server.storage.blobs import resumable_uploads
from sync_server.storage.blobs.resumable_uploads import BlobKey, Offset
from sync_server.storage.models import Activation, Blob, Release, ReleaseFile
from sync_server.storage.prepared import CompiledStatement

KEPT_RELEASES = 10
ABANDONED_MS = 24 * 3600 * 1000
"""The time in ms, one day, after which an upload counts as abandoned. A file that belongs to
no release (version of the portal) may then be deleted, and so may a release that has not
been activated.
"""
MAX_BYTES_A_DAY = 4 * 1024**3
"""The number of bytes that all editors together may upload in 24 hours: 4 GiB, enough for 20
half-day recordings. A larger volume suggests a stolen token."""
PORTAL = "portal"
"""The owner under which the files of all releases (versions of the portal) are stored in the
table of blobs (large content).
"""


class FileAt(NamedTuple):
    """A file of a release (a version of the portal): its sha256 and its size in bytes."""

    sha256: str
    bytes: int


class ReleaseRow(Struct, frozen=True):
    """A release (a published version of the portal) in the list that editors see.

    `release` is the release's id, `files` the number of its files, and `bytes` their total size.
    `serves_from`: the time from which the release is served, in ISO 8601 UTC; None if it has never
    been activated. `is_served`: whether it is the one being served now.
    """

    release: str
    serves_from: str | None
    is_served: bool
    files: int
    bytes: int


_CURRENT = CompiledStatement(
    select(Activation.release)
    .where(Activation.from_ms <= bindparam("now_ms"))
    .order_by(Activation.from_ms.desc(), Activation.id.desc())
)


def current(connection: Connection, now_ms: int) -> str | None:
    """Return the id of the release (version of the portal) that is served at `now_ms`.

    Return None if no release has been activated by then.
    """
    rows = _CURRENT.rows(connection, now_ms=now_ms)
    return str(rows[0][0]) if rows else None


def file_at(connection: Connection, release: str, path: str) -> FileAt | None:
    """Return the file at a path of a release; None if the release has no such file.

    `release` is the id of a release (a version of the portal).
    """
    row = connection.execute(
        select(ReleaseFile.sha256, ReleaseFile.bytes).where(
            ReleaseFile.release == release, ReleaseFile.path == path
        )
    ).one_or_none()
    return FileAt(*row) if row else None


def file_key(sha256: str) -> BlobKey:
    """Return the key under which a file of the portal (the public website) is stored.

    `sha256` is the hash of the file.
    """
    return BlobKey(sha256, PORTAL)


def put_piece(
    connection: Connection, sha256: str, piece: bytes, *, at: int, total: int, now_ms: int
) -> Offset:
    """Store a piece of a portal file at byte offset `at`; return how much has arrived so far.

    The portal is the public website. `sha256` and `total` are the hash and the size in bytes of the
    whole file.

    Raises: PieceOutOfPlace if `at` is not where the last piece ended; UploadQuotaReached if all
    editors together have uploaded over `MAX_BYTES_A_DAY` in the last 24 hours.
    """
    resumable_uploads.check_quota(connection, PORTAL, MAX_BYTES_A_DAY, now_ms=now_ms)
    key = file_key(sha256)
    return resumable_uploads.put_piece(connection, key, piece, at=at, total=total, now_ms=now_ms)


def missing(connection: Connection, hashes: Iterable[str]) -> list[str]:
    """Return, sorted, those sha256 in `hashes` for which there is no complete portal file.

    The portal is the public website. A file is complete once all its pieces have been uploaded.
    """
    names = set(hashes)
    return sorted(names - resumable_uploads.complete_sizes(connection, names, PORTAL).keys())


def put(connection: Connection, release: str, files: Mapping[str, FileLine], now_ms: int) -> None:
    """Store a release (a version of the portal) whose files have all been uploaded.

    `release` is the release's id; `files` is {path: line of the manifest, which lists the
    release's files}. If the release is already stored, only its upload time is updated.

    Raises: ReleaseMalformed if a file is missing or its size differs from the manifest.
    """
    sizes = {file.sha256: file.bytes for file in files.values()}
    if resumable_uploads.complete_sizes(connection, sizes, PORTAL) != sizes:
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
    """Serve a release (a version of the portal) from the time `from_ms` on.

    If `from_ms` is not in the future, all activations scheduled for later are deleted; otherwise,
    the new activation is scheduled in addition to them. Releases that are no longer needed are
    deleted, but never the last 10 (`KEPT_RELEASES`).

    Raises: UnknownRelease if no release has this id.
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
    """Return all stored releases (versions of the portal), the most recently activated first.

    If a release was activated several times, the latest activation before `now_ms` counts. An
    activation scheduled for later counts only if there is no earlier one. Releases that have never
    been activated come last.
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
    """Delete releases that are neither recent nor scheduled, and files that no release needs.

    A release is a version of the portal. The last 10 releases (`KEPT_RELEASES`) count as
    recent, and so does a release that was uploaded within the last day and has not been
    activated yet.
    """
    rows = list_releases(connection, now_ms)
    waiting = set(connection.scalars(select(Activation.release).where(Activation.from_ms > now_ms)))
    recent = select(Release.id).where(Release.put_ms > now_ms - ABANDONED_MS)
    activated = {row.release for row in rows if row.serves_from}
    # A recent release without an activation stays, because its editor may still activate it.
    waiting |= set(connection.scalars(recent)) - activated
    past = [row.release for row in rows if row.release not in waiting]
    for release in past[KEPT_RELEASES:]:
        for table in (Activation, ReleaseFile):
            connection.execute(delete(table).where(table.release == release))
        connection.execute(delete(Release).where(Release.id == release))
    needed = select(ReleaseFile.sha256).distinct()
    unused = connection.scalars(
        select(Blob.sha256).where(
            Blob.owner == PORTAL,
            Blob.sha256.not_in(needed),
            Blob.received_ms < now_ms - ABANDONED_MS,
        )
    ).all()
    resumable_uploads.drop(connection, [file_key(sha256) for sha256 in unused])
