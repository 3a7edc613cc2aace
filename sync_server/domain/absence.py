"""Decisions: what was asked, what was decided by somebody who may, and what that makes of it.

Excused = a written report AND approval (domain.md rows 12, 13, 27 and 28).
"""

from collections import defaultdict
from typing import Literal, NamedTuple

from sync_server.domain.chair import Chairing
from sync_server.domain.codes import to_ms
from sync_server.domain.facts import ByKind, Fact, Flags
from sync_server.domain.permissions import Profile
from sync_server.domain.records import (
    AbsenceDecision,
    AbsenceDocument,
    AbsenceRequest,
    AbsenceWithdrawal,
    Closing,
    Substitute,
)
from sync_server.domain.settings import Rolls, Terms

State = Literal["approved", "pending", "declined", "withdrawn"]
STATES: tuple[State, ...] = ("approved", "pending", "declined", "withdrawn")
"""How a request stands; of several by one person, the first of these is what counts."""
LIVE = frozenset({"pending", "declined"})
"""Asked for and not agreed to."""


class Asked(NamedTuple):
    """How the requests of a point's people stand, and which substitutes were approved."""

    state: dict[str, State]
    substitutes: frozenset[str]


def asked_of(
    point: str,
    rolls: Rolls,
    terms: Terms,
    chairing: Chairing,
    closing: Fact[Closing] | None,
    counting: ByKind,
    flags: Flags,
) -> Asked:
    """Judge every request of the point's people, and every substitute at the point."""
    requests = [fact for fact in counting.of(AbsenceRequest) if fact.person in rolls.lines]
    substitutes = counting.at(point, Substitute)
    asked: list[Fact[AbsenceRequest | Substitute]] = [*requests, *substitutes]
    targets = {fact.id: fact for fact in asked}
    decided: dict[str, Fact[AbsenceDecision]] = {}
    for decision in counting.of(AbsenceDecision):
        target = targets.get(decision.record.refs[0])
        if target is None or target.record.person != decision.record.person:
            continue
        if _has_authority(point, decision, target, terms, chairing, closing):
            decided[target.id] = decision
        else:
            flags.add(decision.id, "without_authority")
    withdrawn = {
        (fact.record.refs[0], fact.record.person) for fact in counting.of(AbsenceWithdrawal)
    }

    found: defaultdict[str, set[State]] = defaultdict(set)
    for request in requests:
        own = decided.get(request.id)
        state: State = "pending"
        if (request.id, request.record.person) in withdrawn:
            state = "withdrawn"
        elif own:
            state = "approved" if own.record.body.decision == "approve" else "declined"
        found[request.person or ""].add(state)
        if state == "approved" and own and _is_after_start(own, terms):
            flags.add(own.id, "late_approval")
        if state in {"approved", "pending"}:
            _flag_document(request, counting, flags)
    return Asked(
        state={p: next(each for each in STATES if each in own) for p, own in found.items()},
        substitutes=frozenset(
            each.id
            for each in substitutes
            if each.id in decided and decided[each.id].record.body.decision == "approve"
        ),
    )


def _has_authority(
    point: str,
    decision: Fact[AbsenceDecision],
    target: Fact[AbsenceRequest | Substitute],
    terms: Terms,
    chairing: Chairing,
    closing: Fact[Closing] | None,
) -> bool:
    """Say whether who decided may: headquarters on all, others as the settings and chair have it.

    Nobody decides on their own request (domain.md row 28).
    """
    by = decision.record.by
    if by == Profile.HEADQUARTERS:
        return True
    is_of_secretary = target.person == terms.secretary
    authority = terms.secretary_authority if is_of_secretary else terms.absence_authority
    if by == target.person or decision.record.point != point or authority == "headquarters":
        return False
    if closing is not None and decision.order > closing.order:
        return False
    return chairing.decides(by, decision.at_ms)


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
        if (fact.record.refs[0], fact.record.person) == (request.id, request.record.person)
    ]
    if not documents:
        flags.add(request.id, "document_pending")
    elif documents[0].at_ms > to_ms(due):
        flags.add(documents[0].id, "document_late")
