"""Create and change units (organisations) and halls (points), or take them out of use.

A unit or hall is added in the office (the web pages for signed-in users), or comes from the portal
(the public website). The data stored in the office apply. If the portal publishes different data,
headquarters is shown the differences and decides whether to adopt the portal's data.
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
"""The key under which headquarters' last decision about the units and halls of the portal (the
public website) is stored. The brackets distinguish this key from the ids of meetings, under which
the same table stores decisions about meetings."""


class PlaceDifference(NamedTuple):
    """A difference between the portal (the public website) and the database, for a unit or hall.

    `code` is the code of the unit (an organisation) or hall. `what` is the name of the value that
    differs: `name`, `type` or `unit`, or `new` if the database lacks the unit or hall. `before` is
    the value in the database, or "" if `what` is `new`. `after` is the value in the portal; if
    `what` is `new`, this is the name of the unit or hall.
    """

    code: str
    what: str
    before: str
    after: str


def put_unit(connection: Connection, unit: UnitSummary, *, is_new: bool) -> UnitSummary:
    """Store a unit and return it. A unit without a code gets the next free code.

    With `is_new`, the unit must not exist yet; otherwise, a stored unit with this code is replaced.
    Raises: BadForm if the code is malformed, if a new unit's code is taken, or if another active
    unit has the same name.
    """
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
    """Store a hall and return it. A hall without a code gets the next free code.

    With `is_new`, the hall must not exist yet; otherwise, a stored hall with this code is replaced.
    A changed number of seats also applies to the hall's meetings that have not begun. Raises:
    BadForm if the code is malformed, or if a new hall's code is taken.
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
    """Take a unit and its halls out of use, so that new meetings leave them out.

    `now_ms` (ms since 1970 UTC) is recorded as the time from which the unit is out of use. Raises:
    BadForm if the unit still has people, or if people are summoned to one of its halls for a future
    meeting.
    """
    people = roster.list_people(connection, unit=unit.code, at_ms=now_ms)
    if people:
        raise BadForm(fault=say("places.has_people", name=unit.name, count=len(people)))
    directory.put_unit(connection, replace(unit, ended_ms=now_ms))
    for point in directory.points(connection).values():
        if point.unit == unit.code:
            end_point(connection, point, now_ms)


def end_point(connection: Connection, point: PointSummary, now_ms: int) -> None:
    """Take a hall out of use, so that new meetings leave it out.

    `now_ms` (ms since 1970 UTC) is recorded as the time from which the hall is out of use. Raises:
    BadForm if people are summoned to the hall for a future meeting.
    """
    for meeting in directory.meetings(connection, now_ms, point.code):
        if meeting.has_begun or meeting.cancelled:
            continue
        if arrangements.roll_of(connection, streams.StreamKey(meeting.id, point.code)):
            raise BadForm(fault=say("places.has_roll", name=point.name, meeting=meeting.title))
    directory.put_point(connection, replace(point, ended_ms=now_ms))


def differences(connection: Connection, published: PublishedDirectory) -> list[PlaceDifference]:
    """Return the differences between the portal's and the database's data on units and halls.

    The portal is the public website, and `published` contains its data. Differences between units
    (organisations) come first, and then those between halls. Units and halls that only the database
    has are left out.
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
    """Yield the differences between the published and the stored units, or halls.

    `published` and `stored` are both units or both halls. `stored` is {code: unit or hall}.
    `facts` are the names of the fields to compare.
    """
    for place in published:
        if place.code not in stored:
            yield PlaceDifference(place.code, "new", "", place.name)
            continue
        for what in facts:
            before, after = getattr(stored[place.code], what), getattr(place, what)
            if before != after:
                yield PlaceDifference(place.code, what, before, after)


def take(connection: Connection, published: PublishedDirectory) -> int:
    """Replace the database's data on units and halls by those of the portal (the public website).

    `published` contains the portal's data: the names and types of units (organisations), and the
    names and units of halls. Units and halls that only the portal has are added. Return the number
    of differences before the change.
    """
    count_before = len(differences(connection, published))
    directory.put_places(connection, published.units, published.points)
    return count_before


def fingerprint(differences: Collection[PlaceDifference]) -> str:
    """Return a hash (64 hex digits) of the differences between the portal and the database.

    The portal is the public website, and the differences concern units and halls. If the hash
    differs from the stored one, the differences have changed since headquarters last decided on
    them.
    """
    return hashlib.sha256(msgspec.json.encode(list(differences))).hexdigest()


def new_codes(letter: str, taken: Collection[str]) -> Iterator[str]:
    """Return an iterator of free codes for units or halls, such as U74 or P073.

    `letter` is U or P, with which every code begins. The numbers count up from the highest one in
    `taken`. The codes have as many digits as the longest code in `taken`, or three if there is
    none.
    """
    numbered = [code for code in taken if re.fullmatch(rf"{letter}\d{{1,6}}", code)]
    length = max((len(code) for code in numbered), default=len("P000")) - 1
    last = max((int(code[1:]) for code in numbered), default=0)
    return (f"{letter}{number:0{length}}" for number in count(last + 1))


def _check_code(code: str) -> None:
    if not is_code(code):
        raise BadForm(fault=say("places.bad_code", code=code[:20]))


def is_code(text: str) -> bool:
    """Return whether a text has the form of a unit's or a hall's code.

    A code has at most 16 capital letters, digits and hyphens, and begins with a letter.
    """
    try:
        msgspec.convert(text, PointCode)
    except msgspec.ValidationError:
        return False
    return True
