"""Test that failed sign-ins disclose nothing and cause delays, and that sessions can be ended."""

from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from flask import Flask
from msgspec.structs import replace
from sqlalchemy import func, select

from sync_server import create_app
from sync_server.database import db, reading, write
from sync_server.domain.records.permissions import Profile
from sync_server.storage.access import accounts, passkeys, sessions, sign_in_failures
from sync_server.storage.access.accounts import Account
from sync_server.storage.access.passkeys import Passkey
from sync_server.storage.models import AccountRow, OfficeSession
from sync_server.web import rate_limits
from tests.conftest import FakeClock
from tests.e2e.cards import csrf
from tests.office.desk import PASSWORD, ROLE_ACCOUNTS, Desk, desk_of

WRONG = "Chưa đăng nhập được"
HOUR_MS = 3_600_000


@pytest.fixture
def desk(app: Flask) -> Desk:
    """Create an account of headquarters, and return a browser in which nobody is signed in."""
    write(lambda c: accounts.put(c, Account("bantochuc", Profile.HEADQUARTERS), PASSWORD))
    return Desk(app.test_client())


def code_at(secret: str, now_ms: int) -> str:
    totp: TOTP = accounts.totp_of(secret)
    return totp.generate(now_ms // 1000).decode()


def test_the_right_password_leads_to_the_meetings(desk: Desk) -> None:
    assert desk.sign_in("bantochuc").status_code == 302
    assert "Hội nghị thử" in desk.get("/").text


def test_a_wrong_name_and_a_wrong_password_get_the_same_answer(desk: Desk) -> None:
    unknown = desk.sign_in("khong-co", "sai")
    wrong = desk.sign_in("bantochuc", "sai")

    assert (unknown.status_code, wrong.status_code) == (401, 401)
    assert WRONG in wrong.text
    unknown_page = unknown.text.replace("khong-co", "bantochuc")
    assert Desk.without_tokens(unknown_page) == Desk.without_tokens(wrong.text)
    assert desk.get("/").status_code == 302


def test_signing_in_leads_to_the_page_that_was_requested(desk: Desk) -> None:
    desk.get("/nguoi?tim=an")
    assert desk.sign_in("bantochuc").location == "/van-phong/nguoi?tim=an"


def test_after_five_failures_the_right_password_waits_too(desk: Desk, clock: FakeClock) -> None:
    for _ in range(sign_in_failures.FREE_FAILURES):
        desk.sign_in("bantochuc", "sai")

    assert desk.sign_in("bantochuc").status_code == 401
    clock.now_ms += sign_in_failures.FIRST_WAIT_MS  # refused attempts did not extend the wait
    assert desk.sign_in("bantochuc").status_code == 302


def test_eighty_addresses_guess_no_faster_than_one(app: Flask, desk: Desk) -> None:
    for number in range(sign_in_failures.FREE_ANYWHERE):
        desk.client.environ_base["REMOTE_ADDR"] = f"192.0.2.{number}"
        desk.sign_in("bantochuc", "sai")
    desk.client.environ_base["REMOTE_ADDR"] = "192.0.2.200"
    assert desk.sign_in("bantochuc").status_code == 401


def test_nobody_keeps_an_account_out_of_a_browser_that_it_has_used(
    app: Flask, desk: Desk, clock: FakeClock
) -> None:
    desk.sign_in("bantochuc")
    desk.post("/dang-xuat")
    stranger = Desk(app.test_client())  # another browser at the same address
    for _ in range(sign_in_failures.FREE_FAILURES):
        stranger.sign_in("bantochuc", "sai")
    assert stranger.sign_in("bantochuc").status_code == 401
    assert desk.sign_in("bantochuc").status_code == 302
    desk.post("/dang-xuat")
    for _ in range(sign_in_failures.FREE_FAILURES):  # attempts in a known browser are limited too
        desk.sign_in("bantochuc", "sai")
    assert desk.sign_in("bantochuc").status_code == 401


def test_a_cookie_that_we_did_not_sign_makes_no_browser_known(app: Flask, desk: Desk) -> None:
    desk.client.set_cookie("browser", "eyJiYW50b2NodWMiOiIxIn0.gia", path="/van-phong")
    for _ in range(sign_in_failures.FREE_FAILURES):
        desk.sign_in("bantochuc", "sai")
    desk.client.set_cookie("browser", "eyJiYW50b2NodWMiOiIyIn0.gia", path="/van-phong")
    assert desk.sign_in("bantochuc").status_code == 401


def test_a_token_for_programs_ends_with_the_password_and_by_itself(
    app: Flask, desk: Desk, clock: FakeClock
) -> None:
    def token_works(token: str | None) -> bool:
        headers = {"Authorization": f"Bearer {token}"}
        return app.test_client().get("/api/v1/meetings", headers=headers).status_code == 200

    def renew() -> str | None:
        return write(lambda c: accounts.renew_token(c, "bantochuc", now_ms=clock.now_ms))

    desk.sign_in("bantochuc")
    token = renew()
    assert token_works(token)
    assert "một mã cho chương trình" in desk.get("/tai-khoan-cua-toi").text
    desk.post("/tai-khoan-cua-toi/phien")  # ends every other session
    assert not token_works(token)
    token = renew()
    new = {"new_password": "ngon-den-khuya-khac-2", "new_password_again": "ngon-den-khuya-khac-2"}
    desk.post("/tai-khoan-cua-toi/mat-khau", password=PASSWORD, **new)
    assert not token_works(token)
    token = renew()
    clock.now_ms += accounts.TOKEN_LIFE_MS
    assert not token_works(token)


def test_the_wait_grows_to_a_quarter_of_an_hour_and_no_further(app: Flask) -> None:
    def fail(times: int) -> int:
        for _ in range(times):
            write(lambda c: sign_in_failures.count(c, "x", "::1", now_ms=0))
        with reading() as c:
            return sign_in_failures.wait_ms(c, "x", ("::1",), now_ms=0)

    assert fail(4) == 0
    assert fail(1) == sign_in_failures.FIRST_WAIT_MS
    assert fail(1) == 2 * sign_in_failures.FIRST_WAIT_MS
    assert fail(60) == sign_in_failures.LONGEST_WAIT_MS
    with reading() as c:  # other names and other addresses do not wait
        assert sign_in_failures.wait_ms(c, "y", ("::1",), now_ms=0) == 0
        assert sign_in_failures.wait_ms(c, "x", ("::2",), now_ms=0) == 0


def test_one_address_may_not_try_without_end(desk: Desk) -> None:
    for number in range(rate_limits.SIGN_IN.amount):
        desk.sign_in(f"ten-{number}", "sai")

    refused = desk.sign_in("bantochuc")

    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == "60"


@pytest.mark.parametrize(("proxies", "is_refused"), [(0, True), (1, False)])
def test_behind_a_proxy_the_forwarded_address_counts(
    app: Flask, proxies: int, is_refused: bool
) -> None:
    proxied_app = create_app(replace(app.config["SETTINGS"], proxies=proxies), app.config["CLOCK"])
    with proxied_app.app_context():
        desk = Desk(proxied_app.test_client())
        for _ in range(rate_limits.SIGN_IN.amount):
            desk.client.environ_base["HTTP_X_FORWARDED_FOR"] = "192.0.2.1"
            desk.sign_in("ai-do", "sai")
        desk.client.environ_base["HTTP_X_FORWARDED_FOR"] = "192.0.2.2"
        assert (desk.sign_in("ai-do", "sai").status_code == 429) is is_refused
        db.engine.dispose()


def test_a_session_ends_after_half_a_day_of_rest_and_after_a_week(
    desk: Desk, clock: FakeClock
) -> None:
    desk.sign_in("bantochuc")
    for _ in range(15):
        clock.now_ms += sessions.IDLE_MS - 1
        if desk.get("/").status_code == 302:
            break
    assert clock.now_ms >= sessions.LONGEST_MS

    desk.sign_in("bantochuc")
    clock.now_ms += sessions.IDLE_MS
    assert desk.get("/").status_code == 302


def test_signing_out_ends_the_session_even_for_a_copied_cookie(app: Flask, desk: Desk) -> None:
    desk.sign_in("bantochuc")
    stolen = Desk(app.test_client())
    cookie = desk.client.get_cookie("session")
    assert cookie
    desk.post("/dang-xuat")

    stolen.client.set_cookie("session", cookie.value)

    assert stolen.get("/").status_code == 302
    with reading() as c:
        assert c.scalar(select(func.count()).select_from(OfficeSession)) == 0


def test_a_one_time_code_is_required_once_it_is_set_up_and_works_once(
    app: Flask, desk: Desk, clock: FakeClock
) -> None:
    desk.sign_in("bantochuc")
    assert desk.post("/tai-khoan-cua-toi/hai-lop", do="begin", password="sai").status_code == 422
    desk.post("/tai-khoan-cua-toi/hai-lop", do="begin", password=PASSWORD)
    page = desk.get("/tai-khoan-cua-toi").text
    with desk.client.session_transaction() as session:
        secret, _ = session["totp"]
    assert "otpauth://totp/" in page
    assert "<svg" in page

    wrong = desk.post("/tai-khoan-cua-toi/hai-lop", do="confirm", code="000000")
    assert wrong.status_code == 422
    code = code_at(secret, clock.now_ms)
    assert desk.post("/tai-khoan-cua-toi/hai-lop", do="confirm", code=code).status_code == 302

    other = Desk(app.test_client())
    assert other.sign_in("bantochuc").status_code == 401
    assert other.sign_in("bantochuc", code="12345a").status_code == 401
    assert other.sign_in("bantochuc", code=code).status_code == 401  # the set-up used this code
    clock.now_ms += 30_000
    code = code_at(secret, clock.now_ms)
    assert other.sign_in("bantochuc", code=code).status_code == 302
    assert Desk(app.test_client()).sign_in("bantochuc", code=code).status_code == 401

    desk.post("/tai-khoan-cua-toi/hai-lop", do="remove", password="sai")
    assert "Đang bật" in desk.get("/tai-khoan-cua-toi").text
    for fields in ({"do": "begin"}, {"do": "remove"}, {"do": "remove", "code": code}):
        refused = desk.post("/tai-khoan-cua-toi/hai-lop", password=PASSWORD, **fields)
        assert refused.status_code == 422  # a stolen password alone replaces no second factor
    clock.now_ms += 30_000
    code = code_at(secret, clock.now_ms)
    desk.post("/tai-khoan-cua-toi/hai-lop", do="remove", password=PASSWORD, code=code)
    assert Desk(app.test_client()).sign_in("bantochuc").status_code == 302


def test_an_old_set_up_brings_no_switched_off_factor_back(
    desk: Desk, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = "/tai-khoan-cua-toi/hai-lop"
    desk.sign_in("bantochuc")
    desk.post(path, do="begin", password=PASSWORD)
    with desk.client.session_transaction() as session:
        pending = session["totp"]
    secret, _ = pending
    desk.post(path, do="confirm", code=code_at(secret, clock.now_ms))
    clock.now_ms += 60_000
    removed = desk.post(path, do="remove", password=PASSWORD, code=code_at(secret, clock.now_ms))
    assert removed.status_code == 302
    with desk.client.session_transaction() as session:
        session["totp"] = pending  # an old cookie
    clock.now_ms += 60_000

    assert desk.post(path, do="confirm", code=code_at(secret, clock.now_ms)).status_code == 422


def test_codes_are_not_guessed_inside(desk: Desk) -> None:
    desk.sign_in("bantochuc")
    desk.post("/tai-khoan-cua-toi/hai-lop", do="begin", password=PASSWORD)
    statuses = [
        desk.post("/tai-khoan-cua-toi/hai-lop", do="confirm", code=f"{number:06}").status_code
        for number in range(11)
    ]

    assert statuses[-1] == 429


def test_headquarters_can_be_made_to_set_up_a_second_factor_before_anything_else(
    app: Flask, desk: Desk, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = replace(app.config["SETTINGS"], require_second_factor=True)
    monkeypatch.setitem(app.config, "SETTINGS", settings)
    desk.sign_in("bantochuc")

    assert desk.get("/nguoi").location.endswith("/tai-khoan-cua-toi")
    assert "Cơ quan yêu cầu" in desk.get("/tai-khoan-cua-toi").text
    desk.post("/tai-khoan-cua-toi/hai-lop", do="begin", password=PASSWORD)
    with desk.client.session_transaction() as session:
        secret, _ = session["totp"]
    desk.post("/tai-khoan-cua-toi/hai-lop", do="confirm", code=code_at(secret, clock.now_ms))

    assert desk.get("/nguoi").status_code == 200
    assert desk_of(app, ROLE_ACCOUNTS[Profile.AUDITOR]).get("/nguoi").status_code == 200


@pytest.mark.parametrize(
    "answer", ["", "{", "[]", '{"id": "x"}', '{"id": "' + "x" * 400 + '"}', '{"id": "MTIz"}']
)
def test_a_forged_passkey_signs_nobody_in(desk: Desk, answer: str) -> None:
    key = Passkey("MTIz", "bantochuc", b"no key", 0, "Máy", 0, None)
    write(lambda c: passkeys.add(c, key))
    token = csrf(desk.get("/dang-nhap").text)

    refused = desk.post("/dang-nhap/khoa", token, credential=answer)

    assert (refused.status_code, WRONG in refused.text) == (401, True)
    assert desk.sign_in("bantochuc").status_code == 401  # nor does the password alone


def test_a_passkey_is_added_with_the_password_and_goes_with_the_account(desk: Desk) -> None:
    desk.sign_in("bantochuc")
    path = "/tai-khoan-cua-toi/khoa"
    assert desk.post(path, do="begin", password="sai").status_code == 422
    assert desk.post(path, do="begin", password=PASSWORD).status_code == 302
    assert "Tạo khoá trên máy này" in desk.get("/tai-khoan-cua-toi").text
    assert desk.post(path, do="add", credential="{}").status_code == 422
    assert desk.post(path, do="add", credential="{}").status_code == 422  # the challenge is used up

    key = Passkey("MTIz", "bantochuc", b"no key", 0, "Máy phòng 12", 0, None)
    write(lambda c: passkeys.add(c, key))
    assert "Máy phòng 12" in desk.get("/tai-khoan-cua-toi").text
    desk.post(path, do="remove", passkey="MTIz", password="sai")
    assert "Máy phòng 12" in desk.get("/tai-khoan-cua-toi").text
    desk.post(path, do="remove", passkey="MTIz", password=PASSWORD)
    assert "Máy phòng 12" not in desk.get("/tai-khoan-cua-toi").text
    write(lambda c: passkeys.add(c, key))
    write(lambda c: accounts.remove(c, "bantochuc"))
    with reading() as c:
        assert passkeys.of_account(c, "bantochuc") == []


def test_sessions_are_listed_and_ended(app: Flask, desk: Desk) -> None:
    other = Desk(app.test_client())
    desk.sign_in("bantochuc")
    other.sign_in("bantochuc")
    third = Desk(app.test_client())
    third.sign_in("bantochuc")

    page = desk.get("/tai-khoan-cua-toi").text
    assert page.count("127.0.0.1") == 3
    assert page.count("trình duyệt này") == 1
    with reading() as c:
        open_sessions = sessions.of_account(c, "bantochuc", now_ms=app.config["CLOCK"]())
    desk.post("/tai-khoan-cua-toi/phien", session=open_sessions[-1].id)
    assert sum(browser.get("/").status_code == 302 for browser in (desk, other, third)) == 1

    desk.post("/tai-khoan-cua-toi/phien", session="")
    assert [browser.get("/").status_code for browser in (desk, other, third)] == [200, 302, 302]


def test_nobody_ends_a_session_of_another_account(app: Flask, desk: Desk) -> None:
    write(lambda c: accounts.put(c, Account("kiemtra", Profile.AUDITOR), PASSWORD))
    auditor = Desk(app.test_client())
    auditor.sign_in("kiemtra")
    desk.sign_in("bantochuc")
    with reading() as c:
        [session] = sessions.of_account(c, "bantochuc", now_ms=app.config["CLOCK"]())

    auditor.post("/tai-khoan-cua-toi/phien", session=session.id)

    assert desk.get("/").status_code == 200


def test_a_new_password_needs_the_old_one_and_ends_other_sessions(app: Flask, desk: Desk) -> None:
    other = Desk(app.test_client())
    for browser in (desk, other):
        browser.sign_in("bantochuc")
    new = {"new_password": "ngon-den-khuya-moi-2", "new_password_again": "ngon-den-khuya-moi-2"}

    def change(**fields: str) -> int:
        return desk.post("/tai-khoan-cua-toi/mat-khau", **fields).status_code

    assert change(password="sai", **new) == 422
    assert change(password=PASSWORD, **{**new, "new_password_again": "khac"}) == 422
    assert change(password=PASSWORD, new_password="ngan", new_password_again="ngan") == 422
    assert other.get("/").status_code == 200
    assert change(password=PASSWORD, **new) == 302
    assert (desk.get("/").status_code, other.get("/").status_code) == (200, 302)
    assert other.sign_in("bantochuc").status_code == 401
    assert other.sign_in("bantochuc", "ngon-den-khuya-moi-2").status_code == 302


@pytest.mark.parametrize("password", ["DangUy@2024x", "mat-khau-moi-2", "Tỉnh uỷ 2026 abc"])
def test_a_local_word_with_little_else_is_no_password(desk: Desk, password: str) -> None:
    desk.sign_in("bantochuc")
    form = {"password": PASSWORD, "new_password": password, "new_password_again": password}

    assert "dễ đoán" in desk.post("/tai-khoan-cua-toi/mat-khau", **form).text


def test_a_refused_password_is_not_shown_again(desk: Desk) -> None:
    desk.sign_in("bantochuc")
    new = "một cụm từ rất dài để làm mật khẩu"
    form = {"password": "sai", "new_password": new, "new_password_again": new}

    assert new not in desk.post("/tai-khoan-cua-toi/mat-khau", **form).text


def test_a_set_up_that_was_begun_earlier_replaces_no_second_factor(
    app: Flask, desk: Desk, clock: FakeClock
) -> None:
    other = Desk(app.test_client())
    secrets = []
    for browser in (desk, other):
        browser.sign_in("bantochuc")
        browser.post("/tai-khoan-cua-toi/hai-lop", do="begin", password=PASSWORD)
        with browser.client.session_transaction() as session:
            secrets.append(session["totp"][0])
    desk.post("/tai-khoan-cua-toi/hai-lop", do="confirm", code=code_at(secrets[0], clock.now_ms))

    assert other.get("/nguoi").status_code == 302  # the other session has ended
    again = desk.post(
        "/tai-khoan-cua-toi/hai-lop", do="confirm", code=code_at(secrets[1], clock.now_ms)
    )
    assert (again.status_code, "đang bật" in again.text) == (422, True)


def test_a_password_is_used_exactly_as_it_is_typed(desk: Desk) -> None:
    desk.sign_in("bantochuc")
    spaced = {"new_password": " ngon den khuya ", "new_password_again": " ngon den khuya "}
    changed = desk.post("/tai-khoan-cua-toi/mat-khau", password=PASSWORD, **spaced)
    assert changed.status_code == 302

    assert desk.sign_in("BANTOCHUC", " ngon den khuya ").status_code == 302


def test_an_old_password_is_not_guessed_without_end(desk: Desk) -> None:
    desk.sign_in("bantochuc")
    form = {
        "password": "sai",
        "new_password": "ngon-den-khuya-moi-2",
        "new_password_again": "ngon-den-khuya-moi-2",
    }
    statuses = [
        desk.post("/tai-khoan-cua-toi/mat-khau", **form).status_code
        for _ in range(rate_limits.SIGN_IN.amount + 1)
    ]

    assert (statuses[0], statuses[-1]) == (422, 429)


def test_a_form_from_elsewhere_is_refused(desk: Desk) -> None:
    response = desk.client.post("/van-phong/dang-nhap", data={"name": "bantochuc"})

    assert response.status_code == 400
    assert "Biểu mẫu" in response.text


def test_a_removed_account_is_signed_out(desk: Desk) -> None:
    desk.sign_in("bantochuc")
    write(lambda c: accounts.remove(c, "bantochuc"))

    assert desk.get("/").status_code == 302


def test_a_live_update_without_a_session_leads_the_whole_page_to_sign_in(desk: Desk) -> None:
    answer = desk.get("/can-xu-ly", **{"HX-Request": "true"})

    assert answer.status_code == 401  # a script cannot see a redirect
    assert answer.headers["HX-Redirect"].endswith("/dang-nhap")


def test_a_session_outlives_the_browser_as_long_as_the_docs_say(desk: Desk) -> None:
    desk.sign_in("bantochuc")
    cookie = desk.client.get_cookie("session")
    assert cookie
    assert cookie.expires
    days = (cookie.expires - datetime.now(UTC)).total_seconds() / 86_400
    assert 6.9 < days < 7.1


def test_the_secret_of_the_second_factor_is_sealed_in_the_database(
    app: Flask, desk: Desk, clock: FakeClock
) -> None:
    desk.sign_in("bantochuc")
    desk.post("/tai-khoan-cua-toi/hai-lop", do="begin", password=PASSWORD)
    with desk.client.session_transaction() as session:
        secret, _ = session["totp"]
    code = code_at(secret, clock.now_ms)
    desk.post("/tai-khoan-cua-toi/hai-lop", do="confirm", code=code)
    with reading() as c:
        stored = c.scalar(select(AccountRow.totp_secret).where(AccountRow.name == "bantochuc"))
    assert stored
    assert secret not in stored
