"""Compute the attendance in one hall of a meeting in stages, called layers.

Every layer uses only the results of earlier layers. The layers are, in this order: headquarters'
decisions about records (rulings), the list of summoned people, the settings, cancelled records, the
sign-off of the attendance list, presence, who presides, and decisions on leave. The module
`standing` derives the final result from the layers.
"""

from collections.abc import Iterable
from functools import partial
from typing import NamedTuple

from sync_server.domain.judging.chair import Chairing
from sync_server.domain.judging.clocks import Clocks
from sync_server.domain.judging.closing import closing_of, is_after_end_and_closing
from sync_server.domain.judging.deciding import DecisionRights
from sync_server.domain.judging.facts import (
    Fact,
    FactsByKind,
    Flags,
    InForce,
    facts_in_order,
    without_voided,
)
from sync_server.domain.judging.presence import Stays, flag_unexpected_points, stays_of
from sync_server.domain.judging.requests import PointRequests, RequestStates
from sync_server.domain.judging.settings import (
    RollChanges,
    Rolls,
    Terms,
    changes_since_frozen,
    facts_concerning,
    rolls_of,
    terms_of,
)
from sync_server.domain.records.kinds import Closing, Record


class Layers(NamedTuple):
    """The results of all stages of computing a hall's attendance, up to the decisions on leave.

    `facts` are the records that concern the hall, with corrected times. `effective` contains the
    facts that have not been cancelled, by kind of record. `elsewhere` contains, also by kind, the
    uncancelled records about those officers of the hall (people who may preside) who are not on its
    list of summoned people (roll). `stays` contains the stays (times from arrival to departure) of
    the people in `facts`, in all halls. `stays_anywhere` also contains the stays of the officers in
    `elsewhere`.
    """

    facts: list[Fact[Record]]
    elsewhere: FactsByKind
    rolls: Rolls
    terms: Terms
    changes: RollChanges
    in_force: InForce
    effective: FactsByKind
    stays: Stays
    stays_anywhere: Stays
    chairing: Chairing
    closing: Fact[Closing] | None
    requests: RequestStates


def layers_of(point: str, records: Iterable[Record], clocks: Clocks, flags: Flags) -> Layers:
    """Compute a hall's attendance up to the decisions on leave; return all intermediate results.

    `point` is the code of the hall. `records` must contain the records made in the hall, and the
    records made in other halls about its officers (the people who may preside) and about the people
    on its lists of summoned people. `clocks` corrects the times of the records. Anomalies are added
    to `flags`.
    """
    all_facts = facts_in_order(point, records, clocks, flags)
    rolls = rolls_of(point, all_facts)
    facts = facts_concerning(point, all_facts, rolls)
    terms = terms_of(point, facts, rolls.lines.values())
    changes = changes_since_frozen(point, all_facts, rolls, terms, flags)
    in_force = without_voided(facts, flags)
    effective = FactsByKind(in_force.facts)
    closing = closing_of(point, terms, rolls, effective, flags)
    is_too_late = partial(is_after_end_and_closing, terms=terms, closing=closing)
    stays = stays_of(effective, flags, is_too_late)
    flag_unexpected_points(point, rolls.lines, effective, flags)
    officers = terms.all_officers - rolls.lines.keys()
    officer_facts = [fact for fact in all_facts if fact.person in officers]
    elsewhere = FactsByKind(without_voided(officer_facts, Flags()).facts)
    stays_anywhere = stays | stays_of(elsewhere, Flags(), is_too_late)
    chairing = Chairing(point, terms, stays_anywhere, effective, flags)
    rights = DecisionRights(terms, chairing)
    requests = PointRequests(point, rights, closing, rolls, effective, flags).judge()
    return Layers(
        facts=facts,
        elsewhere=elsewhere,
        rolls=rolls,
        terms=terms,
        changes=changes,
        in_force=in_force,
        effective=effective,
        stays=stays,
        stays_anywhere=stays_anywhere,
        chairing=chairing,
        closing=closing,
        requests=requests,
    )
