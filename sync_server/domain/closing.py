"""The closing: whether a point's roll is signed off, and what its signer cannot have seen."""

from collections.abc import Iterable

from sync_server.domain.facts import ByKind, Fact, Flags
from sync_server.domain.records import Closing, FollowUp, Record, Reopening


def closing_of(point: str, counting: ByKind) -> Fact[Closing] | None:
    """Return the latest closing of the point, unless it was reopened since."""
    closings, reopenings = counting.at(point, Closing), counting.at(point, Reopening)
    if not closings or (reopenings and reopenings[-1].order > closings[-1].order):
        return None
    return closings[-1]


def is_outside(fact: Fact[Record], closing: Fact[Closing]) -> bool:
    """Say whether the signer of the closing cannot have had this record before them."""
    if isinstance(fact.record, Closing | Reopening | FollowUp):
        return False  # which are of the closing itself, or belong after it
    if fact.seq == 0:  # the office numbers nothing
        return fact.order > closing.order
    return fact.seq > closing.record.body.seen.get(fact.device, 0)


def flag_after(closing: Fact[Closing] | None, facts: Iterable[Fact[Record]], flags: Flags) -> None:
    """Flag what was done in the hall after its roll had been signed off."""
    for fact in facts:
        is_hall = fact.seq and not isinstance(fact.record, FollowUp)
        if closing and is_hall and fact.order > closing.order:
            flags.add(fact.id, "after_close")
