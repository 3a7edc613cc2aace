"""Holds a node to the naive model, whatever records it was given."""

from typing import Any

from sqlalchemy import Connection

from sync_server.domain.judging.standing import PointStanding
from sync_server.domain.records.forms import parse_record
from sync_server.storage.ledger import standings, streams
from tests.conferences import POINTS
from tests.factories import MEETING, raw
from tests.model import Json, Model, Point, ms, spelling
from tests.storage.nodes import clocks

FIRST_MS, LAST_MS = ms("2024-08-21T22:00:00Z"), ms("2024-08-22T06:00:00Z")


def made_ms(connection: Connection, records: list[Json]) -> dict[str, int]:
    """Return when each record was made by the clocks that the node has seen."""
    seen = clocks(connection)
    released = [told for each in records if (told := each["body"].get("record"))]
    return {
        spelling(each): seen.corrected_time_of(parse_record(raw(each))).at_ms
        for each in (*records, *released)
    }


def compare(connection: Connection, records: list[Json]) -> list[str]:
    """Return where the node and the model differ."""
    model = Model(records, made_ms(connection, records))
    found = []
    for code in POINTS:
        standing = standings.read(connection, streams.StreamKey(MEETING, code))
        if standing is None:
            continue
        for what, (expected, actual) in _pairs(Point(model, code), standing).items():
            if expected != actual:
                found.append(f"{code} {what}: {expected!r} expected, {actual!r} found")
    return found


def _pairs(point: Point, standing: PointStanding) -> dict[str, tuple[Any, Any]]:
    people = point.people()
    pairs: dict[str, tuple[Any, Any]] = {
        "who is summoned": (list(people), [each.person for each in standing.people]),
        "closed": (point.closing() is not None, standing.closing is not None),
        "amended": (point.is_amended(), standing.is_amended),
        "guests": (len(point.guests()), standing.counts.guests),
        "substitutes": (len(point.substitutes()), standing.counts.substitutes),
        "wrong composition": (
            sum(not approved for approved in point.substitutes().values()),
            standing.counts.wrong_composition,
        ),
        "without authority": (
            point.without_authority(),
            {key for key, flags in standing.flags.items() if "without_authority" in flags},
        ),
    }
    for each in standing.people:
        told = people.get(each.person, {})
        for name in ("standing", "cause", "request", "mode"):
            pairs[f"{name} of {each.person}"] = (told.get(name), getattr(each, name))
        for name in ("late_minutes", "left_early_minutes"):
            pairs[f"{name} of {each.person}"] = (told.get(name, 0), getattr(each, name))
    for at in range(FIRST_MS, LAST_MS, 11 * 60_000 + 1):
        presiding = [
            span.person
            for span in standing.chair.spans
            if span.from_ms <= at and (span.until_ms is None or at < span.until_ms)
        ]
        expected = point.presiding_at(at)
        pairs[f"presiding at {at}"] = ([expected] if expected else [], presiding)
    return pairs
