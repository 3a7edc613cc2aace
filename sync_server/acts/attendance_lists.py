"""Turn attendance lists from other programs or from paper into check-ins and check-outs.

Every line is matched to a summoned person by code, or else by name, unit and birth year. A name
from a video conference may lack accents or contain the name of a unit. If several people match, a
user must choose.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Literal, NamedTuple

import msgspec
from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Connection

from sync_server.acts import arrangements
from sync_server.acts.attendance_times import Span, duration_of, joined_stays, moment_of
from sync_server.acts.list_imports import find_list, unit_index
from sync_server.acts.people_lists import TITLE, name_key
from sync_server.acts.writing import Note, envelope, write_records
from sync_server.domain.names import SortKey, fold
from sync_server.domain.records.codes import from_ms, to_ms
from sync_server.domain.records.door import Writer
from sync_server.domain.records.kinds import (
    CheckIn,
    CheckInBody,
    CheckOut,
    CheckOutBody,
    Mode,
    Record,
    Void,
    VoidBody,
    kind_of,
)
from sync_server.domain.unit_names import UnitNames
from sync_server.sheets.grids import Grid
from sync_server.sheets.headings import Field
from sync_server.sheets.tables import Fault, Line, Table
from sync_server.storage.ledger import standings, streams
from sync_server.storage.ledger.streams import StreamKey, records_of
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
    "joined",
    "left",
    "minutes",
    "present",
    "absent",
)
SKIP = "skip"
"""The answer by which a user leaves a line of the list out of the import."""
MIN_WORDS = 2
"""The least number of words that a part of a written name needs to identify a person.

For example, «P001 - Nguyễn Văn An» has the parts «P001» and «Nguyễn Văn An». Many people share a
given name, so a single word identifies a person only if it is the whole written name."""

LineState = Literal["new", "recorded", "present", "outside", "unknown", "question", "skipped"]
_PIECES = re.compile(r"[-_|/,;()\[\]]+| {2,}")
_NO = frozenset({"", "0", "khong", "k", "-", "absent", "no", "false"})


class AttendanceChoices(Struct, frozen=True, omit_defaults=True):
    """A user's decisions about an attendance list.

    `people`: {row of a line, counted from 0: code of the person that the line means, or `SKIP`
    to leave the line out}. `mode`: how the people attended; "" means online if the list is from
    a video conference, and in person otherwise. `at_ms`: the arrival time (ms since 1970 UTC)
    for lines that state none; None means the meeting's start.
    """

    people: dict[int, str] = {}
    mode: Mode | Literal[""] = ""
    at_ms: int | None = None


class AttendanceLine(NamedTuple):
    """A line of an attendance list, and what an import would record from it.

    `row` counts from 0. `text` is the person and the unit as written in the list. `person` is
    None, and `point` (the hall's code) is empty, if the line is not matched to a person.
    `stays` are pairs (came_ms, left_ms) in ms since 1970 UTC; `left_ms` is None if the list
    states no departure.

    `state` is `new` if the stays will be recorded, `recorded` if an earlier import recorded them,
    `present` if other records show the person as present, `outside` if no stay overlaps the
    meeting, `unknown` if nobody matches, `question` if a user must choose from `candidates`, and
    `skipped` if a user left the line out.
    """

    row: int
    text: str
    state: LineState
    person: RosterPerson | None
    point: str
    stays: tuple[tuple[int, int | None], ...]
    candidates: tuple[RosterPerson, ...] = ()


class AttendancePlan(NamedTuple):
    """What an import of an attendance list would record.

    `table` is the list read from the file. `lines` are the list's lines, matched to people, and
    `faults` are the list's errors. `mode` is how the people attended. `needs_time` is True if
    some line states no arrival time.
    """

    table: Table
    lines: list[AttendanceLine]
    faults: list[Fault]
    mode: Mode
    needs_time: bool

    @property
    def is_ready(self) -> bool:
        """Whether the list can be imported.

        A fault prevents the import, and so does a line for which a user must still choose a person.
        """
        return not self.faults and not self.of_state("question")

    def of_state(self, state: LineState) -> list[AttendanceLine]:
        """Return the lines of the list that have this state, such as `new` or `question`."""
        return [line for line in self.lines if line.state == state]


class RecordedLine(Struct, frozen=True):
    """A line of an imported attendance list, and the records made from it.

    `row` counts from 0. `text` is the person and the unit as written in the list. `person` is
    the person's code, and `point` the hall's. `records` contains the ids of the records.
    `came_ms` is the first arrival that the line states, in ms since 1970 UTC.
    """

    row: int
    text: str
    person: str
    point: str
    records: tuple[str, ...]
    came_ms: int = 0


Earlier = Mapping[tuple[str, int], str]
"""The people matched in earlier imports, as {(text of the line, arrival time in ms since 1970 UTC):
person's code}.
"""


def plan_attendance(
    connection: Connection,
    meeting: str,
    grids: Sequence[Grid],
    choices: AttendanceChoices,
    *,
    now_ms: int,
    earlier: Earlier | None = None,
) -> AttendancePlan:
    """Read an attendance list of a meeting, and return what an import would record.

    `grids` are the sheets of the uploaded file. `choices` are the user's decisions so far.
    `earlier` contains the people matched in earlier imports: a line with the same text and arrival
    time means the same person. Nothing is stored.

    Raises: UnreadableList if the sheets do not contain exactly one table of people; UnknownMeeting
    if no meeting has the id `meeting`.
    """
    summary = arrangements.require_meeting(connection, meeting, now_ms)
    units = unit_index(connection, with_ended=True)
    table = find_list(
        grids, used=USED, fields={}, is_unit=lambda text: units.find(text) is not None
    )
    span = Span(to_ms(summary.starts_at), to_ms(summary.ends_at))
    people = _Summoned(connection, meeting, units, at_ms=span.starts_ms)
    reader = _AttendanceMatcher(table, people, choices, span, earlier or {})
    lines = reader.read()
    is_conference = {"joined", "left"} <= table.fields or {"joined", "minutes"} <= table.fields
    mode: Mode = choices.mode or ("online" if is_conference else "in_person")
    return AttendancePlan(table, lines, [*table.faults, *reader.faults], mode, reader.needs_time)


def import_attendance(
    connection: Connection, meeting: str, plan: AttendancePlan, writer: Writer, now_ms: int
) -> list[RecordedLine]:
    """Record the check-ins and check-outs of the lines that a plan marks as `new`.

    Return these lines with the ids of their records, in the order of the plan. Raises: BadForm if
    the ledger refuses a record; nothing is stored then.
    """
    records: list[Record] = []
    recorded: list[RecordedLine] = []
    for line in plan.of_state("new"):
        assert line.person
        made = list(_records_of(line, line.person.person, meeting, plan.mode, writer, now_ms))
        records += made
        ids = tuple(record.id for record in made)
        person = line.person.person
        recorded.append(
            RecordedLine(line.row, line.text, person, line.point, ids, line.stays[0][0])
        )
    write_records(connection, writer, records, now_ms)
    return recorded


def undo_import(
    connection: Connection,
    meeting: str,
    recorded: Sequence[RecordedLine],
    writer: Writer,
    reason: Note,
    now_ms: int,
) -> None:
    """Cancel all records made from the lines `recorded` of an imported attendance list.

    For every such record, a further record (a void) is written, which cancels it. A cancelled
    record stays in the ledger (the set of all records) but no longer counts. `reason` is the
    encrypted explanation, which is stored once for all records. Raises: BadForm if the ledger
    refuses a record.
    """
    body = VoidBody(detail=reason.sha256)
    voids = [
        Void(
            **envelope(writer, meeting, line.point, now_ms),
            person=line.person,
            refs=(record_id,),
            body=body,
        )
        for line in recorded
        for record_id in line.records
    ]
    write_records(connection, writer, voids, now_ms, {reason.sha256: reason.box})


def as_json(recorded: Sequence[RecordedLine]) -> bytes:
    """Return the lines of an imported list as JSON, to be stored with the list."""
    return msgspec.json.encode(recorded)


def from_json(encoded: bytes) -> list[RecordedLine]:
    """Return the lines of an imported list from the JSON that `as_json` made.

    The lines are in the order in which they were imported.
    """
    return msgspec.json.decode(encoded, type=list[RecordedLine])


def without_people(encoded: bytes, codes: Collection[str]) -> bytes:
    """Return the stored lines of an import without the names of some people.

    `encoded` is JSON made by `as_json`, and `codes` are the people's codes. The result is JSON
    of the same form. No line is left out, so that the import can still be undone.
    """
    lines = from_json(encoded)
    kept = [replace(line, text="") if line.person in codes else line for line in lines]
    return encoded if kept == lines else as_json(kept)


def _records_of(
    line: AttendanceLine, person: str, meeting: str, mode: Mode, writer: Writer, now_ms: int
) -> Iterator[Record]:
    for came_ms, left_ms in line.stays:
        fields = {**envelope(writer, meeting, line.point, now_ms), "source": "import"}
        yield CheckIn(
            **fields, person=person, body=CheckInBody(mode=mode, happened_at=from_ms(came_ms))
        )
        if left_ms is not None:
            fields = {**envelope(writer, meeting, line.point, now_ms), "source": "import"}
            yield CheckOut(**fields, person=person, body=CheckOutBody(happened_at=from_ms(left_ms)))


class _Summoned:
    """The people summoned to a meeting, indexed by code and by name.

    `point_of` is {person's code: code of the hall to which the person is summoned}. `present`
    contains the codes of people with a recorded stay. `recorded` contains the arrivals and
    departures that earlier imports recorded, as (person's code, `check_in` or `check_out`,
    time).
    """

    def __init__(
        self,
        connection: Connection,
        meeting: str,
        units: UnitNames,
        *,
        at_ms: int,
    ) -> None:
        self._units = units
        keys = streams.of_meeting(connection, meeting)
        self._by_code = {
            person.person: person
            for person in roster.list_people(connection, with_ended=True, at_ms=at_ms)
        }
        self.point_of = {
            line.person: key.point for key in keys for line in arrangements.roll_of(connection, key)
        }
        self._by_name: dict[SortKey, list[RosterPerson]] = {}
        self._by_words: dict[tuple[str, ...], list[RosterPerson]] = {}
        for code in self.point_of:
            if person := self._by_code.get(code):
                self._by_name.setdefault(name_key(person.full_name), []).append(person)
                self._by_words.setdefault(_words(person.full_name), []).append(person)
        self.present = {
            person.person
            for standing in standings.read_all(connection, keys).values()
            for person in standing.people
            if person.stays
        }
        self.recorded = _recorded(connection, keys)

    def of_code(self, code: str) -> RosterPerson | None:
        """Return the summoned person with this code; None if nobody summoned has it."""
        return self._by_code.get(code) if code in self.point_of else None

    def of_name(self, name: str, unit: str, year: str) -> tuple[list[RosterPerson], bool]:
        """Return the summoned people that a name may mean, and whether the match is certain.

        `unit` and `year` are the unit and the birth year that the line states, or "". First the
        whole name is compared, and then its parts between punctuation marks. Every text is compared
        first with accents, and then without accents and with the words in any order. A match is not
        certain if the stated unit is unknown, or if nobody of that name has the stated unit or
        birth year.
        """
        pieces = [piece for piece in (p.strip() for p in _PIECES.split(name)) if piece]
        stated = self._units.find(unit) if unit else None
        stated = stated or next((code for p in pieces if (code := self._units.find(p))), None)
        for text in dict.fromkeys([name, *pieces]):
            for matches in (self._by_name.get(name_key(text)), self._by_words.get(_words(text))):
                if not matches or (len(_words(text)) < MIN_WORDS and text != name):
                    continue
                people = [p for p in matches if stated in {None, p.unit}]
                if people and year:
                    people = [p for p in people if str(p.birth_year) == year or not p.birth_year]
                is_sure = bool(people) and not (unit and stated is None)
                return (people or matches), is_sure
        return [], False


class _AttendanceMatcher:
    """Matches the lines of an attendance list to the people summoned to a meeting.

    Several lines about the same person become one line with several stays.
    """

    def __init__(
        self,
        table: Table,
        people: _Summoned,
        choices: AttendanceChoices,
        span: Span,
        earlier: Earlier,
    ) -> None:
        self._table, self._people, self._choices, self._span = table, people, choices, span
        self._earlier = earlier
        self.faults: list[Fault] = []
        self.needs_time = False

    def read(self) -> list[AttendanceLine]:
        lines: dict[str, AttendanceLine] = {}
        others: list[AttendanceLine] = []
        for line in self._table.lines:
            stay = self._stay(line)
            if stay is None or not self._is_present(line):
                continue
            understood = self._match(line, stay)
            if understood.person is None:
                others.append(understood)
            elif before := lines.get(understood.person.person):
                stays = tuple(joined_stays([*before.stays, stay]))
                lines[understood.person.person] = before._replace(stays=stays)
            else:
                lines[understood.person.person] = understood
        return [self._judge(line) for line in lines.values()] + others

    def _match(self, line: Line, stay: tuple[int, int | None]) -> AttendanceLine:
        answer = self._choices.people.get(line.row, "")
        name = TITLE.sub("", line.text("full_name"), count=1)
        text = " · ".join(filter(None, (name or line.text("person"), line.text("unit"))))
        understood = AttendanceLine(line.row, text, "unknown", None, "", (stay,))
        if answer == SKIP:
            return understood._replace(state="skipped")
        answer = answer or self._earlier.get((text, stay[0]), "")
        code = (answer or line.text("person")).upper()
        if person := self._people.of_code(code):
            return self._found(understood, person)
        if answer:
            self._fault("not_summoned", line, "full_name", answer)
            return understood
        year = line.text("birth")[-4:]
        stated_unit = line.text("unit") or line.section
        candidates, is_sure = self._people.of_name(name, stated_unit, year)
        if len(candidates) == 1 and is_sure:
            return self._found(understood, candidates[0])
        if candidates:
            return understood._replace(state="question", candidates=tuple(candidates))
        return understood

    def _found(self, line: AttendanceLine, person: RosterPerson) -> AttendanceLine:
        point = self._people.point_of[person.person]
        return line._replace(state="new", person=person, point=point)

    def _judge(self, line: AttendanceLine) -> AttendanceLine:
        """Return the line of a matched person, marked with the line's final state.

        The state is `recorded` if earlier imports recorded all stays, `outside` if no stay overlaps
        the meeting, `present` if other records show the person as present, and `new` otherwise.
        """
        assert line.person
        code = line.person.person
        wanted = {(code, kind, at) for kind, at in _moments(line.stays)}
        if wanted <= self._people.recorded:
            return line._replace(state="recorded")
        if not any(self._span.is_during(stay) for stay in line.stays):
            return line._replace(state="outside")
        return line._replace(state="present") if code in self._people.present else line

    def _is_present(self, line: Line) -> bool:
        fields = self._table.fields
        if "present" in fields and not _says_yes(line.text("present")):
            return False
        return "absent" not in fields or not line.text("absent")

    def _stay(self, line: Line) -> tuple[int, int | None] | None:
        """Return when the person in a line came and left, in ms since 1970 UTC; None after a fault.

        If the line states no arrival, use the time that the user entered, or else the meeting's
        start. If it states no departure, calculate the departure from the arrival and the stated
        duration; without a duration, the departure is None. A fault, such as a departure before the
        arrival, is added to `faults`.
        """
        came_ms = self._moment(line, "joined")
        if came_ms is None and "joined" not in self._table.fields:
            came_ms = moment_of(line.text("present"), self._span)
        left_ms = self._moment(line, "left")
        if came_ms is None and not line.text("joined"):
            self.needs_time = True
            came_ms = self._choices.at_ms or self._span.starts_ms
        if came_ms is None:
            return None
        if left_ms is None and (text := line.text("minutes")) and line.text("joined"):
            length_ms = duration_of(text)
            if length_ms is None:
                self._fault("minutes", line, "minutes", text)
                return None
            left_ms = came_ms + length_ms
        if left_ms is not None and left_ms < came_ms:
            self._fault("left_before", line, "left", line.text("left"))
            return None
        return came_ms, left_ms

    def _moment(self, line: Line, field: Field) -> int | None:
        text = line.text(field)
        if not text:
            return None
        at_ms = moment_of(text, self._span)
        if at_ms is None:
            day = datetime.fromtimestamp(self._span.starts_ms / 1000, UTC)
            self._fault("moment", line, field, text, f"{day:%d/%m/%Y}")
        return at_ms

    def _fault(self, problem: str, line: Line, field: Field, value: str, detail: str = "") -> None:
        self.faults.append(Fault(problem, line.row, line.columns.get(field), value[:80], detail))


def _moments(stays: Sequence[tuple[int, int | None]]) -> Iterator[tuple[str, str]]:
    for came_ms, left_ms in stays:
        yield "check_in", from_ms(came_ms)
        if left_ms is not None:
            yield "check_out", from_ms(left_ms)


def _recorded(connection: Connection, keys: Sequence[StreamKey]) -> set[tuple[str, str, str]]:
    """Return the arrivals and departures that earlier imports recorded.

    Every item is (code of the person, `check_in` or `check_out`, time in ISO 8601 UTC). Cancelled
    (voided) records are left out, so that a list can be imported again. `keys` are the meeting's
    halls.
    """
    recorded = set()
    stored = standings.read_all(connection, keys)
    for key, records in records_of(connection, keys).items():
        flags = stored[key].flags if key in stored else {}
        voided = {
            record.refs[0]
            for record in records
            if isinstance(record, Void) and "without_authority" not in flags.get(record.id, ())
        }
        for record in records:
            if not isinstance(record, CheckIn | CheckOut) or record.id in voided:
                continue
            if record.source == "import":
                recorded.add((record.person, kind_of(record), record.body.happened_at or ""))
    return recorded


def _says_yes(text: str) -> bool:
    """Return whether an attendance mark means that the person was present.

    Every mark, including a time, means present, with three exceptions: an empty cell, a mark that
    means "no", such as «không» or 0, and a text that begins with «vắng» (absent).
    """
    folded = fold(text)
    return folded not in _NO and not folded.startswith("vang")


def _words(name: str) -> tuple[str, ...]:
    return tuple(sorted(fold(name).split()))
