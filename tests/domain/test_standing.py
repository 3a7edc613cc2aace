"""Questions about a standing that the scenarios in tests/vectors/ do not ask."""

from typing import Any

from sync_server.domain.judging.clocks import Clocks, Sighting
from sync_server.domain.judging.standing import PointStanding, people_present_at, standing_of
from sync_server.domain.records.codes import to_ms
from sync_server.domain.records.forms import parse_record
from tests.factories import draft, raw, roll, setting

CLOCKS = Clocks([Sighting("D-ONE", "b1", 0, 0, 0)])


def judge_drafts(*drafts: dict[str, Any]) -> PointStanding:
    return standing_of("P001", [parse_record(raw(fields)) for fields in drafts], CLOCKS)


def test_people_present_at_a_time_are_listed() -> None:
    standing = judge_drafts(
        setting(),
        roll(1, "M1", "M2", "M3"),
        draft("check_in", 20, person="M1"),
        draft("check_in", 25, person="M2"),
        draft("check_out", 60, person="M1"),
        draft("check_in", 80, person="M1"),
    )

    def people_at(hour_and_minute: str) -> list[str]:
        return people_present_at("P001", standing, to_ms(f"2024-08-22T{hour_and_minute}:00Z"))

    assert people_at("00:19") == []
    assert people_at("00:20") == ["M1"]
    assert people_at("00:59") == ["M1", "M2"]
    assert people_at("01:00") == ["M2"]
    assert people_at("01:30") == ["M1", "M2"]
    assert people_at("04:00") == []  # everybody is checked out when the meeting ends
