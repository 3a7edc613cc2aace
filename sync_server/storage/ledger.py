"""The ledger: the set of records that were let in. It only grows.

Idempotency is the primary key's word. Whatever records change, their streams, listings and
standings, is changed in the caller's one transaction. Each table is written by one statement,
however many streams and devices the records are from.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from msgspec import UNSET
from sqlalchemy import Connection, bindparam, func, select

from sync_server.database import Stale, is_alone
from sync_server.domain.records import Record, Roll, Ruling, Setting, kind_of
from sync_server.storage import details, listings, roster, rulings, standings, streams
from sync_server.storage.concerns import Concern, concern_of, home_of
from sync_server.storage.listings import Heads
from sync_server.storage.models import LedgerRow, Listing
from sync_server.storage.prepared import Prepared, insert_rows
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


class _Form(NamedTuple):
    """What the ledger's key and listings need of a record that it holds."""

    id: str
    fingerprint: str
    meeting: str
    point: str
    kind: str


class _Found(NamedTuple):
    """What the ledger holds of some entries, which are new, and whom the new ones concern."""

    known: set[RecordKey]
    fresh: list[Entry]
    concern: Concern
    sighted: set[StreamKey]

    @property
    def meetings(self) -> set[str]:
        """Which meetings it is about."""
        return {key.meeting for key in self.concern.streams}

    @property
    def is_sole(self) -> bool:
        """Whether it moves records between streams, which nobody else may do or add to then."""
        is_ruling = any(isinstance(entry.record, Ruling) for entry in self.fresh)
        return is_ruling or bool(self.concern.rolls or self.concern.reused)


def append(
    connection: Connection,
    entries: Sequence[Entry],
    *,
    now_ms: int,
    sighted: Iterable[str] = (),
) -> Appended:
    """Add records, once each, and judge anew every stream that grew, and those of the devices
    whose clocks were `sighted` anew.

    Raises: Stale where another writer moved a person between the look-up and the lock; the
    whole transaction is then run again.
    """
    sighted = sorted(sighted)
    found = _look_up(connection, entries, sighted)
    streams.lock_meetings(connection, found.meetings, is_sole=found.is_sole)
    heads = streams.lock(connection, found.concern.streams)
    if not is_alone(connection):
        is_sole = found.is_sole
        found = _look_up(connection, entries, sighted)
        if found.is_sole and not is_sole:
            raise Stale
        if not found.concern.streams <= heads.keys():
            raise Stale
    fresh = [entry.record for entry in found.fresh]
    _insert(connection, found.fresh, heads, now_ms)
    rulings.note(connection, fresh)
    details.note(connection, fresh)
    grown = {home_of(record) for record in fresh} | found.sighted
    grown |= listings.list_fresh(connection, fresh, found.concern, heads)
    streams.extend(connection, {key: heads[key] for key in grown})
    judged = standings.recompute(connection, sorted(grown))
    if found.concern.rolls:
        for key in sorted(grown):
            roster.refresh_rev(connection, key)

    told = {home_of(entry.record) for entry in entries} | found.concern.summoning.keys()
    judged |= standings.read_all(connection, told - judged.keys())
    flags: dict[str, set[str]] = {}
    for key in told:
        for record_id, own in judged[key].flags.items() if key in judged else ():
            flags.setdefault(record_id, set()).update(own)
    return Appended(found.known, {each: tuple(sorted(own)) for each, own in flags.items()})


def rebuild(connection: Connection, meeting: str) -> list[StreamKey]:
    """List and judge a meeting anew from its records; return the points that this changed."""
    streams.lock_meetings(connection, [meeting], is_sole=True)
    heads = streams.lock(connection, streams.of_meeting(connection, meeting))
    before = standings.read_all(connection, heads)
    grown = listings.renew(connection, meeting, heads)
    streams.extend(connection, {key: heads[key] for key in grown})
    after = standings.recompute(connection, sorted(heads))
    return [key for key, standing in after.items() if standing != before.get(key)]


def contradictions(connection: Connection, keys: Iterable[StreamKey]) -> list[list[bytes]]:
    """Return, for each id that was used more than once at these points, all that bears it."""
    found = []
    for meeting, points in streams.by_meeting(keys).items():
        at = (LedgerRow.meeting == meeting, LedgerRow.point.in_(points))
        ids = connection.scalars(
            select(LedgerRow.id).where(*at).group_by(LedgerRow.id).having(func.count() > 1)
        ).all()
        for each in ids:
            own = select(LedgerRow.record).where(LedgerRow.id == each)
            found.append(list(connection.scalars(own.order_by(LedgerRow.fingerprint))))
    return found


def known_of(connection: Connection, entries: Sequence[Entry]) -> set[RecordKey]:
    """Return which of these the ledger holds."""
    forms = {row[:2] for row in _forms_of(connection, entries)}
    return {entry.key for entry in entries if entry.key in forms}


def streams_of_devices(connection: Connection, devices: Iterable[str]) -> set[StreamKey]:
    """Return every stream in which a record of one of these devices stands."""
    wanted = sorted(devices)
    if not wanted:
        return set()
    rows = [*_MADE_BY.rows(connection, devices=wanted), *_TOLD_BY.rows(connection, devices=wanted)]
    return {StreamKey(*row) for row in rows}


_OF_DEVICES = LedgerRow.device.in_(bindparam("devices", expanding=True))
_MADE_BY = Prepared(select(LedgerRow.meeting, LedgerRow.point).where(_OF_DEVICES).distinct())
_TOLD_BY = Prepared(
    select(Listing.meeting, Listing.point)
    .join(LedgerRow, LedgerRow.id == Listing.id)
    .where(_OF_DEVICES)
    .distinct()
)


def _look_up(connection: Connection, entries: Sequence[Entry], sighted: Sequence[str]) -> _Found:
    forms = _forms_of(connection, entries)
    known = {RecordKey(row.id, row.fingerprint) for row in forms}
    fresh = list({entry.key: entry for entry in entries if entry.key not in known}.values())
    counted = Counter([*(row.id for row in forms), *(entry.record.id for entry in fresh)])
    reused = [entry.record for entry in fresh if counted[entry.record.id] > 1]
    rolls = {home_of(entry.record) for entry in fresh if _names_people(entry.record)}
    if reused:  # a roll whose id is used twice may govern no more
        used = {(record.id, record.meeting) for record in reused}
        rolls |= {
            StreamKey(row.meeting, row.point)
            for row in forms
            if row.kind in {"roll", "setting"} and (row.id, row.meeting) in used
        }
    records = [entry.record for entry in entries]
    concern = concern_of(connection, records, reused, rolls)
    seen_anew = streams_of_devices(connection, sighted)
    concern.streams.update(seen_anew, (home_of(entry.record) for entry in fresh))
    return _Found(known, fresh, concern, seen_anew)


def _names_people(record: Record) -> bool:
    """Say whether a record tells a point whom to follow: its roll, or its officers."""
    is_of_officers = isinstance(record, Setting) and record.body.officers is not UNSET
    return isinstance(record, Roll) or is_of_officers


def _forms_of(connection: Connection, entries: Sequence[Entry]) -> Sequence[_Form]:
    """Return what the ledger holds under these ids, in whatever form."""
    ids = sorted({entry.record.id for entry in entries})
    if not ids:
        return []
    return [_Form(*row) for row in _FORMS.rows(connection, ids=ids)]


_FORMS = Prepared(
    select(
        LedgerRow.id, LedgerRow.fingerprint, LedgerRow.meeting, LedgerRow.point, LedgerRow.kind
    ).where(LedgerRow.id.in_(bindparam("ids", expanding=True)))
)


def _insert(connection: Connection, fresh: Sequence[Entry], heads: Heads, now_ms: int) -> None:
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
    insert_rows(connection, LedgerRow, rows)
