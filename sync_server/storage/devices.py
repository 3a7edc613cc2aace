"""Devices: enrolled by a one-use code, known by two tokens, watched for gaps."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, Integer, String, bindparam, func, insert, select, update

from sync_server.domain.door import Writer
from sync_server.domain.permissions import Profile
from sync_server.domain.sequence import Ranges, missing_after
from sync_server.errors import EnrolmentCodeExpired, EnrolmentCodeUnknown, EnrolmentCodeUsed
from sync_server.storage import accounts, sightings
from sync_server.storage.models import Device, EnrolmentCode, Point
from sync_server.storage.prepared import Prepared
from sync_server.storage.tokens import (
    OFFICE,
    PUSH,
    READ,
    hash_code,
    hash_token,
    new_code,
    new_device_id,
    new_token,
)

CODE_LIFE_MS = 24 * 3600 * 1000
REPEAT_MS = 15 * 60 * 1000
"""How long a device whose answer was lost may enrol again with the same code and key."""

_ranges_decoder = msgspec.json.Decoder(Ranges)


class Caller(NamedTuple):
    """Who shows a token: as what they write, whether they may read personal data."""

    writer: Writer
    can_read: bool
    is_revoked: bool


class Enrolled(Struct, frozen=True):
    """The answer to an enrolment: the only time that the tokens are told."""

    device: str
    token: str
    read_token: str
    point: str
    point_name: str
    profile: str
    person: str | None = None
    seal_key: dict[str, str] = {}
    sign_key: dict[str, str] = {}


class Gaps(NamedTuple):
    """Which of a device's numbers are missing below its highest."""

    missing: Ranges
    head: int


def new_enrolment(
    connection: Connection,
    point: str,
    *,
    now_ms: int,
    profile: Profile = Profile.CLERK,
    person: str | None = None,
) -> str:
    """Make and return a code that enrols one device of the point within a day."""
    code = new_code()
    connection.execute(
        insert(EnrolmentCode).values(
            code_hash=hash_code(code),
            point=point,
            profile=profile.value,
            person=person,
            expires_ms=now_ms + CODE_LIFE_MS,
        )
    )
    return code


def enrol(
    connection: Connection, code: str, label: str, public_key: str | None, *, now_ms: int
) -> Enrolled:
    """Turn a code into a device with fresh tokens.

    The same code and public key again within 15 minutes is the same device whose answer was
    lost; it gets new tokens and the old ones end.

    Raises: EnrolmentCodeUnknown, EnrolmentCodeUsed, EnrolmentCodeExpired.
    """
    own = EnrolmentCode.code_hash == hash_code(code)
    # An update first: two devices with one code wait for each other here.
    connection.execute(update(EnrolmentCode).where(own).values(code_hash=EnrolmentCode.code_hash))
    found = connection.execute(
        select(
            EnrolmentCode.point,
            EnrolmentCode.profile,
            EnrolmentCode.person,
            EnrolmentCode.expires_ms,
            EnrolmentCode.used_ms,
            EnrolmentCode.device,
        ).where(own)
    ).one_or_none()
    if found is None:
        raise EnrolmentCodeUnknown
    token, read_token = new_token(PUSH), new_token(READ)
    hashes = {"token_hash": hash_token(token), "read_token_hash": hash_token(read_token)}
    if found.used_ms is not None:
        repeated = (
            (Device.id == found.device)
            & (Device.public_key == public_key)
            & Device.revoked_ms.is_(None)
        )
        is_recent = now_ms - found.used_ms <= REPEAT_MS
        changed = update(Device).where(repeated).values(label=label, **hashes)
        if public_key is None or not is_recent or connection.execute(changed).rowcount == 0:
            raise EnrolmentCodeUsed
        device = found.device
    else:
        if now_ms > found.expires_ms:
            raise EnrolmentCodeExpired
        device = new_device_id()
        connection.execute(update(EnrolmentCode).where(own).values(used_ms=now_ms, device=device))
        writer = Writer(device, Profile(found.profile), found.point, found.person)
        put(connection, writer, label, now_ms=now_ms)
        connection.execute(
            update(Device).where(Device.id == device).values(public_key=public_key, **hashes)
        )
    name = connection.scalar(select(Point.name).where(Point.code == found.point))
    point = found.point
    return Enrolled(
        device, token, read_token, point, name or point, found.profile, person=found.person
    )


def put(connection: Connection, writer: Writer, label: str, *, now_ms: int) -> None:
    """Make a device known, with tokens that nobody holds."""
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
    """Take a device's trust away; return False where there is no such device."""
    found = connection.execute(update(Device).where(Device.id == device).values(revoked_ms=now_ms))
    return found.rowcount == 1


class DeviceLine(NamedTuple):
    """A device as headquarters looks after it.

    `skew_ms`: what its clock was last seen to lack; `missing`: how many of its records have not
    come though later ones have; `unsent`: how many it last said it keeps.
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


def listed(connection: Connection, *, point: str | None = None) -> list[DeviceLine]:
    """Return all devices, or those of a point, by point and then by when they enrolled."""
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
        DeviceLine(
            **{**row._asdict(), "missing": _ranges_decoder.decode(row.missing)},
            skew_ms=skews.get(row.id),
        )
        for row in rows
    ]


def open_codes(connection: Connection, *, now_ms: int) -> dict[str, int]:
    """Return by point how many enrolment codes wait to be used."""
    rows = connection.execute(
        select(EnrolmentCode.point, func.count())
        .where(EnrolmentCode.used_ms.is_(None), EnrolmentCode.expires_ms > now_ms)
        .group_by(EnrolmentCode.point)
    )
    return {row[0]: row[1] for row in rows}


class Signer(NamedTuple):
    """A device as it signs what comes by another road than its own token."""

    writer: Writer
    public_key: dict[str, str]
    is_revoked: bool


def signer(connection: Connection, device: str) -> Signer | None:
    """Return a device with its public key; None if it is unknown or has registered none."""
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


def caller_of(connection: Connection, token: str) -> Caller | None:
    """Return who holds the token, a device or an office account; None if nobody does."""
    if token.startswith(OFFICE):
        account = accounts.of_token(connection, token)
        return Caller(account.writer, True, False) if account else None
    can_read = token.startswith(READ)
    rows = (_BY_READ_TOKEN if can_read else _BY_TOKEN).rows(connection, hashed=hash_token(token))
    if not rows:
        return None
    [(device, profile, point, person, revoked_ms)] = rows
    return Caller(Writer(device, Profile(profile), point, person), can_read, revoked_ms is not None)


_CALLER = select(Device.id, Device.profile, Device.point, Device.person, Device.revoked_ms)
_BY_TOKEN = Prepared(_CALLER.where(Device.token_hash == bindparam("hashed")))
_BY_READ_TOKEN = Prepared(_CALLER.where(Device.read_token_hash == bindparam("hashed")))


_OWN = Device.id == bindparam("own_id")
_HEARING = Prepared(
    update(Device)
    .where(_OWN)
    .values(
        last_contact_ms=bindparam("heard_ms"),
        app=func.coalesce(bindparam("told_app", type_=String), Device.app),
        unsent=func.coalesce(bindparam("told_unsent", type_=Integer), Device.unsent),
    )
)
_CLOSING = Prepared(
    update(Device)
    .where(_OWN)
    .values(missing=bindparam("new_missing"), head_seq=bindparam("new_head"))
)
_GAPS = Prepared(
    select(Device.id, Device.missing, Device.head_seq).where(
        Device.id.in_(bindparam("devices", expanding=True))
    )
)


class Heard(NamedTuple):
    """When a device was heard, and what it told of itself; None where it told nothing."""

    at_ms: int
    app: str | None = None
    unsent: int | None = None


def lock(connection: Connection, heard: Mapping[str, Heard]) -> dict[str, Gaps]:
    """Lock devices in order, note that they were heard, return their gaps; the office has none."""
    wanted = sorted(heard)
    _HEARING.run(
        connection,
        [
            {
                "own_id": device,
                "heard_ms": heard[device].at_ms,
                "told_app": heard[device].app,
                "told_unsent": heard[device].unsent,
            }
            for device in wanted
        ],
    )
    rows = _GAPS.rows(connection, devices=wanted)
    found = {device: Gaps(_ranges_decoder.decode(told), head) for device, told, head in rows}
    return {device: found.get(device, Gaps((), 0)) for device in wanted}


def close_gaps(
    connection: Connection, gaps: Mapping[str, Gaps], numbers: Mapping[str, Sequence[int]]
) -> dict[str, Ranges]:
    """Note which numbers have arrived; return the ranges that each device must send again."""
    after = {
        device: Gaps(*missing_after(own.missing, own.head, numbers.get(device, ())))
        for device, own in gaps.items()
    }
    changed = [
        {
            "own_id": device,
            "new_missing": msgspec.json.encode(own.missing).decode(),
            "new_head": own.head,
        }
        for device, own in after.items()
        if own != gaps[device]
    ]
    _CLOSING.run(connection, changed)
    return {device: own.missing for device, own in after.items()}
