"""Gaps in a device's record numbers: the numbers that it must send again."""

from collections.abc import Iterable

Ranges = tuple[tuple[int, int], ...]
"""Missing numbers as inclusive ranges in ascending order: `((38, 38), (41, 43))`."""


MAX_JUMP = 10_000
"""The furthest that a record number may lie beyond the highest one known. A hall makes some 1,500
records in a day: a number further ahead is an error or an attack, and no gap to be asked for."""


def without_jumps(head: int, arrived: Iterable[int]) -> set[int]:
    """Return the numbers that follow the highest known one without a jump beyond `MAX_JUMP`."""
    plausible = set()
    for seq in sorted(set(arrived)):
        if seq <= head + MAX_JUMP:
            plausible.add(seq)
            head = max(head, seq)
    return plausible


def missing_after(missing: Ranges, head: int, arrived: Iterable[int]) -> tuple[Ranges, int]:
    """Return the gaps and the highest number known after `arrived` is added.

    `head` is the highest number known so far, 0 for a device that has sent nothing.
    """
    gaps = list(missing)
    for seq in sorted(set(arrived)):
        if seq > head:
            if seq > head + 1:
                gaps.append((head + 1, seq - 1))
            head = seq
        else:
            gaps = [part for gap in gaps for part in _without(gap, seq)]
    return tuple(gaps), head


def count_missing(missing: Ranges) -> int:
    """Return how many numbers the ranges hold."""
    return sum(last - first + 1 for first, last in missing)


def _without(gap: tuple[int, int], seq: int) -> Ranges:
    first, last = gap
    if not first <= seq <= last:
        return (gap,)
    left = ((first, seq - 1),) if first < seq else ()
    right = ((seq + 1, last),) if seq < last else ()
    return left + right
