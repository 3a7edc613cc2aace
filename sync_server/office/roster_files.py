"""Roster and summons files (CSV or XLSX): read whole, checked whole, every faulty row named.

A roster has the columns person, full_name, unit, position, membership, birth_year; a summons
has meeting, point, person, seat. Which of the two a file is, its heading tells.
"""

import csv
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple
from zipfile import BadZipFile

import msgspec
from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from sync_server.domain.records import PersonCode
from sync_server.messages import say
from sync_server.storage.roster import PersonFact

ROSTER_COLUMNS = ("person", "full_name", "unit", "position", "membership", "birth_year")
SUMMONS_COLUMNS = ("meeting", "point", "person", "seat")
OLDEST_BIRTH_YEAR, YOUNGEST_AGE = 1900, 16

POSITIONS = {"bi thu": "BI_THU", "pho bi thu": "PHO_BI_THU", "cap uy vien": "CAP_UY_VIEN"}
"""Positions that the rules know, as people write them; any other stays as it is written."""

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
    """The file cannot be taken in; `faults` holds a sentence for each row that is wrong."""

    def __init__(self, faults: list[str]) -> None:
        self.faults = faults
        super().__init__("\n".join(faults))


class SummonsRow(NamedTuple):
    """One person summoned to one point of one meeting."""

    meeting: str
    point: str
    person: str
    seat: str


class Known(NamedTuple):
    """What a file may refer to."""

    units: frozenset[str]
    points: frozenset[str]
    meetings: frozenset[str]
    people: frozenset[str]


class _Row(NamedTuple):
    number: int  # as a spreadsheet shows it: the heading is row 1
    cells: dict[str, str]


def read_file(path: Path, known: Known, year: int) -> list[PersonFact] | list[SummonsRow]:
    """Return the people or the summons in a file. Raises: RosterFault, naming every faulty row."""
    columns, rows = _table(path)
    faults: list[str] = []
    people: list[PersonFact] = []
    summonses: list[SummonsRow] = []
    if set(ROSTER_COLUMNS) <= set(columns):
        people = [_person(row, known, year, faults) for row in rows]
        _no_repeats(rows, ("person",), "roster.person_twice", faults)
    elif set(SUMMONS_COLUMNS) <= set(columns):
        summonses = [_summons(row, known, faults) for row in rows]
        _no_repeats(rows, ("meeting", "person"), "roster.summoned_twice", faults)
        seated = [row for row in rows if row.cells["seat"]]
        _no_repeats(seated, ("meeting", "point", "seat"), "roster.seat_twice", faults)
    else:
        faults.append(_wrong_columns(columns))
    if faults:
        raise RosterFault(faults)
    return people or summonses


def _wrong_columns(columns: tuple[str, ...]) -> str:
    return say(
        "roster.columns",
        found=", ".join(columns) or "–",
        roster=", ".join(ROSTER_COLUMNS),
        summons=", ".join(SUMMONS_COLUMNS),
    )


def fold(text: str) -> str:
    """Return a text as people type it in a hurry: lower case, without marks; đ is d."""
    plain = unicodedata.normalize("NFD", text.lower()).replace("đ", "d").replace("ð", "d")
    return "".join(c for c in plain if not unicodedata.combining(c)).strip()


def _person(row: _Row, known: Known, year: int, faults: list[str]) -> PersonFact:
    cells = row.cells
    _check_code(row, faults)
    if not cells["full_name"]:
        faults.append(say("roster.no_name", row=row.number))
    _check_known(row, "unit", known.units, faults)
    membership = MEMBERSHIPS.get(fold(cells["membership"]))
    if membership is None:
        faults.append(say("roster.membership", row=row.number, value=cells["membership"]))
    birth_year = None
    if cells["birth_year"]:
        if cells["birth_year"].isdecimal():
            birth_year = int(cells["birth_year"])
        if birth_year is None or not OLDEST_BIRTH_YEAR <= birth_year <= year - YOUNGEST_AGE:
            faults.append(say("roster.birth_year", row=row.number, value=cells["birth_year"]))
    return PersonFact(
        person=cells["person"],
        full_name=" ".join(cells["full_name"].split()),
        unit=cells["unit"],
        position=POSITIONS.get(fold(cells["position"]).replace("_", " "), cells["position"]),
        membership=membership or "",
        birth_year=birth_year,
    )


def _summons(row: _Row, known: Known, faults: list[str]) -> SummonsRow:
    cells = row.cells
    _check_code(row, faults)
    _check_known(row, "meeting", known.meetings, faults)
    _check_known(row, "point", known.points, faults)
    if cells["person"]:
        _check_known(row, "person", known.people, faults)
    return SummonsRow(*(cells[column] for column in SUMMONS_COLUMNS))


def _check_code(row: _Row, faults: list[str]) -> None:
    try:
        msgspec.convert(row.cells["person"], PersonCode)
    except msgspec.ValidationError:
        faults.append(say("roster.person_code", row=row.number, value=row.cells["person"]))


def _check_known(row: _Row, column: str, known: frozenset[str], faults: list[str]) -> None:
    if row.cells[column] not in known:
        key = f"roster.unknown_{column}"
        faults.append(say(key, row=row.number, value=row.cells[column]))


def _no_repeats(
    rows: Iterable[_Row], columns: tuple[str, ...], key: str, faults: list[str]
) -> None:
    first: dict[tuple[str, ...], int] = {}
    for row in rows:
        value = tuple(row.cells[column] for column in columns)
        if value in first:
            faults.append(say(key, row=row.number, first=first[value], value=value[-1]))
        else:
            first[value] = row.number


def _table(path: Path) -> tuple[tuple[str, ...], list[_Row]]:
    """Return the heading and the rows that are not blank, every text in NFC."""
    lines = _xlsx(path) if path.suffix.lower() in {".xlsx", ".xlsm"} else _csv(path)
    numbered = [(n, [_clean(cell) for cell in line]) for n, line in enumerate(lines, start=1)]
    filled = [(n, cells) for n, cells in numbered if any(cells)]
    if not filled:
        return (), []
    columns = tuple(cell.lower() for cell in filled[0][1])
    width = len(columns)
    rows = [
        _Row(n, dict(zip(columns, [*cells, *[""] * width][:width], strict=True)))
        for n, cells in filled[1:]
    ]
    return columns, rows


def _clean(cell: object) -> str:
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)  # a spreadsheet keeps 1975 as 1975.0
    return unicodedata.normalize("NFC", "" if cell is None else str(cell)).strip()


def _xlsx(path: Path) -> Iterator[Iterable[object]]:
    try:
        book = load_workbook(path, read_only=True, data_only=True)
    except (BadZipFile, InvalidFileException, KeyError, OSError):
        raise RosterFault([say("roster.not_xlsx", path=path)]) from None
    sheet = book.worksheets[0]
    yield from sheet.iter_rows(values_only=True)
    book.close()


def _csv(path: Path) -> Iterator[list[str]]:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as fault:
        raise RosterFault([say("roster.unreadable", path=path, fault=fault.strerror)]) from None
    except UnicodeDecodeError as fault:
        line = path.read_bytes()[: fault.start].count(b"\n") + 1
        raise RosterFault([say("roster.not_utf8", row=line)]) from None
    # Excel in Vietnam separates with semicolons, everything else with commas.
    delimiter = ";" if text.partition("\n")[0].count(";") else ","
    yield from csv.reader(text.splitlines(), delimiter=delimiter)
