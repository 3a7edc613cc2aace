"""Receive the records that a device sends, and return the new records of its point."""

import json
from typing import Annotated

import msgspec
from flask import Blueprint, Response, current_app
from msgspec import Meta, Raw, Struct
from sqlalchemy import Connection

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
from sync_server.domain.records.permissions import Action
from sync_server.errors import MalformedRequest, TooManyRecords
from sync_server.storage.access import devices
from sync_server.storage.access.devices import Caller
from sync_server.storage.blobs import details
from sync_server.storage.ledger import intake, streams
from sync_server.storage.ledger.intake import Delivery, DeviceReport, Receipt, Verdict
from sync_server.storage.ledger.streams import StreamKey
from sync_server.web import rate_limits, served_portal

blueprint = Blueprint("sync", __name__)

MAX_RECORDS = 500
"""The most records in one request, which are stored in well under a second. A device sends a longer
queue in several requests."""

MAX_DETAILS = 100
"""The most details in one request, because every takes time to write. A kiosk sends 40."""

MAX_VALUES = 500_000
"""The most JSON values in a body. The rolls of a whole province have a third as many. A few
compressed bytes can contain ten thousand values, so values are counted before the body is
parsed."""

PAGE_RECORDS = 500
"""The most records in one response; `more` tells the device whether there are more."""


class ClockStatement(Struct, frozen=True):
    """The readings of a device's two clocks when it sends a request.

    `wall` is in ISO 8601 UTC. `mono_ms` is the monotonic clock in ms. `boot` identifies the span of
    time in which both clocks agree.
    """

    wall: Instant
    mono_ms: MonoMs
    boot: Boot


class SyncRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a sync request.

    `meeting` and `point` choose the stream to read; without a meeting, nothing is read. `details`
    contains small encrypted details by sha256. `app` is the version of the kiosk. `unsent` is the
    number of records left in the device's queue after this request.
    """

    clock: ClockStatement | None = None
    meeting: MeetingCode | None = None
    point: PointCode | None = None
    cursor: Annotated[str, Meta(max_length=64)] = "0"
    records: list[Raw] = []
    details: dict[str, str] = {}
    app: Annotated[str, Meta(pattern=r"^[0-9a-f]{1,16}\Z")] | None = None
    unsent: Annotated[int, Meta(ge=0, le=MAX_SEQ)] | None = None


class SyncAnswer(Struct, frozen=True):
    """The response to a sync request (docs/api.md).

    `want`: ranges of record numbers (`seq`), both ends included, that the device must send again.
    `want_details`: the sha256 of details that the sent records refer to and that are not complete.
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
    retry_after_s: int | None = None


_decoder = msgspec.json.Decoder(SyncRequest)


@blueprint.post("/sync")
def sync() -> Response:
    """Store the records of a device, and return verdicts and the new records of a stream.

    The response contains one verdict for every record, and the stream's records after the cursor.

    Raises: TooManyRecords; TooManyRequests; MalformedRequest; MalformedJson; Unauthenticated;
    Forbidden.
    """
    at_ms = now_ms()
    with reading() as connection:
        caller = authenticate_caller(connection)
    rate_limits.count_attempt(rate_limits.SYNC, caller.writer.device)
    sync_request = read_body(_decoder, _repair_records, most_values=MAX_VALUES)
    _check_count(len(sync_request.records))
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
        details.matching_small(sync_request.details),
    )
    receipt = _receive(delivery)
    settings: Settings = current_app.config["SETTINGS"]
    with reading() as connection:
        page, rev = _pull(connection, stream_key, sync_request.cursor)
        release = served_portal.current_release(connection, settings.site_dir, at_ms)
    return json_response(
        SyncAnswer(
            verdicts=_verdicts_for(receipt.verdicts, caller),
            records=[Raw(_with_corrected(*record)) for record in page.records],
            cursor=page.cursor,
            more=page.has_more,
            want=() if caller.is_revoked else receipt.want,
            want_details=receipt.want_details,
            roster_rev=rev,
            release=release,
            server_time=from_ms(now_ms()),
        )
    )


def _receive(delivery: Delivery) -> Receipt:
    """Store a delivery and return the receipt.

    If the database is busy, a delivery without records and details is not stored.

    Raises: DatabaseBusy if a delivery with records or details cannot be stored in time.
    """
    if delivery.offers or delivery.sealed:
        return write(lambda c: intake.receive(c, delivery))
    receipt = write_if_free(lambda c: intake.receive(c, delivery))
    if receipt is None:
        with reading() as connection:
            receipt = Receipt([], devices.gaps_of(connection, delivery.writer.device).missing, [])
    return receipt


def _repair_records(body: bytes) -> bytes:
    """Replace every record that contains invalid Unicode by a string; return the new body.

    JavaScript cuts an emoji in half at a field's length limit, and msgspec then rejects the whole
    body. The string contains the JSON of the record, so that only this record is refused.

    Raises: MalformedRequest if the body has no list of records; TooManyRecords.
    """
    fields = json.loads(body)
    records = fields.get("records") if isinstance(fields, dict) else None
    if not isinstance(records, list):
        raise MalformedRequest(fault="records")
    _check_count(len(records))
    fields["records"] = [
        record if _is_valid_unicode(record) else json.dumps(record) for record in records
    ]
    return msgspec.json.encode(fields)


def _check_count(count: int) -> None:
    if count > MAX_RECORDS:
        raise TooManyRecords(count=count, limit=MAX_RECORDS)


def _is_valid_unicode(record: object) -> bool:
    try:
        msgspec.json.encode(record)
    except UnicodeEncodeError:
        return False
    return True


def _verdicts_for(verdicts: list[Verdict], caller: Caller) -> list[Verdict]:
    """Return the verdicts, without their flags if the caller may not read personal data."""
    if caller.can_read:
        return verdicts
    return [msgspec.structs.replace(verdict, flags=()) for verdict in verdicts]


def _pulled_stream(sync_request: SyncRequest, caller: Caller) -> StreamKey | None:
    """Return the stream that the caller asks to read; None if nothing is to be read.

    Nothing is read without a meeting, with a push token, or for a revoked device.

    Raises: MalformedRequest if no point is given; Forbidden if the caller may not read this point.
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


def _pull(
    connection: Connection, stream_key: StreamKey | None, cursor: str
) -> tuple[streams.Page, str]:
    """Return the records of a stream after `cursor`, and the revision of the point's roster.

    At most `PAGE_RECORDS` records are returned. Without a stream, records and revision are empty.
    """
    if stream_key is None:
        return streams.Page([], cursor, False), ""
    page = streams.read(connection, stream_key, cursor, PAGE_RECORDS)
    return page, streams.roster_rev(connection, stream_key)


def _with_corrected(form: bytes, at_ms: int, released_at_ms: int | None) -> bytes:
    """Return the canonical JSON of a record, with `at_corrected` inserted as the first field.

    `at_ms` is in ms since 1970 UTC. If the record is a ruling that releases a held record, that
    record gets `released_at_ms` as its `at_corrected`.
    """
    if released_at_ms is not None:
        fields = msgspec.json.decode(form)
        fields["body"]["record"]["at_corrected"] = from_ms(released_at_ms)
        form = msgspec.json.encode(fields)
    return b'{"at_corrected":"' + from_ms(at_ms).encode() + b'",' + form[1:]
