"""Keep the attendance of a hall up to date without computing it completely for every check-in.

Most records of a morning are arrivals and departures of summoned people, and affect only the
person. For these, only the attendance of the person is computed again, by the same functions as in
the module `standing`. This module decides whether a record may affect others. If it may, the caller
must compute the attendance of the whole hall. Both ways must give the same result, which
tests/domain/test_judged_hall.py checks with random conferences.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from msgspec.structs import replace

from sync_server.domain.judging.clocks import Clocks, devices_of
from sync_server.domain.judging.counts import Counts, count_attendance
from sync_server.domain.judging.facts import Fact, FactsByKind, Flags, fact_of
from sync_server.domain.judging.hall import OtherAttendees
from sync_server.domain.judging.layers import layers_of
from sync_server.domain.judging.people import PersonJudge, PersonStanding
from sync_server.domain.judging.presence import flag_unexpected_points, seats_of, stays_of
from sync_server.domain.judging.standing import (
    flag_times,
    shows_hall_at_work,
    standing_from,
)
from sync_server.domain.records.kinds import (
    CheckIn,
    CheckOut,
    ConductCategory,
    Record,
    Ruling,
    SeatChange,
    SeatCheck,
    Void,
)

PERSONAL_KINDS = (CheckIn, CheckOut, SeatChange, SeatCheck)
"""The types of record that affect only the attendance of the person named in the record, unless
another person claims the same seat.
"""

_NO_OTHERS = OtherAttendees(frozenset(), {})
_NO_CONDUCT: dict[ConductCategory, int] = {"call": 0, "private_use": 0, "disorder": 0}


class JudgedHall:
    """The standing (the attendance) of one hall at one meeting, to which records can be added.

    `standing` equals the result of `standing_of` for all records added so far. `devices` are the
    codes of the devices that made these records. Only one thread at a time may use the object.
    """

    def __init__(self, point: str, records: Iterable[Record], clocks: Clocks) -> None:
        """Compute the attendance of the whole hall from all records that have arrived so far.

        `point` is the code of the hall. `clocks` contains the measurements of the devices' clocks,
        by which the times of the records are corrected.
        """
        self._records = list(records)
        self._point, self._clocks, self._flags = point, clocks, Flags()
        self._layers = layers_of(point, self._records, clocks, self._flags)
        self.standing = standing_from(point, self._layers, self._flags)
        self.devices = devices_of(self._records)

    def __len__(self) -> int:
        """Return the number of records added so far, as a measure of the memory that they take."""
        return len(self._records)

    def add(self, records: Sequence[Record], clocks: Clocks) -> bool:
        """Add further records and update the attendance; return whether the update was possible.

        An update is possible only if every record affects just one person, who is summoned to the
        hall. `records` are all records concerning the hall that have arrived since the last call.
        `clocks` contains the present measurements of the clocks of `devices` and of the devices
        that made `records`. Return False if the attendance of the whole hall must be computed
        again; the object must then not be used any more.
        """
        if clocks.differs_from(self._clocks, self.devices):
            return False
        if not records:
            return True
        if self.standing.closing or not all(map(self._accept, records)):
            return False
        self._clocks = clocks
        self._records += records
        self.devices |= devices_of(records)
        facts_by_person: defaultdict[str, list[Fact[Record]]] = defaultdict(list)
        for record in records:
            facts_by_person[record.person or ""].append(fact_of(record, record.person, clocks))
        if not all(self._sits_apart(person, facts) for person, facts in facts_by_person.items()):
            return False
        self._judge_people(facts_by_person)
        return True

    @cached_property
    def _place_in_roll(self) -> dict[str, int]:
        """Map the code of every summoned person to the index of the person in `standing.people`.

        `standing` is the attendance in the hall. People who are exempt from attending are left out.
        """
        return {person.person: index for index, person in enumerate(self.standing.people)}

    @cached_property
    def _ids(self) -> Counter[str]:
        """{record id: number of records that have this id, cancel a record with this id, or contain
        a decision of headquarters on this id}.
        """
        referring = (r for r in self._records if isinstance(r, Void | Ruling))
        ids = Counter(record.id for record in self._records)
        ids.update(ref for record in referring for ref in record.refs)
        return ids

    @cached_property
    def _numbers(self) -> Counter[tuple[str, int | None]]:
        """{(device code, record number): number of records with this device and number}."""
        return Counter((record.device, record.seq) for record in self._records)

    @cached_property
    def _facts_by_person(self) -> dict[str, list[Fact[Record]]]:
        """{person code: records about the person with their corrected times, in order of time}."""
        by_person: defaultdict[str, list[Fact[Record]]] = defaultdict(list)
        for fact in self._layers.facts:
            by_person[fact.person or ""].append(fact)
        return dict(by_person)

    @cached_property
    def _involved(self) -> set[str]:
        """The codes of people whose new records require the whole hall to be computed again.

        Their attendance depends on more than their own check-ins, check-outs and seats, or it
        affects others. They are officers, people with other kinds of record, newcomers whom
        headquarters has identified, and people with a record whose id or number occurs twice.
        """
        officers = self._layers.terms.all_officers
        ruled = {r.person or "" for r in self._records if isinstance(r, Void | Ruling)}
        return (
            officers
            | ruled
            | {
                fact.person or ""
                for fact in self._layers.facts
                if not isinstance(fact.record, PERSONAL_KINDS)
                or fact.person != fact.record.person
                or self._ids[fact.id] > 1
                or (fact.seq and self._numbers[fact.device, fact.seq] > 1)
            }
        )

    @cached_property
    def _claimants(self) -> defaultdict[str, set[str]]:
        """{seat: codes of the people who were assigned the seat or claimed it in a record}."""
        claimants: defaultdict[str, set[str]] = defaultdict(set)
        for line in self._layers.rolls.lines.values():
            claimants[line.seat].add(line.person)
        for fact in self._layers.facts:
            claimants[self._seat_in(fact.record)].add(fact.person or "")
        return claimants

    def _seat_in(self, record: Record) -> str:
        """Return the seat in this hall that a record claims; "" if it claims none."""
        if isinstance(record, CheckIn | SeatChange) and record.point == self._point:
            return record.body.seat or ""
        return ""

    def _accept(self, record: Record) -> bool:
        """Remember a record's id, number and seat; return whether only one person must be judged
        again.

        That is so if the record affects the attendance of one summoned person and of nobody else.
        """
        person = record.person or ""
        is_new = record.id not in self._ids and (record.device, record.seq) not in self._numbers
        self._ids[record.id] += 1
        self._numbers[record.device, record.seq] += 1
        self._claimants[self._seat_in(record)].add(person)
        return (
            isinstance(record, PERSONAL_KINDS)
            and is_new
            and record.seq is not None
            and person in self._place_in_roll
            and person not in self._involved
        )

    def _sits_apart(self, person: str, facts: Sequence[Fact[Record]]) -> bool:
        """Return whether no other person was ever assigned, or claimed, one of this person's seats.

        These are the seat that the list of summoned people gives to the person, and all seats that
        the person has claimed. `facts` are further records about the person, with corrected times.
        """
        all_facts = [*self._facts_by_person.get(person, ()), *facts]
        planned = self._layers.rolls.lines[person].seat
        seats = {planned, *(self._seat_in(fact.record) for fact in all_facts)}
        return all(self._claimants[seat] <= {person} for seat in seats if seat)

    def _judge_people(self, further_facts: Mapping[str, Iterable[Fact[Record]]]) -> None:
        """Compute the attendance of some people again, with further records; update `standing`.

        `further_facts` is {person code: the further records with their corrected times}.
        """
        people, flags = list(self.standing.people), Flags()
        before, after, facts_of_all = [], [], list[Fact[Record]]()
        for person, further in further_facts.items():
            earlier = self._facts_by_person.get(person, [])
            facts = sorted([*earlier, *further], key=lambda fact: fact.order)
            self._facts_by_person[person] = facts
            facts_of_all += facts
            index = self._place_in_roll[person]
            before.append(people[index])
            people[index] = self._standing_of(person, facts, flags)
            after.append(people[index])
        self.standing = replace(
            self.standing,
            people=tuple(people),
            counts=self.standing.counts - _counts_of(before) + _counts_of(after),
            flags=_with_flags(self.standing.flags, {fact.id for fact in facts_of_all}, flags),
            has_reported=self.standing.has_reported
            or any(shows_hall_at_work(self._point, fact) for fact in facts_of_all),
        )

    def _standing_of(
        self, person: str, facts: Sequence[Fact[Record]], flags: Flags
    ) -> PersonStanding:
        """Compute the attendance of one summoned person, as `standing_from` does for everybody.

        `facts` are all records about the person with corrected times, in order of time.
        """
        rolls, terms = self._layers.rolls, self._layers.terms
        line = rolls.lines[person]
        effective = FactsByKind(facts)
        stays = stays_of(effective, flags, is_too_late=lambda _: False)  # the hall is not closed
        flag_unexpected_points(self._point, rolls.lines, effective, flags)
        only_line = rolls._replace(lines={person: line})
        seats = seats_of(self._point, only_line, stays, effective, flags)
        flag_times(facts, terms, flags)
        judge = PersonJudge(terms, seats, self._layers.requests, False, flags, facts)
        return judge.judge_summoned([line], stays)[0]


def _counts_of(people: Sequence[PersonStanding]) -> Counts:
    return count_attendance(people, [], _NO_OTHERS, _NO_CONDUCT)


def _with_flags(
    before: dict[str, tuple[str, ...]], ids: set[str], flags: Flags
) -> dict[str, tuple[str, ...]]:
    """Return `before` with the flags of the records in `ids` replaced by those in `flags`.

    A flag is a short code for an anomaly. `before` is {record id or hall code: flags}, and `ids`
    contains record ids.
    """
    raised = flags.all()
    if not raised and before.keys().isdisjoint(ids):
        return before
    after = dict(before)
    for record_id in ids:
        after.pop(record_id, None)
    return after | raised
