"""What a standing can be asked, beside the scenarios of tests/vectors/."""

from typing import Any

from sync_server.domain.judging.clocks import Clocks, Sighting
from sync_server.domain.judging.standing import PointStanding, people_present_at, standing_of
from sync_server.domain.records.codes import to_ms
from sync_server.domain.records.forms import parse_record
from tests.factories import draft, raw, roll, setting

SEEN = Clocks([Sighting("D-ONE", "b1", 0, 0, 0)])


def judge(*drafts: dict[str, Any]) -> PointStanding:
    return standing_of("P001", [parse_record(raw(each)) for each in drafts], SEEN)


def test_who_was_in_the_room_at_a_moment() -> None:
    standing = judge(
        setting(),
        roll(1, "M1", "M2", "M3"),
        draft("check_in", 20, person="M1"),
        draft("check_in", 25, person="M2"),
        draft("check_out", 60, person="M1"),
        draft("check_in", 80, person="M1"),
    )

    def at(hour_and_minute: str) -> list[str]:
        return people_present_at("P001", standing, to_ms(f"2024-08-22T{hour_and_minute}:00Z"))

    assert at("00:19") == []
    assert at("00:20") == ["M1"]
    assert at("00:59") == ["M1", "M2"]
    assert at("01:00") == ["M2"]
    assert at("01:30") == ["M1", "M2"]
    assert at("04:00") == []  # everybody is checked out when it ends
