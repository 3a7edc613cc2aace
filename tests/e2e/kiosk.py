"""What a clerk does at the kiosk, for the tests that play one."""

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import System

QUEUE = ".queue"
SLOW_MS = 20_000
PIN = "246810"


def enrol(page: Page, system: System, link: str | None = None, clerk: str = "Thư ký Mẫu") -> None:
    """Enrol the kiosk by its link, and wait until all of it works without a line."""
    page.goto(link or system.enrolment_link())
    fill_pin(page, clerk)
    page.get_by_role("button", name="Đăng ký máy này").click()
    expect(page.locator(QUEUE)).to_contain_text("mở lại được khi mất mạng", timeout=2 * SLOW_MS)


def summon(system: System, path: Path, count: int) -> None:
    """Summon so many people to the kiosk's hall, by a file."""
    rows = [f"{system.meeting},P001,M{number:05d},A{number}" for number in range(1, count + 1)]
    path.write_text("\n".join(["meeting,point,person,seat", *rows]), "utf-8")
    system.flask("roster", "import", str(path))


def fill_pin(page: Page, clerk: str, pin: str = PIN) -> None:
    """Fill in a new clerk's name and PIN."""
    page.get_by_label("Họ tên người").fill(clerk)
    page.get_by_label("Mã PIN tự đặt").fill(pin)
    page.get_by_label("Nhập lại mã PIN").fill(pin)


def unlock(page: Page, pin: str = PIN, clerk: str | None = None) -> None:
    """Open the lock."""
    if clerk:
        label = page.locator("option", has_text=clerk).first.inner_text()
        page.get_by_label("Người ngồi bàn").select_option(label=label)
    page.get_by_label("Mã PIN").fill(pin)
    page.get_by_role("button", name="Mở khoá").click()


def open_again(page: Page, system: System) -> None:
    """Open the kiosk as after a restart, and unlock it."""
    page.goto(f"{system.url}/diem-danh/index.html")
    unlock(page)
    expect(page.locator(QUEUE)).to_be_visible(timeout=SLOW_MS)


def room(page: Page, name: str) -> None:
    """Go to a part of the desk."""
    page.get_by_role("navigation").get_by_role("button", name=name).click()


def step(page: Page, name: str) -> Locator:
    """Open a step of the day's order and return it."""
    found = page.locator("details.step", has=page.locator("summary", has_text=name))
    if found.get_attribute("open") is None:
        found.locator("> summary").click()
    return found


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


def wait_until(page: Page, is_so: Callable[[], bool], times: int = 1) -> None:
    """Let the browser go on until something is so on the server."""
    for _ in range(times * SLOW_MS // 100):
        if is_so():
            return
        page.evaluate("new Promise((resolve) => setTimeout(resolve, 100))")
    raise AssertionError("it never was")


def kept(page: Page, store: str) -> list[dict[str, object]]:
    """Return what stands in a store of the kiosk's own database."""
    found: list[dict[str, object]] = page.evaluate(
        """(store) => new Promise((resolve) => {
          const asked = indexedDB.open("diemcau-kiosk");
          asked.onsuccess = () => {
            const all = asked.result.transaction(store).objectStore(store).getAll();
            all.onsuccess = () => resolve(JSON.parse(JSON.stringify(all.result)));
          };
        })""",
        store,
    )
    return found


def unsent(page: Page) -> int:
    """Return how many records the header says have not been sent."""
    found = re.search(r"chưa gửi (\d+)", page.locator(QUEUE).inner_text())
    assert found
    return int(found[1])
