"""Test that times and durations are read from attendance lists that other programs export.

A date such as 03/04/2024 can mean 3 April or 4 March; the day near the meeting's date is chosen.
"""

import pytest

from sync_server.acts.attendance_times import Span, duration_of, joined_stays, moment_of
from sync_server.domain.records.codes import MINUTE_MS, from_ms, to_ms

SPAN = Span(to_ms("2024-08-22T00:30:00.000Z"), to_ms("2024-08-22T04:00:00.000Z"))
OF_MARCH = Span(to_ms("2024-03-04T00:30:00.000Z"), to_ms("2024-03-04T04:00:00.000Z"))


@pytest.mark.parametrize(
    "text",
    [
        "22/08/2024 07:25:31", "08/22/2024 07:25:31 AM", "8/22/24, 7:25:31 AM",
        "2024-08-22 07:25:31", "2024-08-22T00:25:31Z", "2024-08-22T07:25:31+07:00",
        "22.8.2024 7:25:31", "07:25:31 22/08/2024", "07:25:31", "7:25:31 SA", "7h25:31",
        "7 giờ 25:31", "22-08-2024 07:25:31.000",
    ],
)  # fmt: skip
def test_a_moment_is_read_in_every_order_of_day_and_month(text: str) -> None:
    at_ms = moment_of(text, SPAN)
    assert at_ms is not None
    assert from_ms(at_ms) == "2024-08-22T00:25:31.000Z"


@pytest.mark.parametrize("text", ["03/04/2024 07:30", "04/03/2024 07:30", "4/3/24 7h30"])
def test_of_two_orders_the_one_near_the_meeting_holds(text: str) -> None:
    assert moment_of(text, OF_MARCH) == to_ms("2024-03-04T00:30:00.000Z")


@pytest.mark.parametrize(
    "text",
    ["", "sáng", "22/08/2023 07:25", "25:00", "07:61", "32/13/2024 07:00", "7:25 XM", "22/8"],
)
def test_what_is_no_moment_near_the_meeting_is_none(text: str) -> None:
    assert moment_of(text, SPAN) is None


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("78", 78), ("1h 18m", 78), ("1h 18m 0s", 78), ("01:18:00", 78), ("1 giờ 18 phút", 78),
     ("18 phút", 18), ("2h", 120)],
)  # fmt: skip
def test_a_length_is_read(text: str, minutes: int) -> None:
    assert duration_of(text) == minutes * MINUTE_MS


@pytest.mark.parametrize("text", ["", "lâu", "1.5", "-3"])
def test_what_is_no_length_is_none(text: str) -> None:
    assert duration_of(text) is None


def test_stays_that_overlap_or_nearly_touch_are_one() -> None:
    minute = MINUTE_MS
    stays = [(60 * minute, 90 * minute), (0, 30 * minute), (31 * minute, 50 * minute)]
    assert joined_stays(stays) == [(0, 50 * minute), (60 * minute, 90 * minute)]
    assert joined_stays([(0, 30 * minute), (10 * minute, 20 * minute)]) == [(0, 30 * minute)]
    assert joined_stays([(0, None), (10 * minute, 20 * minute)]) == [(0, None)]
