"""The office's pages: signing in, the meetings, the board."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from sync_server.database import write
from sync_server.domain.permissions import Profile
from sync_server.storage import accounts
from tests.conftest import Persona
from tests.factories import MEETING, draft, roll

PASSWORD = "mat-khau-thu-1"


@pytest.fixture
def browser(app: Flask) -> FlaskClient:
    """Return a browser in which nobody is signed in."""
    write(lambda c: accounts.put(c, "bantochuc", Profile.HEADQUARTERS, PASSWORD))
    return app.test_client()


def sign_in(browser: FlaskClient, password: str) -> int:
    page = browser.get("/van-phong/dang-nhap").text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token
    form = {"name": "bantochuc", "password": password, "csrf_token": token[1]}
    return browser.post("/van-phong/dang-nhap", data=form).status_code


def test_the_right_password_leads_to_the_meetings(browser: FlaskClient) -> None:
    assert sign_in(browser, PASSWORD) == 302
    assert "Hội nghị thử" in browser.get("/van-phong/").text


def test_a_wrong_password_tells_nothing_but_that(browser: FlaskClient) -> None:
    assert sign_in(browser, "sai") == 401
    assert browser.get("/van-phong/").status_code == 302


def test_a_form_from_elsewhere_is_refused(browser: FlaskClient) -> None:
    form = {"name": "bantochuc", "password": PASSWORD}

    response = browser.post("/van-phong/dang-nhap", data=form)

    assert response.status_code == 400
    assert "Biểu mẫu" in response.text


def test_an_account_that_is_gone_is_signed_out(browser: FlaskClient) -> None:
    sign_in(browser, PASSWORD)
    write(lambda c: accounts.remove(c, "bantochuc"))

    assert browser.get("/van-phong/").status_code == 302


def test_the_board_shows_totals_and_names_the_silent_points(
    browser: FlaskClient, as_headquarters: Persona
) -> None:
    as_headquarters.sync(roll(901, "M1", "M2"), roll(902, "M3", point="P002"))
    as_headquarters.sync(draft("check_in", 5, person="M1", seq=None, by="headquarters"))
    sign_in(browser, PASSWORD)

    page = browser.get(f"/van-phong/hoi-nghi/{MEETING}").text

    assert "2/2 điểm cầu chưa báo cáo" in page
    assert page.count("Chưa báo cáo") == 2
    assert "33,3 %" in page
    assert "Chưa sẵn sàng: điện, màn hình" in page


def test_the_office_is_neither_cached_nor_framed(browser: FlaskClient) -> None:
    headers = browser.get("/van-phong/dang-nhap").headers

    assert headers["Cache-Control"] == "no-store"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]


def test_a_missing_page_is_told_in_words(browser: FlaskClient) -> None:
    response = browser.get("/khong-co.html")

    assert response.status_code == 404
    assert "Không tìm thấy trang" in response.text
