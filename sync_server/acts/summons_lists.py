"""Read uploaded spreadsheets that list the people summoned to a meeting, their halls and seats."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from sync_server.acts.list_imports import point_index, unit_index
from sync_server.clocks import now_ms
from sync_server.domain.names import SortKey, word_sort_key
from sync_server.domain.summoning import hall_by_unit, usual_hall
from sync_server.domain.unit_names import UnitNames, find_point, without_hall
from sync_server.sheets.headings import Field
from sync_server.sheets.tables import Fault, Line, Table
from sync_server.storage import directory
from sync_server.storage.people import roster
from sync_server.storage.people.roster import RosterPerson

USED: tuple[Field, ...] = (
    "number",
    "person",
    "full_name",
    "family_names",
    "given_name",
    "unit",
    "birth",
    "meeting",
    "point",
    "seat",
)
MAX_SEAT = 16  # characters allowed in a roll


class SummonsRow(NamedTuple):
    """One person who is summoned to one hall of one meeting.

    `meeting`, `point` (the hall) and `person` are codes. `seat` is "" if the list states none.
    """

    meeting: str
    point: str
    person: str
    seat: str


class Places(NamedTuple):
    """The halls, units and meetings that a list of summoned people may name.

    `points` and `units` find the codes of halls and units by name. `hall_of_unit` is {unit's code:
    code of the unit's first hall}, and `halls` contains the codes of all halls. `meetings` contains
    the ids of all meetings that headquarters has accepted.
    """

    points: UnitNames
    hall_of_unit: dict[str, str]
    halls: frozenset[str]
    units: UnitNames
    meetings: frozenset[str]


def read_places(connection: Connection) -> Places:
    """Return the halls, units and meetings that a list of summoned people may name.

    Halls and units that are out of use are left out. Meetings are those that headquarters has
    accepted.
    """
    halls = directory.points(connection)
    return Places(
        point_index(connection),
        hall_by_unit(halls),
        frozenset(halls),
        unit_index(connection),
        frozenset(summary.id for summary in directory.meetings(connection, now_ms())),
    )


def read_summonses(
    connection: Connection, table: Table, meeting: str | None
) -> tuple[list[SummonsRow], list[Fault]]:
    """Return the summonses in a table, in order, and all faults of the table.

    `meeting` is the id of the meeting for all lines; a line that names another meeting is a fault.
    If `meeting` is None, every line must name a meeting that headquarters has accepted. It is also
    a fault if a person occurs twice in a meeting, if a seat occurs twice in a hall, or if the list
    names nobody.
    """
    places = read_places(connection)
    people = PeopleByName(
        roster.list_people(connection, with_ended=True, at_ms=now_ms()), places.units
    )
    faults = list(table.faults)
    rows: list[SummonsRow] = []
    seats: dict[tuple[str, str, str], int] = {}
    persons: dict[tuple[str, str], int] = {}
    for line in table.lines:
        row, fault = _summons_of(line, places, people, meeting)
        if fault or row is None:
            faults += [fault] if fault else []
            continue
        first = persons.setdefault((row.meeting, row.person), line.row)
        if first != line.row:
            faults.append(_fault("person_twice", line, "full_name", row.person, str(first + 1)))
        if row.seat:
            taken = seats.setdefault((row.meeting, row.point, row.seat), line.row)
            if taken != line.row:
                faults.append(_fault("seat_twice", line, "seat", row.seat, str(taken + 1)))
        rows.append(row)
    if not rows and not faults:
        faults.append(Fault("nobody"))
    return rows, faults


def _summons_of(
    line: Line, places: Places, people: "PeopleByName", meeting: str | None
) -> tuple[SummonsRow | None, Fault | None]:
    stated = line.text("meeting")
    if meeting and stated and stated != meeting:
        return None, _fault("other_meeting", line, "meeting", stated)
    if not (meeting or stated in places.meetings):
        return None, _fault("unknown_meeting", line, "meeting", stated)
    person, fault = people.find(line)
    if person is None:
        return None, fault
    text = line.text("point")
    if text:
        point = find_point(places.points, text)
    else:
        point = usual_hall(person, places.halls, places.hall_of_unit)
    if point is None:
        near = "; ".join(places.points.near(without_hall(text)))
        return None, _fault("unknown_point", line, "point", text or person.unit, near)
    seat = line.text("seat")
    if len(seat) > MAX_SEAT:
        return None, _fault("too_long", line, "seat", seat, str(MAX_SEAT))
    return SummonsRow(meeting or stated, point, person.person, seat), None


class PeopleByName:
    """The stored people, indexed so that the person named in a line of a list can be looked up.

    A person can be named by code, or by name and, if needed, unit and birth year.
    """

    def __init__(self, people: Sequence[RosterPerson], units: UnitNames) -> None:
        """Build the indexes by code and by name.

        `units` finds units by name. The index by name leaves out people who have left (ended).
        """
        self._by_code = {person.person: person for person in people}
        self._units = units
        self._by_name: dict[SortKey, list[RosterPerson]] = {}
        for person in people:
            if person.ended_ms is None:
                self._by_name.setdefault(_key(person.full_name), []).append(person)

    def find(self, line: Line) -> tuple[RosterPerson | None, Fault | None]:
        """Return the person that a line names, as (person, None), or else (None, fault).

        It is a fault if the unit is unknown, if nobody matches, if several people match, or if the
        person has left (ended).
        """
        code = line.text("person")
        if code:
            person = self._by_code.get(code)
            if person is None:
                return None, _fault("unknown_person", line, "person", code)
            if person.ended_ms is not None:
                return None, _fault("ended_person", line, "person", code, person.full_name)
            return person, None
        name = line.text("full_name")
        named = self._by_name.get(_key(name), [])
        if text := line.text("unit") or line.section:
            unit = self._units.find(text)
            if unit is None:
                near = "; ".join(self._units.near(text))
                return None, _fault("unknown_unit", line, "unit", text, near)
            named = [person for person in named if person.unit == unit]
        if len(named) > 1 and (year := line.text("birth")[-4:]):
            named = [person for person in named if str(person.birth_year) == year]
        if len(named) == 1:
            return named[0], None
        codes = ", ".join(person.person for person in named[:10])
        problem = "which_person" if named else "unknown_person"
        return None, _fault(problem, line, "full_name", name, codes)


def _key(name: str) -> SortKey:
    return word_sort_key(" ".join(name.lower().split()))


def _fault(problem: str, line: Line, field: Field, value: str, detail: str = "") -> Fault:
    return Fault(problem, line.row, line.columns.get(field), value[:80], detail)
