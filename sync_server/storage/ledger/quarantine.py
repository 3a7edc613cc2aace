"""Quarantine: bytes that were not accepted, stored once with the reason. Nothing disappears."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from sqlalchemy import Connection, func, insert, select

from sync_server.domain.records.codes import DAY_MS
from sync_server.domain.records.door import Refusal, header_of
from sync_server.errors import QuarantineFull
from sync_server.storage.models import QuarantineRow
from sync_server.storage.prepared import columns_of

MAX_ROWS_A_DAY, MAX_BYTES_A_DAY = 2_000, 16 * 1024 * 1024
"""Limits on unaccepted records of one device: a hall of 500 people makes some 1,500 records, all
held if its laptop is revoked. A stolen laptop must not fill the disk, nor the office's list."""
FULL_RETRY_S = 3600


class QuarantinedRecord(NamedTuple):
    """A record for the quarantine; `sha256` is of its bytes, or of its canonical bytes if held."""

    sha256: str
    raw: bytes
    fate: Literal["held", "refused"]
    reason: Refusal


def add_records(
    connection: Connection, device: str, quarantined: Sequence[QuarantinedRecord], now_ms: int
) -> set[str]:
    """Store records that were not accepted, once; return the hashes that were stored before.

    Raises: QuarantineFull if the device has sent more in a day than the limits allow.
    """
    by_hash = {record.sha256: record for record in quarantined}
    if not by_hash:
        return set()
    before = set(
        connection.scalars(
            select(QuarantineRow.sha256).where(
                QuarantineRow.device == device, QuarantineRow.sha256.in_(sorted(by_hash))
            )
        )
    )
    rows = [
        {
            "device": device,
            "sha256": sha256,
            "record_id": header_of(record.raw).id,
            "fate": record.fate,
            "code": record.reason.code,
            "detail": record.reason.detail.replace(
                "\x00", "\ufffd"
            ),  # PostgreSQL text cannot hold it
            "received_ms": now_ms,
            "raw": record.raw,
        }
        for sha256, record in by_hash.items()
        if sha256 not in before
    ]
    if rows:
        count, size_bytes = _brought_since(connection, device, now_ms - DAY_MS)
        size_bytes += sum(len(by_hash[str(row["sha256"])].raw) for row in rows)
        if count + len(rows) > MAX_ROWS_A_DAY or size_bytes > MAX_BYTES_A_DAY:
            raise QuarantineFull(device=device, limit=MAX_ROWS_A_DAY, retry_after_s=FULL_RETRY_S)
        connection.execute(insert(QuarantineRow), rows)
    return before


def _brought_since(connection: Connection, device: str, since_ms: int) -> tuple[int, int]:
    row = connection.execute(
        select(func.count(), func.coalesce(func.sum(func.length(QuarantineRow.raw)), 0)).where(
            QuarantineRow.device == device, QuarantineRow.received_ms > since_ms
        )
    ).one()
    return int(row[0]), int(row[1])


def busy_devices(connection: Connection, now_ms: int) -> dict[str, int]:
    """Return devices that used over half of their daily quota, with the number of records."""
    count = func.count()
    rows = connection.execute(
        select(QuarantineRow.device, count)
        .where(QuarantineRow.received_ms > now_ms - DAY_MS)
        .group_by(QuarantineRow.device)
        .having(count > MAX_ROWS_A_DAY // 2)
        .order_by(QuarantineRow.device)
    )
    return dict(rows.all())


class QuarantineEntry(NamedTuple):
    """A stored record that was not accepted, for the people who examine it."""

    received_ms: int
    device: str
    sha256: str
    record_id: str | None
    fate: str
    code: str
    detail: str
    raw: bytes


_ENTRY_COLUMNS = columns_of(QuarantineEntry, QuarantineRow)


def all_entries(connection: Connection) -> list[QuarantineEntry]:
    """Return everything in quarantine, the oldest first."""
    rows = connection.execute(
        select(*_ENTRY_COLUMNS).order_by(
            QuarantineRow.received_ms, QuarantineRow.device, QuarantineRow.sha256
        )
    )
    return [QuarantineEntry(*row) for row in rows]
