"""Enrol devices, identify the sender of a request, and track records that have not arrived.

A device is enrolled with a one-time code. It receives two tokens: one permits only sending records,
the other also permits reading data. Every device numbers its records without gaps, so the server
notices when a record has not arrived.
"""

from collections.abc import Sequence
from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta, Struct
from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    String,
    and_,
    bindparam,
    func,
    insert,
    select,
    update,
)

from sync_server.domain.records.codes import DAY_MS, PersonCode, PointCode, from_ms
from sync_server.domain.records.door import Writer
from sync_server.domain.records.permissions import Profile
from sync_server.domain.records.sequence import Ranges, missing_after, missing_up_to
from sync_server.errors import EnrolmentCodeExpired, EnrolmentCodeUnknown, EnrolmentCodeUsed
from sync_server.storage.access import accounts
from sync_server.storage.access.tokens import (
    DEVICE_ID,
    OFFICE,
    PUSH,
    READ,
    hash_code,
    hash_token,
    new_code,
    new_device_id,
    new_second_secret,
    new_token,
)
from sync_server.storage.ledger import sightings
from sync_server.storage.models import Device, EnrolmentCode, Point
from sync_server.storage.prepared import CompiledStatement

LONGEST_CODE_DAYS = 30
MOST_SECOND_FAILURES = 5
REPEAT_MS = 15 * 60 * 1000
"""The time in ms, 15 minutes, for which a device may repeat its enrolment with the same code and
key. It does so if it did not receive the server's answer."""

_ranges_decoder = msgspec.json.Decoder(Ranges)


class Caller(NamedTuple):
    """The device or office account that sent a request.

    `writer`: the sender's code and rights. `can_read`: whether the sender's token permits reading
    personal data. `is_revoked`: whether headquarters has blocked the device.
    """

    writer: Writer
    can_read: bool
    is_revoked: bool


class DeviceWithUnsent(Struct, frozen=True):
    """A device that still had unsent records at its last contact with the server.

    `device` is the device's code, and `unsent` the number of those records. `last_contact_at` is in
    ISO 8601 UTC, or None if unknown.
    """

    device: str
    unsent: int
    last_contact_at: str | None


class EnrolmentAnswer(Struct, frozen=True):
    """The server's response to an enrolment; no other response ever contains the tokens.

    `token` permits sending records; `read_token` also permits reading data. `point` is the code of
    the hall for which the device is enrolled. `profile` is the role of the device's user: clerk
    (who takes attendance) or chair (who presides in the hall). `person` is the chair's person code,
    or None on a clerk's device. `seal_key` (for encrypting) and `sign_key` (for checking
    signatures) are headquarters' public keys as JSON Web Keys, and `keys_rev` is a short code that
    changes when these keys change. `owing`: devices of the same hall that may have unsent records.
    """

    device: str
    token: str
    read_token: str
    point: str
    point_name: str
    profile: str
    person: str | None = None
    seal_key: dict[str, str] = {}
    sign_key: dict[str, str] = {}
    keys_rev: str = ""
    owing: tuple[DeviceWithUnsent, ...] = ()


class FormerEnrolment(Struct, frozen=True):
    """An earlier enrolment that a browser remembers but the server may no longer know.

    The server no longer knows the enrolment if it was restored from a backup that was made before.
    `device` is the id that the browser received, and `point` the code of the hall for which it was
    enrolled. `profile` is the role of the user: clerk (who takes attendance) or chair (who presides
    in the hall). `person` is the chair's person code, or None for a clerk.
    """

    device: Annotated[str, Meta(pattern=DEVICE_ID)]
    point: PointCode
    profile: Profile
    person: PersonCode | None = None


class Gaps(NamedTuple):
    """The numbers of a device's records that have not arrived, and the highest known number.

    `missing`: inclusive ranges (first, last). `head`: the highest record number that has
    arrived or that the device says it has sent; 0 if there is none. `enrolled_ms`: when the
    device was enrolled, in ms since 1970 UTC; 0 if unknown, or for a user account for the
    office's web pages.
    """

    missing: Ranges
    head: int
    enrolled_ms: int = 0


def second_secret_for(days: int) -> str | None:
    """Return a new second secret for an enrolment code that is valid for `days` days.

    A second secret is six digits that are given by telephone, because the code itself goes by post.
    Return None if the code is valid for one day only: such a code is not sent by post.
    """
    return new_second_secret() if days > 1 else None


def new_enrolment(
    connection: Connection,
    point: str,
    *,
    now_ms: int,
    profile: Profile = Profile.CLERK,
    person: str | None = None,
    days: int = 1,
    second: str | None = None,
) -> str:
    """Create a one-time code that enrols one device for a point (a hall), and return the code.

    The code is valid for `days` days. `profile` is the role of the device's user: clerk (who takes
    attendance) or chair (who presides in the hall). `person` is the chair's person code, or None
    for a clerk. `second` is a second secret, given by telephone, that the device must send with the
    code; None if the code suffices.
    """
    code = new_code()
    connection.execute(
        insert(EnrolmentCode).values(
            code_hash=hash_code(code),
            point=point,
            profile=profile.value,
            person=person,
            expires_ms=now_ms + days * DAY_MS,
            second_hash=hash_code(f"{code}{second}") if second else None,
        )
    )
    return code


def enrol(
    connection: Connection,
    code: str,
    label: str,
    public_key: str | None,
    *,
    now_ms: int,
    second: str = "",
    former: Sequence[FormerEnrolment] = (),
) -> EnrolmentAnswer | None:
    """Enrol a device with a one-time code, and return its id and its new tokens.

    `label` is the device's name in lists. `public_key` (a JSON Web Key as text) verifies the
    device's signatures. A device that did not receive the answer may repeat the request with the
    same code and key for 15 minutes; it receives the same id and new tokens. In the result,
    `seal_key`, `sign_key`, `keys_rev` and `owing` are empty.

    `former` contains earlier enrolments that the device remembers. A server that was restored from
    a backup may not know them. If one of these unknown enrolments was for the same hall, profile
    (clerk or chair) and person, the device gets its former id again, and can then send the records
    that it made under this id.

    `second` is the second secret, given by telephone, that some codes need. Return None if such a
    secret is missing or wrong. A wrong secret is counted, so the caller must commit the transaction
    in this case, too.

    Raises: EnrolmentCodeUnknown if the code is not stored; EnrolmentCodeUsed if a device has been
    enrolled with the code, except in a permitted repetition; EnrolmentCodeExpired if the code has
    expired, or after five wrong second secrets.
    """
    is_this_code = EnrolmentCode.code_hash == hash_code(code)
    # This update locks the row, so that two devices cannot use the same code at once.
    connection.execute(
        update(EnrolmentCode).where(is_this_code).values(code_hash=EnrolmentCode.code_hash)
    )
    enrolment = connection.execute(
        select(
            EnrolmentCode.point,
            EnrolmentCode.profile,
            EnrolmentCode.person,
            EnrolmentCode.expires_ms,
            EnrolmentCode.used_ms,
            EnrolmentCode.device,
            EnrolmentCode.second_hash,
            EnrolmentCode.failures,
        ).where(is_this_code)
    ).one_or_none()
    if enrolment is None:
        raise EnrolmentCodeUnknown
    if enrolment.failures >= MOST_SECOND_FAILURES:
        raise EnrolmentCodeExpired
    if enrolment.second_hash and enrolment.second_hash != hash_code(f"{code}{second}"):
        failures = EnrolmentCode.failures + int(bool(second))
        connection.execute(update(EnrolmentCode).where(is_this_code).values(failures=failures))
        return None
    token, read_token = new_token(PUSH), new_token(READ)
    hashes = {"token_hash": hash_token(token), "read_token_hash": hash_token(read_token)}
    if enrolment.used_ms is not None:
        repeated = (
            (Device.id == enrolment.device)
            & (Device.public_key == public_key)
            & Device.revoked_ms.is_(None)
        )
        is_recent = now_ms - enrolment.used_ms <= REPEAT_MS
        renewal = update(Device).where(repeated).values(label=label, **hashes)
        if public_key is None or not is_recent or connection.execute(renewal).rowcount == 0:
            raise EnrolmentCodeUsed
        device = enrolment.device
    else:
        if now_ms >= enrolment.expires_ms:
            raise EnrolmentCodeExpired
        wanted = (enrolment.point, enrolment.profile, enrolment.person)
        device = _forgotten_device(connection, wanted, former) or new_device_id()
        connection.execute(
            update(EnrolmentCode).where(is_this_code).values(used_ms=now_ms, device=device)
        )
        writer = Writer(device, Profile(enrolment.profile), enrolment.point, enrolment.person)
        put(connection, writer, label, now_ms=now_ms)
        connection.execute(
            update(Device).where(Device.id == device).values(public_key=public_key, **hashes)
        )
    name = connection.scalar(select(Point.name).where(Point.code == enrolment.point))
    point = enrolment.point
    return EnrolmentAnswer(
        device, token, read_token, point, name or point, enrolment.profile, person=enrolment.person
    )


def _forgotten_device(
    connection: Connection, wanted: tuple[str, str, str | None], former: Sequence[FormerEnrolment]
) -> str | None:
    """Return the device id of the first enrolment in `former` that the database lacks, or None.

    Only enrolments for the hall, the profile (clerk or chair) and the person in `wanted` are
    considered.
    """
    ids = [old.device for old in former if (old.point, old.profile.value, old.person) == wanted]
    known = set(connection.scalars(select(Device.id).where(Device.id.in_(ids))))
    return next((device for device in ids if device not in known), None)


def put(connection: Connection, writer: Writer, label: str, *, now_ms: int) -> None:
    """Store a new device with random tokens that nobody receives.

    `writer` contains the device's code, its profile (the role of its user: clerk or chair) and the
    code of its hall; `label` is the device's name in lists. The function `enrol` then replaces the
    tokens. The fictional devices of a demonstration database keep the random tokens, because they
    never contact the server.
    """
    connection.execute(
        insert(Device).values(
            id=writer.device,
            point=writer.point,
            profile=writer.profile.value,
            person=writer.person,
            label=label,
            token_hash=hash_token(new_token(PUSH)),
            read_token_hash=hash_token(new_token(READ)),
            enrolled_ms=now_ms,
            head_seq=0,
            missing="[]",
        )
    )


def revoke(connection: Connection, device: str, *, now_ms: int) -> bool:
    """Mark a device as revoked (blocked); return False if no device has this id.

    The server then accepts no new records from the device: it puts them into quarantine, where they
    wait for headquarters' decision. It also sends the device no data.
    """
    result = connection.execute(update(Device).where(Device.id == device).values(revoked_ms=now_ms))
    return result.rowcount == 1


class DeviceSummary(NamedTuple):
    """A device in headquarters' list of devices.

    `label` is the device's name and `app` the version of its check-in app. `missing`: inclusive
    ranges of record numbers that have not arrived, although later ones have. `unsent`: the number
    of unsent records that the device last reported. `skew_ms`: the server's clock minus the
    device's clock in ms when last measured, or None if unknown.
    """

    id: str
    point: str
    profile: str
    person: str | None
    label: str
    enrolled_ms: int
    revoked_ms: int | None
    last_contact_ms: int | None
    app: str | None
    unsent: int | None
    missing: Ranges
    skew_ms: int | None


def devices_with_unsent(connection: Connection, point: str) -> tuple[DeviceWithUnsent, ...]:
    """Return the devices of a point (a hall) that had unsent records at their last contact.

    The device with the latest contact comes first; revoked devices are left out. If a browser loses
    its data, it must be enrolled as a new device. This list then shows the user whether the old
    device still had unsent records.
    """
    rows = connection.execute(
        select(Device.id, Device.unsent, Device.last_contact_ms)
        .where(Device.point == point, Device.unsent > 0, Device.revoked_ms.is_(None))
        .order_by(Device.last_contact_ms.desc())
    )
    return tuple(
        DeviceWithUnsent(device, unsent or 0, from_ms(at_ms) if at_ms else None)
        for device, unsent, at_ms in rows
    )


def list_devices(connection: Connection, *, point: str | None = None) -> list[DeviceSummary]:
    """Return all devices, or only those of the hall `point`, sorted by hall and enrolment time."""
    query = select(
        Device.id,
        Device.point,
        Device.profile,
        Device.person,
        Device.label,
        Device.enrolled_ms,
        Device.revoked_ms,
        Device.last_contact_ms,
        Device.app,
        Device.unsent,
        Device.missing,
    ).order_by(Device.point, Device.enrolled_ms, Device.id)
    if point is not None:
        query = query.where(Device.point == point)
    rows = connection.execute(query).all()
    skews = sightings.latest_skews(connection, [row.id for row in rows])
    return [
        DeviceSummary(
            **{**row._asdict(), "missing": _ranges_decoder.decode(row.missing)},
            skew_ms=skews.get(row.id),
        )
        for row in rows
    ]


def count_open_codes(connection: Connection, *, now_ms: int) -> dict[str, int]:
    """Return {point code: number of enrolment codes for the point (hall) that can still be used}.

    Points without such a code are left out.
    """
    rows = connection.execute(
        select(EnrolmentCode.point, func.count())
        .where(_is_open(now_ms))
        .group_by(EnrolmentCode.point)
    )
    return {row[0]: row[1] for row in rows}


def withdraw_codes(connection: Connection, point: str, *, now_ms: int) -> int:
    """Make all usable enrolment codes of a hall expire now; return the number of these codes."""
    is_of_point = EnrolmentCode.point == point
    result = connection.execute(
        update(EnrolmentCode).where(is_of_point, _is_open(now_ms)).values(expires_ms=now_ms)
    )
    return result.rowcount


def _is_open(now_ms: int) -> ColumnElement[bool]:
    """Return the SQL condition for enrolment codes that can still be used.

    Such a code is unused, has not expired, and is not blocked. A code is blocked when a wrong
    second secret, the digits given by telephone, has been sent with it five times.
    """
    return and_(
        EnrolmentCode.used_ms.is_(None),
        EnrolmentCode.expires_ms > now_ms,
        EnrolmentCode.failures < MOST_SECOND_FAILURES,
    )


class Signer(NamedTuple):
    """A device and the public key (JSON Web Key) that verifies its signatures.

    The device signs records that reach the server in a file. `writer` contains the device's code
    and rights. `is_revoked`: whether headquarters has blocked the device.
    """

    writer: Writer
    public_key: dict[str, str]
    is_revoked: bool


def signer(connection: Connection, device: str) -> Signer | None:
    """Return a device with its public key; None if the device is unknown or has no key."""
    row = connection.execute(
        select(
            Device.profile, Device.point, Device.person, Device.public_key, Device.revoked_ms
        ).where(Device.id == device)
    ).one_or_none()
    if row is None or row.public_key is None:
        return None
    writer = Writer(device, Profile(row.profile), row.point, row.person)
    key = msgspec.json.decode(row.public_key, type=dict[str, str])
    return Signer(writer, key, row.revoked_ms is not None)


def caller_of(connection: Connection, token: str, *, now_ms: int) -> Caller | None:
    """Return the device or account with this token; None if the token is unknown or has expired."""
    if token.startswith(OFFICE):
        account = accounts.account_of_token(connection, token, now_ms=now_ms)
        return Caller(account.writer, True, False) if account else None
    can_read = token.startswith(READ)
    rows = (_BY_READ_TOKEN if can_read else _BY_TOKEN).rows(connection, hashed=hash_token(token))
    if not rows:
        return None
    [(device, profile, point, person, revoked_ms)] = rows
    return Caller(Writer(device, Profile(profile), point, person), can_read, revoked_ms is not None)


_CALLER = select(Device.id, Device.profile, Device.point, Device.person, Device.revoked_ms)
_BY_TOKEN = CompiledStatement(_CALLER.where(Device.token_hash == bindparam("hashed")))
_BY_READ_TOKEN = CompiledStatement(_CALLER.where(Device.read_token_hash == bindparam("hashed")))


_THIS_DEVICE = Device.id == bindparam("device_id")
_NOTE_CONTACT = CompiledStatement(
    update(Device)
    .where(_THIS_DEVICE)
    .values(
        last_contact_ms=bindparam("contact_ms"),
        app=func.coalesce(bindparam("new_app", type_=String), Device.app),
        unsent=func.coalesce(bindparam("new_unsent", type_=Integer), Device.unsent),
    )
    .returning(Device.missing, Device.head_seq, Device.enrolled_ms)
)
_WRITE_GAPS = CompiledStatement(
    update(Device)
    .where(_THIS_DEVICE)
    .values(missing=bindparam("new_missing"), head_seq=bindparam("new_head"))
)


class LastContact(NamedTuple):
    """The time of a device's contact with the server, and what the device reported about itself.

    `at_ms` is the time in ms since 1970 UTC. `app` is the version of the check-in app, and `unsent`
    the number of records that the device has not sent yet. Both are None if not reported.
    """

    at_ms: int
    app: str | None = None
    unsent: int | None = None


def lock(connection: Connection, device: str, contact: LastContact) -> Gaps:
    """Lock a device's row, store the contact, and return which record numbers have not arrived.

    The lock lasts until the transaction ends. A user account for the office's web pages has no
    row, so nothing is locked and nothing is missing.
    """
    rows = _NOTE_CONTACT.rows(
        connection,
        device_id=device,
        contact_ms=contact.at_ms,
        new_app=contact.app,
        new_unsent=contact.unsent,
    )
    for missing, head, enrolled_ms in rows:
        return Gaps(_ranges_decoder.decode(missing), head, enrolled_ms)
    return Gaps((), 0)


def gaps_of(connection: Connection, device: str) -> Gaps:
    """Return which of a device's record numbers have not arrived.

    If `device` is the sender code of a user account for the office's web pages, no numbers are
    missing.
    """
    row = connection.execute(
        select(Device.missing, Device.head_seq).where(Device.id == device)
    ).one_or_none()
    return Gaps(_ranges_decoder.decode(row.missing), row.head_seq) if row else Gaps((), 0)


def give_up_gaps(connection: Connection, device: str) -> Ranges:
    """Stop asking a device for its missing records, and return the numbers of these records.

    The result consists of inclusive ranges (first, last).
    """
    missing = gaps_of(connection, device).missing
    connection.execute(update(Device).where(Device.id == device).values(missing="[]"))
    return missing


def close_gaps(
    connection: Connection, device: str, gaps: Gaps, numbers: Sequence[int], highest: int = 0
) -> Ranges:
    """Update a device's missing record numbers after records arrived; return the missing ones.

    `gaps` contains the numbers that were missing before, as returned by `lock`, which has locked
    the device's row. `numbers` are the numbers of the records that have now arrived, and `highest`
    is the highest number that the device says it has sent. The result, which is also stored,
    consists of inclusive ranges.
    """
    missing, head = missing_up_to(*missing_after(gaps.missing, gaps.head, numbers), highest)
    after = gaps._replace(missing=missing, head=head)
    if after != gaps:
        encoded = msgspec.json.encode(after.missing).decode()
        row = {"device_id": device, "new_missing": encoded, "new_head": after.head}
        _WRITE_GAPS.run(connection, [row])
    return after.missing
