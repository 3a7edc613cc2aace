"""Determine the state of every request for leave or for a substitute, and list the answers to it.

A person is excused only with both a written report and an approval (rows 12, 13, 27 and 28 of
docs/checklist.md).
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import Literal, NamedTuple

from msgspec import Struct

from sync_server.domain.judging.deciding import DecisionRights
from sync_server.domain.judging.facts import (
    Fact,
    FactOrder,
    FactsByKind,
    Flags,
    is_by_entitled_author,
)
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
    kind_of,
)
from sync_server.domain.records.permissions import Profile

State = Literal["approved", "pending", "declined", "withdrawn"]
STATES: tuple[State, ...] = ("approved", "pending", "declined", "withdrawn")
"""The states of a request, in order of precedence.

If a person made several requests, the state that comes first here applies to the person.
"""


RequestKey = tuple[str, str | None]
"""The record id and the person code of a request.

An answer must name both. Two people's records may have the same id by mistake, and an answer must
reach only one of them.
"""
Targets = Mapping[RequestKey, Fact[AbsenceRequest | Substitute]]
AnswerRecord = AbsenceDocument | AbsenceDecision | AbsenceWithdrawal


class Answer(Struct, frozen=True):
    """An answer to a request: a document, a decision or a withdrawal, even if it has no effect.

    `kind` is the kind of record that contains the answer. `at_ms` is in ms since 1970 UTC. `by` is
    the role or the person code of the writer. `decision` is `approve` or `decline`, or None if the
    answer is not a decision. `detail` is the sha256 of the encrypted text or file that comes with
    the answer.
    """

    id: str
    kind: str
    at_ms: int
    by: str
    decision: str | None
    detail: str | None
    flags: tuple[str, ...]


class Request(Struct, frozen=True, omit_defaults=True):
    """A request for leave, or for a substitute who replaces the person `instead_of`.

    `report` says how the written report is given, and `due_ms` (ms since 1970 UTC) when a report
    that is to follow is due. `detail` is the sha256 of the encrypted reason. `is_reserved` is True
    if only headquarters may decide, and `is_decidable` if the user who reads the request may decide
    now. `is_reserved` depends on the time, and `is_decidable` also on the user, so both are False
    in a stored request and set when the request is read.
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
    flags: tuple[str, ...]
    answers: tuple[Answer, ...]
    is_reserved: bool = False
    is_decidable: bool = False


class RequestStates(NamedTuple):
    """The state of every request for leave or a substitute, and the state of every person.

    `live`: codes of people with a request that was neither withdrawn nor made after the hall's
    attendance list was signed off. `away`: codes of people who are not expected, because their
    leave is approved, or because a request by this hall, by headquarters or by themselves is
    pending. `without_effect`: sort keys of answers that match no request, and of documents whose
    writer had no right to send them.
    """

    targets: Targets
    by_request: dict[RequestKey, State]
    by_person: dict[str, State]
    live: frozenset[str]
    away: frozenset[str]
    without_effect: frozenset[FactOrder]

    @property
    def approved(self) -> frozenset[RequestKey]:
        """Return `(record id, person code)` of every approved request for leave or a substitute."""
        return frozenset(key for key, state in self.by_request.items() if state == "approved")


class PointRequests(NamedTuple):
    """The requests for leave and substitutes in one hall, and the data that decide their states.

    `point` is the code of the hall, and `rights` states who may decide. `closing` is the record
    that signs off the attendance list (roll), or None if there is none yet; after it, nobody in the
    hall may decide. `effective` contains the records that have not been cancelled. Anomalies are
    added to `flags`.
    """

    point: str
    rights: DecisionRights
    closing: Fact[Closing] | None
    rolls: Rolls
    effective: FactsByKind
    flags: Flags

    def judge(self) -> RequestStates:
        """Determine the state of every request for leave and for a substitute in this hall.

        Requests for leave count only for people on the hall's list of summoned people. An approval
        that is given after the start of the meeting is flagged with `late_approval`. A request,
        decision or withdrawal by somebody without authority is flagged with `without_authority`. A
        written report on an absence is flagged if it is missing or late.
        """
        leave_requests = self._leave_requests()
        substitutes = self.effective.at(self.point, Substitute)
        targets: dict[RequestKey, Fact[AbsenceRequest | Substitute]] = {
            **{request_key(fact): fact for fact in leave_requests},
            **{request_key(fact): fact for fact in substitutes},
        }
        decisions = self._effective_decisions(targets)
        withdrawn = self._withdrawn_keys(targets)
        by_request = {
            key: _state_of(decisions.get(key), is_withdrawn=key in withdrawn) for key in targets
        }
        states_by_person: defaultdict[str, set[State]] = defaultdict(set)
        live: set[str] = set()
        away: set[str] = set()
        for request in leave_requests:
            key, person = request_key(request), request.person or ""
            state = by_request[key]
            states_by_person[person].add(state)
            if state != "withdrawn" and not self._is_after_closing(request):
                live.add(person)
            if state == "approved" and _is_after_start(decisions[key], self.rights.terms):
                self.flags.add(decisions[key].id, "late_approval")
            if state in {"approved", "pending"}:
                _flag_document(request, self.effective, self.flags)
            is_ours = request.record.point == self.point or request.record.by != Profile.CLERK
            if state == "approved" or (state == "pending" and is_ours):
                away.add(person)
        return RequestStates(
            targets=targets,
            by_request=by_request,
            by_person={
                person: next(candidate for candidate in STATES if candidate in states)
                for person, states in states_by_person.items()
            },
            live=frozenset(live),
            away=frozenset(away),
            without_effect=self._without_effect(targets),
        )

    def _leave_requests(self) -> list[Fact[AbsenceRequest]]:
        """Return the requests for leave of the people on the hall's list of summoned people.

        A request must come from the person, a clerk or headquarters. Any other request is flagged
        with `without_authority` and left out.
        """
        requests = []
        for fact in self.effective.of(AbsenceRequest):
            if fact.person not in self.rolls.lines:
                continue
            if is_by_entitled_author(fact):
                requests.append(fact)
            else:
                self.flags.add(fact.id, "without_authority")
        return requests

    def _without_effect(self, targets: Targets) -> frozenset[FactOrder]:
        orders = set()
        for fact in _answers(self.effective):
            target = targets.get(answered_request_key(fact))
            is_document = isinstance(fact.record, AbsenceDocument)
            if target is None or (is_document and not _may_answer(fact, target)):
                orders.add(fact.order)
        return frozenset(orders)

    def _effective_decisions(self, targets: Targets) -> dict[RequestKey, Fact[AbsenceDecision]]:
        """Return the latest valid decision on every request for leave or a substitute.

        `targets` contains the requests. The keys of `targets` and of the result are `(record id,
        person code)`. Requests without a valid decision are left out. A decision that does not
        count, such as one by somebody without authority or after the closing, is flagged with
        `without_authority` and ignored.
        """
        decisions: dict[RequestKey, Fact[AbsenceDecision]] = {}
        for decision in self.effective.of(AbsenceDecision):
            target = targets.get(answered_request_key(decision))
            if target is None:
                continue
            if self._allows(decision, target):
                decisions[request_key(target)] = decision
            else:
                self.flags.add(decision.id, "without_authority")
        return decisions

    def _allows(
        self, decision: Fact[AbsenceDecision], target: Fact[AbsenceRequest | Substitute]
    ) -> bool:
        """Return whether a decision on the request `target` counts.

        A decision by headquarters always counts. Any other decision must be made in this hall,
        before the attendance list is signed off, by a person who has the right to decide.
        """
        by = decision.record.by
        if by == Profile.HEADQUARTERS:
            return True
        if decision.record.point != self.point or self._is_after_closing(decision):
            return False
        return self.rights.allows(by, target.person, _replaced_person(target), decision.at_ms)

    def _withdrawn_keys(self, targets: Targets) -> set[RequestKey]:
        """Return the `(record id, person code)` of every request that is validly withdrawn.

        `targets` contains the requests for leave or a substitute by the same key. A withdrawal must
        come before the hall's attendance list is signed off. It must come from the person
        concerned, headquarters or a clerk of the hall where the request was made. If headquarters
        made the request, headquarters may withdraw it even after the sign-off. Other withdrawals
        are flagged with `without_authority`.
        """
        withdrawn = set()
        for fact in self.effective.of(AbsenceWithdrawal):
            request = targets.get(answered_request_key(fact))
            if request is None:
                continue
            is_in_time = not self._is_after_closing(fact) or _is_headquarters_own(fact, request)
            if _may_answer(fact, request) and is_in_time:
                withdrawn.add(request_key(request))
            else:
                self.flags.add(fact.id, "without_authority")
        return withdrawn

    def _is_after_closing(self, fact: Fact[Record]) -> bool:
        """Return whether the record in `fact` was made after the attendance list was signed off."""
        return self.closing is not None and fact.order > self.closing.order


def requests_of(states: RequestStates, effective: FactsByKind, flags: Flags) -> tuple[Request, ...]:
    """Return all requests for leave or a substitute, with their states, flags and answers.

    Requests are sorted by their time and id, and the answers to a request by their time.
    `states` contains the requests. The answers are taken from `effective`, which contains the
    records that have not been cancelled.
    """
    answers: defaultdict[RequestKey, list[Fact[AnswerRecord]]] = defaultdict(list)
    for fact in sorted(_answers(effective), key=lambda answer: answer.order):
        answers[answered_request_key(fact)].append(fact)
    requests = [
        _request_of(fact, states.by_request[key], answers[key], flags)
        for key, fact in states.targets.items()
    ]
    return tuple(sorted(requests, key=lambda request: (request.at_ms, request.id)))


def _answers(effective: FactsByKind) -> list[Fact[AnswerRecord]]:
    return [
        *effective.of(AbsenceDocument),
        *effective.of(AbsenceDecision),
        *effective.of(AbsenceWithdrawal),
    ]


def _request_of(
    fact: Fact[AbsenceRequest | Substitute],
    state: State,
    answers: list[Fact[AnswerRecord]],
    flags: Flags,
) -> Request:
    record = fact.record
    report = due = None
    if isinstance(record, AbsenceRequest):
        report, due = record.body.report, record.body.to_follow_by
    return Request(
        id=fact.id,
        point=record.point,
        person=fact.person or "",
        instead_of=_replaced_person(fact),
        at_ms=fact.at_ms,
        by=record.by,
        report=report,
        due_ms=to_ms(due) if due else None,
        detail=record.body.detail,
        state=state,
        flags=flags.of([fact.id]),
        answers=tuple(
            Answer(
                id=answer.id,
                kind=kind_of(answer.record),
                at_ms=answer.at_ms,
                by=answer.record.by,
                decision=getattr(answer.record.body, "decision", None),
                detail=getattr(answer.record.body, "detail", None),
                flags=flags.of([answer.id]),
            )
            for answer in answers
        ),
    )


def _state_of(decision: Fact[AbsenceDecision] | None, *, is_withdrawn: bool) -> State:
    if is_withdrawn:
        return "withdrawn"
    if decision is None:
        return "pending"
    return "approved" if decision.record.body.decision == "approve" else "declined"


def _replaced_person(target: Fact[AbsenceRequest | Substitute]) -> str | None:
    record = target.record
    return record.body.instead_of if isinstance(record, Substitute) else None


def excused_by_headquarters(effective: FactsByKind) -> set[str]:
    """Return the codes of the people whose leave headquarters approved.

    Only headquarters' latest decision on a request counts, and decisions made in halls are ignored.
    Requests that were withdrawn do not count.
    """
    latest_decisions: dict[RequestKey, str] = {}
    for decision in effective.of(AbsenceDecision):
        if decision.record.by == Profile.HEADQUARTERS:
            latest_decisions[answered_request_key(decision)] = decision.record.body.decision
    return {
        request.person
        for request in effective.of(AbsenceRequest)
        if request.person
        and is_by_entitled_author(request)
        and latest_decisions.get(request_key(request)) == "approve"
        and not any(
            answered_request_key(fact) == request_key(request) and _may_answer(fact, request)
            for fact in effective.of(AbsenceWithdrawal)
        )
    }


def _is_headquarters_own(
    fact: Fact[AbsenceWithdrawal], request: Fact[AbsenceRequest | Substitute]
) -> bool:
    return fact.record.by == request.record.by == Profile.HEADQUARTERS


def _may_answer(
    fact: Fact[AbsenceWithdrawal] | Fact[AbsenceDocument] | Fact[AnswerRecord],
    request: Fact[AbsenceRequest] | Fact[AbsenceRequest | Substitute],
) -> bool:
    """Return whether the writer of `fact` may withdraw a request or send a document for it.

    `fact` is the record of the withdrawal or the document. Its writer must be the person who asks
    for leave, headquarters, or a clerk of the hall where the request was made.
    """
    is_there = fact.record.point == request.record.point
    return is_by_entitled_author(fact) and (is_there or fact.record.by != Profile.CLERK)


def request_key(
    fact: Fact[AbsenceRequest] | Fact[Substitute] | Fact[AbsenceRequest | Substitute],
) -> RequestKey:
    return fact.id, fact.record.person


def answered_request_key(
    fact: Fact[AnswerRecord],
) -> RequestKey:
    return fact.record.refs[0], fact.record.person


def _is_after_start(decision: Fact[AbsenceDecision], terms: Terms) -> bool:
    return terms.starts_ms is not None and decision.at_ms > terms.starts_ms


def _flag_document(request: Fact[AbsenceRequest], effective: FactsByKind, flags: Flags) -> None:
    """Flag a request whose promised report has not come, and a report that came late.

    The request is flagged with `document_pending`, and a late report with `document_late`. A
    request without a promised report is not flagged.
    """
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
