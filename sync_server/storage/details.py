"""Details: sealed boxes, kept under their sha256 beside the ledger, and who opened which.

Small ones come with a sync, large ones in pieces that go on where they were cut. Nothing here can
open one.
"""

import hashlib
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from sqlalchemy import Connection, delete, insert, select, update

from sync_server.domain.records import Record, Ruling
from sync_server.errors import DetailMismatch, PieceOutOfPlace, UnknownDetail
from sync_server.storage import audit
from sync_server.storage.models import Detail, DetailPiece, Mention
from sync_server.storage.prepared import insert_rows

MAX_PIECE_BYTES = 64 * 1024
MAX_SMALL_BYTES = 8 * 1024
"""What may ride in a sync; larger ones would hold up the records."""
MAX_DETAIL_BYTES = 2_900_000
"""2 MiB, sealed and spelled in base64."""


class Offset(NamedTuple):
    """How much of a detail has come from a device, and whether that is all."""

    received: int
    is_complete: bool


NOTHING = Offset(0, False)


def note(connection: Connection, fresh: Iterable[Record]) -> None:
    """Note which details new records name, and where."""
    rows: list[dict[str, str]] = []
    for record in fresh:
        told: list[Record] = [record]
        if isinstance(record, Ruling) and record.body.record:
            told.append(record.body.record)
        rows += [
            {
                "sha256": sha256,
                "meeting": each.meeting,
                "device": each.device,
                "record_id": each.id,
            }
            for each in told
            if (sha256 := detail_of(each))
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
    """Return the sha256 of the detail that a record names."""
    return getattr(record.body, "detail", None)


def missing(connection: Connection, records: Iterable[Record]) -> list[str]:
    """Return which details these records name that are not here in full."""
    named = sorted({sha256 for record in records if (sha256 := detail_of(record))})
    if not named:
        return []
    here = connection.scalars(
        select(Detail.sha256).where(Detail.sha256.in_(named), Detail.is_complete)
    )
    return sorted(set(named) - set(here))


def put_small(
    connection: Connection, device: str, sealed: Mapping[str, str], *, now_ms: int
) -> None:
    """Keep the small details of a sync; one whose hash is not its name is as if it never came."""
    for sha256, text in sealed.items():
        box = text.encode()
        if hashlib.sha256(box).hexdigest() != sha256 or len(box) > MAX_SMALL_BYTES:
            continue
        if not offset_of(connection, sha256, device).is_complete:
            _drop(connection, sha256, device)
            _keep_piece(connection, sha256, device, 0, box, now_ms)
            _complete(connection, sha256, device)


def offset_of(connection: Connection, sha256: str, device: str) -> Offset:
    """Return how far a device has got with a detail; complete if it came by any road."""
    rows = connection.execute(
        select(Detail.received, Detail.is_complete).where(
            Detail.sha256 == sha256, Detail.is_complete | (Detail.device == device)
        )
    )
    return max((Offset(*row) for row in rows), key=lambda own: own.is_complete, default=NOTHING)


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
    """Add a piece of a device's detail at an offset; the last one completes it.

    Raises: PieceOutOfPlace, which tells where to go on; DetailMismatch, after which it begins anew.
    """
    before = offset_of(connection, sha256, device)
    if before.is_complete:
        return before
    if at != before.received:
        raise PieceOutOfPlace(offset=before.received)
    _keep_piece(connection, sha256, device, at, piece, now_ms)
    if at + len(piece) < total:
        return Offset(at + len(piece), False)
    if hashlib.sha256(_box(connection, sha256, device)).hexdigest() != sha256:
        raise DetailMismatch(sha256=sha256)
    _complete(connection, sha256, device)
    return Offset(total, True)


def drop_unfinished(connection: Connection, sha256: str, device: str) -> None:
    """Forget the pieces of a detail that turned out to be another."""
    if not offset_of(connection, sha256, device).is_complete:
        _drop(connection, sha256, device)


def read(
    connection: Connection, sha256: str, reader: str, *, now_ms: int, about: str = ""
) -> bytes:
    """Return a sealed detail, and note who asked for it, and about whom. Raises: UnknownDetail."""
    device = connection.scalar(
        select(Detail.device).where(
            Detail.sha256 == sha256, Detail.is_complete, Detail.is_purged.is_(False)
        )
    )
    if device is None:
        raise UnknownDetail(sha256=sha256)
    log = audit.Entry(now_ms, reader, "read_detail", False, 200, "", f"{about} {sha256}".strip())
    audit.note(connection, log)
    return _box(connection, sha256, device)


def told_with(connection: Connection, sha256: str) -> list[tuple[str, str]]:
    """Return the (meeting, record id) of each record with which the detail's own device told it.

    What another device names does not count: who knows a hash has no claim on the content.
    """
    rows = connection.execute(
        select(Mention.meeting, Mention.record_id)
        .join(Detail, (Detail.sha256 == Mention.sha256) & (Detail.device == Mention.device))
        .where(Mention.sha256 == sha256, Detail.is_complete)
        .distinct()
    )
    return [(row.meeting, row.record_id) for row in rows]


def purge(connection: Connection, *, before_ms: int) -> int:
    """Empty every detail that came before a moment, and nothing else; return how many.

    That it was here stays known, so that it is neither asked for nor taken in again.
    """
    old = connection.execute(
        select(Detail.sha256, Detail.device, Detail.is_complete).where(
            Detail.received_ms < before_ms, Detail.is_purged.is_(False)
        )
    ).all()
    for sha256, device, is_complete in old:
        if not is_complete:  # an upload that was given up, and may begin anew
            _drop(connection, sha256, device)
            continue
        own = (DetailPiece.sha256 == sha256, DetailPiece.device == device)
        connection.execute(delete(DetailPiece).where(*own))
        own = (Detail.sha256 == sha256, Detail.device == device)
        connection.execute(update(Detail).where(*own).values(is_purged=True))
    return len(old)


def _keep_piece(
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
    own = (Detail.sha256 == sha256, Detail.device == device)
    connection.execute(update(Detail).where(*own).values(received=at + len(piece)))


def _complete(connection: Connection, sha256: str, device: str) -> None:
    own = (Detail.sha256 == sha256, Detail.device == device)
    connection.execute(update(Detail).where(*own).values(is_complete=True))


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
