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

from sync_server.domain.judging.clocks import Clocks, Sighting
from sync_server.domain.records.codes import DAY_MS, MAX_SEQ, from_ms
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
from sync_server.storage.ledger.sightings import AddedSightings

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

    `outcome` is an entry for the ledger, or the reason why the record is refused.
    """

    raw: bytes
    outcome: LedgerEntry | Refusal


class DeviceReport(NamedTuple):
    """The state that a device reports with an upload.

    `wall_ms` is the time on the device's clock, and `now_ms` that on the server's clock at the same
    moment, both in ms since 1970 UTC. `mono_ms` is the time on the device's monotonic clock. `boot`
    is the id of the present period in which the device's two clocks run in step: a new one begins
    after a restart, or when somebody has set the clock or the device has slept. `app` is the
    version of the check-in app. `unsent` is the number of records that the device has not sent yet.
    """

    wall_ms: int
    mono_ms: int
    boot: str
    now_ms: int
    app: str | None = None
    unsent: int | None = None


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

    @property
    def entries(self) -> list[LedgerEntry]:
        """The records that passed the check, in the order of the upload."""
        return [offer.outcome for offer in self.offers if isinstance(offer.outcome, LedgerEntry)]


class Receipt(NamedTuple):
    """The server's response to an upload of records.

    `verdicts`: one for every record, in the order of the upload. `want`: inclusive ranges of the
    record numbers that have not arrived from the device. `want_details`: the sha256 of encrypted
    personal data to which the records refer, but which has not arrived in full.
    """

    verdicts: list[Verdict]
    want: Ranges
    want_details: list[str]


LONGEST_OPEN_MS = 7 * DAY_MS
"""The longest time in ms, seven days, for which a device may credibly have been running before its
enrolment. A device that claims a longer time may be lying, for example to add records to a past
meeting. The measurement of its clock is then ignored, and its records are flagged with
`clock_suspect`.
"""
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
            offers.append(CheckedRecord(raw, outcome))
        else:
            entry = entry_of(outcome)
            cache_record(entry.form, outcome)
            offers.append(CheckedRecord(raw, entry))
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
    numbers = without_jumps(gaps.head, _numbers(delivery))
    delivery = _refuse_jumps(delivery, numbers)
    sighted: AddedSightings | None = None
    if not delivery.is_revoked:
        details.put_small(connection, device, delivery.sealed, now_ms=delivery.now_ms)
        if report and report.now_ms - report.mono_ms >= gaps.enrolled_ms - LONGEST_OPEN_MS:
            sighting = _sighting(device, report, highest_seq=max([gaps.head, *numbers]))
            sighted = sightings.add(connection, [sighting])
    entries = delivery.entries
    accepted = _accepted(connection, entries, is_revoked=delivery.is_revoked)
    appended = record_store.append_records(
        connection,
        accepted,
        now_ms=delivery.now_ms,
        sighted_devices=sighted.changed if sighted else (),
    )
    in_quarantine = _quarantined(delivery, accepted)
    quarantined_before, over_quota = quarantine.add_records(
        connection, device, list(in_quarantine.values()), delivery.now_ms
    )
    # The ledger was searched for rulings about the accepted records already.
    ids = {id_ for o in delivery.offers if o.raw in in_quarantine and (id_ := _id_of(o))}
    return Stored(
        delivery,
        appended,
        in_quarantine,
        quarantined_before,
        over_quota,
        rulings.about(connection, ids | appended.ruled_ids),
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
        entry = offer.outcome
        seq = entry.record.seq if isinstance(entry, LedgerEntry) else None
        is_jump = seq is not None and seq not in numbers
        offers.append(CheckedRecord(offer.raw, jump_refusal(seq or 0)) if is_jump else offer)
    return delivery._replace(offers=offers)


def jump_refusal(seq: int) -> Refusal:
    """Return the reason for refusing a record whose number `seq` is too high.

    A number may exceed the highest one received before by at most `MAX_JUMP` (10,000).
    """
    return Refusal("seq_jump", f"seq: {seq} is over {MAX_JUMP} beyond the highest number known")


def _numbers(delivery: Delivery) -> list[int]:
    """Return the record numbers in a delivery that lie between 1 and `MAX_SEQ`.

    The number of a refused record is included if it is readable and the record names the sender's
    device.
    """
    numbers = []
    for offer in delivery.offers:
        if isinstance(offer.outcome, LedgerEntry):
            seq = offer.outcome.record.seq
        else:
            header = header_of(offer.raw)
            seq = header.seq if header.device == delivery.writer.device else None
        if seq is not None and 1 <= seq <= MAX_SEQ:
            numbers.append(seq)
    return numbers


def _sighting(device: str, report: DeviceReport, *, highest_seq: int) -> Sighting:
    skew_ms = report.now_ms - report.wall_ms
    origin_ms = report.wall_ms - report.mono_ms
    return Sighting(device, report.boot, report.mono_ms, skew_ms, highest_seq, origin_ms)


def _accepted(
    connection: Connection, entries: list[LedgerEntry], *, is_revoked: bool
) -> list[LedgerEntry]:
    """Return the entries of an upload that may be stored in the ledger.

    These are all valid entries. From a revoked (blocked) device, only entries that the ledger
    already contains are accepted.
    """
    if not is_revoked:
        return entries
    stored = record_store.stored_keys(connection, entries)
    return [entry for entry in entries if entry.key in stored]


def receipt_of(stored: Stored) -> Receipt:
    """Return the receipt (the server's response) for an upload that has been stored.

    The verdicts are in the order of the upload. This function does not use the database.
    """
    known_before = {key.fingerprint for key in stored.appended.known_keys}
    verdicts, hashes_before = [], set[str]()
    for offer in stored.delivery.offers:
        quarantined = stored.in_quarantine.get(offer.raw)
        sha256 = _hash_of(offer, quarantined)
        is_known = sha256 in hashes_before or sha256 in (
            stored.quarantined_before if quarantined else known_before
        )
        hashes_before.add(sha256)
        fate, code = _fate_of(offer, quarantined, stored.appended, stored.rulings)
        if quarantined and quarantined.sha256 in stored.over_quota:
            fate, code = "refused", QUARANTINE_FULL  # stored nowhere on the server
        verdicts.append(
            Verdict(
                id=_id_of(offer),
                status="known" if is_known else _first_status(fate, quarantined),
                fate=fate,
                code=code,
                at_corrected=_corrected_instant(offer, stored.clocks),
                detail=quarantined.reason.detail if quarantined else None,
            )
        )
    return Receipt(verdicts, stored.want, stored.want_details)


def _quarantined(
    delivery: Delivery, accepted: Sequence[LedgerEntry]
) -> dict[bytes, QuarantinedRecord]:
    """Return {record as received: quarantine entry} for an upload's records to be quarantined.

    These are the invalid records (fate `refused`), and the valid records that are not in
    `accepted` because they are new and come from a revoked (blocked) device (fate `held`: kept
    in quarantine until headquarters decides).
    """
    accepted_fingerprints = {entry.fingerprint for entry in accepted}
    quarantined = {}
    for offer in delivery.offers:
        if isinstance(offer.outcome, Refusal):
            record = QuarantinedRecord(fingerprint(offer.raw), offer.raw, "refused", offer.outcome)
        elif offer.outcome.fingerprint not in accepted_fingerprints:
            record = QuarantinedRecord(offer.outcome.fingerprint, offer.raw, "held", REVOKED)
        else:
            continue
        quarantined[offer.raw] = record
    return quarantined


def _hash_of(offer: CheckedRecord, quarantined: QuarantinedRecord | None) -> str:
    """Return the hash under which a record is stored, whether it was accepted or quarantined.

    `quarantined` is the record's entry among the records that were not accepted, or None if the
    record was accepted.
    """
    if isinstance(offer.outcome, LedgerEntry):
        return offer.outcome.fingerprint
    return quarantined.sha256 if quarantined else ""


def _corrected_instant(offer: CheckedRecord, clocks: Clocks) -> str | None:
    if not isinstance(offer.outcome, LedgerEntry):
        return None
    return from_ms(clocks.corrected_time_of(offer.outcome.record).at_ms)


def _fate_of(
    offer: CheckedRecord,
    quarantined: QuarantinedRecord | None,
    appended: AppendResult,
    ruling_by_record: Mapping[tuple[str, str], Ruling],
) -> tuple[Fate, str | None]:
    """Return a record's present state (its fate) and the code of the reason, which may be None.

    If headquarters has decided on the record by a ruling, the fate is `released` or `dismissed`;
    the keys of `ruling_by_record` are (meeting id, record id). The code is the reason why the
    record was quarantined. An accepted record has no code; but if a different record with the same
    id cancels it, it is `held` with the code `id_reuse`.
    """
    code = quarantined.reason.code if quarantined else None
    typed = _typed_record(offer) if ruling_by_record else None
    if typed and (ruling := ruling_by_record.get((typed.meeting, typed.id))):
        return ("released" if ruling.body.record == typed else "dismissed"), code
    if quarantined:
        return quarantined.fate, code
    if isinstance(offer.outcome, LedgerEntry) and offer.outcome.key in appended.cancelled:
        return "held", "id_reuse"
    return "stored", None


def _first_status(fate: Fate, quarantined: QuarantinedRecord | None) -> Status:
    """Return the status with which the server answers the first upload of a record.

    It is `stored`, `held` (kept in quarantine until headquarters decides) or `refused`. `fate` is
    what has become of the record since; a later decision of headquarters changes it, but not the
    status.
    """
    if quarantined:
        return quarantined.fate
    return "held" if fate == "held" else "stored"


def _id_of(offer: CheckedRecord) -> str | None:
    if isinstance(offer.outcome, LedgerEntry):
        return offer.outcome.record.id
    return header_of(offer.raw).id


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
