"""Test a clerk's day at the check-in page of a hall, in a real browser.

The day lasts from check-in to the closing, the signing-off of the attendance list.
"""

import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

from sync_server.domain.records.codes import VIETNAM
from tests.e2e.cards import issue_card, video_of
from tests.e2e.conftest import Laptop, System
from tests.e2e.kiosk import (
    PIN,
    SLOW_MS,
    check_in,
    enrol,
    enrol_too,
    fill_pin,
    open_again,
    open_room,
    open_step,
    read_store,
    reconnect,
    unlock,
    unsent_count,
    wait_until,
)
from tests.e2e.line import Line
from tests.sheets.sheets import workbook

pytestmark = pytest.mark.e2e
SECRETARY, DEPUTY = "M00001", "M00002"


def ledger_kinds(system: System) -> list[str]:
    return [record["kind"] for record in system.device_records()]


def test_a_card_is_read_by_the_camera_and_by_a_scanner_that_types(
    system: System, laptop: Laptop, tmp_path: Path
) -> None:
    lost = issue_card(system, "M00005")
    card = issue_card(system, "M00005")
    other = issue_card(system, "M00006")
    video = video_of(card, tmp_path / "card.mjpeg", poster=f"{system.url}/t/ct02.html")
    page = laptop.start(
        flags=[
            "--use-fake-device-for-media-stream",
            "--use-fake-ui-for-media-stream",
            f"--use-file-for-fake-video-capture={video}",
        ]
    )
    enrol(page, system)
    page.get_by_role("button", name="Quét thẻ").click()
    expect(page.locator(".answer .band")).to_contain_text("Có mặt", timeout=SLOW_MS)
    expect(page.locator(".answer")).to_contain_text("M00005")
    page.get_by_role("button", name="Tiếp tục").click()
    page.get_by_role("button", name="Tắt máy ảnh").click()
    wait_until(page, lambda: [record["source"] for record in system.device_records()] == ["qr"])
    open_room(page, "Máy này")
    expect(page.get_by_text("quét thẻ được, cả khi mất mạng")).to_be_visible(timeout=SLOW_MS)
    system.line.set(Line.CUT)
    open_again(page, system)
    page.get_by_role("button", name="Quét thẻ").click()
    expect(page.locator(".answer")).to_contain_text("đã điểm danh lúc", timeout=SLOW_MS)
    page.get_by_role("button", name="Tiếp tục").click()
    page.get_by_role("button", name="Tắt máy ảnh").click()
    system.line.set(Line.OPEN)

    field = page.get_by_role("searchbox")
    field.fill(other)
    field.press("Enter")
    expect(page.locator(".answer")).to_contain_text("M00006")
    page.keyboard.press("Escape")
    field.fill(lost)
    field.press("Enter")
    expect(page.locator(".answer")).to_contain_text("không có trong danh sách")
    wait_until(page, lambda: len(system.device_records()) == 2)


def test_the_whole_roll_call_works_from_the_keyboard(system: System, laptop: Laptop) -> None:
    page = laptop.start()
    page.goto(system.enrolment_link())
    page.get_by_label("Mã đăng ký").focus()
    for text in ("Thư ký Mẫu", PIN, PIN):
        page.keyboard.press("Tab")
        page.keyboard.type(text)
    page.keyboard.press("Enter")
    expect(page.locator(".person").first).to_be_visible(timeout=2 * SLOW_MS)
    expect(page.get_by_role("searchbox")).to_be_focused()

    page.keyboard.type("m00012")
    page.keyboard.press("Enter")
    expect(page.locator(".answer")).to_contain_text("M00012")
    page.keyboard.type("mha")  # typing closes the answer and searches by initials
    expect(page.locator(".answer")).to_have_count(0)
    expect(page.locator(".person").first).to_contain_text("Mẫu H")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator(".answer")).to_contain_text("Đã ghi lúc")
    page.keyboard.press("Escape")
    page.get_by_role("searchbox").focus()
    page.keyboard.press("Control+A")
    page.keyboard.type("m00012")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_contain_text("M00012")
    tab_to(page, "Ra ngoài, ra về")
    page.keyboard.press("Enter")
    expect(page.locator(".answer")).to_contain_text("Ra ngoài, ra về: đã ghi lúc")
    expect(page.get_by_role("button", name="Tiếp tục")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("searchbox")).to_be_focused()

    tab_to(page, "Hội trường", backwards=True)
    page.keyboard.press("Enter")
    expect(page.get_by_text("Trình tự trong ngày")).to_be_visible()
    tab_to(page, "Chốt danh sách")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Người chịu trách nhiệm")).to_be_visible()
    tab_to(page, "Người chịu trách nhiệm")
    page.keyboard.type("Mẫu")
    tab_to(page, "Đã xem số liệu")
    page.keyboard.press("Space")
    tab_to(page, "Hội nghị chưa bắt đầu")
    page.keyboard.press("Space")
    tab_to(page, "Chốt danh sách")
    page.keyboard.press("Enter")
    wait_until(
        page, lambda: ledger_kinds(system) == ["check_in", "check_in", "check_out", "closing"]
    )


def tab_to(page: Page, name: str, *, backwards: bool = False) -> None:
    """Press Tab, or Shift+Tab if `backwards`, until the control with this name has the focus.

    Raises: AssertionError if 200 presses do not reach the control.
    """
    for _ in range(200):
        page.keyboard.press("Shift+Tab" if backwards else "Tab")
        focused_text = page.evaluate(
            "(document.activeElement.labels?.[0] ?? document.activeElement).textContent"
        )
        if name in focused_text:
            return
    main_text = page.evaluate("document.querySelector('main').innerText")
    raise AssertionError(f"no Tab leads to {name}: {main_text}")


def test_many_at_once_and_a_paper_list_with_its_hour(system: System, laptop: Laptop) -> None:
    page = laptop.start()
    enrol(page, system)
    page.get_by_role("button", name="Chọn nhiều").click()
    for place in range(3):
        page.locator(".person").nth(place).click()
    page.get_by_role("button", name="Ghi có mặt 3 người").click()
    expect(page.locator(".counts")).to_contain_text("Có mặt 3/59")
    expect(page.locator(".answer")).to_contain_text("Đã ghi có mặt 3 người")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Hoàn tác: 3 người").click()
    expect(page.locator(".counts")).to_contain_text("Có mặt 0/59")

    page.get_by_role("button", name="Theo giấy").click()
    earlier = datetime.now(VIETNAM) - timedelta(minutes=30)
    page.get_by_label("Giờ đến ghi trên giấy").fill(f"{earlier:%H:%M}")
    page.locator(".person").nth(5).click()
    expect(page.locator(".answer")).to_contain_text(f"Đến lúc {earlier:%H:%M}")
    wait_until(page, lambda: len(ledger_kinds(system)) == 7)
    last = system.device_records()[-1]
    assert last["source"] == "paper"
    stated = datetime.fromisoformat(last["body"]["happened_at"])
    assert stated == earlier.replace(second=0, microsecond=0)


SAVED = """([meeting, done, isWanted]) => {
  const data = {type: "kept", list: "m-" + meeting, done, files: 3, isWanted};
  navigator.serviceWorker.dispatchEvent(new MessageEvent("message", {data}));
}"""
"""JavaScript that imitates a message from the service worker to the check-in page. The message
says that `done` of the meeting's three files are saved; `isWanted` says whether the user
asked to save them.
"""


def test_the_device_itself_says_whether_it_keeps_the_materials(
    system: System, laptop: Laptop
) -> None:
    page = laptop.start()
    enrol(page, system)
    open_room(page, "Hội trường")
    step = open_step(page, "Kiểm tra hội trường")
    materials = step.get_by_label("Tài liệu hội nghị lưu sẵn trên máy này")
    expect(materials).to_be_enabled()  # the portal lacks this meeting, so the clerk answers by hand

    def is_taken_from_the_worker() -> bool:
        page.evaluate(SAVED, [system.meeting, 1, False])
        return materials.is_disabled()

    wait_until(page, is_taken_from_the_worker)  # waits until the form listens for messages
    expect(step.get_by_role("button", name="Lưu tài liệu vào máy này")).to_be_visible()
    page.evaluate(SAVED, [system.meeting, 2, True])
    expect(step).to_contain_text("Đang lưu 2/3 tệp…")
    page.evaluate(SAVED, [system.meeting, 3, True])
    expect(materials).to_be_checked()
    step.get_by_label("Người kiểm tra").select_option(index=3)
    step.get_by_role("button", name="Ghi kết quả").click()
    wait_until(page, lambda: "readiness" in ledger_kinds(system))
    assert system.device_records()[-1]["body"]["items"]["materials"] is True


def test_the_order_of_the_day_and_a_chair_enrolled_on_the_same_laptop(
    system: System, laptop: Laptop, tmp_path: Path
) -> None:
    page = laptop.start()
    enrol(page, system)
    open_room(page, "Hội trường")
    readiness_step = open_step(page, "Kiểm tra hội trường")
    expect(readiness_step.get_by_role("checkbox")).to_have_count(9)
    for box in readiness_step.get_by_role("checkbox").all():
        box.check()
    readiness_step.get_by_label("Người kiểm tra").select_option(index=3)
    readiness_step.get_by_role("button", name="Ghi kết quả").click()
    request_step = open_step(page, "Đơn xin vắng")
    request_step.get_by_role("button", name="Ghi đơn xin vắng").click()
    request_step.get_by_label("Người xin vắng").select_option("M00030")
    request_step.get_by_label("Số văn bản").fill("12-BC/CB")
    request_step.get_by_role("button", name="Gửi đơn").click()
    # One of the two requests is from the day before.
    expect(request_step.locator(".tag")).to_have_text(["chờ quyết định"] * 2)
    request_step.get_by_role("button", name="Ghi đơn xin vắng").click()
    request_step.get_by_label("Người xin vắng").select_option("M00031")
    request_step.get_by_label("Văn bản báo cáo").select_option("scanned")
    unreadable = tmp_path / "don.heic"
    unreadable.write_bytes(b"\0\0\0\x18ftypheic")
    request_step.locator("input[type=file]").set_input_files(unreadable)
    request_step.get_by_role("button", name="Gửi đơn").click()
    expect(request_step.get_by_role("alert")).to_contain_text("không đọc được «don.heic»")
    photo = tmp_path / "photo.jpg"
    Image.effect_noise((2400, 1800), 90).save(photo, quality=95)
    request_step.locator("input[type=file]").set_input_files(photo)
    request_step.get_by_role("button", name="Gửi đơn").click()
    expect(request_step.locator(".tag")).to_have_count(3, timeout=SLOW_MS)
    wait_until(page, lambda: unsent_count(page) == 0)
    expect(page.locator(".queue")).not_to_contain_text("giấy tờ chưa gửi", timeout=SLOW_MS)
    guest_step = open_step(page, "Khách")
    guest_step.get_by_label("Họ tên").fill("Khách Mẫu")
    guest_step.get_by_role("button", name="Ghi nhận").click()
    expect(guest_step.locator(".entries")).to_contain_text("Khách Mẫu")
    expect(guest_step.get_by_label("Họ tên")).to_have_value("")
    guest_step.get_by_label("Ghi nhận").first.select_option("newcomer")
    guest_step.get_by_label("Họ tên").fill("Người Mới Mẫu")
    guest_step.get_by_role("button", name="Ghi nhận").click()
    expect(guest_step.locator(".entries")).to_contain_text("Người Mới Mẫu")
    conduct_step = open_step(page, "Nền nếp")
    conduct_step.get_by_role("button", name="Gọi điện").click()
    incident_step = open_step(page, "Sự cố")
    incident_step.get_by_label("Sự cố về").select_option("line")
    incident_step.get_by_role("button", name="Ghi sự cố").click()
    incident_step.get_by_role("button", name="Đã khắc phục").click()
    expect(incident_step.locator(".entries")).not_to_contain_text("đang xảy ra")

    # The chair enrols on the same laptop, with another PIN.
    link = system.enrolment_link("P001", "--profile", "chair", "--person", SECRETARY)
    enrol_too(page, link, "Bí thư Mẫu", "135791")
    expect(page.locator("main")).to_contain_text("Có 3 đơn đang chờ", timeout=SLOW_MS)
    expect(page.locator("main")).to_contain_text("12-BC/CB", timeout=SLOW_MS)
    page.get_by_role("button", name="Xem ảnh").click()
    expect(page.locator("img.scan")).to_be_visible()
    system.line.set(Line.CUT)
    page.get_by_role("button", name="Đồng ý", exact=True).first.click()
    expect(page.locator("main")).to_contain_text("Có 2 đơn đang chờ")
    page.get_by_role("button", name="Không đồng ý", exact=True).first.click()
    expect(page.locator("main")).to_contain_text("Có 1 đơn đang chờ")
    page.get_by_role("button", name="Không đồng ý", exact=True).click()
    expect(page.locator("main")).to_contain_text("Không có đơn nào đang chờ")

    page.get_by_role("button", name="Khoá").click()
    reconnect(page, system)
    expect(page.get_by_text("Mọi bản ghi làm trên máy này đã được gửi")).to_be_visible(
        timeout=4 * SLOW_MS
    )
    unlock(page)
    open_room(page, "Hội trường")
    chair_step = open_step(page, "Người chủ trì")
    chair_step.get_by_role("button", name="Chủ trì từ bây giờ").click()
    expect(chair_step).to_contain_text("chủ trì từ", timeout=SLOW_MS)
    feedback_step = open_step(page, "Góp ý của điểm cầu")
    system.line.set(Line.CUT)
    for topic in ("Nội dung", "Hình ảnh", "Tài liệu", "Công tác tổ chức"):
        feedback_step.get_by_label(topic).select_option("Tốt")
    feedback_step.get_by_label("Âm thanh").select_option("Chưa đạt")
    feedback_step.get_by_label("Cách làm mới").fill("Phát tài liệu trước một tuần")
    feedback_step.get_by_role("button", name="Ghi góp ý").click()
    expect(feedback_step.get_by_role("button", name="Ghi lại góp ý")).to_be_visible()
    expect(feedback_step.get_by_label("Âm thanh")).to_have_value("poor")
    reconnect(page, system)
    closing_step = open_step(page, "Chốt danh sách")
    expect(closing_step).to_contain_text("Còn 57 người chưa điểm danh")
    closing_step.get_by_label("Đã xem số liệu").check()
    closing_step.get_by_role("button", name="Chốt danh sách").click()
    expect(closing_step.get_by_role("alert")).to_be_visible()  # the meeting has not begun yet
    closing_step.get_by_label("Hội nghị chưa bắt đầu; vẫn chốt").check()
    closing_step.get_by_role("button", name="Chốt danh sách").click()
    wait_until(page, lambda: bool(system.board_row()["closed"]))
    row = system.board_row()
    columns = (
        "present",
        "absent_excused",
        "not_agreed",
        "guests",
        "visitors",
        "calls",
        "incidents",
    )
    assert [row[column] for column in columns] == [1, 1, 2, 1, 1, 1, 1]
    assert row["missing"] == []
    assert row["chair"] == SECRETARY
    assert not row["amended"]
    request_step = open_step(page, "Đơn xin vắng")
    expect(request_step).to_contain_text("Danh sách đã chốt")
    expect(request_step.get_by_role("button", name="Ghi đơn xin vắng")).to_have_count(0)


def test_a_form_says_in_vietnamese_what_is_wrong_and_offers_only_what_can_be(
    system: System, browser: Browser
) -> None:
    page = browser.new_context(locale="en-US").new_page()
    page.goto(system.enrolment_link())
    enrol(page, system)
    check_in(page, 1)
    wait_until(page, lambda: len(system.device_records()) == 1)
    present = system.device_records()[0]["person"]
    open_room(page, "Hội trường")
    step = open_step(page, "Đơn xin vắng")
    step.get_by_role("button", name="Ghi đơn xin vắng").click()
    person = step.get_by_label("Người xin vắng")
    expect(person.locator("option")).not_to_have_count(1)
    expect(person.locator(f"option[value={present}]")).to_have_count(0)
    number, send = step.get_by_label("Số văn bản"), step.get_by_role("button", name="Gửi đơn")

    def fault(field: Locator) -> str:
        return str(field.evaluate("field => field.validationMessage"))

    send.click()
    assert fault(person) == "Hãy chọn một mục."
    assert fault(number) == "Hãy điền ô này."
    number.fill("12")
    assert fault(number) == ""
    step.get_by_label("Văn bản báo cáo").select_option("to_follow")
    deadline = step.get_by_label("Nộp chậm nhất ngày")
    deadline.fill("2020-01-01")
    send.click()
    assert fault(deadline).startswith("Không được trước ")
    page.context.close()


def test_two_clerks_in_turn_and_a_laptop_that_replaces_another(
    system: System, laptops: Callable[[], Laptop]
) -> None:
    first = laptops()
    page = first.start()
    enrol(page, system, clerk="Ca sáng")
    check_in(page, 2)
    open_room(page, "Máy này")
    expect(page.locator(".verdict")).to_be_visible()  # the list of findings moves what is below
    page.get_by_text("Thêm người, hoặc").click()
    fill_pin(page, "Ca chiều", "135791")
    page.get_by_role("button", name="Ghi lại").click()
    expect(page.get_by_text("Được mở khoá: Ca sáng, Ca chiều")).to_be_visible()
    page.get_by_role("button", name="Khoá máy").click()
    unlock(page, "135791")
    expect(page.locator(".person").first).to_be_visible()
    check_in(page, 1)
    wait_until(page, lambda: ledger_kinds(system) == ["check_in", "check_in", "shift", "check_in"])
    assert [row["clerk"] for row in record_rows_by_seq(page)] == ["C1"] * 2 + ["C2"] * 2
    assert "Ca chiều" not in json.dumps(read_store(page, "enrolments"), ensure_ascii=False)
    first.kill()

    second = laptops().start()
    enrol(second, system)
    expect(second.locator(".counts")).to_contain_text("Có mặt 3/59", timeout=SLOW_MS)
    check_in(second, 1)
    expect(second.locator(".counts")).to_contain_text("Có mặt 4/59")
    wait_until(second, lambda: system.board_row()["present"] == 4)


def record_rows_by_seq(page: Page) -> list[dict[str, object]]:
    return sorted(read_store(page, "records"), key=lambda row: int(str(row["seq"])))


def test_a_rehearsal_counts_in_no_figure_and_a_roll_is_printed(
    system: System, laptop: Laptop
) -> None:
    output = system.flask("meeting", "rehearse", system.meeting, "--at", "2090-01-01 15:00")
    assert f"{system.meeting}-tong-duyet" in output
    page = laptop.start()
    enrol(page, system)
    page.locator(".which summary").click()
    page.get_by_label("Hội nghị").select_option(f"{system.meeting}-tong-duyet")
    expect(page.get_by_text("Đây là buổi tổng duyệt")).to_be_visible()
    expect(page.locator(".person").first).to_be_visible(timeout=SLOW_MS)
    check_in(page, 1)
    path = f"/meetings/{system.meeting}-tong-duyet/board"
    wait_until(
        page,
        lambda: any(row["present"] for row in system.api(path)["points"]),
    )
    assert system.api(path)["totals"]["present"] == 0
    assert system.board_row()["present"] == 0

    open_room(page, "Máy này")
    page.evaluate(
        "() => { print = () => (document.title = document.querySelector('.printed').innerText) }"
    )
    page.get_by_role("button", name="In danh sách").click()
    expect(page).to_have_title(re.compile("DANH SÁCH ĐIỂM DANH.*M00059", re.DOTALL))


def test_a_list_on_a_usb_stick_is_taken_in_without_a_line(system: System, laptop: Laptop) -> None:
    page = laptop.start()
    enrol(page, system)
    system.line.set(Line.CUT)
    open_room(page, "Hội trường")
    open_step(page, "Điểm danh từ tệp (USB)")
    rows = [["DANH SÁCH"], ["STT", "Mã", "Họ và tên", "Giờ đến"]]
    # The list also states the day, because the test may run shortly before midnight.
    came = f"{datetime.now(VIETNAM) - timedelta(minutes=5):%d/%m/%Y %H:%M}"
    rows += [["1", "M00005", "", came], ["2", "M00006", "", came]]
    rows += [["3", "", "Không Ai Cả", came]]
    choose_file(page, "danh-sach.xlsx", workbook(rows))
    expect(page.get_by_text("Sẽ ghi 2 người; 0 người đã có mặt; 1 dòng")).to_be_visible()
    page.get_by_role("button", name="Ghi 2 người có mặt").click()
    expect(page.get_by_text("Đã ghi 2 người có mặt theo tệp")).to_be_visible()

    choose_file(page, "danh-sach.csv", "Mã;Giờ đến\nM00005;07:00\n".encode("utf-16"))
    expect(page.get_by_text("Sẽ ghi 0 người; 1 người đã có mặt")).to_be_visible()
    choose_file(page, "hong.xlsx", b"PK\x03\x04 rubbish")
    expect(page.get_by_text("Tệp không mở được như một bảng tính")).to_be_visible()

    reconnect(page, system)
    wait_until(page, lambda: len(system.device_records()) == 2)
    assert {record["source"] for record in system.device_records()} == {"import"}


def choose_file(page: Page, name: str, content: bytes) -> None:
    page.locator("input[type=file]").set_input_files(
        {"name": name, "mimeType": "application/octet-stream", "buffer": content}
    )
