"""Test that personal QR cards are printed, recognised by their hashes, and replaced if lost."""

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

PASSWORD = "ngon-den-khuya-thu-1"


@pytest.fixture
def office(app: Flask, as_headquarters: Persona) -> FlaskClient:
    """Register and summon twelve people of the unit U01; return headquarters' browser."""
    people = [
        RosterPerson(f"M{n}", f"Mẫu Văn {n}", "U01", "", "OFFICIAL", None) for n in range(1, 13)
    ]
    write(lambda c: roster.put_people(c, people))
    lines = [[roster_person.person, "U01", "", "", False] for roster_person in people]
    as_headquarters.sync(draft("roll", 1, body={"people": lines}))
    return sign_in(app, "bantochuc", Profile.HEADQUARTERS)


def sign_in(app: Flask, name: str, role: Profile) -> FlaskClient:
    write(lambda c: accounts.put(c, Account(name, role), PASSWORD))
    client = app.test_client()
    token = csrf(client.get("/van-phong/dang-nhap").text)
    form = {"name": name, "password": PASSWORD, "csrf_token": token}
    assert client.post("/van-phong/dang-nhap", data=form).status_code == 302
    return client


def issue_cards(office: FlaskClient, **fields: str) -> str:
    g.pop("csrf_token", None)  # else a test's requests would share one token
    token = csrf(office.get("/van-phong/the").text)
    return office.post("/van-phong/the", data={"csrf_token": token, **fields}).text


def card_hashes(as_clerk: Callable[..., Persona]) -> dict[str, str]:
    answer = as_clerk().get(f"/meetings/{MEETING}/points/P001/roster")
    return {line["person"]: line.get("card_hash", "") for line in answer.get_json()["people"]}


def test_a_unit_s_cards_are_printed_ten_a_sheet(
    office: FlaskClient, as_clerk: Callable[..., Persona]
) -> None:
    page = issue_cards(office, unit="U01")

    assert page.count('<article class="card">') == 12
    assert page.count('<section class="sheet">') == 2
    assert all(card_hashes(as_clerk).values())
    assert "không có thẻ nào" in issue_cards(office, unit="U01")  # everybody already has a card


def test_a_new_card_takes_the_place_of_the_one_that_was_lost(
    office: FlaskClient, as_clerk: Callable[..., Persona]
) -> None:
    issue_cards(office, unit="U01")
    before = card_hashes(as_clerk)
    rev = as_clerk().get(f"/meetings/{MEETING}/points/P001/roster").get_json()["rev"]
    issue_cards(office, person="m3")
    after = card_hashes(as_clerk)

    assert after["M3"] != before["M3"]
    assert after | {"M3": ""} == before | {"M3": ""}
    assert as_clerk().get(f"/meetings/{MEETING}/points/P001/roster").get_json()["rev"] != rev


def test_a_code_of_digits_has_the_hash_that_kiosks_compute() -> None:
    assert cards.hash_of("0" * 24) == "Gqp5mSkvN5XMhX6i"  # tests/app/vault.test.js expects the same


def test_no_card_is_issued_to_a_person_outside_the_roster(office: FlaskClient) -> None:
    assert "M999" in issue_cards(office, person="M999")


@pytest.mark.parametrize("role", [Profile.AUDITOR, Profile.EDITOR])
def test_a_role_without_the_right_cannot_issue_cards_or_import_files(
    app: Flask, role: Profile
) -> None:
    client = sign_in(app, "khac", role)

    assert client.get("/van-phong/the").status_code == 403
    assert client.get("/van-phong/nhap-tep").status_code == 403
