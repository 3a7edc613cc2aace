"""Units and halls as the office keeps them: made, renamed, ended, given seats and telephones.

The published portal is their first source. After that the office's facts are the true ones, and a
difference to the portal is shown to headquarters (see `differences`).
"""

import hashlib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import count
from typing import NamedTuple

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection

from sync_server.acts import arrangements
from sync_server.domain.records.codes import PointCode
from sync_server.domain.records.door import Writer
from sync_server.domain.records.kinds import SettingBody
from sync_server.domain.unit_names import UnitNames
from sync_server.errors import BadForm
from sync_server.messages import say
from sync_server.storage import directory
from sync_server.storage.directory import (
    PointSummary,
    PublishedDirectory,
    PublishedPoint,
    PublishedUnit,
    UnitSummary,
)
from sync_server.storage.ledger import streams
from sync_server.storage.people import roster

PORTAL = "(directory)"
"""Under this name headquarters' answer to the portal's directory is stored, beside meetings."""


class PlaceDifference(NamedTuple):
    """A fact of a unit or hall that the published portal states otherwise than the office.

    `what`: `new`, `name`, `type` or `unit`; `before` is the office's fact, "" for a new place.
    """

    code: str
    what: str
    before: str
    after: str


def put_unit(connection: Connection, unit: UnitSummary, *, is_new: bool) -> UnitSummary:
    """Store a unit, and return it; a new one without a code gets one. Raises: BadForm."""
    stored = directory.all_units(connection)
    if not unit.code:
        unit = replace(unit, code=next(new_codes("U", stored)))
    if is_new and unit.code in stored:
        raise BadForm(fault=say("places.code_taken", code=unit.code, name=stored[unit.code].name))
    others = {c: u.name for c, u in stored.items() if c != unit.code and u.ended_ms is None}
    if twin := UnitNames(others).find(unit.name):
        raise BadForm(fault=say("places.name_taken", name=unit.name, code=twin))
    _check_code(unit.code)
    directory.put_unit(connection, unit)
    return unit


def put_point(
    connection: Connection, point: PointSummary, writer: Writer, now_ms: int, *, is_new: bool
) -> PointSummary:
    """Store a hall, and return it; a new one without a code gets one. Raises: BadForm.

    Meetings that have not begun learn the number of its seats.
    """
    stored = directory.all_points(connection)
    if not point.code:
        point = replace(point, code=next(new_codes("P", stored)))
    if is_new and point.code in stored:
        raise BadForm(fault=say("places.code_taken", code=point.code, name=stored[point.code].name))
    _check_code(point.code)
    directory.put_point(connection, point)
    before = stored.get(point.code)
    if point.capacity is not None and (before is None or before.capacity != point.capacity):
        body = SettingBody(capacity=point.capacity)
        for meeting in directory.meetings(connection, now_ms, point.code):
            if not meeting.has_begun and not meeting.cancelled:
                arrangements.arrange(connection, meeting.id, [point.code], body, now_ms, writer)
    return point


def end_unit(connection: Connection, unit: UnitSummary, now_ms: int) -> None:
    """End a unit and its halls. Raises: BadForm while it has people."""
    people = roster.list_people(connection, unit=unit.code, at_ms=now_ms)
    if people:
        raise BadForm(fault=say("places.has_people", name=unit.name, count=len(people)))
    directory.put_unit(connection, replace(unit, ended_ms=now_ms))
    for point in directory.points(connection).values():
        if point.unit == unit.code:
            end_point(connection, point, now_ms)


def end_point(connection: Connection, point: PointSummary, now_ms: int) -> None:
    """End a hall. Raises: BadForm while a meeting to come summons people to it."""
    for meeting in directory.meetings(connection, now_ms, point.code):
        if meeting.has_begun or meeting.cancelled:
            continue
        if arrangements.roll_of(connection, streams.StreamKey(meeting.id, point.code)):
            raise BadForm(fault=say("places.has_roll", name=point.name, meeting=meeting.title))
    directory.put_point(connection, replace(point, ended_ms=now_ms))


def differences(connection: Connection, published: PublishedDirectory) -> list[PlaceDifference]:
    """Return what the portal states otherwise than the office about units and halls.

    A unit or hall that the portal does not have is the office's affair alone, and no difference.
    """
    units, points = directory.all_units(connection), directory.all_points(connection)
    return [
        *_differences(published.units, units, ("name", "type")),
        *_differences(published.points, points, ("name", "unit")),
    ]


def _differences(
    published: Iterable[PublishedUnit | PublishedPoint],
    stored: Mapping[str, UnitSummary | PointSummary],
    facts: Sequence[str],
) -> Iterator[PlaceDifference]:
    """Yield what is published of units, or of halls, otherwise than it is stored by code."""
    for place in published:
        if place.code not in stored:
            yield PlaceDifference(place.code, "new", "", place.name)
            continue
        for what in facts:
            before, after = getattr(stored[place.code], what), getattr(place, what)
            if before != after:
                yield PlaceDifference(place.code, what, before, after)


def take(connection: Connection, published: PublishedDirectory) -> int:
    """Take over what the portal states otherwise; return how many differences there were."""
    count_before = len(differences(connection, published))
    directory.put_places(connection, published.units, published.points)
    return count_before


def fingerprint(differences: Collection[PlaceDifference]) -> str:
    """Return a mark of these differences, to notice when the portal's change again."""
    return hashlib.sha256(msgspec.json.encode(list(differences))).hexdigest()


def new_codes(letter: str, taken: Collection[str]) -> Iterator[str]:
    """Return codes beyond the highest of those taken, as long as those are: U74, P073."""
    numbered = [code for code in taken if re.fullmatch(rf"{letter}\d{{1,6}}", code)]
    length = max((len(code) for code in numbered), default=len("P000")) - 1
    last = max((int(code[1:]) for code in numbered), default=0)
    return (f"{letter}{number:0{length}}" for number in count(last + 1))


def _check_code(code: str) -> None:
    if not is_code(code):
        raise BadForm(fault=say("places.bad_code", code=code[:20]))


def is_code(text: str) -> bool:
    """Return whether a text has the form of a unit's or a hall's code."""
    try:
        msgspec.convert(text, PointCode)
    except msgspec.ValidationError:
        return False
    return True
