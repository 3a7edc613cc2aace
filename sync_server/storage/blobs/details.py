"""Store details: encrypted personal data that records refer to by sha256.

Small details arrive with a sync. Large ones arrive in pieces, and an interrupted upload resumes
where it stopped. Nothing in this module can decrypt a detail.
"""

import hashlib
from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, select

from sync_server.domain.records.kinds import Record, Ruling
from sync_server.domain.shared import SHARED
from sync_server.errors import UnknownDetail
from sync_server.storage.access.audit import AuditEntry
from sync_server.storage.blobs import resumable_uploads
from sync_server.storage.blobs.releases import PORTAL
from sync_server.storage.blobs.resumable_uploads import BlobKey, Offset
from sync_server.storage.models import Blob, Mention
from sync_server.storage.prepared import insert_rows

MAX_PIECE_BYTES = SHARED.detail_piece_bytes
MAX_SMALL_BYTES = SHARED.small_detail_bytes
"""The largest detail that a sync may contain. A larger one would delay the records."""
MAX_BYTES_A_DAY = 256 * 1024 * 1024
"""Daily limit of one device, enough for 200 photographed reports. More suggests a stolen token."""
MAX_DETAIL_BYTES = 2_900_000
"""The size of a detail of 2 MiB after encryption and base64 encoding."""


def note(connection: Connection, fresh: Iterable[Record]) -> None:
    """Store which new records refer to a detail, with their meeting and device.

    Records inside rulings are included.
    """
    rows: list[dict[str, str]] = []
    for record in fresh:
        naming_records: list[Record] = [record]
        if isinstance(record, Ruling) and record.body.record:
            naming_records.append(record.body.record)
        rows += [
            {
                "sha256": sha256,
                "meeting": naming_record.meeting,
                "device": naming_record.device,
                "record_id": naming_record.id,
            }
            for naming_record in naming_records
            if (sha256 := detail_of(naming_record))
        ]
    if not rows:
        return
    named = {row["sha256"] for row in rows}
    before = {
        tuple(row)
        for row in connection.execute(
            select(Mention.sha256, Mention.meeting, Mention.device, Mention.record_id).where(
                Mention.sha256.in_(sorted(named))
            )
        )
    }
    distinct = {tuple(row.values()): row for row in rows}
    insert_rows(connection, Mention, [row for key, row in distinct.items() if key not in before])


def detail_of(record: Record) -> str | None:
    """Return the sha256 of the detail that a record refers to; None if the record has no detail."""
    return getattr(record.body, "detail", None)


def missing(connection: Connection, records: Iterable[Record]) -> list[str]:
    """Return the sorted sha256 of details that these records refer to but that are not complete."""
    named = {sha256 for record in records if (sha256 := detail_of(record))}
    return (
        sorted(named - resumable_uploads.complete_sizes(connection, named).keys()) if named else []
    )


def matching_small(sealed: Mapping[str, str]) -> dict[str, str]:
    """Return the details that are small enough and whose sha256 is their key."""
    return {
        sha256: text
        for sha256, text in sealed.items()
        if len(text) <= MAX_SMALL_BYTES and hashlib.sha256(text.encode()).hexdigest() == sha256
    }


def put_small(
    connection: Connection, device: str, sealed: Mapping[str, str], *, now_ms: int
) -> None:
    """Store the small details of a sync, given as encrypted texts by sha256.

    Skip a detail that is too large or does not match its sha256. Skip all details if the device has
    uploaded over `MAX_BYTES_A_DAY` in the last 24 hours; the server requests them again later.
    """
    if not sealed or resumable_uploads.is_over_quota(
        connection, device, MAX_BYTES_A_DAY, now_ms=now_ms
    ):
        return
    for sha256, text in sealed.items():
        box = text.encode()
        if len(box) <= MAX_SMALL_BYTES and not offset_of(connection, sha256, device).is_complete:
            resumable_uploads.put_whole(connection, BlobKey(sha256, device), box, now_ms=now_ms)


def offset_of(connection: Connection, sha256: str, device: str) -> Offset:
    """Return how many bytes of a detail have arrived from a device.

    The detail is complete if any device has sent it in full.
    """
    sizes = resumable_uploads.complete_sizes(connection, [sha256])
    if sha256 in sizes:
        return Offset(sizes[sha256], True)
    return resumable_uploads.offset_of(connection, BlobKey(sha256, device))


def put_piece(
    connection: Connection,
    sha256: str,
    device: str,
    piece: bytes,
    *,
    at: int,
    total: int,
    now_ms: int,
) -> Offset:
    """Store a piece of a device's detail at byte offset `at`; return the progress of the upload.

    A detail that any device has sent in full is not stored again. Raises: PieceOutOfPlace if `at`
    is not where the last piece ended; UploadQuotaReached if the device has uploaded over
    `MAX_BYTES_A_DAY` in the last 24 hours.
    """
    before = offset_of(connection, sha256, device)
    if before.is_complete:
        return before
    resumable_uploads.check_quota(connection, device, MAX_BYTES_A_DAY, now_ms=now_ms)
    key = BlobKey(sha256, device)
    return resumable_uploads.put_piece(connection, key, piece, at=at, total=total, now_ms=now_ms)


def read(connection: Connection, sha256: str) -> bytes:
    """Return the encrypted bytes of a detail. The caller must log who opened it.

    Raises: UnknownDetail if the detail has not arrived in full, or was purged.
    """
    device = resumable_uploads.owner_of(connection, sha256)
    if device is None:
        raise UnknownDetail(sha256=sha256)
    return resumable_uploads.read(connection, BlobKey(sha256, device))


def opening_entry(sha256: str, reader: str, *, now_ms: int, about: str = "") -> AuditEntry:
    """Return an audit log entry for a reader who opened a sealed detail.

    `about`: the codes of the people concerned, separated by spaces.
    """
    subjects = f"{about} {sha256}".strip()
    return AuditEntry(now_ms, reader, "read_detail", False, 200, "", subjects)


def records_naming(connection: Connection, sha256: str) -> list[tuple[str, str]]:
    """Return (meeting, record id) of the records that refer to a detail.

    A record counts only if its own device sent the detail, because knowing a sha256 must give no
    access to the content.
    """
    rows = connection.execute(
        select(Mention.meeting, Mention.record_id)
        .join(Blob, (Blob.sha256 == Mention.sha256) & (Blob.owner == Mention.device))
        .where(Mention.sha256 == sha256, Blob.is_complete)
        .distinct()
    )
    return [(row.meeting, row.record_id) for row in rows]


def purge(connection: Connection, *, before_ms: int) -> int:
    """Delete the content of all details received before an instant; return the number of details.

    The row of a complete detail stays, so that the detail is never requested or accepted again.
    """
    old = connection.execute(
        select(Blob.sha256, Blob.owner, Blob.is_complete).where(
            Blob.received_ms < before_ms, Blob.is_purged.is_(False), Blob.owner != PORTAL
        )
    ).all()
    for sha256, device, is_complete in old:
        key = BlobKey(sha256, device)
        if is_complete:
            resumable_uploads.empty(connection, key)
        else:  # an abandoned upload, which may start again
            resumable_uploads.drop(connection, [key])
    return len(old)
