"""Decisions: what was asked, what was decided by somebody who may, and what that makes of it.

Excused = a written report AND approval (domain.md rows 12, 13, 27 and 28).
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import Literal, NamedTuple

from sync_server.domain.chair import Chairing
from sync_server.domain.codes import to_ms
from sync_server.domain.facts import ByKind, Fact, Flags, acts_in_person
from sync_server.domain.permissions import Profile
from sync_server.domain.records import (
    AbsenceDecision,
    AbsenceDocument,
    AbsenceRequest,
    AbsenceWithdrawal,
    Closing,
    Record,
    Substitute,
)
from sync_server.domain.settings import Rolls, Terms

State = Literal["approved", "pending", "declined", "withdrawn"]
STATES: tuple[State, ...] = ("approved", "pending", "declined", "withdrawn")
"""How a request stands; of several by one person, the first of these is what counts."""


Key = tuple[str, str | None]
"""A record and whom it concerns: what refers to one names both, so that nobody's record is
answered by another's that bears its id."""
Targets = Mapping[Key, Fact[AbsenceRequest | Substitute]]


class Asked(NamedTuple):
    """How the requests of a point's people stand, and which substitutes were approved.

    `live`: who had asked, and not withdrawn, when the roll was signed off, or has so far. `away`:
    who will not come, by what this point, they themselves or headquarters have told.
    """

    state: dict[str, State]
    live: frozenset[str]
    away: frozenset[str]
    substitutes: frozenset[Key]


class Authority(NamedTuple):
    """Who may decide at a point: the settings, the chair at each moment, and the closing."""

    point: str
    terms: Terms
    chairing: Chairing
    closing: Fact[Closing] | None

    def allows(self, by: str, target: Fact[AbsenceRequest | Substitute], at_ms: int) -> bool:
        """Say whether a person of the point decides on a record at a moment, the closing apart.

        Nobody decides on their own request (domain.md row 28).
        """
        record = target.record
        is_own = by == target.person or (
            isinstance(record, Substitute) and by == record.body.instead_of
        )
        if is_own or self.terms.is_reserved(target.person, at_ms):
            return False
        return self.chairing.decides(by, at_ms)

    def allows_decision(
        self, decision: Fact[AbsenceDecision], target: Fact[AbsenceRequest | Substitute]
    ) -> bool:
        """Say whether a decision counts: headquarters' always, a point's before its closing."""
        if decision.record.by == Profile.HEADQUARTERS:
            return True
        if decision.record.point != self.point or self.is_after_closing(decision):
            return False
        return self.allows(decision.record.by, target, decision.at_ms)

    def is_after_closing(self, fact: Fact[Record]) -> bool:
        """Say whether a fact came after the roll had been signed off."""
        return self.closing is not None and fact.order > self.closing.order


def targets_of(
    point: str, rolls: Rolls, counting: ByKind
) -> list[Fact[AbsenceRequest | Substitute]]:
    """Return what is to be decided at a point: its people's requests, and its substitutes."""
    requests = [fact for fact in counting.of(AbsenceRequest) if fact.person in rolls.lines]
    return [*requests, *counting.at(point, Substitute)]


def asked_of(authority: Authority, rolls: Rolls, counting: ByKind, flags: Flags) -> Asked:
    """Judge every request of the point's people, and every substitute at the point."""
    targets = {key_of(fact): fact for fact in targets_of(authority.point, rolls, counting)}
    decided = decided_on(authority, targets, counting, flags)
    withdrawn = withdrawn_of(authority, targets, counting, flags)

    found: defaultdict[str, set[State]] = defaultdict(set)
    live: set[str] = set()
    away: set[str] = set()
    for request in counting.of(AbsenceRequest):
        key = key_of(request)
        if request.person not in rolls.lines or request.person is None:
            continue
        own = decided.get(key)
        state: State = "pending"
        if key in withdrawn:
            state = "withdrawn"
        elif own:
            state = "approved" if own.record.body.decision == "approve" else "declined"
        found[request.person].add(state)
        if state != "withdrawn" and not authority.is_after_closing(request):
            live.add(request.person)
        if state == "approved" and own and _is_after_start(own, authority.terms):
            flags.add(own.id, "late_approval")
        if state in {"approved", "pending"}:
            _flag_document(request, counting, flags)
        is_ours = request.record.point == authority.point or request.record.by != Profile.CLERK
        if state == "approved" or (state == "pending" and is_ours):
            away.add(request.person)
    return Asked(
        state={p: next(each for each in STATES if each in own) for p, own in found.items()},
        live=frozenset(live),
        away=frozenset(away),
        substitutes=frozenset(
            key for key, own in decided.items() if own.record.body.decision == "approve"
        ),
    )


def excused_by_headquarters(counting: ByKind) -> set[str]:
    """Return whose leave headquarters has approved last, by its own decisions alone."""
    said: dict[Key, str] = {}
    for decision in counting.of(AbsenceDecision):
        if decision.record.by == Profile.HEADQUARTERS:
            said[asked_by(decision)] = decision.record.body.decision
    return {
        request.person
        for request in counting.of(AbsenceRequest)
        if request.person
        and said.get(key_of(request)) == "approve"
        and not any(
            asked_by(fact) == key_of(request) and _is_answer(fact, request)
            for fact in counting.of(AbsenceWithdrawal)
        )
    }


def decided_on(
    authority: Authority, targets: Targets, counting: ByKind, flags: Flags
) -> dict[Key, Fact[AbsenceDecision]]:
    """Return the latest effective decision on each target."""
    decided: dict[Key, Fact[AbsenceDecision]] = {}
    for decision in counting.of(AbsenceDecision):
        target = targets.get(asked_by(decision))
        if target is None:
            continue
        if authority.allows_decision(decision, target):
            decided[key_of(target)] = decision
        else:
            flags.add(decision.id, "without_authority")
    return decided


def withdrawn_of(
    authority: Authority, targets: Targets, counting: ByKind, flags: Flags
) -> set[Key]:
    """Return the requests taken back, before the closing, by their person or as a clerk attests."""
    found = set()
    for fact in counting.of(AbsenceWithdrawal):
        request = targets.get(asked_by(fact))
        if request is None:
            continue
        if _is_answer(fact, request) and not authority.is_after_closing(fact):
            found.add(key_of(request))
        else:
            flags.add(fact.id, "without_authority")
    return found


def _is_answer(
    fact: Fact[AbsenceWithdrawal] | Fact[AbsenceDocument],
    request: Fact[AbsenceRequest] | Fact[AbsenceRequest | Substitute],
) -> bool:
    """Say whether a fact comes from where the request was made, its person, or headquarters."""
    is_there = fact.record.point == request.record.point
    return acts_in_person(fact) and (is_there or fact.record.by != Profile.CLERK)


def key_of(fact: Fact[AbsenceRequest] | Fact[AbsenceRequest | Substitute]) -> Key:
    return fact.id, fact.record.person


def asked_by(
    fact: Fact[AbsenceDecision | AbsenceWithdrawal | AbsenceDocument],
) -> Key:
    return fact.record.refs[0], fact.record.person


def _is_after_start(decision: Fact[AbsenceDecision], terms: Terms) -> bool:
    return terms.starts_ms is not None and decision.at_ms > terms.starts_ms


def _flag_document(request: Fact[AbsenceRequest], counting: ByKind, flags: Flags) -> None:
    """Flag a report that was to follow: until it comes, and when it came late."""
    due = request.record.body.to_follow_by
    if due is None:
        return
    documents = [
        fact
        for fact in counting.of(AbsenceDocument)
        if asked_by(fact) == key_of(request) and _is_answer(fact, request)
    ]
    if not documents:
        flags.add(request.id, "document_pending")
    elif documents[0].at_ms > to_ms(due):
        flags.add(documents[0].id, "document_late")
