"""The hall: whether it was ready, what went wrong, how people behaved, what is left to do."""

from collections.abc import Iterable
from typing import NamedTuple, TypeVar

from msgspec import Struct

from sync_server.domain.codes import to_ms
from sync_server.domain.facts import ByKind, Fact, Flags, has_authority
from sync_server.domain.people import ComesAs
from sync_server.domain.presence import Stays, minutes_between
from sync_server.domain.records import (
    ITEMS,
    Category,
    Conduct,
    Essays,
    FollowUp,
    Guest,
    Incident,
    Item,
    Readiness,
    Substitute,
)
from sync_server.domain.settings import Rolls, Terms

M = TypeVar("M", Incident, FollowUp)


class Trouble(Struct, frozen=True, omit_defaults=True):
    """An incident: what, from when, until when; None while nobody has said that it ended."""

    id: str
    what: str
    from_ms: int
    until_ms: int | None = None


class Task(Struct, frozen=True, omit_defaults=True):
    """What the conference left to do, and whose it is."""

    id: str
    item: str
    state: str
    owner: str | None = None
    due_ms: int | None = None


class FollowUps(Struct, frozen=True, omit_defaults=True):
    """The tasks of a point, in the order in which they were first told, and its essays."""

    tasks: tuple[Task, ...] = ()
    essays_due_ms: int | None = None
    essays_handed_in: int = 0


class StandIn(Struct, frozen=True):
    """A substitute who came: for whom, and whether somebody who may has approved it."""

    id: str
    person: str
    instead_of: str
    is_approved: bool


class Beside(NamedTuple):
    """Who is in the hall beside the summoned, each once: guests by code or record, substitutes."""

    guests: frozenset[str]
    substitutes: dict[str, StandIn]

    def role_of(self, person: str) -> ComesAs:
        """Say as what somebody comes who is not summoned here."""
        if person in self.substitutes:
            return "substitute"
        return "guest" if person in self.guests else None


def missing_items(point: str, terms: Terms, counting: ByKind, flags: Flags) -> tuple[str, ...]:
    """Return what of the readiness checklist is not in order, by the latest word on each item."""
    said: dict[Item, bool] = {}
    for fact in counting.at(point, Readiness):
        said.update(fact.record.body.items)
        if terms.ready_by_ms is not None and fact.at_ms > terms.ready_by_ms:
            flags.add(fact.id, "late_readiness")
    return tuple(item for item in ITEMS if not said.get(item))


def beside_summoned(
    point: str,
    rolls: Rolls,
    stays: Stays,
    approved: frozenset[tuple[str, str | None]],
    counting: ByKind,
    flags: Flags,
) -> Beside:
    """Count guests, and substitutes who checked in; one whom nobody approved is flagged.

    Who is summoned here is neither. Of two records on one substitute the later counts.
    """
    substitutes = {
        fact.person: StandIn(
            fact.id,
            fact.person,
            fact.record.body.instead_of,
            (fact.id, fact.record.person) in approved,
        )
        for fact in counting.at(point, Substitute)
        if fact.person and fact.person not in rolls.lines and is_here(point, fact.person, stays)
    }
    for each in substitutes.values():
        if not each.is_approved:
            flags.add(each.id, "wrong_composition")
    guests = {
        fact.person or fact.id
        for fact in counting.at(point, Guest)
        if fact.person not in rolls.lines
    }
    return Beside(frozenset(guests - substitutes.keys()), substitutes)


def is_here(point: str, person: str, stays: Stays) -> bool:
    """Say whether a person was ever in this hall."""
    return any(stay.point == point for stay in stays.get(person, ()))


def conduct_of(point: str, counting: ByKind) -> dict[Category, int]:
    """Sum what was noted of conduct, by category."""
    sums: dict[Category, int] = {"call": 0, "private_use": 0, "disorder": 0}
    for fact in counting.at(point, Conduct):
        sums[fact.record.body.category] += fact.record.body.count
    return sums


def troubles_of(point: str, counting: ByKind, flags: Flags) -> tuple[Trouble, ...]:
    """Return the incidents of a point in the order in which they were first told."""
    return tuple(
        Trouble(
            id=first,
            what=fact.record.body.what,
            from_ms=to_ms(fact.record.body.since),
            until_ms=to_ms(fact.record.body.until) if fact.record.body.until else None,
        )
        for first, fact in _latest(counting.at(point, Incident), flags).items()
    )


def trouble_minutes(troubles: Iterable[Trouble], terms: Terms) -> int:
    """Sum the whole minutes of incidents; one whose end nobody told lasted to the end."""
    return sum(
        max(
            0,
            minutes_between(
                each.from_ms, terms.ends_ms if each.until_ms is None else each.until_ms
            ),
        )
        for each in troubles
    )


def follow_ups_of(point: str, counting: ByKind, flags: Flags) -> FollowUps:
    """Return what is left to do after the meeting, each task as it was last told."""
    told = counting.at(point, FollowUp)
    tasks = [fact for fact in told if fact.record.body.item]
    essays = [e for fact in told if isinstance(e := fact.record.body.essays, Essays)]
    return FollowUps(
        tasks=tuple(
            Task(
                id=first,
                item=fact.record.body.item or "",
                owner=fact.person,
                due_ms=to_ms(fact.record.body.due) if fact.record.body.due else None,
                state=fact.record.body.state or "open",
            )
            for first, fact in _latest(tasks, flags).items()
        ),
        essays_due_ms=to_ms(essays[-1].due) if essays else None,
        essays_handed_in=essays[-1].handed_in if essays else 0,
    )


def _latest(facts: Iterable[Fact[M]], flags: Flags) -> dict[str, Fact[M]]:
    """Return the latest word on each matter, by the id of the record that first told of it.

    Who may not void a record does not replace it either.
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
