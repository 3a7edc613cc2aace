"""Test a day of four users in their roles: a clerk, a chair, headquarters and an auditor."""

from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import Laptop, System
from tests.e2e.kiosk import SLOW_MS, check_in, enrol, open_room, open_step, unsent_count, wait_until
from tests.e2e.line import Line
from tests.e2e.office import DESK, PHONE, PageTimes, sign_in

pytestmark = pytest.mark.e2e


def test_four_people_in_their_roles_play_the_day(
    system: System,
    laptop: Laptop,
    browser: Browser,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    page_times = PageTimes()
    clerk = laptop.start()
    chair = sign_in(browser, system, "chutri", PHONE)
    headquarters = sign_in(browser, system, "bantochuc", DESK)
    auditor = sign_in(browser, system, "kiemtra", DESK)
    for page in (chair, headquarters, auditor):
        page.on("requestfinished", page_times.note_request)
    board = f"{system.url}/van-phong/hoi-nghi/{system.meeting}"

    # The day before, headquarters sees its urgent matters and decides on a Secretary's leave.
    expect(headquarters.locator("#needs")).to_contain_text("1 đơn chờ ban tổ chức")
    headquarters.get_by_role("link", name="1 đơn chờ ban tổ chức").click()
    reserved = headquarters.locator("article.asked", has_text="Ban tổ chức quyết định")
    expect(reserved).to_contain_text("Lý do mẫu: dự hội nghị ở huyện.")
    reserved.get_by_role("button", name="Đồng ý", exact=True).click()
    expect(headquarters.get_by_role("status").filter(has_text="Đã đồng ý 1 đơn")).to_be_visible()
    expect(headquarters.locator("#needs")).not_to_contain_text("đơn chờ ban tổ chức")

    # In the hall, the clerk records a leave request with a photo of the document.
    enrol(clerk, system)
    _request_leave_with_a_photo(clerk, tmp_path)

    # The chair approves the request on a telephone with two taps.
    chair.goto(f"{system.url}/van-phong/")
    chair.get_by_role("link", name="2 đơn xin vắng, dự thay đang chờ").click()
    request_card = chair.locator("article.asked", has_text="M00030").or_(
        chair.locator("article.asked", has=chair.get_by_role("link", name="Mở ảnh, văn bản"))
    )
    with chair.expect_popup() as popup:
        request_card.get_by_role("link", name="Mở ảnh, văn bản").click()
    photo = popup.value.locator("img")
    expect(photo).to_be_visible()
    assert photo.evaluate("(image) => image.naturalWidth") > 100
    popup.value.close()
    request_card.get_by_role("button", name="Đồng ý", exact=True).click()
    expect(chair.get_by_role("status").first).to_contain_text("Đã đồng ý 1 đơn")

    # The decision reaches the kiosk with its next sync.
    clerk.get_by_role("button", name="Gửi ngay").click()
    expect(open_step(clerk, "Đơn xin vắng").locator(".tag", has_text="đã đồng ý")).to_be_visible(
        timeout=2 * SLOW_MS
    )

    # The clerk's check-ins reach headquarters' board without a reload.
    headquarters.goto(board)
    row = headquarters.locator("#r-P001")
    expect(row).to_contain_text("Chưa báo cáo")
    expect(headquarters.locator("#totals")).to_contain_text("4.900")
    headquarters.evaluate("window.sameDocument = true")
    open_room(clerk, "Điểm danh")
    check_in(clerk, 3)
    wait_until(clerk, lambda: unsent_count(clerk) == 0)
    expect(row.locator('[data-label="Có mặt"]')).to_have_text("3", timeout=SLOW_MS)
    expect(headquarters.locator("#totals .present")).to_contain_text("3")
    expect(headquarters.locator("#troubles")).to_contain_text("71/72 điểm cầu chưa báo cáo")
    assert headquarters.evaluate("window.sameDocument")
    expect(headquarters.locator("#as-of")).to_contain_text("Tự cập nhật; lần cuối lúc")
    system.line.set(Line.CUT)
    expect(headquarters.locator("#as-of")).to_contain_text("Mất kết nối", timeout=SLOW_MS)
    system.line.set(Line.OPEN)
    expect(headquarters.locator("#as-of")).to_contain_text("Tự cập nhật", timeout=SLOW_MS)

    # One click lists the halls without reports and their telephone numbers.
    headquarters.get_by_role("link", name="gọi điện").click()
    expect(headquarters.locator("tbody tr")).to_have_count(71)
    expect(headquarters.get_by_role("link", name="0900000002")).to_be_visible()

    # The clerk closes the roll too early, the chair reopens it, and the board shows the change.
    _close_roll(clerk)
    wait_until(clerk, lambda: bool(system.board_row()["closed"]))
    chair.goto(f"{board}/diem-cau/P001")
    chair.get_by_role("textbox", name="Lý do").fill("Còn người đang tới")
    chair.get_by_role("button", name="Mở lại danh sách").click()
    expect(chair.get_by_role("status").first).to_contain_text("Đã mở lại danh sách của P001")
    wait_until(clerk, lambda: not system.board_row()["closed"])

    # Headquarters corrects a standing with a record, and the hall's list of records shows it.
    headquarters.goto(f"{system.url}/van-phong/nguoi?tim=M00010")
    headquarters.locator(".plain-list").get_by_role("link").click()
    headquarters.get_by_text("Điều chỉnh bằng một bản ghi").click()
    headquarters.get_by_role("textbox", name="Lý do").fill("Đến mà chưa kịp ghi")
    headquarters.get_by_role("button", name="Ghi điều chỉnh").click()
    expect(headquarters.locator("table.people")).to_contain_text("Có mặt")
    headquarters.goto(f"{board}/diem-cau/P001/ban-ghi")
    expect(headquarters.locator("table.records")).to_contain_text("khai xảy ra lúc")

    # The auditor can read everything, including the log, and can change nothing.
    auditor.goto(f"{system.url}/van-phong/nhat-ky?chi-viec-lam=on")
    log = auditor.locator("tbody")
    expect(log).to_contain_text("Quyết định đơn xin vắng")
    expect(log).to_contain_text("Mở lại danh sách đã chốt")
    expect(log).to_contain_text("chutri")
    auditor.goto(f"{board}/diem-cau/P001")
    expect(auditor.get_by_role("button", name="Mở lại danh sách")).to_have_count(0)
    auditor.goto(f"{system.url}/van-phong/xin-vang?loc=all")
    expect(auditor.locator("article.asked").first).to_be_visible()
    expect(auditor.get_by_role("button", name="Đồng ý", exact=True)).to_have_count(0)
    auditor.goto(f"{system.url}/van-phong/nhat-ky?ai=kiemtra")
    expect(log).to_contain_text("Xem đơn xin vắng")
    expect(log).to_contain_text("Mở lý do, giấy tờ")

    page_times.print_slowest(capsys)


def _request_leave_with_a_photo(clerk: Page, folder: Path) -> None:
    open_room(clerk, "Hội trường")
    request_step = open_step(clerk, "Đơn xin vắng")
    request_step.get_by_role("button", name="Ghi đơn xin vắng").click()
    request_step.get_by_label("Người xin vắng").select_option("M00030")
    request_step.get_by_label("Văn bản báo cáo").select_option("scanned")
    photo = folder / "photo.jpg"
    Image.effect_noise((1200, 900), 60).save(photo, quality=80)
    request_step.locator("input[type=file]").set_input_files(photo)
    request_step.get_by_role("button", name="Gửi đơn").click()
    expect(request_step.locator(".tag")).to_have_count(2, timeout=SLOW_MS)
    wait_until(clerk, lambda: unsent_count(clerk) == 0)
    expect(clerk.locator(".queue")).not_to_contain_text("giấy tờ chưa gửi", timeout=SLOW_MS)


def _close_roll(clerk: Page) -> None:
    open_room(clerk, "Hội trường")
    closing_step = open_step(clerk, "Chốt danh sách")
    closing_step.get_by_label("Người chịu trách nhiệm").select_option(index=1)
    closing_step.get_by_label("Đã xem số liệu").check()
    closing_step.get_by_label("Hội nghị chưa bắt đầu; vẫn chốt").check()
    closing_step.get_by_role("button", name="Chốt danh sách").click()
