"""The ledger: the set of records that were let in. It only grows.

Idempotency is the primary key's word. Whatever records change, their streams, listings and
standings, is changed in the caller's one transaction.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, insert, select

from sync_server.database import Stale
from sync_server.domain.records import Record, kind_of
from sync_server.storage import details, listings, roster, rulings, standings, streams
from sync_server.storage.listings import home_of
from sync_server.storage.models import LedgerRow, Listing
from sync_server.storage.streams import RecordKey, StreamKey


class Entry(NamedTuple):
    """A record with its canonical bytes and their sha256."""

    record: Record
    form: bytes
    fingerprint: str

    @property
    def key(self) -> RecordKey:
        """Under which the ledger keeps it."""
        return RecordKey(self.record.id, self.fingerprint)


class Appended(NamedTuple):
    """What an append found: the records that were here before, and what is odd about any."""

    known: set[RecordKey]
    flags: dict[str, tuple[str, ...]]


def append(
    connection: Connection,
    entries: Sequence[Entry],
    *,
    now_ms: int,
    also: Iterable[StreamKey] = (),
) -> Appended:
    """Add records, once each, and judge anew every stream that grew, and those in `also`.

    Raises: Stale where another writer moved a person between the look-up and the lock; the
    whole transaction is then run again.
    """
    also = set(also)
    needed = _streams_needed(connection, entries) | also
    heads = streams.lock(connection, needed)
    if not _streams_needed(connection, entries) <= needed:
        raise Stale
    known = _forms_of(connection, entries)
    fresh = {entry.key: entry for entry in entries if entry.key not in known}
    _insert(connection, fresh.values(), heads, now_ms)
    grown = {home_of(entry.record) for entry in fresh.values()} | also
    records = [entry.record for entry in fresh.values()]
    rulings.note(connection, records)
    details.note(connection, records)
    grown |= listings.list_fresh(connection, records, _reused(known, records), heads)
    streams.extend(connection, {key: heads[key] for key in grown})
    judged = {key: standings.recompute(connection, key) for key in sorted(grown)}
    if listings.rolls_changed(connection, records):
        for key in grown:
            roster.refresh_rev(connection, key)

    flags: dict[str, set[str]] = {}
    for key in needed:
        standing = judged.get(key) or standings.read(connection, key)
        for record_id, own in standing.flags.items() if standing else ():
            flags.setdefault(record_id, set()).update(own)
    return Appended(known, {each: tuple(sorted(own)) for each, own in flags.items()})


def known_of(connection: Connection, entries: Sequence[Entry]) -> set[RecordKey]:
    """Return which of these the ledger holds."""
    return _forms_of(connection, entries) & {entry.key for entry in entries}


def streams_of_device(connection: Connection, device: str) -> set[StreamKey]:
    """Return every stream in which a record of the device stands."""
    own = select(LedgerRow.meeting, LedgerRow.point).where(LedgerRow.device == device).distinct()
    listed = (
        select(Listing.meeting, Listing.point)
        .join(LedgerRow, LedgerRow.id == Listing.id)
        .where(LedgerRow.device == device)
        .distinct()
    )
    rows = [*connection.execute(own), *connection.execute(listed)]
    return {StreamKey(row.meeting, row.point) for row in rows}


def _streams_needed(connection: Connection, entries: Sequence[Entry]) -> set[StreamKey]:
    """Return what an append touches: home streams, those of the people, those of other forms."""
    records = [entry.record for entry in entries]
    needed = {home_of(record) for record in records}
    needed |= set(listings.summoning(connection, records))
    needed |= set(listings.met_newcomers(connection, records))
    for meeting, ids in listings.ids_by_meeting(records).items():
        needed |= listings.standing_in(connection, meeting, ids)
    for meeting in {key.meeting for key in listings.rolls_changed(connection, records)}:
        needed |= set(streams.of_meeting(connection, meeting))
    return needed


def _forms_of(connection: Connection, entries: Sequence[Entry]) -> set[RecordKey]:
    """Return what the ledger holds under these ids, in whatever form."""
    rows = connection.execute(
        select(LedgerRow.id, LedgerRow.fingerprint).where(
            LedgerRow.id.in_([entry.record.id for entry in entries])
        )
    )
    return {RecordKey(row.id, row.fingerprint) for row in rows}


def _reused(known: Iterable[RecordKey], fresh: Sequence[Record]) -> list[Record]:
    """Return the fresh records whose id stands for more than one form."""
    forms = Counter([*(key.id for key in known), *(record.id for record in fresh)])
    return [record for record in fresh if forms[record.id] > 1]


def _insert(
    connection: Connection,
    fresh: Iterable[Entry],
    heads: dict[StreamKey, int],
    now_ms: int,
) -> None:
    rows = []
    for entry in fresh:
        record, home = entry.record, home_of(entry.record)
        heads[home] += 1
        rows.append(
            {
                "id": record.id,
                "fingerprint": entry.fingerprint,
                "meeting": record.meeting,
                "point": record.point,
                "position": heads[home],
                "device": record.device,
                "person": record.person,
                "kind": kind_of(record),
                "received_ms": now_ms,
                "record": entry.form,
            }
        )
    if rows:
        connection.execute(insert(LedgerRow), rows)
