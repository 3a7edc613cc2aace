"""Test that reports are made, exported and verified, and that only internal files name people."""

import io
import re
import zipfile
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import docx
import pytest
from docx.oxml import parse_xml
from flask import Flask
from msgspec.structs import replace
from openpyxl import load_workbook
from pypdf import PdfReader, PdfWriter
from pypdf.annotations import FreeText

from sync_server.database import reading
from sync_server.domain.records.codes import to_ms
from sync_server.domain.records.permissions import Profile
from sync_server.reports import making, pdf_file, snapshot, verify
from sync_server.reports.making import Format
from sync_server.reports.spec import ReportSpec
from sync_server.reports.tables import tables_of
from sync_server.storage import remarks, reports
from tests.conftest import FakeClock, Persona
from tests.factories import MEETING, draft
from tests.office.conftest import NAMES
from tests.office.desk import ROLE_ACCOUNTS, Desk, desk_of
from tests.office.report_files import PAGE, export, make, parts_of
from tests.sheets.sheets import rewritten

WORDS = {
    "parent": "Tỉnh uỷ minh hoạ",
    "organisation_name": "Đảng uỷ Khối minh hoạ",
    "symbol": "ĐUK",
    "place": "Hoà Bình",
    "body": "BAN THƯỜNG VỤ",
    "recipients": "Thường trực Tỉnh uỷ\nBan Tổ chức",
    "spelling": "ủy",
}
FILES: tuple[Format, ...] = ("docx", "xlsx", "pdf")


def test_a_report_says_what_the_ledger_says_in_every_format(
    after: Persona, headquarters: Desk
) -> None:
    headquarters.post("/to-chuc", **WORDS)
    report_id = make(headquarters)

    for file_format in (*FILES, "html"):
        text = " ".join(parts_of(export(headquarters, report_id, file_format)))
        plain = re.sub(r"<[^>]+>", "", text)
        assert "Triệu tập 6 đồng chí; có mặt 2 đồng chí (33,3%)" in " ".join(plain.split())
        assert "đi công tác 1" in " ".join(plain.split())
    word = docx.Document(io.BytesIO(export(headquarters, report_id, "docx")))
    head = "\n".join(cell.text for cell in word.tables[0].rows[0].cells)
    assert "TỈNH ỦY MINH HỌA\nĐẢNG ỦY KHỐI MINH HỌA\n*\nSố        -BC/ĐUK" in head
    assert "ĐẢNG CỘNG SẢN VIỆT NAM\nHòa Bình, ngày … tháng … năm 2024" in head
    section = word.sections[0]
    margins = (section.top_margin, section.bottom_margin, section.left_margin, section.right_margin)
    assert [round(margin.mm) for margin in margins if margin] == [20, 20, 30, 15]
    book = load_workbook(io.BytesIO(export(headquarters, report_id, "xlsx")))
    total = [cell.value for cell in book["Biểu 1"][6]]
    assert total[1] == "Cộng"
    assert total[4:6] == ["=SUM(E4:E5)", "=SUM(F4:F5)"]


def test_a_pdf_is_tagged_and_numbers_its_pages_from_the_second(
    after: Persona, headquarters: Desk
) -> None:
    reader = PdfReader(io.BytesIO(export(headquarters, make(headquarters), "pdf")))
    root: Any = reader.trailer["/Root"]
    assert b"<pdfuaid:part>1</pdfuaid:part>" in root["/Metadata"].get_data()
    assert root["/MarkInfo"]["/Marked"]
    assert "/StructTreeRoot" in root
    assert root["/Lang"] == "vi"
    assert "/Table" in str(_structure(root["/StructTreeRoot"]))
    first, second = (page.extract_text().splitlines() for page in reader.pages[:2])
    assert "1" not in first
    assert "2" in second
    assert set(reader.attachments) >= {"bao-cao.json", "bieu-1.csv", "bieu-2.csv"}


def _structure(element: Any, depth: int = 0) -> list[Any]:
    kids = element.get("/K", []) if hasattr(element, "get") else []
    kids = kids if isinstance(kids, list) else [kids]
    found = [element.get("/S")] if hasattr(element, "get") else []
    if depth < 8:
        for kid in kids:
            kid = kid.get_object() if hasattr(kid, "get_object") else kid
            found += _structure(kid, depth + 1)
    return found


@pytest.mark.parametrize("file_format", FILES)
def test_the_same_report_is_the_same_file_and_verifies(
    after: Persona, headquarters: Desk, file_format: Format
) -> None:
    report_id = make(headquarters)
    content = export(headquarters, report_id, file_format)
    assert export(headquarters, report_id, file_format) == content
    with reading() as c:
        verdict = verify.verify(c, content)
    assert verdict.is_equal, verdict.differences
    page = headquarters.post(f"{PAGE}/kiem-lai", file=(io.BytesIO(content), "a")).text
    assert "phần soạn từ số liệu đúng" in page


def made_spec(headquarters: Desk) -> ReportSpec:
    """Make an evaluation report on the office's web pages; return its stored data."""
    report_id = make(headquarters)
    with reading() as c:
        stored = reports.find(c, report_id)
    assert stored
    return making.spec_of(stored)


@pytest.mark.parametrize("file_format", FILES)
def test_one_changed_digit_is_found(
    after: Persona, headquarters: Desk, file_format: Format
) -> None:
    spec = made_spec(headquarters)
    with reading() as c:
        counts = replace(spec.figures.totals, present=spec.figures.totals.present + 1)
        forged = replace(spec, figures=replace(spec.figures, totals=counts))
        verdict = verify.verify(c, making.write(forged, file_format))
        assert "Cộng, Có mặt: tệp ghi 3, sổ cho 2." in verdict.differences
        seen = making.write(replace(spec, sections={"tasks": "Đã sửa."}), file_format)
        assert verify.verify(c, seen).differences == [
            "Mục «Nhiệm vụ, giải pháp» khác với báo cáo lần 1 đã lưu."
        ]


def test_a_digit_changed_in_the_document_alone_is_found(after: Persona, headquarters: Desk) -> None:
    content = export(headquarters, make(headquarters), "docx")
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(out, "w") as forged:
        for name in source.namelist():
            part = source.read(name)
            if name == "word/document.xml":
                part = part.replace(
                    "Triệu tập 6 đồng chí".encode(), "Triệu tập 7 đồng chí".encode()
                )
            forged.writestr(name, part)
    with reading() as c:
        [difference] = verify.verify(c, out.getvalue()).differences
    assert "Triệu tập 7 đồng chí" in difference


W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
FORGED = "<w:p><w:r><w:t>Câu thêm vào</w:t></w:r></w:p>"


def forge_paragraph(word: Any) -> None:
    """Add a paragraph inside a content control (a field) to a Word document, as a forger might.

    The library python-docx does not list such a paragraph.
    """
    word.element.body.insert(
        0, parse_xml(f"<w:sdt {W}><w:sdtContent>{FORGED}</w:sdtContent></w:sdt>")
    )


def forge_text_box(word: Any) -> None:
    box = f"<w:r {W}><w:pict><w:txbxContent>{FORGED}</w:txbxContent></w:pict></w:r>"
    word.paragraphs[0]._p.append(parse_xml(box))


def forge_table(word: Any) -> None:
    """Add a table without borders to a Word file, as a forger might do to add a sentence."""
    word.add_table(rows=1, cols=1).rows[0].cells[0].text = "Câu thêm vào"


def forge_footer(word: Any) -> None:
    word.sections[0].footer.paragraphs[0].text = "Câu thêm vào"


def hide_sentence(word: Any) -> None:
    run = next(p for p in word.paragraphs if "Triệu tập 6" in p.text).runs[0]
    run.font.hidden = True


@pytest.mark.parametrize(
    "forge", [forge_paragraph, forge_text_box, forge_table, forge_footer, hide_sentence]
)
def test_what_a_reader_sees_is_what_is_verified(
    after: Persona, headquarters: Desk, forge: Callable[[Any], None]
) -> None:
    word = docx.Document(io.BytesIO(export(headquarters, make(headquarters), "docx")))
    forge(word)
    out = io.BytesIO()
    word.save(out)

    with reading() as c:
        differences = verify.verify(c, out.getvalue()).differences

    assert differences
    assert any("Câu thêm vào" in text or "Triệu tập 6" in text for text in differences)


def test_a_text_changed_in_the_document_and_in_its_source_is_found(
    after: Persona, headquarters: Desk
) -> None:
    headquarters.post(f"/hoi-nghi/{MEETING}/chat-luong", limits="Còn 12 việc")
    content = export(headquarters, make(headquarters), "docx")
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(out, "w") as forged:
        for name in source.namelist():
            part = source.read(name)
            forged.writestr(name, part.replace("Còn 12 việc".encode(), "Còn 11 việc".encode()))

    with reading() as c:
        verdict = verify.verify(c, out.getvalue())
        genuine = verify.verify(c, content)

    assert verdict.differences == ["Mục «Hạn chế» khác với báo cáo lần 1 đã lưu."]
    assert genuine.is_equal
    assert genuine.is_original
    assert genuine.written_sections == ["Hạn chế"]


def test_a_number_that_the_draft_lacks_is_pointed_out(after: Persona, headquarters: Desk) -> None:
    answer = headquarters.post(
        f"/hoi-nghi/{MEETING}/chat-luong", limits="Ngày 22/8/2024, 4.571 đồng chí dự"
    )
    page = headquarters.get(answer.location.removeprefix("/van-phong")).text
    assert "Mục «Hạn chế» có số không có trong bản soạn từ số liệu: 4.571." in page


def test_a_hall_that_did_not_report_has_no_zeros(after: Persona, headquarters: Desk) -> None:
    spec = made_spec(headquarters)
    figures = spec.figures
    silent = replace(figures.halls[0], is_reported=False)
    changed = replace(spec, figures=replace(figures, halls=(silent, *figures.halls[1:])))

    [table, *_] = tables_of(changed)

    assert table.rows[0][5:-1] == ["–"] * (len(table.rows[0]) - 6)
    assert table.rows[0][4] == silent.counts.summoned


def test_another_source_of_figures_is_found(after: Persona, headquarters: Desk) -> None:
    spec = made_spec(headquarters)
    with reading() as c:
        halls = dict(list(spec.basis.halls.items())[1:])
        forged = replace(spec, basis=replace(spec.basis, halls=halls), changes=("Có mặt 2 → 9.",))
        computed = replace(forged, figures=snapshot.take_again(c, forged.basis).figures)
        verdict = verify.verify(c, making.write(computed, "docx"))
        unknown = verify.verify(c, making.write(replace(spec, revision=7), "docx"))

    assert "Nguồn số liệu mang trong tệp khác với báo cáo lần 1 đã lưu." in verdict.differences
    assert "Hội nghị này không có báo cáo lần 7 đã lưu." in unknown.differences


def test_a_note_laid_over_a_pdf_is_found(after: Persona, headquarters: Desk) -> None:
    writer = PdfWriter(io.BytesIO(export(headquarters, make(headquarters), "pdf")))
    note = FreeText(text="Câu thêm vào", rect=(50, 50, 200, 100))
    writer.add_annotation(page_number=0, annotation=note)
    out = io.BytesIO()
    writer.write(out)

    with reading() as c:
        [difference] = verify.verify(c, out.getvalue()).differences

    assert "Câu thêm vào" in difference


def test_a_late_record_leaves_the_report_true_and_makes_the_next_revision_say_so(
    after: Persona, headquarters: Desk
) -> None:
    content = export(headquarters, make(headquarters), "xlsx")
    body = {"mode": "in_person", "happened_at": "2024-08-22T00:20:00.000Z"}
    after.sync(draft("check_in", 60, person="S2", seq=5, body=body))
    with reading() as c:
        verdict = verify.verify(c, content)
    assert verdict.is_equal
    assert verdict.later == 1

    make(headquarters)
    page = headquarters.get(PAGE).text
    assert "Tổng: có mặt 2 → 3; chưa điểm danh 3 → 2." in page
    assert "Điểm cầu Một: có mặt 2 → 3; chưa điểm danh 3 → 2" in page or "Một: có mặt 2 → 3" in page


def test_files_of_others_are_told_apart(after: Persona, headquarters: Desk) -> None:
    make(headquarters)
    with reading() as c:
        stored = reports.latest(c, MEETING, "evaluation")
        assert stored
        spec = making.spec_of(stored)
        foreign = replace(spec, basis=replace(spec.basis, epoch="e-khac"))
        [difference] = verify.verify(c, making.write(foreign, "docx")).differences
    assert "cơ sở dữ liệu khác" in difference
    for content in (b"rubbish", b"%PDF-1.7 rubbish", b"PK\x03\x04 word/document.xml"):
        answer = headquarters.post(f"{PAGE}/kiem-lai", file=(io.BytesIO(content), "a.docx"))
        assert answer.status_code == 422
        assert "không phải báo cáo" in answer.text


@pytest.mark.parametrize("kind", ["quick", "evaluation"])
def test_no_person_is_in_a_file_that_is_not_internal(
    after: Persona, headquarters: Desk, kind: str
) -> None:
    report_id = make(headquarters, kind)
    for file_format in (*FILES, "html", "zip"):
        text = " ".join(parts_of(export(headquarters, report_id, file_format)))
        text = re.sub(r'\br(?:ef)?="[A-Z0-9:]+"', "", text)  # references such as A1 look like codes
        assert not [name for name, _, _ in NAMES.values() if name in text]
        assert not [code for code in NAMES if re.search(rf"\b{code}\b", text)]


def test_names_come_only_in_internal_files_and_every_export_is_logged(
    app: Flask, after: Persona, headquarters: Desk
) -> None:
    report_id = make(headquarters)
    internal = " ".join(parts_of(export(headquarters, report_id, "docx", "?noi-bo=1")))
    assert "Mẫu Thu Ân" in internal
    assert "LƯU HÀNH NỘI BỘ" in internal
    propaganda = desk_of(app, ROLE_ACCOUNTS[Profile.PROPAGANDA])
    assert propaganda.get(f"{PAGE}/{report_id}/docx").status_code == 200
    assert propaganda.get(f"{PAGE}/{report_id}/docx?noi-bo=1").status_code == 403
    assert propaganda.get(f"/hoi-nghi/{MEETING}/danh-sach?loai=presence").status_code == 403
    log = headquarters.get("/nhat-ky").text
    assert f"bao-cao-danh-gia-{MEETING}-lan-1-noi-bo.docx" in log
    assert f"bao-cao-danh-gia-{MEETING}-lan-1.docx" in log


def test_minutes_and_a_presence_list_name_the_hall_s_people(
    after: Persona, headquarters: Desk
) -> None:
    def fetch(query: str) -> str:
        answer = headquarters.get(f"/hoi-nghi/{MEETING}/danh-sach?{query}&dang=html")
        assert answer.status_code == 200
        return answer.text

    minutes = fetch("loai=minutes&diem-cau=P001")
    assert "BIÊN BẢN" in minutes
    assert "Chủ trì: Bí thư, Mẫu Văn Bình, từ 07:26." in minutes
    assert "Danh sách của điểm cầu chưa được chốt." in minutes
    assert "-BB/" in minutes
    assert "T/M" not in minutes
    assert "P002:" not in minutes
    assert "Mẫu Đức An" in minutes
    assert "Mẫu Thị Yến" not in minutes
    assert "Mẫu Thị Yến" in fetch("loai=presence")
    closed = draft("closing", 200, person="S1", seq=5)
    assert after.sync(closed, meeting=MEETING)["verdicts"][0]["status"] == "stored"
    minutes = fetch("loai=minutes&diem-cau=P001")
    assert "Danh sách được chốt lúc 10:20 ngày 22/8/2024; người xác nhận: Mẫu Văn Bình." in minutes
    unpicked = headquarters.get(f"/hoi-nghi/{MEETING}/danh-sach?loai=minutes")
    assert "Hãy chọn một điểm cầu" in unpicked.text


def test_the_feedback_of_halls_is_shown_and_counted_in_the_draft(
    after: Persona, headquarters: Desk
) -> None:
    body = {"ratings": {"sound": "poor", "content": "good"}, "practice": "Phát tài liệu <trước>"}
    after.sync(draft("feedback", 210, seq=5, body=body), meeting=MEETING)

    page = headquarters.get(f"/hoi-nghi/{MEETING}/chat-luong").text
    assert "Phát tài liệu &lt;trước&gt;" in page
    assert "Có 1 điểm cầu gửi góp ý. Đánh giá: nội dung: 1 tốt" in page
    hall = headquarters.get(f"/hoi-nghi/{MEETING}/diem-cau/P001").text
    assert "Chưa đạt" in hall
    assert "Phát tài liệu &lt;trước&gt;" in hall


def test_a_draft_follows_the_figures_until_it_is_edited(after: Persona, headquarters: Desk) -> None:
    page = headquarters.get(f"/hoi-nghi/{MEETING}/chat-luong").text
    assert "Triệu tập 6 đồng chí; có mặt 2" in page
    fields = {"numbers": "Dự đông đủ.", "seen numbers": ""}
    headquarters.post(f"/hoi-nghi/{MEETING}/chat-luong", **fields)
    text = " ".join(parts_of(export(headquarters, make(headquarters), "docx")))
    assert "Dự đông đủ." in text
    assert "Triệu tập 6 đồng chí" not in text
    after.sync(draft("check_in", 60, person="S2", seq=5))
    page = headquarters.get(f"/hoi-nghi/{MEETING}/chat-luong").text
    assert "Số liệu đã đổi từ khi viết" in page


def test_a_draft_that_changed_while_the_page_was_open_is_no_edit(
    hall: None, headquarters: Desk, clock: FakeClock
) -> None:
    clock.now_ms = to_ms("2024-08-22T01:15:00.000Z")  # during the meeting the draft states the time
    page = headquarters.get(f"/hoi-nghi/{MEETING}/chat-luong").text
    fields = dict(re.findall(r'name="((?:seen|draft) \w+)" value="([^"]*)"', page))
    fields |= {name: unescape(text) for name, text in
               re.findall(r'<textarea name="(\w+)"[^>]*>([^<]*)</textarea>', page)}  # fmt: skip
    assert "Số liệu tính đến 08:15" in fields["organisation"]
    clock.now_ms += 60_000
    headquarters.post(f"/hoi-nghi/{MEETING}/chat-luong", **{**fields, "limits": "Một số vào muộn."})
    with reading() as c:
        assert list(remarks.latest(c, MEETING)) == ["limits"]


def test_the_text_to_copy_has_totals_only(after: Persona, headquarters: Desk) -> None:
    page = headquarters.get(PAGE).text
    assert "Triệu tập: 6\nCó mặt: 2 (33,3%)" in page
    assert "Điểm cầu: 2; đã kết nối 1; đã báo cáo 1; chưa báo cáo 1" in page
    assert not [name for name, _, _ in NAMES.values() if name in page]


def test_the_terminal_writes_and_verifies(
    app: Flask, after: Persona, headquarters: Desk, tmp_path: Path
) -> None:
    run = app.test_cli_runner().invoke
    run(args=["db", "stamp", "head"])
    done = run(args=["report", MEETING, "--kind", "danh-gia", "--out", str(tmp_path / "ra")])
    assert done.exit_code == 0, done.output
    files = sorted((tmp_path / "ra").iterdir())
    assert [file.suffix for file in files] == [".docx", ".pdf", ".xlsx"]
    for file in files:
        done = run(args=["report", "verify", str(file)])
        assert done.exit_code == 0, done.output
        assert "Khớp" in done.output
    done = run(args=["report", "khong-co"])
    assert done.exit_code == 1
    assert "khong-co" in done.output
    (tmp_path / "x.docx").write_bytes(b"rubbish")
    assert run(args=["report", "verify", str(tmp_path / "x.docx")]).exit_code == 1


def test_a_pdf_that_fails_or_takes_too_long_says_so_and_the_other_files_come(
    after: Persona, headquarters: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    report_id = make(headquarters)
    broken = tmp_path / "broken.py"
    broken.write_text("raise MemoryError('no memory')")
    monkeypatch.setattr(pdf_file, "TYPESETTER", broken)
    answer = headquarters.get(f"{PAGE}/{report_id}/pdf")
    assert answer.status_code == 422
    assert "no memory" in answer.text
    monkeypatch.setattr(pdf_file, "TYPESETTING_S", 0.001)
    answer = headquarters.get(f"{PAGE}/{report_id}/pdf")
    assert answer.status_code == 422
    assert "dàn trang quá" in answer.text
    assert export(headquarters, report_id, "docx")


@pytest.mark.parametrize("letter", ["中", "😀", "#x[*_$\\", "\u202e", "\u0301", "\ue000"])
def test_a_letter_that_no_font_has_does_not_stop_a_pdf(
    after: Persona, headquarters: Desk, letter: str
) -> None:
    headquarters.post(f"/hoi-nghi/{MEETING}/chat-luong", remark_proposals=f"Gửi {letter} sớm.")
    content = export(headquarters, make(headquarters), "pdf")
    assert PdfReader(io.BytesIO(content)).trailer["/Root"]["/MarkInfo"]["/Marked"]  # type: ignore[index]


def test_number_day_and_signer_are_printed_where_they_are_given_and_blank_elsewhere(
    after: Persona, headquarters: Desk
) -> None:
    headquarters.post("/to-chuc", **WORDS)
    report_id = make(headquarters)
    unsigned = export(headquarters, report_id, "docx")
    signed = {"document_number": "05", "signed_day": "2026-02-03", "signer": "Người Ký Minh Hoạ",
              "office": "PHÓ BÍ THƯ"}  # fmt: skip
    assert headquarters.post(f"{PAGE}/{report_id}/ky", **signed).status_code == 302
    for file_format in ("docx", "pdf", "html"):
        text = " ".join(" ".join(parts_of(export(headquarters, report_id, file_format))).split())
        assert "Số 05-BC/ĐUK" in text
        assert "Hòa Bình, ngày 03 tháng 02 năm 2026" in text
        assert "PHÓ BÍ THƯ Người Ký Minh Họa" in text.replace("<w:p>", "") or file_format != "pdf"
        assert "Người Ký Minh Họa" in text
    for content in (unsigned, export(headquarters, report_id, "pdf")):
        with reading() as c:
            assert verify.verify(c, content).is_equal
    headquarters.post(f"{PAGE}/{report_id}/ky", **{**signed, "document_number": "06"})
    with reading() as c:
        [difference] = verify.verify(c, content).differences
    assert difference.startswith("Số, ngày ký hoặc người ký trong tệp (05, 2026-02-03,")
    headquarters.post(f"{PAGE}/{report_id}/ky", **signed)
    assert "ngày … tháng … năm 2024" in " ".join(
        parts_of(export(headquarters, make(headquarters), "html"))
    )
    wrong_days = [{"signed_day": day} for day in ("2026-02-30", "03/02/2026", "1999-12-31")]
    too_early = {"signed_day": "2024-08-21"}
    for fields in (*wrong_days, too_early, {"document_number": "05/BC"}):
        answer = headquarters.post(f"{PAGE}/{report_id}/ky", **fields)
        assert answer.status_code == 422
    assert "trước ngày của số liệu" in headquarters.post(f"{PAGE}/{report_id}/ky", **too_early).text
    assert "Số 05-BC" in "".join(parts_of(export(headquarters, report_id, "html")))


def test_the_tables_come_as_csv(after: Persona, headquarters: Desk) -> None:
    content = export(headquarters, make(headquarters), "zip")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.namelist() == ["bieu-1.csv", "bieu-2.csv", "bieu-3.csv"]
        table = archive.read("bieu-1.csv").decode("utf-8-sig").splitlines()
    assert table[0].startswith("TT;Điểm cầu;Loại hình;Chủ trì;Triệu tập;Có mặt")
    assert table[-1].startswith(";Cộng;;;6;2;1;0;3;33,3%")


def test_a_chair_fetches_the_minutes_of_the_own_hall_only(
    after: Persona, headquarters: Desk, chair: Desk
) -> None:
    at = f"/hoi-nghi/{MEETING}/diem-cau"
    assert f"{at}/P001/bien-ban" in chair.get(f"{at}/P001").text
    content = chair.get(f"{at}/P001/bien-ban").data
    assert "Mẫu Đức An" in " ".join(parts_of(content))
    assert chair.get(f"{at}/P002/bien-ban").status_code == 403


def test_what_a_clerk_fills_in_by_hand_changes_nothing_that_is_verified(
    after: Persona, headquarters: Desk
) -> None:
    headquarters.post("/to-chuc", **WORDS)
    word = docx.Document(io.BytesIO(export(headquarters, make(headquarters), "docx")))
    for paragraph in word.tables[0].rows[0].cells[0].paragraphs:
        for run in paragraph.runs:
            run.text = run.text.replace("Số        -BC", "Số 12-BC")
    out = io.BytesIO()
    word.save(out)
    with reading() as c:
        verdict = verify.verify(c, out.getvalue())
    assert verdict.is_equal
    assert not verdict.is_original


def test_recorded_tasks_stand_in_the_report_whatever_is_written(
    after: Persona, headquarters: Desk
) -> None:
    task = {"do": "task", "point_code": "P001", "item": "Mua máy phát điện", "person": ""}
    headquarters.post(f"/hoi-nghi/{MEETING}/viec", **task)
    words = {"tasks": "Tiếp tục quán triệt.", "seen tasks": ""}
    headquarters.post(f"/hoi-nghi/{MEETING}/chat-luong", **words)
    text = " ".join(parts_of(export(headquarters, make(headquarters), "docx")))
    assert "Tiếp tục quán triệt." in text
    assert "Biểu 4. Việc sau hội nghị" in text
    assert "Mua máy phát điện" in text


def test_the_page_to_print_may_use_its_own_styles(after: Persona, headquarters: Desk) -> None:
    answer = headquarters.get(f"{PAGE}/{make(headquarters)}/html")
    assert "style-src 'unsafe-inline'" in answer.headers["Content-Security-Policy"]
    assert "script" not in answer.headers["Content-Security-Policy"]


def test_the_conferences_of_a_year_stand_beside_each_other(
    after: Persona, headquarters: Desk, chair: Desk
) -> None:
    page = headquarters.get("/xu-huong?nam=2024").text
    assert "Hội nghị thử" in page
    assert '<td class="n" data-label="Đã báo cáo">1/2</td>' in page
    assert '<td class="n" data-label="Tỷ lệ">33,3\u00a0%</td>' in page
    table = headquarters.get("/xu-huong/bang.csv?nam=2024").data.decode("utf-8-sig")
    assert table.splitlines()[1].startswith("Hội nghị thử;22/08/2024;2;1;6;2;33,3 %;")
    assert "chưa có hội nghị nào" in headquarters.get("/xu-huong?nam=2023").text
    assert chair.get("/xu-huong").status_code == 403


def test_totals_come_as_open_data_without_small_numbers(
    after: Persona, headquarters: Desk, chair: Desk
) -> None:
    data = headquarters.get(f"{PAGE}/du-lieu-mo/json").get_json()
    assert data["meeting"]["id"] == MEETING
    assert data["rows"][0]["summoned"] == 6
    assert data["rows"][0]["present"] is None  # 2 people are too few to publish
    table = headquarters.get(f"{PAGE}/du-lieu-mo/csv").data.decode("utf-8-sig").splitlines()
    assert table[0].startswith("unit_type;halls;reported;summoned;present")
    assert headquarters.get(f"{PAGE}/du-lieu-mo/xlsx").status_code == 404
    assert chair.get(f"{PAGE}/du-lieu-mo/json").status_code == 403


def test_the_detailed_register_says_what_was_excused_and_why_to_those_who_may_know(
    app: Flask, after: Persona, headquarters: Desk, chair: Desk
) -> None:
    table = headquarters.get("/don-vi/U01/so-chi-tiet.csv?nam=2024").data.decode("utf-8-sig")
    rows = {row.split(";")[0]: row.split(";") for row in table.splitlines()}
    assert rows["M2"][5] == "Vắng có lý do"
    assert rows["M2"][9] == "Đi công tác"
    assert rows["M1"][5:8] == ["Có mặt", "07:50", "11:00"]
    secretary = desk_of(app, ROLE_ACCOUNTS[Profile.SECRETARY])
    assert "Đi công tác" in secretary.get("/don-vi/U01/so-chi-tiet.csv?nam=2024").text
    assert secretary.get("/don-vi/U02/so-chi-tiet.csv?nam=2024").status_code == 403
    log = headquarters.get("/nhat-ky").text
    assert "M2" in log


def test_a_file_that_lost_its_source_is_told_from_one_that_is_no_report(
    after: Persona, headquarters: Desk
) -> None:
    out = io.BytesIO()
    docx.Document().save(out)
    answer = headquarters.post(f"{PAGE}/kiem-lai", file=(io.BytesIO(out.getvalue()), "a.docx"))
    assert answer.status_code == 422
    assert "lưu lại bằng chương trình khác" in answer.text


def test_a_workbook_that_another_program_saved_says_the_same(
    after: Persona, headquarters: Desk
) -> None:
    content = export(headquarters, make(headquarters), "xlsx")
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(out, "w") as saved:
        for name in source.namelist():
            part = source.read(name).decode("utf-8", "replace")
            # Other programs store the same share with more or fewer digits.
            part = re.sub(r"<v>0\.(\d{11})\d+</v>", r"<v>0.\g<1>1</v>", part)
            saved.writestr(name, part if name.endswith(".xml") else source.read(name))
    with reading() as c:
        verdict = verify.verify(c, out.getvalue())
    assert verdict.is_equal, verdict.differences


def test_a_changed_cell_is_shown_with_what_stands_around_it(
    after: Persona, headquarters: Desk
) -> None:
    book = load_workbook(io.BytesIO(export(headquarters, make(headquarters), "xlsx")))
    book["Biểu 1"].cell(4, 12).value = 99
    out = io.BytesIO()
    book.save(out)
    with reading() as c:
        differences = verify.verify(c, out.getvalue()).differences
    assert any("| 99" in difference for difference in differences)


def bomb(part: str, unit: bytes, count: int) -> bytes:
    """Return a small ZIP archive, like a Word document, one part of which is huge when unpacked.

    The part is named `part` and contains the bytes `unit`, repeated `count` times.
    """
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(part, unit * count)
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml" if part != "word/document.xml" else "x", "")
    return out.getvalue()


@pytest.mark.parametrize(
    ("part", "unit"), [("customXml/report.xml", b" "), ("word/document.xml", b"<w:p/>")]
)
def test_an_archive_that_inflates_too_far_is_no_report(
    after: Persona, headquarters: Desk, part: str, unit: bytes
) -> None:
    content = bomb(part, unit, 40_000_000 // len(unit))
    answer = headquarters.post(
        f"/hoi-nghi/{MEETING}/bao-cao/kiem-lai", file=(io.BytesIO(content), "a.docx")
    )
    assert answer.status_code == 422


def test_a_text_that_no_document_can_contain_is_refused(after: Persona, headquarters: Desk) -> None:
    answer = headquarters.post(f"/hoi-nghi/{MEETING}/chat-luong", organisation="abc \x0b \uffff")
    assert answer.status_code == 422
    assert "U+000B" in answer.text


def test_a_workbook_made_to_cost_much_is_no_report(hall: None, headquarters: Desk) -> None:
    content = export(headquarters, make(headquarters), "xlsx")
    names = b"<definedNames><definedName>" + b"A" * 2_001 + b"</definedName></definedNames>"
    hostile = rewritten(content, "xl/workbook.xml", b"</sheets>", b"</sheets>" + names)

    with reading() as c, pytest.raises(verify.NotAReport):
        verify.verify(c, hostile)
