"""Test that users can sign in to the office's web pages with a passkey.

The passkey replaces the password and the one-time code.
"""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import System
from tests.e2e.office import DESK, sign_in
from tests.e2e.test_kiosk_trust import AUTHENTICATOR

pytestmark = pytest.mark.e2e


def page_with_passkey(browser: Browser, system: System) -> Page:
    """Sign in, add a passkey to the account as its user does, and return the page.

    The browser has an imitation of a fingerprint reader.
    """
    page = sign_in(browser, system, "bantochuc", DESK)
    debugger = page.context.new_cdp_session(page)
    debugger.send("WebAuthn.enable")
    options = {**AUTHENTICATOR, "hasResidentKey": True}
    debugger.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    page.goto(f"{system.url}/van-phong/tai-khoan-cua-toi")
    adding = page.locator("section", has_text="Khoá truy cập")
    adding.get_by_label("Mật khẩu").fill(system.password)
    with page.expect_event("load"):  # what is typed before would be lost
        adding.get_by_role("button", name="Thêm khoá truy cập").click()
    adding.get_by_label("Tên để nhận ra").fill("Máy phòng 12")
    adding.get_by_role("button", name="Tạo khoá trên máy này").click()
    expect(page.locator("p.done")).to_contain_text("Máy phòng 12")
    return page


def test_a_passkey_is_made_and_signs_in(system: System, browser: Browser) -> None:
    page = page_with_passkey(browser, system)

    page.get_by_role("button", name="Thoát").click()
    page.get_by_role("button", name="Đăng nhập bằng khoá truy cập").click()
    expect(page.get_by_role("button", name="Thoát")).to_be_visible()
    page.goto(f"{system.url}/van-phong/tai-khoan-cua-toi")
    expect(page.locator("section", has_text="Khoá truy cập")).to_contain_text("dùng lần cuối")


def test_a_copied_answer_signs_nobody_in_again(system: System, browser: Browser) -> None:
    page = page_with_passkey(browser, system)
    page.get_by_role("button", name="Thoát").click()
    before = page.context.cookies()
    with page.expect_request("**/dang-nhap/khoa") as sent:
        page.get_by_role("button", name="Đăng nhập bằng khoá truy cập").click()
    expect(page.get_by_role("button", name="Thoát")).to_be_visible()

    thief = browser.new_context()
    thief.add_cookies(
        [{"name": one["name"], "value": one["value"], "url": system.url} for one in before]
    )
    copied = thief.request.post(
        f"{system.url}/van-phong/dang-nhap/khoa",
        data=sent.value.post_data or "",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )

    assert copied.status == 401
