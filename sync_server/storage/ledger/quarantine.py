"""Store the records that were not accepted, with the reason.

A record that arrives repeatedly is stored once. Only `purge` deletes records here, and only if
headquarters has ruled on them or dismissed them.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from sqlalchemy import Connection, delete, exists, func, insert, or_, select, update

from sync_server.domain.records.codes import DAY_MS
from sync_server.domain.records.door import Refusal
from sync_server.storage.models import Device, QuarantineRow, RulingRow
from sync_server.storage.prepared import columns_of

MAX_ROWS_A_DAY, MAX_BYTES_A_DAY = 2_000, 16 * 1024 * 1024
"""Daily limits, in records and in bytes, on what one device may add to the quarantine (the store of
records that were not accepted), so that a stolen laptop cannot fill the disk or headquarters' list
of these records. The limits suffice for a hall of 500 people, which makes about 1,500 records, even
if all of them are quarantined because the hall's laptop is revoked (blocked)."""


class QuarantinedRecord(NamedTuple):
    """A record to put into quarantine, as received (`raw`), with the reason.

    The quarantine is the store of records that were not accepted. `fate` is `refused` for a record
    that is not valid, and `held` for one on which headquarters must decide. `sha256` is the hash of
    `raw` for a refused record, and of the record's canonical JSON for a held one. `id` is the
    record's id, or None if it cannot be read.
    """

    sha256: str
    id: str | None
    raw: bytes
    fate: Literal["held", "refused"]
    reason: Refusal


def add_records(
    connection: Connection, device: str, quarantined: Sequence[QuarantinedRecord], now_ms: int
) -> tuple[set[str], set[str]]:
    """Store records that were not accepted from a device, within the device's daily limits.

    A record that arrives repeatedly is stored once. Return two sets of sha256: those of records
    that had been stored before, and those of records that were not stored because the device had
    exceeded a limit.
    """
    by_hash = {record.sha256: record for record in quarantined}
    if not by_hash:
        return set(), set()
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
            "record_id": record.id,
            "fate": record.fate,
            "code": record.reason.code,
            "detail": record.reason.detail.replace(
                "\x00", "\ufffd"
            ),  # PostgreSQL refuses NUL in text
            "received_ms": now_ms,
            "raw": record.raw,
            "is_dismissed": False,
        }
        for sha256, record in by_hash.items()
        if sha256 not in before
    ]
    if not rows:
        return before, set()
    count, size_bytes = _brought_since(connection, device, now_ms - DAY_MS)
    within_quota = []
    for row in rows:
        count, size_bytes = count + 1, size_bytes + len(by_hash[str(row["sha256"])].raw)
        if count > MAX_ROWS_A_DAY or size_bytes > MAX_BYTES_A_DAY:
            break
        within_quota.append(row)
    if within_quota:
        connection.execute(insert(QuarantineRow), within_quota)
    return before, {str(row["sha256"]) for row in rows[len(within_quota) :]}


def _brought_since(connection: Connection, device: str, since_ms: int) -> tuple[int, int]:
    row = connection.execute(
        select(func.count(), func.coalesce(func.sum(func.length(QuarantineRow.raw)), 0)).where(
            QuarantineRow.device == device, QuarantineRow.received_ms > since_ms
        )
    ).one()
    return int(row[0]), int(row[1])


def devices_near_quota(connection: Connection, now_ms: int) -> dict[str, int]:
    """Return {device code: number of quarantined records in the last 24 hours}, sorted by code.

    Quarantined records are records that were not accepted; a device may add only a limited number a
    day. Only devices that have used more than half of this number are included.
    """
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
    """A record in quarantine (the store of records that were not accepted), as headquarters sees
    it.

    `raw` is the record as received. `fate` is `refused` (the record is not valid) or `held`
    (headquarters must decide). `code` and `detail` give the reason. `is_dismissed`: headquarters
    has dismissed the record because it has no readable id.
    """

    received_ms: int
    device: str
    sha256: str
    record_id: str | None
    fate: str
    code: str
    detail: str
    raw: bytes
    is_dismissed: bool


_ENTRY_COLUMNS = columns_of(QuarantineEntry, QuarantineRow)


def all_entries(connection: Connection) -> list[QuarantineEntry]:
    """Return all quarantined records (records that were not accepted), the oldest first."""
    rows = connection.execute(
        select(*_ENTRY_COLUMNS).order_by(
            QuarantineRow.received_ms, QuarantineRow.device, QuarantineRow.sha256
        )
    )
    return [QuarantineEntry(*row) for row in rows]


def dismiss(connection: Connection, device: str, sha256: str) -> None:
    """Mark a quarantined record (a record that was not accepted) as dismissed.

    A dismissed record needs no further decision. Records without a readable id are dismissed in
    this way, because a ruling (a decision of headquarters) can refer to a record only by its id.
    `device` is the device that sent the record, and `sha256` the hash under which the record is
    stored.
    """
    this_entry = (QuarantineRow.device == device, QuarantineRow.sha256 == sha256)
    connection.execute(update(QuarantineRow).where(*this_entry).values(is_dismissed=True))


def count_open(connection: Connection) -> int:
    """Return the number of quarantined records on which headquarters must still decide.

    A quarantined record is a record that was not accepted. Headquarters decides by a ruling on the
    record, or by dismissing the record.
    """
    return connection.scalar(select(func.count()).where(~_IS_SETTLED)) or 0


def count_refused(connection: Connection) -> dict[str, int]:
    """Return {hall code: number of refused records on which headquarters must still decide}.

    A refused record is a record that is not valid. Every such record counts for the hall of the
    device that sent it. Halls without such records are left out.
    """
    rows = connection.execute(
        select(Device.point, func.count())
        .join(QuarantineRow, QuarantineRow.device == Device.id)
        .where(~_IS_SETTLED, QuarantineRow.fate == "refused")
        .group_by(Device.point)
    )
    return dict(rows.all())


def count_older(connection: Connection, *, before_ms: int) -> int:
    """Return the number of old records that `purge` would delete from the quarantine.

    The quarantine contains the records that were not accepted. `purge` deletes those that were
    received before `before_ms` (ms since 1970 UTC), if headquarters has decided on them or
    dismissed them.
    """
    old = (QuarantineRow.received_ms < before_ms, _IS_SETTLED)
    return connection.scalar(select(func.count()).where(*old)) or 0


def purge(connection: Connection, *, before_ms: int) -> int:
    """Delete old records from the quarantine; return the number of deleted records.

    The quarantine contains the records that were not accepted. A record is deleted if it was
    received before `before_ms` (ms since 1970 UTC) and headquarters has decided on it or dismissed
    it.
    """
    old = (QuarantineRow.received_ms < before_ms, _IS_SETTLED)
    return connection.execute(delete(QuarantineRow).where(*old)).rowcount


_IS_SETTLED = or_(
    QuarantineRow.is_dismissed,
    exists().where(RulingRow.record_id == QuarantineRow.record_id),
)
"""The SQL condition for quarantined records (records that were not accepted) that headquarters has
dismissed or decided on by a ruling."""
