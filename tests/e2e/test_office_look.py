"""Test that every office page passes axe, an accessibility checker, and works without scripts.

Every page must also fit a phone's width.
"""

import io
import re

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect
from pypdf import PdfReader

from sync_server import create_app
from sync_server.commands.demo.demonstration import FINISHED_MEETING
from sync_server.config import load_settings
from tests.e2e.conftest import System
from tests.e2e.look import look_at
from tests.e2e.office import DESK, PHONE, PageTimes, sign_in

pytestmark = pytest.mark.e2e

ONE_LINE_PX = 42
"""Height in px below which a table row has only one line of text, in the wider test font."""
PARTS = {"meeting": FINISHED_MEETING, "point": "P003", "person": "M00001", "unit": "U01"}
ONLY_SOME = """() => {
  for (const list of document.querySelectorAll("tbody, ul, .ticks, select"))
    for (const more of [...list.children].slice(12)) more.remove();
}"""
"""JavaScript that shortens every list to 12 items. Further items look the same, but axe (an
accessibility checker) would need time for all of them."""
NO_PAGES = {
    "office.board.update",
    "office.urgent.strip",
    "office.attachments.attachment",
    "office.reports.export",
    "office.reports.export_open_data",
    "office.reports.people",
    "office.reports.minutes",
}
TABLE_FILES = (".csv", ".xlsx")
MORE_PATHS = (
    f"/xin-vang?loc=all&hoi-nghi={FINISHED_MEETING}",
    "/nguoi?tim=an",
    "/nguoi/M00001?nam=2024",
    "/don-vi/U02?nam=2024",
    "/khong-co",
)


def office_paths(app: Flask) -> list[str]:
    """Return the path of every web page of the office, without the prefix `/van-phong`.

    In the paths, the parameters for the meeting, the hall, the person and the unit are replaced by
    the examples in `PARTS`; other parameters stay as they are. Some further paths, such as that of
    a search, come last.
    """
    paths = []
    for rule in app.url_map.iter_rules():
        is_page = rule.endpoint.startswith("office.") and "GET" in (rule.methods or ())
        if is_page and rule.endpoint not in NO_PAGES and not rule.rule.endswith(TABLE_FILES):
            path = rule.rule.removeprefix("/van-phong")
            for name, part in PARTS.items():
                path = path.replace(f"<{name}>", part)
            paths.append(path)
    return [*paths, *MORE_PATHS]


def test_axe_finds_nothing_on_any_page_and_none_is_wider_than_a_phone(
    system: System, browser: Browser, capsys: pytest.CaptureFixture[str]
) -> None:
    page_times = PageTimes()
    page = sign_in(browser, system, "bantochuc", PHONE)
    page.on("requestfinished", page_times.note_request)
    for path in office_paths(create_app(load_settings(system.environ))):
        if "<list_id>" in path:
            continue  # the next test checks the pages of draft lists
        assert "<" not in path, f"say in PARTS what {path} needs"
        page.goto(f"{system.url}/van-phong{path}")
        page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
        page.evaluate(ONLY_SOME)
        look_at(page, path)
        page.emulate_media(color_scheme="dark")
        look_at(page, f"{path} in the dark", only_colours=True)
        page.emulate_media(color_scheme="light")
    page.goto(f"{system.url}/van-phong/thiet-bi")
    page.get_by_text("Cấp mã đăng ký").click()
    page.get_by_label("P004").check()
    page.get_by_role("button", name="Cấp mã và in phiếu").click()
    expect(page.locator(".ticket")).to_have_count(1)
    look_at(page, "tickets")
    page.goto(f"{system.url}/van-phong/the")
    page.get_by_role("button", name="Cấp và in thẻ").click()
    assert page.locator("article.card").count() > 20
    look_at(page, "cards")
    page_times.print_slowest(capsys)


PEOPLE = """DANH SÁCH ĐẢNG VIÊN
STT;Họ và tên;Ngày sinh;Đơn vị;Chức vụ;Đảng viên;Ghi chú
1;Trần Mẫu Một;01/02/1980;Đảng bộ Văn phòng Tỉnh uỷ;Bí thư;chính thức;
2;Trần Mẫu Hai;1985;VP Tỉnh uỷ;;dự bị;mới
3;Trần Mẫu Ba;1985;Sở Ngoại vụ;;;
"""
COUNTS_BEFORE_RATE = (
    "Name,Join Time,Leave Time\nMẫu Văn An,22/08/2024 07:20,22/08/2024 11:00\nTổ 3,7:20,8:20\n"
)
PLACES = "Đơn vị;Số chỗ ngồi;Thư ký;Điện thoại thư ký\nĐảng bộ Sở Mới mẫu;90;Người mẫu;0900000099\n"


def test_lists_are_uploaded_and_what_they_would_change_is_seen_on_a_phone(
    system: System, browser: Browser
) -> None:
    page = sign_in(browser, system, "bantochuc", PHONE)
    for path, text, words in (
        ("/nguoi/danh-sach", PEOPLE, "Đơn vị cần chọn"),
        ("/nguoi/danh-sach", PEOPLE.replace("Sở Ngoại vụ", "U06"), "Nhập 3 thay đổi"),
        ("/don-vi", PLACES, "Danh sách này sẽ ghi 3 thay đổi"),
        (f"/hoi-nghi/{FINISHED_MEETING}/trieu-tap", PEOPLE, "Đơn vị cần chọn"),
        (f"/hoi-nghi/{FINISHED_MEETING}/tu-tep", COUNTS_BEFORE_RATE, "Xem trước điểm danh từ tệp"),
    ):
        page.goto(f"{system.url}/van-phong{path}")
        page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
        page.locator("input[type=file]").set_input_files(
            {"name": "danh-sach.csv", "mimeType": "text/csv", "buffer": text.encode()}
        )
        page.get_by_role("button", name="Xem trước", exact=True).first.click()
        expect(page.get_by_text(words).first).to_be_visible()
        page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
        look_at(page, f"{path}: {words}")


def test_a_chair_and_a_secretary_see_no_fault_either(system: System, browser: Browser) -> None:
    for name in ("chutri", "bithu"):
        page = sign_in(browser, system, name, PHONE)
        for link in page.locator("nav.menu a").all():
            page.goto(f"{system.url}{link.get_attribute('href')}")
            look_at(page, f"{name} {page.url}")
            page.go_back()


def test_without_scripts_every_action_is_a_form_and_a_redirect(
    system: System, browser: Browser
) -> None:
    page = sign_in(browser, system, "bantochuc", DESK, has_scripts=False)
    meeting = f"{system.url}/van-phong/hoi-nghi/{system.meeting}"

    def expect_message(words: str) -> None:
        expect(page.locator("p.done").filter(has_text=words)).to_be_visible()
        assert page.request.get(page.url).ok  # a page reached by a redirect can be reloaded

    def press(name: str | re.Pattern[str], exact: bool = True) -> None:
        page.get_by_role("button", name=name, exact=exact).first.click()

    page.goto(f"{system.url}/van-phong/xin-vang")
    for box in page.locator("input[name=chosen]").all():
        box.check()
    page.get_by_label("Ghi chú chung").fill("Đã xem")
    press("Đồng ý các đơn đã chọn")
    expect_message("Đã đồng ý 4 đơn")

    page.goto(f"{meeting}/sap-xep")
    page.get_by_label("Số phút châm chước").fill("7")
    press("Lưu")
    expect_message("Đã lưu quy định")
    expect(page.locator("dl.facts")).to_contain_text("7 phút")
    page.get_by_text("Ghép hội trường").click()
    merging = page.locator("form", has_text="Ghép hội trường")
    merging.locator("[name=point_code]").select_option("P001")
    merging.get_by_label("Ghép vào").select_option("P072")
    press("Ghép")
    expect_message("từ P001 sang P072")

    page.goto(f"{meeting}/trieu-tap")
    page.get_by_role("combobox", name="Triệu tập").select_option("officers")
    press("Xem trước thay đổi")
    press(re.compile(r"Triệu tập [\d.]+ người tại 72 điểm cầu"))
    expect_message("Đã lập danh sách mới cho 72 điểm cầu, 216 người")

    page.goto(f"{meeting}/diem-cau/P003/cho-ngoi")
    press("Xếp lại tất cả")
    expect_message("Đã xếp chỗ cho 3 người")

    page.goto(f"{system.url}/van-phong/hoi-nghi/{FINISHED_MEETING}/diem-cau/P003")
    page.get_by_role("textbox", name="Lý do").fill("Ghi thiếu một người")
    press("Mở lại danh sách")
    expect_message("Đã mở lại danh sách của P003")
    page.goto(f"{page.url}/ban-ghi")
    page.get_by_text("Rút hiệu lực", exact=True).first.click()
    page.get_by_role("textbox", name="Lý do").first.fill("Ghi nhầm")
    press("Rút hiệu lực bản ghi này")
    expect_message("Đã rút hiệu lực")

    page.goto(f"{system.url}/van-phong/thiet-bi")
    page.get_by_text("Thu hồi", exact=True).first.click()
    press("Thu hồi máy này")
    expect_message("Đã thu hồi thiết bị")

    page.goto(f"{meeting}/chat-luong")
    page.get_by_label("Hạn chế").fill("Một số điểm cầu vào muộn")
    press("Lưu đánh giá")
    expect_message("Đã lưu 1 mục")

    page.goto(f"{system.url}/van-phong/tai-khoan")
    page.get_by_label("Tài khoản").fill("kiemtra2")
    page.get_by_label("Vai trò").select_option("auditor")
    page.get_by_label("Mật khẩu", exact=True).fill("ngon-den-khuya-thu-1")
    press("Lưu tài khoản")
    expect_message("Đã có tài khoản «kiemtra2»")

    press("Thoát")
    assert re.search("/dang-nhap$", page.url)


def test_the_board_without_scripts_is_current_when_it_is_loaded(
    system: System, browser: Browser
) -> None:
    page: Page = sign_in(browser, system, "tuyengiao", DESK, has_scripts=False)
    page.goto(f"{system.url}/van-phong/hoi-nghi/{FINISHED_MEETING}")

    page.get_by_role("combobox", name="Việc cần để ý").select_option("silent")
    page.get_by_role("button", name="Xem").click()

    expect(page.locator("table.board").first.locator("tbody tr")).to_have_count(2)
    expect(page.get_by_role("img", name="Giờ đến")).to_be_visible()


def test_the_board_has_a_row_a_line_at_a_desk_and_prints_on_two_pages(
    system: System, browser: Browser
) -> None:
    page = sign_in(browser, system, "bantochuc", DESK)
    page.goto(f"{system.url}/van-phong/hoi-nghi/{FINISHED_MEETING}")

    heights = page.locator(".one-line tbody tr").evaluate_all(
        "rows => rows.map((row) => row.offsetHeight)"
    )
    assert sum(height < ONE_LINE_PX for height in heights) >= len(heights) * 0.9
    page.locator(".one-line tbody tr").nth(40).scroll_into_view_if_needed()
    expect(page.locator(".one-line thead th").first).to_be_in_viewport()
    expect(page.locator(".one-line tfoot")).to_be_in_viewport()
    printed = PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True)))
    assert len(printed.pages) == 2
    assert "Xếp theo" not in "".join(sheet.extract_text() for sheet in printed.pages)
