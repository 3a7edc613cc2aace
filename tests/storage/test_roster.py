"""Test the search for people in the database."""

import pytest
from sqlalchemy import Connection

from sync_server.storage.people import roster
from sync_server.storage.people.roster import RosterPerson
from tests.storage.conftest import Ledger

NAMES = ("Mẫu Đức An", "Mẫu Thị Ánh", "K’Brăk 100%", "Mẫu An_Bình")


def _search(connection: Connection, text: str, **options: object) -> tuple[list[str], int]:
    given = {"at_ms": 1000, "unit": None, "with_ended": False, "limit": 3} | options
    people, total = roster.search(connection, text, **given)  # type: ignore[arg-type]
    return [person.full_name for person in people], total


def _fill(connection: Connection) -> None:
    people = [RosterPerson(f"M{n}", name, "U1", "", "", None) for n, name in enumerate(NAMES)]
    people += [RosterPerson(f"X{n}", f"Mẫu Y {n}", "U2", "", "", None) for n in range(5)]
    people.append(RosterPerson("E1", "Mẫu Đã Nghỉ", "U1", "", "", None, ended_ms=1))
    people.append(
        RosterPerson("C1", "Mẫu Chuyển", "U2", "", "", None, next_unit="U1", moves_ms=500)
    )
    roster.put_people(connection, people)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("duc an", ["Mẫu Đức An"]),
        ("100%", ["K’Brăk 100%"]),
        ("10%", []),
        ("an_b", ["Mẫu An_Bình"]),
        ("an_u", []),
        ("m2", ["K’Brăk 100%"]),
        ("nghi", []),
    ],
)
def test_people_are_found_by_name_or_code(ledger: Ledger, text: str, names: list[str]) -> None:
    with ledger() as connection:
        _fill(connection)
        assert _search(connection, text) == (names, len(names))


def test_the_first_by_name_are_returned_and_all_are_counted(ledger: Ledger) -> None:
    with ledger() as connection:
        _fill(connection)
        assert _search(connection, "mau") == (["Mẫu Y 0", "Mẫu Y 1", "Mẫu Y 2"], 9)
        assert _search(connection, "mau y", limit=5)[1] == 5


def test_a_search_may_be_limited_to_a_unit_or_to_some_people(ledger: Ledger) -> None:
    with ledger() as connection:
        _fill(connection)
        assert _search(connection, "chuyen", unit="U1") == (["Mẫu Chuyển"], 1)
        assert _search(connection, "chuyen", unit="U1", at_ms=499) == ([], 0)
        assert _search(connection, "mau", among=["X1", "M0"]) == (["Mẫu Y 1", "Mẫu Đức An"], 2)
        assert _search(connection, "mau", among=[]) == ([], 0)
        assert _search(connection, "nghi", with_ended=True) == (["Mẫu Đã Nghỉ"], 1)
