"""Test that attendance is the same whether records are added one by one or judged together.

The class `JudgedHall` keeps the attendance at one hall, to which further records can be added.
"""

import os
from random import Random

import pytest

from sync_server.domain.judging.clocks import Clocks, Sighting
from sync_server.domain.judging.judged_hall import JudgedHall
from sync_server.domain.judging.standing import standing_of
from sync_server.domain.records.forms import parse_record
from sync_server.domain.records.kinds import Record
from tests.conferences import POINTS, conference
from tests.factories import draft, raw, roll

CONFERENCES = int(os.environ.get("FUZZ_CONFERENCES", "60"))
SEED = int(os.environ.get("FUZZ_SEED", "1"))
CLOCKS = Clocks([Sighting("D-ONE", "b1", 0, 0, 9), Sighting("D-TWO", "b1", 0, 150_000, 9)])
PEOPLE = ["M1", "M2", "S1", "A1", "A2", "A3", "A4", "A5"]
"""The codes of the eight people who are summoned on a random morning. The first three also appear
in the records of a random conference, which has further kinds of record, such as leave requests."""
DEVICES = {"P001": "D-ONE", "P002": "D-TWO"}


def parsed(*drafts: dict[str, object]) -> list[Record]:
    return [parse_record(raw(one)) for one in drafts]


def test_records_added_one_after_the_other_give_the_standing_of_all_of_them() -> None:
    added = sum(_added_alone(Random(seed)) for seed in range(SEED, SEED + CONFERENCES))  # noqa: S311

    assert added > CONFERENCES  # the whole hall was not judged each time


def _added_alone(dice: Random) -> int:
    """Add a random morning's records to a hall bit by bit, and check the attendance each time.

    Return how often only the people in the new records had to be judged, not the whole hall.
    Raises: AssertionError if the attendance differs from that computed from all records at once.
    """
    records, point = _morning(dice), dice.choice(("P001", "P001", "P002"))
    added, head = 0, dice.randint(0, len(records))
    hall = JudgedHall(point, records[:head], CLOCKS)
    while head < len(records):
        head, before = head + dice.choice((1, 1, 1, 3)), head
        if hall.add(records[before:head], CLOCKS):
            added += 1
        else:
            hall = JudgedHall(point, records[:head], CLOCKS)
        assert hall.standing == standing_of(point, records[:head], CLOCKS)
    return added


def _morning(dice: Random) -> list[Record]:
    """Return the records of a random morning on which eight people are summoned to two halls.

    The two lists of summoned people come first. Arrivals, departures and seats follow in random
    order, mixed with records of a random conference. In about half of the mornings, these are all
    the records of the conference; otherwise they are the two that hold its settings and at most
    three others.
    """
    lines = [[person, "U01", "", dice.choice(["", f"C{person}", "B1"])] for person in PEOPLE]
    at = dice.choice(["2024-08-22T00:01:00Z", "2024-08-22T05:00:00Z"])
    rolls = [
        draft("roll", 950 + n, point=point, at=at, body={"people": people})
        for n, (point, people) in enumerate(zip(POINTS, (lines[:6], lines[6:]), strict=True))
    ]
    others = conference(dice, 40)
    if dice.random() < 0.5:
        others = others[:2] + dice.sample(others[2:], min(len(others) - 2, dice.randint(0, 3)))
    drafts = [*others, *(_step(dice, 100 + n) for n in range(dice.randint(5, 40)))]
    return parsed(*rolls, *dice.sample(drafts, len(drafts)))


def _step(dice: Random, number: int) -> dict[str, object]:
    kind = dice.choice(["check_in"] * 5 + ["check_out", "seat_change", "seat_check"])
    point, person = dice.choice(("P001", "P001", "P001", "P002")), dice.choice([*PEOPLE * 3, "X1"])
    seat = dice.choice([None] * 8 + [f"C{person}", f"D{person}", "B1"])
    body: dict[str, object] = {}
    if kind in {"check_in", "seat_change"}:
        body = {"seat": seat or "E1"} if kind == "seat_change" else {"mode": "online", "seat": seat}
    elif kind == "seat_check":
        body = {"right": dice.random() < 0.5}
    hour, minute = divmod(dice.randint(0, 260), 60)
    return draft(
        kind,
        number,
        point=point,
        person=person,
        device=DEVICES[point],
        seq=dice.randint(1, number) if dice.random() < 0.05 else number,
        boot=dice.choice(["b1", "b1", "b2"]),
        at=f"2024-08-22T{hour:02d}:{minute:02d}:00.000Z",
        body=body,
    )


def hall_of(*more: dict[str, object]) -> JudgedHall:
    """Return the attendance at the hall P001, to which M1, M2 and M3 are summoned.

    Their seats are A1, A2 and A3. `more` are further records, as JSON objects.
    """
    summons = roll(902, "M1", "M2", "M3", at="2024-08-21T00:00:00Z")
    return JudgedHall("P001", parsed(summons, *more), CLOCKS)


def arrival(number: int, person: str, **body: object) -> dict[str, object]:
    fields = {"person": person, "point": "P001", "body": {"mode": "in_person", **body}}
    return draft("check_in", number, **fields)


@pytest.mark.parametrize(
    ("before", "record"),
    [
        ([], arrival(1, "M1")),
        ([arrival(1, "M2")], arrival(2, "M1", seat="A1")),
        ([arrival(1, "M1")], arrival(2, "M1")),
        ([arrival(1, "M2", seat="C1")], arrival(2, "M3", seat="C2")),
        ([], {**arrival(1, "M1"), "point": "P002", "device": "D-TWO"}),
    ],
    ids=["first", "own seat", "again", "free seat", "another hall"],
)
def test_an_arrival_of_somebody_summoned_needs_only_the_person(
    before: list[dict[str, object]], record: dict[str, object]
) -> None:
    assert hall_of(*before).add(parsed(record), CLOCKS)


@pytest.mark.parametrize(
    ("before", "record"),
    [
        ([], arrival(1, "X1")),
        ([], arrival(1, "M1", seat="A2")),
        ([arrival(1, "M2", seat="C1")], arrival(2, "M3", seat="C1")),
        ([draft("void", 5, point="P001", person="M1", refs=[draft("check_in", 6)["id"]])],
         arrival(6, "M1")),
        ([draft("absence_request", 1, point="P001", person="M1")], arrival(2, "M1")),
        ([arrival(1, "M2")], {**arrival(2, "M1"), "seq": 1}),
        ([draft("setting", 900, body={"officers": [["M1", "secretary"]]})], arrival(1, "M1")),
    ],
    ids=["stranger", "another's seat", "seat of a guest", "voided before", "on leave", "number",
         "officer"],
)  # fmt: skip
def test_a_record_that_concerns_others_is_left_to_a_judgement_of_the_whole_hall(
    before: list[dict[str, object]], record: dict[str, object]
) -> None:
    assert not hall_of(*before).add(parsed(record), CLOCKS)


def test_a_clock_measured_anew_is_left_to_a_judgement_of_the_whole_hall() -> None:
    hall = hall_of(arrival(1, "M1"))
    clocks = Clocks([Sighting("D-ONE", "b1", 0, 60_000, 9)])

    assert hall.add([], CLOCKS)
    assert not hall.add(parsed(arrival(2, "M2")), clocks)
