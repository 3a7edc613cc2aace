"""Append records to the ledger, which contains all accepted records and only grows.

The primary key prevents a record from being stored twice. Everything that new records
change is stored in the caller's transaction, except the attendance, which is computed
later, when it is read. One statement inserts all new records, even if they come from
several halls and devices.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from msgspec import UNSET
from sqlalchemy import (
    BindParameter,
    Connection,
    bindparam,
    func,
    literal_column,
    select,
    union,
    union_all,
)

from sync_server.domain.judging.facts import is_cancelled
from sync_server.domain.records.forms import canonical_bytes, decode_canonical, fingerprint
from sync_server.domain.records.kinds import Record, Roll, Ruling, Setting, kind_of
from sync_server.storage.blobs import details
from sync_server.storage.ledger import listings, rulings, standings, streams
from sync_server.storage.ledger.listings import Heads
from sync_server.storage.ledger.routing import home_stream, routing_of
from sync_server.storage.ledger.streams import RecordKey, StreamKey
from sync_server.storage.models import LedgerRow, Listing, RulingRow
from sync_server.storage.people import roster
from sync_server.storage.prepared import CompiledStatement, in_chunks, insert_rows


class LedgerEntry(NamedTuple):
    """A record with its canonical JSON bytes (`form`) and its primary key in the ledger (`key`).

    The key consists of the record's id and the sha256 of the form.
    """

    record: Record
    form: bytes
    key: RecordKey


def entry_of(record: Record) -> LedgerEntry:
    """Return a record in the form in which it is stored, with its canonical JSON and its primary
    key.
    """
    form = canonical_bytes(record)
    return LedgerEntry(record, form, RecordKey(record.id, fingerprint(form)))


class AppendResult(NamedTuple):
    """The result of adding entries (records) to the ledger.

    A key is a record's id and the sha256 of the record's canonical JSON. `known_keys`: the keys of
    records that were stored before with the same id as one of the entries. `cancelled`: the keys of
    entries that have no effect, because a different record has the same id. `ruled_ids`: the ids of
    records among the entries on which headquarters has decided by a ruling, and of the records on
    which rulings among the entries decide.
    """

    known_keys: set[RecordKey]
    cancelled: set[RecordKey]
    ruled_ids: set[str]


class _StoredForm(NamedTuple):
    """A stored record that has the same id as a new record, or a ruling about a record of this id.

    Different records with the same id are called the forms of that id; a ruling is a decision of
    headquarters. `fingerprint` is the sha256 of the record's canonical JSON. `point` is the code of
    the hall. `about` is the id of the record on which the ruling decides, or "" for a form.
    """

    id: str
    fingerprint: str
    meeting: str
    point: str
    kind: str
    about: str


class _LookUp(NamedTuple):
    """What the ledger already contains about entries that are to be added.

    `forms`: the stored records that have the same id as one of the entries. `fresh`: the
    entries that are not stored yet. `reused_ids`: the ids that belong to several different records.
    `reused`: the records in `fresh` with such an id. `ruled_ids`: the ids in the entries on which
    headquarters has decided.
    """

    forms: list[_StoredForm]
    fresh: list[LedgerEntry]
    reused_ids: set[str]
    reused: list[Record]
    ruled_ids: set[str]


def append_records(
    connection: Connection,
    entries: Sequence[LedgerEntry],
    *,
    now_ms: int,
    sighted_devices: Collection[str] = (),
) -> AppendResult:
    """Store the records in `entries`, and raise the revision of every stream that they affect.

    A stream is all records that concern one hall at one meeting; a new revision means that the
    attendance must be computed again. Records that are already stored change nothing.
    `sighted_devices` are devices whose clocks have just been measured; the revisions of streams
    with records of these devices are raised, too.

    Raises: IntegrityError if another writer, who has locked none of the same streams, stored one of
    the records at the same time; the caller must then run the whole transaction again.
    """
    sighted_streams = streams_of_devices(connection, sighted_devices) if sighted_devices else set()
    records = [entry.record for entry in entries]
    at_least = sighted_streams | {home_stream(record) for record in records}
    meetings = {key.meeting for key in at_least}
    moves_people = any(isinstance(record, Ruling) or _names_people(record) for record in records)
    streams.lock_meetings(connection, meetings, is_sole=moves_people)
    heads: Heads = {}
    if not moves_people:
        routing = routing_of(connection, records)
        heads = streams.lock(connection, at_least | routing.streams)
    look_up = _look_up(connection, entries)  # under the locks, so that nobody adds to it
    if look_up.reused and not moves_people:
        streams.lock_meetings(connection, meetings, is_sole=True)
    if look_up.reused or moves_people:  # such records affect more streams
        routing = routing_of(connection, records, look_up.reused, _changed_rolls(look_up))
        heads |= streams.lock(connection, (at_least | routing.streams) - heads.keys())
    fresh = [entry.record for entry in look_up.fresh]
    changed_streams = sighted_streams | _insert(connection, look_up.fresh, heads, now_ms)
    if fresh_rulings := [record for record in fresh if isinstance(record, Ruling)]:
        rulings.note(connection, fresh_rulings)
    details.note(connection, fresh)
    ruled_ids = look_up.ruled_ids | {
        record.refs[0] for record in records if isinstance(record, Ruling)
    }
    changed_streams |= listings.list_records(connection, fresh, routing, heads, look_up.ruled_ids)
    streams.write_heads(connection, {key: heads[key] for key in changed_streams})
    if routing.rolls:
        for key in sorted(changed_streams):
            roster.refresh_rev(connection, key)
    known_keys = {RecordKey(form.id, form.fingerprint) for form in look_up.forms}
    reused_ids = look_up.reused_ids
    cancelled = _cancelled(connection, entries, reused_ids) if reused_ids else set()
    return AppendResult(known_keys, cancelled, ruled_ids)


def _cancelled(
    connection: Connection, entries: Sequence[LedgerEntry], reused_ids: set[str]
) -> set[RecordKey]:
    """Return the keys of those `entries` that a different record with the same id cancels.

    A cancelled record has no effect. A key is (id, sha256); `reused_ids` are the ids that belong to
    several different records.
    """
    forms_by_id: dict[tuple[str, str], list[Record]] = {}
    for chunk in in_chunks(sorted(reused_ids)):
        for form in connection.scalars(select(LedgerRow.record).where(LedgerRow.id.in_(chunk))):
            record = decode_canonical(form)
            forms_by_id.setdefault((record.meeting, record.id), []).append(record)
    return {
        entry.key
        for entry in entries
        if is_cancelled(entry.record, forms_by_id.get((entry.record.meeting, entry.record.id), ()))
    }


def rebuild(connection: Connection, meeting: str) -> list[StreamKey]:
    """Compute the streams and the attendance of a meeting again from all its records.

    A stream is all records that concern one hall. Return the sorted keys (meeting id, hall
    code) of the halls whose attendance differs from what it was before.
    """
    streams.lock_meetings(connection, [meeting], is_sole=True)
    heads = streams.lock(connection, streams.of_meeting(connection, meeting))
    before = standings.read_all(connection, heads)
    listings.rebuild(connection, meeting, heads)
    streams.write_heads(connection, heads)
    after = standings.read_all(connection, heads)
    return [key for key in sorted(after) if after[key] != before.get(key)]


def stored_keys(connection: Connection, entries: Sequence[LedgerEntry]) -> set[RecordKey]:
    """Return the keys of those entries that the ledger already contains.

    A key is a record's id and the sha256 of the record's canonical JSON.
    """
    stored = {RecordKey(form.id, form.fingerprint) for form in _look_up(connection, entries).forms}
    return stored & {entry.key for entry in entries}


def streams_of_devices(connection: Connection, devices: Iterable[str]) -> set[StreamKey]:
    """Return the streams that contain a record made by one of these devices, or a ruling on one.

    A stream is all records that concern one hall at one meeting. By a ruling, headquarters decides
    that a doubtful record counts: one that was not accepted at first, or one of two records with
    the same id. The ruling contains the record, which itself may be in no stream.
    """
    rows = _STREAMS_OF_DEVICES.rows(connection, devices=sorted(devices))
    return {StreamKey(*row) for row in rows}


_DEVICES: BindParameter[str] = bindparam("devices", expanding=True)
_STREAMS_OF_DEVICES = CompiledStatement(
    union(
        select(LedgerRow.meeting, LedgerRow.point).where(LedgerRow.device.in_(_DEVICES)),
        select(Listing.meeting, Listing.point)
        .join(LedgerRow, LedgerRow.id == Listing.id)
        .where(LedgerRow.device.in_(_DEVICES)),
        select(LedgerRow.meeting, LedgerRow.point)
        .join(RulingRow, RulingRow.id == LedgerRow.id)
        .where(RulingRow.device.in_(_DEVICES)),
        select(Listing.meeting, Listing.point)
        .join(RulingRow, RulingRow.id == Listing.id)
        .where(RulingRow.device.in_(_DEVICES)),
    )
)


def _look_up(connection: Connection, entries: Sequence[LedgerEntry]) -> _LookUp:
    """Find out what the ledger already contains about `entries`.

    The query returns all stored records with the id of one of these entries, and all rulings
    (decisions of headquarters) about them. Different records may have the same id.
    """
    ids = sorted({entry.record.id for entry in entries})
    stored = [_StoredForm(*row) for row in _FORMS.rows(connection, ids=ids)] if ids else []
    forms = [form for form in stored if not form.about]
    known_keys = {RecordKey(form.id, form.fingerprint) for form in forms}
    fresh = list({entry.key: entry for entry in entries if entry.key not in known_keys}.values())
    id_counts = Counter([*(form.id for form in forms), *(entry.record.id for entry in fresh)])
    reused_ids = {record_id for record_id, count in id_counts.items() if count > 1}
    reused = [entry.record for entry in fresh if entry.record.id in reused_ids]
    return _LookUp(forms, fresh, reused_ids, reused, {form.about for form in stored if form.about})


def _changed_rolls(look_up: _LookUp) -> set[StreamKey]:
    """Return the streams of halls whose list of summoned people or officers the new records change.

    A stream is all records that concern one hall at one meeting. Officers are the people who may
    preside. A stored list is included, too, if it may lose its effect because a new record has the
    same id.
    """
    rolls = {home_stream(entry.record) for entry in look_up.fresh if _names_people(entry.record)}
    used = {(record.id, record.meeting) for record in look_up.reused}
    return rolls | {
        StreamKey(form.meeting, form.point)
        for form in look_up.forms
        if form.kind in {"roll", "setting"} and (form.id, form.meeting) in used
    }


def _names_people(record: Record) -> bool:
    """Return whether a record changes a hall's officers or its list of summoned people.

    Officers are the people who may preside.
    """
    is_of_officers = isinstance(record, Setting) and record.body.officers is not UNSET
    return isinstance(record, Roll) or is_of_officers


_IDS: BindParameter[str] = bindparam("ids", expanding=True)
_FORM = (LedgerRow.id, LedgerRow.fingerprint, LedgerRow.meeting, LedgerRow.point, LedgerRow.kind)
_FORMS = CompiledStatement(
    union_all(
        select(*_FORM, literal_column("''")).where(LedgerRow.id.in_(_IDS)),
        select(*_FORM, RulingRow.record_id)
        .join(RulingRow, RulingRow.id == LedgerRow.id)
        .where(RulingRow.record_id.in_(_IDS)),
    )
)


def _insert(
    connection: Connection, fresh: Sequence[LedgerEntry], heads: Heads, now_ms: int
) -> set[StreamKey]:
    """Insert new records into the streams of the halls where they were made; return these streams.

    A stream is all records that concern one hall at one meeting. `heads`, the last position used in
    every stream, is updated.
    """
    rows, homes = [], set()
    for entry in fresh:
        record, home = entry.record, home_stream(entry.record)
        homes.add(home)
        heads[home] += 1
        rows.append(
            {
                "id": record.id,
                "fingerprint": entry.key.fingerprint,
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
    insert_rows(connection, LedgerRow, rows)
    return homes


class StoredRecord(NamedTuple):
    """A record of the ledger: its id and meeting, the time of receipt, and its canonical JSON.

    The time is in ms since 1970 UTC.
    """

    id: str
    meeting: str
    received_ms: int
    form: bytes


def records_of_people(connection: Connection, people: Sequence[str]) -> list[StoredRecord]:
    """Return all records that concern any of these people, in the order of receipt."""
    query = (
        select(LedgerRow.id, LedgerRow.meeting, LedgerRow.received_ms, LedgerRow.record)
        .where(LedgerRow.person.in_(people))
        .order_by(LedgerRow.received_ms, LedgerRow.id)
    )
    return [StoredRecord(*row) for row in connection.execute(query)]


def newest_receipt_ms(connection: Connection) -> int:
    """Return when the last record was received, in ms since 1970 UTC; 0 if there is none."""
    return connection.scalar(select(func.max(LedgerRow.received_ms))) or 0
