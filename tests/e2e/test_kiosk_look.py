"""Every view of the kiosk: no fault by axe, nothing wider than a phone."""

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.conftest import System
from tests.e2e.kiosk import SLOW_MS, check_in, enrol, fill_pin, room, step
from tests.e2e.look import look_at

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_any_view_and_nothing_is_wider_than_a_phone(
    system: System, browser: Browser, scheme: str
) -> None:
    context = browser.new_context(
        viewport={"width": 360, "height": 800},
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",
        bypass_csp=True,
    )
    page = context.new_page()
    page.goto(system.enrolment_link())
    expect(page.get_by_label("Mã đăng ký")).to_be_visible()
    look_at(page, "enrolment")
    enrol(page, system)
    expect(page.locator(".person").first).to_be_visible(timeout=SLOW_MS)
    look_at(page, "roll")
    page.get_by_role("button", name="Theo giấy").click()
    page.get_by_role("button", name="Chọn nhiều").click()
    page.locator(".filters summary").click()
    look_at(page, "many")
    page.get_by_role("button", name="Theo giấy").click()
    page.get_by_role("button", name="Chọn nhiều").click()
    check_in(page, 1)
    page.locator(".person").nth(3).click()
    look_at(page, "answer")
    page.keyboard.press("Escape")
    page.locator(".person").nth(3).click()
    look_at(page, "person")
    page.keyboard.press("Escape")
    page.locator(".more").nth(5).click()
    page.get_by_role("dialog").get_by_role("button", name="Xin vắng").click()
    look_at(page, "leave")
    page.keyboard.press("Escape")
    room(page, "Hội trường")
    for name in ("Kiểm tra", "Đơn xin", "Người chủ trì", "Khách", "Nền nếp", "Sự cố", "Chốt"):
        step(page, name)
    look_at(page, "hall")
    for name in ("Chỗ ngồi", "Bản ghi", "Máy này"):
        room(page, name)
        expect(page.get_by_role("heading", level=2).first).to_be_visible()
        look_at(page, name)
    page.get_by_role("button", name="Khoá máy").click()
    look_at(page, "lock")

    link = system.enrolment_link("P001", "--profile", "chair", "--person", "M00001")
    page.get_by_role("button", name="Đăng ký thêm").click()
    page.get_by_label("Mã đăng ký").fill(link.partition("#ma=")[2])
    fill_pin(page, "Bí thư Mẫu")
    page.get_by_role("button", name="Đăng ký máy này").click()
    expect(page.get_by_role("heading", name="Đơn chờ quyết định")).to_be_visible(timeout=SLOW_MS)
    look_at(page, "chair")
    context.close()
