"""Check an incoming record without reading any other record.

The checks cover the size and the fields of the record, and whether its writer may write this kind
of record for this hall. A record that passes is accepted even if it looks odd, because an event
that took place must not be refused. The package `judging` determines the record's effect later.
"""

from typing import Any

import msgspec
from msgspec import Struct

from sync_server.domain.foreign_bytes import decode_foreign
from sync_server.domain.records.forms import ReportMissing, parse_record
from sync_server.domain.records.kinds import KINDS, Record, kind_of
from sync_server.domain.records.permissions import MAY_WRITE, Profile

MAX_RECORD_BYTES = 262_144
"""The largest permitted size of a record in bytes; a larger record is refused.

A list of 3,000 summoned people takes 250 KB, and every other kind of record takes less than 1 KB.
"""

OFFICE_DEVICE = "O-"
"""The prefix of the device code in records that were written with a user account.

Users of the office's web pages have such accounts. The account `lan` writes records as the
device `O-lan`.
"""


class Writer(Struct, frozen=True):
    """A sender of records: an enrolled device, or a user account for the office's web pages.

    `device` is the code of the device, or `O-` and the name of the account. `profile` is the role.
    `point` is the code of the only hall for which the sender may write, or None for all halls.
    `person` is the code of the person who owns a device or account with the role `chair` (somebody
    who presides in a hall); it is None for other roles.
    """

    device: str
    profile: Profile
    point: str | None
    person: str | None = None

    @property
    def is_office(self) -> bool:
        """Whether the writer is a user account for the office's web pages and not a device.

        The records of such accounts have no record numbers.
        """
        return self.device.startswith(OFFICE_DEVICE)

    @property
    def name(self) -> str:
        """The device code, or the name of the user account, as the audit log shows it."""
        return self.device.removeprefix(OFFICE_DEVICE)

    @property
    def by(self) -> str:
        """The value that the field `by` must have in this writer's records.

        It is the code of the person who owns the device or account, or else the role.
        """
        return self.person or str(self.profile)


class Refusal(Struct, frozen=True):
    """The reason why a record was refused.

    `code` is one of `REFUSALS`, which stay the same in all versions of the server. `detail`
    explains the refusal to technicians.
    """

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
    """The fields that could be read from a faulty record, so that the answer can name the record.

    `seq` is the device's record number. A field that is missing or cannot be read is None.
    """

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
_MAX_CODE = 64  # no valid id, kind or device code is longer


def admit(raw: bytes, writer: Writer) -> Record | Refusal:
    """Parse a record from JSON and check whether this writer may send it.

    Return the record, or a Refusal if the record is too large or malformed, or if it has a device,
    hall, author or kind that is not permitted for the writer. Bad input raises no exception.
    """
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
    """Read the id, number, kind and device code of a record whose JSON may be malformed.

    A field of the result is None if its value is missing, has the wrong type, is longer than 64
    characters or is not printable.
    """
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
