"""Compare the server's judgement of a meeting with that of the simple model in `tests/model.py`.

A judgement says who is present, late, absent or excused at a hall.
"""

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


def corrected_times_ms(connection: Connection, records: list[Json]) -> dict[str, int]:
    """Return the time of every record, corrected for the error of its device's clock.

    The result maps a record's text, as `tests.model.spelling` returns it, to a time in ms since
    1970 (UTC). The clock errors are read from the database behind `connection`. If a decision
    of headquarters contains the record that is to count, this record is included too.
    Raises: msgspec.DecodeError if a record is faulty.
    """
    seen = clocks(connection)
    released = [
        released_record for record in records if (released_record := record["body"].get("record"))
    ]
    return {
        spelling(record): seen.corrected_time_of(parse_record(raw(record))).at_ms
        for record in (*records, *released)
    }


def compare(connection: Connection, records: list[Json]) -> list[str]:
    """List the differences between the stored judgements and the model's; return `[]` if none.

    The model judges `records`. A difference is one line of text: the hall, what was judged (such as
    `chair`), the model's value and the stored value. A hall without a stored judgement is skipped.
    """
    model = Model(records, corrected_times_ms(connection, records))
    differences = []
    for code in POINTS:
        standing = standings.read(connection, streams.StreamKey(MEETING, code))
        if standing is None:
            continue
        for aspect, (expected, actual) in _pairs(Point(model, code), standing).items():
            if expected != actual:
                differences.append(f"{code} {aspect}: {expected!r} expected, {actual!r} found")
    return differences


def _pairs(point: Point, standing: PointStanding) -> dict[str, tuple[Any, Any]]:
    people = point.people()
    pairs: dict[str, tuple[Any, Any]] = {
        "who is summoned": (list(people), [person.person for person in standing.people]),
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
    for person in standing.people:
        expected_person = people.get(person.person, {})
        for name in ("standing", "cause", "request", "mode"):
            pairs[f"{name} of {person.person}"] = (expected_person.get(name), getattr(person, name))
        for name in ("late_minutes", "left_early_minutes"):
            pairs[f"{name} of {person.person}"] = (
                expected_person.get(name, 0),
                getattr(person, name),
            )
    for at in range(FIRST_MS, LAST_MS, 11 * 60_000 + 1):
        presiding = [
            span.person
            for span in standing.chair.spans
            if span.from_ms <= at and (span.until_ms is None or at < span.until_ms)
        ]
        expected = point.presiding_at(at)
        pairs[f"presiding at {at}"] = ([expected] if expected else [], presiding)
    return pairs
