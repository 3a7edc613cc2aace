"""Import uploaded lists of people: preview the changes, store all of them at once, or undo them."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import NamedTuple, cast

from msgspec.structs import replace
from sqlalchemy import Connection

from sync_server import clocks
from sync_server.acts import people_lists
from sync_server.acts.people_lists import Change, ListChoices, PeoplePlan
from sync_server.domain.names import SortKey
from sync_server.domain.positions import rank_of
from sync_server.domain.unit_names import MAX_ALIAS, UnitNames, find_point, without_hall
from sync_server.errors import BadForm
from sync_server.messages import say
from sync_server.sheets.files import Progress, ignore_progress, read_grids
from sync_server.sheets.grids import Grid, SheetFault
from sync_server.sheets.headings import Field
from sync_server.sheets.tables import NAMES_OF_PEOPLE, Fault, NoTable, Table, find_table
from sync_server.storage import directory
from sync_server.storage.people import lists, roster
from sync_server.storage.people.lists import StoredList
from sync_server.storage.people.roster import RosterPerson

MAX_LIST_BYTES = 16 * 1024 * 1024
MOST_FAULTS_SHOWN = 20
"""The largest number of faults that a web page shows for a list; more would make the page too long.
The list can be downloaded with all its faults marked."""

SHOWN_OF_A_KIND = 5
"""The number of faults of each kind that a list's web page shows before any further faults."""

NOT_ON_THE_LIST = "not_on_list"
"""The reason stored for a person who was marked as having left because the unit's new list did not
contain the person.
"""


class UnreadableList(Exception):
    """Raised if an uploaded file cannot be read, or does not contain exactly one suitable table.

    `fault` gives the reason.
    """

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        super().__init__(fault.problem)


class UnmatchedName(NamedTuple):
    """A name in a list that is not the name of a stored unit or hall.

    `text`: the name as written. `lines`: the number of lines with this name. `near`: the codes of
    units or halls with similar names, the most similar first. `code`: the code that a user chose
    for this name, or "" without a choice.
    """

    text: str
    lines: int
    near: list[str]
    code: str


class UnderstoodText(NamedTuple):
    """A text in a list, and the unit, hall or position in a Party committee that the text means.

    `lines` is the number of lines with the text. `code` is the code of the unit, hall or committee
    position; it is "" if the text means another position.
    """

    text: str
    lines: int
    code: str


class ListPreview(NamedTuple):
    """A list of people as it is shown to the user before the import.

    `table`: the list read from the file. `plan`: the changes that the import would make. `units`
    and `points`: {code: name} of all units and of all halls. `unmatched_units` and
    `unmatched_points`: names in the list that are not the names of stored units or halls.
    `understood_units`, `understood_points` and `understood_positions`: the other names and the
    positions, and what they mean. `same_names`: names that several new people of one unit have.
    """

    table: Table
    plan: PeoplePlan
    units: dict[str, str]
    points: dict[str, str]
    unmatched_units: list[UnmatchedName]
    unmatched_points: list[UnmatchedName]
    understood_units: list[UnderstoodText]
    understood_positions: list[UnderstoodText]
    understood_points: list[UnderstoodText]
    same_names: list[str]


def open_grids(content: bytes, name: str, progress: Progress = ignore_progress) -> list[Grid]:
    """Return the sheets of an uploaded file (XLSX or CSV).

    `content` contains the bytes of the file, and `name` is the file's name. `progress` is called
    with the number of rows read so far and the number of all rows. Reading is slow, so call this
    function outside a transaction. Raises: UnreadableList if the file cannot be read.
    """
    try:
        return read_grids(content, name, progress)
    except SheetFault as fault:
        raise UnreadableList(Fault(fault.problem, value=name)) from None


def find_list(
    grids: Sequence[Grid],
    *,
    used: Sequence[Field],
    fields: Mapping[str, Field | None],
    is_unit: Callable[[str], bool],
    keys: Collection[Field] = NAMES_OF_PEOPLE,
) -> Table:
    """Return the one table in the sheets `grids` that can be read as a list.

    `used`: the fields to read. `fields`: maps a column's heading (lower case, without accents)
    to the field that a user chose for it, or to None to skip the column. `is_unit`: a function
    that returns whether a text names a unit. `keys`: every line must have at least one of these
    fields, by default a person's code or name.

    Raises: UnreadableList if there is no such table, or more than one.
    """
    try:
        return find_table(grids, used=used, choices=fields, is_unit=is_unit, keys=keys)
    except NoTable as missing:
        raise UnreadableList(missing.fault) from None


def unit_index(connection: Connection, *, with_ended: bool = False) -> UnitNames:
    """Return an index that finds a unit's code by its name.

    The index also knows the names for which users chose a unit in earlier lists. `with_ended`: also
    find units that are no longer in use.
    """
    names = directory.all_unit_names if with_ended else directory.unit_names
    return UnitNames(names(connection), lists.aliases(connection, "unit"))


def point_index(connection: Connection) -> UnitNames:
    """Return an index that finds a hall's code by its name. Halls out of use are left out.

    The index also knows the names for which users chose a hall in earlier lists.
    """
    chosen = lists.aliases(connection, "point")
    return UnitNames(
        {code: without_hall(point.name) for code, point in directory.points(connection).items()},
        {without_hall(name): code for name, code in chosen.items()},
    )


def preview(connection: Connection, grids: Sequence[Grid], choices: ListChoices) -> ListPreview:
    """Read a list of people, and return the changes that an import would make.

    `grids` are the sheets of the file, and `choices` the user's decisions so far. Nothing is
    stored. Raises: UnreadableList if the sheets do not contain exactly one table of people.
    """
    units = unit_index(connection)
    remembered = lists.remembered_fields(connection)
    fields: dict[str, Field | None] = {
        heading: cast(Field, field) if field else None for heading, field in remembered.items()
    }
    table = find_list(
        grids,
        used=people_lists.USED,
        fields=fields | choices.fields,
        is_unit=lambda text: units.find(text) is not None,
    )
    names = directory.all_unit_names(connection)
    people_plan = plan(connection, table, choices)
    stated_units = Counter(line.text("unit") or line.section for line in table.lines)
    remembered_units = {
        text[:MAX_ALIAS]: code for text in stated_units if (code := units.chosen_for(text))
    }
    halls = Counter(text for line in table.lines if (text := line.text("point")))
    points = point_index(connection)
    remembered_halls = {
        text[:MAX_ALIAS]: code for text in halls if (code := points.chosen_for(without_hall(text)))
    }
    positions = Counter(text for line in table.lines if (text := line.text("position")))
    return ListPreview(
        table,
        people_plan,
        names,
        {code: point.name for code, point in directory.points(connection).items()},
        unmatched_names(
            people_plan.faults,
            "unknown_unit",
            stated_units,
            units,
            remembered_units | choices.units,
        ),
        unmatched_names(
            people_plan.faults,
            "unknown_point",
            halls,
            points,
            remembered_halls | choices.points,
        ),
        [
            UnderstoodText(text, lines, code)
            for text, lines in sorted(stated_units.items())
            if (code := units.find(text))
        ],
        [UnderstoodText(text, lines, rank_of(text)) for text, lines in sorted(positions.items())],
        [
            UnderstoodText(text, lines, code)
            for text, lines in sorted(halls.items())
            if (code := find_point(points, text))
        ],
        _same_names(people_plan, names),
    )


def _same_names(people_plan: PeoplePlan, unit_names: Mapping[str, str]) -> list[str]:
    """Return the names that several new people of one unit have, with the unit and birth years."""
    years: dict[tuple[SortKey, str], list[str]] = {}
    names: dict[tuple[SortKey, str], str] = {}
    for _, _, person in people_plan.new:
        key = (people_lists.name_key(person.full_name), person.unit)
        names[key] = person.full_name
        years.setdefault(key, []).append(str(person.birth_year or "?"))
    return [
        f"{names[key]} ({unit_names.get(key[1], key[1])}: {', '.join(sorted(birth_years))})"
        for key, birth_years in years.items()
        if len(birth_years) > 1
    ]


def unmatched_names(
    faults: Iterable[Fault],
    problem: str,
    stated: Mapping[str, int],
    index: UnitNames,
    chosen: Mapping[str, str],
) -> list[UnmatchedName]:
    """Return the names in a list that are not the names of stored units or halls.

    First come the names that a fault reports as unknown, and then those for which a user chose a
    code. `faults` are the list's faults, and `problem` is the code of the faults that report an
    unknown name, such as `unknown_unit`. `stated`: {name: number of lines with the name}. `index`
    finds similar names. `chosen`: {first `MAX_ALIAS` characters of a name: code chosen}.
    """
    unknown = [fault.value for fault in faults if fault.problem == problem]
    lines: Counter[str] = Counter()
    for name, count in stated.items():
        lines[name[:MAX_ALIAS]] += count
    return [
        UnmatchedName(
            text,
            lines[text],
            index.near_codes(without_hall(text)),
            chosen.get(text, ""),
        )
        for text in dict.fromkeys([*unknown, *(text for text in sorted(chosen) if chosen[text])])
    ]


def plan(connection: Connection, table: Table, choices: ListChoices) -> PeoplePlan:
    """Return the changes that an import of this table would make to the people stored now.

    `choices` are the user's decisions, for example which person a line means.
    """
    units = unit_index(connection)
    at_ms = clocks.now_ms()
    stored = roster.list_people(connection, with_ended=True, at_ms=at_ms)
    year = datetime.fromtimestamp(at_ms / 1000, UTC).year
    points = point_index(connection)
    return people_lists.plan_people(table, stored, units, points, choices, year)


def changes_of(people_plan: PeoplePlan, choices: ListChoices, now_ms: int) -> list[Change]:
    """Return all changes that an import stores, including people who are marked as having left.

    People are marked as having left if they are missing from the list and their codes are in
    `choices.ended`. `now_ms` is recorded as the time when they left, in ms since 1970 UTC.
    `Change.row` is the row in the list, counted from 0, or -1 for a person who left.
    """
    ended = set(choices.ended)
    return people_plan.changes + [
        Change(-1, person, replace(person, ended_ms=now_ms, ended_why=NOT_ON_THE_LIST))
        for person in people_plan.missing
        if person.person in ended
    ]


def fingerprint(people_plan: PeoplePlan) -> str:
    """Return a hash (16 hex digits) of the planned changes.

    If the hash differs from the one calculated for the preview, somebody has changed the stored
    people since the preview.
    """
    encoded = people_lists.as_json(people_plan.changes) + repr(people_plan.missing).encode()
    return sha256(encoded).hexdigest()[:16]


def import_list(
    connection: Connection,
    read: ListPreview,
    choices: ListChoices,
    list_id: str,
    *,
    now_ms: int,
) -> int:
    """Store the changes planned for a list that was previewed; return the number of changes.

    `read` is the preview, and `list_id` the id of the uploaded file in the database. The changes
    are also stored with the file, so that the import can be undone. Raises: BadForm if somebody has
    changed the stored data of people since the preview.
    """
    current_plan = plan(connection, read.table, choices)
    if fingerprint(current_plan) != fingerprint(read.plan):
        raise BadForm(fault=say("lists.look_again"))
    changes = changes_of(current_plan, choices, now_ms)
    roster.put_people(connection, [change.after for change in changes])
    lists.set_done(connection, list_id, people_lists.as_json(changes), now_ms=now_ms)
    return len(changes)


def pairs_of(stored: StoredList) -> list[tuple[RosterPerson | None, RosterPerson]]:
    """Return the people that the import of a stored list changed, as (before, after).

    `before` is None for a person that the import added. The result is empty before the import.
    """
    return people_lists.from_json(stored.changes)


def undo(connection: Connection, stored: StoredList, *, now_ms: int) -> int:
    """Undo the import of a list; return the number of people that the import had changed.

    People that the import added are deleted. The earlier data of all others are restored.

    Raises: BadForm if the list has not been imported, changed nobody or has already been
    undone; if any of these people has been changed since the import; or if an added person is
    on a roll (a list of summoned people) or in a record.
    """
    pairs = pairs_of(stored)
    if stored.done_ms is None or stored.undone_ms is not None or not pairs:
        raise BadForm(fault=say("lists.not_to_undo"))
    current = {p.person: p for p in roster.list_people(connection, with_ended=True, at_ms=now_ms)}
    changed_since = [after.person for _, after in pairs if current.get(after.person) != after]
    new = [after.person for before, after in pairs if before is None]
    changed_since += sorted(roster.mentioned_people(connection, new))
    if changed_since:
        shown = ", ".join(changed_since[:MOST_FAULTS_SHOWN])
        raise BadForm(fault=say("lists.newer", count=len(changed_since), people=shown))
    roster.remove_people(connection, new)
    roster.put_people(connection, [before for before, _ in pairs if before is not None])
    lists.set_undone(connection, stored.id, now_ms=now_ms)
    return len(pairs)


def different_first(faults: Sequence[Fault]) -> list[Fault]:
    """Reorder faults: the first `SHOWN_OF_A_KIND` of every kind come before all others.

    Otherwise many equal faults would fill the page, and hide a different one.
    """
    seen: Counter[str] = Counter()
    numbered = []
    for place, fault in enumerate(faults):
        seen[fault.problem] += 1
        numbered.append((max(seen[fault.problem], SHOWN_OF_A_KIND), place, fault))
    return [fault for *_, fault in sorted(numbered, key=lambda item: item[:2])]


def describe(fault: Fault) -> str:
    """Return a sentence in Vietnamese that states the cell, the fault and the correction.

    If the fault concerns a whole row or column, the row or column is stated instead of a cell. If
    the fault concerns the whole file, no place is stated.
    """
    place = ""
    if fault.row is not None and fault.column is not None:
        place = say("sheet.at.cell", place=fault.place)
    elif fault.row is not None:
        place = say("sheet.at.row", place=fault.place)
    elif fault.column is not None:
        place = say("sheet.at.column", place=fault.place)
    detail = say("sheet.near", names=fault.detail) if _has_near(fault) else ""
    sentence = say(f"sheet.{fault.problem}", value=_shown(fault.value), detail=fault.detail)
    return f"{place}{sentence}{detail}"


def _has_near(fault: Fault) -> bool:
    return fault.problem in {"unknown_unit", "unknown_point"} and bool(fault.detail)


def _shown(value: str) -> str:
    """Return a text with its invisible characters made visible, for a message about a fault.

    Every character that cannot be printed is replaced by its code, such as [U+200B].
    """
    return "".join(letter if letter.isprintable() else f"[U+{ord(letter):04X}]" for letter in value)
