"""Change the stored data of one person: add, correct, move, mark as left, restore or merge.

A person who is marked as having left (ended) is not included in new lists. Earlier records stay
unchanged. Lists of people summoned to future meetings (rolls) are changed only if a user asks for
it.
"""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, get_args

from msgspec.structs import replace
from sqlalchemy import Connection

from sync_server.acts import arrangements
from sync_server.acts.people_lists import name_key, new_codes
from sync_server.domain.records.codes import to_ms
from sync_server.domain.records.door import Writer
from sync_server.domain.records.kinds import Summoned
from sync_server.domain.summoning import hall_by_unit, usual_hall
from sync_server.errors import BadForm
from sync_server.messages import say
from sync_server.storage import directory
from sync_server.storage.access import accounts, devices
from sync_server.storage.directory import MeetingSummary
from sync_server.storage.ledger import streams
from sync_server.storage.ledger.streams import StreamKey
from sync_server.storage.people import roster
from sync_server.storage.people.roster import ANONYMOUS, RosterPerson

EndReason = Literal["retired", "moved_away", "died", "other"]
END_REASONS: tuple[EndReason, ...] = get_args(EndReason)
MERGED = "merged"
"""The reason stored for an entry that was marked as having left because it duplicates another entry
for the same person.
"""


class ComingRoll(NamedTuple):
    """A hall's roll for a future meeting, and how the roll must change for one person.

    A roll is a list of summoned people. `point` is the code of the hall. `target` is the code of
    the person's usual hall; it is "" if that hall does not take part, or if `change` is `add`.
    `change` is `add`, `remove`, `replace` (use the person's other code), `move` (to the target
    hall), `update` (correct the unit or position), or "" if the list is correct.
    """

    meeting: MeetingSummary
    point: str
    target: str
    change: str


def people_with_name(
    connection: Connection, full_name: str, unit: str, *, at_ms: int
) -> list[RosterPerson]:
    """Return the people called `full_name` in a unit, including people who have left (ended).

    Upper and lower case count as equal. Entries that were merged into others are left out.
    `unit` is the unit's code; the people are those who belong to the unit at `at_ms` (ms since
    1970 UTC).
    """
    key = name_key(full_name)
    return [
        person
        for person in roster.list_people(connection, unit=unit, with_ended=True, at_ms=at_ms)
        if name_key(person.full_name) == key and not person.merged_into
    ]


def add(connection: Connection, person: RosterPerson) -> RosterPerson:
    """Store a new person, and return the person with a code.

    If `person.person` (the code) is empty, the person gets the next free code. Raises: BadForm if
    another person already has the code.
    """
    known = roster.known_people(connection)
    if person.person in known:
        raise BadForm(fault=say("person.code_taken", person=person.person))
    if not person.person:
        person = replace(person, person=next(new_codes(known)))
    roster.put_people(connection, [person])
    return person


def change(connection: Connection, person: RosterPerson) -> None:
    """Replace the stored data under the person's code by the data in `person`.

    Raises: BadForm if the person's data were made anonymous.
    """
    _refuse_anonymous(person)
    roster.put_people(connection, [person])


def _refuse_anonymous(person: RosterPerson) -> None:
    """Raise BadForm if the person's data were made anonymous, and must therefore not change."""
    if person.ended_why == ANONYMOUS:
        raise BadForm(fault=say("privacy.is_anonymous"))


def move(connection: Connection, person: RosterPerson, unit: str, from_ms: int) -> None:
    """Move a person to another unit at a past or future time.

    `unit` is the code of the new unit, and `from_ms` the time of the move in ms since 1970 UTC. If
    `unit` is the person's present unit, cancel the move that is planned for the person. Raises:
    BadForm if `unit` is the present unit and no move is planned.
    """
    _refuse_anonymous(person)
    if unit == person.unit and person.next_unit:  # cancels the planned move
        roster.put_people(connection, [replace(person, next_unit="", moves_ms=None)])
        return
    if unit == person.unit:
        raise BadForm(fault=say("person.same_unit", person=person.full_name))
    roster.put_people(connection, [replace(person, next_unit=unit, moves_ms=from_ms)])


def end(connection: Connection, person: RosterPerson, why: EndReason, now_ms: int) -> None:
    """Mark a person as having left (ended), so that no new list includes the person.

    `why` is the reason, and `now_ms` (ms since 1970 UTC) is recorded as the time when the person
    left. Raises: BadForm if the person is already marked as having left.
    """
    if person.ended_ms is not None:
        raise BadForm(fault=say("person.already_ended", person=person.full_name))
    roster.put_people(connection, [replace(person, ended_ms=now_ms, ended_why=why)])


def bring_back(connection: Connection, person: RosterPerson) -> None:
    """Restore a person who was marked as having left, so that new lists can include the person.

    An entry that was merged into another becomes a separate person again. Raises: BadForm if the
    person is not marked as having left, or if the person's data were made anonymous.
    """
    _refuse_anonymous(person)
    if person.ended_ms is None:
        raise BadForm(fault=say("person.not_ended", person=person.full_name))
    roster.put_people(connection, [replace(person, ended_ms=None, ended_why="", merged_into="")])


def merge(connection: Connection, person: RosterPerson, kept: RosterPerson, now_ms: int) -> None:
    """Mark the entry `person` as a duplicate of `kept`, the same person under another code.

    Entries that were merged into `person` before are merged into `kept` too. If `person` is not
    ended (marked as having left) yet, it is ended at `now_ms`, in ms since 1970 UTC.

    Raises: BadForm if both are the same entry, if one of them has already been merged, or if an
    account or an active device uses the code of `person`.
    """
    _refuse_anonymous(person)
    _refuse_anonymous(kept)
    if person.person == kept.person or kept.merged_into or person.merged_into:
        raise BadForm(fault=say("person.merge_itself", person=person.person))
    users = [
        account.name
        for account in accounts.all_accounts(connection)
        if account.person == person.person
    ]
    users += [
        device.id
        for device in devices.list_devices(connection)
        if device.person == person.person and device.revoked_ms is None
    ]
    if users:
        raise BadForm(
            fault=say("person.merge_in_use", person=person.person, users=", ".join(users))
        )
    earlier = roster.merged_people(connection, [person.person])
    entries = [
        replace(_must_find(connection, code, now_ms), merged_into=kept.person)
        for code in sorted(earlier)
    ]
    ended = replace(
        person, ended_ms=person.ended_ms or now_ms, ended_why=MERGED, merged_into=kept.person
    )
    roster.put_people(connection, [*entries, ended])


def coming_rolls(connection: Connection, person: RosterPerson, now_ms: int) -> list[ComingRoll]:
    """Return the rolls (lists of summoned people) of future meetings that concern a person.

    First come the rolls that name the person, and then those to which the person could be
    added: the rolls of the person's usual hall for meetings that do not summon the person. Both
    groups are in order of the meetings' start. Cancelled meetings are left out.
    """
    coming = [
        meeting
        for meeting in reversed(directory.meetings(connection, now_ms))
        if not meeting.has_begun and not meeting.cancelled
    ]
    by_id = {meeting.id: meeting for meeting in coming}
    keys = streams.of_people(connection, list(by_id), [person.person])
    rolls = []
    for key in sorted(keys, key=lambda key: (list(by_id).index(key.meeting), key.point)):
        lines = {line.person: line for line in arrangements.roll_of(connection, key)}
        if line := lines.get(person.person):
            meeting = by_id[key.meeting]
            target = _target(connection, person.at(to_ms(meeting.starts_at)), key.meeting)
            facts = person.at(to_ms(meeting.starts_at))
            rolls.append(
                ComingRoll(meeting, key.point, target, _change(facts, line, key.point, target))
            )
    named = {roll.meeting.id for roll in rolls}
    if person.ended_ms is None:
        rolls += [
            ComingRoll(meeting, point, "", "add")
            for meeting in coming
            if meeting.id not in named
            and (point := _target(connection, person.at(to_ms(meeting.starts_at)), meeting.id))
            and arrangements.roll_of(connection, StreamKey(meeting.id, point))
        ]
    return rolls


def update_rolls(
    connection: Connection, writer: Writer, person: RosterPerson, now_ms: int, *, adds: bool
) -> list[ComingRoll]:
    """Correct the rolls of future meetings so that they agree with the data in `person`.

    A roll is a list of summoned people. With `adds`, the person is only added to rolls on which
    the person is missing; without it, only the other corrections are made. Return the corrected
    rolls. Raises: BadForm if the ledger refuses a corrected roll.
    """
    changed = [
        roll
        for roll in coming_rolls(connection, person, now_ms)
        if roll.change and (roll.change == "add") is adds
    ]
    for coming in changed:
        rolls = arrangements.rolls_of(connection, coming.meeting.id)
        new_rolls = _changed_rolls(rolls, coming, person.at(to_ms(coming.meeting.starts_at)))
        arrangements.summon(connection, coming.meeting.id, new_rolls, now_ms, writer)
    return changed


def _changed_rolls(
    rolls: Mapping[str, Sequence[Summoned]], coming: ComingRoll, facts: RosterPerson
) -> dict[str, list[Summoned]]:
    roll = list(rolls[coming.point])
    if coming.change == "add":
        return {coming.point: [*roll, Summoned(facts.person, facts.unit, facts.position)]}
    place = next(n for n, line in enumerate(roll) if line.person == facts.person)
    line = Summoned(facts.person, facts.unit, facts.position, roll[place].seat, roll[place].exempt)
    match coming.change:
        case "update":
            roll[place] = line
        case "replace":
            is_summoned = any(
                line.person == facts.merged_into for other in rolls.values() for line in other
            )
            kept = replace(roll[place], person=facts.merged_into)
            roll[place : place + 1] = [] if is_summoned else [kept]
        case _:
            del roll[place]
    changed = {coming.point: roll}
    if coming.change == "move":
        changed[coming.target] = [*rolls[coming.target], replace(line, seat="")]
    return changed


def _change(facts: RosterPerson, line: Summoned, point: str, target: str) -> str:
    if facts.merged_into:
        return "replace"
    if facts.ended_ms is not None:
        return "remove"
    if line.unit != facts.unit and target not in {"", point}:
        return "move"
    return "update" if (line.unit, line.position) != (facts.unit, facts.position) else ""


def _target(connection: Connection, facts: RosterPerson, meeting: str) -> str:
    of_meeting = set(arrangements.points_of(connection, meeting))
    halls = {
        code: point
        for code, point in directory.all_points(connection).items()
        if code in of_meeting
    }
    return usual_hall(facts, halls, hall_by_unit(halls)) or ""


def _must_find(connection: Connection, code: str, at_ms: int) -> RosterPerson:
    person = roster.find_person(connection, code, at_ms=at_ms)
    assert person is not None
    return person
