"""Determine whether a point's roll is signed off, and which later records amend it.

A point is a hall that takes part in a meeting, and its roll lists the people it summons. A
*closing* is a record by which a responsible person signs off the roll.
"""

from collections.abc import Iterable
from typing import cast

from msgspec import Struct

from sync_server.domain.judging.counts import Counts
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

SIGNED = ("present", "absent_excused", "guests", "substitutes")
"""The attendance figures that must not change after the list of a hall is signed off; otherwise the
list counts as amended. The number of late people is not among them, because a corrected clock
changes it. Nor is the number of unexcused absences, because the signature itself turns people
without a record into unexcused absentees.
"""


class SignedClosing(Struct, frozen=True):
    """The valid record that signs off the attendance list of a hall.

    `id` is the id of the record and `person` the code of the signer. `at_ms` is in ms since 1970
    UTC. `totals` is {name of a count, such as `present`: number that was signed}.
    """

    id: str
    person: str
    at_ms: int
    totals: dict[str, int]


def signed_closing_of(closing: Fact[Closing] | None) -> SignedClosing | None:
    """Return the id, signer, time and totals of the record that signs off an attendance list.

    Return None if `closing` is None, because the list is not signed off.
    """
    if closing is None:
        return None
    record = closing.record
    return SignedClosing(closing.id, record.person, closing.at_ms, record.body.totals)


def closing_of(
    point: str, terms: Terms, rolls: Rolls, effective: FactsByKind, flags: Flags
) -> Fact[Closing] | None:
    """Return the valid record that signs off the attendance list of a hall; None if there is none.

    A record that signs off the list is a closing, and a record that undoes this is a reopening. The
    first valid closing counts until a reopening follows it. `point` is the code of the hall.
    `effective` contains the records that have not been cancelled. At the time of the closing, the
    signer must be the Secretary or a Deputy of the hall (see `terms`), or a person on the list
    (`rolls`). A closing or reopening without authority is flagged with `without_authority`, and a
    second closing with `already_closed`; they have no effect.
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
    """Return whether a check-in is too late to count.

    It is too late if it is both after the end of the meeting and after the record (`closing`)
    that signs off the hall's attendance list. Return False if the end is not known or the list
    is not signed off.
    """
    is_after_end = terms.ends_ms is not None and fact.happened_ms > terms.ends_ms
    return is_after_end and closing is not None and fact.order > closing.order


def is_amended(
    closing: Fact[Closing] | None,
    in_force: InForce,
    without_effect: frozenset[FactOrder],
    flags: Flags,
    counts: Counts,
) -> bool:
    """Return whether the attendance in a hall has changed since its list was signed off.

    `closing` is the record that signs off the list; return False if it is None. `in_force` contains
    the records that count and those that were cancelled. The attendance has changed in three cases:
    a signed number differs from that in `counts`; a record counts that the signer had not seen; or
    a record that the signer had seen was cancelled by a record that the signer had not seen. Only
    records that the signature covers matter (see `_is_of_roll`). In the second case, records are
    ignored if they are flagged with `without_authority`, or if their sort keys are in
    `without_effect`.
    """
    if closing is None:
        return False
    signed = closing.record.body.totals
    if any(signed.get(name, getattr(counts, name)) != getattr(counts, name) for name in SIGNED):
        return True
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
    """Return whether signing off a hall's attendance list covers the record in `fact`.

    It covers all kinds of record except records that sign off the list (closings) or undo this
    (reopenings), follow-ups (tasks and essays after the conference), feedback, and shifts
    (changes of clerks).
    """
    return not isinstance(fact.record, Closing | Reopening | FollowUp | Feedback | Shift)


def _is_unseen(fact: Fact[Record], closing: Fact[Closing]) -> bool:
    """Return whether the signer of a closing cannot have seen a record that the closing covers.

    A closing is a record that signs off a hall's attendance list. The closing contains, for every
    device, the number of the last record that the signer saw. Nobody has seen a record that is
    later than the closing, whatever the closing says. Records from the office's web pages have no
    number, so only their time counts.
    """
    if not _is_of_roll(fact):
        return False
    is_later = fact.order > closing.order
    return is_later or fact.seq > closing.record.body.seen.get(fact.device, 0)


def flag_records_after_closing(
    closing: Fact[Closing] | None, facts: Iterable[Fact[Record]], flags: Flags
) -> None:
    """Flag with `after_close` the records that devices made after the list was signed off.

    The list is the hall's attendance list, and `closing` is the record that signs it off; if
    `closing` is None, nothing is flagged. `facts` are records with corrected times. Follow-ups
    (tasks and essays after the conference), feedback and shifts (changes of clerks) are not
    flagged, because they are expected after the list is signed off. Records from the office's
    web pages are not flagged, because no device made them.
    """
    for fact in facts:
        is_hall = fact.seq and not isinstance(fact.record, FollowUp | Feedback | Shift)
        if closing and is_hall and fact.order > closing.order:
            flags.add(fact.id, "after_close")
