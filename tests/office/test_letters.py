"""Test summonses, certificates of attendance, and the report on several conferences."""

import io
from pathlib import Path

import pytest
from flask import Flask
from openpyxl import load_workbook

from sync_server.database import reading
from sync_server.reports import verify
from sync_server.reports.making import Format
from tests.conftest import Persona
from tests.factories import MEETING
from tests.office.desk import Desk
from tests.office.report_files import parts_of

LIST = f"/hoi-nghi/{MEETING}/danh-sach"


def text_of(headquarters: Desk, query: str, status: int = 200) -> str:
    answer = headquarters.get(f"{LIST}?{query}")
    assert answer.status_code == status
    return " ".join(parts_of(answer.data))


def test_a_summons_names_a_person_or_a_unit_with_a_list(hall: None, headquarters: Desk) -> None:
    one = text_of(headquarters, "loai=summons&nguoi=M1&dang=html")
    assert "Kính gửi: đồng chí Mẫu Đức An" in one
    assert "Địa điểm: Điểm cầu Một." in one
    assert "Mẫu Thu Ân" not in one
    assert "-GTT/" in one
    unit = text_of(headquarters, "loai=summons&don-vi=U02&dang=html")
    assert "Triệu tập 2 đồng chí có tên trong danh sách kèm theo." in unit
    assert "Mẫu Thị Yến" in unit
    assert "Mẫu Đức An" not in unit
    assert "Mẫu Đức An" in text_of(headquarters, "loai=summons&diem-cau=P001&dang=docx")


def test_a_certificate_is_for_who_attended(after: Persona, headquarters: Desk) -> None:
    letter = text_of(headquarters, "loai=certificate&nguoi=M1&dang=html")
    assert "Xác nhận đồng chí Mẫu Đức An" in letter
    assert "dự trực tiếp tại điểm cầu" in letter
    assert "Giờ đến: 07:50" in letter
    assert "LƯU HÀNH NỘI BỘ" not in letter  # the letter goes to the person it names
    absent = text_of(headquarters, "loai=certificate&nguoi=M2", 409)
    assert "giấy xác nhận chỉ ghi người có mặt" in absent
    assert "M9" in text_of(headquarters, "loai=summons&nguoi=M9", 409)
    page = headquarters.get("/nguoi/M1?nam=2024").text
    assert "loai=certificate" in page
    assert "loai=certificate" not in headquarters.get("/nguoi/M2?nam=2024").text


@pytest.mark.parametrize("query", ["loai=certificate&nguoi=M1", "loai=summons&don-vi=U02"])
def test_letters_can_be_verified(after: Persona, headquarters: Desk, query: str) -> None:
    for file_format in ("docx", "xlsx", "pdf"):
        content = headquarters.get(f"{LIST}?{query}&dang={file_format}").data
        with reading() as c:
            verdict = verify.verify(c, content)
        assert verdict.is_equal, verdict.differences


@pytest.mark.parametrize("file_format", ["docx", "xlsx", "pdf"])
def test_the_report_of_a_year_adds_up_and_verifies(
    after: Persona, headquarters: Desk, file_format: Format
) -> None:
    content = headquarters.get(f"/xu-huong/bao-cao?nam=2024&dang={file_format}").data
    text = " ".join(" ".join(parts_of(content)).split())
    assert "Triệu tập 6 lượt người; có mặt 2 (33,3%)" in text
    assert "các hội nghị năm 2024" in text
    with reading() as c:
        verdict = verify.verify(c, content)
    assert verdict.is_equal, verdict.differences
    answer = headquarters.post(
        f"/hoi-nghi/{MEETING}/bao-cao/kiem-lai", file=(io.BytesIO(content), "a")
    )
    assert "phần soạn từ số liệu đúng" in answer.text


def test_a_changed_digit_in_the_report_of_a_year_is_found(
    after: Persona, headquarters: Desk
) -> None:
    book = load_workbook(io.BytesIO(headquarters.get("/xu-huong/bao-cao?nam=2024&dang=xlsx").data))
    sheet = book["Biểu 3"]
    assert sheet.cell(4, 7).value == 2  # the number of people present at P001
    sheet.cell(4, 7).value = 4
    out = io.BytesIO()
    book.save(out)
    with reading() as c:
        assert not verify.verify(c, out.getvalue()).is_equal


def test_a_report_is_on_the_conferences_that_were_ticked(
    after: Persona, headquarters: Desk, chair: Desk
) -> None:
    at = "/xu-huong/bao-cao?dang=html"
    assert "Đã tổ chức 1 hội nghị" in headquarters.get(f"{at}&hoi-nghi={MEETING}").text
    assert headquarters.get(f"{at}&hoi-nghi=khong-co").status_code == 404
    assert "hãy chọn từ 1 đến 60" in headquarters.get(f"{at}&nam=2023").text
    assert chair.get(f"{at}&nam=2024").status_code == 403


def test_the_terminal_writes_the_report_of_a_year(
    app: Flask, after: Persona, tmp_path: Path
) -> None:
    run = app.test_cli_runner().invoke
    run(args=["db", "stamp", "head"])
    done = run(args=["report", "year", "2024", "--format", "html", "--out", str(tmp_path / "ra")])
    assert done.exit_code == 0, done.output
    [file] = (tmp_path / "ra").iterdir()
    assert "Đã tổ chức 1 hội nghị" in file.read_text("utf-8")
    assert "2023" in run(args=["report", "year", "2023"]).output


def test_a_report_is_on_finished_conferences_that_somebody_chose(
    hall: None, headquarters: Desk
) -> None:
    none_ticked = headquarters.get("/xu-huong/bao-cao?nam=2024&chon=1")
    assert "hãy chọn từ 1 đến 60" in none_ticked.text
    still_on = headquarters.get(f"/xu-huong/bao-cao?hoi-nghi={MEETING}")
    assert "chưa kết thúc" in still_on.text


def test_a_unit_s_summons_says_to_whom_and_where(hall: None, headquarters: Desk) -> None:
    unit = text_of(headquarters, "loai=summons&don-vi=U02&dang=html")
    assert unit.index("Kính gửi: ") < unit.index("Triệu tập 2 đồng chí")
    assert "Địa điểm: Điểm cầu Hai." in unit
    assert "Số liệu tính đến" not in unit  # only a report has this line
