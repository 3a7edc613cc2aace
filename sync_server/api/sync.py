"""Receive records from a device, and return the records of its hall that the device lacks."""

import json
from typing import Annotated

import msgspec
from flask import Blueprint, Response, current_app
from msgspec import Meta, Raw, Struct

from sync_server import sealing
from sync_server.api.bodies import json_response, read_body
from sync_server.api.callers import authenticate_caller, require_permission
from sync_server.clocks import now_ms
from sync_server.config import Settings
from sync_server.database import reading, write, write_if_free
from sync_server.domain.records.codes import (
    MAX_SEQ,
    Boot,
    Instant,
    MeetingCode,
    MonoMs,
    PointCode,
    check_instant,
    from_ms,
    to_ms,
)
from sync_server.domain.records.door import Header
from sync_server.domain.records.permissions import Action
from sync_server.domain.records.sequence import missing_up_to
from sync_server.errors import MalformedRequest, TooManyRecords
from sync_server.storage.access import devices
from sync_server.storage.access.devices import Caller
from sync_server.storage.blobs import details
from sync_server.storage.ledger import intake, streams
from sync_server.storage.ledger.intake import Delivery, Receipt, Verdict
from sync_server.storage.ledger.sightings import DeviceReport
from sync_server.storage.ledger.streams import StreamKey
from sync_server.web import rate_limits, request_log, served_portal

blueprint = Blueprint("sync", __name__)

MAX_RECORDS = 500
"""The largest number of records in one request. The server stores this many in well under a second.
A device with more records sends them in several requests."""

MAX_DETAILS = 100
"""The largest number of details (encrypted personal data) in one request. Writing a detail takes
time, so more of them would make the request slow. A check-in device sends at most 40.
"""

MAX_VALUES = 500_000
"""The largest number of JSON values in the body of a sync request; the attendance lists of a whole
province have a third as many. The values are counted before parsing, because a small compressed
body can contain very many."""

PAGE_RECORDS = 500
"""The largest number of records in one response. If there are more, `more` is true and the device
asks again."""


class ClockStatement(Struct, frozen=True):
    """The readings of a device's two clocks when the device sends a request.

    `wall` is the time of day in ISO 8601 UTC, which a user can set wrongly. `mono_ms` is the
    reading, in ms, of a clock that only runs forward and begins again at every restart. `boot` is a
    random code that the device renews after a restart or when its time of day was set.
    """

    wall: Instant
    mono_ms: MonoMs
    boot: Boot


class SyncRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a sync request, in which a device sends its records and asks for new ones.

    The response contains records of `meeting` at `point` (a connected hall) that follow `cursor`,
    which marks the last record that the device has received; without a meeting, it contains none.
    `details` is {sha256: small encrypted personal detail}. `app` is the version of the kiosk (the
    check-in page). `unsent` is the number of records that the device will still have to send after
    this request. `highest` is the highest record number that the device has sent, this request
    included; if the server knows only lower numbers, the device must send the missing records
    again.
    """

    clock: ClockStatement | None = None
    meeting: MeetingCode | None = None
    point: PointCode | None = None
    cursor: Annotated[str, Meta(max_length=64)] = "0"
    records: list[Raw] = []
    details: dict[str, str] = {}
    app: Annotated[str, Meta(pattern=r"^[0-9a-f]{1,16}\Z")] | None = None
    unsent: Annotated[int, Meta(ge=0, le=MAX_SEQ)] | None = None
    highest: Annotated[int, Meta(ge=0, le=MAX_SEQ)] = 0


class SyncAnswer(Struct, frozen=True):
    """The response to a sync request, in which a device sends records (docs/api.md).

    `verdicts` state for every sent record whether it was accepted. `records` are those that the
    device lacks. `cursor` marks the last of them, and `more` says that further records wait.
    `want`: ranges of record numbers, both ends included, that the device must send again.
    `want_details`: the sha256 of encrypted personal data and attachments to which sent records
    refer, but which have not arrived in full. `roster_rev` and `release` are the current versions
    of the list of summoned people and of the portal (the public website). `keys_rev` is the
    revision of headquarters' public keys, which `GET /keys` returns.
    """

    verdicts: list[Verdict]
    records: list[Raw]
    cursor: str
    more: bool
    want: tuple[tuple[int, int], ...]
    want_details: list[str]
    roster_rev: str
    release: str | None
    server_time: str
    keys_rev: str
    retry_after_s: int | None = None


_decoder = msgspec.json.Decoder(SyncRequest)


@blueprint.post("/sync")
def sync() -> Response:
    """Store the records that a device sends, and return records that the device does not have yet.

    The request names a meeting, a hall and a cursor, which marks the last record that the
    device has received. The response contains the hall's later records of that meeting, and one
    verdict for every record sent, in the same order.

    Raises: TooManyRecords for more than `MAX_RECORDS` records, or for more than `MAX_DETAILS`
    details (encrypted personal data of records); TooManyRequests; MalformedRequest;
    MalformedJson; Unauthenticated; Forbidden; DatabaseBusy.
    """
    at_ms = now_ms()
    settings: Settings = current_app.config["SETTINGS"]
    with reading(is_consistent=False) as connection:
        caller = authenticate_caller(connection)
        release = served_portal.current_release(connection, settings.site_dir, at_ms)
    rate_limits.count_attempt(rate_limits.SYNC, caller.writer.device)
    sync_request = read_body(_decoder, _repair_records, most_values=MAX_VALUES)
    if len(sync_request.records) > MAX_RECORDS:
        raise TooManyRecords(count=len(sync_request.records), limit=MAX_RECORDS)
    if len(sync_request.details) > MAX_DETAILS:
        raise TooManyRecords(count=len(sync_request.details), limit=MAX_DETAILS)
    require_permission(
        caller,
        Action.PUSH if sync_request.records or sync_request.details else Action.READ_MEETINGS,
    )
    if sync_request.records:
        amount = len(sync_request.records)
        rate_limits.count_attempt(rate_limits.RECORDS, caller.writer.device, amount)
    stream_key = _pulled_stream(sync_request, caller)
    offered_records = intake.judge_records(
        [bytes(raw) for raw in sync_request.records], caller.writer
    )
    device_report = _device_report(sync_request, at_ms)
    delivery = Delivery(
        caller.writer,
        offered_records,
        at_ms,
        device_report,
        caller.is_revoked,
        details.matching_small(sync_request.details) if sync_request.details else {},
        sync_request.highest,
    )
    receipt = _receive(delivery)
    request_log.count_stored(sum(verdict.status == "stored" for verdict in receipt.verdicts))
    page = streams.Page([], sync_request.cursor, has_more=False, roster_rev="")
    if stream_key:
        with reading() as connection:
            page = streams.read(connection, stream_key, sync_request.cursor, PAGE_RECORDS)
    return json_response(
        SyncAnswer(
            verdicts=receipt.verdicts,
            records=[Raw(_with_corrected(*record)) for record in page.records],
            cursor=page.cursor,
            more=page.has_more,
            want=() if caller.is_revoked else receipt.want,
            want_details=receipt.want_details,
            roster_rev=page.roster_rev,
            release=release,
            server_time=from_ms(now_ms()),
            keys_rev=sealing.keys_revision(settings.seal_key),
        )
    )


def _receive(delivery: Delivery) -> Receipt:
    """Store the records and details that a device has sent, and return the receipt.

    Details are the encrypted personal data of records. The receipt states what became of every
    record, and what the device must send again. If the database is busy, a delivery without
    records and details is not stored, because it contains only the state of the device.

    Raises: DatabaseBusy if a delivery with records or details cannot be stored in time.
    """
    if delivery.offers or delivery.sealed:
        return intake.receipt_of(write(lambda c: intake.store(c, delivery), is_repeatable=True))
    stored = write_if_free(lambda c: intake.store(c, delivery))
    if stored is None:
        with reading() as connection:
            gaps = devices.gaps_of(connection, delivery.writer.device)
        want, _ = missing_up_to(gaps.missing, gaps.head, delivery.highest)
        return Receipt([], want, [])
    return intake.receipt_of(stored)


def _repair_records(body: bytes) -> bytes:
    """Return a request body with unreadable records replaced, so that only they are refused.

    A record is unreadable if it contains NaN, or invalid Unicode, which occurs when JavaScript cuts
    an emoji in half at a field's length limit; the whole body would then be unreadable. The
    replacement names the record's id, number, kind and device, and contains the record's JSON as a
    string. Numbers are copied as they were written.

    Raises: MalformedRequest if the body has no list of records; ValueError if the body is not JSON
    in UTF-8.
    """

    def copy_number(text: str) -> Raw:
        return Raw(text.encode())

    fields = json.loads(
        body.decode(), parse_int=copy_number, parse_float=copy_number, parse_constant=_NoNumber
    )
    records = fields.get("records") if isinstance(fields, dict) else None
    if not isinstance(records, list):
        raise MalformedRequest(fault="records")
    fields["records"] = [
        record if _is_readable(record) else _replacement_for(record) for record in records
    ]
    return msgspec.json.encode(fields, enc_hook=lambda _: None)  # NaN elsewhere: then null


class _NoNumber:
    """NaN, Infinity or -Infinity, which JavaScript never writes into JSON."""

    def __init__(self, text: str) -> None:
        self.text = text


def _replacement_for(record: object) -> dict[str, object]:
    """Return the object that stands for an unreadable record: its header, and its JSON as text."""
    fields = record if isinstance(record, dict) else {}
    names = Header.__struct_fields__
    header = {name: fields[name] for name in names if _is_readable(fields.get(name))}
    return header | {"unreadable": json.dumps(record, default=_text_of_number)}


def _text_of_number(number: Raw | _NoNumber) -> str:
    return number.text if isinstance(number, _NoNumber) else bytes(number).decode()


def _is_readable(value: object) -> bool:
    """Return whether a value decoded from JSON is present, and can be written as JSON again."""
    try:
        msgspec.json.encode(value)
    except (UnicodeEncodeError, TypeError):
        return False
    return value is not None


def _pulled_stream(sync_request: SyncRequest, caller: Caller) -> StreamKey | None:
    """Return the meeting and the hall (`point`) whose records the caller asks to read.

    Return None if nothing is to be read: without a meeting, for a caller who may not read personal
    data, or for a revoked device.

    Raises: MalformedRequest if no point is given and the caller has none; Forbidden if the caller
    may not read this point.
    """
    point = sync_request.point or caller.writer.point
    if sync_request.meeting is None or not caller.can_read or caller.is_revoked:
        return None
    if point is None:
        raise MalformedRequest(fault="point")
    require_permission(caller, Action.PULL, point)
    return StreamKey(sync_request.meeting, point)


def _device_report(sync_request: SyncRequest, at_ms: int) -> DeviceReport | None:
    if sync_request.clock is None:
        return None
    try:
        check_instant(sync_request.clock.wall)
    except msgspec.ValidationError as fault:
        raise MalformedRequest(fault=f"clock.wall: {fault}") from None
    clock = sync_request.clock
    return DeviceReport(
        to_ms(clock.wall), clock.mono_ms, clock.boot, at_ms, sync_request.app, sync_request.unsent
    )


def _with_corrected(form: bytes, at_ms: int, released_at_ms: int | None) -> bytes:
    """Return a record's JSON with its corrected time inserted as the first field, `at_corrected`.

    `form` is the record's JSON, and `at_ms` is the corrected time in ms since 1970 UTC. If the
    record is a decision of headquarters that another record counts, the decision contains the other
    record. `released_at_ms` is then the corrected time of the other record, and is inserted into
    the other record as well. For all other records, `released_at_ms` is None.
    """
    if released_at_ms is not None:
        fields = msgspec.json.decode(form)
        fields["body"]["record"]["at_corrected"] = from_ms(released_at_ms)
        form = msgspec.json.encode(fields)
    return b'{"at_corrected":"' + from_ms(at_ms).encode() + b'",' + form[1:]
