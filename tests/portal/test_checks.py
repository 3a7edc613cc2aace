"""What `check` finds beyond the form of each value, and what it only tells."""

import unicodedata
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fpdf import FPDF
from PIL import Image
from portal.content.guard import Guard, read_roster, visible_text
from portal.content.loading import load

import build
from tests.portal.test_content import change, faults_of

AGENDA = "  - {at: 07:30, kind: KHAI_MAC, title: Khai mạc}\n"


def warnings_of(root: Path) -> list[str]:
    return [str(warning) for warning in load(root).warnings]


def test_content_in_which_everything_is_right_is_told_nothing(content: Path) -> None:
    assert warnings_of(content) == []


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("  - {at: 07:30, kind: QUAN_TRIET, title: Một}\n", "trùng giờ"),
        ("  - {at: 17:20, kind: QUAN_TRIET, title: Một}\n", "17:20"),
        ("  - {at: 07:00, kind: QUAN_TRIET, title: Một}\n", "sớm hơn"),
    ],
)
def test_an_agenda_whose_hours_cannot_be_is_refused(content: Path, line: str, said: str) -> None:
    change(content / "meetings" / "m.md", AGENDA, AGENDA + line)

    (fault,) = faults_of(content)

    assert fault.startswith("content/meetings/m.md:14: ")
    assert said in fault


@pytest.mark.parametrize(
    ("text", "said"),
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
        ("C«ng v¨n sè 632", "TCVN3"),
        ("Héi nghÞ trùc tuyÕn", "TCVN3"),
        ("![Sơ đồ](../images/none.png)", "content/images"),
        ("[bản in](none.pdf)", "none.pdf"),
        ("Uû ban nh©n d©n tØnh", "TCVN3"),
        ("Coäng hoøa xaõ hoäi chuû nghóa", "VNI"),
    ],
)
def test_a_text_that_must_not_be_published_is_told_by_its_line(
    content: Path, text: str, said: str
) -> None:
    (content / "images").mkdir()
    Image.new("RGB", (4, 4)).save(content / "images" / "so-do.png")
    change(content / "materials" / "a.md", "Nội dung.", f"Nội dung.\n\n{text}")

    (fault,) = faults_of(content)

    assert fault.startswith("content/materials/a.md:12: ")
    assert said in fault


@pytest.mark.parametrize(
    "text",
    [
        "Ngày 22/08/2024, số 632-CV/TU, từ 07:30 đến 11:00, 1.441.200 người.",
        "Sinh hoạt chuyên đề năm 2024; ngày sinh hoạt 12/09/2024.",
        "Noël ở Citroën.",
        "Tuyển sinh năm 2026, phát sinh năm 2025, học sinh 2024; 150000000 đồng; Đảng uỷ SNV.",
        "[một](../meetings/m.md) [hai](#muc) [ba](https://tinh.gov.vn) [bốn](../t/cv1.html)",
    ],
)
def test_what_is_harmless_is_let_through(content: Path, text: str) -> None:
    change(content / "materials" / "a.md", "Nội dung.", text)

    assert load(content).materials["cv1"].text.strip() == text


def test_a_contact_meant_to_be_published_is_let_through_where_it_says_so(content: Path) -> None:
    page = content / "meetings" / "m.md"
    change(page, "basis: [cv1]", 'basis: [cv1]\nsupport: "Trực: 0218 385 1234"')
    assert "0218 385 1234" in faults_of(content)[0]

    change(page, "basis: [cv1]", 'basis: [cv1]\npublic_contacts: ["0218 385 1234"]')
    assert load(content).public_contacts == ("0218 385 1234",)


def test_text_with_loose_accents_is_joined_and_told(content: Path) -> None:
    page = content / "materials" / "a.md"
    page.write_text(unicodedata.normalize("NFD", page.read_text("utf-8")), "utf-8")

    assert load(content).materials["cv1"].text == "Nội dung.\n"
    assert "NFC" in warnings_of(content)[0]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("basis: [cv1]", "materials: [cv1]", "căn cứ"),
        ("starts: 07:30", "starts: 07:30\npoints: []", None),
        ("date: 2024-08-22", "date: 2024-08-11", "không kịp lưu"),
        ("basis: [cv1]", "materials: []", "chưa hội nghị"),
    ],
)
def test_what_should_be_looked_at_is_told_and_stops_nothing(
    content: Path, old: str, new: str, said: str | None
) -> None:
    change(content / "meetings" / "m.md", old, new)

    found = warnings_of(content)

    assert any(said in each for each in found) if said else found == []


def pdf(text: str, size: int = 0) -> bytes:
    made = FPDF()
    made.add_page()
    if text:
        made.set_font("helvetica")
        made.cell(text=text)
    return bytes(made.output()) + b"%" * size


@pytest.mark.parametrize(
    ("name", "bytes_", "said"),
    [
        ("a.pdf", pdf("Van ban"), None),
        ("a.pdf", pdf(""), "ảnh quét"),
        ("a.pdf", pdf("Van ban", 2_000_000), "2 MB"),
    ],
)
def test_a_file_unfit_for_a_phone_is_told(
    content: Path, name: str, bytes_: bytes, said: str | None
) -> None:
    (content / "materials" / name).write_bytes(bytes_)
    change(content / "materials" / "a.md", "summary: Tóm tắt", f"summary: x\nfile: {name}")

    found = warnings_of(content)

    assert said in found[0] if said else found == []


@pytest.mark.parametrize(
    ("name", "bytes_", "said"),
    [
        ("a.pdf", b"no pdf at all", "PDF"),
        ("a.exe", b"x", "a.exe"),
        ("a.csv", "Họ và tên;Năm sinh\n".encode(), "Năm sinh"),
        ("a.csv", b"person,full_name,birth_year\n", "full_name"),
        ("a.pdf", pdf("Dien thoai 0912345678"), "0912345678"),
    ],
)
def test_a_file_that_must_not_be_published_is_refused(
    content: Path, name: str, bytes_: bytes, said: str
) -> None:
    (content / "materials" / name).write_bytes(bytes_)
    change(content / "materials" / "a.md", "summary: Tóm tắt", f"summary: x\nfile: {name}")

    assert any(said in fault for fault in faults_of(content))


def test_a_scanned_pdf_alone_is_no_text(content: Path) -> None:
    (content / "materials" / "a.pdf").write_bytes(pdf(""))
    change(content / "materials" / "a.md", "summary: Tóm tắt", "summary: x\nfile: a.pdf")
    change(content / "materials" / "a.md", "Nội dung.", "")

    assert "chưa có phần văn bản" in faults_of(content)[0]


def test_versions_go_forward(content: Path) -> None:
    versions = "summary: x\nversions:\n  - {date: 2024-08-20, note: Sửa mục 3}\n"
    change(content / "materials" / "a.md", "summary: Tóm tắt", versions.strip())
    assert load(content).materials["cv1"].matter.updated.isoformat() == "2024-08-20"

    change(content / "materials" / "a.md", "2024-08-20", "2024-08-02")
    assert "2024-08-02" in faults_of(content)[0]


def test_a_material_before_its_hour_and_one_withdrawn_give_nothing(content: Path) -> None:
    change(content / "materials" / "a.md", "issuer:", "public_from: 2024-08-22 07:30\nissuer:")
    before = load(content, now=datetime(2024, 8, 22, 0, 29, tzinfo=UTC))
    assert (before.materials["cv1"].state, before.materials["cv1"].text) == ("held", "")
    assert before.opening_times == (datetime(2024, 8, 22, 0, 30, tzinfo=UTC),)
    after = load(content, now=datetime(2024, 8, 22, 0, 30, tzinfo=UTC))
    assert (after.materials["cv1"].state, after.opening_times) == ("public", ())

    change(content / "materials" / "a.md", "issuer:", "withdrawn: 2024-08-23\nissuer:")
    gone = load(content)
    assert (gone.materials["cv1"].state, gone.materials["cv1"].text) == ("withdrawn", "")


ROSTER = (
    "person;full_name;unit;birth_year\nM00017;Mẫu Thị Hòa;U01;1975\nM00018;Mẫu Văn An;U01;1980\n"
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Đồng chí mẫu thị Hoà phát biểu.", "mẫu thị Hoà"),
        ("Mã M00018.", "M00018"),
        ("Mẫu văn bản; người An.", None),
    ],
)
def test_nobody_of_a_roster_at_hand_gets_through(
    content: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, said: str | None
) -> None:
    roster = tmp_path / "roster.csv"
    roster.write_text(ROSTER, "utf-8-sig")
    change(content / "materials" / "a.md", "Nội dung.", text)

    status = build.main(["check", "--content", str(content), "--roster", str(roster)])

    assert status == (1 if said else 0)
    assert (said or "") in capsys.readouterr().err


def test_a_roster_that_cannot_be_read_is_told(
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

    assert [each.kind for each in guard.suspicions("Mẫu Thị Hòa")] == ["name"]


def test_what_a_page_links_to_is_looked_at_too() -> None:
    text = visible_text(
        '<p>Gọi <a href="tel:0912345678">đây</a></p><style>.a{b:0912345678}</style>'
    )

    assert [each.value for each in Guard().suspicions(text)] == ["0912345678"]


def test_what_slips_past_the_sources_stops_the_build(
    content: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    change(content / "materials" / "a.md", "Nội dung.", "Gọi 0912345678.")
    monkeypatch.setattr("portal.content.loading.Shelf._faults_of_people", lambda *_: [])

    status = build.main(["--content", str(content), "--output", str(tmp_path / "output")])

    told = capsys.readouterr().err
    assert status == 1
    assert "t/cv1.html:" in told
    assert "tim/t-cv1.js:" in told
    assert not (tmp_path / "output").exists()


def docx(path: Path, *runs: str) -> None:
    text = "".join(f"<w:r><w:t>{run}</w:t></w:r>" for run in runs)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("word/document.xml", f"<w:document><w:p>{text}</w:p></w:document>")


def test_a_word_that_stands_in_several_runs_is_one_word(content: Path) -> None:
    docx(content / "materials" / "a.docx", "Gọi 0912", "345", "678")
    change(content / "materials" / "a.md", "summary: Tóm tắt", "summary: x\nfile: a.docx")

    assert any("0912345678" in fault for fault in faults_of(content))


@pytest.mark.parametrize(("name", "bytes_"), [("a.docx", b"locked"), ("a.pdf", b"")])
def test_a_file_that_cannot_be_looked_into_is_refused(
    content: Path, name: str, bytes_: bytes
) -> None:
    (content / "materials" / name).write_bytes(bytes_)
    change(content / "materials" / "a.md", "summary: Tóm tắt", f"summary: x\nfile: {name}")

    assert any(name in fault for fault in faults_of(content))


def test_pictures_that_cannot_be_made_are_told(content: Path) -> None:
    folder = content / "images"
    folder.mkdir()
    Image.new("RGB", (4, 4)).save(folder / "a.png")
    Image.new("RGB", (4, 4)).save(folder / "a.jpg")
    (folder / "b.png").write_bytes(b"no picture")
    (folder / "ảnh.gif").write_bytes(b"x")

    found = [fault.split(":")[0] for fault in faults_of(content)]

    assert found == [f"content/images/{name}" for name in ("a.png", "b.png", "ảnh.gif")]


def test_two_materials_do_not_share_a_file_nor_take_an_address_of_a_list(content: Path) -> None:
    (content / "materials" / "a.txt").write_text("x")
    change(content / "materials" / "a.md", "summary: Tóm tắt", "summary: x\nfile: a.txt")
    other = (content / "materials" / "a.md").read_text("utf-8").replace("code: cv1", "code: cv2")
    (content / "materials" / "b.md").write_text(other, "utf-8")
    (content / "pages" / "index.md").write_text("---\ntitle: x\nsummary: y\n---\n", "utf-8")

    found = faults_of(content)

    assert ["a.txt" in found[0], "index.md" in found[1], len(found)] == [True, True, 2]


def test_an_hour_that_does_not_exist_is_told(content: Path) -> None:
    change(content / "materials" / "a.md", "issuer:", "public_from: 2026-02-31 10:00\nissuer:")

    assert "2026-02-31" in faults_of(content)[0]
