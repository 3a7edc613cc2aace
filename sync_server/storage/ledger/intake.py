"""Receive records from devices and user accounts, and return a verdict on every record.

The accounts are those for the office's web pages. Accepted records are stored in the
ledger. All others are stored in quarantine, with the reason. A record that is not accepted
never delays the others in the same upload.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

import msgspec
from msgspec import Struct
from sqlalchemy import Connection

from sync_server.domain.judging.clocks import Clocks
from sync_server.domain.records.codes import MAX_SEQ, from_ms
from sync_server.domain.records.door import Refusal, Writer, admit, header_of
from sync_server.domain.records.forms import cache_record, fingerprint, parse_record
from sync_server.domain.records.kinds import Record, Ruling
from sync_server.domain.records.sequence import MAX_JUMP, Ranges, without_jumps
from sync_server.storage.access import devices
from sync_server.storage.access.devices import LastContact
from sync_server.storage.blobs import details
from sync_server.storage.ledger import quarantine, record_store, rulings, sightings
from sync_server.storage.ledger.quarantine import QuarantinedRecord
from sync_server.storage.ledger.record_store import AppendResult, LedgerEntry, entry_of
from sync_server.storage.ledger.sightings import AddedSightings, DeviceReport

Status = Literal["stored", "known", "held", "refused"]
Fate = Literal["stored", "held", "refused", "released", "dismissed"]


class Verdict(Struct, frozen=True):
    """The server's verdict on one record. Verdicts are in the order of the uploaded records.

    `status` is the outcome of this upload: stored, known (uploaded before), held (kept until
    headquarters decides) or refused. `fate` is the record's present state, which headquarters may
    have changed. `id` is None if the record's id is unreadable. If the record was not accepted,
    `code` gives the reason for programs and `detail` for programmers. `at_corrected` is the
    record's time in UTC, such as 2026-11-24T01:30:00.000Z, corrected for the error of the device's
    clock.
    """

    id: str | None
    status: Status
    fate: Fate
    code: str | None = None
    at_corrected: str | None = None
    detail: str | None = None


class CheckedRecord(NamedTuple):
    """A record as received (`raw`), and the result of checking it.

    `outcome` is an entry for the ledger, or the reason why the record is refused. `sha256` is the
    hash under which the record is stored: that of its canonical JSON, or of `raw` if the record is
    refused. `id` and `seq` are the record's id and its device's number for it; each is None if it
    cannot be read. `seq` is also None for a record that a user account made or that names another
    device.
    """

    raw: bytes
    outcome: LedgerEntry | Refusal
    sha256: str
    id: str | None
    seq: int | None


class Delivery(NamedTuple):
    """The content of one upload by a device or an office account.

    `writer` is the sender. `offers` are the uploaded records with the results of checking them,
    in the order of the upload. `report` is the state that the device reported, or None.
    `is_revoked`: whether headquarters has blocked the device. `sealed` is {sha256: small
    encrypted text with personal data}. `highest`: the highest record number that the device
    says it has sent, this upload included, or 0.
    """

    writer: Writer
    offers: Sequence[CheckedRecord]
    now_ms: int
    report: DeviceReport | None = None
    is_revoked: bool = False
    sealed: Mapping[str, str] = {}
    highest: int = 0


class Receipt(NamedTuple):
    """The server's response to an upload of records.

    `verdicts`: one for every record, in the order of the upload. `want`: inclusive ranges of the
    record numbers that have not arrived from the device. `want_details`: the sha256 of encrypted
    personal data to which the records refer, but which has not arrived in full.
    """

    verdicts: list[Verdict]
    want: Ranges
    want_details: list[str]


QUARANTINE_FULL = "quarantine_full"
"""The reason code for a record that was refused and not stored anywhere. Such a record would be
stored in quarantine (the store of records that were not accepted), but its device had exceeded the
daily limits of the quarantine."""
REVOKED = Refusal("device_revoked", "the device was revoked before this arrived")


def judge_records(raws: Iterable[bytes], writer: Writer) -> list[CheckedRecord]:
    """Parse records (JSON bytes) and check that `writer` may send them.

    The result is in the order of `raws`. Every record is returned as an entry for the ledger, or
    with the reason why it is refused.
    """
    offers = []
    for raw in raws:
        outcome = admit(raw, writer)
        if isinstance(outcome, Refusal):
            header = header_of(raw)
            seq = header.seq if header.device == writer.device else None
            if seq is not None and not 1 <= seq <= MAX_SEQ:
                seq = None
            offers.append(CheckedRecord(raw, outcome, fingerprint(raw), header.id, seq))
        else:
            entry = entry_of(outcome)
            cache_record(entry.form, outcome)
            sha256 = entry.key.fingerprint
            offers.append(CheckedRecord(raw, entry, sha256, outcome.id, outcome.seq))
    return offers


class Stored(NamedTuple):
    """The result of storing an upload, from which the receipt (the server's response) is made.

    `delivery` is the upload, in which records whose number is too high have been marked as refused.
    `appended` is the result of adding the accepted records to the stored ones. The other records
    are put into quarantine; `in_quarantine` maps every such record, as received, to its quarantine
    entry. `quarantined_before` contains the sha256 of records that were in quarantine already.
    `over_quota` contains the sha256 of records that were stored nowhere, because the device had
    exceeded its daily limit. `rulings` is {(meeting id, record id): headquarters' decision about
    the uploaded record}. `clocks` contains the measurements of the device's clock, by which the
    times of records are corrected. `want` and `want_details` are those of the `Receipt`: the record
    numbers and the personal data that have not arrived.
    """

    delivery: Delivery
    appended: AppendResult
    in_quarantine: Mapping[bytes, QuarantinedRecord]
    quarantined_before: set[str]
    over_quota: set[str]
    rulings: Mapping[tuple[str, str], Ruling]
    clocks: Clocks
    want: Ranges
    want_details: list[str]


def receive(connection: Connection, delivery: Delivery) -> Receipt:
    """Store the content of an upload, and return a verdict on every record; see `store`."""
    return receipt_of(store(connection, delivery))


def store(connection: Connection, delivery: Delivery) -> Stored:
    """Store the content of an upload, and return the data for the receipt (the server's response).

    Repeating an upload adds no records. If headquarters has revoked (blocked) the device, new
    records from it are not accepted but stored in quarantine.

    Raises: IntegrityError if another transaction stored one of the records at the same time; the
    caller must run the transaction again.
    """
    device, report = delivery.writer.device, delivery.report
    contact = LastContact(delivery.now_ms, report and report.app, report and report.unsent)
    gaps = devices.lock(connection, device, contact)
    sent_numbers = {offer.seq for offer in delivery.offers if offer.seq is not None}
    numbers = without_jumps(gaps.head, sent_numbers)
    if numbers != sent_numbers:
        delivery = _refuse_jumps(delivery, numbers)
    sighted: AddedSightings | None = None
    if not delivery.is_revoked:
        if delivery.sealed:
            details.put_small(connection, device, delivery.sealed, now_ms=delivery.now_ms)
        if report:
            highest_seq = max([gaps.head, *numbers])
            sighted = sightings.add_reported(
                connection, device, report, highest_seq=highest_seq, enrolled_ms=gaps.enrolled_ms
            )
    outcomes = [offer.outcome for offer in delivery.offers]
    entries = [outcome for outcome in outcomes if isinstance(outcome, LedgerEntry)]
    accepted = entries
    if delivery.is_revoked:  # then only records that the ledger contains already
        stored_keys = record_store.stored_keys(connection, entries)
        accepted = [entry for entry in entries if entry.key in stored_keys]
    appended = record_store.append_records(
        connection,
        accepted,
        now_ms=delivery.now_ms,
        sighted_devices=sighted.changed if sighted else (),
    )
    in_quarantine: dict[bytes, QuarantinedRecord] = {}
    quarantined_before, over_quota = set[str](), set[str]()
    ids = appended.ruled_ids
    if len(accepted) < len(delivery.offers):
        in_quarantine = _quarantined(delivery.offers, accepted)
        quarantined_before, over_quota = quarantine.add_records(
            connection, device, list(in_quarantine.values()), delivery.now_ms
        )
        ids = ids | {record.id for record in in_quarantine.values() if record.id}
    return Stored(
        delivery,
        appended,
        in_quarantine,
        quarantined_before,
        over_quota,
        rulings.about(connection, ids) if ids else {},
        sighted.clocks if sighted else sightings.clocks_of(connection, [device]),
        devices.close_gaps(connection, device, gaps, sorted(numbers), delivery.highest),
        details.missing(connection, [entry.record for entry in entries]),
    )


def _refuse_jumps(delivery: Delivery, numbers: Collection[int]) -> Delivery:
    """Refuse the records whose number is too high, and return the changed delivery.

    `numbers` are the record numbers that are permitted. Records without a number are not refused.
    """
    offers = []
    for offer in delivery.offers:
        if isinstance(offer.outcome, LedgerEntry) and offer.seq and offer.seq not in numbers:
            sha256 = fingerprint(offer.raw)
            offers.append(offer._replace(outcome=jump_refusal(offer.seq), sha256=sha256))
        else:
            offers.append(offer)
    return delivery._replace(offers=offers)


def jump_refusal(seq: int) -> Refusal:
    """Return the reason for refusing a record whose number `seq` is too high.

    A number may exceed the highest one received before by at most `MAX_JUMP` (10,000).
    """
    return Refusal("seq_jump", f"seq: {seq} is over {MAX_JUMP} beyond the highest number known")


def receipt_of(stored: Stored) -> Receipt:
    """Return the receipt (the server's response) for an upload that has been stored.

    The verdicts are in the order of the upload. This function does not use the database.
    """
    known_before = {key.fingerprint for key in stored.appended.known_keys}
    verdicts, hashes_before = [], set[str]()
    for offer in stored.delivery.offers:
        entry, quarantined = offer.outcome, stored.in_quarantine.get(offer.raw)
        is_known = offer.sha256 in hashes_before or offer.sha256 in (
            stored.quarantined_before if quarantined else known_before
        )
        hashes_before.add(offer.sha256)
        fate, code = _fate_of(offer, quarantined, stored)
        status: Status = "held" if fate == "held" else "stored"
        if quarantined:
            status = quarantined.fate
        if is_known:
            status = "known"
        corrected = None
        if isinstance(entry, LedgerEntry):
            corrected = from_ms(stored.clocks.corrected_time_of(entry.record).at_ms)
        verdicts.append(
            Verdict(
                id=offer.id,
                status=status,
                fate=fate,
                code=code,
                at_corrected=corrected,
                detail=quarantined.reason.detail if quarantined else None,
            )
        )
    return Receipt(verdicts, stored.want, stored.want_details)


def _quarantined(
    offers: Sequence[CheckedRecord], accepted: Sequence[LedgerEntry]
) -> dict[bytes, QuarantinedRecord]:
    """Return {record as received: quarantine entry} for an upload's records to be quarantined.

    These are the invalid records (fate `refused`), and the valid records that are not in
    `accepted` because they are new and come from a revoked (blocked) device (fate `held`: kept
    in quarantine until headquarters decides).
    """
    accepted_fingerprints = {entry.key.fingerprint for entry in accepted}
    quarantined = {}
    for raw, outcome, sha256, record_id, _ in offers:
        if isinstance(outcome, Refusal):
            quarantined[raw] = QuarantinedRecord(sha256, record_id, raw, "refused", outcome)
        elif sha256 not in accepted_fingerprints:
            quarantined[raw] = QuarantinedRecord(sha256, record_id, raw, "held", REVOKED)
    return quarantined


def _fate_of(
    offer: CheckedRecord, quarantined: QuarantinedRecord | None, stored: Stored
) -> tuple[Fate, str | None]:
    """Return a record's present state (its fate) and the code of the reason, which may be None.

    If headquarters has decided on the record by a ruling, the fate is `released` or `dismissed`.
    The code is the reason why the record was quarantined. An accepted record has no code; but if a
    different record with the same id cancels it, it is `held` with the code `id_reuse`.
    """
    if quarantined and quarantined.sha256 in stored.over_quota:
        return "refused", QUARANTINE_FULL  # stored nowhere on the server
    code = quarantined.reason.code if quarantined else None
    typed = _typed_record(offer) if stored.rulings else None
    if typed and (ruling := stored.rulings.get((typed.meeting, typed.id))):
        return ("released" if ruling.body.record == typed else "dismissed"), code
    if quarantined:
        return quarantined.fate, code
    if isinstance(offer.outcome, LedgerEntry) and offer.outcome.key in stored.appended.cancelled:
        return "held", "id_reuse"
    return "stored", None


def _typed_record(offer: CheckedRecord) -> Record | None:
    """Return the parsed record; None if the record cannot be parsed.

    Refused records are parsed, too, because headquarters may have decided that they count.
    """
    if isinstance(offer.outcome, LedgerEntry):
        return offer.outcome.record
    try:
        return parse_record(offer.raw)
    except msgspec.DecodeError:
        return None
