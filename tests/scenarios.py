"""The scenarios of tests/vectors/: how they are written, spelled out and compared.

`tests/app/vectors.test.js` reads the same files in the same way.
"""

import json
from typing import Any, NamedTuple

import msgspec

from sync_server.config import ROOT
from sync_server.domain.judging.clocks import Clocks, Sighting
from sync_server.domain.judging.standing import PointStanding
from tests.factories import BASE, draft, id_of

VECTORS = ROOT / "tests" / "vectors"


class Scenario(NamedTuple):
    """A named set of records and what must come of it."""

    name: str
    point: str
    records: list[dict[str, Any]]
    clocks: Clocks
    expect: dict[str, Any]
    rows: list[int]
    quote: str


def scenarios() -> list[Scenario]:
    """Return every scenario of every file, in order."""
    found = []
    for path in sorted(VECTORS.glob("*.json")):
        told = json.loads(path.read_text("utf-8"))
        for each in told if isinstance(told, list) else ():
            short = ([] if each.get("bare") else BASE["base"]) + each["records"]
            records = [draft(kind, number, **changes) for kind, number, changes in short]
            skews = each.get("skews", {})
            seen = [
                Sighting(device, "b1", 0, skews.get(device, 0), 0)
                for device in {record["device"] for record in records}
            ]
            found.append(
                Scenario(
                    each["name"],
                    each.get("point", "P001"),
                    records,
                    Clocks(seen),
                    each["expect"],
                    each["rows"],
                    each["quote"],
                )
            )
    return found


def told(standing: PointStanding) -> dict[str, Any]:
    """Return a standing as JSON, its people and visitors by code and its flags by number."""
    fields: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(standing))
    for group in ("people", "visitors", "exempt"):
        fields[group] = {each["person"]: each for each in fields[group]}
    numbers = {id_of(number): str(number) for number in range(1000)}
    fields["requests"] = {numbers.get(one["id"], one["id"]): one for one in fields["requests"]}
    fields["flags"] = {numbers.get(key, key): flags for key, flags in fields["flags"].items()}
    return fields


def differences(expected: Any, actual: Any, at: str = "") -> list[str]:
    """Return where the actual lacks what is expected; what is empty and what is not told are one.

    Of an empty mapping nothing may be told; of another, the keys that it does not name may hold
    anything.
    """
    if isinstance(expected, dict) and expected:
        own = actual or {}
        return [
            line
            for key, value in expected.items()
            for line in _differences_at(key, value, own, f"{at}.{key}")
        ]
    if isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        pairs = enumerate(zip(expected, actual, strict=True))
        return [line for n, (a, b) in pairs for line in differences(a, b, f"{at}[{n}]")]
    return [] if expected == actual or not (expected or actual) else [f"{at}: {actual!r}"]


def _differences_at(key: str, value: Any, own: dict[str, Any], at: str) -> list[str]:
    if value == {} and key in own:  # a person of whom nothing but being there is asked
        return []
    return differences(value, own.get(key), at)
