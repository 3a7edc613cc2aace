"""Intake: what a device or an office account sends, and the verdict on every record of it.

A record goes to the ledger, or with its reason into quarantine; nothing disappears, and one bad
record never holds up the others.
"""

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, insert, select

from sync_server.domain.clock import Sighting
from sync_server.domain.codes import MAX_SEQ, from_ms
from sync_server.domain.door import UNREADABLE, Refusal, Writer, admit, header_of
from sync_server.domain.forms import canonical, fingerprint, parse_record
from sync_server.domain.records import Record
from sync_server.domain.sequence import Ranges
from sync_server.storage import devices, ledger, rulings, sightings
from sync_server.storage.ledger import Entry
from sync_server.storage.models import QuarantineRow

Status = Literal["stored", "known", "held", "refused"]
Fate = Literal["stored", "held", "refused", "released", "dismissed"]


class Verdict(Struct, frozen=True):
    """What became of one record of a request; verdicts stand in the request's order.

    `status` answers this sending, `fate` says how the record stands now, `flags` what is known
    of it at this moment. `id` is null where none could be read.
    """

    id: str | None
    status: Status
    fate: Fate
    flags: tuple[str, ...] = ()
    code: str | None = None
    at_corrected: str | None = None


class Offer(NamedTuple):
    """A record as it came, and what the door made of it."""

    raw: bytes
    judged: Entry | Refusal


class Receipt(NamedTuple):
    """The verdicts on a batch, and the ranges of numbers that the device must send again."""

    verdicts: list[Verdict]
    want: Ranges


class Contact(NamedTuple):
    """What a device says of its own clock when it syncs, and when that was by ours."""

    wall_ms: int
    mono_ms: int
    boot: str
    now_ms: int


class _Kept(NamedTuple):
    """What goes into quarantine, under the sha256 of its bytes."""

    sha256: str
    offer: Offer
    fate: Fate
    reason: Refusal


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
            offers.append(Offer(raw, Entry(outcome, form, fingerprint(form))))
    return offers


def records_in(offers: Iterable[Offer]) -> list[Record]:
    """Return the records of a batch that came through the door."""
    return [offer.judged.record for offer in offers if isinstance(offer.judged, Entry)]


def receive(
    connection: Connection,
    writer: Writer,
    offers: Sequence[Offer],
    *,
    now_ms: int,
    contact: Contact | None = None,
    is_revoked: bool = False,
) -> Receipt:
    """Take a batch in; what is sent again changes nothing, what a revoked device sends is held.

    Raises: Stale, as `ledger.append` does.
    """
    gaps = devices.lock(connection, writer.device, now_ms)
    entries = [offer.judged for offer in offers if isinstance(offer.judged, Entry)]
    numbers = _numbers(offers, writer)
    also = set()
    highest = max([gaps.head, *numbers])
    # What a revoked device says of its clock moves nothing that counts.
    if contact and not is_revoked and _sight(connection, writer, contact, highest):
        also = ledger.streams_of_device(connection, writer.device)
    if is_revoked:
        here = ledger.known_of(connection, entries)
        entries = [entry for entry in entries if entry.key in here]
    appended = ledger.append(connection, entries, now_ms=now_ms, also=also)

    accepted = {entry.fingerprint for entry in entries}
    kept = [k for offer in offers if (k := _kept(offer)).sha256 not in accepted]
    before = _quarantine(connection, writer.device, kept, now_ms)
    before |= {key.fingerprint for key in appended.known}
    clocks = sightings.clocks_of(connection, {writer.device})
    verdicts = []
    for offer in offers:
        verdict = _verdict(offer, accepted, appended.flags)
        if isinstance(offer.judged, Entry):
            at = from_ms(clocks.moment_of(offer.judged.record).at_ms)
            verdict = msgspec.structs.replace(verdict, at_corrected=at)
        sha256 = _kept(offer).sha256
        if sha256 in before:
            verdict = msgspec.structs.replace(verdict, status="known")
        before.add(sha256)
        verdicts.append(verdict)
    verdicts = _as_ruled(connection, offers, verdicts)
    return Receipt(verdicts, devices.close_gaps(connection, writer.device, gaps, numbers))


def _verdict(offer: Offer, accepted: set[str], flags_of: dict[str, tuple[str, ...]]) -> Verdict:
    if isinstance(offer.judged, Refusal):
        return Verdict(header_of(offer.raw).id, "refused", "refused", code=offer.judged.code)
    entry = offer.judged
    if entry.fingerprint not in accepted:
        return Verdict(entry.record.id, "held", "held", code=REVOKED.code)
    flags = flags_of.get(entry.record.id, ())
    if "id_reuse" in flags and "ruled" not in flags:
        return Verdict(entry.record.id, "held", "held", flags, "id_reuse")
    return Verdict(entry.record.id, "stored", "stored", flags)


def _as_ruled(
    connection: Connection, offers: Sequence[Offer], verdicts: Sequence[Verdict]
) -> list[Verdict]:
    """Say of records on which headquarters has ruled whether they are the form that it released."""
    asked = {v.id for v in verdicts if v.id and (v.fate != "stored" or "ruled" in v.flags)}
    held = rulings.about(connection, asked)
    told = []
    for offer, verdict in zip(offers, verdicts, strict=True):
        ruling = held.get(verdict.id or "")
        if ruling:
            released = ruling.body.record
            form = offer.judged.record if isinstance(offer.judged, Entry) else _typed(offer.raw)
            fate: Fate = "released" if released and released == form else "dismissed"
            verdict = msgspec.structs.replace(verdict, fate=fate)
        told.append(verdict)
    return told


def _typed(raw: bytes) -> Record | None:
    """Return a refused record if it can be typed, for headquarters may have let it in."""
    try:
        return parse_record(raw)
    except UNREADABLE:
        return None


def _kept(offer: Offer) -> _Kept:
    if isinstance(offer.judged, Refusal):
        return _Kept(fingerprint(offer.raw), offer, "refused", offer.judged)
    return _Kept(offer.judged.fingerprint, offer, "held", REVOKED)


def _numbers(offers: Iterable[Offer], writer: Writer) -> list[int]:
    """Return the device's own numbers in a batch, those of legible refused records included."""
    numbers = []
    for offer in offers:
        if isinstance(offer.judged, Entry):
            seq = offer.judged.record.seq
        else:
            header = header_of(offer.raw)
            seq = header.seq if header.device == writer.device else None
        if seq is not None and 1 <= seq <= MAX_SEQ:
            numbers.append(seq)
    return numbers


def _sight(connection: Connection, writer: Writer, contact: Contact, seq: int) -> bool:
    skew_ms = contact.now_ms - contact.wall_ms
    sighting = Sighting(writer.device, contact.boot, contact.mono_ms, skew_ms, seq)
    return sightings.add(connection, sighting)


def _quarantine(
    connection: Connection, device: str, kept: Sequence[_Kept], now_ms: int
) -> set[str]:
    """Keep what was not let in, once each; return the hashes of what was kept before."""
    wanted = {each.sha256: each for each in kept}
    before = set(
        connection.scalars(
            select(QuarantineRow.sha256).where(
                QuarantineRow.device == device, QuarantineRow.sha256.in_(sorted(wanted))
            )
        )
    )
    rows = [
        {
            "device": device,
            "sha256": sha256,
            "record_id": header_of(each.offer.raw).id,
            "fate": each.fate,
            "code": each.reason.code,
            "detail": each.reason.detail,
            "received_ms": now_ms,
            "raw": each.offer.raw,
        }
        for sha256, each in wanted.items()
        if sha256 not in before
    ]
    if rows:
        connection.execute(insert(QuarantineRow), rows)
    return before
