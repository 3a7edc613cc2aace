"""The kinds of record, as types: an envelope that all share and a body for every kind.

A record is an immutable fact, made once on the device where it happened. Bodies hold only the
codes that a standing needs; everything personal is a *detail*, named by its sha256. `forms` reads
and writes records; `standing` judges their effect.

To add a kind: add a body and a class here, its writers in `permissions`, the layer that reads
it, its row in docs/records.md and its rule in docs/rules.md.
"""

from typing import Annotated, Any, Literal, get_args

from msgspec import UNSET, Meta, Struct, UnsetType

from sync_server.domain.records.codes import (
    Author,
    Boot,
    DeviceCode,
    Instant,
    MeetingCode,
    MonoMs,
    PersonCode,
    PointCode,
    RecordId,
    Seat,
    Sequence,
    Sha256,
    UnitCode,
    Word,
)

Source = Literal["qr", "search", "bulk", "paper", "import", "office"]
OneRef = Annotated[tuple[RecordId, ...], Meta(min_length=1, max_length=1)]
AtMostOneRef = Annotated[tuple[RecordId, ...], Meta(max_length=1)]
Label = Annotated[str, Meta(max_length=120)]
HeadCount = Annotated[int, Meta(ge=0, le=100_000)]


class _Fixed(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, gc=False
):
    """The base of records and their bodies, which are frozen and refuse unknown fields."""


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


class Empty(_Fixed, frozen=True, kw_only=True):
    """The body of a kind whose envelope says everything."""


# The meeting -----------------------------------------------------------------------------------

Office = Literal["secretary", "deputy"]
DecidingAuthority = Literal["point", "headquarters"]


class SettingBody(_Fixed, frozen=True, kw_only=True):
    """Facts of a meeting at one point; a later setting replaces only the fields that it names.

    `officers`: the members of `chairing_unit` who may preside, `[person, office]`.
    `roll_frozen_at`: a change of the roll after this time is listed as late. `ready_by`: the time
    by which the hall must be ready. `guests`: the number of guests expected, who need seats too.
    `merged_into`: the point whose roll took over this point's people.
    """

    starts_at: Instant | UnsetType = UNSET
    ends_at: Instant | UnsetType = UNSET
    grace_minutes: Annotated[int, Meta(ge=0, le=240)] | UnsetType = UNSET
    chairing_unit: UnitCode | UnsetType = UNSET
    officers: tuple[tuple[PersonCode, Office], ...] | UnsetType = UNSET
    absence_authority: DecidingAuthority | UnsetType = UNSET
    secretary_authority: DecidingAuthority | UnsetType = UNSET
    reasons: tuple[Word, ...] | UnsetType = UNSET
    capacity: HeadCount | UnsetType = UNSET
    guests: HeadCount | UnsetType = UNSET
    roll_frozen_at: Instant | UnsetType = UNSET
    ready_by: Instant | UnsetType = UNSET
    rehearsal: bool | UnsetType = UNSET
    cancelled: bool | UnsetType = UNSET
    merged_into: PointCode | UnsetType = UNSET


class Summoned(Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """One line of a roll: `[person, unit, position, seat, exempt]`."""

    person: PersonCode
    unit: UnitCode
    position: Label = ""
    seat: Annotated[str, Meta(max_length=16)] = ""
    exempt: bool = False


class RollBody(_Fixed, frozen=True, kw_only=True):
    people: tuple[Summoned, ...]


class Setting(_Envelope, frozen=True, kw_only=True, tag="setting"):
    body: SettingBody


class Roll(_Envelope, frozen=True, kw_only=True, tag="roll"):
    body: RollBody


# Presence --------------------------------------------------------------------------------------

Mode = Literal["in_person", "online"]


class CheckInBody(_Fixed, frozen=True, kw_only=True):
    """The body of a check-in.

    `happened_at` is the time that a person states for an arrival entered later, as from a paper
    list. `detail` holds the name of a newcomer, who is on no list, or the reason of an arrival that
    headquarters entered.
    """

    mode: Mode
    seat: Seat | None = None
    happened_at: Instant | None = None
    detail: Sha256 | None = None


class CheckOutBody(_Fixed, frozen=True, kw_only=True):
    """The body of a check-out; `detail` holds the reason of one that headquarters entered."""

    happened_at: Instant | None = None
    detail: Sha256 | None = None


class SeatChangeBody(_Fixed, frozen=True, kw_only=True):
    seat: Seat


class SeatCheckBody(_Fixed, frozen=True, kw_only=True):
    right: bool


class GuestBody(_Fixed, frozen=True, kw_only=True):
    """The body of a guest's record; `detail` holds the name of a guest who is on no list."""

    detail: Sha256 | None = None


class SubstituteBody(_Fixed, frozen=True, kw_only=True, rename={"instead_of": "for"}):
    """The body of a substitute's record; `for` is the person whose place the substitute takes."""

    instead_of: PersonCode
    detail: Sha256 | None = None


class CheckIn(_Envelope, frozen=True, kw_only=True, tag="check_in"):
    person: PersonCode
    body: CheckInBody


class CheckOut(_Envelope, frozen=True, kw_only=True, tag="check_out"):
    person: PersonCode
    body: CheckOutBody


class SeatChange(_Envelope, frozen=True, kw_only=True, tag="seat_change"):
    person: PersonCode
    body: SeatChangeBody


class SeatCheck(_Envelope, frozen=True, kw_only=True, tag="seat_check"):
    person: PersonCode
    body: SeatCheckBody


class Guest(_Envelope, frozen=True, kw_only=True, tag="guest"):
    body: GuestBody


class Substitute(_Envelope, frozen=True, kw_only=True, tag="substitute"):
    """A substitute; `person` is the substitute, by a code of the rosters or a newcomer's code."""

    person: PersonCode
    body: SubstituteBody


# Absence and chair -----------------------------------------------------------------------------


class AbsenceRequestBody(_Fixed, frozen=True, kw_only=True):
    """The body of a request for leave.

    `report`: the form of the written report; `detail` holds the reason, number, date or scan.
    """

    detail: Sha256
    report: Literal["numbered", "scanned", "to_follow"] | None = None
    to_follow_by: Instant | None = None


class AbsenceDocumentBody(_Fixed, frozen=True, kw_only=True):
    detail: Sha256


class AbsenceDecisionBody(_Fixed, frozen=True, kw_only=True):
    decision: Literal["approve", "decline"]
    detail: Sha256 | None = None


class ChairDelegationBody(_Fixed, frozen=True, kw_only=True):
    to: PersonCode
    detail: Sha256 | None = None


class AbsenceRequest(_Envelope, frozen=True, kw_only=True, tag="absence_request"):
    person: PersonCode
    body: AbsenceRequestBody


class AbsenceDocument(_Envelope, frozen=True, kw_only=True, tag="absence_document"):
    person: PersonCode
    refs: OneRef
    body: AbsenceDocumentBody


class AbsenceDecision(_Envelope, frozen=True, kw_only=True, tag="absence_decision"):
    """A decision on a request for leave, or on a substitute."""

    person: PersonCode
    refs: OneRef
    body: AbsenceDecisionBody


class AbsenceWithdrawal(_Envelope, frozen=True, kw_only=True, tag="absence_withdrawal"):
    person: PersonCode
    refs: OneRef
    body: Empty


class ChairDelegation(_Envelope, frozen=True, kw_only=True, tag="chair_delegation"):
    """A delegation of the chair; `person` is the Secretary who delegates."""

    person: PersonCode
    body: ChairDelegationBody


class ChairAssumed(_Envelope, frozen=True, kw_only=True, tag="chair_assumed"):
    person: PersonCode
    refs: AtMostOneRef = ()
    body: Empty


# The hall --------------------------------------------------------------------------------------

ReadinessItem = Literal[
    "power", "screen", "sound", "camera", "line", "backup_line", "seats", "printed_qr", "materials"
]
READINESS_ITEMS: tuple[ReadinessItem, ...] = get_args(ReadinessItem)
"""What a hall must have ready (checklist row 30); `materials`: kept on its device (row 6)."""
ConductCategory = Literal["call", "private_use", "disorder"]
IncidentCause = Literal["power", "screen", "sound", "camera", "line", "phone", "order", "other"]


class ConductBody(_Fixed, frozen=True, kw_only=True):
    category: ConductCategory
    count: Annotated[int, Meta(ge=1, le=1000)] = 1


class ReadinessBody(_Fixed, frozen=True, kw_only=True):
    items: dict[ReadinessItem, bool]


class IncidentBody(_Fixed, frozen=True, kw_only=True, rename={"since": "from"}):
    what: IncidentCause
    since: Instant
    until: Instant | None = None
    detail: Sha256 | None = None


class ClosingBody(_Fixed, frozen=True, kw_only=True):
    """The body of a closing; `seen` maps devices to the last `seq` that the signer had seen."""

    seen: Annotated[dict[DeviceCode, Sequence], Meta(max_length=64)]
    totals: Annotated[dict[Annotated[str, Meta(max_length=32)], HeadCount], Meta(max_length=64)]
    detail: Sha256 | None = None


class ReopeningBody(_Fixed, frozen=True, kw_only=True):
    """The body of a reopening; `detail` holds the reason."""

    detail: Sha256


class Essays(_Fixed, frozen=True, kw_only=True):
    """Essays that attendees write (bài thu hoạch): the due time, and the number handed in."""

    due: Instant
    handed_in: HeadCount


class FollowUpBody(_Fixed, frozen=True, kw_only=True):
    """A task that the conference left, or the progress of its essays; never a personal matter."""

    item: Annotated[str, Meta(min_length=1, max_length=200)] | None = None
    due: Instant | None = None
    state: Literal["open", "done", "dropped"] | None = None
    essays: Essays | None = None


class ShiftBody(_Fixed, frozen=True, kw_only=True):
    """The body of a shift; `detail` holds the names of the new clerk and the one before."""

    detail: Sha256


class Conduct(_Envelope, frozen=True, kw_only=True, tag="conduct"):
    """Conduct, counted without names unless it has a `person` (checklist rows 16 and 36)."""

    body: ConductBody


class Readiness(_Envelope, frozen=True, kw_only=True, tag="readiness"):
    person: PersonCode
    body: ReadinessBody


class Incident(_Envelope, frozen=True, kw_only=True, tag="incident"):
    """An incident; a later record that refers to it replaces it, for example to report its end."""

    refs: AtMostOneRef = ()
    body: IncidentBody


class Closing(_Envelope, frozen=True, kw_only=True, tag="closing"):
    """A closing; `person` is the responsible person who signs the roll off (checklist row 29)."""

    person: PersonCode
    body: ClosingBody


class Reopening(_Envelope, frozen=True, kw_only=True, tag="reopening"):
    person: PersonCode
    body: ReopeningBody


class FollowUp(_Envelope, frozen=True, kw_only=True, tag="follow_up"):
    """A task of `person`, replaced by a later record that refers to it; or a count of essays."""

    refs: AtMostOneRef = ()
    body: FollowUpBody


class Shift(_Envelope, frozen=True, kw_only=True, tag="shift"):
    """A change of the clerk who makes this device's records from here on; no standing reads it."""

    body: ShiftBody


class VoidBody(_Fixed, frozen=True, kw_only=True):
    """The body of a void; `detail` holds the reason that headquarters gave."""

    detail: Sha256 | None = None


class Void(_Envelope, frozen=True, kw_only=True, tag="void"):
    """A record that takes another one back; `person` repeats that record's person, for routing."""

    refs: OneRef
    body: VoidBody


DeviceRecord = (
    CheckIn
    | CheckOut
    | SeatChange
    | SeatCheck
    | Guest
    | Substitute
    | AbsenceRequest
    | AbsenceDocument
    | AbsenceDecision
    | AbsenceWithdrawal
    | ChairDelegation
    | ChairAssumed
    | Conduct
    | Readiness
    | Incident
    | Closing
    | Reopening
    | FollowUp
    | Shift
    | Void
)
"""The records that a device may make; the office alone makes all other kinds."""


class RulingBody(_Fixed, frozen=True, kw_only=True, rename={"known_as": "as"}):
    """The body of a ruling.

    `release`: of all records under the id, only `record` counts. `dismiss`: none of them counts.
    `identify`: the newcomer with the code `person` is the person with the code `as`.
    """

    ruling: Literal["release", "dismiss", "identify"]
    record: DeviceRecord | None = None
    known_as: PersonCode | None = None
    detail: Sha256 | None = None


class Ruling(_Envelope, frozen=True, kw_only=True, tag="ruling"):
    """A ruling on a held, contradictory or quarantined record, or on an unknown person.

    It contains the record that it releases, so that nothing else is needed to judge it.
    """

    refs: OneRef
    body: RulingBody


Record = DeviceRecord | Setting | Roll | Ruling

KINDS: dict[str, type[Any]] = {kind.__struct_config__.tag: kind for kind in get_args(Record)}


def kind_of(record: Record) -> str:
    """Return the record's kind as its JSON spells it."""
    return str(record.__struct_config__.tag)
