"""The standing of one point at one meeting: a pure function of its stream's records and sightings.

It reads no table, no release and no present time, and does not care in which order or how often
records arrive. Judged in layers, each reading only those before it:
settings, rolls, rulings -> voids -> presence -> chair -> decisions -> closing.
`site/app/standing.js` is its twin for the kiosk; both are held to tests/vectors/.
"""

from collections.abc import Iterable

from msgspec import Struct

from sync_server.domain.absence import Asked, asked_of
from sync_server.domain.chair import Chair, Chairing, chair_of
from sync_server.domain.clock import FAR_FROM_MEETING_MS, Clocks
from sync_server.domain.closing import closing_of, flag_after, is_outside
from sync_server.domain.counts import Counts, count
from sync_server.domain.facts import ByKind, Fact, Flags, in_order, without_voided
from sync_server.domain.hall import (
    FollowUps,
    Trouble,
    beside_summoned,
    follow_ups_of,
    is_here,
    missing_items,
    troubles_of,
)
from sync_server.domain.people import Judge, PersonStanding
from sync_server.domain.presence import Stays, flag_places, is_in_at, seats_of, stays_of
from sync_server.domain.records import ChairAssumed, CheckIn, CheckOut, Conduct, Record, SeatCheck
from sync_server.domain.settings import (
    RollChanges,
    Terms,
    changes_since_frozen,
    concerning,
    rolls_of,
    terms_of,
)

OF_THE_DAY = CheckIn | CheckOut | SeatCheck | Conduct | ChairAssumed
"""What can be recorded only while people gather and meet; leave is asked for days before."""


class PointStanding(Struct, frozen=True):
    """The whole of one point: its people, its visitors, its counts, and what is odd about records.

    `exempt` are those of the roll who came though they stand outside the denominator.
    `flags` maps record ids, and the point's own code, to what is noteworthy of them. `missing`
    tells what keeps the point from being ready: items of the checklist, `chair`, `capacity`.
    `has_reported` is False until a device of the point has sent anything: such a point is listed
    as not reported, never shown as 0. A rehearsal, or a cancelled meeting, enters no figure.
    """

    people: tuple[PersonStanding, ...]
    visitors: tuple[PersonStanding, ...]
    exempt: tuple[PersonStanding, ...]
    counts: Counts
    chair: Chair
    missing: tuple[str, ...]
    incidents: tuple[Trouble, ...]
    follow_ups: FollowUps
    roll_changes: RollChanges
    flags: dict[str, tuple[str, ...]]
    starts_ms: int | None
    has_reported: bool
    is_closed: bool
    is_amended: bool
    is_rehearsal: bool
    is_cancelled: bool


def standing_of(point: str, records: Iterable[Record], clocks: Clocks) -> PointStanding:
    """Judge every record of a point's stream and say how each person stands.

    `records` holds all that the stream lists: those made at the point, and those made elsewhere
    about its people. Repeats are harmless.
    """
    flags = Flags()
    everything = in_order(point, records, clocks, flags)
    rolls = rolls_of(point, everything)
    facts = concerning(point, everything, rolls)
    terms = terms_of(point, facts)
    changes = changes_since_frozen(point, facts, terms, flags)
    in_force = without_voided(facts, flags)
    counting = ByKind(in_force)

    stays = stays_of(counting, flags)
    flag_places(point, rolls.lines, counting, flags)
    seats = seats_of(point, rolls, stays, counting, flags)
    closing = closing_of(point, counting)
    chairing = Chairing(point, terms, stays, counting, flags)
    asked = asked_of(point, rolls, terms, chairing, closing, counting, flags)
    away = frozenset(
        person
        for person, state in asked.state.items()
        if state in {"approved", "pending"} and not is_here(point, person, stays)
    )
    chair = chair_of(terms, chairing, away)
    beside = beside_summoned(point, rolls, stays, asked.substitutes, counting, flags)
    _flag_times(facts, terms, flags)
    flag_after(closing, in_force, flags)
    _flag_excused_who_came(stays, asked, flags)

    judge = Judge(terms, seats, asked, closing is not None, flags, in_force)
    people = tuple(
        judge.person(line, stays.get(line.person, ()))
        for line in rolls.lines.values()
        if not line.exempt
    )
    visitors = tuple(
        judge.visitor(person, here)
        for person, own in sorted(stays.items())
        if person not in rolls.lines
        and person not in beside.guests
        and person not in beside.substitutes
        and (here := [stay for stay in own if stay.point == point])
    )
    exempt = tuple(
        judge.visitor(line.person, stays[line.person])
        for line in rolls.lines.values()
        if line.exempt and line.person in stays
    )
    troubles = troubles_of(point, counting)
    counts = count(people, len(visitors), beside, troubles, terms, point, counting)

    missing = list(missing_items(point, terms, counting, flags))
    if chair.named is None:
        missing.append("chair")
    if terms.capacity is not None and terms.capacity < counts.summoned + max(
        terms.guests, counts.guests
    ):
        missing.append("capacity")
        flags.add(point, "over_capacity")
    if chairing.is_vacant(closing.at_ms if closing else terms.ends_ms) and not terms.is_cancelled:
        flags.add(point, "no_chair")
    if chair.is_escalated:
        flags.add(point, "escalated")
    return PointStanding(
        people=people,
        visitors=visitors,
        exempt=exempt,
        counts=counts,
        chair=chair,
        missing=tuple(missing),
        incidents=troubles,
        follow_ups=follow_ups_of(point, counting),
        roll_changes=changes,
        flags=flags.all(),
        starts_ms=terms.starts_ms,
        has_reported=any(fact.seq and fact.record.point == point for fact in facts),
        is_closed=closing is not None,
        is_amended=closing is not None and any(is_outside(f, closing) for f in facts),
        is_rehearsal=terms.is_rehearsal,
        is_cancelled=terms.is_cancelled,
    )


def in_the_room(standing: PointStanding, at_ms: int) -> list[str]:
    """Return who of the summoned and the visitors was in at a moment, in the roll's order."""
    everybody = (*standing.people, *standing.visitors)
    return [each.person for each in everybody if is_in_at(each.stays, at_ms)]


def _flag_times(facts: Iterable[Fact[Record]], terms: Terms, flags: Flags) -> None:
    first_ms = last_ms = None
    if terms.starts_ms is not None:
        first_ms = terms.starts_ms - FAR_FROM_MEETING_MS
        last_ms = (terms.ends_ms or terms.starts_ms) + FAR_FROM_MEETING_MS
    for fact in facts:
        if fact.seq == 0:  # the office runs on the node's own clock
            continue
        far = (
            first_ms is not None
            and last_ms is not None
            and not first_ms <= fact.at_ms <= last_ms
            and isinstance(fact.record, OF_THE_DAY)
        )
        if far or fact.is_doubtful:
            flags.add(fact.id, "clock_suspect")
        if getattr(fact.record.body, "happened_at", None):
            flags.add(fact.id, "time_stated")


def _flag_excused_who_came(stays: Stays, asked: Asked, flags: Flags) -> None:
    for person, state in asked.state.items():
        if state == "approved" and person in stays:
            flags.add(stays[person][0].arrival.id, "came_though_excused")
