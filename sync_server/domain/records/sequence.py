"""Gaps in a device's record numbers: the numbers that it must send again."""

from collections.abc import Iterable

Ranges = tuple[tuple[int, int], ...]
"""Missing numbers as inclusive ranges in ascending order: `((38, 38), (41, 43))`."""


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
