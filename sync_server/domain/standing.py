"""The standing of one point at one meeting: a pure function of its stream's records and sightings.

It reads no table, no release and no present time, and does not care in which order or how often
records arrive. Judged in layers, each reading only those before it:
settings, rolls, rulings -> voids -> presence -> chair -> decisions -> closing.
`site/app/standing.js` is its twin for the kiosk; both are held to tests/vectors/.
"""

from collections.abc import Iterable

import msgspec
from msgspec import Struct

from sync_server.domain.absence import (
    Asked,
    excused_by_headquarters,
    targets_of,
)
from sync_server.domain.chair import Chair, chair_of
from sync_server.domain.clock import FAR_FROM_MEETING_MS, Clocks
from sync_server.domain.closing import Signed, flag_after, is_amended, signed
from sync_server.domain.counts import Counts, count
from sync_server.domain.facts import ByKind, Fact, Flags, without_voided
from sync_server.domain.hall import (
    Beside,
    FollowUps,
    StandIn,
    Trouble,
    beside_summoned,
    conduct_of,
    follow_ups_of,
    is_here,
    missing_items,
    trouble_minutes,
    troubles_of,
)
from sync_server.domain.layers import Layers, layers_of
from sync_server.domain.people import Judge, PersonStanding
from sync_server.domain.presence import Stays, is_in_at, seats_of, stays_of
from sync_server.domain.records import (
    ChairAssumed,
    CheckIn,
    CheckOut,
    Closing,
    Conduct,
    Guest,
    Incident,
    Readiness,
    Record,
    SeatChange,
    SeatCheck,
    Substitute,
)
from sync_server.domain.settings import (
    RollChanges,
    Terms,
)

OF_THE_DAY = CheckIn | CheckOut | SeatCheck | Conduct | ChairAssumed | Closing
"""What can be recorded only while people gather and meet; leave is asked for days before."""

REPORTING = OF_THE_DAY | SeatChange | Readiness | Guest | Substitute | Incident
"""What tells that a hall is at work; leave asked for on the eve does not."""


class PointStanding(Struct, frozen=True):
    """The whole of one point: its people, who else came, its counts, and what is odd about records.

    `visitors` came and are not summoned here, guests and substitutes with a code among them;
    `exempt` are those of the roll who came though they stand outside the denominator. `flags` maps
    record ids, and the point's own code, to what is noteworthy of them. `missing` tells what keeps
    the point from being ready: items of the checklist, `chair`, `capacity`. `has_reported` is
    False until a device of the point has told of its hall: such a point is listed as not
    reported, never shown as 0. A rehearsal, or a cancelled meeting, enters no figure.
    """

    terms: Terms
    people: tuple[PersonStanding, ...]
    visitors: tuple[PersonStanding, ...]
    exempt: tuple[PersonStanding, ...]
    substitutes: tuple[StandIn, ...]
    counts: Counts
    chair: Chair
    missing: tuple[str, ...]
    incidents: tuple[Trouble, ...]
    follow_ups: FollowUps
    roll_changes: RollChanges
    closing: Signed | None
    flags: dict[str, tuple[str, ...]]
    has_reported: bool
    is_amended: bool

    @property
    def is_counted(self) -> bool:
        """Whether it enters the figures."""
        return not (self.terms.is_rehearsal or self.terms.is_cancelled)


def standing_of(point: str, records: Iterable[Record], clocks: Clocks) -> PointStanding:
    """Judge every record of a point's stream and say how each person stands.

    `records` holds all that the stream lists: those made at the point, and those made elsewhere
    about its people. Repeats are harmless.
    """
    flags = Flags()
    layers = layers_of(point, records, clocks, flags)
    terms, counting, closing = layers.terms, layers.counting, layers.authority.closing
    chair = _chair(point, layers)
    beside = beside_summoned(
        point, layers.rolls, layers.stays, layers.asked.substitutes, counting, flags
    )
    seats = seats_of(point, layers.rolls, layers.stays, counting, flags)
    _flag_times(layers.facts, terms, flags)
    flag_after(closing, layers.in_force.facts, flags)
    _flag_excused_who_came(layers.stays, layers.asked, flags)
    judge = Judge(terms, seats, layers.asked, closing is not None, flags, layers.in_force.facts)
    people = tuple(
        judge.person(line, layers.stays.get(line.person, ()))
        for line in layers.rolls.lines.values()
        if not line.exempt
    )
    visitors, exempt = _others(point, layers, beside, judge)
    troubles = troubles_of(point, counting, flags)
    follow_ups = follow_ups_of(point, counting, flags)
    counts = msgspec.structs.replace(
        count(people, visitors, beside, conduct_of(point, counting)),
        incidents=len(troubles),
        incident_minutes=trouble_minutes(troubles, terms),
    )
    missing = missing_items(point, terms, counting, flags)
    return PointStanding(
        terms=terms,
        people=people,
        visitors=visitors,
        exempt=exempt,
        substitutes=tuple(beside.substitutes.values()),
        counts=counts,
        chair=chair,
        missing=missing + _flag_point(point, layers, chair, counts, flags),
        incidents=troubles,
        follow_ups=follow_ups,
        roll_changes=layers.changes,
        closing=signed(closing),
        is_amended=is_amended(closing, layers.in_force, flags),
        flags=flags.all(),
        has_reported=any(
            fact.seq and fact.record.point == point and isinstance(fact.record, REPORTING)
            for fact in layers.facts
        ),
    )


def may_decide(
    point: str,
    records: Iterable[Record],
    clocks: Clocks,
    *,
    person: str,
    record_id: str,
    at_ms: int,
) -> bool:
    """Say whether a person of a point decides there on a request or substitute at a moment."""
    layers = layers_of(point, records, clocks, Flags())
    targets = targets_of(point, layers.rolls, layers.counting)
    return layers.authority.closing is None and any(
        layers.authority.allows(person, target, at_ms)
        for target in targets
        if target.id == record_id
    )


def in_the_room(point: str, standing: PointStanding, at_ms: int) -> list[str]:
    """Return who was in this hall at a moment: the roll in its order, then whoever else came."""
    everybody = (*standing.people, *standing.exempt, *standing.visitors)
    return [
        each.person
        for each in everybody
        if is_in_at([(came, left) for came, left, hall in each.stays if hall == point], at_ms)
    ]


def _chair(point: str, layers: Layers) -> Chair:
    """Say who is to preside. An officer is away with leave, or who went to another hall.

    Officers may be summoned elsewhere: of them only this is asked, and headquarters' word on leave.
    """
    away = {person for person in layers.asked.away if not is_here(point, person, layers.stays)}
    elsewhere = ByKind(without_voided(layers.elsewhere, Flags()).facts)
    stays = layers.stays | stays_of(elsewhere, Flags())
    for officer in layers.terms.all_officers:
        if officer in stays and stays[officer][-1].point != point:
            away.add(officer)
    away |= excused_by_headquarters(elsewhere) - stays.keys()
    return chair_of(layers.terms, layers.authority.chairing, frozenset(away))


def _others(
    point: str, layers: Layers, beside: Beside, judge: Judge
) -> tuple[tuple[PersonStanding, ...], tuple[PersonStanding, ...]]:
    """Return who came and is not summoned here, and who came and is exempt."""
    visitors = tuple(
        judge.visitor(person, here, beside.role_of(person))
        for person, own in sorted(layers.stays.items())
        if person not in layers.rolls.lines
        and (here := [stay for stay in own if stay.point == point])
    )
    exempt = tuple(
        judge.visitor(line.person, layers.stays[line.person])
        for line in layers.rolls.lines.values()
        if line.exempt and line.person in layers.stays
    )
    return visitors, exempt


def _flag_point(
    point: str, layers: Layers, chair: Chair, counts: Counts, flags: Flags
) -> tuple[str, ...]:
    """Flag what is odd of the point itself; return what, of this, keeps it from being ready."""
    terms, closing = layers.terms, layers.authority.closing
    missing = []
    if chair.named is None:
        missing.append("chair")
    seated = counts.summoned + max(terms.guests, counts.guests)
    if terms.capacity is not None and terms.capacity < seated:
        missing.append("capacity")
        flags.add(point, "over_capacity")
    ends = [each for each in (closing and closing.at_ms, terms.ends_ms) if each is not None]
    is_vacant = layers.authority.chairing.is_vacant(min(ends, default=None))
    if is_vacant and not terms.is_cancelled:
        flags.add(point, "no_chair")
    if chair.is_escalated:
        flags.add(point, "escalated")
    return tuple(missing)


def _flag_times(facts: Iterable[Fact[Record]], terms: Terms, flags: Flags) -> None:
    first_ms = last_ms = None
    if terms.starts_ms is not None:
        first_ms = terms.starts_ms - FAR_FROM_MEETING_MS
        last_ms = (
            terms.starts_ms if terms.ends_ms is None else terms.ends_ms
        ) + FAR_FROM_MEETING_MS
    for fact in facts:
        if getattr(fact.record.body, "happened_at", None):
            flags.add(fact.id, "time_stated")
        if fact.seq == 0:  # the office runs on the node's own clock
            continue
        far = (
            first_ms is not None
            and last_ms is not None
            and not first_ms <= fact.happened_ms <= last_ms
            and isinstance(fact.record, OF_THE_DAY)
        )
        if far or fact.is_doubtful:
            flags.add(fact.id, "clock_suspect")


def _flag_excused_who_came(stays: Stays, asked: Asked, flags: Flags) -> None:
    for person, state in asked.state.items():
        if state == "approved" and person in stays:
            flags.add(stays[person][0].arrival.id, "came_though_excused")
