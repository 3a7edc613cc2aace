"""Sync, one round trip: what the device has goes up, what is new in its stream comes down."""

import json
from typing import Annotated

import msgspec
from flask import Blueprint, Response, current_app, request
from msgspec import Meta, Raw, Struct
from sqlalchemy import Connection

from sync_server import rates, served
from sync_server.api.bodies import answer, read_body
from sync_server.api.callers import caller, require
from sync_server.clocks import now_ms
from sync_server.config import Settings
from sync_server.database import reading
from sync_server.domain.codes import (
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
from sync_server.domain.permissions import Action
from sync_server.errors import MalformedRequest, TooManyRecords
from sync_server.storage import intake, streams
from sync_server.storage.delivery import deliver
from sync_server.storage.devices import Caller
from sync_server.storage.intake import Contact, Delivery, Verdict
from sync_server.storage.streams import StreamKey

blueprint = Blueprint("sync", __name__)

MAX_RECORDS = 500
"""A request of this size is taken in well under a second; larger queues come in several."""

PAGE = 500
"""Records that one answer brings down; `more` says whether to ask again."""


class ClockStatement(Struct, frozen=True):
    """What the device's clocks show as it sends."""

    wall: Instant
    mono_ms: MonoMs
    boot: Boot


class SyncRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """`meeting` and `point` choose the stream to pull; without a meeting it is a push only.

    `app`: which version of the kiosk asks; `unsent`: how many records it keeps after these.
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
    """See docs/api.md. `want` holds inclusive ranges of the device's own numbers.

    `want_details`: details that these records name and that are not here in full.
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
    """Take records in, give each its verdict, and bring the asked stream up to date."""
    at_ms = now_ms()
    rates.hit(rates.SYNC, "sync", request.headers.get("Authorization"))
    asked = read_body(_decoder, _record_by_record)
    if len(asked.records) > MAX_RECORDS:
        raise TooManyRecords(count=len(asked.records), limit=MAX_RECORDS)
    with reading() as connection:
        who = caller(connection)
    require(who, Action.PUSH if asked.records or asked.details else Action.READ_MEETINGS)
    pulled = _pulled_stream(asked, who)
    offers = intake.judge([bytes(raw) for raw in asked.records], who.writer)
    contact = _contact(asked, at_ms)
    receipt = deliver(Delivery(who.writer, offers, at_ms, contact, who.is_revoked, asked.details))
    settings: Settings = current_app.config["SETTINGS"]
    with reading() as connection:
        page, rev = _pull(connection, pulled, asked.cursor)
        release = served.current(connection, settings.site_dir, at_ms)
    return answer(
        SyncAnswer(
            verdicts=_told(receipt.verdicts, who),
            records=[Raw(_with_corrected(form, moment.at_ms)) for form, moment in page.records],
            cursor=page.cursor,
            more=page.has_more,
            want=() if who.is_revoked else receipt.want,
            want_details=receipt.want_details,
            roster_rev=rev,
            release=release,
            server_time=from_ms(now_ms()),
        )
    )


def _record_by_record(body: bytes) -> bytes:
    """Respell a body of which one record's text cannot be read, so that it costs no other.

    Half an emoji, cut off by a field's length, is what JavaScript writes and msgspec does not
    read: its record then holds the text of its own JSON, which the door refuses alone.
    """
    fields = json.loads(body)
    records = fields.get("records", [])
    fields["records"] = [each if _is_legible(each) else json.dumps(each) for each in records]
    return msgspec.json.encode(fields)


def _is_legible(record: object) -> bool:
    try:
        msgspec.json.encode(record)
    except UnicodeEncodeError:
        return False
    return True


def _told(verdicts: list[Verdict], who: Caller) -> list[Verdict]:
    """Return the verdicts; without the flags, which tell of people, to whom may not read."""
    if who.can_read:
        return verdicts
    return [msgspec.structs.replace(verdict, flags=()) for verdict in verdicts]


def _pulled_stream(asked: SyncRequest, who: Caller) -> StreamKey | None:
    """Return the stream to pull; None for a push, as from a locked kiosk or a revoked device."""
    point = asked.point or who.writer.point
    if asked.meeting is None or not who.can_read or who.is_revoked:
        return None
    if point is None:
        raise MalformedRequest(fault="point")
    require(who, Action.PULL, point)
    return StreamKey(asked.meeting, point)


def _contact(asked: SyncRequest, at_ms: int) -> Contact | None:
    if asked.clock is None:
        return None
    try:
        check_instant(asked.clock.wall)
    except msgspec.ValidationError as fault:
        raise MalformedRequest(fault=f"clock.wall: {fault}") from None
    clock = asked.clock
    return Contact(to_ms(clock.wall), clock.mono_ms, clock.boot, at_ms, asked.app, asked.unsent)


def _pull(
    connection: Connection, pulled: StreamKey | None, cursor: str
) -> tuple[streams.Page, str]:
    """Return what is new in the stream, and the revision of the point's roster."""
    if pulled is None:
        return streams.Page([], cursor, False), ""
    page = streams.read(connection, pulled, cursor, PAGE)
    return page, streams.roster_rev(connection, pulled)


def _with_corrected(form: bytes, at_ms: int) -> bytes:
    """Return a record's canonical bytes with `at_corrected` put in front."""
    return b'{"at_corrected":"' + from_ms(at_ms).encode() + b'",' + form[1:]
