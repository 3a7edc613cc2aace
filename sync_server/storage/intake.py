"""Intake: what devices and office accounts send, and the verdict on every record of it.

A record goes to the ledger, or with its reason into quarantine; nothing disappears, and one bad
record never holds up the others. Several deliveries may be taken in one transaction; each is
answered as if it had come alone.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from msgspec import Struct
from sqlalchemy import Connection

from sync_server.domain.clock import Clocks, Sighting
from sync_server.domain.codes import MAX_SEQ, from_ms
from sync_server.domain.door import UNREADABLE, Refusal, Writer, admit, header_of
from sync_server.domain.forms import canonical, fingerprint, parse_record, remember
from sync_server.domain.records import Record, Ruling
from sync_server.domain.sequence import Ranges
from sync_server.storage import details, devices, ledger, quarantine, rulings, sightings
from sync_server.storage.devices import Gaps, Heard
from sync_server.storage.ledger import Appended, Entry
from sync_server.storage.quarantine import Kept

Status = Literal["stored", "known", "held", "refused"]
Fate = Literal["stored", "held", "refused", "released", "dismissed"]


class Verdict(Struct, frozen=True):
    """What became of one record of a request; verdicts stand in the request's order.

    `status` answers this sending, `fate` says how the record stands now, `flags` what is known
    of it at this moment. `id` is null where none could be read. `detail` says, for whoever writes
    a program, why a record was not let in.
    """

    id: str | None
    status: Status
    fate: Fate
    flags: tuple[str, ...] = ()
    code: str | None = None
    at_corrected: str | None = None
    detail: str | None = None


class Offer(NamedTuple):
    """A record as it came, and what the door made of it."""

    raw: bytes
    judged: Entry | Refusal


class Contact(NamedTuple):
    """What a device says of its own clock when it syncs, and when that was by ours.

    And of itself: which version of the kiosk it runs, and how much it still keeps unsent.
    """

    wall_ms: int
    mono_ms: int
    boot: str
    now_ms: int
    app: str | None = None
    unsent: int | None = None


class Delivery(NamedTuple):
    """What one request brings: records that the door has judged, a clock, small sealed details."""

    writer: Writer
    offers: Sequence[Offer]
    now_ms: int
    contact: Contact | None = None
    is_revoked: bool = False
    sealed: Mapping[str, str] = {}

    @property
    def entries(self) -> list[Entry]:
        """The records that came through the door."""
        return [offer.judged for offer in self.offers if isinstance(offer.judged, Entry)]


class Receipt(NamedTuple):
    """The verdicts on a delivery, and what the device must send (again): numbers and details."""

    verdicts: list[Verdict]
    want: Ranges
    want_details: list[str]


REVOKED = Refusal("device_revoked", "the device was revoked before this arrived")


def judge(raws: Iterable[bytes], writer: Writer) -> list[Offer]:
    """Judge records at the door, before any transaction begins."""
    offers = []
    for raw in raws:
        outcome = admit(raw, writer)
        if isinstance(outcome, Refusal):
            offers.append(Offer(raw, outcome))
        else:
            form = canonical(outcome)
            remember(form, outcome)
            offers.append(Offer(raw, Entry(outcome, form, fingerprint(form))))
    return offers


def receive(connection: Connection, deliveries: Sequence[Delivery]) -> list[Receipt]:
    """Take deliveries in; what is sent again changes nothing, what a revoked device sends is held.

    Raises: Stale, as `ledger.append` does.
    """
    now_ms = max(delivery.now_ms for delivery in deliveries)
    heard = {
        d.writer.device: Heard(now_ms, d.contact and d.contact.app, d.contact and d.contact.unsent)
        for d in deliveries
    }
    gaps = devices.lock(connection, heard)
    numbers: dict[str, list[int]] = {}
    for delivery in deliveries:
        numbers.setdefault(delivery.writer.device, []).extend(_numbers(delivery))
        if not delivery.is_revoked:
            details.put_small(connection, delivery.writer.device, delivery.sealed, now_ms=now_ms)
    sighted = sightings.add(connection, _sightings(deliveries, gaps, numbers))
    accepted = [_accepted(connection, delivery) for delivery in deliveries]
    everything = [entry for entries in accepted for entry in entries]
    appended = ledger.append(connection, everything, now_ms=now_ms, sighted=sighted)
    clocks = sightings.clocks_of(connection, gaps.keys())
    want = devices.close_gaps(connection, gaps, numbers)
    told_before = {key.fingerprint for key in appended.known}
    return [
        Receipt(
            _verdicts(connection, delivery, entries, appended, clocks, told_before),
            want[delivery.writer.device],
            details.missing(connection, [entry.record for entry in delivery.entries]),
        )
        for delivery, entries in zip(deliveries, accepted, strict=True)
    ]


def _numbers(delivery: Delivery) -> list[int]:
    """Return the device's own numbers in a batch, those of legible refused records included."""
    numbers = []
    for offer in delivery.offers:
        if isinstance(offer.judged, Entry):
            seq = offer.judged.record.seq
        else:
            header = header_of(offer.raw)
            seq = header.seq if header.device == delivery.writer.device else None
        if seq is not None and 1 <= seq <= MAX_SEQ:
            numbers.append(seq)
    return numbers


def _sightings(
    deliveries: Iterable[Delivery], gaps: Mapping[str, Gaps], numbers: Mapping[str, list[int]]
) -> list[Sighting]:
    """Return what was seen of clocks; what a revoked device says of its own counts for nothing."""
    found = []
    for delivery in deliveries:
        device, contact = delivery.writer.device, delivery.contact
        if contact and not delivery.is_revoked:
            highest = max([gaps[device].head, *numbers[device]])
            skew_ms = contact.now_ms - contact.wall_ms
            found.append(Sighting(device, contact.boot, contact.mono_ms, skew_ms, highest))
    return found


def _accepted(connection: Connection, delivery: Delivery) -> list[Entry]:
    """Return what goes to the ledger: of a revoked device only what is there already."""
    if not delivery.is_revoked:
        return delivery.entries
    here = ledger.known_of(connection, delivery.entries)
    return [entry for entry in delivery.entries if entry.key in here]


def _verdicts(
    connection: Connection,
    delivery: Delivery,
    accepted: Sequence[Entry],
    appended: Appended,
    clocks: Clocks,
    told_before: set[str],
) -> list[Verdict]:
    """Say of each record what became of it; `told_before` learns what has now been told."""
    let_in = {entry.fingerprint for entry in accepted}
    kept = {}
    for offer in delivery.offers:
        if isinstance(offer.judged, Refusal):
            kept[offer.raw] = Kept(fingerprint(offer.raw), offer.raw, "refused", offer.judged)
        elif offer.judged.fingerprint not in let_in:
            kept[offer.raw] = Kept(offer.judged.fingerprint, offer.raw, "held", REVOKED)
    device = delivery.writer.device
    before = quarantine.keep(connection, device, list(kept.values()), delivery.now_ms)
    told_before |= {f"{device} {sha256}" for sha256 in before}
    asked = {
        record_id
        for offer in delivery.offers
        if (record_id := _id_of(offer))
        and (offer.raw in kept or "ruled" in appended.flags.get(record_id, ()))
    }
    held = rulings.about(connection, asked)
    verdicts = []
    for offer in delivery.offers:
        own = kept.get(offer.raw)
        fate, flags, code = _fate_of(offer, own, appended, held)
        name, at = f"{device} {own.sha256}" if own else "", None
        if isinstance(offer.judged, Entry):
            name = name or offer.judged.fingerprint
            at = from_ms(clocks.moment_of(offer.judged.record).at_ms)
        status: Status = "known" if name in told_before else _first_status(fate, own)
        told_before.add(name)
        why = own.reason.detail if own else None
        verdicts.append(Verdict(_id_of(offer), status, fate, flags, code, at, why))
    return verdicts


def _fate_of(
    offer: Offer, kept: Kept | None, appended: Appended, held: Mapping[tuple[str, str], Ruling]
) -> tuple[Fate, tuple[str, ...], str | None]:
    """Return how a record stands now, what is odd about it, and the code of why it is not in."""
    record_id = _id_of(offer) or ""
    flags = () if kept else appended.flags.get(record_id, ())
    code = kept.reason.code if kept else None
    typed = _typed(offer) if held else None
    if typed and (ruling := held.get((typed.meeting, record_id))):
        is_released = ruling.body.record == typed
        return ("released" if is_released else "dismissed"), flags, code
    if kept:
        return kept.fate, flags, code
    if "id_reuse" in flags:
        return "held", flags, "id_reuse"
    return "stored", flags, None


def _first_status(fate: Fate, kept: Kept | None) -> Status:
    """Return what a first sending is answered, whatever headquarters has ruled since."""
    if kept:
        return kept.fate
    return "held" if fate == "held" else "stored"


def _id_of(offer: Offer) -> str | None:
    if isinstance(offer.judged, Entry):
        return offer.judged.record.id
    return header_of(offer.raw).id


def _typed(offer: Offer) -> Record | None:
    """Return a record; a refused one if it can be typed, for headquarters may have let it in."""
    if isinstance(offer.judged, Entry):
        return offer.judged.record
    try:
        return parse_record(offer.raw)
    except UNREADABLE:
        return None
