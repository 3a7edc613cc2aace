"""Requests for leave and for substitutes: the right to decide, and the state of every request.

An absence is excused by a written report AND an approval (domain.md rows 12, 13, 27 and 28).
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import Literal, NamedTuple

from sync_server.domain.judging.chair import Chairing
from sync_server.domain.judging.facts import Fact, FactsByKind, Flags, acts_in_person
from sync_server.domain.judging.settings import Rolls, Terms
from sync_server.domain.records.codes import to_ms
from sync_server.domain.records.kinds import (
    AbsenceDecision,
    AbsenceDocument,
    AbsenceRequest,
    AbsenceWithdrawal,
    Closing,
    Record,
    Substitute,
)
from sync_server.domain.records.permissions import Profile

State = Literal["approved", "pending", "declined", "withdrawn"]
STATES: tuple[State, ...] = ("approved", "pending", "declined", "withdrawn")
"""The states of a request; if one person made several, the first state in this order counts."""


RequestKey = tuple[str, str | None]
"""A record's id and its person. An answer names both, because records about two different people
can bear the same id, and the answer to one must not answer the other."""
Targets = Mapping[RequestKey, Fact[AbsenceRequest | Substitute]]


class RequestStates(NamedTuple):
    """The states of the requests of a point's people, and the approved substitutes.

    `live`: people with a request made before the roll was signed off, if it was, and not withdrawn.
    `away`: people expected not to come, as this point, they themselves or headquarters reported.
    """

    state: dict[str, State]
    live: frozenset[str]
    away: frozenset[str]
    substitutes: frozenset[RequestKey]


class DecisionRights(NamedTuple):
    """The rights to decide at a point, by its settings, its chair over time, and its closing."""

    point: str
    terms: Terms
    chairing: Chairing
    closing: Fact[Closing] | None

    def allows(self, by: str, target: Fact[AbsenceRequest | Substitute], at_ms: int) -> bool:
        """Say whether a person of the point may decide on a record at a moment, closing ignored.

        Nobody decides on their own request (domain.md row 28).
        """
        record = target.record
        concerns_decider = by == target.person or (
            isinstance(record, Substitute) and by == record.body.instead_of
        )
        if concerns_decider or self.terms.is_reserved(target.person, at_ms):
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
        """Say whether a fact comes after the roll was signed off."""
        return self.closing is not None and fact.order > self.closing.order


def targets_of(
    point: str, rolls: Rolls, effective: FactsByKind
) -> list[Fact[AbsenceRequest | Substitute]]:
    """Return the facts to decide on at a point: its people's requests, and its substitutes."""
    requests = [fact for fact in effective.of(AbsenceRequest) if fact.person in rolls.lines]
    return [*requests, *effective.at(point, Substitute)]


def judge_requests(
    rights: DecisionRights, rolls: Rolls, effective: FactsByKind, flags: Flags
) -> RequestStates:
    """Judge every request of the point's people, and every substitute at the point."""
    targets = {request_key(fact): fact for fact in targets_of(rights.point, rolls, effective)}
    decisions = effective_decisions(rights, targets, effective, flags)
    withdrawn = withdrawn_requests(rights, targets, effective, flags)

    states_by_person: defaultdict[str, set[State]] = defaultdict(set)
    live: set[str] = set()
    away: set[str] = set()
    for request in effective.of(AbsenceRequest):
        key = request_key(request)
        if request.person not in rolls.lines or request.person is None:
            continue
        latest_decision = decisions.get(key)
        state: State = "pending"
        if key in withdrawn:
            state = "withdrawn"
        elif latest_decision:
            state = "approved" if latest_decision.record.body.decision == "approve" else "declined"
        states_by_person[request.person].add(state)
        if state != "withdrawn" and not rights.is_after_closing(request):
            live.add(request.person)
        if (
            state == "approved"
            and latest_decision
            and _is_after_start(latest_decision, rights.terms)
        ):
            flags.add(latest_decision.id, "late_approval")
        if state in {"approved", "pending"}:
            _flag_document(request, effective, flags)
        is_ours = request.record.point == rights.point or request.record.by != Profile.CLERK
        if state == "approved" or (state == "pending" and is_ours):
            away.add(request.person)
    return RequestStates(
        state={
            person: next(candidate for candidate in STATES if candidate in states)
            for person, states in states_by_person.items()
        },
        live=frozenset(live),
        away=frozenset(away),
        substitutes=frozenset(
            key for key, decision in decisions.items() if decision.record.body.decision == "approve"
        ),
    )


def excused_by_headquarters(effective: FactsByKind) -> set[str]:
    """Return the people whose leave headquarters approved in its latest decision on it.

    Decisions by points are ignored, and a withdrawn request excuses nobody.
    """
    latest_decisions: dict[RequestKey, str] = {}
    for decision in effective.of(AbsenceDecision):
        if decision.record.by == Profile.HEADQUARTERS:
            latest_decisions[answered_request_key(decision)] = decision.record.body.decision
    return {
        request.person
        for request in effective.of(AbsenceRequest)
        if request.person
        and latest_decisions.get(request_key(request)) == "approve"
        and not any(
            answered_request_key(fact) == request_key(request) and _may_answer(fact, request)
            for fact in effective.of(AbsenceWithdrawal)
        )
    }


def effective_decisions(
    rights: DecisionRights, targets: Targets, effective: FactsByKind, flags: Flags
) -> dict[RequestKey, Fact[AbsenceDecision]]:
    """Return the latest effective decision on every target; flag decisions without authority."""
    decisions: dict[RequestKey, Fact[AbsenceDecision]] = {}
    for decision in effective.of(AbsenceDecision):
        target = targets.get(answered_request_key(decision))
        if target is None:
            continue
        if rights.allows_decision(decision, target):
            decisions[request_key(target)] = decision
        else:
            flags.add(decision.id, "without_authority")
    return decisions


def withdrawn_requests(
    rights: DecisionRights, targets: Targets, effective: FactsByKind, flags: Flags
) -> set[RequestKey]:
    """Return the requests withdrawn before the closing by a person entitled to withdraw them."""
    withdrawn_keys = set()
    for fact in effective.of(AbsenceWithdrawal):
        request = targets.get(answered_request_key(fact))
        if request is None:
            continue
        if _may_answer(fact, request) and not rights.is_after_closing(fact):
            withdrawn_keys.add(request_key(request))
        else:
            flags.add(fact.id, "without_authority")
    return withdrawn_keys


def _may_answer(
    fact: Fact[AbsenceWithdrawal] | Fact[AbsenceDocument],
    request: Fact[AbsenceRequest] | Fact[AbsenceRequest | Substitute],
) -> bool:
    """Say whether a fact comes from the request's person, its point's clerk, or headquarters."""
    is_there = fact.record.point == request.record.point
    return acts_in_person(fact) and (is_there or fact.record.by != Profile.CLERK)


def request_key(fact: Fact[AbsenceRequest] | Fact[AbsenceRequest | Substitute]) -> RequestKey:
    return fact.id, fact.record.person


def answered_request_key(
    fact: Fact[AbsenceDecision | AbsenceWithdrawal | AbsenceDocument],
) -> RequestKey:
    return fact.record.refs[0], fact.record.person


def _is_after_start(decision: Fact[AbsenceDecision], terms: Terms) -> bool:
    return terms.starts_ms is not None and decision.at_ms > terms.starts_ms


def _flag_document(request: Fact[AbsenceRequest], effective: FactsByKind, flags: Flags) -> None:
    """Flag a request while the report to follow is missing, and a report that came late."""
    due = request.record.body.to_follow_by
    if due is None:
        return
    documents = [
        fact
        for fact in effective.of(AbsenceDocument)
        if answered_request_key(fact) == request_key(request) and _may_answer(fact, request)
    ]
    if not documents:
        flags.add(request.id, "document_pending")
    elif documents[0].at_ms > to_ms(due):
        flags.add(documents[0].id, "document_late")
