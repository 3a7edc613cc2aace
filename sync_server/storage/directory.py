"""Store the units, points (halls) and meetings that headquarters accepted from a portal release.

These are public facts. The records of a meeting and the people are stored elsewhere.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace
from sqlalchemy import Connection, delete, insert, select, update

from sync_server.domain.records.codes import (
    Instant,
    MeetingCode,
    PointCode,
    UnitCode,
    from_ms,
    to_ms,
)
from sync_server.domain.shared import SHARED
from sync_server.domain.unit_types import UnitType
from sync_server.storage.models import AnsweredProposal, Meeting, Point, Stream, Unit

OPENS_BEFORE_MS = SHARED.opens_before_ms
"""Halls can use a meeting from three hours before its start, because they test the equipment and
seat people before it begins."""


Name = Annotated[
    str, Meta(max_length=300, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]*\Z")
]
"""A name of at most 300 characters. It has no control characters, because a report file (XML)
cannot contain them."""


class PublishedUnit(Struct, frozen=True):
    """A unit (a Party organisation) in the release's file `facts.json`.

    `type` is the code of one of the five unit types.
    """

    code: UnitCode
    name: Name
    type: UnitType


class PublishedPoint(Struct, frozen=True):
    """A point (a hall) in the release's file `facts.json`.

    `unit` is the code of the unit to which the hall belongs.
    """

    code: PointCode
    name: Name
    unit: UnitCode


class PublishedMeeting(Struct, frozen=True):
    """A meeting in the release's file `facts.json`.

    `starts_at` and `ends_at` are in ISO 8601 UTC. People who arrive up to `grace_minutes` after the
    start are not late. `points`: the codes of the halls that take part, empty for all. `materials`:
    the codes of the materials. `basis`: the codes of the documents on which the meeting is based.
    """

    id: MeetingCode
    title: Name
    starts_at: Instant
    ends_at: Instant
    grace_minutes: Annotated[int, Meta(ge=0, le=1440)] = 0
    points: tuple[PointCode, ...] = ()
    rehearsal: bool = False
    materials: tuple[str, ...] = ()
    basis: tuple[str, ...] = ()
    host: Name = ""
    mode: Literal["", "TRUC_TIEP", "TRUC_TUYEN", "KET_HOP"] = ""


class PublishedMaterial(Struct, frozen=True):
    """A material (a document or file for a meeting) in the release's file `facts.json`.

    `kind` is a code such as `NGHI_QUYET`. `number`, `issuer` and `date` (YYYY-MM-DD) are those of
    the document. `public_from` is in ISO 8601 UTC, empty if the material is public at once.
    """

    code: str
    title: str
    kind: str
    number: str = ""
    public_from: str = ""
    issuer: str = ""
    date: str = ""


class PublishedDirectory(Struct, frozen=True):
    """The content of the release's file `facts.json`.

    A release is a published version of the portal; `points` are halls.
    """

    units: tuple[PublishedUnit, ...]
    points: tuple[PublishedPoint, ...]
    meetings: tuple[PublishedMeeting, ...]
    materials: tuple[PublishedMaterial, ...] = ()


class MeetingSummary(Struct, frozen=True):
    """A meeting in a list for a device or for the office pages. Times are in ISO 8601 UTC.

    `state` is upcoming until three hours before the start, then open until the end, then closed. A
    cancelled meeting is always closed. `has_begun`: whether the start is past.
    """

    id: str
    title: str
    starts_at: str
    ends_at: str
    state: Literal["upcoming", "open", "closed"]
    has_begun: bool
    rehearsal: bool
    cancelled: bool


class UnitSummary(Struct, frozen=True):
    """A unit (a Party organisation) as the office pages list it.

    `type` is the code of its unit type. After `ended_ms` (ms since 1970 UTC), no new list of
    summoned people includes the unit.
    """

    code: str
    name: str
    type: str
    ended_ms: int | None = None


class PointSummary(Struct, frozen=True):
    """A point (a hall) as the office pages list it.

    `unit` is the code of the unit to which the hall belongs; `unit_type` is the code of that unit's
    type, empty if unknown. `capacity` is the number of seats, None if unknown. After `ended_ms` (ms
    since 1970 UTC), the hall is not invited to new meetings.
    """

    code: str
    name: str
    unit: str
    unit_type: str = ""
    capacity: int | None = None
    ended_ms: int | None = None


def put_unit(connection: Connection, unit: UnitSummary) -> None:
    """Store a unit. If the code is already stored, replace the unit's name, type and end."""
    values = {"name": unit.name, "type": unit.type, "ended_ms": unit.ended_ms}
    statement = update(Unit).where(Unit.code == unit.code).values(values)
    if connection.execute(statement).rowcount == 0:
        connection.execute(insert(Unit).values(code=unit.code, **values))


def put_point(connection: Connection, point: PointSummary) -> None:
    """Store a hall; if its code is already stored, replace its name, unit, capacity and end."""
    values = {
        "name": point.name,
        "unit": point.unit,
        "capacity": point.capacity,
        "ended_ms": point.ended_ms,
    }
    statement = update(Point).where(Point.code == point.code).values(values)
    if connection.execute(statement).rowcount == 0:
        connection.execute(insert(Point).values(code=point.code, **values))


def put_places(
    connection: Connection, units: Iterable[PublishedUnit], points: Iterable[PublishedPoint]
) -> None:
    """Store published units and halls; if one is already stored, update its name, type and unit.

    Capacities and ends stay unchanged. Stored units and halls that are not in the lists stay as
    they are.
    """
    stored_units, stored_points = all_units(connection), all_points(connection)
    for unit in units:
        ended_ms = stored_units[unit.code].ended_ms if unit.code in stored_units else None
        put_unit(connection, UnitSummary(unit.code, unit.name, unit.type, ended_ms))
    for published in points:
        before = stored_points.get(published.code) or PointSummary(published.code, "", "")
        put_point(connection, replace(before, name=published.name, unit=published.unit))


def add_places(
    connection: Connection, units: Iterable[PublishedUnit], points: Iterable[PublishedPoint]
) -> None:
    """Store the published units and halls whose codes are not stored yet.

    Those already stored stay unchanged.
    """
    unit_codes_known, point_codes_known = all_units(connection), all_points(connection)
    put_places(
        connection,
        [unit for unit in units if unit.code not in unit_codes_known],
        [point for point in points if point.code not in point_codes_known],
    )


def put_meeting(connection: Connection, published: PublishedMeeting) -> None:
    """Store a published meeting, or update its title, times and rehearsal mark if already stored.

    A cancelled meeting stays cancelled. This does not inform the halls, which read the facts from
    records of kind `setting`.
    """
    values = {
        "title": published.title,
        "starts_ms": to_ms(published.starts_at),
        "ends_ms": to_ms(published.ends_at),
        "is_rehearsal": published.rehearsal,
    }
    statement = update(Meeting).where(Meeting.id == published.id).values(values)
    if connection.execute(statement).rowcount == 0:
        connection.execute(insert(Meeting).values(id=published.id, **values))


def answer(connection: Connection, published: PublishedMeeting) -> None:
    """Store that headquarters has accepted or rejected the published facts of this meeting.

    The office pages then no longer propose the facts, unless their published version changes.
    """
    note_answer(connection, published.id, _fingerprint(published))


def is_answered(connection: Connection, published: PublishedMeeting) -> bool:
    """Return whether headquarters has already accepted or rejected exactly these published facts.

    Fields that only reports use (materials, basis, host and mode) are not compared.
    """
    return last_answer(connection, published.id) == _fingerprint(published)


def note_answer(connection: Connection, subject: str, fingerprint: str) -> None:
    """Store the hash of the published facts that headquarters has last accepted or rejected.

    `subject` is a meeting's id, or `(directory)` for the list of units and halls.
    """
    connection.execute(delete(AnsweredProposal).where(AnsweredProposal.meeting == subject))
    row = {"meeting": subject, "fingerprint": fingerprint}
    connection.execute(insert(AnsweredProposal), [row])


def last_answer(connection: Connection, subject: str) -> str | None:
    """Return the hash of the facts that headquarters last accepted or rejected; None without any.

    `subject` is a meeting's id, or `(directory)` for the list of units and halls.
    """
    query = select(AnsweredProposal.fingerprint).where(AnsweredProposal.meeting == subject)
    return connection.scalar(query)


def _fingerprint(published: PublishedMeeting) -> str:
    facts = replace(published, materials=(), basis=(), host="", mode="")
    # Fields that only reports use are left out: a change of them needs no answer.
    return hashlib.sha256(msgspec.json.encode(facts)).hexdigest()


def set_cancelled(connection: Connection, meeting_id: str, is_cancelled: bool) -> None:
    """Store whether a meeting is cancelled.

    This does not inform the halls, which read the cancellation from records of kind `setting`.
    """
    statement = update(Meeting).where(Meeting.id == meeting_id)
    connection.execute(statement.values(is_cancelled=is_cancelled))


def meetings(connection: Connection, now_ms: int, point: str | None = None) -> list[MeetingSummary]:
    """Return all meetings, or those of the hall `point` only, the latest start first.

    `now_ms` decides whether a meeting is upcoming, open or closed.
    """
    query = select(*_MEETING_COLUMNS)
    if point is not None:
        query = query.join(Stream, Stream.meeting == Meeting.id).where(Stream.point == point)
    return [
        _summary_of(*row, now_ms)
        for row in connection.execute(query.order_by(Meeting.starts_ms.desc()))
    ]


def meeting(connection: Connection, meeting_id: str, now_ms: int) -> MeetingSummary | None:
    """Return the meeting with this id; None if it is unknown.

    `now_ms` decides whether the meeting is upcoming, open or closed.
    """
    row = connection.execute(
        select(*_MEETING_COLUMNS).where(Meeting.id == meeting_id)
    ).one_or_none()
    return _summary_of(*row, now_ms) if row else None


def point_codes(connection: Connection) -> Sequence[str]:
    """Return the sorted codes of the halls that have not ended, that is, of those still in use."""
    query = select(Point.code).where(Point.ended_ms.is_(None))
    return connection.scalars(query.order_by(Point.code)).all()


def units_of_points(connection: Connection, points: Iterable[str]) -> dict[str, str]:
    """Return the code of the unit to which every one of these halls belongs, by point code.

    Unknown halls are left out.
    """
    rows = connection.execute(select(Point.code, Point.unit).where(Point.code.in_(sorted(points))))
    return dict(rows.all())


def all_units(connection: Connection) -> dict[str, UnitSummary]:
    """Return all units by code, in the order of the codes, including units that no longer exist."""
    query = select(Unit.code, Unit.name, Unit.type, Unit.ended_ms).order_by(Unit.code)
    return {row.code: UnitSummary(*row) for row in connection.execute(query)}


def all_unit_names(connection: Connection) -> dict[str, str]:
    """Return the names of all units by code, including units that no longer exist.

    Old meetings still need these names.
    """
    return {code: unit.name for code, unit in all_units(connection).items()}


def unit_names(connection: Connection) -> dict[str, str]:
    """Return the names of the units that have not ended, by code, for lists to choose from."""
    return {
        code: unit.name for code, unit in all_units(connection).items() if unit.ended_ms is None
    }


def all_points(connection: Connection) -> dict[str, PointSummary]:
    """Return all halls by code, in the order of the codes, including halls no longer in use."""
    rows = connection.execute(
        select(Point.code, Point.name, Point.unit, Unit.type, Point.capacity, Point.ended_ms)
        .outerjoin(Unit, Unit.code == Point.unit)
        .order_by(Point.code)
    )
    return {
        row.code: PointSummary(
            row.code, row.name, row.unit, row.type or "", row.capacity, row.ended_ms
        )
        for row in rows
    }


def hall_by_unit(halls: Mapping[str, PointSummary]) -> dict[str, str]:
    """Return the code of the first of these halls of every unit, by the unit's code.

    `halls` contains the halls by code. Units without a hall are left out.
    """
    return {halls[code].unit: code for code in sorted(halls, reverse=True)}


def points(connection: Connection) -> dict[str, PointSummary]:
    """Return the halls that are still in use, by code, for lists to choose from."""
    return {code: point for code, point in all_points(connection).items() if point.ended_ms is None}


_MEETING_COLUMNS = (
    Meeting.id,
    Meeting.title,
    Meeting.starts_ms,
    Meeting.ends_ms,
    Meeting.is_rehearsal,
    Meeting.is_cancelled,
)


def _summary_of(
    meeting_id: str,
    title: str,
    starts_ms: int,
    ends_ms: int,
    is_rehearsal: bool,
    is_cancelled: bool,
    now_ms: int,
) -> MeetingSummary:
    state: Literal["upcoming", "open", "closed"] = "open"
    if is_cancelled or now_ms > ends_ms:
        state = "closed"
    elif now_ms < starts_ms - OPENS_BEFORE_MS:
        state = "upcoming"
    span = (from_ms(starts_ms), from_ms(ends_ms))
    has_begun = now_ms >= starts_ms
    return MeetingSummary(meeting_id, title, *span, state, has_begun, is_rehearsal, is_cancelled)
