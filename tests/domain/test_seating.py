"""Test the assignment of seats row by row, the report of shared seats, and the seating plan."""

from sync_server.domain.records.kinds import Summoned
from sync_server.domain.seating import assign_seats, plan_of, shared_seats


def roll_line(person: str, seat: str) -> Summoned:
    return Summoned(person, "U01", "", seat)


def test_a_rule_seats_row_by_row_and_leaves_the_rest_without_a_seat() -> None:
    assert assign_seats(["a", "b", "c", "d", "e"], 2, 2) == {
        "a": "A1", "b": "A2", "c": "B1", "d": "B2", "e": "",
    }  # fmt: skip


def test_a_shared_seat_is_reported_and_an_empty_seat_is_not_shared() -> None:
    assert shared_seats({"a": "A1", "b": "A1", "c": "", "d": ""}) == {"A1": ["a", "b"]}


def test_a_plan_shows_free_seats_and_lists_unplaced_seats_apart() -> None:
    seats = {"a": "B2", "b": "A1", "c": "a 3", "d": "", "e": "Ban"}

    plan = plan_of([roll_line(*person_and_seat) for person_and_seat in seats.items()])

    assert plan.rows == (
        ("A", (("A1", "b"), ("A2", None), ("A3", "c"))),
        ("B", (("B1", None), ("B2", "a"), ("B3", None))),
    )
    assert plan.others == (("Ban", "e"),)


def test_a_seat_with_an_absurd_number_is_in_no_row() -> None:
    plan = plan_of([roll_line("a", "A999999"), roll_line("b", "A0"), roll_line("c", "A2")])

    assert plan.rows == (("A", (("A1", None), ("A2", "c"))),)
    assert plan.others == (("A999999", "a"), ("A0", "b"))


def test_a_seat_is_the_same_however_it_is_typed() -> None:
    assert shared_seats({"a": "A1", "b": "a 1", "c": "A-01"}) == {"A1": ["a", "b", "c"]}
    assert shared_seats({"a": "Bàn thư ký", "b": "bàn thư ký"}) == {"bàn thư ký": ["a", "b"]}
