"""Quarantine: bytes that were not accepted, stored once with the reason. Nothing disappears."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from sqlalchemy import Connection, insert, select

from sync_server.domain.records.door import Refusal, header_of
from sync_server.storage.models import QuarantineRow
from sync_server.storage.prepared import columns_of


class QuarantinedRecord(NamedTuple):
    """A record for the quarantine; `sha256` is the hash of its bytes."""

    sha256: str
    raw: bytes
    fate: Literal["held", "refused"]
    reason: Refusal


def add_records(
    connection: Connection, device: str, quarantined: Sequence[QuarantinedRecord], now_ms: int
) -> set[str]:
    """Store records that were not accepted, once; return the hashes that were stored before."""
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
        connection.execute(insert(QuarantineRow), rows)
    return before


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
