"""The kinds of record, as types: an envelope that all share and a body for each kind.

A record is an immutable fact, made once on the device where it happened. Bodies hold only the
codes that a standing needs; everything personal is a *detail*, named by its sha256. How a record
is read and spelled is the business of `forms`, what it does that of `standing`.

To add a kind: a body and a class here, who may write it in `permissions`, the layer that reads
it, its row in docs/records.md and its rule in docs/rules.md.
"""

from typing import Annotated, Any, Literal, get_args

from msgspec import UNSET, Meta, Struct, UnsetType

from sync_server.domain.codes import (
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

Source = Literal["qr", "search", "bulk", "paper", "office"]
OneRef = Annotated[tuple[RecordId, ...], Meta(min_length=1, max_length=1)]
AtMostOneRef = Annotated[tuple[RecordId, ...], Meta(max_length=1)]
Label = Annotated[str, Meta(max_length=120)]
HeadCount = Annotated[int, Meta(ge=0, le=100_000)]


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


class Empty(_Fixed, frozen=True, kw_only=True):
    """The body of a kind that says all in its envelope."""


# The meeting -----------------------------------------------------------------------------------

Office = Literal["secretary", "deputy"]
Authority = Literal["point", "headquarters"]


class SettingBody(_Fixed, frozen=True, kw_only=True):
    """Facts of a meeting at one point; a later setting replaces only what it names.

    `officers`: those of `chairing_unit` who may preside, `[person, office]`. `roll_frozen_at`:
    from when on a change of the roll is listed as late. `ready_by`: until when the hall must be
    ready. `guests`: how many are expected, to be seated beside the summoned.
    """

    starts_at: Instant | UnsetType = UNSET
    ends_at: Instant | UnsetType = UNSET
    grace_minutes: Annotated[int, Meta(ge=0, le=240)] | UnsetType = UNSET
    chairing_unit: UnitCode | UnsetType = UNSET
    officers: tuple[tuple[PersonCode, Office], ...] | UnsetType = UNSET
    absence_authority: Authority | UnsetType = UNSET
    secretary_authority: Authority | UnsetType = UNSET
    reasons: tuple[Word, ...] | UnsetType = UNSET
    capacity: HeadCount | UnsetType = UNSET
    guests: HeadCount | UnsetType = UNSET
    roll_frozen_at: Instant | UnsetType = UNSET
    ready_by: Instant | UnsetType = UNSET
    rehearsal: bool | UnsetType = UNSET
    cancelled: bool | UnsetType = UNSET


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
    """`happened_at` is what a person states of an arrival entered later, as from a paper list.

    `detail` holds the name of a newcomer, whom no list has.
    """

    mode: Mode
    seat: Seat | None = None
    happened_at: Instant | None = None
    detail: Sha256 | None = None


class CheckOutBody(_Fixed, frozen=True, kw_only=True):
    happened_at: Instant | None = None


class SeatChangeBody(_Fixed, frozen=True, kw_only=True):
    seat: Seat


class SeatCheckBody(_Fixed, frozen=True, kw_only=True):
    right: bool


class GuestBody(_Fixed, frozen=True, kw_only=True):
    """`detail` holds the name, where no list has the person."""

    detail: Sha256 | None = None


class SubstituteBody(_Fixed, frozen=True, kw_only=True, rename={"instead_of": "for"}):
    """`for`: whom the substitute stands in for."""

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
    """`person` is the substitute, by a code of the rosters or a newcomer's."""

    person: PersonCode
    body: SubstituteBody


# Absence and chair -----------------------------------------------------------------------------


class AbsenceRequestBody(_Fixed, frozen=True, kw_only=True):
    """`report`: how the written report comes; `detail` holds the reason, number, date or scan."""

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
    """On a request for leave, or on a substitute."""

    person: PersonCode
    refs: OneRef
    body: AbsenceDecisionBody


class AbsenceWithdrawal(_Envelope, frozen=True, kw_only=True, tag="absence_withdrawal"):
    person: PersonCode
    refs: OneRef
    body: Empty


class ChairDelegation(_Envelope, frozen=True, kw_only=True, tag="chair_delegation"):
    """`person` is the Secretary who delegates."""

    person: PersonCode
    body: ChairDelegationBody


class ChairAssumed(_Envelope, frozen=True, kw_only=True, tag="chair_assumed"):
    person: PersonCode
    refs: AtMostOneRef = ()
    body: Empty


# The hall --------------------------------------------------------------------------------------

Item = Literal["power", "screen", "sound", "camera", "line", "backup_line", "seats", "printed_qr"]
ITEMS: tuple[Item, ...] = get_args(Item)
"""What a hall must have ready (domain.md row 30)."""
Category = Literal["call", "private_use", "disorder"]
Trouble = Literal["power", "screen", "sound", "camera", "line", "phone", "order", "other"]


class ConductBody(_Fixed, frozen=True, kw_only=True):
    category: Category
    count: Annotated[int, Meta(ge=1, le=1000)] = 1


class ReadinessBody(_Fixed, frozen=True, kw_only=True):
    items: dict[Item, bool]


class IncidentBody(_Fixed, frozen=True, kw_only=True, rename={"since": "from"}):
    what: Trouble
    since: Instant
    until: Instant | None = None
    detail: Sha256 | None = None


class ClosingBody(_Fixed, frozen=True, kw_only=True):
    """`seen` maps each device to the last `seq` that the signer had before them."""

    seen: Annotated[dict[DeviceCode, Sequence], Meta(max_length=64)]
    totals: Annotated[dict[Annotated[str, Meta(max_length=32)], HeadCount], Meta(max_length=64)]
    detail: Sha256 | None = None


class ReopeningBody(_Fixed, frozen=True, kw_only=True):
    """`detail` holds the reason."""

    detail: Sha256


class Essays(_Fixed, frozen=True, kw_only=True):
    """Bài thu hoạch: until when, and how many have been handed in."""

    due: Instant
    handed_in: HeadCount


class FollowUpBody(_Fixed, frozen=True, kw_only=True):
    """A task that the conference left, or how far its essays are; never a personal matter."""

    item: Annotated[str, Meta(min_length=1, max_length=200)] | None = None
    due: Instant | None = None
    state: Literal["open", "done", "dropped"] | None = None
    essays: Essays | None = None


class ShiftBody(_Fixed, frozen=True, kw_only=True):
    """`detail` holds who has the device from here on, and who had it before."""

    detail: Sha256


class Conduct(_Envelope, frozen=True, kw_only=True, tag="conduct"):
    """Counts without names (domain.md rows 16 and 36); `person` only where the hall insists."""

    body: ConductBody


class Readiness(_Envelope, frozen=True, kw_only=True, tag="readiness"):
    person: PersonCode
    body: ReadinessBody


class Incident(_Envelope, frozen=True, kw_only=True, tag="incident"):
    """A later one that refers to the first replaces it: so an end is told."""

    refs: AtMostOneRef = ()
    body: IncidentBody


class Closing(_Envelope, frozen=True, kw_only=True, tag="closing"):
    """`person` is the responsible person who signs the roll off (domain.md row 29)."""

    person: PersonCode
    body: ClosingBody


class Reopening(_Envelope, frozen=True, kw_only=True, tag="reopening"):
    person: PersonCode
    body: ReopeningBody


class FollowUp(_Envelope, frozen=True, kw_only=True, tag="follow_up"):
    """`person` is the owner. A later one that refers to the first replaces it."""

    refs: AtMostOneRef = ()
    body: FollowUpBody


class Shift(_Envelope, frozen=True, kw_only=True, tag="shift"):
    """From here on another clerk makes this device's records; no standing reads it."""

    body: ShiftBody


class Void(_Envelope, frozen=True, kw_only=True, tag="void"):
    """`person` repeats whom the referred record concerns, so that routing needs nothing else."""

    refs: OneRef
    body: Empty


Told = (
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
"""What a device may tell; the rest is the office's alone."""


class RulingBody(_Fixed, frozen=True, kw_only=True, rename={"known_as": "as"}):
    """`release`: of all that bears the id, `record` counts. `dismiss`: nothing of it counts.

    `identify`: the newcomer that `person` names is `as`.
    """

    ruling: Literal["release", "dismiss", "identify"]
    record: Told | None = None
    known_as: PersonCode | None = None
    detail: Sha256 | None = None


class Ruling(_Envelope, frozen=True, kw_only=True, tag="ruling"):
    """On a record that is held, contradictory, in quarantine, or of a person nobody knew.

    It holds the record that it releases, so that whoever has the ruling has all there is to judge.
    """

    refs: OneRef
    body: RulingBody


Record = Told | Setting | Roll | Ruling

KINDS: dict[str, type[Any]] = {kind.__struct_config__.tag: kind for kind in get_args(Record)}


def kind_of(record: Record) -> str:
    """Return the record's kind as it stands in its JSON."""
    return str(record.__struct_config__.tag)
