"""Determine a hall's readiness, guests, substitutes, disturbances, incidents and tasks."""

from collections.abc import Iterable
from typing import NamedTuple, TypeVar

from msgspec import Struct

from sync_server.domain.judging.facts import Fact, FactsByKind, Flags, has_authority
from sync_server.domain.judging.people import ComesAs
from sync_server.domain.judging.presence import Stays, minutes_between
from sync_server.domain.judging.settings import Rolls, Terms
from sync_server.domain.records.codes import to_ms
from sync_server.domain.records.kinds import (
    READINESS_ITEMS,
    Conduct,
    ConductCategory,
    Essays,
    Feedback,
    FeedbackTopic,
    FollowUp,
    Guest,
    Incident,
    Rating,
    Readiness,
    ReadinessItem,
    Substitute,
)

M = TypeVar("M", Incident, FollowUp)


class IncidentSpan(Struct, frozen=True, omit_defaults=True):
    """An incident in a hall, such as a power cut, according to the latest report on it.

    `id` is the id of the first report, and `what` the code of the kind of incident. Times are
    in ms since 1970 UTC. `until_ms` is None if no end is reported.
    """

    id: str
    what: str
    from_ms: int
    until_ms: int | None = None


class Task(Struct, frozen=True, omit_defaults=True):
    """A task that remains after the conference.

    `id` is the id of the first report and `item` the description. `state` is `open`, `done` or
    `dropped`. `owner` is a person code, and `due_ms` is in ms since 1970 UTC; both are None if not
    given.
    """

    id: str
    item: str
    state: str
    owner: str | None = None
    due_ms: int | None = None


class FollowUps(Struct, frozen=True, omit_defaults=True):
    """The tasks of a hall after the conference, and the attendees' essays.

    The tasks are in the order of their first reports. `essays_due_ms` is the due time in ms since
    1970 UTC, or None if no essays are reported. `essays_handed_in` is the number handed in.
    """

    tasks: tuple[Task, ...] = ()
    essays_due_ms: int | None = None
    essays_handed_in: int = 0


class SubstituteStanding(Struct, frozen=True):
    """A substitute who came, with the code of the person replaced (`instead_of`).

    `id` is the id of the substitute's record, and `person` the substitute's person code.
    `is_approved` is True if a valid decision approved the substitute.
    """

    id: str
    person: str
    instead_of: str
    is_approved: bool


class OtherAttendees(NamedTuple):
    """The guests and substitutes in a hall, who are not on its list of summoned people (roll).

    `guests` contains person codes, or the record ids of guests without a code. `substitutes` is
    {person code: the substitute with this code}.
    """

    guests: frozenset[str]
    substitutes: dict[str, SubstituteStanding]

    def role_of(self, person: str) -> ComesAs:
        """Return `substitute`, `guest` or None: the role of the person with the code `person`."""
        if person in self.substitutes:
            return "substitute"
        return "guest" if person in self.guests else None


def missing_items(
    point: str, terms: Terms, effective: FactsByKind, flags: Flags
) -> tuple[str, ...]:
    """Return the codes of the readiness items that a hall lacks, in display order.

    An item such as `power` or `screen` is lacking if its latest report says so, or if there is no
    report. Reports after the hall's deadline, `terms.ready_by_ms`, are flagged with
    `late_readiness`.
    """
    latest_states: dict[ReadinessItem, bool] = {}
    for fact in effective.at(point, Readiness):
        latest_states.update(fact.record.body.items)
        if terms.ready_by_ms is not None and fact.at_ms > terms.ready_by_ms:
            flags.add(fact.id, "late_readiness")
    return tuple(item for item in READINESS_ITEMS if not latest_states.get(item))


def other_attendees_of(
    point: str,
    rolls: Rolls,
    stays: Stays,
    approved: frozenset[tuple[str, str | None]],
    effective: FactsByKind,
    flags: Flags,
) -> OtherAttendees:
    """Return the guests of a hall, and the substitutes who checked in there.

    `point` is the code of the hall. `approved` contains `(record id, person code)` of every
    approved request. A person on the hall's list of summoned people (roll) is neither guest nor
    substitute. If several records concern the same substitute, only the latest counts. Substitutes
    without approval are flagged with `wrong_composition`.
    """
    substitutes = {
        fact.person: SubstituteStanding(
            fact.id,
            fact.person,
            fact.record.body.instead_of,
            (fact.id, fact.record.person) in approved,
        )
        for fact in effective.at(point, Substitute)
        if fact.person and fact.person not in rolls.lines and was_in_hall(point, fact.person, stays)
    }
    for substitute in substitutes.values():
        if not substitute.is_approved:
            flags.add(substitute.id, "wrong_composition")
    guests = {
        fact.person or fact.id
        for fact in effective.at(point, Guest)
        if fact.person not in rolls.lines
    }
    return OtherAttendees(frozenset(guests - substitutes.keys()), substitutes)


def was_in_hall(point: str, person: str, stays: Stays) -> bool:
    """Return whether a person was in a hall at any time.

    `point` is the code of the hall, and `person` the code of the person. `stays` contains the stays
    of every person by person code.
    """
    return any(stay.point == point for stay in stays.get(person, ()))


def conduct_of(point: str, effective: FactsByKind) -> dict[ConductCategory, int]:
    """Return {category: number of disturbances} for the hall with the code `point`.

    The categories are `call` (telephone calls), `private_use` (private use of telephones) and
    `disorder`. The number is 0 for a category without disturbances.
    """
    sums: dict[ConductCategory, int] = {"call": 0, "private_use": 0, "disorder": 0}
    for fact in effective.at(point, Conduct):
        sums[fact.record.body.category] += fact.record.body.count
    return sums


def incidents_of(point: str, effective: FactsByKind, flags: Flags) -> tuple[IncidentSpan, ...]:
    """Return the incidents in the hall with the code `point`, in the order of their first reports.

    Every incident has the values of the latest report on it. A later report is flagged and ignored
    if its writer has no authority to replace the first one.
    """
    return tuple(
        IncidentSpan(
            id=first,
            what=fact.record.body.what,
            from_ms=to_ms(fact.record.body.since),
            until_ms=to_ms(fact.record.body.until) if fact.record.body.until else None,
        )
        for first, fact in _latest_reports(effective.at(point, Incident), flags).items()
    )


def incident_minutes(incidents: Iterable[IncidentSpan], terms: Terms) -> int:
    """Return the sum of the whole minutes of all incidents.

    If the end of an incident was not reported, the incident lasts until the end of the meeting,
    `terms.ends_ms`. It counts as 0 minutes if the meeting's end is not known or is before the
    incident.
    """
    return sum(
        max(
            0,
            minutes_between(
                incident.from_ms, terms.ends_ms if incident.until_ms is None else incident.until_ms
            ),
        )
        for incident in incidents
    )


class HallFeedback(Struct, frozen=True, omit_defaults=True):
    """The latest feedback of a hall on the conference.

    `id` is the id of the record. `ratings` is {topic: rating}, without topics that were not
    rated. `practice` describes what worked well, and `proposal` is a suggestion; both are "" if
    not given.
    """

    id: str
    ratings: dict[FeedbackTopic, Rating]
    practice: str = ""
    proposal: str = ""


def follow_ups_of(point: str, effective: FactsByKind, flags: Flags) -> FollowUps:
    """Return a hall's tasks after the conference, and the state of the attendees' essays.

    `point` is the code of the hall. `effective` contains the records that have not been cancelled.
    The latest report on a task or on the essays counts. A later report on a task is flagged and
    ignored if its writer has no authority to replace the first report.
    """
    follow_ups = effective.at(point, FollowUp)
    tasks = [fact for fact in follow_ups if fact.record.body.item]
    essays = [
        essay_report
        for fact in follow_ups
        if isinstance(essay_report := fact.record.body.essays, Essays)
    ]
    return FollowUps(
        tasks=tuple(
            Task(
                id=first,
                item=fact.record.body.item or "",
                owner=fact.person,
                due_ms=to_ms(fact.record.body.due) if fact.record.body.due else None,
                state=fact.record.body.state or "open",
            )
            for first, fact in _latest_reports(tasks, flags).items()
        ),
        essays_due_ms=to_ms(essays[-1].due) if essays else None,
        essays_handed_in=essays[-1].handed_in if essays else 0,
    )


def feedback_of(point: str, effective: FactsByKind) -> HallFeedback | None:
    """Return the latest feedback from the hall `point` on the conference; None if there is none."""
    facts = effective.at(point, Feedback)
    if not facts:
        return None
    body = facts[-1].record.body
    return HallFeedback(facts[-1].id, dict(body.ratings), body.practice or "", body.proposal or "")


def _latest_reports(facts: Iterable[Fact[M]], flags: Flags) -> dict[str, Fact[M]]:
    """Return {id of the first report: latest report} for every incident or task.

    A later report contains the id of an earlier one. If the writer of the later report has no
    authority to replace the first one, the later report is flagged with `without_authority` and
    ignored.
    """
    latest: dict[str, Fact[M]] = {}
    first_of: dict[str, Fact[M]] = {}
    for fact in facts:
        first = first_of.get(fact.record.refs[0]) if fact.record.refs else None
        if first is not None and not has_authority(fact.record, first.record):
            flags.add(fact.id, "without_authority")
            continue
        first_of[fact.id] = first or fact
        latest[first_of[fact.id].id] = fact
    return latest
