"""Requests as those who decide read them: what was asked, what came of it, and by whom."""

from collections.abc import Iterable

from msgspec import Struct

from sync_server.domain.absence import (
    State,
    asked_by,
    decided_on,
    key_of,
    targets_of,
    withdrawn_of,
)
from sync_server.domain.clock import Clocks
from sync_server.domain.codes import to_ms
from sync_server.domain.facts import Fact, Flags
from sync_server.domain.layers import layers_of
from sync_server.domain.records import (
    AbsenceDecision,
    AbsenceDocument,
    AbsenceRequest,
    AbsenceWithdrawal,
    Record,
    Substitute,
    kind_of,
)


class Turn(Struct, frozen=True):
    """What came of a request: a document, a decision or a withdrawal, whether or not it counts."""

    id: str
    kind: str
    at_ms: int
    by: str
    decision: str | None
    detail: str | None
    flags: tuple[str, ...]


class Request(Struct, frozen=True):
    """A request for leave, or a substitute to be approved (`instead_of` says for whom).

    `is_reserved`: only headquarters decides on it; `is_decidable`: whoever asks may, now.
    `due_ms`: until when the written report that was to follow is to come.
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
    """Return all that was asked of a point, in the order in which it was asked.

    `by`: the person who would decide at this moment; None: headquarters, which always may.
    """
    flags = Flags()
    layers = layers_of(point, records, clocks, flags)
    authority, counting = layers.authority, layers.counting
    targets = {key_of(fact): fact for fact in targets_of(point, layers.rolls, counting)}
    decided = decided_on(authority, targets, counting, flags)
    withdrawn = withdrawn_of(authority, targets, counting, flags)
    answers: tuple[Fact[AbsenceDocument | AbsenceDecision | AbsenceWithdrawal], ...] = (
        *counting.of(AbsenceDocument),
        *counting.of(AbsenceDecision),
        *counting.of(AbsenceWithdrawal),
    )
    found = []
    for key, fact in targets.items():
        record = fact.record
        state: State = "pending"
        if key in withdrawn:
            state = "withdrawn"
        elif own := decided.get(key):
            state = "approved" if own.record.body.decision == "approve" else "declined"
        due = record.body.to_follow_by if isinstance(record, AbsenceRequest) else None
        may = by is None or (authority.closing is None and authority.allows(by, fact, at_ms))
        found.append(
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
                is_reserved=authority.terms.is_reserved(fact.person, at_ms),
                is_decidable=may and state != "withdrawn",
                flags=flags.of([fact.id]),
                turns=tuple(
                    Turn(
                        id=each.id,
                        kind=kind_of(each.record),
                        at_ms=each.at_ms,
                        by=each.record.by,
                        decision=getattr(each.record.body, "decision", None),
                        detail=getattr(each.record.body, "detail", None),
                        flags=flags.of([each.id]),
                    )
                    for each in sorted(answers, key=lambda answer: answer.order)
                    if asked_by(each) == key
                ),
            )
        )
    return tuple(sorted(found, key=lambda each: (each.at_ms, each.id)))
