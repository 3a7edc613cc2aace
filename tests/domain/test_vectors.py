"""Test the Python rules of attendance with the scenarios that also test the JavaScript rules."""

import re
from random import Random

import pytest

from sync_server.config import ROOT
from sync_server.domain.judging.standing import standing_of
from sync_server.domain.records.forms import parse_record
from tests.factories import raw
from tests.scenarios import Scenario, differences, scenarios, standing_as_json

ALL = scenarios()


@pytest.mark.parametrize("scenario", ALL, ids=lambda scenario: scenario.name)
def test_a_scenario_gives_the_expected_standing(scenario: Scenario) -> None:
    records = [parse_record(raw(draft)) for draft in scenario.records]

    standing = standing_as_json(standing_of(scenario.point, records, scenario.clocks))

    assert differences(scenario.expect, standing) == []


@pytest.mark.parametrize("scenario", ALL, ids=lambda scenario: scenario.name)
def test_a_scenario_gives_the_same_standing_in_any_order_and_repetition(scenario: Scenario) -> None:
    records = [parse_record(raw(draft)) for draft in scenario.records]
    expected = standing_of(scenario.point, records, scenario.clocks)
    dice = Random(len(records))  # noqa: S311 - a fixed seed repeats the order

    for _ in range(5):
        shuffled = dice.sample(records, len(records)) + dice.choices(records, k=2)
        assert standing_of(scenario.point, shuffled, scenario.clocks) == expected


def test_every_scenario_has_a_unique_name_and_quotes_its_row() -> None:
    assert len({scenario.name for scenario in ALL}) == len(ALL) >= 60
    assert all(scenario.rows and scenario.quote for scenario in ALL)


def test_every_flag_has_a_scenario() -> None:
    code = "".join(p.read_text("utf-8") for p in (ROOT / "sync_server/domain").rglob("*.py"))
    raised = set(re.findall(r'flags\.add\([^,]+, "([a-z_]+)"\)', code))
    expected = {
        f for scenario in ALL for flags in scenario.expect.get("flags", {}).values() for f in flags
    }
    expected |= {
        f
        for scenario in ALL
        for group in ("people", "visitors")
        for person in scenario.expect.get(group, {}).values()
        for f in person.get("flags", [])
    }

    assert raised == expected
