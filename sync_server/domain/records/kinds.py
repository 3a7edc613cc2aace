"""Define every kind of record as a type: the common fields (envelope) and a body.

A record describes one event. It is made once, on the device where the event took place, and never
changes. The body contains the fields of one kind of record, and names people only by code. Personal
data are in an encrypted *detail*, and the record contains the detail's sha256. The module `forms`
parses and encodes records, and the package `judging` determines their effect.

To add a kind of record, add its body and its class here, the roles that may write it in
`permissions`, code in `judging` that determines its effect, a row in docs/records.md and a rule in
docs/rules.md.
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
    """The base class of records and bodies, which are immutable and refuse unknown JSON fields."""


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
    """The body of a kind of record that needs only the common fields, such as time and person."""


# Kinds of record that arrange a meeting and summon people

Office = Literal["secretary", "deputy"]
DecidingAuthority = Literal["point", "headquarters"]


class SettingBody(_Fixed, frozen=True, kw_only=True):
    """The body of a setting, a record with the arrangements of a meeting in one hall.

    A later setting replaces only the fields that it contains. `chairing_unit`: the unit whose
    Secretary or Deputy presides. `officers`: the members of this unit who may preside, as `[person
    code, position]`; the position is `secretary` or `deputy`. `absence_authority`,
    `secretary_authority`: who decides on leave in general, and on leave of a Secretary.
    `roll_frozen_at`: when the list of summoned people is frozen; later changes to the list are
    marked. `ready_by`: when the hall must be ready. `guests`: the expected number of guests, who
    also need seats. `merged_into`: the hall that took over this hall's people.
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
    """One summoned person on the list of a hall, in JSON `[person, unit, position, seat, exempt]`.

    `person` and `unit` are codes, and `seat` is "" if none is assigned. An exempt person is on the
    list but not counted among the people summoned.
    """

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


# Kinds of record about presence and seats

Mode = Literal["in_person", "online"]


class CheckInBody(_Fixed, frozen=True, kw_only=True):
    """The body of a check-in, which records that a person arrived.

    `happened_at`: the stated time of arrival, if the arrival is entered later, for example from a
    paper list. `detail`: the sha256 of an encrypted text, which is the name of a newcomer who is on
    no list, or headquarters' reason for entering the arrival.
    """

    mode: Mode
    seat: Seat | None = None
    happened_at: Instant | None = None
    detail: Sha256 | None = None


class CheckOutBody(_Fixed, frozen=True, kw_only=True):
    """The body of a check-out, which records that a person left.

    `happened_at`: the stated time of departure, if the departure is entered later. `detail`: the
    sha256 of the encrypted text with headquarters' reason for entering the departure.
    """

    happened_at: Instant | None = None
    detail: Sha256 | None = None


class SeatChangeBody(_Fixed, frozen=True, kw_only=True):
    seat: Seat


class SeatCheckBody(_Fixed, frozen=True, kw_only=True):
    right: bool


class GuestBody(_Fixed, frozen=True, kw_only=True):
    """The body of a record stating that a guest attends.

    `detail` is the sha256 of an encrypted text with the name of a guest who is on no list, or None.
    """

    detail: Sha256 | None = None


class SubstituteBody(_Fixed, frozen=True, kw_only=True, rename={"instead_of": "for"}):
    """The body of a record stating that somebody attends as a substitute.

    `instead_of` (`for` in JSON) is the code of the person replaced. `detail` is the sha256 of an
    encrypted text with personal data, or None.
    """

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
    """A record stating that `person` attends as a substitute for somebody else.

    `person` is a code from the list of people, or the temporary code of a newcomer.
    """

    person: PersonCode
    body: SubstituteBody


# Kinds of record about leave and the chair


class AbsenceRequestBody(_Fixed, frozen=True, kw_only=True):
    """The body of a request for leave.

    `report`: how the written report is given; a request without a report is refused.
    `to_follow_by`: when the report is due, if `report` is `to_follow`. `detail`: the sha256 of the
    encrypted reason, which comes with the number and date of the report or with a scan of it.
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
    """A record that approves or declines a request for leave or a substitute.

    `refs` contains the id of the record that is decided on. `person` is the person who asks for
    leave, or the substitute.
    """

    person: PersonCode
    refs: OneRef
    body: AbsenceDecisionBody


class AbsenceWithdrawal(_Envelope, frozen=True, kw_only=True, tag="absence_withdrawal"):
    person: PersonCode
    refs: OneRef
    body: Empty


class ChairDelegation(_Envelope, frozen=True, kw_only=True, tag="chair_delegation"):
    """A record stating that the Secretary, `person`, delegates the chair to a Deputy."""

    person: PersonCode
    body: ChairDelegationBody


class ChairAssumed(_Envelope, frozen=True, kw_only=True, tag="chair_assumed"):
    person: PersonCode
    refs: AtMostOneRef = ()
    body: Empty


# Kinds of record about the hall and its roll

ReadinessItem = Literal[
    "power", "screen", "sound", "camera", "line", "backup_line", "seats", "printed_qr", "materials"
]
READINESS_ITEMS: tuple[ReadinessItem, ...] = get_args(ReadinessItem)
"""The items that a hall must have ready, in display order (checklist row 30).

`materials` means that the hall's device has stored the documents of the meeting (row 6).
"""
ConductCategory = Literal["call", "private_use", "disorder"]
IncidentCause = Literal["power", "screen", "sound", "camera", "line", "phone", "order", "other"]


FeedbackTopic = Literal["content", "picture", "sound", "materials", "organisation"]
FEEDBACK_TOPICS: tuple[FeedbackTopic, ...] = get_args(FeedbackTopic)
Rating = Literal["good", "fair", "poor"]
FeedbackText = Annotated[str, Meta(min_length=1, max_length=500)]


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
    """The body of a closing, by which a person signs off the attendance list of a hall.

    `seen`: for every device, the number of the last record that the signer had seen. `totals`:
    {name: figure that the signer confirmed}. `detail`: the sha256 of an encrypted text with
    personal data, or None.
    """

    seen: Annotated[dict[DeviceCode, Sequence], Meta(max_length=64)]
    totals: Annotated[dict[Annotated[str, Meta(max_length=32)], HeadCount], Meta(max_length=64)]
    detail: Sha256 | None = None


class ReopeningBody(_Fixed, frozen=True, kw_only=True):
    """The body of a reopening, a record that cancels the sign-off of a hall's attendance list.

    `detail` is the sha256 of the encrypted text with the reason.
    """

    detail: Sha256


class Essays(_Fixed, frozen=True, kw_only=True):
    """The due time of the attendees' essays (bài thu hoạch), and the number handed in so far."""

    due: Instant
    handed_in: HeadCount


class FollowUpBody(_Fixed, frozen=True, kw_only=True):
    """The body of a follow-up: a task after the conference, or the number of essays handed in.

    Exactly one of `item` (the task in words) and `essays` is given. `due` and `state` belong to a
    task. The text of a task must not contain personal data.
    """

    item: Annotated[str, Meta(min_length=1, max_length=200)] | None = None
    due: Instant | None = None
    state: Literal["open", "done", "dropped"] | None = None
    essays: Essays | None = None


class ShiftBody(_Fixed, frozen=True, kw_only=True):
    """The body of a shift, which records a change of clerks.

    `detail` is the sha256 of an encrypted text with the names of the new and the previous clerk.
    """

    detail: Sha256


class Conduct(_Envelope, frozen=True, kw_only=True, tag="conduct"):
    """A record that counts disturbances in a hall, such as telephone calls.

    It names nobody unless `person` is given (checklist rows 16 and 36).
    """

    body: ConductBody


class Readiness(_Envelope, frozen=True, kw_only=True, tag="readiness"):
    person: PersonCode
    body: ReadinessBody


class Incident(_Envelope, frozen=True, kw_only=True, tag="incident"):
    """A record of an incident in a hall, such as a power cut.

    A later record that contains the id of this record in `refs` replaces it, for example when a
    hall reports that the power is back.
    """

    refs: AtMostOneRef = ()
    body: IncidentBody


class Closing(_Envelope, frozen=True, kw_only=True, tag="closing"):
    """A record that signs off the attendance list of a hall.

    `person` is the person who signs and answers for the list (row 29 of docs/checklist.md).
    """

    person: PersonCode
    body: ClosingBody


class Reopening(_Envelope, frozen=True, kw_only=True, tag="reopening"):
    person: PersonCode
    body: ReopeningBody


class FollowUp(_Envelope, frozen=True, kw_only=True, tag="follow_up"):
    """A record of a task whose owner is `person`, or of the number of essays handed in.

    A later record that contains the id of a task's record in `refs` replaces that record.
    """

    refs: AtMostOneRef = ()
    body: FollowUpBody


class Shift(_Envelope, frozen=True, kw_only=True, tag="shift"):
    """A record stating that another clerk uses the device from now on.

    A shift has no effect on anybody's attendance.
    """

    body: ShiftBody


class FeedbackBody(_Fixed, frozen=True, kw_only=True):
    """The body of feedback: ratings by topic, and two texts, which must not name people.

    `practice` describes something that worked well in the hall. `proposal` is a suggestion.
    """

    ratings: Annotated[dict[FeedbackTopic, Rating], Meta(min_length=1)]
    practice: FeedbackText | None = None
    proposal: FeedbackText | None = None


class Feedback(_Envelope, frozen=True, kw_only=True, tag="feedback"):
    """A record of a hall's feedback on the conference (checklist row 21).

    The latest feedback of a hall replaces earlier feedback.
    """

    body: FeedbackBody


class VoidBody(_Fixed, frozen=True, kw_only=True):
    """The body of a void, a record that cancels another record.

    `detail` is the sha256 of the encrypted reason, which headquarters gives if it voids a record.
    """

    detail: Sha256 | None = None


class Void(_Envelope, frozen=True, kw_only=True, tag="void"):
    """A record that cancels the effect of the record named in `refs`.

    Both records must have the same `person`, so that every hall that receives one of the two also
    receives the other.
    """

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
    | Feedback
    | Shift
    | Void
)
"""The types of record that a device may make.

Only headquarters makes the other types: the arrangements of a meeting (settings), the lists
of summoned people (rolls), and headquarters' decisions about records or a newcomer's
identity (rulings).
"""


class RulingBody(_Fixed, frozen=True, kw_only=True, rename={"known_as": "as"}):
    """The body of a ruling (a decision by headquarters); the field `ruling` states its effect.

    `release`: of all records with the id in `refs`, only the record in `record` counts. `dismiss`:
    no record with that id counts. `identify`: the newcomer (an attendee on no list) with the code
    `person` is the person with the code `known_as` (`as` in JSON). The field `detail` is the sha256
    of the encrypted reason.
    """

    ruling: Literal["release", "dismiss", "identify"]
    record: DeviceRecord | None = None
    known_as: PersonCode | None = None
    detail: Sha256 | None = None


class Ruling(_Envelope, frozen=True, kw_only=True, tag="ruling"):
    """A ruling: a decision by headquarters on a doubtful record or a newcomer's identity.

    A doubtful record was refused or contradicts another record. A newcomer is an attendee on no
    list. If a ruling decides that a record counts, the ruling contains that record, so that no
    other copy of the record is needed.
    """

    refs: OneRef
    body: RulingBody


Record = DeviceRecord | Setting | Roll | Ruling

KINDS: dict[str, type[Any]] = {kind.__struct_config__.tag: kind for kind in get_args(Record)}


def kind_of(record: Record) -> str:
    """Return the name of a record's kind, such as `check_in`, from the field `kind`."""
    return str(record.__struct_config__.tag)
