"""Test how gaps in the consecutive numbers of a device's records are noticed and closed."""

from hypothesis import given
from hypothesis import strategies as st

from sync_server.domain.records.sequence import (
    MAX_JUMP,
    Ranges,
    count_missing,
    missing_after,
    missing_up_to,
)


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


def test_a_device_s_own_highest_number_shows_what_a_restored_server_lacks() -> None:
    assert missing_up_to((), 4, 4) == ((), 4)
    assert missing_up_to((), 4, 3) == ((), 4)
    assert missing_up_to(((2, 2),), 4, 9) == (((2, 2), (5, 9)), 9)
    assert missing_up_to(((5, 9),), 9, 12) == (((5, 12),), 12)


def test_a_device_cannot_have_the_server_ask_for_more_and_more() -> None:
    missing: Ranges = ()
    head = 0
    for _ in range(10):
        missing, head = missing_up_to(missing, head, head + MAX_JUMP // 3)
    assert len(missing) == 1
    assert count_missing(missing) <= MAX_JUMP
