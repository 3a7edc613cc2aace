"""Test the main task in a real browser: people are checked in offline, and no record is lost."""

from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Laptop, System
from tests.e2e.kiosk import (
    QUEUE,
    SLOW_MS,
    check_in,
    enrol,
    open_again,
    open_room,
    open_step,
    read_store,
    reconnect,
    wait_until,
)
from tests.e2e.line import Line

pytestmark = pytest.mark.e2e


def send_again(page: Page) -> list[str]:
    """Send the server once more all records that the check-in page has stored in the browser.

    Return the server's status for every record, such as `known` for one that it already has.
    """
    [enrolment] = read_store(page, "enrolments")
    records = [row["record"] for row in read_store(page, "records")]
    statuses: list[str] = page.evaluate(
        """async ([token, records]) => {
          const response = await fetch("/api/v1/sync", {
            method: "POST",
            headers: { Authorization: `Bearer ${token}` },
            body: JSON.stringify({ records }),
          });
          return (await response.json()).verdicts.map((verdict) => verdict.status);
        }""",
        [enrolment["token"], records],
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
    open_again(page, system)
    expect(page.locator(QUEUE)).to_contain_text("chưa gửi 5", timeout=SLOW_MS)
    expect(page.locator(".state.present, .state.late")).to_have_count(5)
    assert system.device_records() == []

    system.line.set(Line.OPEN)
    expect(page.locator(QUEUE)).to_contain_text("chưa gửi 0", timeout=4 * SLOW_MS)
    assert sorted(record["person"] for record in system.device_records()) == sorted(codes)
    assert system.board_row()["present"] == 5

    assert send_again(page) == ["known"] * 5
    assert len(system.device_records()) == 5
    assert system.board_row()["present"] == 5


def test_the_log_in_page_of_a_wifi_takes_nothing_away(
    system: System, laptop: Laptop, tmp_path: Path
) -> None:
    page = laptop.start()
    enrol(page, system)
    system.line.set(Line.LOG_IN)
    check_in(page, 2)
    open_room(page, "Hội trường")
    step = open_step(page, "Đơn xin vắng")
    step.get_by_role("button", name="Ghi đơn xin vắng").click()
    step.get_by_label("Người xin vắng").select_option("M00031")
    step.get_by_label("Văn bản báo cáo").select_option("scanned")
    photo = tmp_path / "photo.jpg"
    Image.effect_noise((1200, 900), 90).save(photo, quality=90)
    step.locator("input[type=file]").set_input_files(photo)
    step.get_by_role("button", name="Gửi đơn").click()
    expect(page.locator(QUEUE)).to_contain_text("đang hỏi đăng nhập", timeout=SLOW_MS)
    expect(page.locator(QUEUE)).to_contain_text("chưa gửi 3")
    expect(page.locator(QUEUE)).to_contain_text("giấy tờ chưa gửi")

    system.line.set(Line.OPEN)
    page.get_by_role("button", name="Gửi ngay").click()
    expect(page.locator(QUEUE)).to_contain_text("chưa gửi 0", timeout=4 * SLOW_MS)
    expect(page.locator(QUEUE)).not_to_contain_text("giấy tờ chưa gửi", timeout=4 * SLOW_MS)
    kinds = [record["kind"] for record in system.device_records()]
    assert kinds == ["check_in", "check_in", "absence_request"]


def test_a_lost_answer_adds_no_second_record(system: System, laptop: Laptop) -> None:
    page = laptop.start()
    enrol(page, system)
    system.line.set(Line.CUT)
    codes = check_in(page, 5)
    laptop.kill()
    page = laptop.start()
    open_again(page, system)
    expect(page.locator(QUEUE)).to_contain_text("chưa gửi 5", timeout=SLOW_MS)

    system.line.set(Line.LOSES_ANSWERS)
    page.get_by_role("button", name="Gửi ngay").click()
    wait_until(page, lambda: len(system.device_records()) == 5)
    expect(page.locator(QUEUE)).to_contain_text("chưa gửi 5")

    reconnect(page, system)
    expect(page.locator(QUEUE)).to_contain_text("chưa gửi 0", timeout=4 * SLOW_MS)
    assert sorted(record["person"] for record in system.device_records()) == sorted(codes)
    assert system.board_row()["present"] == 5


def test_a_database_that_the_browser_deletes_is_written_again_from_memory(
    system: System, laptop: Laptop
) -> None:
    page = laptop.start()
    enrol(page, system)
    system.line.set(Line.CUT)
    check_in(page, 2)

    session = page.context.new_cdp_session(page)
    origin = page.evaluate("location.origin")
    session.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "indexeddb"})
    check_in(page, 1)
    check_in(page, 1)
    expect(page.locator(QUEUE)).to_contain_text("chưa gửi 4")
    notice = page.get_by_text("Trình duyệt đã xoá dữ liệu")
    expect(notice).to_be_visible()

    reconnect(page, system)
    expect(page.locator(QUEUE)).to_contain_text("chưa gửi 0", timeout=4 * SLOW_MS)
    expect(notice).to_have_count(0)
    assert len(system.device_records()) == 4
    assert system.board_row()["present"] == 4
    assert sorted(str(row["seq"]) for row in read_store(page, "records")) == list("1234")
