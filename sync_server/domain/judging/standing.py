"""Compute the attendance in one hall of a meeting from records and clock measurements alone.

In the code, a hall is called a point, and its attendance the standing of the point. The
measurements show the errors of the clocks of the devices that made the records. The result
does not depend on a database, on the current time, or on the order or repetition of
records. The module `layers` computes it in stages up to the decisions on leave, and this
module does the rest. `site/app/rules/standing.js` contains the same rules for the check-in
page of a hall (the kiosk). The cases in tests/vectors/ test both.
"""

from collections import defaultdict
from collections.abc import Iterable

import msgspec
from msgspec import Struct

from sync_server.domain.judging.chair import Chair, chair_of
from sync_server.domain.judging.clocks import FAR_FROM_MEETING_MS, Clocks
from sync_server.domain.judging.closing import (
    SignedClosing,
    flag_records_after_closing,
    is_amended,
    signed_closing_of,
)
from sync_server.domain.judging.counts import Counts, count_attendance
from sync_server.domain.judging.deciding import DecisionRights
from sync_server.domain.judging.facts import Fact, Flags
from sync_server.domain.judging.hall import (
    FollowUps,
    HallFeedback,
    IncidentSpan,
    OtherAttendees,
    SubstituteStanding,
    conduct_of,
    feedback_of,
    follow_ups_of,
    incident_minutes,
    incidents_of,
    missing_items,
    other_attendees_of,
    was_in_hall,
)
from sync_server.domain.judging.layers import Layers, layers_of
from sync_server.domain.judging.people import PersonJudge, PersonStanding
from sync_server.domain.judging.presence import Stays, seats_of
from sync_server.domain.judging.requests import (
    Request,
    RequestStates,
    excused_by_headquarters,
    requests_of,
)
from sync_server.domain.judging.settings import RollChanges, Terms
from sync_server.domain.records.kinds import KINDS, Record
from sync_server.domain.shared import SHARED

MEETING_DAY_KINDS = tuple(KINDS[name] for name in SHARED.meeting_day_kinds)
"""The types of record that are made only while people gather and meet.

Their times must be near the meeting. A request for leave may be made days before, so it is not
among them.
"""

REPORTING_KINDS = (*MEETING_DAY_KINDS, *(KINDS[name] for name in SHARED.hall_kinds))
"""The types of record that show that a hall is at work.

Until such a record arrives, the hall is listed as not reported. Requests for leave are not among
these types, because they may be made days before the meeting.
"""


class PointStanding(Struct, frozen=True):
    """The computed attendance of one hall: its people, other attendees, counts and anomalies.

    `people` are those summoned, in the order of the hall's list. `visitors` came without being
    summoned here, and include guests and substitutes with a person code. `exempt` are people on
    the list who came but do not count as summoned. `flags` is {record id or hall code: codes of
    anomalies}. `missing` contains codes of what keeps the hall from being ready: unprepared
    items, `chair` (nobody can preside), `capacity` (too few seats). `has_reported` is False
    until a device reports from the hall; until then, the hall is shown as not reported, never
    as 0.
    """

    terms: Terms
    people: tuple[PersonStanding, ...]
    requests: tuple[Request, ...]
    visitors: tuple[PersonStanding, ...]
    exempt: tuple[PersonStanding, ...]
    substitutes: tuple[SubstituteStanding, ...]
    counts: Counts
    chair: Chair
    missing: tuple[str, ...]
    incidents: tuple[IncidentSpan, ...]
    follow_ups: FollowUps
    roll_changes: RollChanges
    closing: SignedClosing | None
    flags: dict[str, tuple[str, ...]]
    has_reported: bool
    is_amended: bool
    feedback: HallFeedback | None = None

    @property
    def is_counted(self) -> bool:
        """Whether the hall counts in totals; it does not in a rehearsal or a cancelled meeting."""
        return not (self.terms.is_rehearsal or self.terms.is_cancelled)


def standing_of(point: str, records: Iterable[Record], clocks: Clocks) -> PointStanding:
    """Compute the standing (the attendance) of a hall from the records that concern the hall.

    `point` is the code of the hall. `records` must contain, in any order, the records made in the
    hall, and the records made in other halls about its officers (the people who may preside) and
    about the people on its lists of summoned people. Repeated records have no effect. `clocks`
    corrects the times of the records.
    """
    flags = Flags()
    return standing_from(point, layers_of(point, records, clocks, flags), flags)


def standing_from(point: str, layers: Layers, flags: Flags) -> PointStanding:
    """Compute the standing (the attendance) of a hall from the intermediate results in `layers`.

    `point` is the code of the hall. `flags` must contain the anomalies found while `layers` was
    computed. Further ones are added to it.
    """
    terms, effective, closing = layers.terms, layers.effective, layers.closing
    chair = _judge_chair(point, layers)
    other_attendees = other_attendees_of(
        point, layers.rolls, layers.stays, layers.requests.approved, effective, flags
    )
    seats = seats_of(point, layers.rolls, layers.stays, effective, flags)
    flag_times(layers.facts, terms, flags)
    _flag_reused_numbers(layers.facts, flags)
    flag_records_after_closing(closing, layers.in_force.facts, flags)
    _flag_excused_who_came(layers.stays, layers.requests, flags)
    judge = PersonJudge(
        terms, seats, layers.requests, closing is not None, flags, layers.in_force.facts
    )
    people = judge.judge_summoned(layers.rolls.lines.values(), layers.stays)
    visitors, exempt = _judge_visitors(point, layers, other_attendees, judge)
    incidents = incidents_of(point, effective, flags)
    follow_ups = follow_ups_of(point, effective, flags)
    counts = msgspec.structs.replace(
        count_attendance(people, visitors, other_attendees, conduct_of(point, effective)),
        incidents=len(incidents),
        incident_minutes=incident_minutes(incidents, terms),
    )
    missing = missing_items(point, terms, effective, flags)
    missing += _flag_point(point, layers, chair, counts, flags)
    amended = is_amended(closing, layers.in_force, layers.requests.without_effect, flags, counts)
    return PointStanding(
        terms=terms,
        people=people,
        requests=requests_of(layers.requests, effective, flags),
        visitors=visitors,
        exempt=exempt,
        substitutes=tuple(other_attendees.substitutes.values()),
        counts=counts,
        chair=chair,
        missing=missing,
        incidents=incidents,
        follow_ups=follow_ups,
        feedback=feedback_of(point, effective),
        roll_changes=layers.changes,
        closing=signed_closing_of(closing),
        is_amended=amended,
        flags=flags.all(),
        has_reported=any(shows_hall_at_work(point, fact) for fact in layers.facts),
    )


def shows_hall_at_work(point: str, fact: Fact[Record]) -> bool:
    """Return whether a record shows that the hall `point` is at work and has reported.

    A device in the hall must have made the record, and its type must be in `REPORTING_KINDS`.
    """
    is_here = bool(fact.seq) and fact.record.point == point
    return is_here and isinstance(fact.record, REPORTING_KINDS)


def may_decide(standing: PointStanding, request: Request, person: str | None, at_ms: int) -> bool:
    """Return whether a person may decide on a request for leave or a substitute.

    `standing` is the attendance in the hall, `person` is a person code or None for headquarters,
    and `at_ms` is the time of the decision in ms since 1970 UTC. Nobody may decide on a withdrawn
    request. Headquarters may always decide on any other request. Anybody else needs the right to
    decide in the hall, and has it only until the attendance list is signed off.
    """
    if request.state == "withdrawn":
        return False
    if person is None:
        return True
    rights = DecisionRights(standing.terms, standing.chair)
    return standing.closing is None and rights.allows(
        person, request.person, request.instead_of, at_ms
    )


def _judge_chair(point: str, layers: Layers) -> Chair:
    """Return who is to preside and who presided in the hall with the code `point`.

    An officer (somebody who may preside) is away if on leave or checked in at another hall. For
    officers who are not on this hall's list of summoned people, only their stays in halls and
    headquarters' decisions on leave count.
    """
    away = {
        person for person in layers.requests.away if not was_in_hall(point, person, layers.stays)
    }
    stays = layers.stays_anywhere
    for officer in layers.terms.all_officers:
        if officer in stays and stays[officer][-1].point != point:
            away.add(officer)
    away |= excused_by_headquarters(layers.elsewhere) - stays.keys()
    return chair_of(layers.terms, layers.chairing, frozenset(away))


def _judge_visitors(
    point: str, layers: Layers, other_attendees: OtherAttendees, judge: PersonJudge
) -> tuple[tuple[PersonStanding, ...], tuple[PersonStanding, ...]]:
    """Return the attendance of two groups of people: visitors, and exempt people who came.

    Visitors are the people in this hall (`point`) who are not on its list of summoned people;
    they are sorted by person code. Exempt people are on the list but not counted as summoned;
    they are in the order of the list.
    """
    visitors = tuple(
        judge.judge_present(person, stays_here, other_attendees.role_of(person))
        for person, person_stays in sorted(layers.stays.items())
        if person not in layers.rolls.lines
        and (stays_here := [stay for stay in person_stays if stay.point == point])
    )
    exempt = tuple(
        judge.judge_present(line.person, layers.stays[line.person])
        for line in layers.rolls.lines.values()
        if line.exempt and line.person in layers.stays
    )
    return visitors, exempt


def _flag_point(
    point: str, layers: Layers, chair: Chair, counts: Counts, flags: Flags
) -> tuple[str, ...]:
    """Flag anomalies of the whole hall; return the codes of reasons why the hall is not ready.

    The result may contain `chair` (nobody is available to preside) and `capacity` (too few seats).
    The flags are `over_capacity`, `no_chair` and `escalated` (headquarters must act).
    """
    terms, closing = layers.terms, layers.closing
    missing = []
    if chair.named is None and not terms.is_cancelled:
        missing.append("chair")
    seated = counts.summoned + max(terms.guests, counts.guests)
    if terms.capacity is not None and terms.capacity < seated:
        missing.append("capacity")
        flags.add(point, "over_capacity")
    ends = [end_ms for end_ms in (closing and closing.at_ms, terms.ends_ms) if end_ms is not None]
    is_vacant = layers.chairing.is_vacant(min(ends, default=None))
    if is_vacant and not terms.is_cancelled:
        flags.add(point, "no_chair")
    if chair.is_escalated:
        flags.add(point, "escalated")
    return tuple(missing)


def flag_times(facts: Iterable[Fact[Record]], terms: Terms, flags: Flags) -> None:
    """Flag with `time_stated` the records whose time a user entered, and with `clock_suspect` those
    whose time may be wrong.
    """
    first_ms = last_ms = None
    if terms.starts_ms is not None:
        first_ms = terms.starts_ms - FAR_FROM_MEETING_MS
        last_ms = (
            terms.starts_ms if terms.ends_ms is None else terms.ends_ms
        ) + FAR_FROM_MEETING_MS
    for fact in facts:
        if getattr(fact.record.body, "happened_at", None):
            flags.add(fact.id, "time_stated")
        if fact.seq == 0:  # office records use the server's clock
            continue
        is_far = (
            first_ms is not None
            and last_ms is not None
            and not first_ms <= fact.happened_ms <= last_ms
            and isinstance(fact.record, MEETING_DAY_KINDS)
        )
        if is_far or fact.is_doubtful:
            flags.add(fact.id, "clock_suspect")


def _flag_reused_numbers(facts: Iterable[Fact[Record]], flags: Flags) -> None:
    """Flag with `seq_reuse` the records of a device that share a number but have different ids.

    Such records come from a device whose disk was copied, for example.
    """
    ids_of: defaultdict[tuple[str, int], set[str]] = defaultdict(set)
    for fact in facts:
        if fact.record.seq is not None:
            ids_of[fact.record.device, fact.record.seq].add(fact.id)
    for ids in ids_of.values():
        if len(ids) > 1:
            for record_id in ids:
                flags.add(record_id, "seq_reuse")


def _flag_excused_who_came(stays: Stays, requests: RequestStates, flags: Flags) -> None:
    for person, state in requests.by_person.items():
        if state == "approved" and person in stays:
            flags.add(stays[person][0].arrival.id, "came_though_excused")
