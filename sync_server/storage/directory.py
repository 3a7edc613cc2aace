"""Units, points and meetings: the public facts that headquarters accepted from a release."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, delete, insert, select, update

from sync_server.domain.codes import from_ms, to_ms
from sync_server.storage.models import AnsweredProposal, Meeting, Point, Stream, Unit

OPENS_BEFORE_MS = 3 * 3600 * 1000
"""Halls gather, test and seat people well before the opening; a kiosk then offers the meeting."""


class UnitFact(Struct, frozen=True):
    """A unit as the release's `facts.json` has it."""

    code: str
    name: str
    type: str


class PointFact(Struct, frozen=True):
    """A point as the release's `facts.json` has it."""

    code: str
    name: str
    unit: str


class MeetingFact(Struct, frozen=True):
    """A meeting as the release's `facts.json` has it; `points` empty means all of them."""

    id: str
    title: str
    starts_at: str
    ends_at: str
    grace_minutes: int = 0
    points: tuple[str, ...] = ()
    rehearsal: bool = False


class ReleaseFacts(Struct, frozen=True):
    """The whole of `facts.json`."""

    units: tuple[UnitFact, ...]
    points: tuple[PointFact, ...]
    meetings: tuple[MeetingFact, ...]


class MeetingLine(Struct, frozen=True):
    """A meeting as a device or the office lists it. It is open from hours before it begins."""

    id: str
    title: str
    starts_at: str
    ends_at: str
    state: Literal["upcoming", "open", "closed"]
    has_begun: bool
    rehearsal: bool
    cancelled: bool


def put_places(
    connection: Connection, units: Iterable[UnitFact], points: Iterable[PointFact]
) -> None:
    """Replace the directory of units and points."""
    connection.execute(delete(Point))
    connection.execute(delete(Unit))
    for model, facts in ((Unit, list(units)), (Point, list(points))):
        if facts:
            rows = [{name: getattr(f, name) for name in f.__struct_fields__} for f in facts]
            connection.execute(insert(model), rows)


def put_meeting(connection: Connection, fact: MeetingFact) -> None:
    """Make a meeting known, or replace what is known of it; whether it is held stays as it is."""
    values = {
        "title": fact.title,
        "starts_ms": to_ms(fact.starts_at),
        "ends_ms": to_ms(fact.ends_at),
        "is_rehearsal": fact.rehearsal,
    }
    known = update(Meeting).where(Meeting.id == fact.id).values(values)
    if connection.execute(known).rowcount == 0:
        connection.execute(insert(Meeting).values(id=fact.id, **values))


def answer(connection: Connection, fact: MeetingFact) -> None:
    """Note that headquarters has seen these facts, whether or not it takes them."""
    connection.execute(delete(AnsweredProposal).where(AnsweredProposal.meeting == fact.id))
    row = {"meeting": fact.id, "fingerprint": _fingerprint(fact)}
    connection.execute(insert(AnsweredProposal), [row])


def is_answered(connection: Connection, fact: MeetingFact) -> bool:
    """Say whether headquarters has seen these very facts."""
    own = select(AnsweredProposal.fingerprint).where(AnsweredProposal.meeting == fact.id)
    return connection.scalar(own) == _fingerprint(fact)


def _fingerprint(fact: MeetingFact) -> str:
    return hashlib.sha256(msgspec.json.encode(fact)).hexdigest()


def set_cancelled(connection: Connection, meeting_id: str, is_cancelled: bool) -> None:
    """Note whether a meeting is held; its settings say so to each point."""
    changed = update(Meeting).where(Meeting.id == meeting_id)
    connection.execute(changed.values(is_cancelled=is_cancelled))


def meetings(connection: Connection, now_ms: int, point: str | None = None) -> list[MeetingLine]:
    """Return the meetings, those of a point if one is given, the latest first."""
    query = select(*_LINE)
    if point is not None:
        query = query.join(Stream, Stream.meeting == Meeting.id).where(Stream.point == point)
    return [
        _line(*row, now_ms) for row in connection.execute(query.order_by(Meeting.starts_ms.desc()))
    ]


def meeting(connection: Connection, meeting_id: str, now_ms: int) -> MeetingLine | None:
    """Return one meeting; None if it is unknown."""
    row = connection.execute(select(*_LINE).where(Meeting.id == meeting_id)).one_or_none()
    return _line(*row, now_ms) if row else None


def point_codes(connection: Connection) -> Sequence[str]:
    """Return all points in the order of their codes."""
    return connection.scalars(select(Point.code).order_by(Point.code)).all()


def units_of_points(connection: Connection, points: Iterable[str]) -> dict[str, str]:
    """Return by point the unit whose hall it is."""
    rows = connection.execute(select(Point.code, Point.unit).where(Point.code.in_(sorted(points))))
    return dict(rows.all())


def unit_codes(connection: Connection) -> Sequence[str]:
    """Return all units in the order of their codes."""
    return connection.scalars(select(Unit.code).order_by(Unit.code)).all()


def unit_names(connection: Connection) -> dict[str, str]:
    """Return the names of all units by code, in the order of their codes."""
    return dict(connection.execute(select(Unit.code, Unit.name).order_by(Unit.code)).all())


class PointLine(NamedTuple):
    """A point with its unit, as the release publishes them."""

    code: str
    name: str
    unit: str
    unit_type: str


def points(connection: Connection) -> dict[str, PointLine]:
    """Return all points by code, in the order of their codes."""
    rows = connection.execute(
        select(Point.code, Point.name, Point.unit, Unit.type)
        .outerjoin(Unit, Unit.code == Point.unit)
        .order_by(Point.code)
    )
    return {row.code: PointLine(row.code, row.name, row.unit, row.type or "") for row in rows}


_LINE = (
    Meeting.id,
    Meeting.title,
    Meeting.starts_ms,
    Meeting.ends_ms,
    Meeting.is_rehearsal,
    Meeting.is_cancelled,
)


def _line(
    meeting_id: str,
    title: str,
    starts_ms: int,
    ends_ms: int,
    is_rehearsal: bool,
    is_cancelled: bool,
    now_ms: int,
) -> MeetingLine:
    state: Literal["upcoming", "open", "closed"] = "open"
    if is_cancelled or now_ms > ends_ms:
        state = "closed"
    elif now_ms < starts_ms - OPENS_BEFORE_MS:
        state = "upcoming"
    span = (from_ms(starts_ms), from_ms(ends_ms))
    has_begun = now_ms >= starts_ms
    return MeetingLine(meeting_id, title, *span, state, has_begun, is_rehearsal, is_cancelled)
