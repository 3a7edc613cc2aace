"""The door: the checks on a record that need no other record.

They cover its form, its size, and whether this writer may write this kind for this point. All
else is accepted and judged by the standing: an event that took place is never turned away.
"""

from typing import Any

import msgspec
from msgspec import Struct

from sync_server.domain.foreign_bytes import decode_foreign
from sync_server.domain.records.forms import ReportMissing, parse_record
from sync_server.domain.records.kinds import KINDS, Record, kind_of
from sync_server.domain.records.permissions import MAY_WRITE, Profile

MAX_RECORD_BYTES = 262_144
"""A roll of 3,000 people is 250 KB; every other kind is under 1 KB."""

OFFICE_DEVICE = "O-"
"""The prefix of the device code with which an office account writes."""


class Writer(Struct, frozen=True):
    """A sender of records: an enrolled device, or an office account (`O-NAME`).

    `point`: the only point it may write for; None: any point.
    """

    device: str
    profile: Profile
    point: str | None
    person: str | None = None

    @property
    def is_office(self) -> bool:
        """Whether this is an office account, which has no queue and so does not number records."""
        return self.device.startswith(OFFICE_DEVICE)

    @property
    def name(self) -> str:
        """The device's code or the account's name, as the audit log shows it."""
        return self.device.removeprefix(OFFICE_DEVICE)

    @property
    def by(self) -> str:
        """The author that this writer's records must name: its person, else its profile."""
        return self.person or str(self.profile)


class Refusal(Struct, frozen=True):
    """The reason why a record was turned away: a stable code, and details to investigate."""

    code: str
    detail: str


REFUSALS = frozenset(
    {
        "record_too_large",
        "malformed_record",
        "unknown_kind",
        "report_missing",
        "foreign_device",
        "foreign_point",
        "foreign_author",
        "kind_not_permitted",
        "seq_jump",
        "quarantine_full",
    }
)


class Header(Struct):
    """The legible fields of a faulty record, so that the answer can name its id and number."""

    id: str | None = None
    seq: int | None = None
    kind: str | None = None
    device: str | None = None


_header_decoder = msgspec.json.Decoder(dict[str, msgspec.Raw])
_field_decoders: dict[str, msgspec.json.Decoder[Any]] = {
    "id": msgspec.json.Decoder(str),
    "seq": msgspec.json.Decoder(int),
    "kind": msgspec.json.Decoder(str),
    "device": msgspec.json.Decoder(str),
}
_MAX_CODE = 64  # no id, kind or device is longer


def admit(raw: bytes, writer: Writer) -> Record | Refusal:
    """Return the parsed record, or the reason why this writer may not send it."""
    if len(raw) > MAX_RECORD_BYTES:
        return Refusal("record_too_large", f"{len(raw)} bytes, at most {MAX_RECORD_BYTES}")
    try:
        record = parse_record(raw)
    except ReportMissing as fault:
        return Refusal("report_missing", str(fault))
    except msgspec.DecodeError as fault:
        kind = header_of(raw).kind
        if kind is not None and kind not in KINDS:
            return Refusal("unknown_kind", f"kind {kind!r} is not one of {sorted(KINDS)}")
        return Refusal("malformed_record", str(fault))
    return _against_enrolment(record, writer) or record


def header_of(raw: bytes) -> Header:
    """Read the legible fields of a record's header; illegible or impossible values become None."""
    header = Header()
    try:
        fields = decode_foreign(raw, _header_decoder)
    except msgspec.DecodeError:
        return header
    for name, decoder in _field_decoders.items():
        try:
            value: object = decode_foreign(fields[name], decoder)
        except (KeyError, msgspec.DecodeError):
            continue
        if not isinstance(value, str) or (len(value) <= _MAX_CODE and value.isprintable()):
            setattr(header, name, value)
    return header


def _against_enrolment(record: Record, writer: Writer) -> Refusal | None:
    if record.device != writer.device:
        return Refusal("foreign_device", f"device {record.device}, sent by {writer.device}")
    if writer.point is not None and record.point != writer.point:
        return Refusal("foreign_point", f"point {record.point}, enrolled for {writer.point}")
    if kind_of(record) not in MAY_WRITE[writer.profile]:
        return Refusal("kind_not_permitted", f"{kind_of(record)} by a {writer.profile}")
    if record.by != writer.by:
        return Refusal("foreign_author", f"by {record.by!r}, must be {writer.by!r}")
    if (record.seq is None) != writer.is_office:
        needed = "a number" if record.seq is None else "null"
        return Refusal("malformed_record", f"seq of a {writer.profile} must be {needed}")
    return None
