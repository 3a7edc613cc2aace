"""Import lists of units and halls, with numbers of seats and telephone numbers.

Every line describes a unit, or a hall of a unit. A line without a code is matched by name; if
nothing matches, the unit or hall is new. A new unit always gets a hall, so that its people can be
summoned. An import never takes a unit or a hall out of use.
"""

import hashlib
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple, TypeVar

from msgspec.structs import replace
from sqlalchemy import Connection

from sync_server.acts import places
from sync_server.acts.list_imports import find_list, point_index, unit_index
from sync_server.acts.places import is_code, new_codes
from sync_server.domain.names import fold
from sync_server.domain.records.door import Writer
from sync_server.domain.unit_names import MAX_ALIAS, UnitNames, find_point, without_hall
from sync_server.domain.unit_types import UNIT_TYPES, likely_type_of
from sync_server.errors import BadForm
from sync_server.messages import say
from sync_server.sheets.grids import Grid
from sync_server.sheets.headings import Field
from sync_server.sheets.tables import Fault, Line, Table
from sync_server.storage import directory
from sync_server.storage.directory import PointSummary, UnitSummary
from sync_server.storage.people import contacts
from sync_server.storage.people.contacts import ContactLine, Duty, normalise_phone

HEADINGS: Mapping[str, Field | None] = {
    "ma": "unit_code",
    "ma don vi": "unit_code",
    "ma diem cau": "point_code",
    "ten diem cau": "point",
    "diem cau": "point",
    "hoi truong": "point",
    "dien thoai thu ky": "phone",
    "dt thu ky": "phone",
    "dtdd thu ky": "phone",
    "so dt thu ky": "phone",
    "so dien thoai thu ky": "phone",
    "dt": "phone",
    "sdt thu ky": "phone",
    "ten": "unit",
    "so cho": "capacity",
    "so ghe": "capacity",
    "cho ngoi": "capacity",
}
"""{column heading: field} for headings that have another meaning in a list of units and halls than
in a list of people. The headings are in lower case without accents.
"""
USED: tuple[Field, ...] = (
    "unit_code",
    "unit",
    "unit_type",
    "point_code",
    "point",
    "capacity",
    "clerk",
    "phone",
    "technician",
    "technician_phone",
)
KEYS: tuple[Field, ...] = ("unit", "unit_code", "point", "point_code")
MAX_NAME, MAX_PERSON = 200, 120
MOST_SEATS = 100_000

Place = TypeVar("Place", UnitSummary, PointSummary)


class PlaceChange(NamedTuple):
    """A unit, a hall, or a contact of a hall, before and after an import.

    `before` is None for an addition. `row` is the row in the list, counted from 0.
    """

    row: int
    before: UnitSummary | PointSummary | ContactLine | None
    after: UnitSummary | PointSummary | ContactLine


class PlacePlan(NamedTuple):
    """The changes that a list of units and halls would make, and the faults of the list.

    `table` is the list read from the file. `unchanged` is the number of units, halls and
    contacts that stay the same.
    """

    table: Table
    changes: list[PlaceChange]
    unchanged: int
    faults: list[Fault]

    @property
    def fingerprint(self) -> str:
        """A hash (16 hex digits) of the changes.

        If the hash differs from the one calculated for the preview, somebody has changed the stored
        units, halls or contacts since the preview.
        """
        return hashlib.sha256(repr(self.changes).encode()).hexdigest()[:16]


def plan_places(connection: Connection, grids: Sequence[Grid]) -> PlacePlan:
    """Read a list of units and halls, and return the changes that an import would make.

    `grids` are the sheets of the file. Nothing is stored. Raises: UnreadableList if the sheets do
    not contain exactly one table of units or halls.
    """
    table = find_list(grids, used=USED, fields=HEADINGS, is_unit=lambda _text: False, keys=KEYS)
    reader = _PlaceLineParser(connection)
    for line in table.lines:
        reader.read(line)
    changes = [change for change in reader.changes if change.before != change.after]
    return PlacePlan(
        table, changes, len(reader.changes) - len(changes), [*table.faults, *reader.faults]
    )


def import_places(connection: Connection, plan: PlacePlan, writer: Writer, now_ms: int) -> None:
    """Store the units, halls and contacts that the list adds or changes.

    Raises: BadForm if a unit or hall cannot be stored, for example because its name is taken.
    """
    for change in plan.changes:
        match change.after:
            case UnitSummary():
                places.put_unit(connection, change.after, is_new=change.before is None)
            case PointSummary():
                is_new = change.before is None
                places.put_point(connection, change.after, writer, now_ms, is_new=is_new)
            case ContactLine():
                contacts.put(connection, [change.after])


def make_named_places(
    connection: Connection,
    table: Table,
    units: Collection[str],
    points: Collection[str],
    writer: Writer,
    now_ms: int,
) -> tuple[list[str], list[str]]:
    """Create the units and halls that a list of people names but that are not stored yet.

    `units` and `points` are the names of units and halls to create, of which the caller gives only
    the first `MAX_ALIAS` characters. A hall belongs to the unit that occurs most often in the lines
    that name the hall; if none of these lines names a stored or new unit, the hall is not created.
    A new unit without a hall gets a hall named after the unit if some of its people have no hall in
    the list. Return the names of the created units, and the names of the created halls.

    Raises: BadForm if the whole name in the list is longer than `MAX_NAME` characters.
    """
    made_units = _make_units(connection, table, units)
    index = unit_index(connection)
    lines_by_hall: dict[str, list[Line]] = {}
    for line in table.lines:
        if (hall := line.text("point"))[:MAX_ALIAS] in points:
            lines_by_hall.setdefault(hall, []).append(line)
    made_halls: list[str] = []
    for hall, lines in lines_by_hall.items():
        units = [code for line in lines if (code := index.find(line.text("unit") or line.section))]
        if units and find_point(point_index(connection), hall) is None:
            [(unit, _)] = Counter(units).most_common(1)
            _make_point(connection, hall, unit, writer, now_ms)
            made_halls.append(hall)
    units_with_hall = {point.unit for point in directory.points(connection).values()}
    needs_hall = {
        index.find(line.text("unit") or line.section)
        for line in table.lines
        if not line.text("point")
    }
    for unit, name in made_units.items():
        if unit not in units_with_hall and unit in needs_hall:
            hall = say("places.hall_of", name=name)
            _make_point(connection, hall, unit, writer, now_ms)
            made_halls.append(hall)
    return list(made_units.values()), made_halls


def _make_units(connection: Connection, table: Table, names: Collection[str]) -> dict[str, str]:
    """Create the units named in `names`; return {code: name} of the new units.

    `names` are cut to `MAX_ALIAS` characters; `table` contains the full names. A name is
    skipped if a stored unit already has it.
    """
    made = {}
    for name in dict.fromkeys(line.text("unit") or line.section for line in table.lines):
        if name[:MAX_ALIAS] not in names or unit_index(connection).find(name):
            continue
        _check_length(name)
        unit = places.put_unit(connection, UnitSummary("", name, likely_type_of(name)), is_new=True)
        made[unit.code] = unit.name
    return made


def _make_point(connection: Connection, name: str, unit: str, writer: Writer, now_ms: int) -> None:
    _check_length(name)
    point = PointSummary("", name, unit, directory.all_units(connection)[unit].type)
    places.put_point(connection, point, writer, now_ms, is_new=True)


def _check_length(name: str) -> None:
    if len(name) > MAX_NAME:
        raise BadForm(fault=say("form.too_long", field=name[:40], longest=MAX_NAME))


class _PlaceLineParser:
    """Parses the lines of a list of units and halls, and collects changes and faults.

    The lines are parsed in order, so a line can name a unit or a hall that an earlier line added.
    """

    def __init__(self, connection: Connection) -> None:
        self._units = directory.all_units(connection)
        self._points = directory.all_points(connection)
        stored = contacts.of_points(connection, self._points)
        self._contacts = {
            (line.point, line.duty): line for lines in stored.values() for line in lines
        }
        self._unit_codes = new_codes("U", self._units)
        self._point_codes = new_codes("P", self._points)
        self._noted: set[str] = set()
        self.changes: list[PlaceChange] = []
        self.faults: list[Fault] = []

    def read(self, line: Line) -> None:
        before = len(self.faults)
        unit = self._unit(line)
        point = self._point(line, unit) if unit else None
        contact_lines = self._contact_lines(line, point) if point else []
        if len(self.faults) > before or unit is None:
            return
        self._note(line, self._units, unit)
        if point:
            self._note(line, self._points, point)
        for contact in contact_lines:
            self.changes.append(
                PlaceChange(line.row, self._contacts.get((contact.point, contact.duty)), contact)
            )

    def _note(self, line: Line, stored: dict[str, Place], place: Place) -> None:
        """Add a change for the unit or hall `place`, unless an earlier line gave the same values.

        `stored` is {code: unit or hall} from the database and from earlier lines. `place` is added
        to `stored`.
        """
        if stored.get(place.code) != place or place.code not in self._noted:
            self.changes.append(PlaceChange(line.row, stored.get(place.code), place))
        stored[place.code] = place
        self._noted.add(place.code)

    def _fault(self, problem: str, line: Line, field: Field, value: str, detail: str = "") -> None:
        self.faults.append(Fault(problem, line.row, line.columns.get(field), value[:80], detail))

    def _unit(self, line: Line) -> UnitSummary | None:
        code, name = line.text("unit_code").upper(), line.text("unit")
        if code and not is_code(code):
            self._fault("bad_place_code", line, "unit_code", code)
            return None
        names = UnitNames({k: unit.name for k, unit in self._units.items() if not unit.ended_ms})
        known_code = code or names.find(name) or ""
        stored = self._units.get(known_code)
        if stored is None and not name:
            point = self._points.get(line.text("point_code").upper())
            stored = self._units.get(point.unit) if point else None
            if stored is None:
                self._fault("no_unit_name", line, "unit", code)
                return None
        if stored is None:
            near = names.near(name)
            if near and not code:
                self._fault("near_unit", line, "unit", name, "; ".join(near))
                return None
            stored = UnitSummary(code or next(self._unit_codes), name, likely_type_of(name))
        if len(name) > MAX_NAME:
            self._fault("too_long", line, "unit", name, str(MAX_NAME))
        is_renamed = bool(code and name) and name != stored.name
        return replace(
            stored,
            name=name if is_renamed else stored.name,
            type=self._type(line) or stored.type,
        )

    def _type(self, line: Line) -> str:
        text = line.text("unit_type")
        if not text:
            return ""
        for code in UNIT_TYPES:
            if text.upper() == code or fold(text) == fold(say(f"unit_type.{code}")):
                return code
        names = "; ".join(say(f"unit_type.{code}") for code in UNIT_TYPES)
        self._fault("unit_type", line, "unit_type", text, names)
        return ""

    def _point(self, line: Line, unit: UnitSummary) -> PointSummary | None:
        code, name = line.text("point_code").upper(), line.text("point")
        has_facts = any(line.text(field) for field in USED[USED.index("capacity") :])
        if code and not is_code(code):
            self._fault("bad_place_code", line, "point_code", code)
            return None
        of_unit = [point for point in self._points.values() if point.unit == unit.code]
        stored = self._points.get(code or name.upper())
        if stored is None and not code:
            index = UnitNames({point.code: without_hall(point.name) for point in of_unit})
            named_code = find_point(index, name)
            named = [point for point in of_unit if not name or point.code == named_code]
            stored = named[0] if len(named) == 1 else None
            if name and not named_code and (near := index.near(without_hall(name))):
                self._fault("near_point", line, "point", name, "; ".join(near))
                return None
            if len(named) > 1 and has_facts:
                self._fault("which_point", line, "point", name, ", ".join(p.code for p in named))
                return None
        is_new_unit = unit.code not in self._units
        if stored is None and not (code or name or has_facts or is_new_unit):
            return None  # a new unit gets a hall, so that its people can be summoned
        if stored is None:
            hall = name or say("places.hall_of", name=unit.name)
            stored = PointSummary(code or next(self._point_codes), hall, unit.code, unit.type)
        is_renamed = bool(code and name) and name != stored.name
        return replace(
            stored,
            name=name if is_renamed else stored.name,
            unit=unit.code,
            unit_type=unit.type,
            capacity=self._capacity(line, stored.capacity),
        )

    def _capacity(self, line: Line, before: int | None) -> int | None:
        text = line.text("capacity").removesuffix(" chỗ")
        if not text:
            return before
        if text.isdecimal() and text.isascii() and int(text[:9]) <= MOST_SEATS:
            return int(text)
        self._fault("capacity", line, "capacity", text)
        return before

    def _contact_lines(self, line: Line, point: PointSummary) -> Sequence[ContactLine]:
        fields: tuple[tuple[Duty, Field, Field], ...] = (
            ("clerk", "clerk", "phone"),
            ("technician", "technician", "technician_phone"),
        )
        lines = []
        for duty, name_field, phone_field in fields:
            stored = self._contacts.get((point.code, duty))
            name = line.text(name_field) or (stored.name if stored else "")
            phone = line.text(phone_field)
            if phone and not normalise_phone(phone):
                self._fault("phone", line, phone_field, phone)
            elif phone and not name:
                self._fault("phone_without_name", line, name_field, phone)
            elif len(name) > MAX_PERSON:
                self._fault("too_long", line, name_field, name, str(MAX_PERSON))
            elif name:
                phone_kept = normalise_phone(phone) or (stored.phone if stored else "")
                lines.append(ContactLine(point.code, duty, name, phone_kept))
        return lines
