"""Test that all views of the check-in page fit a phone and pass axe, an accessibility checker."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import System
from tests.e2e.kiosk import (
    SLOW_MS,
    check_in,
    enrol,
    fill_pin,
    open_room,
    open_step,
    unlock,
    wait_until,
)
from tests.e2e.look import PHONE_PX, look_at

pytestmark = pytest.mark.e2e


def look_at_both_schemes(page: Page, name: str) -> None:
    look_at(page, name)
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    look_at(page, f"{name} in the dark", only_colours=True)
    page.emulate_media(color_scheme="light", reduced_motion="reduce")


def test_axe_finds_nothing_in_any_view_and_nothing_is_wider_than_a_phone(
    system: System, browser: Browser
) -> None:
    context = browser.new_context(
        viewport={"width": PHONE_PX, "height": 800},
        reduced_motion="reduce",
        bypass_csp=True,
    )
    page = context.new_page()
    page.goto(system.enrolment_link())
    expect(page.get_by_label("Mã đăng ký")).to_be_visible()
    page.get_by_text("Thêm lớp thứ hai").click()
    page.get_by_label("Lớp thứ hai").select_option("card")
    look_at_both_schemes(page, "enrolment")
    page.reload()
    enrol(page, system)
    expect(page.locator(".person").first).to_be_visible(timeout=SLOW_MS)
    look_at_both_schemes(page, "roll")
    page.get_by_role("button", name="Theo giấy").click()
    page.get_by_role("button", name="Chọn nhiều").click()
    page.get_by_role("button", name="Lọc").click()
    look_at_both_schemes(page, "many")
    page.get_by_role("button", name="Theo giấy").click()
    page.get_by_role("button", name="Chọn nhiều").click()
    check_in(page, 1)
    page.locator(".person").nth(3).click()
    look_at_both_schemes(page, "answer")
    page.keyboard.press("Escape")
    page.locator(".person").nth(3).click()
    look_at_both_schemes(page, "person")
    page.keyboard.press("Escape")
    page.locator(".more").nth(5).click()
    page.get_by_role("dialog").get_by_role("button", name="Xin vắng").click()
    look_at_both_schemes(page, "leave")
    page.keyboard.press("Escape")
    open_room(page, "Hội trường")
    for name in (
        "Kiểm tra",
        "Đơn xin",
        "Người chủ trì",
        "Khách",
        "Nền nếp",
        "Sự cố",
        "Chốt",
        "Góp ý",
    ):
        open_step(page, name)
    look_at_both_schemes(page, "hall")
    for name in ("Chỗ ngồi", "Bản ghi", "Máy này"):
        open_room(page, name)
        expect(page.get_by_role("heading", level=2).first).to_be_visible()
        look_at_both_schemes(page, name)
    page.get_by_role("button", name="Hàng đợi, gửi ngay, khoá").click()
    look_at_both_schemes(page, "header")
    page.get_by_role("button", name="Khoá máy").click()
    look_at_both_schemes(page, "lock")

    link = system.enrolment_link("P001", "--profile", "chair", "--person", "M00001")
    page.get_by_role("button", name="Đăng ký thêm").click()
    page.get_by_label("Mã đăng ký").fill(link.partition("#ma=")[2])
    fill_pin(page, "Bí thư Mẫu")
    page.get_by_role("button", name="Đăng ký máy này").click()
    expect(page.get_by_role("heading", name="Đơn chờ quyết định")).to_be_visible(timeout=SLOW_MS)
    look_at_both_schemes(page, "chair")
    context.close()


WHOLE_ROWS = """() => [...document.querySelectorAll(".person")].filter((row) => {
  const { top, bottom } = row.getBoundingClientRect();
  const covering = document.elementFromPoint(innerWidth / 3, (top + bottom) / 2);
  return top >= 0 && bottom <= innerHeight && row.contains(covering);
}).length"""


@pytest.mark.parametrize(
    ("width", "height", "least"), [(1366, 650, 5), (768, 1024, 8), (360, 640, 3)]
)
def test_the_roll_shows_people_on_small_screens_also_after_a_check_in(
    system: System, browser: Browser, width: int, height: int, least: int
) -> None:
    context = browser.new_context(viewport={"width": width, "height": height})
    page = context.new_page()
    page.goto(system.enrolment_link())
    enrol(page, system)
    expect(page.locator(".person").first).to_be_visible(timeout=SLOW_MS)
    assert page.evaluate(WHOLE_ROWS) >= least

    check_in(page, 1)
    page.keyboard.press("Escape")
    expect(page.locator(".undo")).to_be_visible()
    assert page.evaluate(WHOLE_ROWS) >= least  # the undo button covers no row
    expect(page.get_by_role("searchbox")).to_be_in_viewport()
    context.close()


def test_codes_typed_without_a_pause_are_taken_one_by_one(system: System, browser: Browser) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(system.enrolment_link())
    enrol(page, system)
    expect(page.locator(".person").first).to_be_visible(timeout=SLOW_MS)
    codes = page.locator(".person .about").all_inner_texts()[:2]
    people = [next(word for word in about.split() if word.startswith("M0")) for about in codes]

    page.get_by_role("searchbox").focus()
    for person in people:
        page.keyboard.type(person)
        page.keyboard.press("Enter")
    page.keyboard.type("Ng")

    expect(page.locator(".counts")).to_contain_text("Có mặt 2/")
    expect(page.get_by_role("searchbox")).to_have_value("Ng")
    context.close()


SCANNER_CLOCK = """Object.defineProperty(Event.prototype, "timeStamp", {
  get: () => (window.scannedMs = (window.scannedMs ?? 0) + (window.isTypedByHand ? 200 : 5))
})"""
"""JavaScript that replaces the times of key presses. They are 5 ms apart, as from a barcode
scanner, or 200 ms apart, as from a person, while `window.isTypedByHand` is true."""


SCAN_AT_FIRST_SIGHT = """code => new MutationObserver((_, observer) => {
  if (!document.querySelector(".person")) return;
  observer.disconnect();
  for (const key of [...code, "Enter"]) dispatchEvent(new KeyboardEvent("keydown", { key }));
}).observe(document, { childList: true, subtree: true })"""
"""JavaScript that imitates the scan of a code as soon as the list of people is in the page. The
keys of the code and Enter are pressed before the browser has drawn the list."""


def test_a_scan_is_recorded_wherever_the_focus_is_and_presses_nothing(
    system: System, browser: Browser
) -> None:
    page = browser.new_context().new_page()
    page.add_init_script(SCANNER_CLOCK)
    page.goto(system.enrolment_link())
    enrol(page, system)
    abouts = page.locator(".person .about").all_inner_texts()
    people = [next(word for word in about.split() if word.startswith("M0")) for about in abouts]

    def scan(person: str, last_key: str = "Enter") -> None:
        page.keyboard.type(person)
        page.keyboard.press(last_key)
        expect(page.locator(".answer")).to_contain_text(person)
        page.keyboard.press("Enter")  # scanners that send CR and LF
        expect(page.locator(".answer")).to_contain_text(person)
        page.keyboard.press("Escape")

    page.get_by_role("button", name="Chọn nhiều").focus()
    scan(people[0])
    open_room(page, "Chỗ ngồi")
    scan(people[1])
    open_room(page, "Hội trường")
    open_step(page, "Nền nếp").get_by_role("button", name="Gọi điện").first.focus()
    scan(people[2])
    open_room(page, "Hội trường")
    open_step(page, "Nền nếp").get_by_role("button", name="Gọi điện").first.focus()
    scan("8931234567890")  # a foreign code presses nothing, and is said to be nobody's
    open_room(page, "Hội trường")
    hour = open_step(page, "Sự cố").get_by_label("Từ lúc")
    hour.fill("07:15")
    signer = open_step(page, "Chốt danh sách").get_by_role("combobox").first
    signer.select_option(index=2)
    chosen_signer = signer.input_value()
    for field, person in ((hour, people[8]), (signer, people[9])):
        field.focus()
        scan(person)
        open_room(page, "Hội trường")
    expect(hour).to_have_value("07:15")
    expect(signer).to_have_value(chosen_signer)
    guest = open_step(page, "Khách").get_by_label("Họ tên").first
    guest.fill("Trần Văn Khách")
    scan(people[3])
    expect(guest).to_have_value("Trần Văn Khách")  # a scan leaves a half-filled form alone
    open_room(page, "Hội trường")
    guest.focus()
    scan("WIFI:S:hoi-truong;T:WPA;P:1;;", last_key="Tab")  # a foreign one, too
    open_room(page, "Hội trường")
    expect(guest).to_have_value("Trần Văn Khách")
    open_room(page, "Điểm danh")
    page.locator(".more").nth(5).click()
    expect(page.get_by_role("dialog")).to_be_visible()
    scan(people[4])
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.locator(".more").nth(7).click()
    page.get_by_role("dialog").get_by_role("button", name="Xin vắng").click()
    page.get_by_role("dialog").get_by_label("Số văn bản").fill("12")
    page.keyboard.type(people[5])
    page.keyboard.press("Enter")
    expect(page.locator(".answer")).to_contain_text(people[5])
    expect(page.locator(".answer")).to_have_count(0, timeout=SLOW_MS)  # it closes by itself
    expect(page.get_by_role("dialog").get_by_label("Số văn bản")).to_have_value("12")
    page.get_by_role("dialog").get_by_role("button", name="Đóng").click()
    open_room(page, "Hội trường")
    expect(guest).to_have_value("Trần Văn Khách")
    open_room(page, "Điểm danh")
    page.get_by_role("searchbox").fill("mau")
    scan(people[6])
    page.get_by_role("button", name="Khoá", exact=True).click()
    page.get_by_label("Mã PIN").focus()
    for _ in range(11):
        page.keyboard.type("1" * 24)
        page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("thẻ vừa quét chưa được ghi")
    page.evaluate(SCAN_AT_FIRST_SIGHT, people[7])
    unlock(page)
    expect(page.locator(".answer")).to_contain_text(people[7])
    page.get_by_role("button", name="Khoá", exact=True).click()
    unlock(page)
    scan(people[10])  # while the PIN is still being tried

    wait_until(page, lambda: len(system.device_records()) == 11)
    records = system.device_records()
    assert {record["person"] for record in records} == set(people[:11])
    assert {record["kind"] for record in records} == {"check_in"}

    page.evaluate("window.isTypedByHand = true")
    page.get_by_role("button", name="Chọn nhiều").focus()
    page.keyboard.type(people[8])
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Chọn nhiều")).to_have_attribute("aria-pressed", "true")
