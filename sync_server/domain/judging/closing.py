"""Determine whether a point's roll is signed off, and which later records amend the roll."""

from collections.abc import Iterable
from typing import cast

from msgspec import Struct

from sync_server.domain.judging.facts import (
    Fact,
    FactOrder,
    FactsByKind,
    Flags,
    InForce,
    is_by_entitled_author,
)
from sync_server.domain.judging.settings import Rolls, Terms
from sync_server.domain.records.kinds import (
    CheckIn,
    Closing,
    Feedback,
    FollowUp,
    Record,
    Reopening,
    Shift,
)


class SignedClosing(Struct, frozen=True):
    """A closing in force: the signer, the time (ms since 1970 UTC) and the signed totals."""

    id: str
    person: str
    at_ms: int
    totals: dict[str, int]


def signed_closing_of(closing: Fact[Closing] | None) -> SignedClosing | None:
    """Return the signer, the time and the totals of a closing, or None without a closing."""
    if closing is None:
        return None
    record = closing.record
    return SignedClosing(closing.id, record.person, closing.at_ms, record.body.totals)


def closing_of(
    point: str, terms: Terms, rolls: Rolls, effective: FactsByKind, flags: Flags
) -> Fact[Closing] | None:
    """Return the closing in force at a point, or None if the roll is not signed off.

    The first valid closing counts until a reopening follows. An officer of that time or a person on
    the roll must sign. Other closings are flagged in `flags` and have no effect.
    """
    closing: Fact[Closing] | None = None
    facts: list[Fact[Closing | Reopening]] = [
        *effective.at(point, Closing),
        *effective.at(point, Reopening),
    ]
    for fact in sorted(facts, key=lambda fact: fact.order):
        if not is_by_entitled_author(fact):
            flags.add(fact.id, "without_authority")
        elif isinstance(fact.record, Reopening):
            closing = None
        elif not _may_sign(fact, terms, rolls):
            flags.add(fact.id, "without_authority")
        elif closing:
            flags.add(fact.id, "already_closed")
        else:
            closing = cast(Fact[Closing], fact)
    return closing


def _may_sign(fact: Fact[Closing | Reopening], terms: Terms, rolls: Rolls) -> bool:
    officers = terms.officers_at(fact.at_ms)
    return fact.person in {officers.secretary, *officers.deputies} or fact.person in rolls.lines


def is_after_end_and_closing(
    fact: Fact[CheckIn], terms: Terms, closing: Fact[Closing] | None
) -> bool:
    """Return whether a check-in is both after the meeting's end and after the closing.

    Such a check-in is too late to count.
    """
    is_after_end = terms.ends_ms is not None and fact.happened_ms > terms.ends_ms
    return is_after_end and closing is not None and fact.order > closing.order


def is_amended(
    closing: Fact[Closing] | None,
    in_force: InForce,
    without_effect: frozenset[FactOrder],
    flags: Flags,
) -> bool:
    """Return whether records in force differ from the records that the closing's signer had seen.

    A record that the signer had not seen is a difference, and so is a later void of a record that
    the signer had seen. Records without authority and records in `without_effect` are ignored.
    Return False without a closing.
    """
    if closing is None:
        return False
    effective = [
        fact
        for fact in in_force.facts
        if "without_authority" not in flags.of([fact.id]) and fact.order not in without_effect
    ]
    if any(_is_unseen(fact, closing) for fact in effective):
        return True
    return any(
        _is_unseen(void, closing) and not _is_unseen(target, closing) and _is_of_roll(target)
        for void, target in in_force.undone
    )


def _is_of_roll(fact: Fact[Record]) -> bool:
    """Return whether a closing covers this record.

    A closing covers all kinds of record except closings, reopenings, follow-ups and shifts.
    """
    return not isinstance(fact.record, Closing | Reopening | FollowUp | Feedback | Shift)


def _is_unseen(fact: Fact[Record], closing: Fact[Closing]) -> bool:
    """Return whether the signer of a closing cannot have seen a record.

    The closing lists the last record number that the signer had seen of every device. Office
    records
    have no number, so their time is compared.
    """
    if not _is_of_roll(fact):
        return False
    if fact.seq == 0:  # office records have no number
        return fact.order > closing.order
    return fact.seq > closing.record.body.seen.get(fact.device, 0)


def flag_records_after_closing(
    closing: Fact[Closing] | None, facts: Iterable[Fact[Record]], flags: Flags
) -> None:
    """Flag the records that a hall's devices made after the closing with `after_close`."""
    for fact in facts:
        is_hall = fact.seq and not isinstance(fact.record, FollowUp | Feedback | Shift)
        if closing and is_hall and fact.order > closing.order:
            flags.add(fact.id, "after_close")
