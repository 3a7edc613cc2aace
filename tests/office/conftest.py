"""People signed in to the office by role, and two halls to which people are summoned."""

from collections.abc import Callable

import pytest
from flask import Flask

from sync_server.acts import arrangements
from sync_server.database import write
from sync_server.domain.records.codes import to_ms
from sync_server.domain.records.kinds import Summoned
from sync_server.domain.records.permissions import Profile
from sync_server.storage.people import roster
from sync_server.storage.people.roster import RosterPerson
from tests.factories import MEETING
from tests.office.desk import ROLE_ACCOUNTS, Desk, desk_of

NAMES = {
    "S1": ("Mẫu Văn Bình", "U01", "BI_THU"),
    "S2": ("Mẫu Thị Ánh", "U01", "PHO_BI_THU"),
    "M1": ("Mẫu Đức An", "U01", ""),
    "M2": ("Mẫu Thu Ân", "U01", ""),
    "M3": ("Mẫu Thị Yến", "U02", ""),
    "T1": ("Mẫu Quang Đạt", "U02", "BI_THU"),
}


@pytest.fixture
def hall(app: Flask) -> None:
    """Summon four people to P001 and two to P002, with a Secretary in both halls."""
    people = [
        RosterPerson(code, name, unit, position, "OFFICIAL", 1980)
        for code, (name, unit, position) in NAMES.items()
    ]
    write(lambda c: roster.put_people(c, people))
    rolls: dict[str, list[Summoned]] = {"P001": [], "P002": []}
    for code, (_, unit, position) in NAMES.items():
        point = "P001" if unit == "U01" else "P002"
        rolls[point].append(Summoned(code, unit, position))
    write(lambda c: arrangements.summon(c, MEETING, rolls, to_ms("2024-08-20T01:00:00.000Z")))


@pytest.fixture
def as_role(app: Flask, hall: None) -> Callable[[Profile], Desk]:
    """Return a function that signs a person in to the office in a role."""
    return lambda role: desk_of(app, ROLE_ACCOUNTS[role])


@pytest.fixture
def headquarters(as_role: Callable[[Profile], Desk]) -> Desk:
    """Return a browser in which headquarters is signed in."""
    return as_role(Profile.HEADQUARTERS)


@pytest.fixture
def chair(as_role: Callable[[Profile], Desk]) -> Desk:
    """Return a browser in which the Secretary of P001 is signed in."""
    return as_role(Profile.CHAIR)
