"""The closing: whether a point's roll is signed off, and what its signer cannot have seen."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

from msgspec import Struct

from sync_server.domain.facts import ByKind, Fact, Flags, InForce, acts_in_person
from sync_server.domain.records import Closing, FollowUp, Record, Reopening, Shift

C = TypeVar("C", Closing, Reopening)


class Signed(Struct, frozen=True):
    """Who signed the roll off when, and the totals that they signed."""

    id: str
    person: str
    at_ms: int
    totals: dict[str, int]


def signed(closing: Fact[Closing] | None) -> Signed | None:
    """Return what a closing tells."""
    if closing is None:
        return None
    record = closing.record
    return Signed(closing.id, record.person, closing.at_ms, record.body.totals)


def closing_of(point: str, counting: ByKind, flags: Flags) -> Fact[Closing] | None:
    """Return the latest closing of the point, unless it was reopened since."""
    closings = _signed(counting.at(point, Closing), flags)
    reopenings = _signed(counting.at(point, Reopening), flags)
    if not closings or (reopenings and reopenings[-1].order > closings[-1].order):
        return None
    return closings[-1]


def _signed(facts: Sequence[Fact[C]], flags: Flags) -> list[Fact[C]]:
    """Leave out what somebody's own device signs in another's name."""
    for fact in facts:
        if not acts_in_person(fact):
            flags.add(fact.id, "without_authority")
    return [fact for fact in facts if acts_in_person(fact)]


def is_amended(closing: Fact[Closing] | None, in_force: InForce, flags: Flags) -> bool:
    """Say whether anything takes effect that the closing's signer cannot have had before them.

    What has no authority takes none, nor does what was taken back before anybody signed it off.
    """
    if closing is None:
        return False
    effective = [fact for fact in in_force.facts if "without_authority" not in flags.of([fact.id])]
    if any(_is_outside(fact, closing) for fact in effective):
        return True
    return any(
        _is_outside(void, closing) and not _is_outside(target, closing) and _is_of_roll(target)
        for void, target in in_force.undone
    )


def _is_of_roll(fact: Fact[Record]) -> bool:
    """Leave out what is of the closing itself, or belongs after it."""
    return not isinstance(fact.record, Closing | Reopening | FollowUp | Shift)


def _is_outside(fact: Fact[Record], closing: Fact[Closing]) -> bool:
    """Say whether the signer of the closing cannot have had this record before them."""
    if not _is_of_roll(fact):
        return False
    if fact.seq == 0:  # the office numbers nothing
        return fact.order > closing.order
    return fact.seq > closing.record.body.seen.get(fact.device, 0)


def flag_after(closing: Fact[Closing] | None, facts: Iterable[Fact[Record]], flags: Flags) -> None:
    """Flag what was done in the hall after its roll had been signed off."""
    for fact in facts:
        is_hall = fact.seq and not isinstance(fact.record, FollowUp | Shift)
        if closing and is_hall and fact.order > closing.order:
            flags.add(fact.id, "after_close")
