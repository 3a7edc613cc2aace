"""Store units, points and meetings, the public facts that headquarters accepted from a release."""

import hashlib
from collections.abc import Iterable, Sequence
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
"""Kiosks offer a meeting from three hours before its start, because halls test and seat people."""


Name = Annotated[
    str, Meta(max_length=300, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]*\Z")
]
"""A text without control characters, which no document could contain."""


class PublishedUnit(Struct, frozen=True):
    """A unit in the release's `facts.json`. `type` is one of the five unit types."""

    code: UnitCode
    name: Name
    type: UnitType


class PublishedPoint(Struct, frozen=True):
    """A hall in the release's `facts.json`. `unit` is the code of the unit that it belongs to."""

    code: PointCode
    name: Name
    unit: UnitCode


class PublishedMeeting(Struct, frozen=True):
    """A meeting in the release's `facts.json`. Empty `points` means all points.

    `starts_at` and `ends_at` are in ISO 8601 UTC. `basis`: the codes of the documents on which the
    meeting is based (checklist row 18).
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
    """A material in the release's `facts.json`.

    `public_from` is in ISO 8601 UTC, or empty if the material is public at once. `date` is the date
    of the document, YYYY-MM-DD.
    """

    code: str
    title: str
    kind: str
    number: str = ""
    public_from: str = ""
    issuer: str = ""
    date: str = ""


class PublishedDirectory(Struct, frozen=True):
    """The content of a release's `facts.json`: its units, points, meetings and materials."""

    units: tuple[PublishedUnit, ...]
    points: tuple[PublishedPoint, ...]
    meetings: tuple[PublishedMeeting, ...]
    materials: tuple[PublishedMaterial, ...] = ()


class MeetingSummary(Struct, frozen=True):
    """A meeting in a list for a device or the office. Times are in ISO 8601 UTC.

    `state` is open from `OPENS_BEFORE_MS` before the start until the end, then closed. A cancelled
    meeting is closed.
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
    """A unit as the office lists it. After `ended_ms`, no new roll includes the unit."""

    code: str
    name: str
    type: str
    ended_ms: int | None = None


class PointSummary(Struct, frozen=True):
    """A hall as the office lists it. After `ended_ms`, it is not invited to new meetings.

    `unit`: the unit that it belongs to. `capacity`: its number of seats, None if unknown.
    """

    code: str
    name: str
    unit: str
    unit_type: str = ""
    capacity: int | None = None
    ended_ms: int | None = None


def put_unit(connection: Connection, unit: UnitSummary) -> None:
    """Store a unit; if its code is already stored, replace the name, type and end."""
    values = {"name": unit.name, "type": unit.type, "ended_ms": unit.ended_ms}
    statement = update(Unit).where(Unit.code == unit.code).values(values)
    if connection.execute(statement).rowcount == 0:
        connection.execute(insert(Unit).values(code=unit.code, **values))


def put_point(connection: Connection, point: PointSummary) -> None:
    """Store a hall; if its code is already stored, replace the name, unit, capacity and end."""
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
    """Store the published units and halls; for stored ones, update only names, types and units.

    Capacities and ends stay unchanged. A hall or unit that is not published does not end.
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
    """Store the published units and halls whose codes are not stored yet."""
    unit_codes_known, point_codes_known = all_units(connection), all_points(connection)
    put_places(
        connection,
        [unit for unit in units if unit.code not in unit_codes_known],
        [point for point in points if point.code not in point_codes_known],
    )


def put_meeting(connection: Connection, published: PublishedMeeting) -> None:
    """Store a published meeting, or update its title, times and rehearsal mark if already stored.

    A cancelled meeting stays cancelled.
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
    """Store that headquarters has seen these published facts, whether or not it accepts them."""
    note_answer(connection, published.id, _fingerprint(published))


def is_answered(connection: Connection, published: PublishedMeeting) -> bool:
    """Return whether these published facts equal the version that headquarters last saw."""
    return last_answer(connection, published.id) == _fingerprint(published)


def note_answer(connection: Connection, subject: str, fingerprint: str) -> None:
    """Store the fingerprint of the version of a published item that headquarters last saw.

    `subject` is a meeting's id, or a code for another kind of item.
    """
    connection.execute(delete(AnsweredProposal).where(AnsweredProposal.meeting == subject))
    row = {"meeting": subject, "fingerprint": fingerprint}
    connection.execute(insert(AnsweredProposal), [row])


def last_answer(connection: Connection, subject: str) -> str | None:
    """Return the fingerprint of the version that headquarters last saw; None if it saw none."""
    query = select(AnsweredProposal.fingerprint).where(AnsweredProposal.meeting == subject)
    return connection.scalar(query)


def _fingerprint(published: PublishedMeeting) -> str:
    facts = replace(published, materials=(), basis=(), host="", mode="")
    # Fields that only reports use are left out: a change of them needs no answer.
    return hashlib.sha256(msgspec.json.encode(facts)).hexdigest()


def set_cancelled(connection: Connection, meeting_id: str, is_cancelled: bool) -> None:
    """Store whether a meeting is cancelled. Its points learn this from `setting` records."""
    statement = update(Meeting).where(Meeting.id == meeting_id)
    connection.execute(statement.values(is_cancelled=is_cancelled))


def meetings(connection: Connection, now_ms: int, point: str | None = None) -> list[MeetingSummary]:
    """Return all meetings, or those of one point, the latest start first."""
    query = select(*_MEETING_COLUMNS)
    if point is not None:
        query = query.join(Stream, Stream.meeting == Meeting.id).where(Stream.point == point)
    return [
        _summary_of(*row, now_ms)
        for row in connection.execute(query.order_by(Meeting.starts_ms.desc()))
    ]


def meeting(connection: Connection, meeting_id: str, now_ms: int) -> MeetingSummary | None:
    """Return the meeting with this id; None if it is unknown."""
    row = connection.execute(
        select(*_MEETING_COLUMNS).where(Meeting.id == meeting_id)
    ).one_or_none()
    return _summary_of(*row, now_ms) if row else None


def point_codes(connection: Connection) -> Sequence[str]:
    """Return the sorted codes of the points that have not ended."""
    query = select(Point.code).where(Point.ended_ms.is_(None))
    return connection.scalars(query.order_by(Point.code)).all()


def units_of_points(connection: Connection, points: Iterable[str]) -> dict[str, str]:
    """For every one of these points, return the code of the unit that the hall belongs to.

    Unknown points are left out.
    """
    rows = connection.execute(select(Point.code, Point.unit).where(Point.code.in_(sorted(points))))
    return dict(rows.all())


def all_units(connection: Connection) -> dict[str, UnitSummary]:
    """Return all units by code, including ended ones, sorted by code."""
    query = select(Unit.code, Unit.name, Unit.type, Unit.ended_ms).order_by(Unit.code)
    return {row.code: UnitSummary(*row) for row in connection.execute(query)}


def all_unit_names(connection: Connection) -> dict[str, str]:
    """Return the names of all units by code, including ended ones, for old meetings."""
    return {code: unit.name for code, unit in all_units(connection).items()}


def unit_names(connection: Connection) -> dict[str, str]:
    """Return the names of the units that have not ended, by code, for lists to choose from."""
    return {
        code: unit.name for code, unit in all_units(connection).items() if unit.ended_ms is None
    }


def all_points(connection: Connection) -> dict[str, PointSummary]:
    """Return all points by code, including ended ones, sorted by code."""
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


def points(connection: Connection) -> dict[str, PointSummary]:
    """Return the points that have not ended, by code, for lists to choose from."""
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
