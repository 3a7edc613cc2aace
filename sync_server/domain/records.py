"""The kinds of record, as types: an envelope that all share and a body for each kind.

A record is an immutable fact, made once on the device where it happened. This module owns
its form and its canonical bytes; what a record *does* is the business of `standing`.

To add a kind: a body and a class here, who may write it in `permissions`, the layer that
reads it in `standing`, its page in docs/records.md.
"""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal, get_args

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

_CODE_END = r"\Z"  # `$` would also match before a trailing newline

RecordId = Annotated[
    str,
    Meta(
        pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}" + _CODE_END
    ),
]
MeetingCode = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,63}" + _CODE_END)]
PointCode = Annotated[str, Meta(pattern=r"^[A-Z][A-Z0-9-]{0,15}" + _CODE_END)]
UnitCode = PointCode
PersonCode = Annotated[str, Meta(pattern=r"^[A-Z0-9][A-Z0-9.-]{0,31}" + _CODE_END)]
DeviceCode = Annotated[str, Meta(pattern=r"^[A-Z]-[A-Za-z0-9-]{1,40}" + _CODE_END)]
Author = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}" + _CODE_END)]
Boot = Annotated[str, Meta(pattern=r"^[a-z0-9]{1,16}" + _CODE_END)]
Seat = Annotated[str, Meta(min_length=1, max_length=16)]
# No device makes ten million records; the bound keeps one slip from leaving a gap for ever.
MAX_SEQ = 9_999_999
Sequence = Annotated[int, Meta(ge=1, le=MAX_SEQ)]
# JavaScript holds no integer above this exactly.
MonoMs = Annotated[int, Meta(ge=0, le=2**53 - 1)]
Instant = Annotated[
    str,
    Meta(
        pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,3})?Z"
        + _CODE_END
    ),
]
"""A moment in UTC as devices write it: `2024-08-22T00:55:03.120Z`, to the millisecond."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST_YEAR, LAST_YEAR = 1970, 2199
"""What a device's clock may show: any two such years apart, a corrected time is still a date."""

Source = Literal["qr", "search", "bulk", "paper", "office"]


class _Fixed(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, gc=False
):
    """What every part of a record has in common: nothing unknown, nothing changed."""


class _Envelope(_Fixed, frozen=True, kw_only=True, tag_field="kind"):
    id: RecordId
    v: Literal[1]
    meeting: MeetingCode
    point: PointCode
    device: DeviceCode
    seq: Sequence | None
    boot: Boot
    at: Instant
    mono_ms: MonoMs
    by: Author
    source: Source
    person: PersonCode | None = None
    refs: tuple[RecordId, ...] = ()


class SettingBody(_Fixed, frozen=True, kw_only=True):
    """Facts of a meeting at one point; a later setting replaces only what it names."""

    starts_at: Instant | UnsetType = UNSET
    ends_at: Instant | UnsetType = UNSET
    grace_minutes: Annotated[int, Meta(ge=0, le=240)] | UnsetType = UNSET


class Summoned(Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """One line of a roll: `[person, unit, position, seat, exempt]`."""

    person: PersonCode
    unit: UnitCode
    position: Annotated[str, Meta(max_length=120)] = ""
    seat: Annotated[str, Meta(max_length=16)] = ""
    exempt: bool = False


class RollBody(_Fixed, frozen=True, kw_only=True):
    people: tuple[Summoned, ...]


class CheckInBody(_Fixed, frozen=True, kw_only=True):
    """`happened_at` is what a person states of an arrival entered later, as from a paper list."""

    mode: Literal["in_person", "online"]
    seat: Seat | None = None
    happened_at: Instant | None = None


class CheckOutBody(_Fixed, frozen=True, kw_only=True):
    happened_at: Instant | None = None


class VoidBody(_Fixed, frozen=True, kw_only=True):
    pass


class ClosingBody(_Fixed, frozen=True, kw_only=True):
    """`seen` maps each device to the last `seq` that the signer had before them."""

    seen: dict[DeviceCode, Sequence]
    totals: dict[Annotated[str, Meta(max_length=32)], Annotated[int, Meta(ge=0)]]


class Setting(_Envelope, frozen=True, kw_only=True, tag="setting"):
    body: SettingBody


class Roll(_Envelope, frozen=True, kw_only=True, tag="roll"):
    body: RollBody


class CheckIn(_Envelope, frozen=True, kw_only=True, tag="check_in"):
    person: PersonCode
    body: CheckInBody


class CheckOut(_Envelope, frozen=True, kw_only=True, tag="check_out"):
    person: PersonCode
    body: CheckOutBody


class Void(_Envelope, frozen=True, kw_only=True, tag="void"):
    """`person` repeats whom the referred record concerns, so that routing needs nothing else."""

    refs: Annotated[tuple[RecordId, ...], Meta(min_length=1, max_length=1)]
    body: VoidBody


class Closing(_Envelope, frozen=True, kw_only=True, tag="closing"):
    """`person` is the responsible person who signs the roll off (domain.md row 29)."""

    person: PersonCode
    body: ClosingBody


Record = Setting | Roll | CheckIn | CheckOut | Void | Closing

KINDS: dict[str, type[Any]] = {kind.__struct_config__.tag: kind for kind in get_args(Record)}

_decoder: msgspec.json.Decoder[Record] = msgspec.json.Decoder(Record)
_encoder = msgspec.json.Encoder(order="sorted")


def kind_of(record: Record) -> str:
    """Return the record's kind as it stands in its JSON."""
    return str(record.__struct_config__.tag)


def parse_record(raw: bytes | msgspec.Raw) -> Record:
    """Type one record and check that its instants exist.

    Raises: msgspec.DecodeError; a ValidationError, its subclass, names the field.
    """
    record = _decoder.decode(raw)
    stated = getattr(record.body, "happened_at", None)
    instants = [record.at, stated]
    if isinstance(record, Setting):
        instants += [each for each in (record.body.starts_at, record.body.ends_at) if each]
    for instant in filter(None, instants):
        check_instant(instant)
    return record


def check_instant(instant: str) -> None:
    """Check that an instant exists and is of our age; a clock that was never set says 1970.

    Raises: msgspec.ValidationError.
    """
    try:
        year = datetime.fromisoformat(instant).year
    except ValueError as fault:
        raise msgspec.ValidationError(f"{instant!r} is no moment in time: {fault}") from None
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise msgspec.ValidationError(f"{instant!r} is not of our age")


def canonical(record: Record) -> bytes:
    """Return the bytes that stand for the record everywhere: sorted keys, no spaces, no defaults.

    For the values a record can hold this is RFC 8785 (JCS), so that a device can sign it.
    """
    return _encoder.encode(record)


def fingerprint(record_bytes: bytes) -> str:
    """Return the sha256 of canonical bytes, in hexadecimal."""
    return hashlib.sha256(record_bytes).hexdigest()


def to_ms(instant: str) -> int:
    """Return milliseconds since 1970-01-01 UTC."""
    return round(datetime.fromisoformat(instant).timestamp() * 1000)


def from_ms(at_ms: int) -> str:
    """Return the instant with three digits of milliseconds, as JavaScript's `toISOString` does."""
    moment = EPOCH + timedelta(milliseconds=at_ms)
    return moment.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
