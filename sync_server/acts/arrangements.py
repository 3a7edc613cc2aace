"""Write headquarters' arrangements for meetings as records: settings, rolls and seats."""

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
    """Put the published facts of a meeting into force at its points; return the number of points.

    Every point gets one `setting` record. A meeting that lists no points takes place at all points
    that have not ended. A new release changes no standing before this function is called.

    Raises: BadForm if a record is refused.
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
    """Write one `setting` record with this body at every one of these points.

    Raises: BadForm if a record is refused.
    """
    settings = [Setting(**envelope(writer, meeting, point, now_ms), body=body) for point in points]
    write_records(connection, writer, settings, now_ms)


def postpone(
    connection: Connection, meeting: str, starts_ms: int, ends_ms: int, now_ms: int, writer: Writer
) -> None:
    """Move a meeting to another time at all its points.

    `starts_ms` and `ends_ms` are in ms since 1970 UTC. Raises: UnknownMeeting.
    """
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
    """Cancel a meeting at all its points, or restore it if `is_cancelled` is False.

    Raises: UnknownMeeting.
    """
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
    """Create a rehearsal, which is a second meeting with the same halls, rolls and length.

    The rehearsal starts at `starts_ms` (ms since 1970 UTC) and is left out of all figures. Another
    call moves the rehearsal to the new time. Raises: UnknownMeeting.
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
    """Return the id of a meeting's rehearsal, which is the meeting's id with a suffix.

    The id is cut to 64 characters.
    """
    return f"{meeting}-tong-duyet"[:MAX_MEETING_CODE]


def summon(
    connection: Connection,
    meeting: str,
    rolls: Mapping[str, Sequence[Summoned]],
    now_ms: int,
    writer: Writer = SERVER_WRITER,
) -> None:
    """Replace the rolls of these points, and set which officers may preside at every point.

    `rolls` contains the people of every point in order. By default, the Secretary of the point's
    unit presides, or a Deputy that the Secretary names (checklist rows 24 and 25). An empty roll
    leaves the officers unchanged. Raises: BadForm if a record is refused.
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
    """Replace the roll of every point that the rows name with the people in those rows.

    A person who is exempt on any current roll of the meeting stays exempt. Units and positions are
    those at the start of the meeting. Raises: BadForm if a record is refused.
    """
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
    """Return when a meeting starts, in ms since 1970 UTC.

    Return `now_ms` if headquarters has not accepted the meeting.
    """
    summary = directory.meeting(connection, meeting, now_ms)
    return to_ms(summary.starts_at) if summary else now_ms


def exempt_people(rolls: Mapping[str, Sequence[Summoned]]) -> frozenset[str]:
    """Return the codes of the people who are marked as exempt on any of these rolls."""
    return frozenset(line.person for roll in rolls.values() for line in roll if line.exempt)


def merge(
    connection: Connection, meeting: str, point: str, into: str, now_ms: int, writer: Writer
) -> int:
    """Move all people of one hall to the end of another hall's roll; return how many people moved.

    `point` is the old hall and `into` the new one. The people who move lose their seats. The roll
    of the old hall becomes empty. The chair of the new hall stays the same.
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
    """Assign seats to people on a point's roll; people who are not in `seats` keep their seats.

    `seats` contains the new seat of every person by code. Raises: BadForm if the roll is refused.
    """
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
    """Return the current roll of every point of a meeting, by point code.

    The people are in the order of the roll. A point without a roll has an empty list.
    """
    keys = streams.of_meeting(connection, meeting)
    return {key.point: roll_of(connection, key) for key in keys}


def roll_of(connection: Connection, key: StreamKey) -> list[Summoned]:
    """Return the people that a point summons, in the order of its current roll.

    The list is empty if the point has no roll.
    """
    return [
        Summoned(entry.person, entry.unit, entry.position, entry.seat, entry.exempt)
        for entry in roster.roster_of(connection, key).people
    ]


def points_of(connection: Connection, meeting: str) -> list[str]:
    """Return the codes of the points that take part in a meeting, in alphabetical order."""
    return sorted(key.point for key in streams.of_meeting(connection, meeting))


def require_meeting(connection: Connection, meeting: str, now_ms: int) -> MeetingSummary:
    """Return the summary of a meeting.

    Raises: UnknownMeeting if no meeting has this id.
    """
    summary = directory.meeting(connection, meeting, now_ms)
    if summary is None:
        raise UnknownMeeting(meeting=meeting)
    return summary


def of_year(meetings: Iterable[MeetingSummary], year: int) -> list[MeetingSummary]:
    """Return the meetings that start in this year, by Vietnam's time, in the order given."""
    return [meeting for meeting in meetings if year_of(to_ms(meeting.starts_at)) == year]


def held_in(connection: Connection, year: int, now_ms: int) -> list[MeetingSummary]:
    """Return the meetings that started in this year and are over, the latest first.

    The year is by Vietnam's time. Rehearsals and cancelled meetings are left out.
    """
    return [
        meeting
        for meeting in of_year(directory.meetings(connection, now_ms), year)
        if meeting.state == "closed" and not meeting.cancelled and not meeting.rehearsal
    ]


def _grace_minutes(connection: Connection, meeting: str, point: str) -> int:
    """Return how many minutes after the start people may arrive at a point without being late.

    Return 0 if the point does not take part in the meeting.
    """
    standing = standings.read(connection, StreamKey(meeting, point))
    return standing.terms.grace_ms // MINUTE_MS if standing else 0
