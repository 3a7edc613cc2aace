"""The rules in Python, held to the scenarios that the kiosk's JavaScript is held to."""

import re
from random import Random

import pytest

from sync_server.config import ROOT
from sync_server.domain.judging.standing import standing_of
from sync_server.domain.records.forms import parse_record
from tests.factories import raw
from tests.scenarios import Scenario, differences, scenarios, standing_as_json

ALL = scenarios()


@pytest.mark.parametrize("scenario", ALL, ids=lambda each: each.name)
def test_scenario(scenario: Scenario) -> None:
    records = [parse_record(raw(each)) for each in scenario.records]

    standing = standing_as_json(standing_of(scenario.point, records, scenario.clocks))

    assert differences(scenario.expect, standing) == []


@pytest.mark.parametrize("scenario", ALL, ids=lambda each: each.name)
def test_scenario_in_any_order_and_repetition(scenario: Scenario) -> None:
    records = [parse_record(raw(each)) for each in scenario.records]
    expected = standing_of(scenario.point, records, scenario.clocks)
    dice = Random(len(records))  # noqa: S311 - repeats itself on purpose

    for _ in range(5):
        shuffled = dice.sample(records, len(records)) + dice.choices(records, k=2)
        assert standing_of(scenario.point, shuffled, scenario.clocks) == expected


def test_every_scenario_has_a_name_of_its_own_and_quotes_its_row() -> None:
    assert len({each.name for each in ALL}) == len(ALL) >= 60
    assert all(each.rows and each.quote for each in ALL)


def test_every_flag_has_a_scenario() -> None:
    code = "".join(p.read_text("utf-8") for p in (ROOT / "sync_server/domain").rglob("*.py"))
    raised = set(re.findall(r'flags\.add\([^,]+, "([a-z_]+)"\)', code))
    expected = {f for each in ALL for flags in each.expect.get("flags", {}).values() for f in flags}
    expected |= {
        f
        for each in ALL
        for group in ("people", "visitors")
        for person in each.expect.get(group, {}).values()
        for f in person.get("flags", [])
    }

    assert raised == expected
