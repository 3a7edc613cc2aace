"""What headquarters does to a meeting, as records: accept its facts, summon its people."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec
import uuid_utils
from msgspec import UNSET
from sqlalchemy import Connection

from sync_server.domain.codes import MINUTE_MS, from_ms, to_ms
from sync_server.domain.forms import canonical
from sync_server.domain.permissions import Profile
from sync_server.domain.records import (
    AbsenceDecision,
    AbsenceDecisionBody,
    Record,
    Roll,
    RollBody,
    Setting,
    SettingBody,
    Summoned,
)
from sync_server.errors import UnknownMeeting
from sync_server.messages import say
from sync_server.storage import devices, directory, intake, roster, standings, streams
from sync_server.storage.directory import MeetingFact
from sync_server.storage.intake import Delivery
from sync_server.storage.streams import StreamKey

MAX_MEETING_CODE = 64
SERVER = devices.office_writer("server", Profile.HEADQUARTERS)
"""As whom the command line writes."""


def accept_meeting(connection: Connection, fact: MeetingFact, now_ms: int) -> int:
    """Accept a meeting's facts at each of its points; return how many points that are.

    A release changes no standing by itself: this is the act that makes its facts count.
    """
    directory.put_meeting(connection, fact)
    points = fact.points or tuple(directory.point_codes(connection))
    body = SettingBody(
        starts_at=fact.starts_at,
        ends_at=fact.ends_at,
        grace_minutes=fact.grace_minutes,
        rehearsal=fact.rehearsal or UNSET,
    )
    _write(
        connection,
        [Setting(**_envelope(fact.id, point, now_ms), body=body) for point in points],
        now_ms,
    )
    return len(points)


def rehearse(connection: Connection, meeting: str, starts_ms: int, now_ms: int) -> MeetingFact:
    """Make the rehearsal of a meeting: another one with the same halls and rolls, in no figure.

    Raises: UnknownMeeting.
    """
    line = directory.meeting(connection, meeting, now_ms)
    if line is None:
        raise UnknownMeeting(meeting=meeting)
    rolls = {
        key.point: [
            Summoned(each.person, each.unit, each.position, each.seat, each.exempt)
            for each in roster.roster_of(connection, key).people
        ]
        for key in streams.of_meeting(connection, meeting)
    }
    length_ms = to_ms(line.ends_at) - to_ms(line.starts_at)
    fact = MeetingFact(
        id=f"{meeting}-tong-duyet"[:MAX_MEETING_CODE],
        title=say("meeting.rehearsal", title=line.title),
        starts_at=from_ms(starts_ms),
        ends_at=from_ms(starts_ms + length_ms),
        grace_minutes=_grace_minutes(connection, meeting, min(rolls, default="")),
        points=tuple(sorted(rolls)),
        rehearsal=True,
    )
    accept_meeting(connection, fact, now_ms)
    summon(connection, fact.id, {point: roll for point, roll in rolls.items() if roll}, now_ms)
    return fact


def _grace_minutes(connection: Connection, meeting: str, point: str) -> int:
    """Return the grace that holds at a point of a meeting."""
    found = standings.read(connection, StreamKey(meeting, point))
    return found.terms.grace_ms // MINUTE_MS if found else 0


def summon(
    connection: Connection, meeting: str, rolls: Mapping[str, Sequence[Summoned]], now_ms: int
) -> None:
    """Write the roll of each point named, and who of its unit may preside there.

    The roll replaces that point's roll before. By default the unit's Secretary presides, or a
    Deputy whom the Secretary names (domain.md rows 24 and 25).
    """
    records: list[Record] = [
        Roll(**_envelope(meeting, point, now_ms), body=RollBody(people=tuple(people)))
        for point, people in sorted(rolls.items())
    ]
    units = directory.units_of_points(connection, rolls)
    for point, unit in sorted(units.items()):
        summoned = {line.person for line in rolls[point]}
        if officers := roster.officers_of(connection, unit, first=summoned):
            body = SettingBody(chairing_unit=unit, officers=officers)
            records.append(Setting(**_envelope(meeting, point, now_ms), body=body))
    _write(connection, records, now_ms)


def decide(
    connection: Connection,
    meeting: str,
    point: str,
    person: str,
    refs: tuple[str, ...],
    decision: Literal["approve", "decline"],
    now_ms: int,
) -> None:
    """Decide on the request of a point's person, as headquarters may at any time."""
    record = AbsenceDecision(
        **_envelope(meeting, point, now_ms),
        person=person,
        refs=refs,
        body=AbsenceDecisionBody(decision=decision),
    )
    _write(connection, [record], now_ms)


def _envelope(meeting: str, point: str, now_ms: int) -> dict[str, Any]:
    return {
        "id": str(uuid_utils.uuid7()),
        "v": 1,
        "meeting": meeting,
        "point": point,
        "device": SERVER.device,
        "seq": None,
        "boot": "office",
        "at": from_ms(now_ms),
        "mono_ms": 0,
        "by": SERVER.by,
        "source": "office",
    }


def _write(connection: Connection, records: Sequence[Record], now_ms: int) -> None:
    """Append our own records. A verdict other than stored is a bug, and undoes everything."""
    offers = intake.judge([canonical(record) for record in records], SERVER)
    [receipt] = intake.receive(connection, [Delivery(SERVER, offers, now_ms)])
    faults = [v for v in receipt.verdicts if v.status != "stored"]
    assert not faults, msgspec.json.encode(faults).decode()
