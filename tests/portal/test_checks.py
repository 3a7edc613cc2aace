"""Test the checks of editors' files: faults stop the website's build, warnings do not."""

import unicodedata
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fpdf import FPDF
from PIL import Image
from portal.content.guard import Guard, read_roster, visible_text
from portal.content.loading import load
from portal.media.markdown import to_plain_text, to_raw_html

import build
from tests.portal.test_content import faults_of, replace_in_file

AGENDA = "  - {at: 07:30, kind: KHAI_MAC, title: Khai mạc}\n"


def warnings_of(root: Path) -> list[str]:
    return [str(warning) for warning in load(root).warnings]


def test_content_without_faults_gives_no_warning(content: Path) -> None:
    assert warnings_of(content) == []


@pytest.mark.parametrize(
    ("line", "expected_text"),
    [
        ("  - {at: 07:30, kind: QUAN_TRIET, title: Một}\n", "trùng giờ"),
        ("  - {at: 17:20, kind: QUAN_TRIET, title: Một}\n", "17:20"),
        ("  - {at: 07:00, kind: QUAN_TRIET, title: Một}\n", "sớm hơn"),
    ],
)
def test_an_agenda_with_impossible_hours_is_refused(
    content: Path, line: str, expected_text: str
) -> None:
    replace_in_file(content / "meetings" / "m.md", AGENDA, AGENDA + line)

    (fault,) = faults_of(content)

    assert fault.startswith("content/meetings/m.md:14: ")
    assert expected_text in fault


@pytest.mark.parametrize(
    ("text", "expected_text"),
    [
        ("[mẫu](../materials/none.md)", "none.md"),
        ("[mẫu](trang-khac.html)", "trang-khac.html"),
        ("![](../images/so-do.png)", "lời mô tả"),
        ("![ảnh](https://noi-khac.vn/a.png)", "noi-khac.vn"),
        ("Gọi anh ấy số 0912 345 678 nhé.", "0912 345 678"),
        ("Gọi +84 912.345.678.", "+84 912.345.678"),
        ("Số căn cước 017 090 001 234", "căn cước"),
        ("Thẻ đảng 45.012345", "45.012345"),
        ("Hộp thư: lien.he@vi-du.gov.vn", "lien.he@vi-du.gov.vn"),
        ("Đồng chí sinh năm 1975", "1975"),
        ("Sinh ngày 2 tháng 3 năm 1985", "1985"),
        ("Ông A (SN 1980)", "SN 1980"),
        ("Gọi (0912) 345 678", "345 678"),
        ("Gọi 0912–345–678", "0912–345–678"),
        ("CMND số 113456789", "113456789"),
        ("Số CMND: 162 345 678", "162 345 678"),
        ("Gọi 0084912345678", "0084912345678"),
        ("Gọi 0912,345,678 nhé", "0912,345,678"),
        ("Số thẻ đảng viên: 12 345 678", "12 345 678"),
        ("Số BHXH 2212345678", "2212345678"),
        ("Hộ chiếu C1234567", "C1234567"),
        ("Ông A (s.n. 1975)", "1975"),
        ("Sinh nhật 12/3/1975", "1975"),
        ("Bà An sinh năm 1975", "1975"),
        ("**Năm sinh:** 1975", "1975"),
        ("<table><tr><th>Năm sinh</th></tr><tr><td>1975</td></tr></table>", "1975"),
        ("Sinh ngày: …12…/…3…/…1975…………", "1975"),
        ("Sinh ngày ....12.... tháng ....3.... năm ....1975....", "1975"),
        ("sinh ra năm 1975", "1975"),
        ("năm sinh của Bình là 1980", "1980"),
        ("sinh năm 75", "75"),
        ("sinh năm Ất Mão (1975)", "1975"),
        ("ngày sinh 12031975", "12031975"),
        ("Ngày sinh (ghi bằng số): 12/3/1975", "1975"),
        ("NS: 1975", "1975"),
        ("sinh năm “1975”", "1975"),
        ("sinh đầu năm 1975", "1975"),
        ("Số TĐV 36123456", "36123456"),
        ("thẻ Đảng 36 - 012345", "36 - 012345"),
        ("Zalo0912345678", "0912345678"),
        ("0912.345.678Bí thư", "0912.345.678"),
        ("sinh ngày 02 tháng 03, 1975", "1975"),
        ("sinh 02 / 03 / 1975", "1975"),
        ("sinh ngày mùng 2 tháng ba năm 1975", "1975"),
        ("Năm sinh là 1975", "1975"),
        ("sinh ngày 2/3/75", "2/3/75"),
        ("TỐI MẬT", "TỐI MẬT"),
        ("Độ mật: Mật", "Mật"),
        ("LƯU HÀNH NỘI BỘ", "NỘI BỘ"),
        ("TÀI LIỆU LƯU HÀNH NỘI BỘ", "NỘI BỘ"),
        ("(Tài liệu lưu hành nội bộ)", "nội bộ"),
        ("**Mật**", "Mật"),
        ("passport C1234567", "C1234567"),
        ("Mã số thuế cá nhân: 8012345678", "8012345678"),
        ("Bà Bích, 12/03/1975, quê Nghệ An", "1975"),
        ("Bà Lê Thị Sản sinh năm 1970", "1970"),
        ("Nơi thường trú: tổ 3, số nhà 12", "số nhà 12"),
        ("an [at] gmail [dot] com", "gmail"),
        ("C«ng v¨n sè 632", "TCVN3"),
        ("Héi nghÞ trùc tuyÕn", "TCVN3"),
        ("![Sơ đồ](../images/none.png)", "content/images"),
        ("[bản in](none.pdf)", "none.pdf"),
        ("[bản in](Tai lieu.docx)", "có dấu cách"),
        ("[bản in]()", "không dẫn tới đâu"),
        ("[bản in](file:///C:/a.doc)", "file:///C:/a.doc"),
        ("[bản in](D:/x.pdf)", "D:/x.pdf"),
        ("Uû ban nh©n d©n tØnh", "TCVN3"),
        ("Coäng hoøa xaõ hoäi chuû nghóa", "VNI"),
    ],
)
def test_a_text_that_must_not_be_published_is_reported_by_line(
    content: Path, text: str, expected_text: str
) -> None:
    (content / "images").mkdir()
    Image.new("RGB", (4, 4)).save(content / "images" / "so-do.png")
    replace_in_file(content / "materials" / "a.md", "Nội dung.", f"Nội dung.\n\n{text}")

    (fault,) = faults_of(content)

    assert fault.startswith("content/materials/a.md:12: ")
    assert expected_text in fault


@pytest.mark.parametrize(
    ("text", "expected_text"),
    [
        ("| Xã | Số |\n|---|---|\n| An | 1 | 2 |", "nhiều ô hơn"),
        ("| Xã | Số |\n|---|---|\n|| 1 | 2 |", "nhiều ô hơn"),
        ("Xem dưới.\n\n[^1]: Chú thích.", "chú thích [^1]"),
    ],
)
def test_what_markdown_would_leave_out_is_reported_by_line(
    content: Path, text: str, expected_text: str
) -> None:
    replace_in_file(content / "materials" / "a.md", "Nội dung.", text)

    (fault,) = faults_of(content)

    assert fault.startswith("content/materials/a.md:12: ")
    assert expected_text in fault


@pytest.mark.parametrize(
    "text",
    [
        "Ngày 22/08/2024, số 632-CV/TU, từ 07:30 đến 11:00, 1.441.200 người.",
        "Sinh hoạt chuyên đề năm 2024; ngày sinh hoạt 12/09/2024.",
        "Noël ở Citroën.",
        "Các liệt sĩ đã hy sinh năm 1968; tỷ lệ sinh năm 2023, mức sinh 2024, hồi sinh 2025.",
        "Vệ sinh năm 2022, (đăng ký) khai sinh năm 2024, an sinh năm 2026, dân sinh 2025.",
        "Nam công dân sinh năm 2006 đến 2008; 12,345,678 đồng.",
        "| Xã | Quý 1 | Quý 2 | Quý 3 |\n|---|---|---|---|\n| Hoà Bình | 0 | 874 120 | 84 27 |",
        "| Họ và tên | Ngày sinh | Ký tên |\n|---|---|---|\n| … | … | … |",
        "Tuyển sinh năm 2026, phát sinh năm 2025, học sinh 2024; 150000000 đồng; Đảng uỷ SNV.",
        "Kinh phí 030.000.000.000 đồng; tổng số 0 912 345 678 đồng.",
        "Zoom ID 849 1234 5678; mã số doanh nghiệp: 0312345678; GPKD số 0901234567.",
        "Mã hồ sơ: 036215001234.",
        "ID phòng họp: 843 9123 4567; Zoom: 949 123 4567; Zoom Meeting ID 84 91234 5678.",
        "Mã tham gia hội nghị 8439 123 4567; ID Zoom 843-912-34567; Teams meeting ID 843912345678.",
        "Hy sinh năm 1968; số trẻ sinh năm 2024 là 5; người sinh năm 1960 trở về trước.",
        "Ghi rõ các độ mật: Tuyệt mật, Tối mật, Mật.",
        "Quy định: tài liệu lưu hành nội bộ phải ghi rõ; nghề nuôi ong lấy mật; bí mật nhà nước.",
        "Cơ quan thường trú tại số 5 phố Huế; tạm trú theo Thông tư số 55/2021 của Bộ Công an.",
        "Ngày 12/03/2025, quê hương đổi mới; năng lượng sản sinh năm 2020.",
        "Đồng chí Tổng Bí thư đầu tiên sinh năm 1904, sinh ngày 01/05/1904.",
        "Toạ độ 21.028511, 105.804817.",
        "Cách 5~6 km, đi 7~8 km[^1].\n\n[^1]: Ước tính.",
        "| Xã | Số |\n|---|---|\n| An \\| Bình | 1 |\n| Một ô |\n\nSau bảng a | b | c.",
        "f¨ur, ¨uber, sch¨on, M¨unchen",
        "```\n| a | b |\n|---|---|\n| 1 | 2 | 3 |\n[^1]: x\n```",
        "Xem [^A].\n\n[^a]: Chú thích.",
        "Tiêu đề a | b\n---\nĐiểm | cầu | nữa",
        "| a | b | c |\n|---|---|\n| 1 | 2 | 3 |",
        "| a | b |\n|---|---|\n| 1 | 2 | |\n- x | y | z",
        "Đăng ký thường trú theo mẫu số 5; tạm trú theo Kế hoạch số 12/KH-UBND; chỗ ở: số 3 hộ.",
        "Thăm 12/03/2025 quê Bác.",
        "09 12.345.678",
        "02 03 04 05 06",
        "- Mục 09\n- 12 345 678 đồng",
        "## Năm 02\n\n345678901 đồng",
        "[một](../meetings/m.md) [hai](#muc) [ba](https://tinh.gov.vn) [bốn](../t/cv1.html)",
    ],
)
def test_harmless_text_is_let_through(content: Path, text: str) -> None:
    replace_in_file(content / "materials" / "a.md", "Nội dung.", text)

    assert load(content).materials["cv1"].text.strip() == text


@pytest.mark.parametrize(
    "text",
    [
        "Zoom: 0912 345 678",
        "ID phòng họp 0912345678",
        "Hỗ trợ Zoom: +84 912 345 678",
        "Zoom 84912345678",
        "Zoom ID: +84912345678",
        "số phòng họp 84 912 345 678",
    ],
)
def test_a_telephone_is_no_number_of_a_video_conference(content: Path, text: str) -> None:
    replace_in_file(content / "materials" / "a.md", "Nội dung.", text)

    assert "912" in faults_of(content)[0]


def test_a_name_that_windows_refuses_is_told(content: Path) -> None:
    replace_in_file(content / "materials" / "a.md", "code: cv1", "code: con")
    (content / "pages" / "aux.md").write_text("---\ntitle: A\nsummary: b\n---\nc", "utf-8")

    faults = "".join(faults_of(content))

    assert "tệp tên «con»" in faults
    assert "tệp tên «aux»" in faults


def test_a_file_in_a_subfolder_is_told_to_move_up(content: Path) -> None:
    (content / "materials" / "2026" / "quy-1").mkdir(parents=True)
    (content / "materials" / "2026" / "quy-1" / "b.md").write_text("x", "utf-8")

    assert faults_of(content) == [
        "content/materials/2026/quy-1/b.md:1: tệp «b.md» nằm trong thư mục con «2026/quy-1», "
        "không ai đọc: hãy chuyển tệp thẳng vào thư mục materials"
    ]


@pytest.mark.parametrize(
    "text",
    ["- Mục 09\n- 12 345 678 đồng", "Số 0912\n\n345.678 đồng", "## Năm 02\n\n345678901 đồng"],
)
def test_numbers_in_neighbouring_paragraphs_are_no_telephone_to_the_search(text: str) -> None:
    assert list(Guard().suspicions(to_plain_text(to_raw_html(text)))) == []


def test_a_telephone_broken_over_two_lines_is_found_before_the_build(content: Path) -> None:
    replace_in_file(content / "materials" / "a.md", "Nội dung.", "ĐT 0912\n345 678")

    assert "0912 345 678" in faults_of(content)[0]


def test_a_contact_declared_as_public_is_let_through(content: Path) -> None:
    page = content / "meetings" / "m.md"
    replace_in_file(page, "basis: [cv1]", 'basis: [cv1]\nsupport: "Trực: 0218 385 1234"')
    assert "0218 385 1234" in faults_of(content)[0]

    replace_in_file(page, "basis: [cv1]", 'basis: [cv1]\npublic_contacts: ["0218 385 1234"]')
    assert load(content).public_contacts == ("0218 385 1234",)


def test_text_with_loose_accents_is_joined_with_a_warning(content: Path) -> None:
    page = content / "materials" / "a.md"
    page.write_text(unicodedata.normalize("NFD", page.read_text("utf-8")), "utf-8")

    assert load(content).materials["cv1"].text == "Nội dung.\n"
    assert "NFC" in warnings_of(content)[0]


@pytest.mark.parametrize(
    ("old", "new", "expected_text"),
    [
        ("basis: [cv1]", "materials: [cv1]", "căn cứ"),
        ("starts: 07:30", "starts: 07:30\npoints: []", None),
        ("date: 2024-08-22", "date: 2024-08-11", "không kịp lưu"),
        ("basis: [cv1]", "materials: []", "chưa hội nghị"),
    ],
)
def test_a_doubtful_meeting_gives_a_warning_and_stops_nothing(
    content: Path, old: str, new: str, expected_text: str | None
) -> None:
    replace_in_file(content / "meetings" / "m.md", old, new)

    warnings = warnings_of(content)

    assert (
        any(expected_text in warning for warning in warnings) if expected_text else warnings == []
    )


def pdf_bytes(text: str, size: int = 0) -> bytes:
    document = FPDF()
    document.add_page()
    if text:
        document.set_font("helvetica")
        document.cell(text=text)
    return bytes(document.output()) + b"%" * size


@pytest.mark.parametrize(
    ("name", "bytes_", "expected_text"),
    [
        ("a.pdf", pdf_bytes("Van ban"), None),
        ("a.pdf", pdf_bytes(""), "ảnh quét"),
        ("a.pdf", pdf_bytes("Van ban", 2_000_000), "2 MB"),
    ],
)
def test_a_file_unfit_for_a_phone_gives_a_warning(
    content: Path, name: str, bytes_: bytes, expected_text: str | None
) -> None:
    (content / "materials" / name).write_bytes(bytes_)
    replace_in_file(content / "materials" / "a.md", "summary: Tóm tắt", f"summary: x\nfile: {name}")

    warnings = warnings_of(content)

    assert expected_text in warnings[0] if expected_text else warnings == []


@pytest.mark.parametrize(
    ("name", "bytes_", "expected_text"),
    [
        ("a.pdf", b"no pdf at all", "không phải loại tệp"),
        ("a.exe", b"x", "a.exe"),
        ("a.csv", "Năm sinh;Họ và tên\n1975;Mẫu Văn An\n".encode(), "1975"),
        ("a.csv", b"person,full_name,birth_year\n", "full_name"),
        ("a.pdf", pdf_bytes("Dien thoai 0912345678"), "0912345678"),
    ],
)
def test_a_file_that_must_not_be_published_is_refused(
    content: Path, name: str, bytes_: bytes, expected_text: str
) -> None:
    (content / "materials" / name).write_bytes(bytes_)
    replace_in_file(content / "materials" / "a.md", "summary: Tóm tắt", f"summary: x\nfile: {name}")

    assert any(expected_text in fault for fault in faults_of(content))


def test_a_scanned_pdf_does_not_count_as_text(content: Path) -> None:
    (content / "materials" / "a.pdf").write_bytes(pdf_bytes(""))
    replace_in_file(content / "materials" / "a.md", "summary: Tóm tắt", "summary: x\nfile: a.pdf")
    replace_in_file(content / "materials" / "a.md", "Nội dung.", "")

    assert "chưa có phần văn bản" in faults_of(content)[0]


def test_a_version_cannot_be_older_than_the_material(content: Path) -> None:
    versions = "summary: x\nversions:\n  - {date: 2024-08-20, note: Sửa mục 3}\n"
    replace_in_file(content / "materials" / "a.md", "summary: Tóm tắt", versions.strip())
    assert load(content).materials["cv1"].matter.updated.isoformat() == "2024-08-20"

    replace_in_file(content / "materials" / "a.md", "2024-08-20", "2024-08-02")
    assert "2024-08-02" in faults_of(content)[0]


def test_a_held_or_withdrawn_material_publishes_no_text(content: Path) -> None:
    replace_in_file(
        content / "materials" / "a.md", "issuer:", "public_from: 2024-08-22 07:30\nissuer:"
    )
    before = load(content, now=datetime(2024, 8, 22, 0, 29, tzinfo=UTC))
    assert (before.materials["cv1"].state, before.materials["cv1"].text) == ("held", "")
    assert before.opening_times == (datetime(2024, 8, 22, 0, 30, tzinfo=UTC),)
    after = load(content, now=datetime(2024, 8, 22, 0, 30, tzinfo=UTC))
    assert (after.materials["cv1"].state, after.opening_times) == ("public", ())

    replace_in_file(content / "materials" / "a.md", "issuer:", "withdrawn: 2024-08-23\nissuer:")
    withdrawn = load(content)
    assert (withdrawn.materials["cv1"].state, withdrawn.materials["cv1"].text) == ("withdrawn", "")


ROSTER = (
    "person;full_name;unit;birth_year\nM00017;Mẫu Thị Hòa;U01;1975\nM00018;Mẫu Văn An;U01;1980\n"
)


@pytest.mark.parametrize(
    ("text", "expected_text"),
    [
        ("Đồng chí mẫu thị Hoà phát biểu.", "mẫu thị Hoà"),
        ("Mã M00018.", "M00018"),
        ("Mẫu văn bản; người An.", None),
    ],
)
def test_a_person_on_the_given_roster_is_refused(
    content: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    text: str,
    expected_text: str | None,
) -> None:
    roster = tmp_path / "roster.csv"
    roster.write_text(ROSTER, "utf-8-sig")
    replace_in_file(content / "materials" / "a.md", "Nội dung.", text)

    status = build.main(["check", "--content", str(content), "--roster", str(roster)])

    assert status == (1 if expected_text else 0)
    assert (expected_text or "") in capsys.readouterr().err


def test_an_unreadable_roster_is_reported(
    content: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = build.main(["check", "--content", str(content), "--roster", "/none.csv"])

    assert status == 1
    assert "/none.csv" in capsys.readouterr().err


def test_a_roster_may_be_a_workbook(tmp_path: Path) -> None:
    from openpyxl import Workbook

    book = Workbook()
    assert book.active
    for row in (["person", "full_name"], ["M1", "Mẫu Thị Hoà"]):
        book.active.append(row)
    book.save(tmp_path / "roster.xlsx")
    guard = Guard(read_roster(tmp_path / "roster.xlsx"))

    assert [suspicion.kind for suspicion in guard.suspicions("Mẫu Thị Hòa")] == ["name"]


def test_link_targets_of_a_page_are_checked_too() -> None:
    text = visible_text(
        '<p>Gọi <a href="tel:0912345678">đây</a></p><style>.a{b:0912345678}</style>'
    )

    assert [suspicion.value for suspicion in Guard().suspicions(text)] == ["0912345678"]


def test_a_fault_missed_in_the_sources_stops_the_build(
    content: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    replace_in_file(content / "materials" / "a.md", "Nội dung.", "Gọi 0912345678.")
    monkeypatch.setattr("portal.content.loading.FileCache._faults_of_people", lambda *_: [])

    status = build.main(["--content", str(content), "--output", str(tmp_path / "output")])

    errors = capsys.readouterr().err
    assert status == 1
    assert "t/cv1.html:" in errors
    assert "tim/t-cv1.js:" in errors
    assert not (tmp_path / "output").exists()


def write_docx(path: Path, *runs: str) -> None:
    text = "".join(f"<w:r><w:t>{run}</w:t></w:r>" for run in runs)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("word/document.xml", f"<w:document><w:p>{text}</w:p></w:document>")


def test_a_number_split_over_several_runs_is_read_as_one(content: Path) -> None:
    write_docx(content / "materials" / "a.docx", "Gọi 0912", "345", "678")
    replace_in_file(content / "materials" / "a.md", "summary: Tóm tắt", "summary: x\nfile: a.docx")

    assert any("0912345678" in fault for fault in faults_of(content))


@pytest.mark.parametrize(("name", "bytes_"), [("a.docx", b"locked"), ("a.pdf", b"")])
def test_a_file_that_cannot_be_looked_into_is_refused(
    content: Path, name: str, bytes_: bytes
) -> None:
    (content / "materials" / name).write_bytes(bytes_)
    replace_in_file(content / "materials" / "a.md", "summary: Tóm tắt", f"summary: x\nfile: {name}")

    assert any(name in fault for fault in faults_of(content))


def test_pictures_that_cannot_be_published_are_reported(content: Path) -> None:
    folder = content / "images"
    folder.mkdir()
    Image.new("RGB", (4, 4)).save(folder / "a.png")
    Image.new("RGB", (4, 4)).save(folder / "a.jpg")
    (folder / "b.png").write_bytes(b"no picture")
    (folder / "ảnh.gif").write_bytes(b"x")

    files = [fault.split(":")[0] for fault in faults_of(content)]

    assert files == [f"content/images/{name}" for name in ("a.png", "b.png", "ảnh.gif")]


def test_a_shared_file_and_a_page_at_a_list_s_address_are_refused(content: Path) -> None:
    (content / "materials" / "a.txt").write_text("x")
    replace_in_file(content / "materials" / "a.md", "summary: Tóm tắt", "summary: x\nfile: a.txt")
    other = (content / "materials" / "a.md").read_text("utf-8").replace("code: cv1", "code: cv2")
    (content / "materials" / "b.md").write_text(other, "utf-8")
    (content / "pages" / "index.md").write_text("---\ntitle: x\nsummary: y\n---\n", "utf-8")

    faults = faults_of(content)

    assert ["a.txt" in faults[0], "index.md" in faults[1], len(faults)] == [True, True, 2]


def test_an_hour_that_does_not_exist_is_reported(content: Path) -> None:
    replace_in_file(
        content / "materials" / "a.md", "issuer:", "public_from: 2026-02-31 10:00\nissuer:"
    )

    assert "2026-02-31" in faults_of(content)[0]


@pytest.mark.parametrize(
    "text",
    [
        "Ngày 15/09/2022 0912345678",
        "15/09/2022, điện thoại 0912 345 678",
        "2022-09-15 0912.345.678",
        "03.02.2003 45",
        "07:00, 15/09/2022 và 03.02.2003 456",
        "01/01/2020" * 3 + " 0912345678",
    ],
)
def test_a_date_hides_no_telephone_number(text: str) -> None:
    assert [suspicion.kind for suspicion in Guard().suspicions(text)] == ["phone"]


@pytest.mark.parametrize(
    "text", ["15/09/2022", "07:00 – 17:00, 15/09/2022 07:30", "2022-09-15", "Số 12 ngày 5.9.2022"]
)
def test_a_date_is_no_long_number(text: str) -> None:
    assert list(Guard().suspicions(text)) == []


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("0912345678/0913345678", "phone"),
        ("0912345678-0913345678", "phone"),
        ("Tel.0912345678", "phone"),
        ("SĐT0912345678", "phone"),
        ("0912 - 345 - 678", "phone"),
        ("0912, 345, 678", "phone"),
        ("0912\u2014345\u2014678", "phone"),
        ("0912\u034f345678", "phone"),
        ("09-12-2003 45:00", "phone"),
        ("012-345-678-901", "id_card"),
        ("CCCD 03 123 456 7890", "id_card"),
        ("sinh ngày: 01/02/1970", "birth"),
        ("sinh vào năm 1970", "birth"),
        ("sinh ngày  01/02/1970", "birth"),
        ("a @ b.vn", "email"),
        ("a(@)b.vn", "email"),
    ],
)
def test_other_spellings_of_personal_data_are_found(text: str, kind: str) -> None:
    assert kind in {suspicion.kind for suspicion in Guard().suspicions(text)}


@pytest.mark.parametrize("text", ["a" * 50_000 + "@", "a." * 50_000 + "@", "@a" + ".a" * 50_000])
def test_a_long_word_does_not_hold_up_the_guard(text: str) -> None:
    assert list(Guard().suspicions(text)) == []


def test_a_picture_s_hidden_text_is_searched() -> None:
    page = '<p>Ảnh</p><img alt="0912345678" src="a.webp"><a href="TEL:0913345678">gọi</a>'
    values = {suspicion.value for suspicion in Guard().suspicions(visible_text(page))}
    assert values == {"0912345678", "0913345678"}


def test_paragraphs_and_bullets_of_word_processors_are_no_program_code() -> None:
    html = to_raw_html("Mở đầu.\n\n    Thụt bốn dấu cách.\n\n• một\n• hai")

    assert "<code>" not in html
    assert html.count("<li>") == 2
