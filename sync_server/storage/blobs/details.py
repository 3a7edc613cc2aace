"""Details: sealed boxes stored under their sha256 next to the ledger, and who opened which.

Small ones come with a sync, large ones in pieces; a cut upload resumes where it stopped. No
function here can open a box.
"""

import hashlib
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from sqlalchemy import Connection, delete, insert, select, update

from sync_server.domain.records.kinds import Record, Ruling
from sync_server.errors import DetailMismatch, PieceOutOfPlace, UnknownDetail
from sync_server.storage.access.audit import AuditEntry
from sync_server.storage.models import Detail, DetailPiece, Mention
from sync_server.storage.prepared import insert_rows

MAX_PIECE_BYTES = 64 * 1024
MAX_SMALL_BYTES = 8 * 1024
"""The largest detail that a sync may carry; larger ones would hold up the records."""
MAX_DETAIL_BYTES = 2_900_000
"""2 MiB, sealed and encoded in base64."""


class Offset(NamedTuple):
    """How many bytes of a detail have come from a device, and whether that is all."""

    received: int
    is_complete: bool


NOTHING_RECEIVED = Offset(0, False)


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
    named = sorted({sha256 for record in records if (sha256 := detail_of(record))})
    if not named:
        return []
    complete = connection.scalars(
        select(Detail.sha256).where(Detail.sha256.in_(named), Detail.is_complete)
    )
    return sorted(set(named) - set(complete))


def put_small(
    connection: Connection, device: str, sealed: Mapping[str, str], *, now_ms: int
) -> None:
    """Store the small details of a sync; skip any that is too large or does not match its hash."""
    for sha256, text in sealed.items():
        box = text.encode()
        if hashlib.sha256(box).hexdigest() != sha256 or len(box) > MAX_SMALL_BYTES:
            continue
        if not offset_of(connection, sha256, device).is_complete:
            _drop(connection, sha256, device)
            _store_piece(connection, sha256, device, 0, box, now_ms)
            _complete(connection, sha256, device)


def offset_of(connection: Connection, sha256: str, device: str) -> Offset:
    """Return how far a device's upload has got; complete if any device has sent it all."""
    rows = connection.execute(
        select(Detail.received, Detail.is_complete).where(
            Detail.sha256 == sha256, Detail.is_complete | (Detail.device == device)
        )
    )
    return max(
        (Offset(*row) for row in rows),
        key=lambda offset: offset.is_complete,
        default=NOTHING_RECEIVED,
    )


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
    """Add a piece of a device's detail at an offset in bytes; the last piece completes it.

    Raises: PieceOutOfPlace, which names the offset to resume at; DetailMismatch, after which
    the upload starts again.
    """
    before = offset_of(connection, sha256, device)
    if before.is_complete:
        return before
    if at != before.received:
        raise PieceOutOfPlace(offset=before.received)
    _store_piece(connection, sha256, device, at, piece, now_ms)
    if at + len(piece) < total:
        return Offset(at + len(piece), False)
    if hashlib.sha256(_box(connection, sha256, device)).hexdigest() != sha256:
        raise DetailMismatch(sha256=sha256)
    _complete(connection, sha256, device)
    return Offset(total, True)


def drop_unfinished(connection: Connection, sha256: str, device: str) -> None:
    """Delete the pieces of an unfinished upload whose content does not match its sha256."""
    if not offset_of(connection, sha256, device).is_complete:
        _drop(connection, sha256, device)


def read(connection: Connection, sha256: str) -> bytes:
    """Return a sealed detail; the caller logs who opened it. Raises: UnknownDetail."""
    device = connection.scalar(
        select(Detail.device).where(
            Detail.sha256 == sha256, Detail.is_complete, Detail.is_purged.is_(False)
        )
    )
    if device is None:
        raise UnknownDetail(sha256=sha256)
    return _box(connection, sha256, device)


def opening_entry(sha256: str, reader: str, *, now_ms: int, about: str = "") -> AuditEntry:
    """Return the line of the log that says who opened a detail, about which people."""
    subjects = f"{about} {sha256}".strip()
    return AuditEntry(now_ms, reader, "read_detail", False, 200, "", subjects)


def records_naming(connection: Connection, sha256: str) -> list[tuple[str, str]]:
    """Return (meeting, record id) of the records naming a detail that its sending device made.

    Records of another device do not count: knowing a hash gives no claim on the content.
    """
    rows = connection.execute(
        select(Mention.meeting, Mention.record_id)
        .join(Detail, (Detail.sha256 == Mention.sha256) & (Detail.device == Mention.device))
        .where(Mention.sha256 == sha256, Detail.is_complete)
        .distinct()
    )
    return [(row.meeting, row.record_id) for row in rows]


def purge(connection: Connection, *, before_ms: int) -> int:
    """Empty every detail that came before an instant, and nothing else; return how many.

    The row of a complete detail stays, so that it is neither asked for nor accepted again.
    """
    old = connection.execute(
        select(Detail.sha256, Detail.device, Detail.is_complete).where(
            Detail.received_ms < before_ms, Detail.is_purged.is_(False)
        )
    ).all()
    for sha256, device, is_complete in old:
        if not is_complete:  # an abandoned upload, which may start again
            _drop(connection, sha256, device)
            continue
        matching = (DetailPiece.sha256 == sha256, DetailPiece.device == device)
        connection.execute(delete(DetailPiece).where(*matching))
        matching = (Detail.sha256 == sha256, Detail.device == device)
        connection.execute(update(Detail).where(*matching).values(is_purged=True))
    return len(old)


def _store_piece(
    connection: Connection, sha256: str, device: str, at: int, piece: bytes, now_ms: int
) -> None:
    if at == 0:
        connection.execute(
            insert(Detail).values(
                sha256=sha256,
                device=device,
                received=0,
                is_complete=False,
                is_purged=False,
                received_ms=now_ms,
            )
        )
    connection.execute(
        insert(DetailPiece).values(sha256=sha256, device=device, position=at, bytes=piece)
    )
    matching = (Detail.sha256 == sha256, Detail.device == device)
    connection.execute(update(Detail).where(*matching).values(received=at + len(piece)))


def _complete(connection: Connection, sha256: str, device: str) -> None:
    matching = (Detail.sha256 == sha256, Detail.device == device)
    connection.execute(update(Detail).where(*matching).values(is_complete=True))


def _box(connection: Connection, sha256: str, device: str) -> bytes:
    pieces = connection.scalars(
        select(DetailPiece.bytes)
        .where(DetailPiece.sha256 == sha256, DetailPiece.device == device)
        .order_by(DetailPiece.position)
    )
    return b"".join(pieces)


def _drop(connection: Connection, sha256: str, device: str) -> None:
    for table in (DetailPiece, Detail):
        connection.execute(delete(table).where(table.sha256 == sha256, table.device == device))
