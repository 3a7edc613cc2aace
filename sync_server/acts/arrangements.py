"""Record headquarters' arrangements for meetings: times, summoned people and seats.

An arrangement is stored as a new record in the ledger for every hall (point) concerned. The latest
record of an arrangement applies. The list of people summoned to a hall is called its roll.
"""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import UNSET
from msgspec.structs import replace
from sqlalchemy import Connection

from sync_server.acts.summons_lists import SummonsRow
from sync_server.acts.writing import SERVER_WRITER, envelope, write_records
from sync_server.database import count_rows_anew
from sync_server.domain.records.codes import MINUTE_MS, from_ms, to_ms, year_of
from sync_server.domain.records.door import Writer
from sync_server.domain.records.kinds import Record, Roll, RollBody, Setting, SettingBody, Summoned
from sync_server.errors import UnknownMeeting
from sync_server.messages import say
from sync_server.storage import directory
from sync_server.storage.directory import MeetingSummary, PublishedMeeting
from sync_server.storage.ledger import standings, streams
from sync_server.storage.ledger.streams import StreamKey
from sync_server.storage.models import Summons
from sync_server.storage.people import roster

MAX_MEETING_CODE = 64


def accept_meeting(
    connection: Connection, meeting: PublishedMeeting, now_ms: int, writer: Writer = SERVER_WRITER
) -> int:
    """Apply a meeting's published times in its halls (points); return the number of halls.

    The start, end and grace period (tolerated delay) in `meeting` apply from now on. Times that
    the portal publishes later have no effect until this function is called again. A meeting
    that lists no halls takes place in all halls that are still in use.

    Raises: BadForm if the ledger refuses a record.
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
    """Record the same arrangements for a meeting in several halls.

    `points` are the codes of the halls. `body` contains the arrangements, such as the start or the
    number of seats. Arrangements that `body` leaves out stay unchanged.

    Raises: BadForm if the ledger refuses a record.
    """
    settings = [Setting(**envelope(writer, meeting, point, now_ms), body=body) for point in points]
    write_records(connection, writer, settings, now_ms)


def postpone(
    connection: Connection, meeting: str, starts_ms: int, ends_ms: int, now_ms: int, writer: Writer
) -> None:
    """Move a meeting to another time in all its halls.

    `starts_ms` and `ends_ms` are the new start and end, in ms since 1970 UTC. Raises:
    UnknownMeeting if no meeting has the id `meeting`.
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
    """Cancel a meeting in all its halls, or restore it if `is_cancelled` is False.

    Raises: UnknownMeeting if no meeting has the id `meeting`.
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
    """Create a rehearsal of a meeting, and return the rehearsal.

    A rehearsal is a second meeting with the same halls, summoned people and length; statistics
    leave it out. `writer` creates it at `now_ms`, and it starts at `starts_ms` (ms since 1970 UTC).
    A second call with another start moves the existing rehearsal.

    Raises: UnknownMeeting if no meeting has the id `meeting`.
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
    """Return the id of a meeting's rehearsal: the meeting's id followed by `-tong-duyet`.

    The suffix means "dress rehearsal" in Vietnamese. The result is cut to 64 characters, the limit
    for the id of a meeting.
    """
    return f"{meeting}-tong-duyet"[:MAX_MEETING_CODE]


def summon(
    connection: Connection,
    meeting: str,
    rolls: Mapping[str, Sequence[Summoned]],
    now_ms: int,
    writer: Writer = SERVER_WRITER,
) -> None:
    """Replace the lists of people summoned to the halls in `rolls`, and set who may preside there.

    `rolls` is {hall's code: people summoned, in order}. The Secretary of the hall's unit may
    preside, or a Deputy named by the Secretary (docs/checklist.md, rows 24 and 25). If the list
    of a hall is empty, its presiding officers stay unchanged. Raises: BadForm if the ledger
    refuses a record.
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
    count_rows_anew(connection, Summons.__tablename__)


def summon_rows(
    connection: Connection, rows: Sequence[SummonsRow], at_ms: int, writer: Writer = SERVER_WRITER
) -> None:
    """Replace the lists of summoned people of all halls that the rows name.

    The new list of a hall contains the people in its rows, in order, with their units and positions
    at the start of the meeting. A person who is exempt (may attend, but is not counted as summoned)
    in any current list of the meeting stays exempt. `at_ms` is the present time in ms since 1970
    UTC. Raises: BadForm if the ledger refuses a record.
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

    If the meeting is unknown, because headquarters has not accepted it yet, return `now_ms`.
    """
    summary = directory.meeting(connection, meeting, now_ms)
    return to_ms(summary.starts_at) if summary else now_ms


def exempt_people(rolls: Mapping[str, Sequence[Summoned]]) -> frozenset[str]:
    """Return the codes of the people who are exempt in any list in `rolls`.

    `rolls` is {hall's code: people summoned to the hall}. An exempt person may attend, but is
    not counted as summoned.
    """
    return frozenset(line.person for roll in rolls.values() for line in roll if line.exempt)


def merge(
    connection: Connection, meeting: str, point: str, into: str, now_ms: int, writer: Writer
) -> int:
    """Move all summoned people from the hall `point` to the hall `into`; return their number.

    `point` and `into` are the codes of halls. The people are added at the end of the new hall's
    list, without seats. The old hall's list becomes empty. The presiding officers of the new hall
    stay the same. Raises: BadForm if the ledger refuses a record.
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
    """Assign seats to people who are summoned to a hall.

    `key` is the meeting and the hall. `seats` is {person's code: new seat}; codes of people who
    are not summoned to the hall are ignored. All other people in the hall keep their seats.
    Raises: BadForm if the ledger refuses the changed list.
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
    """Return {hall's code: people summoned to the hall} for a meeting.

    The people of a hall are in the order of its latest list, which is empty if nobody is
    summoned to the hall.
    """
    keys = streams.of_meeting(connection, meeting)
    return {key.point: roll_of(connection, key) for key in keys}


def roll_of(connection: Connection, key: StreamKey) -> list[Summoned]:
    """Return the people summoned to a hall for a meeting, in the order of the latest list.

    `key` is the meeting and the hall. The result is empty if nobody is summoned to the hall.
    """
    return [
        Summoned(entry.person, entry.unit, entry.position, entry.seat, entry.exempt)
        for entry in roster.roster_of(connection, key).people
    ]


def points_of(connection: Connection, meeting: str) -> list[str]:
    """Return the codes of the halls that take part in a meeting, in alphabetical order.

    The list is empty if the meeting is unknown.
    """
    return sorted(key.point for key in streams.of_meeting(connection, meeting))


def require_meeting(connection: Connection, meeting: str, now_ms: int) -> MeetingSummary:
    """Return a meeting's title, times and state, or raise an error if the meeting is unknown.

    `now_ms` (ms since 1970 UTC) determines whether the meeting is upcoming, open or closed. Raises:
    UnknownMeeting if no meeting has this id.
    """
    summary = directory.meeting(connection, meeting, now_ms)
    if summary is None:
        raise UnknownMeeting(meeting=meeting)
    return summary


def of_year(meetings: Iterable[MeetingSummary], year: int) -> list[MeetingSummary]:
    """Return those of `meetings` that start in `year`, by Vietnam's time, in unchanged order."""
    return [meeting for meeting in meetings if year_of(to_ms(meeting.starts_at)) == year]


def held_in(connection: Connection, year: int, now_ms: int) -> list[MeetingSummary]:
    """Return the meetings that started in `year` and are over, the most recent one first.

    The year is by Vietnam's time. `now_ms` is the present time in ms since 1970 UTC. Rehearsals and
    cancelled meetings are left out.
    """
    return [
        meeting
        for meeting in of_year(directory.meetings(connection, now_ms), year)
        if meeting.state == "closed" and not meeting.cancelled and not meeting.rehearsal
    ]


def _grace_minutes(connection: Connection, meeting: str, point: str) -> int:
    """Return how many minutes after the start people may reach a hall without being late.

    `point` is the code of the hall. Return 0 if the hall does not take part in the meeting.
    """
    standing = standings.read(connection, StreamKey(meeting, point))
    return standing.terms.grace_ms // MINUTE_MS if standing else 0
