"""Details: personal data in sealed boxes, stored under their sha256 apart from the ledger.

Small ones come with a sync, large ones in pieces; a cut upload resumes where it stopped. No
function here can open a box.
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
"""The largest detail that a sync may carry; larger ones would hold up the records."""
MAX_BYTES_A_DAY = 256 * 1024 * 1024
"""Two hundred photographed reports of a whole hall; more in a day is a stolen token."""
MAX_DETAIL_BYTES = 2_900_000
"""The size of a detail of 2 MiB once it is sealed and encoded in base64."""


def note(connection: Connection, fresh: Iterable[Record]) -> None:
    """Note the details that new records name, with the meeting, device and id of those records."""
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
    """Return the sha256 of the detail that a record names; None if it names none."""
    return getattr(record.body, "detail", None)


def missing(connection: Connection, records: Iterable[Record]) -> list[str]:
    """Return the details that these records name and that are not stored in full, sorted."""
    named = {sha256 for record in records if (sha256 := detail_of(record))}
    return (
        sorted(named - resumable_uploads.complete_sizes(connection, named).keys()) if named else []
    )


def matching_small(sealed: Mapping[str, str]) -> dict[str, str]:
    """Return the details of a request that are small enough and match their sha256."""
    return {
        sha256: text
        for sha256, text in sealed.items()
        if len(text) <= MAX_SMALL_BYTES and hashlib.sha256(text.encode()).hexdigest() == sha256
    }


def put_small(
    connection: Connection, device: str, sealed: Mapping[str, str], *, now_ms: int
) -> None:
    """Store the small details of a sync; skip any that is too large or does not match its hash.

    After `MAX_BYTES_A_DAY` of a device all are skipped, and asked for again.
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
    """Return how far a device's upload has got; complete if any device has sent it all."""
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
    """Add a piece of a device's detail, as `resumable_uploads.put_piece` does.

    A detail that any device has sent in full is not stored again. Raises: PieceOutOfPlace;
    UploadQuotaReached after `MAX_BYTES_A_DAY` of a device.
    """
    before = offset_of(connection, sha256, device)
    if before.is_complete:
        return before
    resumable_uploads.check_quota(connection, device, MAX_BYTES_A_DAY, now_ms=now_ms)
    key = BlobKey(sha256, device)
    return resumable_uploads.put_piece(connection, key, piece, at=at, total=total, now_ms=now_ms)


def read(connection: Connection, sha256: str) -> bytes:
    """Return a sealed detail; the caller logs who opened it. Raises: UnknownDetail."""
    device = resumable_uploads.owner_of(connection, sha256)
    if device is None:
        raise UnknownDetail(sha256=sha256)
    return resumable_uploads.read(connection, BlobKey(sha256, device))


def opening_entry(sha256: str, reader: str, *, now_ms: int, about: str = "") -> AuditEntry:
    """Return an entry for the audit log: who opened a sealed detail, and whom it concerns."""
    subjects = f"{about} {sha256}".strip()
    return AuditEntry(now_ms, reader, "read_detail", False, 200, "", subjects)


def records_naming(connection: Connection, sha256: str) -> list[tuple[str, str]]:
    """Return (meeting, record id) of the records naming a detail that its sending device made.

    Records of another device do not count: knowing a hash gives no claim on the content.
    """
    rows = connection.execute(
        select(Mention.meeting, Mention.record_id)
        .join(Blob, (Blob.sha256 == Mention.sha256) & (Blob.owner == Mention.device))
        .where(Mention.sha256 == sha256, Blob.is_complete)
        .distinct()
    )
    return [(row.meeting, row.record_id) for row in rows]


def purge(connection: Connection, *, before_ms: int) -> int:
    """Empty every detail that came before an instant, and nothing else; return how many.

    The row of a complete detail stays, so that it is neither asked for nor accepted again.
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
