"""Every view of the kiosk, and the office's pages for it: no fault by axe, nothing too wide."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect
from portal_bundle import install_packages

from sync_server.config import ROOT
from tests.chromium import find_chromium
from tests.e2e.conftest import FLAGS, System
from tests.e2e.kiosk import SLOW_MS, check_in, enrol, fill_pin, room, step

pytestmark = pytest.mark.e2e
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"


@pytest.fixture
def browser(playwright: Playwright) -> Iterator[Browser]:
    """Return a browser of this test's own."""
    own = playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
    yield own
    own.close()


def look_at(page: Page, name: str) -> None:
    """Hold the page as it is now against axe and a phone's width."""
    install_packages(ROOT)
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate("axe.run().then((each) => each.violations)")
    told = [(each["id"], [node["html"] for node in each["nodes"]]) for each in found]
    assert told == [], name
    assert page.evaluate("document.documentElement.scrollWidth") <= 360, name
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360, f"{name} at twice the size"
    page.evaluate("document.documentElement.style.fontSize = ''")


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
    page.get_by_role("button", name="Xin vắng").click()
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

    page.goto(f"{system.url}/van-phong/dang-nhap")
    page.get_by_label("Tài khoản").fill("bantochuc")
    page.get_by_label("Mật khẩu").fill(system.password)
    page.get_by_role("button", name="Đăng nhập").click()
    for path in ("the", "nhap-tep"):
        page.goto(f"{system.url}/van-phong/{path}")
        look_at(page, path)
    page.goto(f"{system.url}/van-phong/the")
    page.get_by_role("button", name="Cấp và in thẻ").click()
    look_at(page, "cards")
    assert len(page.locator("article.card").all()) > 20
    context.close()
