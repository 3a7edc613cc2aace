"""The database tables. Instants (`…_ms`) are in milliseconds since 1970-01-01 UTC.

Primary keys are codes of the domain or UUIDv7, never counters, so that several servers or a
distributed database can store the same rows.
"""

from sqlalchemy import BigInteger, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from sync_server.database import Base


class Node(Base):
    """The identity of this database, in one row.

    Cursors contain its `epoch`; a cursor with another epoch is ignored. `is_demonstration`: all
    people in the database are synthetic.
    """

    __tablename__ = "node"
    name: Mapped[str] = mapped_column(String(8), primary_key=True, default="here")
    epoch: Mapped[str] = mapped_column(String(16))
    is_demonstration: Mapped[bool] = mapped_column(default=False)


class Unit(Base):
    """A grassroots Party organisation. After `ended_ms`, no new roll includes the unit.

    The row stays, so that old meetings still show the unit's name.
    """

    __tablename__ = "unit"
    code: Mapped[str] = mapped_column(String(16), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    type: Mapped[str] = mapped_column(String(32))
    ended_ms: Mapped[int | None] = mapped_column(BigInteger)


class Point(Base):
    """A hall from which people take part in meetings (điểm cầu). It belongs to `unit`.

    `capacity` is its number of seats, None if unknown. After `ended_ms` it joins no new meeting.
    """

    __tablename__ = "point"
    code: Mapped[str] = mapped_column(String(16), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    unit: Mapped[str] = mapped_column(String(16))
    capacity: Mapped[int | None]
    ended_ms: Mapped[int | None] = mapped_column(BigInteger)


class Meeting(Base):
    """A meeting with the title and times that headquarters accepted.

    Points receive the same times in records of kind `setting`.
    """

    __tablename__ = "meeting"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    title: Mapped[str] = mapped_column(String(300))
    starts_ms: Mapped[int] = mapped_column(BigInteger)
    ends_ms: Mapped[int] = mapped_column(BigInteger)
    is_rehearsal: Mapped[bool] = mapped_column(default=False)
    is_cancelled: Mapped[bool] = mapped_column(default=False)


class AnsweredProposal(Base):
    """The sha256 of a meeting's published facts that headquarters last accepted or rejected."""

    __tablename__ = "answered_proposal"
    meeting: Mapped[str] = mapped_column(String(64), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))


class Person(Base):
    """A cadre or Party member. The row is personal data, sent only to readers with permission.

    At `moves_ms`, the person moves to `next_unit`. If the row was a duplicate, it has ended, and
    `merged_into` is the code of the person's remaining row.
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
    """A list file that a user uploaded. It is a draft until `done_ms`, the time of its import.

    `subject` is the meeting of an attendance list or a roll, and empty for a list of people or
    places. `content` is the file, emptied after the import; `choices` are the uploader's decisions
    (JSON). `changes` (JSON) of a list of people are every changed person's facts before and after,
    needed to undo the import. `changes` of an attendance list are its rows and the records made
    from them.
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
    """The field that a user assigned to a column heading, reused for the next list.

    An empty `field` means that the column is ignored.
    """

    __tablename__ = "heading_choice"
    heading: Mapped[str] = mapped_column(String(120), primary_key=True)
    field: Mapped[str] = mapped_column(String(24))


class UnitAlias(Base):
    """A name under which lists mention a unit, as a user once chose; reused for the next list."""

    __tablename__ = "unit_alias"
    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    unit: Mapped[str] = mapped_column(String(16))


class Card(Base):
    """The personal card that identifies a person to a kiosk. A new card replaces the old one.

    `code_hash` is the hash of the code printed on it.
    """

    __tablename__ = "card"
    person: Mapped[str] = mapped_column(String(32), primary_key=True)
    code_hash: Mapped[str] = mapped_column(String(16))
    issued_ms: Mapped[int] = mapped_column(BigInteger)


class Device(Base):
    """An enrolled device.

    `head_seq` is the highest record number received from it. `missing` contains the ranges of lower
    numbers that have not arrived (JSON). `unsent` is the number of unsent records that it last
    reported.
    """

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
    """A code that enrols one device, once. Only its hash is stored.

    `second_hash` is the hash of a second secret, given by telephone, that a code valid for several
    days also needs. `failures` counts wrong second secrets.
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
    """An office account. `token_hash` is the hash of its token for programs, None without a token.

    A chair's account has a `point` and a `person`; a unit secretary's has a `unit`. `totp_secret`
    is encrypted with headquarters' key. `totp_step` is the last time step whose one-time code was
    used, so that no code works twice. `must_change`: somebody else chose the password, so the user
    must change it first.
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
    """A sign-in of an account in one browser. `token_hash` is the hash of the cookie's token."""

    __tablename__ = "office_session"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    account: Mapped[str] = mapped_column(String(32), index=True)
    browser: Mapped[str] = mapped_column(String(120))
    address: Mapped[str] = mapped_column(String(64))
    started_ms: Mapped[int] = mapped_column(BigInteger)
    seen_ms: Mapped[int] = mapped_column(BigInteger)


class SignInFailure(Base):
    """The number of failed sign-ins under a name from one source, and the time of the last.

    Names without an account are counted too, so that the delay reveals nothing.
    """

    __tablename__ = "sign_in_failure"
    name_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    source: Mapped[str] = mapped_column(String(64), primary_key=True)
    failures: Mapped[int]
    failed_ms: Mapped[int] = mapped_column(BigInteger)


class AuditRow(Base):
    """An entry of the audit log: who read personal data or acted, and when.

    Rows are never changed or deleted.
    """

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
    """A person to telephone at a point, with a duty: clerk or technician.

    The row is personal data, shown to headquarters and never sent to a device.
    """

    __tablename__ = "contact"
    point: Mapped[str] = mapped_column(String(16), primary_key=True)
    duty: Mapped[str] = mapped_column(String(16), primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    phone: Mapped[str] = mapped_column(String(24))


class OrganisationRow(Base):
    """The details (JSON) of the organisation that issues reports, valid from `since_ms` on."""

    __tablename__ = "organisation"
    since_ms: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    words: Mapped[bytes] = mapped_column(LargeBinary)


class ReportRow(Base):
    """A revision of a report. `spec` is its content (JSON), from which files can always be made."""

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
    """A version of the text under one heading of a meeting's evaluation; the latest is valid.

    `draft` is the text that the program proposed from the figures at that time.
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
    """A note on a telephone call to a point that has not reported. The account `by` wrote it."""

    __tablename__ = "call_note"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    meeting: Mapped[str] = mapped_column(String(64), index=True)
    point: Mapped[str] = mapped_column(String(16))
    text: Mapped[str] = mapped_column(String(200))
    by: Mapped[str] = mapped_column(String(32))
    at_ms: Mapped[int] = mapped_column(BigInteger)


class MeetingLock(Base):
    """A row that writers lock, one per meeting.

    Most writers share the lock; a writer of rolls or rulings holds it alone.
    """

    __tablename__ = "meeting_lock"
    meeting: Mapped[str] = mapped_column(String(64), primary_key=True)


class Stream(Base):
    """The records of one point at one meeting, in order. Writers lock this row.

    `head` is the last position in use. `roster_rev` is the revision of the point's roster.
    """

    __tablename__ = "stream"
    meeting: Mapped[str] = mapped_column(String(64), primary_key=True)
    point: Mapped[str] = mapped_column(String(16), primary_key=True)
    head: Mapped[int] = mapped_column(BigInteger, default=0)
    roster_rev: Mapped[str] = mapped_column(String(16), default="")


class LedgerRow(Base):
    """One record as canonical bytes, at its position in the stream of its own point.

    `fingerprint` is the sha256 of the bytes. The primary key includes it, because different records
    with the same id are all stored.
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
    """A record's position in the stream of another point that the record concerns.

    See `storage.ledger.listings`.
    """

    __tablename__ = "listing"
    meeting: Mapped[str] = mapped_column(String(64), primary_key=True)
    point: Mapped[str] = mapped_column(String(16), primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    id: Mapped[str] = mapped_column(String(36))
    fingerprint: Mapped[str] = mapped_column(String(64))
    __table_args__ = (Index("ix_listing_id", "id"),)


class Summons(Base):
    """A person on any roll of a point, or one of its officers.

    The person's records from other points are listed in the point's stream.
    """

    __tablename__ = "summons"
    meeting: Mapped[str] = mapped_column(String(64), primary_key=True)
    person: Mapped[str] = mapped_column(String(32), primary_key=True)
    point: Mapped[str] = mapped_column(String(16), primary_key=True)
    __table_args__ = (Index("ix_summons_point", "meeting", "point"),)


class RulingRow(Base):
    """The record that a ruling decides on (`record_id`), or the newcomer that it identifies.

    `known_as` is the identified person's code. `device` made the record that the ruling releases;
    the clock of that device corrects the record's time.
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
    """The clock measurement that corrects the records of one boot of a device.

    See `domain.judging.clocks.Sighting`.
    """

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
    """A point's standing and its board figures (JSON), recomputed in full when its stream grows."""

    __tablename__ = "point_standing"
    meeting: Mapped[str] = mapped_column(String(64), primary_key=True)
    point: Mapped[str] = mapped_column(String(16), primary_key=True)
    standing: Mapped[bytes] = mapped_column(LargeBinary)
    board_row: Mapped[bytes] = mapped_column(LargeBinary)


class Mention(Base):
    """A record that refers to a detail (`sha256`), and the device that made the record."""

    __tablename__ = "mention"
    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    record_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    meeting: Mapped[str] = mapped_column(String(64), primary_key=True)
    device: Mapped[str] = mapped_column(String(48), primary_key=True)


class QuarantineRow(Base):
    """A record that was not accepted, as received (`raw`). `fate` is `refused` or `held`.

    `code` and `detail` give the reason. `is_dismissed`: headquarters dismissed the row because its
    record has no readable id.
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
    """A version of the portal that was published to this server. `id` is its manifest's sha256.

    `files` is the number of its files, `bytes` their total size.
    """

    __tablename__ = "release"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    put_ms: Mapped[int] = mapped_column(BigInteger)
    files: Mapped[int]
    bytes: Mapped[int] = mapped_column(BigInteger)


class ReleaseFile(Base):
    """A file of a release: its path, its sha256 and its size in bytes."""

    __tablename__ = "release_file"
    release: Mapped[str] = mapped_column(String(64), primary_key=True)
    path: Mapped[str] = mapped_column(String(200), primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    bytes: Mapped[int] = mapped_column(BigInteger)


class Activation(Base):
    """The time from which a release is served. Of all past activations, the latest is in force."""

    __tablename__ = "activation"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    release: Mapped[str] = mapped_column(String(64), index=True)
    from_ms: Mapped[int] = mapped_column(BigInteger, index=True)


class Blob(Base):
    """Content that an owner uploads, or the part of it that has arrived (`received` bytes).

    `is_purged`: the content was deleted. The row stays, so that it is not requested again.
    """

    __tablename__ = "blob"
    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    owner: Mapped[str] = mapped_column(String(48), primary_key=True)
    received: Mapped[int] = mapped_column(BigInteger)
    is_complete: Mapped[bool]
    is_purged: Mapped[bool]
    received_ms: Mapped[int] = mapped_column(BigInteger, index=True)


class BlobPiece(Base):
    """A piece of a blob. `position` is its offset in bytes."""

    __tablename__ = "blob_piece"
    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    owner: Mapped[str] = mapped_column(String(48), primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    bytes: Mapped[bytes] = mapped_column(LargeBinary)
