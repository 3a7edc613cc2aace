"""The database tables. Times in columns `…_ms` are in milliseconds since 1970-01-01 UTC.

Primary keys are codes (such as that of a hall), hashes or UUIDv7, but not counters, so that several
servers or a distributed database can create rows without using the same key twice. Only the rows of
the audit log are numbered one by one.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Connection,
    Index,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    event,
)
from sqlalchemy.orm import Mapped, mapped_column

from sync_server.database import Base


class Node(Base):
    """The identity of this database, in a single row.

    `epoch` is a random code that is part of every cursor (a reader's position in the records). A
    cursor with another epoch comes from another database and is ignored. `is_demonstration`: all
    people in the database are invented.
    """

    __tablename__ = "node"
    name: Mapped[str] = mapped_column(String(8), primary_key=True, default="here")
    epoch: Mapped[str] = mapped_column(String(16))
    is_demonstration: Mapped[bool] = mapped_column(default=False)


class Unit(Base):
    """A grassroots Party organisation (a unit). `type` is the code of its unit type.

    Lists of summoned people that are made after `ended_ms` do not include the unit. The row stays,
    so that old meetings still show the unit's name.
    """

    __tablename__ = "unit"
    code: Mapped[str] = mapped_column(String(16), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    type: Mapped[str] = mapped_column(String(32))
    ended_ms: Mapped[int | None] = mapped_column(BigInteger)


class Point(Base):
    """A point: a hall from which people take part in meetings (điểm cầu).

    `unit` is the code of the unit to which the hall belongs. `capacity` is the number of seats, or
    None if unknown. After `ended_ms`, the hall takes part in no new meeting.
    """

    __tablename__ = "point"
    code: Mapped[str] = mapped_column(String(16), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    unit: Mapped[str] = mapped_column(String(16))
    capacity: Mapped[int | None]
    ended_ms: Mapped[int | None] = mapped_column(BigInteger)


class Meeting(Base):
    """A meeting with the title and times that headquarters has accepted.

    The halls receive title and times in records of kind `setting`.
    """

    __tablename__ = "meeting"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    title: Mapped[str] = mapped_column(String(300))
    starts_ms: Mapped[int] = mapped_column(BigInteger)
    ends_ms: Mapped[int] = mapped_column(BigInteger)
    is_rehearsal: Mapped[bool] = mapped_column(default=False)
    is_cancelled: Mapped[bool] = mapped_column(default=False)


class AnsweredProposal(Base):
    """The version of published data that headquarters accepted or rejected last.

    The portal (the public website) publishes data about meetings, units and halls, which count once
    headquarters accepts them. `meeting` is the id of the meeting that the data describe, or
    `(directory)` for the list of units and halls. `fingerprint` is the sha256 of the data.
    Headquarters is asked to decide again only if the data have changed.
    """

    __tablename__ = "answered_proposal"
    meeting: Mapped[str] = mapped_column(String(64), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))


class Person(Base):
    """A Party member or another official. The row is personal data, sent only to permitted readers.

    `unit` and `next_unit` are codes of units; the person moves to `next_unit` at `moves_ms`.
    `point` is the code of the hall where the person usually sits, or "" for the unit's first hall.
    `membership` is the code of the person's kind of Party membership, such as `OFFICIAL`. Lists of
    summoned people that are made after `ended_ms` do not include the person; `ended_why` gives the
    reason. If the row was a duplicate, `ended_ms` is set, and `merged_into` is the code of the row
    that remains for the person. `sort_key` and `searchable` are made from the name, so that the
    database can sort and search names (`domain.names`).
    """

    __tablename__ = "person"
    code: Mapped[str] = mapped_column(String(32), primary_key=True)
    full_name: Mapped[str] = mapped_column(String(120))
    unit: Mapped[str] = mapped_column(String(16))
    point: Mapped[str] = mapped_column(String(16))
    position: Mapped[str] = mapped_column(String(120))
    membership: Mapped[str] = mapped_column(String(16))
    birth_year: Mapped[int | None]
    ended_ms: Mapped[int | None] = mapped_column(BigInteger)
    ended_why: Mapped[str] = mapped_column(String(120))
    merged_into: Mapped[str] = mapped_column(String(32), index=True)
    next_unit: Mapped[str] = mapped_column(String(16))
    moves_ms: Mapped[int | None] = mapped_column(BigInteger)
    sort_key: Mapped[bytes] = mapped_column(LargeBinary)
    searchable: Mapped[str] = mapped_column(Text)
    __table_args__ = (Index("ix_person_search", "sort_key", "searchable", "ended_ms"),)


class UploadedList(Base):
    """A list file that a user uploaded. It is a draft until `done_ms`, the time of its import.

    `kind` is people, places, roll (summoned people) or attendance. For a roll or an attendance
    list, `subject` is the meeting's id; otherwise it is empty. `content` is the file; it is
    emptied after the import. `choices` (JSON) are the user's decisions about the list.
    `changes` (JSON) is what is needed to undo the import: for a list of people, the entry of
    every changed person before and after; for an attendance list, its rows and the records made
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
    """The field that a user assigned to a column heading of an uploaded list.

    The same field is used when the heading occurs in a later list. An empty `field` means that the
    column is ignored.
    """

    __tablename__ = "heading_choice"
    heading: Mapped[str] = mapped_column(String(120), primary_key=True)
    field: Mapped[str] = mapped_column(String(24))


class PlaceAlias(Base):
    """A name in uploaded lists for a unit or a hall, and the code that a user chose for it.

    `kind` is `unit` or `point`. The same unit or hall is used when the name occurs in a later list.
    """

    __tablename__ = "place_alias"
    kind: Mapped[str] = mapped_column(String(8), primary_key=True)
    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    code: Mapped[str] = mapped_column(String(16))


class Card(Base):
    """The personal card with which a person checks in at a hall. A new card replaces the old one.

    `person` is the person's code; `code_hash` is the hash of the code that is printed on the card.
    """

    __tablename__ = "card"
    person: Mapped[str] = mapped_column(String(32), primary_key=True)
    code_hash: Mapped[str] = mapped_column(String(16))
    issued_ms: Mapped[int] = mapped_column(BigInteger)


class Device(Base):
    """A device that has been enrolled, so that it may send records to the server.

    `profile` is clerk or chair, and `person` the code of the chair. `label` is the device's name in
    lists, and `app` the version of its check-in app. `head_seq` is the highest record number
    received. `missing` (JSON) contains the ranges of lower record numbers that have not arrived.
    `unsent` is the number of unsent records that the device last reported.
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
    """A code with which one device can be enrolled, once. Only the hash of the code is stored.

    `profile` (clerk or chair) and `person` (the chair) describe the device to be enrolled; `device`
    is the id of the enrolled device. `second_hash` is the hash of a second secret, given by
    telephone, that the device must also send, or None if there is none. `failures` is the number of
    wrong second secrets received.
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
    """An account for the office, the web pages for signed-in users.

    Only hashes of its password and its API token are stored. `point` (the code of the hall) and
    `person` are set for a chair, and `unit` for a unit secretary. `token_hash`: the hash of the
    API token, or None if there is none. `totp_secret`, the secret for one-time codes, is
    encrypted with headquarters' key. `totp_step`: the number of the 30 s time step of the code
    used last, so that no code works twice. `must_change`: somebody else chose the password, so
    the user must change it first.
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


class PasskeyRow(Base):
    """A passkey of an office account: the public half of a key pair (WebAuthn).

    `id` is the id of the credential in base64url. `sign_count` is the number of uses that the
    authenticator has reported. `used_ms` is the time of the last sign-in with it, or None.
    """

    __tablename__ = "passkey"
    id: Mapped[str] = mapped_column(String(340), primary_key=True)
    account: Mapped[str] = mapped_column(String(32), index=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int] = mapped_column(BigInteger)
    name: Mapped[str] = mapped_column(String(60))
    made_ms: Mapped[int] = mapped_column(BigInteger)
    used_ms: Mapped[int | None] = mapped_column(BigInteger)


class OfficeSession(Base):
    """A sign-in of an account in one browser.

    `token_hash` is the hash of the token in the browser's cookie. `browser` is the User-Agent
    header, and `address` the IP address. `seen_ms` is the time when the sign-in was last used,
    accurate to 5 minutes.
    """

    __tablename__ = "office_session"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    account: Mapped[str] = mapped_column(String(32), index=True)
    browser: Mapped[str] = mapped_column(String(120))
    address: Mapped[str] = mapped_column(String(64))
    started_ms: Mapped[int] = mapped_column(BigInteger)
    seen_ms: Mapped[int] = mapped_column(BigInteger)


class SignInFailure(Base):
    """The number of failed sign-ins with one user name from one source, and the time of the latest.

    After several failures, the user must wait before the next attempt. `source` is an IP address, a
    known browser, or `*` for all addresses together. Failures are also counted for names without an
    account; if there were no wait, it would show that there is no such account.
    """

    __tablename__ = "sign_in_failure"
    name_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    source: Mapped[str] = mapped_column(String(64), primary_key=True)
    failures: Mapped[int]
    failed_ms: Mapped[int] = mapped_column(BigInteger)


class AuditRow(Base):
    """A row of the audit log: who read personal data or changed something, and when.

    `who` is an account or a device, and `about` lists the codes of the people and things concerned.
    `is_act` is True if something was changed, and False if data was only read. `outcome` is the
    HTTP status of the request, and `path` its URL path.

    Rows are numbered from 1. `chain` is the sha256 of the chain of the row before and this row's
    content, so that a changed, missing or reordered row is found. The database itself refuses to
    change or delete a row.
    """

    __tablename__ = "audit"
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    chain: Mapped[str] = mapped_column(String(64))
    at_ms: Mapped[int] = mapped_column(BigInteger, index=True)
    who: Mapped[str] = mapped_column(String(48), index=True)
    action: Mapped[str] = mapped_column(String(32))
    is_act: Mapped[bool]
    outcome: Mapped[int]
    path: Mapped[str] = mapped_column(Text)
    about: Mapped[str] = mapped_column(Text, default="")


class PointContact(Base):
    """A person to telephone at a point (a hall). `duty` is clerk or technician.

    The row is personal data, shown to headquarters and never sent to a device.
    """

    __tablename__ = "contact"
    point: Mapped[str] = mapped_column(String(16), primary_key=True)
    duty: Mapped[str] = mapped_column(String(16), primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    phone: Mapped[str] = mapped_column(String(24))


class OrganisationRow(Base):
    """The details (JSON) of the organisation that issues reports, valid from `since_ms`."""

    __tablename__ = "organisation"
    since_ms: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    words: Mapped[bytes] = mapped_column(LargeBinary)


class ReportRow(Base):
    """One revision of a report on a meeting. Revisions are numbered from 1.

    Every meeting and every kind of report has a separate numbering. `spec` (JSON) is the content of
    the report, from which its files can be made again at any time. `by` is the account that made
    the revision.
    """

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
    """A version of the text under one heading of a meeting's evaluation.

    The latest version is the valid one; older versions stay. `draft` is the text that the program
    proposed from the figures at that time. `by` is the account that wrote the version.
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
    """A note on a telephone call to a point (a hall) from which no device has reported yet.

    `by` is the account that wrote the note.
    """

    __tablename__ = "call_note"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    meeting: Mapped[str] = mapped_column(String(64), index=True)
    point: Mapped[str] = mapped_column(String(16))
    text: Mapped[str] = mapped_column(String(200))
    by: Mapped[str] = mapped_column(String(32))
    at_ms: Mapped[int] = mapped_column(BigInteger)


class Stream(Base):
    """A stream: all records that concern one point (a hall) at one meeting, in order.

    Writers lock this row. `head` is the last position used in the stream. `roster_rev` is a hash of
    the point's list of summoned people. `revision` rises whenever something may have changed the
    attendance at the point: a new record, or a new measurement of a device's clock.
    """

    __tablename__ = "stream"
    meeting: Mapped[str] = mapped_column(String(64), primary_key=True)
    point: Mapped[str] = mapped_column(String(16), primary_key=True)
    head: Mapped[int] = mapped_column(BigInteger, default=0)
    roster_rev: Mapped[str] = mapped_column(String(16), default="")
    revision: Mapped[int] = mapped_column(BigInteger, default=0)


class LedgerRow(Base):
    """A record that the server accepted, in canonical form (`record`: JSON bytes).

    `point` is the code of the hall where the record was made, and `position` the record's place
    among the records of this hall and meeting. `fingerprint` is the sha256 of the bytes. It is
    part of the primary key, because different records with the same id are all stored. `person`
    is the code of the person concerned.
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
    """A reference that adds a record made in one hall to the records of another hall.

    The record concerns both halls. `point` is the code of the hall to whose records it is
    added, and `position` the record's place among them at the meeting. `id` and `fingerprint`
    are the record's key in the ledger. See `storage.ledger.listings`.
    """

    __tablename__ = "listing"
    meeting: Mapped[str] = mapped_column(String(64), primary_key=True)
    point: Mapped[str] = mapped_column(String(16), primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    id: Mapped[str] = mapped_column(String(36))
    fingerprint: Mapped[str] = mapped_column(String(64))
    __table_args__ = (Index("ix_listing_id", "id"),)


class Summons(Base):
    """A person whose records a point (a hall) needs at a meeting, wherever they were made.

    The person is on one of the point's lists of summoned people, or is one of the point's officers
    (Secretary or Deputy).
    """

    __tablename__ = "summons"
    meeting: Mapped[str] = mapped_column(String(64), primary_key=True)
    person: Mapped[str] = mapped_column(String(32), primary_key=True)
    point: Mapped[str] = mapped_column(String(16), primary_key=True)
    # The hall comes first, so that PostgreSQL does not read the whole meeting by this index.
    __table_args__ = (Index("ix_summons_point", "point", "meeting"),)


class RulingRow(Base):
    """A ruling (a decision of headquarters), and the record or newcomer that it is about.

    `record_id` is the id of the record. If the ruling decides that the record counts, `device` is
    the device that made the record; the record's time is corrected with the clock of that device. A
    newcomer is an attendee who is on no list; `known_as` is the newcomer's real person code.
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
    """A measurement of a device's clock, used to correct the times of the device's records.

    There is one row for every boot: a period in which the device's wall clock and monotonic clock
    run in step. See `domain.judging.clocks.Sighting`.
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
    """The attendance at one point (a hall) at a meeting, computed from the point's records.

    `standing` (JSON) contains every person's attendance, and `board_row` (JSON) the figures for
    headquarters' overview. If `revision` differs from the revision of the point's `Stream` row, the
    attendance is out of date and must not be used.
    """

    __tablename__ = "point_standing"
    meeting: Mapped[str] = mapped_column(String(64), primary_key=True)
    point: Mapped[str] = mapped_column(String(16), primary_key=True)
    revision: Mapped[int] = mapped_column(BigInteger)
    standing: Mapped[bytes] = mapped_column(LargeBinary)
    board_row: Mapped[bytes] = mapped_column(LargeBinary)


class Mention(Base):
    """A reference from a record to a detail (encrypted personal data that is stored separately).

    `sha256` identifies the detail, and `record_id` the record. `device` is the device that made the
    record.
    """

    __tablename__ = "mention"
    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    record_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    meeting: Mapped[str] = mapped_column(String(64), primary_key=True)
    device: Mapped[str] = mapped_column(String(48), primary_key=True)


class QuarantineRow(Base):
    """A record that the server did not accept, as received (`raw`).

    `fate` is `refused` (the record is not valid) or `held` (headquarters must decide). `code` and
    `detail` give the reason. `sha256` is the hash of the record. `is_dismissed`: headquarters has
    dismissed the record, which is possible only if the record has no readable id.
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
    """A version of the portal (the public website) that was published to this server.

    `id` is the sha256 of the version's manifest (the list of its files). `files` is the number of
    files, and `bytes` their total size. `put_ms` is the time of the upload.
    """

    __tablename__ = "release"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    put_ms: Mapped[int] = mapped_column(BigInteger)
    files: Mapped[int]
    bytes: Mapped[int] = mapped_column(BigInteger)


class ReleaseFile(Base):
    """A file of a release (a version of the public website): its path, its sha256 and its size in
    bytes.
    """

    __tablename__ = "release_file"
    release: Mapped[str] = mapped_column(String(64), primary_key=True)
    path: Mapped[str] = mapped_column(String(200), primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    bytes: Mapped[int] = mapped_column(BigInteger)


class Activation(Base):
    """The time `from_ms` from which a release (a version of the public website) is served.

    If several of these times have passed, the release with the latest one is served.
    """

    __tablename__ = "activation"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    release: Mapped[str] = mapped_column(String(64), index=True)
    from_ms: Mapped[int] = mapped_column(BigInteger, index=True)


class Blob(Base):
    """Large content that is uploaded in pieces; `received` bytes have arrived so far.

    `owner` is the device that uploads the content, or `portal` for a file of the public website.
    `is_purged`: the content has been deleted, but the row stays, so that the server does not ask
    for the content again.
    """

    __tablename__ = "blob"
    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    owner: Mapped[str] = mapped_column(String(48), primary_key=True)
    received: Mapped[int] = mapped_column(BigInteger)
    is_complete: Mapped[bool]
    is_purged: Mapped[bool]
    received_ms: Mapped[int] = mapped_column(BigInteger, index=True)


class BlobPiece(Base):
    """A piece of a blob (large content that is uploaded in pieces).

    `position` is the byte offset in the blob at which the piece begins.
    """

    __tablename__ = "blob_piece"
    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    owner: Mapped[str] = mapped_column(String(48), primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    bytes: Mapped[bytes] = mapped_column(LargeBinary)


def append_only_statements(table: str, dialect: str) -> list[str]:
    """Return the SQL that makes a database refuse to change or delete the rows of a table.

    `dialect` is `sqlite` or `postgresql`.
    """
    message = f"{table}: rows are never changed or deleted"
    if dialect == "sqlite":
        return [
            f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
            for act in ("UPDATE", "DELETE")
        ]
    return [
        f"CREATE OR REPLACE FUNCTION {table}_stays() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{message}'; END $$",
        f"CREATE TRIGGER {table}_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_stays()",
    ]


def _make_append_only(table: Table, connection: Connection, **_: Any) -> None:
    for statement in append_only_statements(table.name, connection.dialect.name):
        connection.exec_driver_sql(statement)


for _model in (AuditRow, LedgerRow):
    event.listen(_model.__table__, "after_create", _make_append_only)
