"""The portal as a reader has it: kept for a hall without a line, and opened from a USB stick."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Laptop, System
from tests.e2e.line import Line

pytestmark = pytest.mark.e2e
MEETING = "hoi-nghi/2024-08-22-hoc-tap.html"
KEPT = "[data-state]"
SLOW_MS = 20_000


def kept(page: Page) -> tuple[int, int]:
    """Return how many files the page says are kept, and of how many."""
    match = re.search(r"(\d+)/(\d+)", page.locator(KEPT).inner_text())
    assert match
    return int(match[1]), int(match[2])


def test_a_meeting_is_kept_goes_on_where_it_was_cut_and_is_read_without_a_line(
    system: System, laptop: Laptop
) -> None:
    page = laptop.start(360)
    page.goto(f"{system.url}/{MEETING}")
    expect(page.locator(KEPT)).to_contain_text("Đã lưu 0/", timeout=SLOW_MS)

    system.line.cut_after(30_000)
    page.get_by_role("button", name="Lưu để đọc khi không có mạng").click()
    expect(page.locator(KEPT)).to_contain_text("Mạng bị ngắt", timeout=SLOW_MS)
    done, files = kept(page)
    assert 0 < done < files

    system.line.set(Line.OPEN)
    before = system.line.carried_bytes
    page.get_by_role("button", name="Lưu tiếp").click()
    expect(page.locator(KEPT)).to_contain_text(f"Đã lưu đủ {files} tệp", timeout=SLOW_MS)
    assert system.line.carried_bytes - before < 90_000  # of 130 KB, the rest was there

    system.line.set(Line.CUT)
    page.goto(f"{system.url}/t/cv632.html")
    expect(page.locator("h1")).to_contain_text("Công văn về nâng cao chất lượng")
    assert page.locator(".code img").evaluate("image => image.naturalWidth") > 0
    page.goto(f"{system.url}/t/tk08.html")
    expect(page.locator("h1")).to_contain_text("Trang này chưa được lưu")


def test_a_code_typed_by_hand_leads_to_its_material(system: System, laptop: Laptop) -> None:
    page = laptop.start(360)
    page.goto(system.url)
    page.get_by_label("Mã tài liệu").fill("ZZ 99")
    page.get_by_role("button", name="Mở tài liệu").click()
    expect(page.get_by_role("alert")).to_contain_text("Không có tài liệu mang mã này")

    page.get_by_label("Mã tài liệu").fill("CV-632")
    page.get_by_role("button", name="Mở tài liệu").click()
    expect(page.locator("h1")).to_contain_text("Công văn về nâng cao chất lượng")


def test_the_portal_works_from_a_usb_stick(laptop: Laptop, portal: Path) -> None:
    page = laptop.start()
    faults: list[str] = []
    page.on("pageerror", lambda fault: faults.append(str(fault)))
    page.goto((portal / "index.html").as_uri())
    page.get_by_role("link", name="Tài liệu", exact=True).click()
    page.get_by_role("link", name="Công văn về nâng cao chất lượng").click()

    expect(page.locator("strong", has_text="cv632")).to_be_visible()
    assert page.locator(".code img").evaluate("image => image.naturalWidth") > 0
    assert faults == []


def test_a_page_is_read_without_javascript(system: System, laptop: Laptop) -> None:
    browser = laptop.start().context.browser
    assert browser
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{system.url}/{MEETING}")

    expect(page.get_by_role("link", name="Hướng dẫn chuẩn bị một điểm cầu").first).to_be_visible()
    expect(page.locator(".keep")).to_be_hidden()
    context.close()
