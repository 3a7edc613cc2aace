"""Units, points and meetings: the public facts that headquarters accepted from a release."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, delete, insert, select, update

from sync_server.domain.records.codes import from_ms, to_ms
from sync_server.domain.shared import SHARED
from sync_server.storage.models import AnsweredProposal, Meeting, Point, Stream, Unit

OPENS_BEFORE_MS = SHARED.opens_before_ms
"""Halls gather, test and seat people well before the opening; a kiosk then offers the meeting."""


class PublishedUnit(Struct, frozen=True):
    """A unit in the release's `facts.json`."""

    code: str
    name: str
    type: str


class PublishedPoint(Struct, frozen=True):
    """A point in the release's `facts.json`."""

    code: str
    name: str
    unit: str


class PublishedMeeting(Struct, frozen=True):
    """A meeting in the release's `facts.json`; empty `points` means all points."""

    id: str
    title: str
    starts_at: str
    ends_at: str
    grace_minutes: int = 0
    points: tuple[str, ...] = ()
    rehearsal: bool = False


class PublishedDirectory(Struct, frozen=True):
    """The whole of `facts.json`."""

    units: tuple[PublishedUnit, ...]
    points: tuple[PublishedPoint, ...]
    meetings: tuple[PublishedMeeting, ...]


class MeetingSummary(Struct, frozen=True):
    """A meeting in a device's or the office's list; it is open from `OPENS_BEFORE_MS` before it."""

    id: str
    title: str
    starts_at: str
    ends_at: str
    state: Literal["upcoming", "open", "closed"]
    has_begun: bool
    rehearsal: bool
    cancelled: bool


def put_places(
    connection: Connection, units: Iterable[PublishedUnit], points: Iterable[PublishedPoint]
) -> None:
    """Replace the directory of units and points."""
    connection.execute(delete(Point))
    connection.execute(delete(Unit))
    for model, places in ((Unit, list(units)), (Point, list(points))):
        if places:
            rows = [
                {name: getattr(place, name) for name in place.__struct_fields__} for place in places
            ]
            connection.execute(insert(model), rows)


def put_meeting(connection: Connection, published: PublishedMeeting) -> None:
    """Store a published meeting or replace its facts; whether it is cancelled does not change."""
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
    """Note that headquarters has seen these published facts, whether or not it accepts them."""
    connection.execute(delete(AnsweredProposal).where(AnsweredProposal.meeting == published.id))
    row = {"meeting": published.id, "fingerprint": _fingerprint(published)}
    connection.execute(insert(AnsweredProposal), [row])


def is_answered(connection: Connection, published: PublishedMeeting) -> bool:
    """Return whether headquarters has seen exactly these published facts."""
    last_answer = select(AnsweredProposal.fingerprint).where(
        AnsweredProposal.meeting == published.id
    )
    return connection.scalar(last_answer) == _fingerprint(published)


def _fingerprint(published: PublishedMeeting) -> str:
    return hashlib.sha256(msgspec.json.encode(published)).hexdigest()


def set_cancelled(connection: Connection, meeting_id: str, is_cancelled: bool) -> None:
    """Store whether a meeting is cancelled; its points learn it from their settings."""
    statement = update(Meeting).where(Meeting.id == meeting_id)
    connection.execute(statement.values(is_cancelled=is_cancelled))


def meetings(connection: Connection, now_ms: int, point: str | None = None) -> list[MeetingSummary]:
    """Return all meetings, or those of a point, the latest first."""
    query = select(*_MEETING_COLUMNS)
    if point is not None:
        query = query.join(Stream, Stream.meeting == Meeting.id).where(Stream.point == point)
    return [
        _summary_of(*row, now_ms)
        for row in connection.execute(query.order_by(Meeting.starts_ms.desc()))
    ]


def meeting(connection: Connection, meeting_id: str, now_ms: int) -> MeetingSummary | None:
    """Return one meeting; None if it is unknown."""
    row = connection.execute(
        select(*_MEETING_COLUMNS).where(Meeting.id == meeting_id)
    ).one_or_none()
    return _summary_of(*row, now_ms) if row else None


def point_codes(connection: Connection) -> Sequence[str]:
    """Return the codes of all points, sorted."""
    return connection.scalars(select(Point.code).order_by(Point.code)).all()


def units_of_points(connection: Connection, points: Iterable[str]) -> dict[str, str]:
    """Return, by point, the code of the unit that the hall belongs to."""
    rows = connection.execute(select(Point.code, Point.unit).where(Point.code.in_(sorted(points))))
    return dict(rows.all())


def unit_codes(connection: Connection) -> Sequence[str]:
    """Return the codes of all units, sorted."""
    return connection.scalars(select(Unit.code).order_by(Unit.code)).all()


def unit_names(connection: Connection, *, with_ended: bool = True) -> dict[str, str]:
    """Return the names of the units by code, in the order of their codes."""
    query = select(Unit.code, Unit.name).order_by(Unit.code)
    if not with_ended:
        query = query.where(Unit.ended_ms.is_(None))
    return dict(connection.execute(query).all())


class PointSummary(NamedTuple):
    """A point with its unit, as the release publishes them."""

    code: str
    name: str
    unit: str
    unit_type: str


def points(connection: Connection) -> dict[str, PointSummary]:
    """Return all points by code, in the order of their codes."""
    rows = connection.execute(
        select(Point.code, Point.name, Point.unit, Unit.type)
        .outerjoin(Unit, Unit.code == Point.unit)
        .order_by(Point.code)
    )
    return {row.code: PointSummary(row.code, row.name, row.unit, row.type or "") for row in rows}


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
