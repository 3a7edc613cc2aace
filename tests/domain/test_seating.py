"""Seats: by rule, never twice, and as a plan of rows."""

from sync_server.domain.records.kinds import Summoned
from sync_server.domain.seating import assign_seats, plan_of, shared_seats


def line(person: str, seat: str) -> Summoned:
    return Summoned(person, "U01", "", seat)


def test_a_rule_seats_row_by_row_and_who_finds_no_place_has_none() -> None:
    assert assign_seats(["a", "b", "c", "d", "e"], 2, 2) == {
        "a": "A1", "b": "A2", "c": "B1", "d": "B2", "e": "",
    }  # fmt: skip


def test_a_seat_that_two_have_is_told_and_no_seat_is_not_one() -> None:
    assert shared_seats({"a": "A1", "b": "A1", "c": "", "d": ""}) == {"A1": ["a", "b"]}


def test_a_plan_shows_free_seats_between_and_beside() -> None:
    seats = {"a": "B2", "b": "A1", "c": "a 3", "d": "", "e": "Ban"}

    plan = plan_of([line(*each) for each in seats.items()])

    assert plan.rows == (
        ("A", (("A1", "b"), ("A2", None), ("A3", "c"))),
        ("B", (("B1", None), ("B2", "a"), ("B3", None))),
    )
    assert plan.others == (("Ban", "e"),)


def test_a_seat_of_an_absurd_number_stands_beside_the_plan() -> None:
    plan = plan_of([line("a", "A999999"), line("b", "A0"), line("c", "A2")])

    assert plan.rows == (("A", (("A1", None), ("A2", "c"))),)
    assert plan.others == (("A999999", "a"), ("A0", "b"))


def test_a_seat_is_the_same_however_it_is_typed() -> None:
    assert shared_seats({"a": "A1", "b": "a 1", "c": "A-01"}) == {"A1": ["a", "b", "c"]}
    assert shared_seats({"a": "Bàn thư ký", "b": "bàn thư ký"}) == {"bàn thư ký": ["a", "b"]}
