"""Compare an uploaded list of people with the stored people, and plan the changes.

If a line may mean several people, a user must choose. This module stores nothing; `list_imports`
stores the planned changes.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date
from itertools import count
from typing import NamedTuple

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from sync_server.domain.legacy_text import is_legacy_name
from sync_server.domain.names import SortKey, fold, word_sort_key
from sync_server.domain.positions import heads, position_of
from sync_server.domain.records.codes import PersonCode
from sync_server.domain.unit_names import MAX_ALIAS, UnitNames, find_point, without_hall
from sync_server.sheets.headings import Field
from sync_server.sheets.tables import Fault, Line, Table
from sync_server.storage.people.roster import ANONYMOUS, RosterPerson

USED: tuple[Field, ...] = (
    "number",
    "person",
    "full_name",
    "family_names",
    "given_name",
    "unit",
    "position",
    "membership",
    "official",
    "probationary",
    "birth",
    "point",
)
"""The fields that are read from a list of people. A column with another field, such as a seat, is
ignored."""

OLDEST_BIRTH_YEAR, YOUNGEST_AGE = 1900, 16
MAX_NAME = 120  # characters in the database column
NO_HALL = "-"
"""The answer by which a user states that a text in the list names no hall."""
NEW = "new"
"""The answer by which a user states that a line means a person who is not stored yet."""

MEMBERSHIPS = {
    "chinh thuc": "OFFICIAL",
    "dang vien": "OFFICIAL",
    "dang vien chinh thuc": "OFFICIAL",
    "dvct": "OFFICIAL",
    "ct": "OFFICIAL",
    "official": "OFFICIAL",
    "du bi": "PROBATIONARY",
    "dang vien du bi": "PROBATIONARY",
    "dvdb": "PROBATIONARY",
    "db": "PROBATIONARY",
    "probationary": "PROBATIONARY",
    "quan chung": "NONE",
    "chua vao dang": "NONE",
    "khong": "NONE",
    "none": "NONE",
    "": "NONE",
}
_TICKS = frozenset({"x", "1", "v", "co", "+", "true", "✓", "✔"})
_DAY = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})(?: 00:00:00)?")
_ISO_DAY = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?: 00:00:00)?")
_MONTH = re.compile(r"(\d{1,2})[/.-](\d{4})")
_YEAR = re.compile(r"(?:năm )?(\d{4})", re.IGNORECASE)
TITLE = re.compile(
    r"(?:đ/c|đồng chí|ông|bà|ths|ts|pgs|gs|bs|ks|cn|cử nhân|thạc sĩ|tiến sĩ|bác sĩ)[.:]? ",
    re.IGNORECASE,
)
"""Matches a title or form of address at the start of a text, such as «đồng chí». A title is not
part of a name."""
_NOTHING = frozenset({"-", "–", "khong", "khong co", "0", "x"})
"""Texts in a column of positions which mean that the person has no position. They are written in
lower case and without accents."""
_NO = frozenset({"", "0", "khong", "k", "-", "no", "false"})
_APOSTROPHES = re.compile("[‘’ʼ`´]")
_CODE = re.compile(r"M(\d{5,9})")


class ListChoices(Struct, frozen=True, omit_defaults=True):
    """A user's decisions about a list of people.

    `fields`: {heading in lower case without accents: field of the column, or None to leave the
    column out}. `people`: {row, counted from 0: code of the person that the line means, or `NEW`
    for a person who is not stored yet}. `unit`: the code of the unit for lines that state none.
    `units`: {first `MAX_ALIAS` characters of a name in the list: code of the unit meant}. `points`:
    {first `MAX_ALIAS` characters of a name in the list: code of the hall meant, or `NO_HALL` if the
    person goes to the unit's hall}.

    `membership`: the Party membership of new people if the list does not state it. `ended`: codes
    of people to be marked as having left, because the list leaves them out. `others_new`: True if a
    line for which the user chose nobody means a new person. `into_demonstration`: True if real
    people may be stored in the database of a demonstration.
    """

    fields: dict[str, Field | None] = {}
    people: dict[int, str] = {}
    unit: str = ""
    units: dict[str, str] = {}
    points: dict[str, str] = {}
    membership: str = ""
    ended: tuple[str, ...] = ()
    others_new: bool = False
    into_demonstration: bool = False


class Change(NamedTuple):
    """A person's data before and after an import; `before` is None for a new person.

    `row` is the row in the list, counted from 0, or -1 if the person is to be marked as having
    left.
    """

    row: int
    before: RosterPerson | None
    after: RosterPerson

    @property
    def losses(self) -> tuple[str, ...]:
        """The names of the fields that the change would empty, such as `position`.

        If the code would pass to another person (see `is_other`), the names are `full_name` and
        `birth_year`. The tuple is empty for a new person.
        """
        if self.before is None:
            return ()
        if self.is_other:
            return ("full_name", "birth_year")
        return tuple(
            name
            for name in ("position", "membership", "birth_year", "point")
            if getattr(self.before, name) not in {"", None, "NONE"}
            and getattr(self.after, name) in {"", None, "NONE"}
        )

    @property
    def is_other(self) -> bool:
        """Whether the person's code would afterwards belong to somebody else.

        This is assumed if the name would change together with the birth year or the unit.
        """
        before, after = self.before, self.after
        if before is None or name_key(before.full_name) == name_key(after.full_name):
            return False
        return (before.birth_year, before.unit) != (after.birth_year, after.unit)

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of the person's fields that change. The tuple is empty for a new person."""
        if self.before is None:
            return ()
        return tuple(
            name
            for name in RosterPerson.__struct_fields__
            if getattr(self.before, name) != getattr(self.after, name)
        )


class Question(NamedTuple):
    """A line of a list that may mean one of several stored people, or a person of another unit.

    `row` counts from 0. `person` contains the data in the line, and `candidates` the stored
    people that the line may mean. `answer` is the code that a user chose, `NEW` for a new
    person, or "" if the user has not chosen yet.
    """

    row: int
    person: RosterPerson
    candidates: tuple[RosterPerson, ...]
    answer: str


class PeoplePlan(NamedTuple):
    """The changes that a list of people would make, and the list's faults and open questions.

    `new` and `changed` are the changes that add people and those that change stored people.
    `unchanged`: the number of people whose data stay the same. `missing`: stored people of the
    listed units who are not on the list. `needs_unit`: True if some line states no unit.

    `needs_membership`: True if the list does not state the Party membership of new people.
    `lacks_membership`: True if the user must still choose that membership. `secretaries`: (code
    of a unit, number) for units that would have several Secretaries, although only one can
    preside.
    """

    new: list[Change]
    changed: list[Change]
    unchanged: int
    missing: list[RosterPerson]
    questions: list[Question]
    faults: list[Fault]
    needs_unit: bool
    needs_membership: bool
    lacks_membership: bool = False
    secretaries: tuple[tuple[str, int], ...] = ()

    @property
    def is_ready(self) -> bool:
        """Whether the list can be imported.

        A fault prevents the import, and so does an unanswered question, or a list without the Party
        membership of new people if the user has not chosen it.
        """
        is_answered = all(question.answer for question in self.questions)
        return not self.faults and is_answered and not self.lacks_membership

    @property
    def changes(self) -> list[Change]:
        """The changes to stored people, and then the additions of new people.

        Changes that would lose data, such as a person's position, come first.
        """
        return sorted(self.changed, key=lambda change: not change.losses) + self.new


def plan_people(
    table: Table,
    stored: Sequence[RosterPerson],
    units: UnitNames,
    points: UnitNames,
    choices: ListChoices,
    year: int,
) -> PeoplePlan:
    """Return the changes that a table of people would make to the stored people.

    `stored` are all people in the database. `units` and `points` find units and halls by name, and
    `choices` are the user's decisions. `year` is the present year: it is a fault if a person was
    born less than 16 years before it, or before 1900.
    """
    reader = _PersonLineParser(table, units, points, choices, year)
    drafts = [draft for line in table.lines if (draft := reader.read(line))]
    matcher = _Matcher(stored, choices, reader.faults)
    changes, questions = matcher.match(drafts)
    new = [change for change in changes if change.before is None]
    changed = [change for change in changes if change.before and change.fields]
    matched = {change.after.person for change in changes}
    asked = {person.person for question in questions for person in question.candidates}
    covered = {draft.unit for draft in drafts}
    missing = [
        person
        for person in stored
        if person.unit in covered
        and person.ended_ms is None
        and person.person not in matched
        and person.person not in asked
    ]
    needs_membership = (
        "membership" not in table.fields
        and not {"official", "probationary"} & table.fields
        and bool(new)
    )
    return PeoplePlan(
        new,
        changed,
        len(changes) - len(new) - len(changed),
        missing,
        questions,
        [*table.faults, *reader.faults],
        reader.needs_unit,
        needs_membership,
        needs_membership and not choices.membership,
        _secretaries(stored, changes),
    )


def _secretaries(
    stored: Iterable[RosterPerson], changes: Iterable[Change]
) -> tuple[tuple[str, int], ...]:
    """Return the units in the list that would have several Secretaries after the import.

    Every item is (code of the unit, number of Secretaries); the items are sorted by code.
    """
    after = {p.person: p for p in stored if p.ended_ms is None}
    after |= {change.after.person: change.after for change in changes}
    by_unit: dict[str, dict[str, str]] = {change.after.unit: {} for change in changes}
    for person in after.values():
        if person.unit in by_unit:
            by_unit[person.unit][person.person] = person.position
    counts = {unit: len(heads(positions)) for unit, positions in by_unit.items()}
    return tuple(sorted((unit, count) for unit, count in counts.items() if count > 1))


class _Draft(NamedTuple):
    """A line of an imported list of people after parsing, not yet matched to a stored person.

    `position`, `membership` or `point` (the code of the person's hall) is None if the list has
    no column for it. `has_birth` is True if the list has a column for the date of birth;
    `birth` is the text in that column, and `birth_year` the year in the text. `row` and
    `column` count from 0; `column` is the column of the name.
    """

    row: int
    column: int
    code: str
    name: str
    unit: str
    position: str | None
    membership: str | None
    birth_year: int | None
    has_birth: bool
    birth: str
    point: str | None


class _PersonLineParser:
    """Parses the lines of a list of people, and collects a fault for every faulty cell."""

    def __init__(
        self, table: Table, units: UnitNames, points: UnitNames, choices: ListChoices, year: int
    ) -> None:
        self._table, self._units, self._choices, self._year = table, units, choices, year
        self._points = points
        self._units_by_text: dict[str, str | None] = {}
        self.faults: list[Fault] = []
        self.needs_unit = False

    def read(self, line: Line) -> _Draft | None:
        before = len(self.faults)
        draft = _Draft(
            line.row,
            line.columns.get("full_name", 0),
            self._code(line),
            self._name(line),
            self._unit(line),
            self._position(line),
            self._membership(line),
            self._birth_year(line),
            "birth" in self._table.fields,
            line.text("birth"),
            self._point(line),
        )
        waits = any(self._is_in_merged_cell(line, field) for field in ("unit", "point"))
        return draft if draft.unit and not waits and len(self.faults) == before else None

    def _fault(self, problem: str, line: Line, field: Field, value: str, detail: str = "") -> None:
        self.faults.append(
            Fault(problem, line.row, line.columns.get(field), value[:MAX_ALIAS], detail)
        )

    def _code(self, line: Line) -> str:
        code = line.text("person")
        if code:
            try:
                msgspec.convert(code, PersonCode)
            except msgspec.ValidationError:
                self._fault("bad_code", line, "person", code)
        return code

    def _name(self, line: Line) -> str:
        name = line.text("full_name")
        if not name:
            self._fault("empty_name", line, "full_name", "")
        elif len(name) > MAX_NAME:
            self._fault("too_long", line, "full_name", name, str(MAX_NAME))
        elif any(letter.isdigit() for letter in name):
            self._fault("digits_in_name", line, "full_name", name)
        elif title := TITLE.match(name):
            self._fault("title_in_name", line, "full_name", name, title[0].strip())
        elif is_legacy_name(name):
            self._fault("legacy", line, "full_name", name)
        return name

    def _unit(self, line: Line) -> str:
        text = line.text("unit") or line.section
        if not text:
            self.needs_unit = True
            if not self._choices.unit and not self._is_in_merged_cell(line, "unit"):
                self._fault("no_unit", line, "unit", "")
            return self._choices.unit
        if text not in self._units_by_text:
            chosen = self._choices.units.get(text[:MAX_ALIAS], "")
            self._units_by_text[text] = self._units.find(chosen or text)
        unit = self._units_by_text[text]
        if unit is None:
            self._fault("unknown_unit", line, "unit", text, "; ".join(self._units.near(text)))
        return unit or ""

    def _is_in_merged_cell(self, line: Line, field: Field) -> bool:
        """Return whether a cell is in a merged block, which is reported as a separate fault."""
        column = line.columns.get(field)
        return column is not None and any(
            area.top <= line.row <= area.bottom and area.left <= column <= area.right
            for area in self._table.grid.merged
        )

    def _point(self, line: Line) -> str | None:
        if "point" not in self._table.fields:
            return None
        text = line.text("point")
        chosen = self._choices.points.get(text[:MAX_ALIAS], "")
        if not text or chosen == NO_HALL:
            return ""
        point = find_point(self._points, chosen or text)
        if point is None:
            near = "; ".join(self._points.near(without_hall(text)))
            self._fault("unknown_point", line, "point", text, near)
        return point or ""

    def _position(self, line: Line) -> str | None:
        if "position" not in self._table.fields:
            return None
        text = line.text("position")
        if len(text) > MAX_NAME:
            self._fault("too_long", line, "position", text, str(MAX_NAME))
        return "" if fold(text) in _NOTHING else position_of(text)

    def _membership(self, line: Line) -> str | None:
        fields = self._table.fields
        if "membership" in fields:
            text = line.text("membership")
            membership = MEMBERSHIPS.get(" ".join(fold(text).replace(".", " ").split()))
            if membership is None and fold(text) in _TICKS:
                membership = "OFFICIAL"
            if membership is None:
                self._fault("membership", line, "membership", text)
            return membership
        if {"official", "probationary"} & fields:
            is_official = fold(line.text("official")) not in _NO
            is_probationary = fold(line.text("probationary")) not in _NO
            if is_official and is_probationary:
                self._fault("both_memberships", line, "probationary", line.text("probationary"))
            if is_official:
                return "OFFICIAL"
            return "PROBATIONARY" if is_probationary else "NONE"
        return None

    def _birth_year(self, line: Line) -> int | None:
        text = line.text("birth")
        if not text:
            return None
        year = ""
        if match := _DAY.fullmatch(text):
            year = match[3] if _is_day(match[3], match[2], match[1]) else ""
        elif match := _ISO_DAY.fullmatch(text):
            year = match[1] if _is_day(match[1], match[2], match[3]) else ""
        elif match := _MONTH.fullmatch(text):
            year = match[2]
        elif match := _YEAR.fullmatch(text):
            year = match[1]
        if not year or not OLDEST_BIRTH_YEAR <= int(year) <= self._year - YOUNGEST_AGE:
            self._fault("birth", line, "birth", text)
            return None
        return int(year)


def _is_day(year: str, month: str, day: str) -> bool:
    """Return whether a year, a month and a day form an existing date. 31/02 does not exist."""
    try:
        date(int(year), int(month), int(day))
    except ValueError:
        return False
    return True


class _Matcher:
    """Matches parsed lines to stored people, and gives codes to new people.

    If a line may mean several people, or a person of another unit, the result is a question to the
    user, and a change only after the user has answered the question.
    """

    def __init__(
        self, stored: Iterable[RosterPerson], choices: ListChoices, faults: list[Fault]
    ) -> None:
        self._choices, self._faults = choices, faults
        self._by_code = {person.person: person for person in stored}
        self._by_name: dict[SortKey, list[RosterPerson]] = {}
        for person in self._by_code.values():
            if not person.merged_into:
                self._by_name.setdefault(name_key(person.full_name), []).append(person)
        self._rows: dict[str, int] = {}
        self._unstored: dict[tuple[SortKey, str, str], int] = {}
        self._new_codes: Iterator[str] = iter(())
        self._codes_in_list: Collection[str] = ()

    def match(self, drafts: Sequence[_Draft]) -> tuple[list[Change], list[Question]]:
        self._codes_in_list = {draft.code for draft in drafts if draft.code}
        self._new_codes = new_codes(self._by_code.keys() | self._codes_in_list)
        changes, questions = [], []
        for draft in drafts:
            if draft.code:
                if not self._is_out_of_use(draft) and self._is_first(draft, draft.code):
                    before = self._by_code.get(draft.code)
                    changes.append(Change(draft.row, before, self._after(draft)))
                continue
            candidates = self._candidates(draft)
            answer = self._choices.people.get(draft.row, "")
            if len(candidates) > 1 or (candidates and candidates[0].unit != draft.unit):
                codes = {candidate.person for candidate in candidates}
                others = NEW if self._choices.others_new else ""
                answer = answer if answer == NEW or answer in codes else others
                proposed = _merge(draft, None, "", self._choices)
                questions.append(Question(draft.row, proposed, tuple(candidates), answer))
                if not answer:
                    continue
            elif candidates:
                answer = candidates[0].person
            if answer and answer != NEW:
                if self._is_first(draft, answer):
                    after = self._after(draft._replace(code=answer))
                    changes.append(Change(draft.row, self._by_code[answer], after))
            elif self._is_new_once(draft, answer):
                code = next(self._new_codes)
                changes.append(Change(draft.row, None, self._after(draft._replace(code=code))))
        return changes, questions

    def _after(self, draft: _Draft) -> RosterPerson:
        return _merge(draft, self._by_code.get(draft.code), draft.code, self._choices)

    def _candidates(self, draft: _Draft) -> list[RosterPerson]:
        """Return the stored people that a line without a code may mean.

        If the line states no birth year, return all people of that name in the unit. Otherwise,
        return the people of that name in the unit who were born in that year; if there are none,
        those in the unit without a stored birth year; and if there are none either, those of other
        units who were born in that year.
        """
        named = [
            person
            for person in self._by_name.get(name_key(draft.name), ())
            if person.person not in self._codes_in_list
        ]
        of_unit = [person for person in named if person.unit == draft.unit]
        if draft.birth_year is None:
            return of_unit
        born_then = [person for person in of_unit if person.birth_year == draft.birth_year]
        if born_then:
            return born_then
        return [person for person in of_unit if person.birth_year is None] or [
            person for person in named if person.birth_year == draft.birth_year
        ]

    def _is_first(self, draft: _Draft, code: str) -> bool:
        first = self._rows.setdefault(code, draft.row)
        if first != draft.row:
            self._faults.append(
                Fault("person_twice", draft.row, draft.column, draft.name, str(first + 1))
            )
        return first == draft.row

    def _is_new_once(self, draft: _Draft, answer: str) -> bool:
        key = (name_key(draft.name), draft.unit, draft.birth)
        first = self._unstored.setdefault(key, draft.row)
        if first != draft.row and answer != NEW:
            self._faults.append(
                Fault("same_twice", draft.row, draft.column, draft.name, str(first + 1))
            )
            return False
        return True

    def _is_out_of_use(self, draft: _Draft) -> bool:
        """Return whether the code in a line must no longer be used; if so, add a fault.

        The code must not be used if it belongs to an entry that was merged into another entry, or
        to a person whose data were made anonymous.
        """
        stored = self._by_code.get(draft.code)
        if stored and stored.merged_into:
            problem, detail = "merged_person", stored.merged_into
        elif stored and stored.ended_why == ANONYMOUS:
            problem, detail = "anonymous_person", ""
        else:
            return False
        self._faults.append(Fault(problem, draft.row, draft.column, draft.code, detail))
        return True


def _merge(
    draft: _Draft, before: RosterPerson | None, code: str, choices: ListChoices
) -> RosterPerson:
    """Return the data that a person has after the import of a line.

    `draft` is the parsed line, and `before` the stored person, or None for a new one, whose code is
    `code`. `choices` are the user's answers about the list. Data about which the list says nothing
    stay unchanged, except that a change of unit clears the usual hall. A stored name is kept if the
    list only repeats it in capital letters. A person who was marked as having left becomes active
    again.
    """
    kept = before or RosterPerson(code, "", "", "", choices.membership or "NONE", None)
    is_same_in_capitals = draft.name.isupper() and draft.name == kept.full_name.upper()
    return replace(
        kept,
        full_name=kept.full_name if is_same_in_capitals else draft.name,
        unit=draft.unit,
        point=_point_after(draft, kept),
        position=kept.position if draft.position is None else draft.position,
        membership=kept.membership if draft.membership is None else draft.membership,
        birth_year=draft.birth_year if draft.has_birth else kept.birth_year,
        ended_ms=None,
        ended_why="",
    )


def _point_after(draft: _Draft, kept: RosterPerson) -> str:
    """Return the code of a person's usual hall after an import.

    Without a column for the hall, the stored hall is kept if the unit stays the same; otherwise the
    result is "".
    """
    if draft.point is not None:
        return draft.point
    return kept.point if draft.unit == kept.unit else ""


def new_codes(taken: Collection[str]) -> Iterator[str]:
    """Return an iterator of new person codes, such as M00042, above the highest code in `taken`."""
    numbers = (int(match[1]) for code in taken if (match := _CODE.fullmatch(code)))
    return (f"M{number:05}" for number in count(max(numbers, default=0) + 1))


def name_key(name: str) -> SortKey:
    """Return a key that is equal for different spellings of the same name.

    Upper and lower case, the position of a tone mark and the shape of an apostrophe do not matter:
    Hoà equals Hòa. Accents do matter: An and Ân are different names.
    """
    return word_sort_key(" ".join(_APOSTROPHES.sub("'", name.lower()).split()))


def as_json(changes: Sequence[Change]) -> bytes:
    """Return the people's data before and after every change in `changes`, as JSON.

    The JSON is stored with the imported list, and is needed to undo the import.
    """
    return msgspec.json.encode([(change.before, change.after) for change in changes])


def without_people(encoded: bytes, codes: Collection[str]) -> bytes:
    """Return the stored changes of an import without the changes to some people.

    `encoded` is JSON made by `as_json`, and `codes` are the people's codes. The result is JSON
    of the same form.
    """
    changes = from_json(encoded)
    kept = [change for change in changes if change[1].person not in codes]
    return encoded if len(kept) == len(changes) else msgspec.json.encode(kept)


def from_json(encoded: bytes) -> list[tuple[RosterPerson | None, RosterPerson]]:
    """Return people's data before and after an import, from JSON made by `as_json`.

    Every item is (before, after), in the order of the changes. `before` is None for a new
    person.
    """
    decoded: list[tuple[RosterPerson | None, RosterPerson]] = msgspec.json.decode(
        encoded, type=list[tuple[RosterPerson | None, RosterPerson]]
    )
    return decoded
