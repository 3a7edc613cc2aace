"""The layers of a standing, from a stream's records to the decisions, each reading those before.

settings, rolls, rulings -> voids -> presence -> chair -> decisions; `standing` says what comes
of them, `requests` what was asked and decided.
"""

from collections.abc import Iterable
from typing import NamedTuple

from sync_server.domain.absence import Asked, Authority, asked_of
from sync_server.domain.chair import Chairing
from sync_server.domain.clock import Clocks
from sync_server.domain.closing import closing_of
from sync_server.domain.facts import ByKind, Fact, Flags, InForce, in_order, without_voided
from sync_server.domain.presence import Stays, flag_places, stays_of
from sync_server.domain.records import Record
from sync_server.domain.settings import (
    RollChanges,
    Rolls,
    Terms,
    changes_since_frozen,
    concerning,
    rolls_of,
    terms_of,
)


class Layers(NamedTuple):
    """What each layer found, from the terms to the decisions."""

    facts: list[Fact[Record]]
    elsewhere: list[Fact[Record]]  # of officers whom another point summons, if any
    rolls: Rolls
    terms: Terms
    changes: RollChanges
    in_force: InForce
    counting: ByKind
    stays: Stays
    authority: Authority
    asked: Asked


def layers_of(point: str, records: Iterable[Record], clocks: Clocks, flags: Flags) -> Layers:
    """Judge a point's stream up to its decisions; what is odd goes to `flags`."""
    everything = in_order(point, records, clocks, flags)
    rolls = rolls_of(point, everything)
    facts = concerning(point, everything, rolls)
    terms = terms_of(point, facts)
    changes = changes_since_frozen(point, facts, rolls, terms, flags)
    in_force = without_voided(facts, flags)
    counting = ByKind(in_force.facts)
    stays = stays_of(counting, flags)
    flag_places(point, rolls.lines, counting, flags)
    closing = closing_of(point, counting, flags)
    chairing = Chairing(point, terms, stays, counting, flags)
    authority = Authority(point, terms, chairing, closing)
    asked = asked_of(authority, rolls, counting, flags)
    officers = terms.all_officers - rolls.lines.keys()
    elsewhere = [fact for fact in everything if fact.person in officers]
    return Layers(
        facts, elsewhere, rolls, terms, changes, in_force, counting, stays, authority, asked
    )
