"""Determine who is to preside at a point, and who presided there at what time.

A point is a hall that takes part in a meeting. The Secretary presides, or a Deputy if the Secretary
has delegated the chair. A person presides only while in the hall, and only after a record of
assuming the chair (checklist rows 24 and 25 in docs/checklist.md).
"""

from collections.abc import Sequence
from itertools import pairwise

from msgspec import Struct

from sync_server.domain.judging.facts import Fact, FactsByKind, Flags, is_by_entitled_author
from sync_server.domain.judging.presence import Stays, is_in_at
from sync_server.domain.judging.settings import Terms
from sync_server.domain.records.kinds import ChairAssumed, ChairDelegation, Office


class Span(Struct, frozen=True):
    """A period in which one person presided in a hall.

    `person` is a person code. The period includes `from_ms` and ends just before `until_ms`. Both
    are in ms since 1970 UTC. `until_ms` is None if no end is recorded.
    """

    person: str
    office: Office
    from_ms: int
    until_ms: int | None


class Delegation(Struct, frozen=True):
    """A transfer of the chair from the Secretary to a Deputy.

    `to` is the Deputy's person code. The delegation is valid from `from_ms` (ms since 1970 UTC).
    """

    from_ms: int
    to: str


class Chair(Struct, frozen=True, omit_defaults=True):
    """The people who may preside in a hall at a meeting, and the periods in which they presided.

    People are given by person code. `delegate` is the Deputy who received the chair from the
    Secretary. `named` is the person who is to preside: the Secretary, or the delegate if the
    Secretary is not available, or None if neither is. `spans` and `delegations` are in order of
    time. `is_escalated` is True if headquarters must act, because the Secretary is away and either
    the delegate or every Deputy is away, too.
    """

    secretary: str | None = None
    delegate: str | None = None
    named: str | None = None
    spans: tuple[Span, ...] = ()
    delegations: tuple[Delegation, ...] = ()
    is_escalated: bool = False


class Chairing:
    """The transfers of the chair in a hall, and the periods in which somebody presided there.

    Both are computed from `effective`, the records that have not been cancelled, and from the times
    at which people were in the hall. A record of delegating or assuming the chair is flagged and
    has no effect if its author had no authority to write it.
    """

    def __init__(
        self, point: str, terms: Terms, stays: Stays, effective: FactsByKind, flags: Flags
    ) -> None:
        self._terms = terms
        delegations = []
        for fact in effective.at(point, ChairDelegation):
            if self._is_delegation(fact):
                delegations.append(Delegation(fact.at_ms, fact.record.body.to))
            else:
                flags.add(fact.id, "without_authority")
        self.delegations = tuple(delegations)
        self._assumed_ms: dict[str, int] = {}
        for assumed in effective.at(point, ChairAssumed):
            person = assumed.person or ""
            if is_by_entitled_author(assumed) and self._may_preside_from(person, assumed.at_ms):
                self._assumed_ms.setdefault(person, assumed.at_ms)
            else:
                flags.add(assumed.id, "without_authority")
        self._in_hall = {
            person: [
                (stay.came_ms, stay.left_ms)
                for stay in stays.get(person, ())
                if stay.point == point
            ]
            for person in self._assumed_ms
        }
        self.spans = self._judge_spans()

    def _is_delegation(self, fact: Fact[ChairDelegation]) -> bool:
        officers = self._terms.officers_at(fact.at_ms)
        is_secretary = officers.secretary is not None and fact.person == officers.secretary
        return (
            is_secretary
            and is_by_entitled_author(fact)
            and fact.record.body.to in officers.deputies
        )

    def _may_preside_from(self, person: str, at_ms: int) -> bool:
        """Return whether a person may preside at a time (ms since 1970 UTC) or later."""
        appointed_ms = [officers.from_ms for officers in self._terms.officers]
        delegated_ms = [delegation.from_ms for delegation in self.delegations]
        moments = (at_ms, *(later for later in (*appointed_ms, *delegated_ms) if later > at_ms))
        return any(person in self._officers_at(moment_ms) for moment_ms in moments)

    def is_vacant(self, until_ms: int | None) -> bool:
        """Return whether nobody presides at some time before `until_ms` (ms since 1970 UTC).

        The check begins at the start of the meeting plus the grace (the delay that is tolerated).
        If `until_ms` is None, all later times are checked. Return False if the start is not known,
        or if `until_ms` is not later than the beginning of the check.
        """
        from_ms = self._terms.late_after_ms
        if from_ms is None or (until_ms is not None and until_ms <= from_ms):
            return False
        moments = [from_ms, *(event_ms for event_ms in self._events() if event_ms > from_ms)]
        return any(
            self._presiding_at(moment_ms) is None
            for moment_ms in moments
            if until_ms is None or moment_ms < until_ms
        )

    def _officers_at(self, at_ms: int) -> tuple[str | None, str | None]:
        """Return the person codes of the Secretary and of the delegated Deputy at a time.

        The time is in ms since 1970 UTC. The first code is None if there is no Secretary, and the
        second if no Deputy holds a delegation at that time.
        """
        secretary = self._terms.officers_at(at_ms).secretary
        return secretary, delegate_at(self._terms, self.delegations, at_ms)

    def _presiding_at(self, at_ms: int) -> str | None:
        for person in self._officers_at(at_ms):
            if (
                person in self._assumed_ms
                and self._assumed_ms[person] <= at_ms
                and is_in_at(self._in_hall[person], at_ms)
            ):
                return person
        return None

    def _events(self) -> list[int]:
        """Return all times at which a person may begin or stop presiding.

        The times are in ms since 1970 UTC, sorted and without duplicates.
        """
        moments = {delegation.from_ms for delegation in self.delegations} | set(
            self._assumed_ms.values()
        )
        moments |= {officers.from_ms for officers in self._terms.officers}
        for spans in self._in_hall.values():
            moments |= {moment_ms for span in spans for moment_ms in span if moment_ms is not None}
        return sorted(moments)

    def _judge_spans(self) -> tuple[Span, ...]:
        spans: list[Span] = []
        events = self._events()
        for from_ms, until_ms in pairwise([*events, None]):
            person = self._presiding_at(from_ms) if from_ms is not None else None
            if from_ms is None or person is None:
                continue
            if spans and spans[-1].person == person and spans[-1].until_ms == from_ms:
                from_ms = spans.pop().from_ms
            is_secretary = person == self._officers_at(from_ms)[0]
            office: Office = "secretary" if is_secretary else "deputy"
            spans.append(Span(person, office, from_ms, until_ms))
        return tuple(spans)


def delegate_at(
    terms: Terms, delegations: Sequence[Delegation], at_ms: int | None = None
) -> str | None:
    """Return the code of the Deputy who last received the chair from the Secretary.

    `terms` contains the appointments of Secretaries and Deputies. `delegations` must be in order of
    time. Only delegations up to `at_ms` (ms since 1970 UTC) count; if `at_ms` is None, all of them
    count. Return None if there is no delegation, or if the Deputy has since lost the office. A
    Deputy who is appointed again later needs a new delegation.
    """
    before = [one for one in delegations if at_ms is None or one.from_ms <= at_ms]
    if not before:
        return None
    last = before[-1]
    since = [
        officers
        for officers in terms.officers
        if last.from_ms < officers.from_ms and (at_ms is None or officers.from_ms <= at_ms)
    ]
    in_office = all(
        last.to in officers.deputies for officers in (terms.officers_at(last.from_ms), *since)
    )
    return last.to if in_office else None


def chair_of(terms: Terms, chairing: Chairing, away: frozenset[str]) -> Chair:
    """Return who is to preside at a point (a hall of a meeting), and who presided there.

    The Secretary is to preside, or the delegated Deputy if the Secretary is away. `terms` contains
    the appointments of Secretaries and Deputies. `away` contains the codes of people who are on
    leave or in another hall. If the meeting is cancelled, `is_escalated` (headquarters must act) is
    always False.
    """
    officers, delegate = terms.officers_at(), delegate_at(terms, chairing.delegations)
    secretary = officers.secretary
    candidates = [person for person in (secretary, delegate) if person and person not in away]
    is_escalated = secretary in away and (delegate in away or away.issuperset(officers.deputies))
    return Chair(
        secretary=secretary,
        delegate=delegate,
        named=candidates[0] if candidates else None,
        spans=chairing.spans,
        delegations=chairing.delegations,
        is_escalated=is_escalated and not terms.is_cancelled,
    )
