"""Provide two halls with people, and test clients signed in to the office's web pages.

The signed-in accounts have various roles.
"""

import hashlib
import json
from collections.abc import Callable

import pytest
from flask import Flask

from sync_server import sealing
from sync_server.acts import arrangements
from sync_server.database import write
from sync_server.domain.records.codes import to_ms
from sync_server.domain.records.kinds import Summoned
from sync_server.domain.records.permissions import Profile
from sync_server.storage.people import roster
from sync_server.storage.people.roster import RosterPerson
from tests.conftest import FakeClock, Persona
from tests.factories import MEETING, draft
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
    """Register six people; summon four to the hall P001 and two to P002.

    Both groups include the Secretary of a unit.
    """
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
    """Return a function that creates an account with a role and returns its signed-in browser."""
    return lambda role: desk_of(app, ROLE_ACCOUNTS[role])


@pytest.fixture
def headquarters(as_role: Callable[[Profile], Desk]) -> Desk:
    """Return a browser in which headquarters is signed in."""
    return as_role(Profile.HEADQUARTERS)


@pytest.fixture
def chair(as_role: Callable[[Profile], Desk]) -> Desk:
    """Return a browser in which the chair of the hall P001, a Secretary, is signed in."""
    return as_role(Profile.CHAIR)


@pytest.fixture
def after(
    hall: None, as_clerk: Callable[..., Persona], headquarters: Desk, clock: FakeClock
) -> Persona:
    """Hold the conference at the hall P001, and return that hall's clerk.

    The clock then shows a time after the conference. The people S1 and M1 came, M1 late. S1
    presided, and M2 is on approved leave. P002 sent no records.
    """
    clerk = as_clerk()
    reason = sealing.seal(clerk.seal_key, json.dumps({"reason": "CONG_TAC"}).encode())
    sha256 = hashlib.sha256(reason.encode()).hexdigest()
    body = {"report": "numbered", "detail": sha256}
    request = draft("absence_request", 20, person="M2", seq=1, body=body)
    clerk.sync(request, details={sha256: reason})
    clerk.sync(
        draft("check_in", 25, person="S1", seq=2),
        draft("chair_assumed", 26, person="S1", seq=3),
        draft("check_in", 50, person="M1", seq=4),
    )
    value = f"approve {MEETING}/P001/{request['id']}/pending"
    assert headquarters.post("/xin-vang", do=value).status_code == 302
    clock.now_ms += 4 * 3_600_000
    headquarters.sign_in("bantochuc")
    return clerk
