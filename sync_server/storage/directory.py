"""Store the units, points (halls) and meetings that headquarters has accepted or added.

Most come from a portal release (a published version of the portal). People, and the
attendance records of meetings, are stored by other modules.
"""

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
"""A meeting is open to its halls from three hours (in ms) before the start, so that they can test
the equipment and seat people."""


Name = Annotated[
    str, Meta(max_length=300, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]*\Z")
]
"""A name of at most 300 characters. Control characters are not allowed, because the XML of a report
file cannot contain them."""


class PublishedUnit(Struct, frozen=True):
    """A unit (a Party organisation) as the portal (the public website) publishes it in
    `facts.json`.

    `type` is the code of one of the five unit types.
    """

    code: UnitCode
    name: Name
    type: UnitType


class PublishedPoint(Struct, frozen=True):
    """A point (a hall) as the portal (the public website) publishes it in `facts.json`.

    `unit` is the code of the unit to which the hall belongs.
    """

    code: PointCode
    name: Name
    unit: UnitCode


class PublishedMeeting(Struct, frozen=True):
    """A meeting as the portal (the public website) publishes it in `facts.json`.

    `starts_at` and `ends_at` are in ISO 8601 UTC. People who arrive up to `grace_minutes` after the
    start are not late. `points`: the codes of the halls that take part; empty if all halls do.
    `materials`: the codes of the meeting's documents and files. `basis`: the codes of the documents
    on which the meeting is based.
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
    """A material (a document or file for a meeting) as the portal publishes it in `facts.json`.

    The portal is the public website. `kind` is a code such as `NGHI_QUYET`. If the material is an
    official document, `number`, `issuer` and `date` (YYYY-MM-DD) are the document's. `public_from`
    is in ISO 8601 UTC, or empty if the material is public at once.
    """

    code: str
    title: str
    kind: str
    number: str = ""
    public_from: str = ""
    issuer: str = ""
    date: str = ""


class PublishedDirectory(Struct, frozen=True):
    """The content of `facts.json`, a file of a portal release.

    A release is a published version of the portal; `points` are halls.
    """

    units: tuple[PublishedUnit, ...]
    points: tuple[PublishedPoint, ...]
    meetings: tuple[PublishedMeeting, ...]
    materials: tuple[PublishedMaterial, ...] = ()


class MeetingSummary(Struct, frozen=True):
    """A meeting in a list for a device or for the office pages. Times are in ISO 8601 UTC.

    `state` is `upcoming` until three hours before the start, then `open` until the end, then
    `closed`. A cancelled meeting is always `closed`. `has_begun`: whether the start time has
    passed.
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

    `type` is the code of the unit's type. `ended_ms` (ms since 1970 UTC) is the time when the unit
    ceased to exist, or None; later lists of summoned people do not include the unit.
    """

    code: str
    name: str
    type: str
    ended_ms: int | None = None


class PointSummary(Struct, frozen=True):
    """A point (a hall) as the office pages list it.

    `unit` is the code of the unit to which the hall belongs; `unit_type` is the code of that unit's
    type, or empty if unknown. `capacity` is the number of seats, or None if unknown. After
    `ended_ms` (ms since 1970 UTC), the hall is not invited to new meetings.
    """

    code: str
    name: str
    unit: str
    unit_type: str = ""
    capacity: int | None = None
    ended_ms: int | None = None


def put_unit(connection: Connection, unit: UnitSummary) -> None:
    """Store a unit; if its code is already stored, replace the unit's name, type and end date."""
    values = {"name": unit.name, "type": unit.type, "ended_ms": unit.ended_ms}
    statement = update(Unit).where(Unit.code == unit.code).values(values)
    if connection.execute(statement).rowcount == 0:
        connection.execute(insert(Unit).values(code=unit.code, **values))


def put_point(connection: Connection, point: PointSummary) -> None:
    """Store a hall; if it is stored already, replace its name, unit, capacity and end date."""
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
    """Store published units and halls, or update those that are already stored.

    An update replaces a unit's name and type, or a hall's name and unit. Capacities and end
    dates stay unchanged, and so do stored units and halls that are not in `units` and `points`.
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
    """Store those published units and halls whose codes are not stored yet.

    Units and halls that are already stored stay unchanged.
    """
    unit_codes_known, point_codes_known = all_units(connection), all_points(connection)
    put_places(
        connection,
        [unit for unit in units if unit.code not in unit_codes_known],
        [point for point in points if point.code not in point_codes_known],
    )


def put_meeting(connection: Connection, published: PublishedMeeting) -> None:
    """Store a published meeting, or update its title, its times and whether it is a rehearsal.

    A cancelled meeting stays cancelled. The halls do not see an update: they learn titles and times
    only from records of kind `setting`.
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
    """Store that headquarters has accepted or rejected the published version of a meeting.

    The office pages ask headquarters to decide again only if the published meeting changes. Changes
    that matter only in reports (materials, basis, host and mode) do not count.
    """
    note_answer(connection, published.id, _fingerprint(published))


def is_answered(connection: Connection, published: PublishedMeeting) -> bool:
    """Return whether headquarters has accepted or rejected the present version of a meeting.

    `published` is the version that the portal (the public website) now publishes. If the meeting
    has changed since headquarters' last decision, return False. Values that are used only in
    reports (materials, basis, host and mode) are not compared.
    """
    return last_answer(connection, published.id) == _fingerprint(published)


def note_answer(connection: Connection, subject: str, fingerprint: str) -> None:
    """Store the hash of published data that headquarters has just accepted or rejected.

    `fingerprint` is the hash, which replaces the previous one. `subject` is the id of the
    meeting that the data describe, or `(directory)` for the list of units and halls.
    """
    connection.execute(delete(AnsweredProposal).where(AnsweredProposal.meeting == subject))
    row = {"meeting": subject, "fingerprint": fingerprint}
    connection.execute(insert(AnsweredProposal), [row])


def last_answer(connection: Connection, subject: str) -> str | None:
    """Return the hash of the published data that headquarters accepted or rejected last.

    Return None if headquarters has not decided yet. `subject` is the id of the meeting that the
    data describe, or `(directory)` for the list of units and halls.
    """
    query = select(AnsweredProposal.fingerprint).where(AnsweredProposal.meeting == subject)
    return connection.scalar(query)


def _fingerprint(published: PublishedMeeting) -> str:
    facts = replace(published, materials=(), basis=(), host="", mode="")
    # Fields that only reports use are left out: a change of them needs no answer.
    return hashlib.sha256(msgspec.json.encode(facts)).hexdigest()


def set_cancelled(connection: Connection, meeting_id: str, is_cancelled: bool) -> None:
    """Store whether a meeting is cancelled.

    The halls do not see this change: they learn of it only from records of kind `setting`.
    """
    statement = update(Meeting).where(Meeting.id == meeting_id)
    connection.execute(statement.values(is_cancelled=is_cancelled))


def meetings(connection: Connection, now_ms: int, point: str | None = None) -> list[MeetingSummary]:
    """Return all meetings, or only those of the hall `point`, sorted from latest to earliest start.

    `now_ms` is the present time; it decides whether a meeting is upcoming, open or closed.
    """
    query = select(*_MEETING_COLUMNS)
    if point is not None:
        query = query.join(Stream, Stream.meeting == Meeting.id).where(Stream.point == point)
    return [
        _summary_of(*row, now_ms)
        for row in connection.execute(query.order_by(Meeting.starts_ms.desc()))
    ]


def meeting(connection: Connection, meeting_id: str, now_ms: int) -> MeetingSummary | None:
    """Return the meeting with this id; None if the id is unknown.

    `now_ms` is the present time; it decides whether the meeting is upcoming, open or closed.
    """
    row = connection.execute(
        select(*_MEETING_COLUMNS).where(Meeting.id == meeting_id)
    ).one_or_none()
    return _summary_of(*row, now_ms) if row else None


def point_codes(connection: Connection) -> Sequence[str]:
    """Return the sorted codes of the halls that are still in use."""
    query = select(Point.code).where(Point.ended_ms.is_(None))
    return connection.scalars(query.order_by(Point.code)).all()


def units_of_points(connection: Connection, points: Iterable[str]) -> dict[str, str]:
    """Return {point code: code of the unit to which the hall belongs} for the codes in `points`.

    Unknown codes are left out.
    """
    rows = connection.execute(select(Point.code, Point.unit).where(Point.code.in_(sorted(points))))
    return dict(rows.all())


def all_units(connection: Connection) -> dict[str, UnitSummary]:
    """Return {code: unit} of all units, sorted by code, including units that no longer exist."""
    query = select(Unit.code, Unit.name, Unit.type, Unit.ended_ms).order_by(Unit.code)
    return {row.code: UnitSummary(*row) for row in connection.execute(query)}


def all_unit_names(connection: Connection) -> dict[str, str]:
    """Return {unit code: name} of all units, including units that no longer exist.

    Old meetings need the names of units that no longer exist.
    """
    return {code: unit.name for code, unit in all_units(connection).items()}


def unit_names(connection: Connection) -> dict[str, str]:
    """Return {unit code: name} of the units that still exist. Users choose from these names."""
    return {
        code: unit.name for code, unit in all_units(connection).items() if unit.ended_ms is None
    }


def all_points(connection: Connection) -> dict[str, PointSummary]:
    """Return {point code: hall} of all halls, sorted by code, including halls no longer in use."""
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
    """Return {point code: hall} of the halls still in use. Users choose from these halls."""
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
