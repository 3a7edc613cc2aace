"""Find the gaps in the record numbers of a device.

A device numbers its records 1, 2, 3, … without gaps. A gap therefore means that a record is
missing, and the server asks the device to send it again.
"""

from collections.abc import Iterable

Ranges = tuple[tuple[int, int], ...]
"""Missing record numbers as inclusive ranges in ascending order, such as `((38, 38), (41, 43))`."""


MAX_JUMP = 10_000
"""The largest permitted step from the highest known record number to a new number.

A hall makes about 1,500 records in a day, so a larger step is an error or an attack. The server
then does not ask the device for the numbers in between.
"""


def without_jumps(head: int, arrived: Iterable[int]) -> set[int]:
    """Return the record numbers that arrived, except those that are too far ahead.

    `head` is the device's highest number before these records arrived. The numbers are checked
    in ascending order, and one that exceeds the highest accepted number by more than `MAX_JUMP`
    is left out.
    """
    plausible = set()
    for seq in sorted(set(arrived)):
        if seq <= head + MAX_JUMP:
            plausible.add(seq)
            head = max(head, seq)
    return plausible


def missing_after(missing: Ranges, head: int, arrived: Iterable[int]) -> tuple[Ranges, int]:
    """Return a device's missing record numbers and its highest number after records arrived.

    `missing` contains the numbers that were missing before, as inclusive ranges in ascending
    order, like the result. `arrived` contains the numbers of the new records. `head` is the
    highest number before they arrived, or 0 for a device that has sent nothing.
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


def missing_up_to(missing: Ranges, head: int, highest: int) -> tuple[Ranges, int]:
    """Return a device's missing record numbers and highest number after it stated `highest`.

    `highest` is the highest number that the device has sent. It exceeds `head`, the highest
    number that the server knew before, if the server was restored from a backup; all numbers
    after `head` up to `highest` are then missing. `highest` is ignored if more than `MAX_JUMP`
    numbers would be missing.
    """
    if highest <= head or highest - head + count_missing(missing) > MAX_JUMP:
        return missing, head
    if missing and missing[-1][1] == head:
        return (*missing[:-1], (missing[-1][0], highest)), highest
    return (*missing, (head + 1, highest)), highest


def count_missing(missing: Ranges) -> int:
    """Return how many numbers the inclusive ranges contain; `((38, 38), (41, 43))` gives 4."""
    return sum(last - first + 1 for first, last in missing)


def _without(gap: tuple[int, int], seq: int) -> Ranges:
    first, last = gap
    if not first <= seq <= last:
        return (gap,)
    left = ((first, seq - 1),) if first < seq else ()
    right = ((seq + 1, last),) if seq < last else ()
    return left + right
