"""Presence as intervals: who came when, who left when, and how late or early that was."""

from collections.abc import Iterable
from typing import NamedTuple

from sync_server.domain.facts import MINUTE_MS, Fact, Facts, Flags
from sync_server.domain.records import CheckIn, CheckOut, to_ms


class Interval(NamedTuple):
    """One stay in a hall; `left_ms` is None while it lasts."""

    arrival: Fact
    came_ms: int
    left_ms: int | None


def happened_ms(fact: Fact) -> int:
    """When it happened: as stated, if a person states it, else the corrected time."""
    stated: str | None = getattr(fact.record.body, "happened_at", None)
    return to_ms(stated) if stated else fact.at_ms


def stays_of(facts: Iterable[Fact], flags: Flags) -> dict[str, list[Interval]]:
    """Pair arrivals with departures, per person, wherever they were: the earliest opens a stay."""
    stays: dict[str, list[Interval]] = {}
    moves = [f for f in facts if isinstance(f.record, CheckIn | CheckOut)]
    for fact in sorted(moves, key=lambda f: (happened_ms(f), f)):
        own = stays.setdefault(fact.record.person or "", [])
        is_in = bool(own) and own[-1].left_ms is None
        at_ms = happened_ms(fact)
        if isinstance(fact.record, CheckOut):
            if is_in:
                own[-1] = own[-1]._replace(left_ms=at_ms)
        elif is_in:
            flags.add(fact.id, "already_present")
        else:
            own.append(Interval(fact, at_ms, None))
    return {person: own for person, own in stays.items() if own}


def is_late(came_ms: int, known: Facts) -> bool:
    """Late means after the start and its grace (domain.md row 11)."""
    return known.starts_ms is not None and came_ms > known.starts_ms + known.grace_ms


def is_early_leave(left_ms: int | None, known: Facts) -> bool:
    """Early means before the end less the grace; who never checked out stayed to the end."""
    return (
        left_ms is not None
        and known.ends_ms is not None
        and left_ms < known.ends_ms - known.grace_ms
    )


def minutes_between(from_ms: int | None, to_ms: int | None) -> int:
    """Count whole minutes, rounded down; 0 where either end is unknown."""
    return 0 if from_ms is None or to_ms is None else (to_ms - from_ms) // MINUTE_MS
