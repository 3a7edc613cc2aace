"""Requests as deciders read them: every request, its state, and the answers to it."""

from collections.abc import Iterable

from msgspec import Struct

from sync_server.domain.judging.absence import (
    State,
    answered_request_key,
    effective_decisions,
    request_key,
    targets_of,
    withdrawn_requests,
)
from sync_server.domain.judging.clocks import Clocks
from sync_server.domain.judging.facts import Fact, Flags
from sync_server.domain.judging.layers import layers_of
from sync_server.domain.records.codes import to_ms
from sync_server.domain.records.kinds import (
    AbsenceDecision,
    AbsenceDocument,
    AbsenceRequest,
    AbsenceWithdrawal,
    Record,
    Substitute,
    kind_of,
)


class Turn(Struct, frozen=True):
    """An answer to a request: a document, a decision or a withdrawal, whether or not it counts."""

    id: str
    kind: str
    at_ms: int
    by: str
    decision: str | None
    detail: str | None
    flags: tuple[str, ...]


class Request(Struct, frozen=True):
    """A request for leave or for a substitute (`instead_of`: the person replaced).

    `is_reserved`: only headquarters decides on it; `is_decidable`: the person who reads it may
    decide now. `due_ms`: the time by which the written report that was to follow is due.
    """

    id: str
    point: str
    person: str
    instead_of: str | None
    at_ms: int
    by: str
    report: str | None
    due_ms: int | None
    detail: str | None
    state: State
    is_reserved: bool
    is_decidable: bool
    flags: tuple[str, ...]
    turns: tuple[Turn, ...]


def requests_of(
    point: str, records: Iterable[Record], clocks: Clocks, *, by: str | None, at_ms: int
) -> tuple[Request, ...]:
    """Return all requests at a point, in the order in which they were made.

    `by`: the person who would decide at this moment; None: headquarters, which always may.
    """
    flags = Flags()
    layers = layers_of(point, records, clocks, flags)
    rights, effective = layers.rights, layers.effective
    targets = {request_key(fact): fact for fact in targets_of(point, layers.rolls, effective)}
    decisions = effective_decisions(rights, targets, effective, flags)
    withdrawn = withdrawn_requests(rights, targets, effective, flags)
    answers: tuple[Fact[AbsenceDocument | AbsenceDecision | AbsenceWithdrawal], ...] = (
        *effective.of(AbsenceDocument),
        *effective.of(AbsenceDecision),
        *effective.of(AbsenceWithdrawal),
    )
    requests = []
    for key, fact in targets.items():
        record = fact.record
        state: State = "pending"
        if key in withdrawn:
            state = "withdrawn"
        elif decision := decisions.get(key):
            state = "approved" if decision.record.body.decision == "approve" else "declined"
        due = record.body.to_follow_by if isinstance(record, AbsenceRequest) else None
        may_decide = by is None or (rights.closing is None and rights.allows(by, fact, at_ms))
        requests.append(
            Request(
                id=fact.id,
                point=record.point,
                person=fact.person or "",
                instead_of=record.body.instead_of if isinstance(record, Substitute) else None,
                at_ms=fact.at_ms,
                by=record.by,
                report=record.body.report if isinstance(record, AbsenceRequest) else None,
                due_ms=to_ms(due) if due else None,
                detail=record.body.detail,
                state=state,
                is_reserved=rights.terms.is_reserved(fact.person, at_ms),
                is_decidable=may_decide and state != "withdrawn",
                flags=flags.of([fact.id]),
                turns=tuple(
                    Turn(
                        id=answer.id,
                        kind=kind_of(answer.record),
                        at_ms=answer.at_ms,
                        by=answer.record.by,
                        decision=getattr(answer.record.body, "decision", None),
                        detail=getattr(answer.record.body, "detail", None),
                        flags=flags.of([answer.id]),
                    )
                    for answer in sorted(answers, key=lambda answer: answer.order)
                    if answered_request_key(answer) == key
                ),
            )
        )
    return tuple(sorted(requests, key=lambda request: (request.at_ms, request.id)))
