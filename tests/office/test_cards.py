"""Personal cards: issued once, known by a hash, replaced."""

from collections.abc import Callable

import pytest
from flask import Flask, g
from flask.testing import FlaskClient

from sync_server.database import write
from sync_server.domain.records.permissions import Profile
from sync_server.storage.access import accounts
from sync_server.storage.access.accounts import Account
from sync_server.storage.people import cards, roster
from sync_server.storage.people.roster import RosterPerson
from tests.conftest import Persona
from tests.e2e.cards import csrf
from tests.factories import MEETING, draft

PASSWORD = "mat-khau-thu-1"


@pytest.fixture
def office(app: Flask, as_headquarters: Persona) -> FlaskClient:
    """Return headquarters' office, where people of unit U01 are known and summoned."""
    people = [
        RosterPerson(f"M{n}", f"Mẫu Văn {n}", "U01", "", "OFFICIAL", None) for n in range(1, 13)
    ]
    write(lambda c: roster.put_people(c, people))
    lines = [[each.person, "U01", "", "", False] for each in people]
    as_headquarters.sync(draft("roll", 1, body={"people": lines}))
    return signed_in(app, "bantochuc", Profile.HEADQUARTERS)


def signed_in(app: Flask, name: str, role: Profile) -> FlaskClient:
    write(lambda c: accounts.put(c, Account(name, role), PASSWORD))
    client = app.test_client()
    token = csrf(client.get("/van-phong/dang-nhap").text)
    form = {"name": name, "password": PASSWORD, "csrf_token": token}
    assert client.post("/van-phong/dang-nhap", data=form).status_code == 302
    return client


def issue(office: FlaskClient, **fields: str) -> str:
    g.pop("csrf_token", None)  # of another request: here all share one application context
    token = csrf(office.get("/van-phong/the").text)
    return office.post("/van-phong/the", data={"csrf_token": token, **fields}).text


def hashes(as_clerk: Callable[..., Persona]) -> dict[str, str]:
    answer = as_clerk().get(f"/meetings/{MEETING}/points/P001/roster")
    return {each["person"]: each.get("card_hash", "") for each in answer.get_json()["people"]}


def test_a_unit_s_cards_are_printed_ten_a_sheet(
    office: FlaskClient, as_clerk: Callable[..., Persona]
) -> None:
    page = issue(office, unit="U01")

    assert page.count('<article class="card">') == 12
    assert page.count('<section class="sheet">') == 2
    assert all(hashes(as_clerk).values())
    assert "không có thẻ nào" in issue(office, unit="U01")  # everybody has one


def test_a_new_card_takes_the_place_of_the_one_that_was_lost(
    office: FlaskClient, as_clerk: Callable[..., Persona]
) -> None:
    issue(office, unit="U01")
    before = hashes(as_clerk)
    rev = as_clerk().get(f"/meetings/{MEETING}/points/P001/roster").get_json()["rev"]
    issue(office, person="m3")
    after = hashes(as_clerk)

    assert after["M3"] != before["M3"]
    assert after | {"M3": ""} == before | {"M3": ""}
    assert as_clerk().get(f"/meetings/{MEETING}/points/P001/roster").get_json()["rev"] != rev


def test_a_code_is_digits_and_its_hash_what_kiosks_know() -> None:
    assert cards.hash_of("0" * 24) == "Gqp5mSkvN5XMhX6i"  # as tests/app/vault.test.js has it


def test_nobody_knows_a_person_of_no_roster(office: FlaskClient) -> None:
    assert "M999" in issue(office, person="M999")


@pytest.mark.parametrize("role", [Profile.AUDITOR, Profile.EDITOR])
def test_who_may_not_issue_cards_or_take_files_in_is_told_so(app: Flask, role: Profile) -> None:
    client = signed_in(app, "khac", role)

    assert client.get("/van-phong/the").status_code == 403
    assert client.get("/van-phong/nhap-tep").status_code == 403
