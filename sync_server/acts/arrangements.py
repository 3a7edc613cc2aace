"""Headquarters' arrangements for a meeting, written as records: settings, rolls and seats."""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import UNSET
from msgspec.structs import replace
from sqlalchemy import Connection

from sync_server.acts.summons_lists import SummonsRow
from sync_server.acts.writing import SERVER_WRITER, envelope, write_records
from sync_server.domain.records.codes import MINUTE_MS, from_ms, to_ms, year_of
from sync_server.domain.records.door import Writer
from sync_server.domain.records.kinds import Record, Roll, RollBody, Setting, SettingBody, Summoned
from sync_server.errors import UnknownMeeting
from sync_server.messages import say
from sync_server.storage import directory
from sync_server.storage.directory import MeetingSummary, PublishedMeeting
from sync_server.storage.ledger import standings, streams
from sync_server.storage.ledger.streams import StreamKey
from sync_server.storage.people import roster

MAX_MEETING_CODE = 64


def accept_meeting(
    connection: Connection, meeting: PublishedMeeting, now_ms: int, writer: Writer = SERVER_WRITER
) -> int:
    """Accept a published meeting at its points; return the number of points.

    A release changes no standing by itself: this act puts the published facts into force.
    """
    directory.put_meeting(connection, meeting)
    directory.answer(connection, meeting)
    points = meeting.points or tuple(directory.point_codes(connection))
    body = SettingBody(
        starts_at=meeting.starts_at,
        ends_at=meeting.ends_at,
        grace_minutes=meeting.grace_minutes,
        rehearsal=meeting.rehearsal or UNSET,
    )
    arrange(connection, meeting.id, points, body, now_ms, writer)
    return len(points)


def arrange(
    connection: Connection,
    meeting: str,
    points: Iterable[str],
    body: SettingBody,
    now_ms: int,
    writer: Writer = SERVER_WRITER,
) -> None:
    """Write a setting with this body at these points."""
    settings = [Setting(**envelope(writer, meeting, point, now_ms), body=body) for point in points]
    write_records(connection, writer, settings, now_ms)


def postpone(
    connection: Connection, meeting: str, starts_ms: int, ends_ms: int, now_ms: int, writer: Writer
) -> None:
    """Move a meeting to another time. Raises: UnknownMeeting."""
    summary = require_meeting(connection, meeting, now_ms)
    published = PublishedMeeting(
        id=meeting,
        title=summary.title,
        starts_at=from_ms(starts_ms),
        ends_at=from_ms(ends_ms),
        rehearsal=summary.rehearsal,
    )
    directory.put_meeting(connection, published)
    body = SettingBody(starts_at=published.starts_at, ends_at=published.ends_at)
    arrange(connection, meeting, points_of(connection, meeting), body, now_ms, writer)


def cancel(
    connection: Connection, meeting: str, now_ms: int, writer: Writer, *, is_cancelled: bool = True
) -> None:
    """Cancel a meeting, or restore it. Raises: UnknownMeeting."""
    require_meeting(connection, meeting, now_ms)
    directory.set_cancelled(connection, meeting, is_cancelled)
    body = SettingBody(cancelled=is_cancelled)
    arrange(connection, meeting, points_of(connection, meeting), body, now_ms, writer)


def rehearse(
    connection: Connection,
    meeting: str,
    starts_ms: int,
    now_ms: int,
    writer: Writer = SERVER_WRITER,
) -> PublishedMeeting:
    """Create the rehearsal of a meeting: a second meeting with the same halls and rolls.

    It counts in no figure. Raises: UnknownMeeting.
    """
    summary = require_meeting(connection, meeting, now_ms)
    rolls = rolls_of(connection, meeting)
    length_ms = to_ms(summary.ends_at) - to_ms(summary.starts_at)
    rehearsal = PublishedMeeting(
        id=rehearsal_of(meeting),
        title=say("meeting.rehearsal", title=summary.title),
        starts_at=from_ms(starts_ms),
        ends_at=from_ms(starts_ms + length_ms),
        grace_minutes=_grace_minutes(connection, meeting, min(rolls, default="")),
        points=tuple(sorted(rolls)),
        rehearsal=True,
    )
    accept_meeting(connection, rehearsal, now_ms, writer)
    summoning_rolls = {point: roll for point, roll in rolls.items() if roll}
    summon(connection, rehearsal.id, summoning_rolls, now_ms, writer)
    return rehearsal


def rehearsal_of(meeting: str) -> str:
    """Return the code of a meeting's rehearsal."""
    return f"{meeting}-tong-duyet"[:MAX_MEETING_CODE]


def summon(
    connection: Connection,
    meeting: str,
    rolls: Mapping[str, Sequence[Summoned]],
    now_ms: int,
    writer: Writer = SERVER_WRITER,
) -> None:
    """Write the rolls of the named points, and the officers of their units who may preside there.

    The new roll replaces the point's roll. By default the unit's Secretary presides, or a Deputy
    named by the Secretary (checklist rows 24 and 25).
    """
    records: list[Record] = [
        Roll(**envelope(writer, meeting, point, now_ms), body=RollBody(people=tuple(people)))
        for point, people in sorted(rolls.items())
    ]
    units = directory.units_of_points(connection, rolls)
    starts_ms = start_of(connection, meeting, now_ms)
    for point, unit in sorted(units.items()):
        summoned = {entry.person for entry in rolls[point]}
        officers = roster.officers_of(connection, unit, first=summoned, at_ms=starts_ms)
        if summoned and officers:
            body = SettingBody(chairing_unit=unit, officers=officers)
            records.append(Setting(**envelope(writer, meeting, point, now_ms), body=body))
    write_records(connection, writer, records, now_ms)


def summon_rows(
    connection: Connection, rows: Sequence[SummonsRow], at_ms: int, writer: Writer = SERVER_WRITER
) -> None:
    """Write the rolls that a file's rows describe; people who are exempt stay exempt."""
    by_meeting: dict[str, list[SummonsRow]] = {}
    for row in rows:
        by_meeting.setdefault(row.meeting, []).append(row)
    for meeting, meeting_rows in by_meeting.items():
        units_and_positions = roster.units_and_positions(
            connection,
            [row.person for row in meeting_rows],
            at_ms=start_of(connection, meeting, at_ms),
        )
        by_point: dict[str, list[Summoned]] = {}
        for row in meeting_rows:
            line = Summoned(row.person, *units_and_positions[row.person], row.seat)
            by_point.setdefault(row.point, []).append(line)
        exempt = exempt_people(rolls_of(connection, meeting))
        for roll in by_point.values():
            roll[:] = [replace(summoned, exempt=summoned.person in exempt) for summoned in roll]
        summon(connection, meeting, by_point, at_ms, writer)


def start_of(connection: Connection, meeting: str, now_ms: int) -> int:
    """Return when a meeting starts; the present for one that headquarters has not accepted."""
    summary = directory.meeting(connection, meeting, now_ms)
    return to_ms(summary.starts_at) if summary else now_ms


def exempt_people(rolls: Mapping[str, Sequence[Summoned]]) -> frozenset[str]:
    """Return the people who are exempt in any hall; a new roll keeps them exempt."""
    return frozenset(line.person for roll in rolls.values() for line in roll if line.exempt)


def merge(
    connection: Connection, meeting: str, point: str, into: str, now_ms: int, writer: Writer
) -> int:
    """Move a hall's people to another hall's roll, without seats; return how many.

    The first hall's roll is then empty. The chair of the other hall stays the same.
    """
    rolls = rolls_of(connection, meeting)
    moved = [
        Summoned(entry.person, entry.unit, entry.position, "", entry.exempt)
        for entry in rolls.get(point, ())
    ]
    both = [*rolls.get(into, ()), *moved]
    records: list[Record] = [
        Setting(**envelope(writer, meeting, point, now_ms), body=SettingBody(merged_into=into)),
        Roll(**envelope(writer, meeting, point, now_ms), body=RollBody(people=())),
        Roll(**envelope(writer, meeting, into, now_ms), body=RollBody(people=tuple(both))),
    ]
    write_records(connection, writer, records, now_ms)
    return len(moved)


def assign_seats(
    connection: Connection, key: StreamKey, seats: Mapping[str, str], now_ms: int, writer: Writer
) -> None:
    """Assign the named seats to people on a point's roll; the others keep their seats."""
    people = tuple(
        Summoned(
            entry.person,
            entry.unit,
            entry.position,
            seats.get(entry.person, entry.seat),
            entry.exempt,
        )
        for entry in roll_of(connection, key)
    )
    record = Roll(**envelope(writer, *key, now_ms), body=RollBody(people=people))
    write_records(connection, writer, [record], now_ms)


def rolls_of(connection: Connection, meeting: str) -> dict[str, list[Summoned]]:
    """Return the people that the points of a meeting summon, in the order of their rolls."""
    keys = streams.of_meeting(connection, meeting)
    return {key.point: roll_of(connection, key) for key in keys}


def roll_of(connection: Connection, key: StreamKey) -> list[Summoned]:
    """Return the people a point summons, in the order of its roll."""
    return [
        Summoned(entry.person, entry.unit, entry.position, entry.seat, entry.exempt)
        for entry in roster.roster_of(connection, key).people
    ]


def points_of(connection: Connection, meeting: str) -> list[str]:
    """Return the points that take part in a meeting, sorted by code."""
    return sorted(key.point for key in streams.of_meeting(connection, meeting))


def require_meeting(connection: Connection, meeting: str, now_ms: int) -> MeetingSummary:
    """Return a meeting's summary. Raises: UnknownMeeting."""
    summary = directory.meeting(connection, meeting, now_ms)
    if summary is None:
        raise UnknownMeeting(meeting=meeting)
    return summary


def of_year(meetings: Iterable[MeetingSummary], year: int) -> list[MeetingSummary]:
    """Return those meetings that start in a year of Vietnam's calendar, in the same order."""
    return [meeting for meeting in meetings if year_of(to_ms(meeting.starts_at)) == year]


def held_in(connection: Connection, year: int, now_ms: int) -> list[MeetingSummary]:
    """Return the meetings of a year that are over, the latest first.

    Rehearsals and cancelled meetings are not among them.
    """
    return [
        meeting
        for meeting in of_year(directory.meetings(connection, now_ms), year)
        if meeting.state == "closed" and not meeting.cancelled and not meeting.rehearsal
    ]


def _grace_minutes(connection: Connection, meeting: str, point: str) -> int:
    """Return the minutes of grace in force at a point of a meeting."""
    standing = standings.read(connection, StreamKey(meeting, point))
    return standing.terms.grace_ms // MINUTE_MS if standing else 0
