"""Test that a list of people is previewed and imported as a whole, and the import can be undone."""

import io
import re
from functools import partial
from io import BytesIO
from typing import Any

import pytest
from openpyxl import load_workbook
from werkzeug.test import TestResponse

from sync_server.database import reading, write
from sync_server.storage import directory, purpose
from sync_server.storage.directory import PointSummary
from sync_server.storage.people import roster
from sync_server.storage.people.roster import RosterPerson
from tests.conftest import FakeClock
from tests.office.desk import Desk
from tests.sheets.sheets import rewritten, workbook

HEADING = ["STT", "Họ và tên", "Ngày sinh", "Đơn vị", "Chức vụ", "Đảng viên"]
NEW_LINE = [1, "Lê Văn Cường", "05/06/1990", "U01", "", "dự bị"]


def people() -> dict[str, RosterPerson]:
    with reading() as c:
        return {person.person: person for person in roster.list_people(c, with_ended=True, at_ms=0)}


def upload(headquarters: Desk, content: bytes, name: str = "a.xlsx") -> str:
    """Upload a list of people as a file named `name`; return the path of its preview page.

    The path lacks the prefix `/van-phong`.
    Raises: AssertionError if the server refuses the file.
    """
    answer = headquarters.post("/nguoi/danh-sach", file=(io.BytesIO(content), name))
    assert answer.status_code == 302
    return answer.location.removeprefix("/van-phong")


def confirm(headquarters: Desk, path: str, **choices: Any) -> TestResponse:
    """Make choices on the preview page at `path`, then import the list; return the last response.

    `choices` are fields of the form.
    """
    headquarters.post(path, do="preview", **choices)
    seen = re.findall(r'name="seen" value="(\w+)"', headquarters.get(path).text)
    return headquarters.post(path, do="import", seen=seen[0], **choices)


def test_a_list_is_seen_first_then_done_as_one_act_in_the_log(
    hall: None, headquarters: Desk
) -> None:
    path = upload(headquarters, workbook([["DANH SÁCH"], HEADING, NEW_LINE]))

    page = headquarters.get(path).text
    assert "Lê Văn Cường" in page
    assert "Nhập 1 thay đổi" in page
    assert "M00001" not in people()

    assert confirm(headquarters, path).status_code == 302
    assert people()["M00001"] == RosterPerson(
        "M00001", "Lê Văn Cường", "U01", "", "PROBATIONARY", 1990
    )
    assert "Đã nhập 1 người mới, sửa 0 người" in headquarters.get("/nhat-ky").text
    assert headquarters.get(path).status_code == 404  # the import deleted the draft


def test_a_faulty_list_names_cells_and_comes_back_with_its_faults(
    hall: None, headquarters: Desk
) -> None:
    bad = [2, "Lê Văn Dũng", "1990", "Sở Ngoại vụ", "", "đoàn viên"]
    path = upload(headquarters, workbook([HEADING, NEW_LINE, bad]))

    page = headquarters.get(path).text
    assert "Có 1 chỗ phải sửa" in page
    assert "Sở Ngoại vụ" in page
    assert "1 dòng" in page
    assert 'value="import"' not in page
    sheet = load_workbook(BytesIO(headquarters.get(f"{path}/loi.xlsx").data)).active
    assert sheet is not None
    assert sheet["G1"].value == "Lỗi"
    assert "Ô D3: không có đơn vị «Sở Ngoại vụ»" in str(sheet["G3"].value)
    assert sheet["D3"].fill.fgColor.rgb != sheet["D2"].fill.fgColor.rgb
    assert "M00001" not in people()


def test_the_file_with_faults_is_the_list_itself_and_can_be_sent_again(
    hall: None, headquarters: Desk
) -> None:
    rows = [["DANH SÁCH"], [*HEADING[:4], "Chức vụ", ""], ["", "", "", "", "Đảng", "Đảng viên"]]
    merged = [NEW_LINE, ["", "Lê Văn Dũng", "32/13/1990", "U01", "", "dự bị"]]
    content = workbook([*rows, *merged], merge=["A1:F1", "A2:A3", "E2:F2"])
    path = upload(headquarters, content)
    before = headquarters.get(path).text

    again = upload(headquarters, headquarters.get(f"{path}/loi.xlsx").data)

    assert headquarters.get(again).text.count("<li>Ô ") == before.count("<li>Ô ") == 1


@pytest.mark.parametrize(
    ("part", "old", "new"),
    [
        ("xl/worksheets/sheet1.xml", b"G1:H1", b"G1:J1"),
        ("xl/worksheets/sheet1.xml", b"G1:H1", b"G1:K200000"),
        ("xl/workbook.xml", b'name="Sheet"', b'name="1/2 [a]"'),
    ],
    ids=["a heading over columns", "an area over the whole sheet", "a name that Excel forbids"],
)
def test_the_faults_of_a_strange_workbook_are_still_told(
    hall: None, headquarters: Desk, part: str, old: bytes, new: bytes
) -> None:
    bad_line = [2, "Lê Văn Dũng", "32/13/1990", "U01", "", "dự bị"]
    content = workbook([[*HEADING, "Ghi chú"], NEW_LINE, bad_line], merge=["G1:H1"])
    path = upload(headquarters, rewritten(content, part, old, new))

    answer = headquarters.get(f"{path}/loi.xlsx")

    sheet = load_workbook(BytesIO(answer.data)).worksheets[0]
    assert any("32/13/1990" in str(cell.value) for cell in list(sheet.rows)[2][6:])


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (b"rubbish", "a.xlsx", "không mở được như một tệp Excel"),
        (b"\xd0\xcf\x11\xe0", "a.xls", "lưu thành .xlsx"),
        (b"a;b\n1;2\n", "a.csv", "Không thấy hàng tiêu đề"),
    ],
)
def test_a_file_that_is_no_list_is_told_in_words(
    headquarters: Desk, content: bytes, name: str, words: str
) -> None:
    path = upload(headquarters, content, name)

    for answer in (headquarters.get(path), headquarters.post(path, do="import", seen="x")):
        assert answer.status_code == 422
        assert words in answer.text


def test_a_question_is_answered_on_the_page(hall: None, headquarters: Desk) -> None:
    upload_twins = workbook([HEADING, NEW_LINE, [2, "Lê Văn Cường", "1991", "U01", "", "dự bị"]])
    confirm(headquarters, upload(headquarters, upload_twins))
    path = upload(
        headquarters, workbook([HEADING, [1, "Lê Văn Cường", None, "U01", "Phó BT", "dự bị"]])
    )
    assert "Máy không đoán giữa hai người" in headquarters.get(path).text
    assert 'value="import"' not in headquarters.get(path).text

    confirm(headquarters, path, **{"p-1": "M00002"})

    assert people()["M00002"].position == "PHO_BI_THU"
    assert people()["M00001"].position == ""


def test_a_column_set_by_hand_is_remembered_for_the_next_list(
    hall: None, headquarters: Desk
) -> None:
    rows = [["STT", "Họ và tên", "Ban ngành", "Đảng viên"], [1, "Lê Văn Cường", "U01", ""]]
    path = upload(headquarters, workbook(rows))
    assert "chưa có đơn vị" in headquarters.get(path).text

    headquarters.post(path, do="preview", **{"b-ban nganh": "-", "c-ban nganh": "unit"})

    assert "Nhập 1 thay đổi" in headquarters.get(path).text
    assert "Nhập 1 thay đổi" in headquarters.get(upload(headquarters, workbook(rows))).text


def test_missing_people_are_ended_only_if_marked_and_are_in_no_new_roll(
    hall: None, headquarters: Desk, clock: FakeClock
) -> None:
    path = upload(
        headquarters, workbook([["Mã", "Họ và tên", "Đơn vị"], ["M1", "Mẫu Đức An", "U01"]])
    )
    assert "Mẫu Thu Ân" in headquarters.get(path).text

    confirm(headquarters, path, ended="M2")

    with reading() as c:
        assert "M2" not in {person.person for person in roster.list_people(c, at_ms=0)}
    assert people()["M2"].ended_why == "not_on_list"
    assert people()["S2"].ended_ms is None


def test_an_import_is_taken_back_while_nothing_newer_stands_on_it(
    hall: None, headquarters: Desk
) -> None:
    before = people()
    rows = [["Mã", *HEADING], ["M1", 1, "Mẫu Đức Anh", 1980, "U01", "", "dự bị"], ["", *NEW_LINE]]
    confirm(headquarters, upload(headquarters, workbook(rows)))
    [undo] = re.findall(
        r'action="/van-phong(/nguoi/danh-sach/[^"]+/hoan-tac)"',
        headquarters.get("/nguoi/danh-sach").text,
    )
    assert people() != before

    assert headquarters.post(undo).status_code == 302
    assert people() == before
    assert headquarters.post(undo).status_code == 422


def test_an_import_with_something_newer_on_it_stays(hall: None, headquarters: Desk) -> None:
    rows = [["Mã", "Họ và tên", "Đơn vị"], ["M1", "Mẫu Đức Anh", "U01"]]
    confirm(headquarters, upload(headquarters, workbook(rows)))
    [undo] = re.findall(
        r'action="/van-phong(/nguoi/danh-sach/[^"]+/hoan-tac)"',
        headquarters.get("/nguoi/danh-sach").text,
    )
    rows[1][1] = "Mẫu Đức Ánh"
    confirm(headquarters, upload(headquarters, workbook(rows)))

    answer = headquarters.post(undo)

    assert answer.status_code == 422
    assert "M1" in answer.text
    assert people()["M1"].full_name == "Mẫu Đức Ánh"


def test_what_somebody_else_changed_since_the_preview_is_seen_again(
    hall: None, headquarters: Desk
) -> None:
    path = upload(headquarters, workbook([HEADING, NEW_LINE]))
    seen = re.findall(r'name="seen" value="(\w+)"', headquarters.get(path).text)
    confirm(
        headquarters, upload(headquarters, workbook([HEADING, [1, "Lê Hai", 1991, "U01", "", ""]]))
    )

    headquarters.post(path, do="import", seen=seen[0])

    assert "Lê Văn Cường" not in {person.full_name for person in people().values()}
    assert "Hãy xem lại" in headquarters.get(path).text


def test_the_template_holds_todays_people_and_changes_nothing(
    hall: None, headquarters: Desk
) -> None:
    filled = headquarters.get("/nguoi/mau.xlsx?don-vi=U01").data

    assert "Không có gì thay đổi" in headquarters.get(upload(headquarters, filled)).text
    empty = headquarters.get("/nguoi/mau.xlsx?trong=1").data
    assert "dòng ví dụ" in headquarters.get(upload(headquarters, empty)).text


def test_a_demonstration_takes_in_real_people_only_after_a_plain_question(
    hall: None, headquarters: Desk
) -> None:
    write(lambda c: purpose.set_demonstration(c, True))
    path = upload(headquarters, workbook([HEADING, NEW_LINE]))
    assert "Cơ sở dữ liệu này là bản minh hoạ" in headquarters.get(path).text
    assert "Chưa nhập gì" in confirm(headquarters, path).text
    assert "M00001" not in people()

    fields = {"full_name": "Mẫu Mới", "membership": "NONE", "unit": "U01", "position": ""}
    answer = headquarters.post("/nguoi/them", birth_year="", code="", **fields)
    assert "Chưa nhập gì" in answer.text

    headquarters.post(path, do="preview", into_demonstration="on")
    assert 'name="into_demonstration" checked' in headquarters.get(path).text
    confirm(headquarters, path, into_demonstration="on")
    assert "M00001" in people()
    with reading() as c:
        assert not purpose.is_demonstration(c)


def test_namesakes_can_all_be_said_to_be_new_at_once(hall: None, headquarters: Desk) -> None:
    elsewhere = [["", name, "1/1/1980", "U02", "", "chính thức"] for name in
                 ("Mẫu Đức An", "Mẫu Thu Ân")]  # fmt: skip
    path = upload(headquarters, workbook([HEADING, *elsewhere]))
    before = len(people())
    page = headquarters.get(path).text
    assert page.count("<fieldset") >= 2
    confirm(headquarters, path, others_new="on")
    assert len(people()) == before + 2


def test_a_unit_under_an_unknown_name_is_chosen_once_for_all_its_lines(
    hall: None, headquarters: Desk
) -> None:
    name = "Chi bộ Haii, là đơn vị có tên dài hơn mọi tên khác trong cả danh sách của cơ quan này"
    lines = [["", f"Mẫu Thị {n}", "1/1/1970", name, "", "chính thức"] for n in ("Hoa", "Lan")]
    path = upload(headquarters, workbook([HEADING, *lines]))
    [field] = re.findall(r'<select name="(u-[^"]+)"', headquarters.get(path).text)

    headquarters.post(path, do="preview", **{field: "U99"})
    assert 'value="import"' not in headquarters.get(path).text
    confirm(headquarters, path, **{field: "U02"})

    assert [p.unit for p in people().values() if p.birth_year == 1970] == ["U02", "U02"]
    again = headquarters.get(upload(headquarters, workbook([HEADING, *lines]))).text
    assert '<option value="U02" selected>' in again  # the choice is remembered and can be changed
    assert "0 chỗ phải sửa" not in again
    assert "<div><dt>Không đổi</dt><dd>2</dd></div>" in again


def test_units_with_almost_the_name_are_offered_first(hall: None, headquarters: Desk) -> None:
    line = ["", "Mẫu Thị Hoa", "1/1/1970", "Chi bộ Haii", "", "chính thức"]
    page = headquarters.get(upload(headquarters, workbook([HEADING, line]))).text
    near = page.partition('<optgroup label="Tên gần giống">')[2].partition("</optgroup>")[0]
    assert re.findall(r'value="(\w+)"', near) == ["U02"]


def test_a_pdf_is_called_a_pdf(hall: None, headquarters: Desk) -> None:
    page = headquarters.get(upload(headquarters, b"%PDF-1.7 ...", "a.pdf")).text
    assert "là tệp PDF" in page


def test_units_and_halls_that_a_list_names_are_made_on_request(headquarters: Desk) -> None:
    text = (
        "Họ và tên;Đơn vị;Đảng viên;Điểm cầu\n"
        "Mẫu Một;Đảng bộ Xã Mới;x;Hội trường Xã Mới\n"
        "Mẫu Hai;Đảng bộ Xã Mới;x;Hội trường Xã Mới\n"
        "Mẫu Ba;Chi bộ Trạm Mới;x;\n"
    )
    uploaded = headquarters.post("/nguoi/danh-sach", file=(io.BytesIO(text.encode()), "a.csv"))
    path = uploaded.location.removeprefix("/van-phong")
    page = headquarters.get(path).text
    answers = dict.fromkeys(re.findall(r'<select name="([uh]-[^"]+)"', page), "+")
    assert sorted(answers) == ["h-Hội trường Xã Mới", "u-Chi bộ Trạm Mới", "u-Đảng bộ Xã Mới"]

    assert headquarters.post(path, do="make", **answers).status_code == 302

    page = headquarters.get(path).text
    assert "Đã lập 2 đơn vị và 2 điểm cầu" in page
    [seen] = re.findall(r'name="seen" value="(\w+)"', page)
    headquarters.post(path, do="import", seen=seen)
    with reading() as c:
        units = {code: unit.name for code, unit in directory.all_units(c).items()}
        halls = {code: point.name for code, point in directory.points(c).items()}
        people = {person.full_name: person for person in roster.list_people(c, at_ms=0)}
    assert units[people["Mẫu Ba"].unit] == "Chi bộ Trạm Mới"
    assert halls[people["Mẫu Hai"].point] == "Hội trường Xã Mới"
    assert "Điểm cầu Chi bộ Trạm Mới" in halls.values()
    assert "Điểm cầu Đảng bộ Xã Mới" not in halls.values()


def test_all_similar_names_are_accepted_by_one_tick_and_remembered(
    hall: None, headquarters: Desk
) -> None:
    for code, name in (("P801", "Trung tâm Văn hoá"), ("P802", "Nhà khách Sông Lô")):
        point = PointSummary(code, f"Điểm cầu {name}", "U01", "ADMIN_AGENCY")
        write(partial(directory.put_point, point=point))
    text = (
        "Họ và tên;Năm sinh;Đơn vị;Đảng viên;Điểm cầu\n"
        "Mẫu Một;1970;U01;x;Hội trường tầng 5 Trung tâm Văn hoá\n"
        "Mẫu Hai;1970;U01;x;Phòng 2, Nhà khách Sông Lô\n"
    ).encode()
    first, second = (upload(headquarters, text, "a.csv") for _ in range(2))
    page = headquarters.get(first).text
    near = dict(re.findall(r'name="(nh-[^"]+)" value="([^"]+)"', page))
    unanswered = {name.removeprefix("n"): "" for name in near}
    assert len(near) == 2
    assert "Hội trường tầng 5 Trung tâm Văn hoá → Điểm cầu Trung tâm Văn hoá" in page

    confirm(headquarters, first, **unanswered, **near, **{"near-points": "on"})

    usual = {p.full_name: p.point for p in people().values() if p.point}
    assert usual == {
        "Mẫu Một": near["nh-Hội trường tầng 5 Trung tâm Văn hoá"],
        "Mẫu Hai": near["nh-Phòng 2, Nhà khách Sông Lô"],
    }
    assert "<div><dt>Không đổi</dt><dd>2</dd></div>" in headquarters.get(second).text
