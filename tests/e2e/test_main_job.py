"""The main job in a real browser against the real server: check in without a line, lose nothing."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Laptop, System
from tests.e2e.line import Line

pytestmark = pytest.mark.e2e
QUEUE = ".queue"
SLOW_MS = 20_000


def enrol(page: Page, system: System) -> None:
    """Enrol the kiosk by its link, and wait until all of it works without a line."""
    page.goto(system.enrolment_link())
    page.get_by_role("button", name="Đăng ký máy này").click()
    expect(page.locator(".person").first).to_be_visible(timeout=SLOW_MS)
    expect(page.locator(QUEUE)).to_contain_text("mở lại được khi mất mạng", timeout=SLOW_MS)


def check_in(page: Page, count: int) -> list[str]:
    """Check in the first people of the list who are not in yet; return their codes."""
    codes = []
    for _ in range(count):
        row = page.locator(".person", has=page.locator(".state.unrecorded")).first
        about = row.locator(".about").inner_text()
        row.click()
        expect(page.locator(".answer")).to_contain_text("Đã ghi lúc")
        page.keyboard.press("Escape")
        expect(page.locator(".answer")).to_have_count(0)
        codes.append(about.split("·")[-1].strip())
    return codes


def wait_until(page: Page, is_so: Callable[[], bool]) -> None:
    """Let the browser go on until something is so on the server."""
    for _ in range(SLOW_MS // 100):
        if is_so():
            return
        page.evaluate("new Promise((resolve) => setTimeout(resolve, 100))")
    raise AssertionError("it never was")


def kept_records(page: Page) -> list[dict[str, object]]:
    """Return the records as they stand in the kiosk's own store."""
    found: list[dict[str, object]] = page.evaluate(
        """() => new Promise((resolve) => {
          const asked = indexedDB.open("diemcau-kiosk");
          asked.onsuccess = () => {
            const all = asked.result.transaction("records").objectStore("records").getAll();
            all.onsuccess = () => resolve(all.result.map((own) => own.record));
          };
        })"""
    )
    return found


def send_again(page: Page, records: list[dict[str, object]]) -> list[str]:
    """Send records as the kiosk does, once more; return the verdicts' statuses."""
    statuses: list[str] = page.evaluate(
        """async (records) => {
          const enrolment = await new Promise((resolve) => {
            const asked = indexedDB.open("diemcau-kiosk");
            asked.onsuccess = () => {
              const meta = asked.result.transaction("meta").objectStore("meta").get("enrolment");
              meta.onsuccess = () => resolve(meta.result);
            };
          });
          const response = await fetch("/api/v1/sync", {
            method: "POST",
            headers: { Authorization: `Bearer ${enrolment.token}` },
            body: JSON.stringify({ records }),
          });
          return (await response.json()).verdicts.map((verdict) => verdict.status);
        }""",
        records,
    )
    return statuses


def test_five_checked_in_without_a_line_survive_the_power_and_arrive_once(
    system: System, laptop: Laptop
) -> None:
    page = laptop.start()
    enrol(page, system)
    system.line.set(Line.CUT)
    codes = check_in(page, 5)
    expect(page.locator(QUEUE)).to_contain_text("chưa gửi 5")

    laptop.kill()
    page = laptop.start()
    page.goto(f"{system.url}/diem-danh/index.html")
    expect(page.locator(QUEUE)).to_contain_text("chưa gửi 5", timeout=SLOW_MS)
    expect(page.locator(".state.present, .state.late")).to_have_count(5)
    assert system.ledger() == []

    system.line.set(Line.OPEN)
    expect(page.locator(QUEUE)).to_contain_text("chưa gửi 0", timeout=4 * SLOW_MS)
    assert sorted(each["person"] for each in system.ledger()) == sorted(codes)
    assert system.board_row()["present"] == 5

    assert send_again(page, kept_records(page)) == ["known"] * 5
    assert len(system.ledger()) == 5
    assert system.board_row()["present"] == 5


def test_an_answer_that_is_lost_on_the_way_back_adds_nothing(
    system: System, laptop: Laptop
) -> None:
    page = laptop.start()
    enrol(page, system)
    system.line.set(Line.CUT)
    codes = check_in(page, 5)
    laptop.kill()
    page = laptop.start()
    page.goto(f"{system.url}/diem-danh/index.html")
    expect(page.locator(QUEUE)).to_contain_text("chưa gửi 5", timeout=SLOW_MS)

    system.line.set(Line.LOSES_ANSWERS)
    page.get_by_role("button", name="Gửi ngay").click()
    wait_until(page, lambda: len(system.ledger()) == 5)
    expect(page.locator(QUEUE)).to_contain_text("chưa gửi 5")

    system.line.set(Line.OPEN)
    expect(page.locator(QUEUE)).to_contain_text("chưa gửi 0", timeout=4 * SLOW_MS)
    assert sorted(each["person"] for each in system.ledger()) == sorted(codes)
    assert system.board_row()["present"] == 5
