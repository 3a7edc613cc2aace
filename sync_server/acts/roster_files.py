"""Roster and summons files (CSV or XLSX): read whole, checked whole, every faulty row named.

A roster has the columns person, full_name, unit, position, membership, birth_year; a summons
has meeting, point, person, seat. The heading shows which of the two a file is.
"""

import unicodedata
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import msgspec
from sqlalchemy import Connection

from sync_server.clocks import now_ms
from sync_server.domain.names import fold
from sync_server.domain.positions import COMMITTEE
from sync_server.domain.records.codes import PersonCode
from sync_server.messages import say
from sync_server.sheets import MOST_COLUMNS, MOST_ROWS, SheetFault, read_sheet
from sync_server.storage import directory
from sync_server.storage.people import roster
from sync_server.storage.people.roster import RosterPerson

ROSTER_COLUMNS = ("person", "full_name", "unit", "position", "membership", "birth_year")
SUMMONS_COLUMNS = ("meeting", "point", "person", "seat")
OLDEST_BIRTH_YEAR, YOUNGEST_AGE = 1900, 16
MOST_FAULTS, MAX_HEADING, MAX_CELL_SHOWN = 200, 60, 500
MAX_NAME, MAX_SEAT = 120, 16  # the limits of the tables and of the rolls

POSITIONS = {code.replace("_", " ").lower(): code for code in COMMITTEE}
"""Positions that the rules use, as people write them; others are stored as written."""

MEMBERSHIPS = {
    "chinh thuc": "OFFICIAL",
    "official": "OFFICIAL",
    "du bi": "PROBATIONARY",
    "probationary": "PROBATIONARY",
    "quan chung": "NONE",
    "none": "NONE",
    "": "NONE",
}


class RosterFault(Exception):
    """A file that cannot be imported; `faults` holds a sentence for every faulty row."""

    def __init__(self, faults: list[str]) -> None:
        self.faults = faults
        super().__init__("\n".join(faults))


class SummonsRow(NamedTuple):
    """One person summoned to one point of one meeting."""

    meeting: str
    point: str
    person: str
    seat: str


class KnownCodes(NamedTuple):
    """The codes that a file may refer to."""

    units: frozenset[str]
    points: frozenset[str]
    meetings: frozenset[str]
    people: frozenset[str]


class _Row(NamedTuple):
    number: int  # as a spreadsheet shows it: the heading is row 1
    cells: dict[str, str]


def read_file(path: Path, codes: KnownCodes, year: int) -> list[RosterPerson] | list[SummonsRow]:
    """Return the people or the summons in a file. Raises: RosterFault, naming every faulty row."""
    columns, rows = _read_table(path)
    faults: list[str] = []
    people: list[RosterPerson] = []
    summonses: list[SummonsRow] = []
    if set(ROSTER_COLUMNS) <= set(columns):
        people = [_parse_person(row, codes, year, faults) for row in rows]
        _check_repeats(rows, ("person",), "roster.person_twice", faults)
    elif set(SUMMONS_COLUMNS) <= set(columns):
        summonses = [_parse_summons(row, codes, faults) for row in rows]
        _check_repeats(rows, ("meeting", "person"), "roster.summoned_twice", faults)
        seated = [row for row in rows if row.cells["seat"]]
        _check_repeats(seated, ("meeting", "point", "seat"), "roster.seat_twice", faults)
    else:
        faults.append(_columns_fault(columns))
    if faults:
        more = len(faults) - MOST_FAULTS
        rest = [say("roster.more_faults", count=more)] if more > 0 else []
        raise RosterFault([*faults[:MOST_FAULTS], *rest])
    return people or summonses


def _columns_fault(columns: tuple[str, ...]) -> str:
    return say(
        "roster.columns",
        found=", ".join(columns) or "–",
        roster=", ".join(ROSTER_COLUMNS),
        summons=", ".join(SUMMONS_COLUMNS),
    )


def _parse_person(row: _Row, codes: KnownCodes, year: int, faults: list[str]) -> RosterPerson:
    cells = row.cells
    _check_code(row, faults)
    if not cells["full_name"]:
        faults.append(say("roster.no_name", row=row.number))
    _check_length(row, "full_name", MAX_NAME, faults)
    _check_length(row, "position", MAX_NAME, faults)
    _check_known(row, "unit", codes.units, faults)
    membership = MEMBERSHIPS.get(fold(cells["membership"]))
    if membership is None:
        faults.append(say("roster.membership", row=row.number, value=cells["membership"]))
    birth_year = None
    if cells["birth_year"]:
        if cells["birth_year"].isdecimal() and len(cells["birth_year"]) == len("1975"):
            birth_year = int(cells["birth_year"])
        if birth_year is None or not OLDEST_BIRTH_YEAR <= birth_year <= year - YOUNGEST_AGE:
            faults.append(say("roster.birth_year", row=row.number, value=cells["birth_year"]))
    return RosterPerson(
        person=cells["person"],
        full_name=" ".join(cells["full_name"].split()),
        unit=cells["unit"],
        position=POSITIONS.get(fold(cells["position"]).replace("_", " "), cells["position"]),
        membership=membership or "",
        birth_year=birth_year,
    )


def _parse_summons(row: _Row, codes: KnownCodes, faults: list[str]) -> SummonsRow:
    cells = row.cells
    _check_code(row, faults)
    _check_known(row, "meeting", codes.meetings, faults)
    _check_known(row, "point", codes.points, faults)
    if cells["person"]:
        _check_known(row, "person", codes.people, faults)
    _check_length(row, "seat", MAX_SEAT, faults)
    return SummonsRow(*(cells[column] for column in SUMMONS_COLUMNS))


def _check_length(row: _Row, column: str, longest: int, faults: list[str]) -> None:
    value = row.cells[column]
    if len(value) > longest or not value.isprintable():
        printable = "".join(filter(str.isprintable, value))[:longest]
        key = "roster.too_long"
        faults.append(say(key, row=row.number, column=column, value=printable, longest=longest))


def _check_code(row: _Row, faults: list[str]) -> None:
    try:
        msgspec.convert(row.cells["person"], PersonCode)
    except msgspec.ValidationError:
        faults.append(say("roster.person_code", row=row.number, value=row.cells["person"]))


def _check_known(row: _Row, column: str, codes: frozenset[str], faults: list[str]) -> None:
    if row.cells[column] not in codes:
        key = f"roster.unknown_{column}"
        faults.append(say(key, row=row.number, value=row.cells[column]))


def _check_repeats(
    rows: Iterable[_Row], columns: tuple[str, ...], key: str, faults: list[str]
) -> None:
    first_rows: dict[tuple[str, ...], int] = {}
    for row in rows:
        value = tuple(row.cells[column] for column in columns)
        if value in first_rows:
            faults.append(say(key, row=row.number, first=first_rows[value], value=value[-1]))
        else:
            first_rows[value] = row.number


def _read_table(path: Path) -> tuple[tuple[str, ...], list[_Row]]:
    """Return the heading and the rows that are not blank, every text in NFC."""
    try:
        lines = read_sheet(path)
    except SheetFault as fault:
        message = say(f"roster.{fault.problem}", path=path, row=fault.row, most=MOST_ROWS)
        raise RosterFault([message]) from None
    numbered = [(n, [_clean_cell(cell) for cell in line]) for n, line in enumerate(lines, start=1)]
    filled = [(n, cells) for n, cells in numbered if any(cells)]
    if not filled:
        return (), []
    columns = tuple(cell.lower()[:MAX_HEADING] for cell in filled[0][1][:MOST_COLUMNS])
    width = len(columns)
    rows = [
        _Row(n, dict(zip(columns, [*cells, *[""] * width][:width], strict=True)))
        for n, cells in filled[1:]
    ]
    return columns, rows


def _clean_cell(cell: object) -> str:
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)  # a spreadsheet stores 1975 as 1975.0
    return unicodedata.normalize("NFC", "" if cell is None else str(cell)[:MAX_CELL_SHOWN]).strip()


def read_known_codes(connection: Connection) -> KnownCodes:
    """Return the codes that a roster or summons file may refer to."""
    return KnownCodes(
        units=frozenset(directory.unit_codes(connection)),
        points=frozenset(directory.point_codes(connection)),
        meetings=frozenset(line.id for line in directory.meetings(connection, now_ms())),
        people=frozenset(roster.known_people(connection)),
    )
