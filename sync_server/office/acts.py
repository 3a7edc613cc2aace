"""What headquarters arranges for a meeting, as records: its facts, its people, its halls."""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import UNSET
from sqlalchemy import Connection

from sync_server.domain.codes import MINUTE_MS, from_ms, to_ms
from sync_server.domain.door import Writer
from sync_server.domain.records import Record, Roll, RollBody, Setting, SettingBody, Summoned
from sync_server.errors import UnknownMeeting
from sync_server.messages import say
from sync_server.office.writing import SERVER, envelope, write_records
from sync_server.storage import directory, roster, standings, streams
from sync_server.storage.directory import MeetingFact, MeetingLine
from sync_server.storage.streams import StreamKey

MAX_MEETING_CODE = 64


def accept_meeting(
    connection: Connection, fact: MeetingFact, now_ms: int, by: Writer = SERVER
) -> int:
    """Accept a meeting's facts at each of its points; return how many points that are.

    A release changes no standing by itself: this is the act that makes its facts count.
    """
    directory.put_meeting(connection, fact)
    directory.answer(connection, fact)
    points = fact.points or tuple(directory.point_codes(connection))
    body = SettingBody(
        starts_at=fact.starts_at,
        ends_at=fact.ends_at,
        grace_minutes=fact.grace_minutes,
        rehearsal=fact.rehearsal or UNSET,
    )
    arrange(connection, fact.id, points, body, now_ms, by)
    return len(points)


def arrange(
    connection: Connection,
    meeting: str,
    points: Iterable[str],
    body: SettingBody,
    now_ms: int,
    by: Writer = SERVER,
) -> None:
    """Set what `body` names at each of these points."""
    own = [Setting(**envelope(by, meeting, point, now_ms), body=body) for point in points]
    write_records(connection, by, own, now_ms)


def postpone(
    connection: Connection, meeting: str, starts_ms: int, ends_ms: int, now_ms: int, by: Writer
) -> None:
    """Hold a meeting at another time. Raises: UnknownMeeting."""
    line = must_know(connection, meeting, now_ms)
    fact = MeetingFact(
        id=meeting,
        title=line.title,
        starts_at=from_ms(starts_ms),
        ends_at=from_ms(ends_ms),
        rehearsal=line.rehearsal,
    )
    directory.put_meeting(connection, fact)
    body = SettingBody(starts_at=fact.starts_at, ends_at=fact.ends_at)
    arrange(connection, meeting, points_of(connection, meeting), body, now_ms, by)


def cancel(
    connection: Connection, meeting: str, now_ms: int, by: Writer, *, is_cancelled: bool = True
) -> None:
    """Say that a meeting is not held, or that it is after all. Raises: UnknownMeeting."""
    must_know(connection, meeting, now_ms)
    directory.set_cancelled(connection, meeting, is_cancelled)
    body = SettingBody(cancelled=is_cancelled)
    arrange(connection, meeting, points_of(connection, meeting), body, now_ms, by)


def rehearse(
    connection: Connection, meeting: str, starts_ms: int, now_ms: int, by: Writer = SERVER
) -> MeetingFact:
    """Make the rehearsal of a meeting: another one with the same halls and rolls, in no figure.

    Raises: UnknownMeeting.
    """
    line = must_know(connection, meeting, now_ms)
    rolls = rolls_of(connection, meeting)
    length_ms = to_ms(line.ends_at) - to_ms(line.starts_at)
    fact = MeetingFact(
        id=rehearsal_of(meeting),
        title=say("meeting.rehearsal", title=line.title),
        starts_at=from_ms(starts_ms),
        ends_at=from_ms(starts_ms + length_ms),
        grace_minutes=_grace_minutes(connection, meeting, min(rolls, default="")),
        points=tuple(sorted(rolls)),
        rehearsal=True,
    )
    accept_meeting(connection, fact, now_ms, by)
    named = {point: roll for point, roll in rolls.items() if roll}
    summon(connection, fact.id, named, now_ms, by)
    return fact


def rehearsal_of(meeting: str) -> str:
    """Return the code that a meeting's rehearsal has."""
    return f"{meeting}-tong-duyet"[:MAX_MEETING_CODE]


def summon(
    connection: Connection,
    meeting: str,
    rolls: Mapping[str, Sequence[Summoned]],
    now_ms: int,
    by: Writer = SERVER,
) -> None:
    """Write the roll of each point named, and who of its unit may preside there.

    The roll replaces that point's roll before. By default the unit's Secretary presides, or a
    Deputy whom the Secretary names (domain.md rows 24 and 25).
    """
    records: list[Record] = [
        Roll(**envelope(by, meeting, point, now_ms), body=RollBody(people=tuple(people)))
        for point, people in sorted(rolls.items())
    ]
    units = directory.units_of_points(connection, rolls)
    for point, unit in sorted(units.items()):
        summoned = {line.person for line in rolls[point]}
        if summoned and (officers := roster.officers_of(connection, unit, first=summoned)):
            body = SettingBody(chairing_unit=unit, officers=officers)
            records.append(Setting(**envelope(by, meeting, point, now_ms), body=body))
    write_records(connection, by, records, now_ms)


def merge(
    connection: Connection, meeting: str, point: str, into: str, now_ms: int, by: Writer
) -> int:
    """Summon a hall's people to another hall, unseated; return how many. Its roll is then empty.

    Who presides in the other hall stays as it is.
    """
    rolls = rolls_of(connection, meeting)
    moved = [Summoned(p.person, p.unit, p.position, "", p.exempt) for p in rolls.get(point, ())]
    both = [*rolls.get(into, ()), *moved]
    records: list[Record] = [
        Roll(**envelope(by, meeting, point, now_ms), body=RollBody(people=())),
        Roll(**envelope(by, meeting, into, now_ms), body=RollBody(people=tuple(both))),
    ]
    write_records(connection, by, records, now_ms)
    return len(moved)


def seat(
    connection: Connection, key: StreamKey, seats: Mapping[str, str], now_ms: int, by: Writer
) -> None:
    """Give the people of a point's roll the seats that are named, by a roll of the same people."""
    people = tuple(
        Summoned(p.person, p.unit, p.position, seats.get(p.person, p.seat), p.exempt)
        for p in roll_of(connection, key)
    )
    record = Roll(**envelope(by, *key, now_ms), body=RollBody(people=people))
    write_records(connection, by, [record], now_ms)


def rolls_of(connection: Connection, meeting: str) -> dict[str, list[Summoned]]:
    """Return by point whom a meeting summons, in the order of each roll."""
    keys = streams.of_meeting(connection, meeting)
    return {key.point: roll_of(connection, key) for key in keys}


def roll_of(connection: Connection, key: StreamKey) -> list[Summoned]:
    """Return whom a point summons, in the order of its roll."""
    return [
        Summoned(each.person, each.unit, each.position, each.seat, each.exempt)
        for each in roster.roster_of(connection, key).people
    ]


def points_of(connection: Connection, meeting: str) -> list[str]:
    """Return the points that take part in a meeting, in the order of their codes."""
    return sorted(key.point for key in streams.of_meeting(connection, meeting))


def must_know(connection: Connection, meeting: str, now_ms: int) -> MeetingLine:
    """Return a meeting. Raises: UnknownMeeting."""
    line = directory.meeting(connection, meeting, now_ms)
    if line is None:
        raise UnknownMeeting(meeting=meeting)
    return line


def _grace_minutes(connection: Connection, meeting: str, point: str) -> int:
    """Return the grace that holds at a point of a meeting."""
    found = standings.read(connection, StreamKey(meeting, point))
    return found.terms.grace_ms // MINUTE_MS if found else 0
