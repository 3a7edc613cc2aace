"""Test which people a rule summons, and that people already summoned keep their seats."""

from dataclasses import dataclass

import pytest

from sync_server.domain.records.kinds import Summoned
from sync_server.domain.summoning import Rank, Rule, build_roll, compare_rolls, usual_hall


@dataclass
class Somebody:
    person: str
    unit: str = "U01"
    position: str = ""
    membership: str = "OFFICIAL"
    point: str = ""


PEOPLE = [
    Somebody("S", position="BI_THU"),
    Somebody("D", position="PHO_BI_THU"),
    Somebody("C", position="CAP_UY_VIEN"),
    Somebody("M"),
    Somebody("P", membership="PROBATIONARY"),
    Somebody("N", membership="NONE"),
    Somebody("X", unit="U02"),
]


@pytest.mark.parametrize(
    ("rank", "memberships", "summoned"),
    [
        ("everybody", {"OFFICIAL"}, "SDCM"),
        ("everybody", {"OFFICIAL", "PROBATIONARY", "NONE"}, "SDCMPN"),
        ("everybody", set(), ""),
        ("committee", set(), "SDC"),
        ("officers", {"NONE"}, "SD"),
        ("secretaries", set(), "S"),
    ],
)
def test_a_rule_summons_by_unit_rank_and_membership(
    rank: Rank, memberships: set[str], summoned: str
) -> None:
    rule = Rule({"U01"}, rank, memberships)

    assert "".join(line.person for line in build_roll(rule, PEOPLE, [])) == summoned


def test_people_already_on_the_roll_keep_seat_and_exemption() -> None:
    before = [Summoned("M", "U01", "", "A7", True), Summoned("OUT", "U01", "", "A8")]

    after = build_roll(Rule({"U01"}, "everybody", {"OFFICIAL"}), PEOPLE, before)

    assert before[0] in after
    assert compare_rolls(before, after) == (("C", "D", "S"), ("OUT",), 4)


def test_a_person_sits_in_the_usual_hall_else_in_the_hall_of_the_unit() -> None:
    hall_of_unit = {"U01": "P001"}

    assert usual_hall(Somebody("A", point="P009"), {"P001", "P009"}, hall_of_unit) == "P009"
    assert usual_hall(Somebody("A", point="P009"), {"P001"}, hall_of_unit) == "P001"
    assert usual_hall(Somebody("A"), {"P001"}, hall_of_unit) == "P001"
    assert usual_hall(Somebody("X", unit="U02"), {"P001"}, hall_of_unit) is None
