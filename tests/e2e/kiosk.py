"""Perform a clerk's actions at the kiosk (the check-in page) in browser tests."""

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import System
from tests.e2e.line import Line

QUEUE = ".queue"
SLOW_MS = 20_000
PIN = "246810"


def enrol(page: Page, system: System, link: str | None = None, clerk: str = "Thư ký Mẫu") -> None:
    """Register a check-in page (kiosk) through a link, and wait until it can work offline.

    Without `link`, a new link for the hall P001 is used. `clerk` is the clerk's name. Raises:
    AssertionError if the page does not say within 40 s that it works offline.
    """
    page.goto(link or system.enrolment_link())
    fill_pin(page, clerk)
    page.get_by_role("button", name="Đăng ký máy này").click()
    expect(page.locator(QUEUE)).to_contain_text("mở lại được khi mất mạng", timeout=2 * SLOW_MS)


def enrol_too(page: Page, link: str, clerk: str, pin: str) -> None:
    """Register the open check-in page for a further user, such as the hall's chair.

    `link` contains the registration code. `clerk` and `pin` are the name and the new PIN of
    this user.
    Raises: AssertionError if the page does not show within 20 s that it has no unsent records.
    """
    open_room(page, "Máy này")
    page.get_by_role("button", name="Đăng ký thêm").click()
    page.get_by_label("Mã đăng ký").fill(link.partition("#ma=")[2])
    fill_pin(page, clerk, pin)
    page.get_by_role("button", name="Đăng ký máy này").click()
    expect(page.get_by_role("status").first).to_contain_text("chưa gửi 0", timeout=SLOW_MS)


def summon(system: System, path: Path, count: int) -> None:
    """Summon `count` people to the hall P001; their codes start at M00001, their seats at A1.

    The function writes a list of these people to `path` and imports the list into the server.
    """
    rows = [f"{system.meeting},P001,M{number:05d},A{number}" for number in range(1, count + 1)]
    path.write_text("\n".join(["meeting,point,person,seat", *rows]), "utf-8")
    system.flask("roster", "import", "--yes", str(path))


def fill_pin(page: Page, clerk: str, pin: str = PIN) -> None:
    """Enter a new clerk's name, and enter the clerk's new PIN twice, as the page requires."""
    page.get_by_label("Họ tên người").fill(clerk)
    page.get_by_label("Mã PIN tự đặt").fill(pin)
    page.get_by_label("Nhập lại mã PIN").fill(pin)


def unlock(page: Page, pin: str = PIN, desk: str | None = None) -> None:
    """Unlock a hall's check-in page with a PIN.

    If several users share the page, `desk` is the user to choose first, such as «Thư ký · P001»
    (the clerk of the hall P001).
    """
    if desk:
        page.get_by_label("Mở bàn của").select_option(label=desk)
    page.get_by_label("Mã PIN").fill(pin)
    page.get_by_role("button", name="Mở khoá").click()


def open_again(page: Page, system: System) -> None:
    """Open the check-in page as after a restart, and unlock it with the tests' PIN.

    Raises: AssertionError if the page is not unlocked within 20 s.
    """
    page.goto(f"{system.url}/diem-danh/index.html")
    unlock(page)
    expect(page.locator(QUEUE)).to_be_visible(timeout=SLOW_MS)


def reconnect(page: Page, system: System) -> None:
    """Restore the network, and fire the browser's `online` event, as a reconnected laptop would."""
    system.line.set(Line.OPEN)
    page.evaluate("dispatchEvent(new Event('online'))")


def open_room(page: Page, name: str) -> None:
    """Open one view of the check-in page by its name in the menu.

    Return when the device's self-check has ended in the view that shows it, because its results
    move the buttons below them.
    """
    page.get_by_role("navigation").get_by_role("button", name=name).click()
    if name == "Máy này":
        expect(page.locator(".verdict")).to_be_visible(timeout=SLOW_MS)


def open_step(page: Page, name: str) -> Locator:
    """Expand the section whose heading contains `name`, if it is closed; return its element."""
    details = page.locator("details.step", has=page.locator("summary", has_text=name))
    if details.get_attribute("open") is None:
        details.locator("> summary").click()
    return details


def check_in(page: Page, count: int) -> list[str]:
    """Check in the first `count` people on the page who have no record yet.

    Return their codes in the order of the check-ins.
    """
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


def wait_until(page: Page, is_met: Callable[[], bool], times: int = 1) -> None:
    """Wait until `is_met` returns true, for at most `times` periods of 20 s.

    The function calls `is_met` every 100 ms.
    Raises: AssertionError if `is_met` has not returned true in that time.
    """
    for _ in range(times * SLOW_MS // 100):
        if is_met():
            return
        page.evaluate("new Promise((resolve) => setTimeout(resolve, 100))")
    raise AssertionError("it never was")


def read_store(page: Page, store: str) -> list[dict[str, object]]:
    """Return all rows of an object store in the check-in page's database (IndexedDB)."""
    rows: list[dict[str, object]] = page.evaluate(
        """(store) => new Promise((resolve) => {
          const request = indexedDB.open("diemcau-kiosk");
          request.onsuccess = () => {
            const all = request.result.transaction(store).objectStore(store).getAll();
            all.onsuccess = () => resolve(JSON.parse(JSON.stringify(all.result)));
          };
        })""",
        store,
    )
    return rows


def unsent_count(page: Page) -> int:
    """Return the number of unsent records that the check-in page's header shows.

    Raises: AssertionError if the header shows no number.
    """
    match = re.search(r"chưa gửi (\d+)", page.locator(QUEUE).inner_text())
    assert match
    return int(match[1])
