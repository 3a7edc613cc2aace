"""Read the scenarios in tests/vectors/, and compare their expected results with actual results.

`tests/app/scenarios.js` reads the same files in the same way, to test the JavaScript rules.
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
    """A set of records, and the judgement that the rules of attendance must give for one hall.

    `clocks` holds the errors of the devices' clocks. `expect` contains only the fields to compare.
    `rows` are the numbers of the rows in docs/checklist.md that state the tested rule, and `quote`
    is the rule's text.
    """

    name: str
    point: str
    records: list[dict[str, Any]]
    clocks: Clocks
    expect: dict[str, Any]
    rows: list[int]
    quote: str


def scenarios() -> list[Scenario]:
    """Return all scenarios in tests/vectors/, by file name and in the order within the file."""
    loaded = []
    for path in sorted(VECTORS.glob("*.json")):
        content = json.loads(path.read_text("utf-8"))
        for fields in content if isinstance(content, list) else ():
            short = ([] if fields.get("bare") else BASE["base"]) + fields["records"]
            records = [draft(kind, number, **changes) for kind, number, changes in short]
            skews = fields.get("skews", {})
            seen = [
                Sighting(device, "b1", 0, skews.get(device, 0), 0)
                for device in {record["device"] for record in records}
            ]
            loaded.append(
                Scenario(
                    fields["name"],
                    fields.get("point", "P001"),
                    records,
                    Clocks(seen),
                    fields["expect"],
                    fields["rows"],
                    fields["quote"],
                )
            )
    return loaded


def standing_as_json(standing: PointStanding) -> dict[str, Any]:
    """Return the computed attendance at a hall as JSON, in the form that test scenarios use.

    The people summoned, the visitors and the exempt people (who came but do not count as summoned)
    are mappings from a person's code. Leave requests and flags (codes of anomalies) are mappings
    from a record's number, as text.
    """
    fields: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(standing))
    for group in ("people", "visitors", "exempt"):
        fields[group] = {entry["person"]: entry for entry in fields[group]}
    numbers = {id_of(number): str(number) for number in range(1000)}
    fields["requests"] = {
        numbers.get(request["id"], request["id"]): request for request in fields["requests"]
    }
    fields["flags"] = {numbers.get(key, key): flags for key, flags in fields["flags"].items()}
    return fields


def differences(expected: Any, actual: Any, at: str = "") -> list[str]:
    """Return one line for every place at which `actual` differs from `expected`.

    A line contains the place and the actual value. Empty and missing values are equal. A mapping in
    `actual` may have further keys. An expected `{}` matches any value of an existing key. `at` is
    the place of both arguments in the whole result.
    """
    if isinstance(expected, dict) and expected:
        actual_fields = actual or {}
        return [
            line
            for key, value in expected.items()
            for line in _differences_at(key, value, actual_fields, f"{at}.{key}")
        ]
    if isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        pairs = enumerate(zip(expected, actual, strict=True))
        return [line for n, (a, b) in pairs for line in differences(a, b, f"{at}[{n}]")]
    return [] if expected == actual or not (expected or actual) else [f"{at}: {actual!r}"]


def _differences_at(key: str, value: Any, actual_fields: dict[str, Any], at: str) -> list[str]:
    if value == {} and key in actual_fields:  # `{}` matches any value of an existing key
        return []
    return differences(value, actual_fields.get(key), at)
