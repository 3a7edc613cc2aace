"""Parse records from JSON, and encode records in their canonical form.

The canonical form of a record is always the same sequence of bytes, so records can be signed and
compared. Parsing includes every check that needs no other record.
"""

import hashlib
from typing import Any, get_args

import msgspec

from sync_server.domain.characters import UNPRINTABLE
from sync_server.domain.foreign_bytes import decode_foreign
from sync_server.domain.records.codes import NEWCOMER, Instant, check_instant, to_ms
from sync_server.domain.records.kinds import (
    KINDS,
    AbsenceRequest,
    CheckIn,
    CheckOut,
    FollowUp,
    Guest,
    Incident,
    Office,
    Record,
    Ruling,
    Setting,
)

_decoder: msgspec.json.Decoder[Record] = msgspec.json.Decoder(Record)
_encoder = msgspec.json.Encoder(order="sorted")


def _instant_fields_of(body: type[Any]) -> tuple[str, ...]:
    return tuple(
        field.name
        for field in msgspec.structs.fields(body)
        if field.type is Instant or Instant in get_args(field.type)
    )


_INSTANT_FIELDS = {
    kind: _instant_fields_of(kind.__annotations__["body"]) for kind in KINDS.values()
}


class ReportMissing(msgspec.ValidationError):
    """Raised if a request for leave does not say how the written report is given.

    A written report is required (checklist row 27).
    """


def parse_record(raw: bytes | msgspec.Raw) -> Record:
    """Decode one record from JSON, and check that its fields agree with one another.

    Raises: msgspec.DecodeError if the content is not JSON; its subclass msgspec.ValidationError,
    whose message names the field, if a field is not valid; ReportMissing, a subclass of
    msgspec.ValidationError, if a request for leave has no written report.
    """
    record = decode_foreign(raw, _decoder)
    check_form(record)
    return record


MAX_CACHED_RECORDS = 20_000
MAX_CACHED_RECORD_BYTES = 1024
"""The largest size in bytes of a record that is kept in the cache of decoded records.

With this limit and `MAX_CACHED_RECORDS`, a full cache takes about 30 MB, enough for the records of
many halls in a day.
"""

_cached_records: dict[bytes, Record] = {}


def cache_record(record_bytes: bytes, record: Record) -> None:
    """Cache a decoded record under its canonical bytes, so that it need not be decoded again.

    Records of more than `MAX_CACHED_RECORD_BYTES` are not cached. If the cache is full, it is
    emptied first.
    """
    if len(record_bytes) > MAX_CACHED_RECORD_BYTES:
        return
    if len(_cached_records) >= MAX_CACHED_RECORDS:
        _cached_records.clear()
    _cached_records[record_bytes] = record


def decode_canonical(record_bytes: bytes) -> Record:
    """Return the record that `record_bytes` encode, from the cache if possible.

    The bytes must come from `canonical_bytes`. The record was checked when it arrived, so the
    checks of `parse_record` are not repeated.
    """
    record = _cached_records.get(record_bytes)
    if record is None:
        record = _decoder.decode(record_bytes)
        cache_record(record_bytes, record)
    return record


def check_form(record: Record) -> None:
    """Check that a record's times are valid, its texts printable, and that its fields agree.

    Raises: msgspec.ValidationError, whose message names the fault, if a time or text is not valid
    or fields disagree; its subclass ReportMissing if a request for leave has no written report.
    """
    check_instant(record.at)
    for name in _INSTANT_FIELDS[type(record)]:
        instant = getattr(record.body, name)
        if isinstance(instant, str):
            check_instant(instant)
    for text in _texts_in(record.body):
        if unprintable := UNPRINTABLE.search(text):
            raise msgspec.ValidationError(f"body: U+{ord(unprintable[0]):04X} cannot be printed")
    if not isinstance(record, CheckIn | CheckOut):  # these frequent kinds need no more checks
        _check_fields(record)


def _texts_in(body: msgspec.Struct) -> list[str]:
    texts: list[str] = []
    values: list[object] = [body]
    while values:
        value = values.pop()
        if isinstance(value, str):
            texts.append(value)
        elif isinstance(value, msgspec.Struct):
            values += msgspec.structs.astuple(value)
        elif isinstance(value, tuple | dict):
            values += value
    return texts


def canonical_bytes(record: Record) -> bytes:
    """Return a record's canonical form: JSON with sorted keys, without spaces and default values.

    For the values that a record may contain, this form equals that of RFC 8785 (JCS). A device can
    therefore produce the same bytes and sign them.
    """
    return _encoder.encode(record)


def fingerprint(record_bytes: bytes) -> str:
    """Return the sha256 of a record's canonical bytes, as 64 hexadecimal digits.

    Records with the same fingerprint are equal, so a record that arrives twice is recognised.
    """
    return hashlib.sha256(record_bytes).hexdigest()


def _check_fields(record: Record) -> None:
    match record:
        case AbsenceRequest():
            fault = _fault_of_request(record)
        case Setting() if isinstance(record.body.officers, tuple):
            fault = _fault_of_officers(record.body.officers)
        case Guest() if record.person is None and record.body.detail is None:
            fault = "a guest needs `person`, or `detail` with the name - at `$.body`"
        case Incident():
            fault = _fault_of_incident(record)
        case FollowUp():
            fault = _fault_of_follow_up(record)
        case Ruling():
            fault = _fault_of_ruling(record)
        case _:
            fault = None
    if fault:
        raise msgspec.ValidationError(fault)


def _fault_of_request(request: AbsenceRequest) -> str | None:
    body = request.body
    if body.report is None:
        raise ReportMissing("a written report is needed: numbered, scanned or to_follow")
    if (body.report == "to_follow") != (body.to_follow_by is not None):
        return "`to_follow_by` goes with a report that is to_follow - at `$.body`"
    return None


def _fault_of_officers(officers: tuple[tuple[str, Office], ...]) -> str | None:
    offices = [office for _, office in officers]
    if offices.count("secretary") > 1 or len({person for person, _ in officers}) < len(offices):
        return "one Secretary at most, and nobody twice - at `$.body.officers`"
    return None


def _fault_of_incident(incident: Incident) -> str | None:
    body = incident.body
    if body.until is not None and to_ms(body.until) < to_ms(body.since):
        return "it cannot end before it begins - at `$.body.until`"
    return None


def _fault_of_follow_up(task: FollowUp) -> str | None:
    if (task.body.item is None) == (task.body.essays is None):
        return "either `item` or `essays` - at `$.body`"
    if task.body.essays:
        check_instant(task.body.essays.due)
    return None


def _fault_of_ruling(ruling: Ruling) -> str | None:
    body, released = ruling.body, ruling.body.record
    if (body.ruling == "release") != (released is not None):
        return "`record` goes with release - at `$.body.record`"
    if (body.ruling == "identify") != (body.known_as is not None):
        return "`as` goes with identify - at `$.body.as`"
    if body.ruling == "identify" and not (ruling.person or "").startswith(NEWCOMER):
        return f"only a newcomer ({NEWCOMER}…) is identified - at `$.person`"
    if released is not None:
        check_form(released)
        identity = (released.id, released.meeting, released.point, released.person)
        if identity != (ruling.refs[0], ruling.meeting, ruling.point, ruling.person):
            return "id, meeting, point and person must be the ruling's - at `$.body.record`"
    return None
