"""Store details: encrypted personal data that records refer to by sha256.

Small details arrive together with the records. Large ones arrive in pieces, and an interrupted
upload resumes where it stopped. Nothing in this module can decrypt a detail.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping

from sqlalchemy import ColumnElement, Connection, func, select

from sync_server.domain.records.kinds import Record, Ruling
from sync_server.domain.shared import SHARED
from sync_server.errors import UnknownDetail
from sync_server.storage.access.audit import AuditEntry
from sync_server.storage.blobs import resumable_uploads
from sync_server.storage.blobs.releases import PORTAL
from sync_server.storage.blobs.resumable_uploads import BlobKey, Offset
from sync_server.storage.models import Blob, Mention
from sync_server.storage.prepared import in_chunks, insert_rows

MAX_PIECE_BYTES = SHARED.detail_piece_bytes
MAX_SMALL_BYTES = SHARED.small_detail_bytes
"""The size of the largest detail (encrypted personal data) that may arrive together with records: 8
KiB. Over a slow connection, a larger one would delay the records, so it is uploaded separately."""
MAX_BYTES_A_DAY = 256 * 1024 * 1024
"""The number of bytes of details (encrypted personal data) that one device may upload in 24 hours:
256 MiB, enough for 200 photographed reports. A larger volume suggests a stolen token."""
MAX_DETAIL_BYTES = 2_900_000
"""The size in bytes of the largest permitted detail. It allows for 2 MiB of content, which grows by
a third when it is encrypted and encoded in base64."""


def note(connection: Connection, fresh: Iterable[Record]) -> None:
    """Store which details the new records `fresh` refer to, with each record's meeting and device.

    A detail is encrypted personal data, stored apart from the record and identified by its sha256.
    A ruling (a decision of headquarters) may contain another record; the reference in that record
    is stored, too. References that are already stored stay unchanged.
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
    """Return the sha256 of the encrypted personal data that a record refers to, or None."""
    return getattr(record.body, "detail", None)


def missing(connection: Connection, records: Iterable[Record]) -> list[str]:
    """Return the sorted sha256 of the details in `records` that have not arrived in full.

    A detail is encrypted personal data that a record refers to by sha256.
    """
    named = {sha256 for record in records if (sha256 := detail_of(record))}
    return (
        sorted(named - resumable_uploads.complete_sizes(connection, named).keys()) if named else []
    )


def matching_small(sealed: Mapping[str, str]) -> dict[str, str]:
    """Return {sha256: text} of the texts that are small enough and match their sha256.

    `sealed` is {sha256 that the sender stated: encrypted text}. A text may have at most
    `MAX_SMALL_BYTES` (8 KiB).
    """
    return {
        sha256: text
        for sha256, text in sealed.items()
        if len(text) <= MAX_SMALL_BYTES and hashlib.sha256(text.encode()).hexdigest() == sha256
    }


def put_small(
    connection: Connection, device: str, sealed: Mapping[str, str], *, now_ms: int
) -> None:
    """Store the small details (encrypted personal data) that arrived together with records.

    `sealed` is {sha256: encrypted text}. A text that is too large or does not match its sha256
    is skipped. All texts are skipped if the device has uploaded over `MAX_BYTES_A_DAY` in the
    last 24 hours. The server asks for skipped texts again later.
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
    """Return how many bytes of a detail have arrived from a device, and whether it is complete.

    A detail is encrypted personal data, identified by its sha256. If any device has sent the whole
    detail, it counts as complete, and all its bytes count as arrived.
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
    """Store a piece of a device's detail at byte offset `at`; return how much has arrived so far.

    A detail is encrypted personal data, identified by its sha256; `total` is its full size in
    bytes. If any device has already sent the whole detail, nothing is stored.

    Raises: PieceOutOfPlace if `at` is not where the last piece ended; UploadQuotaReached if the
    device has uploaded over `MAX_BYTES_A_DAY` in the last 24 hours.
    """
    before = offset_of(connection, sha256, device)
    if before.is_complete:
        return before
    resumable_uploads.check_quota(connection, device, MAX_BYTES_A_DAY, now_ms=now_ms)
    key = BlobKey(sha256, device)
    return resumable_uploads.put_piece(connection, key, piece, at=at, total=total, now_ms=now_ms)


def read(connection: Connection, sha256: str) -> bytes:
    """Return the bytes of a detail (personal data), still encrypted.

    The caller must record in the audit log who reads the detail.

    Raises: UnknownDetail if the detail has not arrived in full, or has been deleted because of its
    age.
    """
    device = resumable_uploads.owner_of(connection, sha256)
    if device is None:
        raise UnknownDetail(sha256=sha256)
    return resumable_uploads.read(connection, BlobKey(sha256, device))


def opening_entry(sha256: str, reader: str, *, now_ms: int, about: str = "") -> AuditEntry:
    """Return the row for the audit log which says that `reader` has opened a detail.

    A detail is encrypted personal data, identified by its sha256. `reader` is an account's name or
    a device's code. `about` contains the codes of the people concerned, separated by spaces. The
    caller must store the row.
    """
    subjects = f"{about} {sha256}".strip()
    return AuditEntry(now_ms, reader, "read_detail", False, 200, "", subjects)


def complete_details(connection: Connection) -> list[BlobKey]:
    """Return the keys of all details that have arrived in full and still have their content.

    A detail is encrypted personal data. Its key contains its sha256 and the code of the device that
    sent it. The keys are sorted.
    """
    query = select(Blob.sha256, Blob.owner).where(
        Blob.is_complete, Blob.is_purged.is_(False), Blob.owner != PORTAL
    )
    return [BlobKey(*row) for row in connection.execute(query.order_by(Blob.sha256, Blob.owner))]


def records_naming(connection: Connection, sha256: str) -> list[tuple[str, str]]:
    """Return the (meeting id, record id) of every record that refers to a complete detail.

    A detail is encrypted personal data, identified by its sha256. A record counts only if the
    device that made it also sent the detail. Otherwise anybody who knows the sha256 could refer to
    the detail and so gain access to it.
    """
    rows = connection.execute(
        select(Mention.meeting, Mention.record_id)
        .join(Blob, (Blob.sha256 == Mention.sha256) & (Blob.owner == Mention.device))
        .where(Mention.sha256 == sha256, Blob.is_complete)
        .distinct()
    )
    return [(row.meeting, row.record_id) for row in rows]


def rightly_named(
    connection: Connection, meeting: str, record_ids: Collection[str]
) -> set[tuple[str, str]]:
    """Return {(record id, sha256)} of the details to which the records `record_ids` may refer.

    A detail is encrypted personal data, identified by its sha256. The records belong to one
    meeting. A reference counts only if the device that made the record also sent the detail,
    because otherwise anybody who knows the sha256 could gain access to the detail. Details that
    have not arrived in full are left out.
    """
    references: set[tuple[str, str]] = set()
    for ids in in_chunks(sorted(record_ids)):
        rows = connection.execute(
            select(Mention.record_id, Mention.sha256)
            .join(Blob, (Blob.sha256 == Mention.sha256) & (Blob.owner == Mention.device))
            .where(Mention.meeting == meeting, Mention.record_id.in_(ids), Blob.is_complete)
        )
        references |= {(row.record_id, row.sha256) for row in rows}
    return references


def count_older(connection: Connection, *, before_ms: int) -> int:
    """Return how many details were received before `before_ms` and still have their content.

    A detail is encrypted personal data. `before_ms` is in ms since 1970 UTC.
    """
    return connection.scalar(select(func.count()).select_from(Blob).where(*_older(before_ms))) or 0


def _older(before_ms: int) -> tuple[ColumnElement[bool], ...]:
    """Return the SQL conditions for details received before `before_ms` that still have content.

    A detail is encrypted personal data.
    """
    return Blob.received_ms < before_ms, Blob.is_purged.is_(False), Blob.owner != PORTAL


def forget(connection: Connection, hashes: Collection[str]) -> int:
    """Delete the content of the details with the sha256 in `hashes`; return how many were deleted.

    A detail is encrypted personal data. If several devices sent a detail, every device's copy is
    deleted and counted. The database rows of the details stay, so that the server never again asks
    for or accepts content that it had received in full.
    """
    rows = [
        BlobKey(*row)
        for chunk in in_chunks(sorted(hashes))
        for row in connection.execute(
            select(Blob.sha256, Blob.owner).where(
                Blob.sha256.in_(chunk), Blob.is_purged.is_(False), Blob.owner != PORTAL
            )
        )
    ]
    for key in rows:
        resumable_uploads.empty(connection, key)
    return len(rows)


def purge(connection: Connection, *, before_ms: int) -> int:
    """Delete the content of all details received before `before_ms`; return how many were deleted.

    A detail is encrypted personal data. If it is complete, its row with the sha256 stays, so that
    the server never asks for the content or accepts it again. An incomplete detail is deleted with
    its row.
    """
    query = select(Blob.sha256, Blob.owner, Blob.is_complete).where(*_older(before_ms))
    old = connection.execute(query).all()
    for sha256, device, is_complete in old:
        key = BlobKey(sha256, device)
        if is_complete:
            resumable_uploads.empty(connection, key)
        else:  # an abandoned upload, which may start again
            resumable_uploads.drop(connection, [key])
    return len(old)
