"""Closings: whether a point's roll is signed off, and which records the signer cannot have seen."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

from msgspec import Struct

from sync_server.domain.judging.facts import Fact, FactsByKind, Flags, InForce, acts_in_person
from sync_server.domain.records.kinds import Closing, FollowUp, Record, Reopening, Shift

C = TypeVar("C", Closing, Reopening)


class SignedClosing(Struct, frozen=True):
    """A closing in force: its signer, its time, and the totals that they signed."""

    id: str
    person: str
    at_ms: int
    totals: dict[str, int]


def signed_closing_of(closing: Fact[Closing] | None) -> SignedClosing | None:
    """Return the signer, time and totals of a closing; None without a closing."""
    if closing is None:
        return None
    record = closing.record
    return SignedClosing(closing.id, record.person, closing.at_ms, record.body.totals)


def closing_of(point: str, effective: FactsByKind, flags: Flags) -> Fact[Closing] | None:
    """Return the latest closing of the point, unless a reopening followed it."""
    closings = _signed_in_person(effective.at(point, Closing), flags)
    reopenings = _signed_in_person(effective.at(point, Reopening), flags)
    if not closings or (reopenings and reopenings[-1].order > closings[-1].order):
        return None
    return closings[-1]


def _signed_in_person(facts: Sequence[Fact[C]], flags: Flags) -> list[Fact[C]]:
    """Remove and flag facts that one person's device signs in another person's name."""
    for fact in facts:
        if not acts_in_person(fact):
            flags.add(fact.id, "without_authority")
    return [fact for fact in facts if acts_in_person(fact)]


def is_amended(closing: Fact[Closing] | None, in_force: InForce, flags: Flags) -> bool:
    """Return whether the records in force differ from those that the closing's signer could see.

    Records without authority do not count, nor do records that were voided before the closing.
    """
    if closing is None:
        return False
    authorised = [fact for fact in in_force.facts if "without_authority" not in flags.of([fact.id])]
    if any(_is_unseen(fact, closing) for fact in authorised):
        return True
    return any(
        _is_unseen(void, closing) and not _is_unseen(target, closing) and _is_of_roll(target)
        for void, target in in_force.undone
    )


def _is_of_roll(fact: Fact[Record]) -> bool:
    """Return whether a closing signs this fact: it signs neither itself nor what follows it."""
    return not isinstance(fact.record, Closing | Reopening | FollowUp | Shift)


def _is_unseen(fact: Fact[Record], closing: Fact[Closing]) -> bool:
    """Return whether the signer of the closing cannot have seen this record."""
    if not _is_of_roll(fact):
        return False
    if fact.seq == 0:  # office records have no number
        return fact.order > closing.order
    return fact.seq > closing.record.body.seen.get(fact.device, 0)


def flag_after(closing: Fact[Closing] | None, facts: Iterable[Fact[Record]], flags: Flags) -> None:
    """Flag records that the hall made after its roll was signed off."""
    for fact in facts:
        is_hall = fact.seq and not isinstance(fact.record, FollowUp | Shift)
        if closing and is_hall and fact.order > closing.order:
            flags.add(fact.id, "after_close")
