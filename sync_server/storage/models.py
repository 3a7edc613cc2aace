"""The tables. Instants are `_ms`: milliseconds since 1970-01-01 UTC.

Keys are codes of the domain or UUIDv7, never counters, so that several nodes and a distributed
engine can hold the same rows.
"""

from sqlalchemy import BigInteger, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from sync_server.database import Base


class Node(Base):
    """The identity of this database. Cursors carry its `epoch`; a cursor of another is ignored.

    `is_demonstration`: its people are synthetic; see `storage.purpose`.
    """

    __tablename__ = "node"
    name: Mapped[str] = mapped_column(String(8), primary_key=True, default="here")
    epoch: Mapped[str] = mapped_column(String(16))
    is_demonstration: Mapped[bool] = mapped_column(default=False)


class Unit(Base):
    """A grassroots organisation. An ended one is in no new roll; its past keeps its name."""

    __tablename__ = "unit"
    code: Mapped[str] = mapped_column(String(16), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    type: Mapped[str] = mapped_column(String(32))
    ended_ms: Mapped[int | None] = mapped_column(BigInteger)


class Point(Base):
    """A hall joined to conferences (điểm cầu), and the unit that it belongs to."""

    __tablename__ = "point"
    code: Mapped[str] = mapped_column(String(16), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    unit: Mapped[str] = mapped_column(String(16))
    capacity: Mapped[int | None]
    ended_ms: Mapped[int | None] = mapped_column(BigInteger)


class Meeting(Base):
    """A meeting as headquarters accepted it; its settings carry the same times to the points."""

    __tablename__ = "meeting"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    title: Mapped[str] = mapped_column(String(300))
    starts_ms: Mapped[int] = mapped_column(BigInteger)
    ends_ms: Mapped[int] = mapped_column(BigInteger)
    is_rehearsal: Mapped[bool] = mapped_column(default=False)
    is_cancelled: Mapped[bool] = mapped_column(default=False)


class AnsweredProposal(Base):
    """The hash of a meeting's published facts that headquarters last accepted or set aside."""

    __tablename__ = "answered_proposal"
    meeting: Mapped[str] = mapped_column(String(64), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))


class Person(Base):
    """A cadre or member. Personal data: sent only to readers who may see it.

    `next_unit` is the unit that the person moves to at `moves_ms`. `merged_into` is the code under
    which an entry that was ended as a duplicate goes on.
    """

    __tablename__ = "person"
    code: Mapped[str] = mapped_column(String(32), primary_key=True)
    full_name: Mapped[str] = mapped_column(String(120))
    unit: Mapped[str] = mapped_column(String(16))
    position: Mapped[str] = mapped_column(String(120))
    membership: Mapped[str] = mapped_column(String(16))
    birth_year: Mapped[int | None]
    ended_ms: Mapped[int | None] = mapped_column(BigInteger)
    ended_why: Mapped[str] = mapped_column(String(120))
    merged_into: Mapped[str] = mapped_column(String(32))
    next_unit: Mapped[str] = mapped_column(String(16))
    moves_ms: Mapped[int | None] = mapped_column(BigInteger)


class UploadedList(Base):
    """A list that somebody uploaded: a draft until `done_ms`.

    `subject` is the meeting of an attendance list or a roll; a list of people or places has none.
    `content` is the file, emptied when done; `choices` are what its uploader decided about it.
    `changes` of a list of people are the facts of everybody changed, before and after, to take the
    import back; those of an attendance list are its lines with the records made of them.
    """

    __tablename__ = "uploaded_list"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    at_ms: Mapped[int] = mapped_column(BigInteger, index=True)
    who: Mapped[str] = mapped_column(String(48))
    kind: Mapped[str] = mapped_column(String(16))
    subject: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(200))
    content: Mapped[bytes] = mapped_column(LargeBinary)
    choices: Mapped[bytes] = mapped_column(LargeBinary)
    changes: Mapped[bytes] = mapped_column(LargeBinary)
    done_ms: Mapped[int | None] = mapped_column(BigInteger)
    undone_ms: Mapped[int | None] = mapped_column(BigInteger)


class HeadingChoice(Base):
    """The field that somebody set by hand for a heading, for the next list; "" leaves it out."""

    __tablename__ = "heading_choice"
    heading: Mapped[str] = mapped_column(String(120), primary_key=True)
    field: Mapped[str] = mapped_column(String(24))


class Card(Base):
    """The card that identifies a person to a kiosk; a new card replaces the earlier one."""

    __tablename__ = "card"
    person: Mapped[str] = mapped_column(String(32), primary_key=True)
    code_hash: Mapped[str] = mapped_column(String(16))
    issued_ms: Mapped[int] = mapped_column(BigInteger)


class Device(Base):
    """An enrolled device. `head_seq` and `missing` show which of its records have arrived."""

    __tablename__ = "device"
    id: Mapped[str] = mapped_column(String(48), primary_key=True)
    point: Mapped[str] = mapped_column(String(16), index=True)
    profile: Mapped[str] = mapped_column(String(16))
    person: Mapped[str | None] = mapped_column(String(32))
    label: Mapped[str] = mapped_column(String(80))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    read_token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    public_key: Mapped[str | None] = mapped_column(Text)
    enrolled_ms: Mapped[int] = mapped_column(BigInteger)
    revoked_ms: Mapped[int | None] = mapped_column(BigInteger)
    last_contact_ms: Mapped[int | None] = mapped_column(BigInteger)
    app: Mapped[str | None] = mapped_column(String(16))
    unsent: Mapped[int | None]
    head_seq: Mapped[int] = mapped_column(BigInteger, default=0)
    missing: Mapped[str] = mapped_column(Text, default="[]")


class EnrolmentCode(Base):
    """A code that enrols one device, once; stored as its hash.

    `second_hash` is of a secret given by telephone, which a code that lives long needs besides;
    `failures` counts wrong ones.
    """

    __tablename__ = "enrolment_code"
    code_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    point: Mapped[str] = mapped_column(String(16))
    profile: Mapped[str] = mapped_column(String(16))
    person: Mapped[str | None] = mapped_column(String(32))
    expires_ms: Mapped[int] = mapped_column(BigInteger)
    used_ms: Mapped[int | None] = mapped_column(BigInteger)
    device: Mapped[str | None] = mapped_column(String(48))
    second_hash: Mapped[str | None] = mapped_column(String(64))
    failures: Mapped[int] = mapped_column(default=0)


class AccountRow(Base):
    """An office account; `token_hash` is for programs, made on demand, until `token_ends_ms`.

    `point` and `person` are set for a chair, `unit` for a unit's secretary. `totp_secret` is sealed
    to headquarters' key; `totp_step` is the last time step whose one-time password was used, so
    that none is used twice. `must_change`: somebody else chose the password, so it must be changed
    first.
    """

    __tablename__ = "account"
    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    role: Mapped[str] = mapped_column(String(16))
    point: Mapped[str | None] = mapped_column(String(16))
    unit: Mapped[str | None] = mapped_column(String(16))
    person: Mapped[str | None] = mapped_column(String(32))
    password_hash: Mapped[str] = mapped_column(String(200))
    token_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    token_ends_ms: Mapped[int] = mapped_column(BigInteger, default=0)
    totp_secret: Mapped[str | None] = mapped_column(Text)
    totp_step: Mapped[int] = mapped_column(BigInteger, default=0)
    must_change: Mapped[bool] = mapped_column(default=False)


class OfficeSession(Base):
    """A browser in which an account is signed in; the cookie's token is stored as its hash."""

    __tablename__ = "office_session"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    account: Mapped[str] = mapped_column(String(32), index=True)
    browser: Mapped[str] = mapped_column(String(120))
    address: Mapped[str] = mapped_column(String(64))
    started_ms: Mapped[int] = mapped_column(BigInteger)
    seen_ms: Mapped[int] = mapped_column(BigInteger)


class SignInFailure(Base):
    """Consecutive failures to sign in under a name from a source, and the time of the last.

    Names without an account are counted too, so that the delay reveals nothing.
    """

    __tablename__ = "sign_in_failure"
    name_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    source: Mapped[str] = mapped_column(String(64), primary_key=True)
    failures: Mapped[int]
    failed_ms: Mapped[int] = mapped_column(BigInteger)


class AuditRow(Base):
    """A line of the audit log: who read personal data or acted, and when. The table only grows."""

    __tablename__ = "audit"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    at_ms: Mapped[int] = mapped_column(BigInteger, index=True)
    who: Mapped[str] = mapped_column(String(48), index=True)
    action: Mapped[str] = mapped_column(String(32))
    is_act: Mapped[bool]
    outcome: Mapped[int]
    path: Mapped[str] = mapped_column(Text)
    about: Mapped[str] = mapped_column(Text, default="")


class PointContact(Base):
    """A contact of a point. Personal data: shown to headquarters, never sent to a device."""

    __tablename__ = "contact"
    point: Mapped[str] = mapped_column(String(16), primary_key=True)
    duty: Mapped[str] = mapped_column(String(16), primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    phone: Mapped[str] = mapped_column(String(24))


class OrganisationRow(Base):
    """The names and words of the organisation that issues reports, from a moment on (JSON)."""

    __tablename__ = "organisation"
    since_ms: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    words: Mapped[bytes] = mapped_column(LargeBinary)


class ReportRow(Base):
    """A revision of a report: its spec (JSON), from which its files are written at any time."""

    __tablename__ = "report"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    meeting: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(16))
    revision: Mapped[int]
    by: Mapped[str] = mapped_column(String(48))
    made_ms: Mapped[int] = mapped_column(BigInteger)
    spec: Mapped[bytes] = mapped_column(LargeBinary)
    __table_args__ = (UniqueConstraint("meeting", "kind", "revision"),)


class Remark(Base):
    """A version of the text under one heading of a meeting's evaluation; the latest holds.

    `draft` is the text that the figures gave when it was written.
    """

    __tablename__ = "remark"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    meeting: Mapped[str] = mapped_column(String(64), index=True)
    heading: Mapped[str] = mapped_column(String(16))
    text: Mapped[str] = mapped_column(Text)
    draft: Mapped[str] = mapped_column(Text, default="")
    by: Mapped[str] = mapped_column(String(32))
    at_ms: Mapped[int] = mapped_column(BigInteger)


class CallNote(Base):
    """A note on a call to a point that has not reported: who promised what, written by `by`."""

    __tablename__ = "call_note"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    meeting: Mapped[str] = mapped_column(String(64), index=True)
    point: Mapped[str] = mapped_column(String(16))
    text: Mapped[str] = mapped_column(String(200))
    by: Mapped[str] = mapped_column(String(32))
    at_ms: Mapped[int] = mapped_column(BigInteger)


class MeetingLock(Base):
    """A meeting's lock: writers share it, but a writer of rolls or rulings holds it alone."""

    __tablename__ = "meeting_lock"
    meeting: Mapped[str] = mapped_column(String(64), primary_key=True)


class Stream(Base):
    """One (meeting, point). Writers lock this row. `head` is the last position in use."""

    __tablename__ = "stream"
    meeting: Mapped[str] = mapped_column(String(64), primary_key=True)
    point: Mapped[str] = mapped_column(String(16), primary_key=True)
    head: Mapped[int] = mapped_column(BigInteger, default=0)
    roster_rev: Mapped[str] = mapped_column(String(16), default="")


class LedgerRow(Base):
    """One record, in canonical bytes, at its position in its home stream.

    The key includes the fingerprint: different records with the same id are all stored.
    """

    __tablename__ = "ledger"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64), primary_key=True)
    meeting: Mapped[str] = mapped_column(String(64))
    point: Mapped[str] = mapped_column(String(16))
    position: Mapped[int] = mapped_column(BigInteger)
    device: Mapped[str] = mapped_column(String(48))
    person: Mapped[str | None] = mapped_column(String(32))
    kind: Mapped[str] = mapped_column(String(24))
    received_ms: Mapped[int] = mapped_column(BigInteger)
    record: Mapped[bytes] = mapped_column(LargeBinary)
    __table_args__ = (
        UniqueConstraint("meeting", "point", "position"),
        Index("ix_ledger_meeting_person", "meeting", "person"),
        Index("ix_ledger_device", "device", "meeting", "point"),
    )


class Listing(Base):
    """A record's place in a second stream that it touches (see `storage.ledger.listings`)."""

    __tablename__ = "listing"
    meeting: Mapped[str] = mapped_column(String(64), primary_key=True)
    point: Mapped[str] = mapped_column(String(16), primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    id: Mapped[str] = mapped_column(String(36))
    fingerprint: Mapped[str] = mapped_column(String(64))
    __table_args__ = (Index("ix_listing_id", "id"),)


class Summons(Base):
    """Whom any roll of a point has named, and its officers: their records are listed there."""

    __tablename__ = "summons"
    meeting: Mapped[str] = mapped_column(String(64), primary_key=True)
    person: Mapped[str] = mapped_column(String(32), primary_key=True)
    point: Mapped[str] = mapped_column(String(16), primary_key=True)
    __table_args__ = (Index("ix_summons_point", "meeting", "point"),)


class RulingRow(Base):
    """The record that a ruling is about, and the identity that it gives to a newcomer.

    `device` made the record that the ruling releases: its clock places that record.
    """

    __tablename__ = "ruling"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64), primary_key=True)
    meeting: Mapped[str] = mapped_column(String(64))
    record_id: Mapped[str] = mapped_column(String(36), index=True)
    device: Mapped[str | None] = mapped_column(String(48), index=True)
    newcomer: Mapped[str | None] = mapped_column(String(32))
    known_as: Mapped[str | None] = mapped_column(String(32))
    __table_args__ = (
        Index("ix_ruling_newcomer", "meeting", "newcomer"),
        Index("ix_ruling_known_as", "meeting", "known_as"),
    )


class SightingRow(Base):
    """The governing sighting of a device's boot (see `domain.judging.clocks`)."""

    __tablename__ = "sighting"
    device: Mapped[str] = mapped_column(String(48), primary_key=True)
    boot: Mapped[str] = mapped_column(String(16), primary_key=True)
    mono_ms: Mapped[int] = mapped_column(BigInteger)
    skew_ms: Mapped[int] = mapped_column(BigInteger)
    seq: Mapped[int] = mapped_column(BigInteger)
    origin_ms: Mapped[int | None] = mapped_column(BigInteger)
    least_step: Mapped[int | None]
    most_step: Mapped[int | None]


class PointStandingRow(Base):
    """A point's standing and its row of the board, recomputed in full when its stream grows."""

    __tablename__ = "point_standing"
    meeting: Mapped[str] = mapped_column(String(64), primary_key=True)
    point: Mapped[str] = mapped_column(String(16), primary_key=True)
    standing: Mapped[bytes] = mapped_column(LargeBinary)
    board_row: Mapped[bytes] = mapped_column(LargeBinary)


class Mention(Base):
    """A record that names a detail, and the device that made the record."""

    __tablename__ = "mention"
    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    record_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    meeting: Mapped[str] = mapped_column(String(64), primary_key=True)
    device: Mapped[str] = mapped_column(String(48), primary_key=True)


class QuarantineRow(Base):
    """Bytes that were not accepted, with the reason; `fate` is refused or held.

    `is_dismissed`: headquarters has dismissed bytes that no ruling can name.
    """

    __tablename__ = "quarantine"
    device: Mapped[str] = mapped_column(String(48), primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    record_id: Mapped[str | None] = mapped_column(String(64))
    fate: Mapped[str] = mapped_column(String(16))
    code: Mapped[str] = mapped_column(String(32))
    detail: Mapped[str] = mapped_column(Text)
    received_ms: Mapped[int] = mapped_column(BigInteger)
    raw: Mapped[bytes] = mapped_column(LargeBinary)
    is_dismissed: Mapped[bool] = mapped_column(default=False)
    __table_args__ = (Index("ix_quarantine_day", "device", "received_ms"),)


class Release(Base):
    """A portal that was published here; `id` is the sha256 of its manifest."""

    __tablename__ = "release"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    put_ms: Mapped[int] = mapped_column(BigInteger)
    files: Mapped[int]
    bytes: Mapped[int] = mapped_column(BigInteger)


class ReleaseFile(Base):
    """A file of a release: its path, hash and size."""

    __tablename__ = "release_file"
    release: Mapped[str] = mapped_column(String(64), primary_key=True)
    path: Mapped[str] = mapped_column(String(200), primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    bytes: Mapped[int] = mapped_column(BigInteger)


class Activation(Base):
    """The time from which a release is served; of times that have passed, the latest holds."""

    __tablename__ = "activation"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    release: Mapped[str] = mapped_column(String(64), index=True)
    from_ms: Mapped[int] = mapped_column(BigInteger, index=True)


class Blob(Base):
    """Content by its sha256 and its owner, or as much of it as has arrived.

    `is_purged`: the content was deleted; the row stays, so that it is not asked for again.
    """

    __tablename__ = "blob"
    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    owner: Mapped[str] = mapped_column(String(48), primary_key=True)
    received: Mapped[int] = mapped_column(BigInteger)
    is_complete: Mapped[bool]
    is_purged: Mapped[bool]
    received_ms: Mapped[int] = mapped_column(BigInteger, index=True)


class BlobPiece(Base):
    """A stretch of a blob, at its offset in bytes."""

    __tablename__ = "blob_piece"
    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    owner: Mapped[str] = mapped_column(String(48), primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    bytes: Mapped[bytes] = mapped_column(LargeBinary)
