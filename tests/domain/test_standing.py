"""The standing of a point, rule by rule (domain.md's checklist rows in brackets)."""

from typing import Any

import pytest

from sync_server.domain.clock import Clocks, Sighting
from sync_server.domain.records import parse_record
from sync_server.domain.standing import PersonStanding, PointStanding, standing_of
from tests.factories import draft, raw, roll, setting

SEEN = Clocks([Sighting("D-ONE", "b1", 0, 0, 0), Sighting("D-TWO", "b1", 0, 0, 0)])


def judge(*drafts: dict[str, Any], point: str = "P001") -> PointStanding:
    return standing_of(point, [parse_record(raw(each)) for each in drafts], SEEN)


def person(standing: PointStanding, code: str) -> PersonStanding:
    return next(each for each in standing.people if each.person == code)


def check_in(number: int, code: str, **changes: Any) -> dict[str, Any]:
    return draft("check_in", number, person=code, **changes)


def ref(number: int) -> list[str]:
    return [f"0193f000-0000-7000-8000-{number:012d}"]


BASE = (setting(), roll(1, "M1", "M2"))


def test_who_came_before_the_start_is_present_and_punctual() -> None:
    standing = judge(*BASE, check_in(25, "M1"))

    one = person(standing, "M1")
    assert (one.standing, one.is_late, one.mode, one.seat) == ("present", False, "in_person", "A1")
    assert standing.counts.present == 1


@pytest.mark.parametrize(
    ("minute", "is_late", "minutes"),
    [(30, False, 0), (35, False, 0), (36, True, 6), (59, True, 29)],
)
def test_late_means_after_start_and_grace_and_counts_from_the_start(
    minute: int, is_late: bool, minutes: int
) -> None:
    """[11]"""
    one = person(judge(*BASE, check_in(minute, "M1")), "M1")

    assert (one.is_late, one.late_minutes) == (is_late, minutes)


def test_a_minute_that_is_not_full_is_late_by_none() -> None:
    no_grace = setting(body={"starts_at": "2024-08-22T00:30:00Z"})
    one = person(
        judge(no_grace, roll(1, "M1"), check_in(30, "M1", at="2024-08-22T00:30:40Z")), "M1"
    )

    assert (one.is_late, one.late_minutes) == (True, 0)


def test_nobody_is_absent_before_the_roll_is_signed_off() -> None:
    """[10]"""
    assert person(judge(*BASE), "M2").standing == "not_recorded"


def test_after_the_closing_who_was_not_recorded_is_absent_without_reason() -> None:
    """[12]"""
    closing = draft("closing", 240, person="M1", body={"seen": {"D-ONE": 239}, "totals": {}})
    standing = judge(*BASE, check_in(20, "M1"), closing)

    two = person(standing, "M2")
    assert (two.standing, two.cause) == ("absent_unexcused", "no_valid_reason")
    assert standing.is_closed
    assert not standing.is_amended


def test_what_the_signer_had_not_seen_amends_the_closing() -> None:
    closing = draft("closing", 240, person="M1", body={"seen": {"D-ONE": 239}, "totals": {}})
    late = check_in(250, "M2", device="D-TWO", seq=1, at="2024-08-22T00:20:00.000Z")
    standing = judge(*BASE, check_in(20, "M1"), closing, late)

    assert person(standing, "M2").standing == "present"
    assert standing.is_amended


def test_what_is_done_after_the_closing_is_flagged() -> None:
    closing = draft("closing", 100, person="M1", body={"seen": {"D-ONE": 99}, "totals": {}})
    standing = judge(*BASE, closing, check_in(101, "M2"))

    assert standing.flags[ref(101)[0]] == ("after_close",)


def test_a_second_check_in_is_one_presence_and_is_flagged() -> None:
    standing = judge(*BASE, check_in(20, "M1"), check_in(25, "M1"))

    assert standing.counts.present == 1
    assert standing.flags[ref(25)[0]] == ("already_present",)
    assert person(standing, "M1").flags == ("already_present",)


def test_leaving_before_the_end_less_the_grace_is_leaving_early() -> None:
    leave = draft("check_out", 200, person="M1")
    one = person(judge(*BASE, check_in(20, "M1"), leave), "M1")

    assert (one.has_left_early, one.left_early_minutes) == (True, 40)


def test_who_stepped_out_and_came_back_has_not_left_early() -> None:
    out = draft("check_out", 100, person="M1")
    one = person(judge(*BASE, check_in(20, "M1"), out, check_in(110, "M1")), "M1")

    assert (one.standing, one.is_late, one.has_left_early) == ("present", False, False)
    assert one.flags == ()


def test_an_undone_check_in_has_no_effect_and_is_kept() -> None:
    undo = draft("void", 21, person="M1", refs=ref(20))
    standing = judge(*BASE, check_in(20, "M1"), undo)

    assert person(standing, "M1").standing == "not_recorded"


def test_a_void_may_arrive_before_what_it_takes_back() -> None:
    undo = draft("void", 21, person="M1", refs=ref(20))

    assert judge(*BASE, undo).people == judge(*BASE).people
    assert judge(*BASE, undo, check_in(20, "M1")).counts.present == 0


@pytest.mark.parametrize("target", [0, 1, 22])
def test_a_void_takes_back_no_setting_no_roll_and_no_void(target: int) -> None:
    first = draft("void", 22, person="M1", refs=ref(20))
    second = draft("void", 23, person="M1", refs=ref(target))
    standing = judge(*BASE, check_in(20, "M1"), first, second)

    assert standing.flags[ref(23)[0]] == ("without_authority",)
    assert standing.counts.summoned == 2
    assert standing.counts.present == 0


def test_a_clerk_does_not_undo_what_a_chair_recorded_but_headquarters_does() -> None:
    closing = draft(
        "closing", 100, person="M1", by="M1", body={"seen": {"D-ONE": 99}, "totals": {}}
    )
    by_clerk = draft("void", 101, person="M1", refs=ref(100))
    office = {"by": "headquarters", "device": "O-office", "seq": None}
    by_office = draft("void", 102, person="M1", refs=ref(100), **office)

    assert judge(*BASE, closing, by_clerk).is_closed
    assert not judge(*BASE, closing, by_office).is_closed


def test_the_latest_roll_governs() -> None:
    """[22]"""
    standing = judge(*BASE, roll(3, "M2", "M3"))

    assert [each.person for each in standing.people] == ["M2", "M3"]


def test_of_two_points_the_later_roll_takes_the_person() -> None:
    elsewhere = roll(3, "M2", point="P002")

    assert [each.person for each in judge(*BASE, elsewhere).people] == ["M1"]
    assert [each.person for each in judge(*BASE, elsewhere, point="P002").people] == ["M2"]


def test_exempt_members_stand_outside_the_denominator() -> None:
    lines = [["M1", "U01", "", "", False], ["M9", "U01", "", "", True]]
    standing = judge(setting(), roll(1, body={"people": lines}), check_in(20, "M9"))

    assert standing.counts.summoned == 1
    assert standing.flags == {}


def test_presence_counts_where_the_person_is_summoned_and_the_other_hall_lists_a_visitor() -> None:
    visit = check_in(20, "M1", point="P002", device="D-TWO", seq=1)

    home = judge(*BASE, visit)
    other = judge(visit, setting(point="P002"), point="P002")

    assert person(home, "M1").standing == "present"
    assert home.flags[visit["id"]] == ("other_point",)
    assert [each.person for each in other.visitors] == ["M1"]
    assert other.flags[visit["id"]] == ("not_summoned",)
    assert other.counts.present == 0


def test_a_time_that_a_person_states_is_what_counts_and_is_flagged() -> None:
    body = {"mode": "in_person", "happened_at": "2024-08-22T00:25:00.000Z"}
    one = person(judge(*BASE, check_in(70, "M1", source="paper", body=body)), "M1")

    assert not one.is_late
    assert one.flags == ("time_stated",)


def test_a_clock_a_year_off_is_flagged() -> None:
    standing = judge(*BASE, check_in(20, "M1", at="2025-08-22T00:20:00.000Z"))

    assert "clock_suspect" in standing.flags[ref(20)[0]]


def test_two_forms_of_one_id_cancel_each_other() -> None:
    standing = judge(*BASE, check_in(20, "M1"), check_in(20, "M2"))

    assert standing.counts.present == 0
    assert standing.flags[ref(20)[0]] == ("id_reuse",)


def test_a_point_has_reported_once_a_device_of_it_has_sent_anything() -> None:
    """[10]"""
    assert not judge(*BASE).has_reported
    assert judge(*BASE, check_in(20, "M7")).has_reported
    assert not judge(*BASE, check_in(20, "M1", point="P002")).has_reported
