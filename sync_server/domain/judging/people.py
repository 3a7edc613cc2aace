"""Determine whether the people summoned to a hall are present, absent or not recorded.

The attendance of visitors is determined, too. Other modules of this package have determined before
when everybody was in the hall, who sat where, which requests for leave were approved, and whether
the list of summoned people is signed off.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Literal

from msgspec import Struct

from sync_server.domain.judging.facts import Fact, Flags
from sync_server.domain.judging.presence import (
    Seats,
    Stay,
    Stays,
    first_in_meeting,
    is_early_leave,
    is_late,
    minutes_between,
)
from sync_server.domain.judging.requests import RequestStates, State
from sync_server.domain.judging.settings import Terms
from sync_server.domain.records.kinds import Mode, Record, Summoned

AttendanceState = Literal["not_recorded", "present", "absent_excused", "absent_unexcused"]
Cause = Literal["no_valid_reason", "not_agreed"]
ComesAs = Literal["guest", "substitute"] | None


class PersonStanding(Struct, frozen=True, omit_defaults=True):
    """The attendance of one person at a meeting.

    Minutes are rounded down. `stays` contains `(came_ms, left_ms, hall code)` in order, in ms since
    1970 UTC. Without a recorded departure, `left_ms` is the end of the meeting, or None if that is
    not known. `seat_right`: whether the person sat in the right seat, or None if not checked.
    `request`: the state of the person's request for leave. `comes_as`: the announced role of a
    person who is not summoned here.
    """

    person: str
    standing: AttendanceState
    cause: Cause | None = None
    is_late: bool = False
    late_minutes: int = 0
    has_left_early: bool = False
    left_early_minutes: int = 0
    mode: Mode | None = None
    seat: str | None = None
    seat_right: bool | None = None
    request: State | None = None
    stays: tuple[tuple[int, int | None, str], ...] = ()
    comes_as: ComesAs = None
    flags: tuple[str, ...] = ()


class PersonJudge:
    """Determines the attendance of the summoned people and the visitors of a hall.

    The attendance is derived from their stays, seats and requests for leave, and from whether the
    attendance list is signed off.
    """

    def __init__(
        self,
        terms: Terms,
        seats: Seats,
        requests: RequestStates,
        is_closed: bool,
        flags: Flags,
        in_force: Iterable[Fact[Record]],
    ) -> None:
        self._terms, self._seats, self._requests = terms, seats, requests
        self._is_closed = is_closed and not terms.is_cancelled
        self._without_records: tuple[AttendanceState, Cause | None] = (
            ("absent_unexcused", "no_valid_reason") if self._is_closed else ("not_recorded", None)
        )
        self._flags = flags
        self._ids_of: defaultdict[str, list[str]] = defaultdict(list)
        for fact in in_force:
            self._ids_of[fact.person or ""].append(fact.id)

    def judge_summoned(self, lines: Iterable[Summoned], stays: Stays) -> tuple[PersonStanding, ...]:
        """Return the attendance of all summoned people except exempt ones, in the order of `lines`.

        `lines` is the hall's list of summoned people. `stays` contains the stays of every person
        (times from arrival to departure) by person code. A person who came is present even if on
        leave. A person with neither a stay nor approved leave is `absent_unexcused` if the hall's
        attendance list is signed off, and otherwise `not_recorded`.
        """
        standings = []
        for line in lines:
            if line.exempt:
                continue
            if line.person in stays:
                standings.append(self.judge_present(line.person, stays[line.person]))
            elif line.person in self._ids_of:
                standings.append(self._judge_absent(line.person))
            else:  # frequent before a meeting, so a call per person is avoided
                seat = self._seats.by_person.get(line.person)
                standings.append(PersonStanding(line.person, *self._without_records, seat=seat))
        return tuple(standings)

    def _judge_absent(self, person: str) -> PersonStanding:
        standing, cause = self._without_records
        request = self._requests.by_person.get(person)
        if request == "approved":
            standing, cause = "absent_excused", None
        elif self._is_closed and person in self._requests.live:
            cause = "not_agreed"
        return PersonStanding(
            person=person,
            standing=standing,
            cause=cause,
            seat=self._seats.by_person.get(person),
            request=request,
            flags=self._flags.of(self._ids_of[person]),
        )

    def judge_present(
        self, person: str, stays: Sequence[Stay], comes_as: ComesAs = None
    ) -> PersonStanding:
        """Return the attendance of a person who came, including late arrival or early departure.

        `person` is a person code. `stays` (times from arrival to departure) must be in order of
        time and must not be empty. `comes_as` is the announced role, such as guest, of a person who
        is not summoned here.
        """
        terms = self._terms
        came_ms, left_ms = first_in_meeting(stays, terms).came_ms, stays[-1].left_ms
        late, early = is_late(came_ms, terms), is_early_leave(left_ms, terms)
        return PersonStanding(
            person=person,
            standing="present",
            is_late=late,
            late_minutes=minutes_between(terms.starts_ms, came_ms) if late else 0,
            has_left_early=early,
            left_early_minutes=minutes_between(left_ms, terms.ends_ms) if early else 0,
            mode=stays[-1].arrival.record.body.mode,
            seat=self._seats.by_person.get(person),
            seat_right=self._seats.right.get(person),
            request=self._requests.by_person.get(person),
            stays=tuple((stay.came_ms, stay.until_ms(terms.ends_ms), stay.point) for stay in stays),
            comes_as=comes_as,
            flags=self._flags.of(self._ids_of[person]),
        )
