"""Test the page on which a new installation gets its first account."""

from urllib.parse import urlsplit

import pytest
from flask import Flask

from sync_server.database import reading, write
from sync_server.domain.records.permissions import Profile
from sync_server.storage import organisation
from sync_server.storage.access import accounts
from sync_server.storage.access.accounts import Account
from tests.conftest import FakeClock
from tests.e2e.cards import csrf
from tests.office.desk import Desk

FORM = {
    "organisation_name": "Đảng uỷ minh hoạ",
    "parent": "Tỉnh uỷ minh hoạ",
    "place": "Tỉnh lỵ",
    "name": "BanToChuc",
    "password": "mot-ngon-den-khuya-that-dai",
    "password_again": "mot-ngon-den-khuya-that-dai",
}


@pytest.fixture
def path(app: Flask) -> str:
    """Return the path and query of the link to the set-up page that `flask setup` prints."""
    app.test_cli_runner().invoke(args=["db", "stamp", "head"])
    link = app.test_cli_runner().invoke(args=["setup"]).output.strip()
    parts = urlsplit(link)
    return f"{parts.path}?{parts.query}"


def send(app: Flask, path: str, **fields: str) -> tuple[int, str]:
    client = app.test_client()
    page = client.get(path)
    if page.status_code != 200:
        return page.status_code, page.text
    answer = client.post(path, data={**FORM, **fields, "csrf_token": csrf(page.text)})
    if answer.status_code == 302:
        page = client.get(answer.location)
        assert "Thiết lập lần đầu" in client.get("/van-phong/nhat-ky").text
        return 302, page.text
    return answer.status_code, answer.text


def test_the_first_account_is_made_once_and_is_signed_in(app: Flask, path: str) -> None:
    status, page = send(app, path)
    assert status == 302
    assert "Bây giờ hãy bật mã một lần" in page
    with reading() as c:
        assert organisation.current(c, 2**60).name == FORM["organisation_name"]
        [account] = accounts.all_accounts(c)
    assert (account.name, account.role) == ("bantochuc", Profile.HEADQUARTERS)
    assert send(app, path)[0] == 404
    assert "Đã có tài khoản" in app.test_cli_runner().invoke(args=["setup"]).output


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"password_again": "khac"}, "khác nhau"),
        ({"password": "ngan", "password_again": "ngan"}, "ít nhất 10"),
        ({"name": "có dấu"}, "có dấu"),
        ({"organisation_name": ""}, "Tên cơ quan"),
    ],
)
def test_a_faulty_form_makes_nothing(
    app: Flask, path: str, change: dict[str, str], words: str
) -> None:
    status, page = send(app, path, **change)
    assert status == 422
    assert words in page
    with reading() as c:
        assert accounts.all_accounts(c) == []


def test_without_a_fresh_code_the_page_does_not_exist(
    app: Flask, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert send(app, path[:-2])[0] == 404
    assert send(app, "/van-phong/thiet-lap")[0] == 404
    monkeypatch.setattr("sync_server.acts.first_setup.CODE_LIFE_S", -1)
    assert send(app, path)[0] == 404


def test_with_an_account_a_valid_code_opens_nothing(
    app: Flask, path: str, clock: FakeClock
) -> None:
    write(lambda c: accounts.put(c, Account("a", Profile.AUDITOR), FORM["password"]))
    assert send(app, path)[0] == 404
    desk = Desk(app.test_client())
    assert desk.get("/thiet-lap").status_code == 404
    token = csrf(desk.get("/dang-nhap").text)
    assert desk.post("/thiet-lap", token, name="").status_code == 404
