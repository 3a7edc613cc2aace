"""Test how gaps in the consecutive numbers of a device's records are noticed and closed."""

from hypothesis import given
from hypothesis import strategies as st

from sync_server.domain.records.sequence import Ranges, count_missing, missing_after


def test_a_jump_opens_a_gap_and_late_numbers_close_it() -> None:
    missing, head = missing_after((), 37, [39, 40, 44])
    assert (missing, head) == (((38, 38), (41, 43)), 44)

    missing, head = missing_after(missing, head, [42, 38])
    assert (missing, head) == (((41, 41), (43, 43)), 44)
    assert count_missing(missing) == 2


@given(st.lists(st.lists(st.integers(1, 30))))
def test_gaps_are_the_numbers_missing_below_the_highest(batches: list[list[int]]) -> None:
    missing: Ranges = ()
    head = 0
    for batch in batches:
        missing, head = missing_after(missing, head, batch)

    arrived = {seq for batch in batches for seq in batch}
    gaps = {seq for first, last in missing for seq in range(first, last + 1)}
    assert head == max(arrived, default=0)
    assert gaps == set(range(1, head + 1)) - arrived
    assert list(missing) == sorted(missing)
