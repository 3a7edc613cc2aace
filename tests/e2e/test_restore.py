"""Test that check-in devices send a restored server all records that its backup lacks."""

import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import func, select

from sync_server import create_app, sealing
from sync_server.acts import backups
from sync_server.config import load_settings
from sync_server.database import db, reading
from sync_server.storage.database_copies import Summary, summarise
from sync_server.storage.models import Blob
from tests.e2e.conftest import System
from tests.e2e.kiosk import (
    QUEUE,
    SLOW_MS,
    check_in,
    enrol,
    fill_pin,
    open_room,
    open_step,
    unsent_count,
    wait_until,
)
from tests.e2e.servers import ServerProcess

pytestmark = pytest.mark.e2e
COMPLETE = select(func.count()).select_from(Blob).where(Blob.is_complete)
NEW_KEY = "a-new-secret-for-sealing-9876543210-zyxwvutsrqponml"
SEAL_KEYS = """() => new Promise((resolve) => {
  const request = indexedDB.open("diemcau-kiosk");
  request.onsuccess = () => {
    const all = request.result.transaction("enrolments").objectStore("enrolments").getAll();
    all.onsuccess = () => resolve(all.result.map((enrolment) => enrolment.seal_key.x));
  };
})"""
"""JavaScript that returns the field `x` of every public encryption key that a check-in page
has stored.
"""
IDLE = """() => new Promise((resolve) => {
  const request = indexedDB.open("diemcau-kiosk");
  request.onsuccess = () => {
    const meta = request.result.transaction("meta", "readwrite").objectStore("meta");
    const keys = meta.getAllKeys();
    keys.onsuccess = () => {
      for (const key of keys.result) if (key.startsWith("contact/")) meta.put(0, key);
      meta.transaction.oncomplete = () => { dispatchEvent(new Event("online")); resolve(); };
    };
  };
})"""
"""JavaScript that makes a locked check-in page contact the server at once. If it has nothing
to send, it otherwise does so only every ten minutes.
"""


def contents(system: System) -> tuple[Summary, int]:
    """Return a summary (counts and hashes) of the server's database, and its number of details.

    A detail is personal data of a record, encrypted and stored apart from the record. Details that
    have been uploaded only in part are not counted.
    """
    with create_app(load_settings(system.environ)).app_context():
        with reading() as connection:
            summary, count = summarise(connection), connection.scalar(COMPLETE) or 0
        db.engine.dispose()
    return summary, count


def standings(system: System) -> list[object]:
    """Return the attendance at the halls of the test, as the API reports it, without times of day.

    For every person summoned, there is one entry (person, attendance such as `present`, minutes
    late, anomalies). A check-in device that the backup lacks registers again and its clock is
    measured again, which can change times of day by milliseconds.
    """
    judged = (
        system.api(f"/meetings/{system.meeting}/standing?point={point}")
        for point in ("P001", "P002", "P003")
    )
    return [
        (line["person"], line["standing"], line["late_minutes"], line["flags"])
        for standing in judged
        for line in standing["people"]
    ]


def counts(system: System) -> tuple[int, int]:
    """Return how many records and completely uploaded details the server's database contains.

    A detail is personal data of a record, encrypted and stored apart from the record.
    """
    path = system.environ["DATABASE_URL"].removeprefix("sqlite:///")
    with closing(sqlite3.connect(path)) as connection:
        [records] = connection.execute("SELECT count(*) FROM ledger").fetchone()
        [complete] = connection.execute("SELECT count(*) FROM blob WHERE is_complete").fetchone()
    return records, complete


def kiosk(browser: Browser, system: System, point: str) -> Page:
    page = browser.new_context().new_page()
    enrol(page, system, system.enrolment_link(point))
    expect(page.locator(".person").first).to_be_visible(timeout=SLOW_MS)
    return page


def ask_for_leave(page: Page) -> None:
    """Record a leave request, whose reason is sent encrypted and apart from the record."""
    open_room(page, "Hội trường")
    step = open_step(page, "Đơn")
    step.get_by_role("button", name="Ghi đơn xin vắng").click()
    step.get_by_label("Người xin").select_option(index=3)
    step.get_by_label("Số văn bản").fill("12")
    step.get_by_role("button", name="Gửi đơn xin vắng").click()
    open_room(page, "Điểm danh")


def test_kiosks_fill_a_restored_server_with_what_its_backup_lacks(
    system: System, browser: Browser, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    secret, public = backups.new_key()
    key = tmp_path / "khoa.txt"
    key.write_text(secret)
    system.environ |= {"BACKUP_RECIPIENT": public, "BACKUP_DIR": str(tmp_path / "backups")}
    busy, idle = kiosk(browser, system, "P001"), kiosk(browser, system, "P002")
    check_in(busy, 1)
    check_in(idle, 1)
    wait_until(busy, lambda: unsent_count(busy) + unsent_count(idle) == 0)
    system.flask("backup", "make")
    [backup] = backups.latest(tmp_path / "backups")

    check_in(busy, 2)
    ask_for_leave(busy)
    check_in(idle, 3)
    late = kiosk(browser, system, "P003")
    check_in(late, 2)
    wait_until(busy, lambda: unsent_count(busy) + unsent_count(idle) + unsent_count(late) == 0)
    idle.get_by_role("button", name="Khoá", exact=True).click()
    (before, details_before), standings_before = contents(system), standings(system)
    system.server.stop()
    system.flask("restore", str(backup), "--key", str(key))
    restored, _ = contents(system)
    system.environ["SEAL_KEY"] = f"{NEW_KEY},{system.environ['SEAL_KEY']}"
    system.server = ServerProcess(system.environ, system.port)
    for page in (busy, late):
        page.get_by_role("button", name="Gửi ngay").click()
    idle.evaluate(IDLE)
    expect(late.locator(".notice.bad")).to_contain_text("đăng ký lại trên chính máy này")
    open_room(late, "Máy này")
    late.get_by_role("button", name="Đăng ký thêm").click()
    late.get_by_label("Mã đăng ký").fill(system.enrolment_link("P003").partition("#ma=")[2])
    fill_pin(late, "Thư ký Mẫu")
    late.get_by_role("button", name="Đăng ký máy này").click()
    expect(late.locator(QUEUE)).to_be_visible(timeout=SLOW_MS)

    wait_until(busy, lambda: counts(system) == (before.records, details_before), times=4)
    after, _ = contents(system)
    assert after.ledger == before.ledger
    assert standings(system) == standings_before
    assert restored.records < before.records == after.records
    for page in (busy, idle, late):
        assert page.evaluate(SEAL_KEYS) == [sealing.public_key(NEW_KEY)["x"]]
    figures = (
        f"restore: {before.records} records before, {restored.records} in the backup, "
        f"{after.records} after the kiosks' next contact; lost 0, doubled 0\n"
    )
    with capsys.disabled():
        sys.stdout.write(figures)
