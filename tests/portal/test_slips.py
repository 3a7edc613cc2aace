"""Test how the commands that build the website respond to editors' typical mistakes."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, ImageFile
from portal.content.loading import load
from portal.editor import serve
from portal.editor.builder import Builder
from portal.editor.new_files import write_new
from portal.editor.serve import Versions, rebuild
from portal.media.markdown import to_html
from portal.media.pdf import PdfText, _clean, text_of_pdf
from portal.media.texts import text_of_material

import build
from tests.portal.test_commands import answer_in_turn, write_picture
from tests.portal.test_content import faults_of, replace_in_file
from tests.portal.test_documents import paragraph, write_document


@pytest.mark.parametrize(
    "arguments",
    [["--content", "{}", "check"], ["check", "--content", "{}"]],
    ids=["before the command", "after it"],
)
def test_an_option_counts_before_and_after_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    missing = tmp_path / "none"

    assert build.main([argument.format(missing) for argument in arguments]) == 1
    assert str(missing) in capsys.readouterr().err


def test_a_command_that_does_not_exist_is_told_in_vietnamese(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as ended:
        build.main(["dung"])

    assert ended.value.code == 2
    assert "Lệnh chưa đúng: LỆNH: không có 'dung'; chọn một trong" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"a;b\n1;2\n", "không cho biết ai"),
        (b"", "không cho biết ai"),
        (b"\xd0\xcf\x11\xe0", "mật khẩu"),
    ],
)
def test_a_roster_that_names_nobody_is_a_fault(
    content: bytes, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    roster = tmp_path / "r.csv"
    roster.write_bytes(content)

    assert build.main(["check", "--roster", str(roster)]) == 1
    assert words in capsys.readouterr().err


def test_a_picture_cut_in_half_is_a_fault_at_the_check(
    content: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)  # WeasyPrint sets this
    path = content / "images" / "so-do.jpg"
    write_picture(path, 900)
    path.write_bytes(path.read_bytes()[:-400])

    assert any("so-do.jpg" in fault for fault in faults_of(content))


def test_a_picture_that_claims_a_billion_points_is_a_fault_and_not_read(content: Path) -> None:
    (content / "images").mkdir()
    Image.new("1", (30_000, 30_000)).save(content / "images" / "to.png")

    assert any("to.png" in fault for fault in faults_of(content))


@pytest.mark.parametrize("name", ["2026-12-18-quy-bon.md.txt", "M2.MD", "b.md~"])
def test_a_text_that_nobody_reads_is_named(content: Path, name: str) -> None:
    (content / "meetings" / name).write_text("---", "utf-8")

    assert any(name in fault for fault in faults_of(content))


def test_a_file_that_no_material_names_is_told(content: Path) -> None:
    (content / "materials" / "cu.pdf").write_bytes(b"%PDF-")

    assert any("cu.pdf" in str(warning) for warning in load(content).warnings)


@pytest.mark.parametrize("name", ["Thumbs.db", ".DS_Store", "desktop.ini", "._x.md", "~$a.docx"])
def test_litter_is_passed_over_everywhere(content: Path, name: str) -> None:
    for folder in ("meetings", "materials", "pages", "images"):
        (content / folder).mkdir(exist_ok=True)
        (content / folder / name).write_bytes(b"\0\1")

    assert load(content).warnings == ()


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("title: Công văn", 'title: "Mẫu\x0bA"', 3),
        ("Nội dung.", "Nội\x00dung.", 11),
        ("summary: Tóm tắt", "summary: x\npublic_from: 0001-01-01 00:00", 0),
        ("summary: Tóm tắt", "summary: x\npublic_from: 9999-12-31 23:59", 0),
    ],
)
def test_what_no_page_can_hold_is_a_fault_with_its_line(
    content: Path, old: str, new: str, line: int
) -> None:
    replace_in_file(content / "materials" / "a.md", old, new)

    faults = faults_of(content)

    assert any(fault.startswith("content/materials/a.md:") for fault in faults)


@pytest.mark.parametrize("value", ["Mẫu #1 và #2", "Mẫu  # ghi chú"])
def test_a_value_cut_by_a_hash_is_told(content: Path, value: str) -> None:
    replace_in_file(content / "materials" / "a.md", "title: Công văn", f"title: {value}")

    assert any("#" in str(warning) for warning in load(content).warnings)


def test_spaces_after_a_fence_are_no_matter(content: Path) -> None:
    path = content / "materials" / "a.md"
    path.write_text(path.read_text("utf-8").replace("---\n", "---  \n"), "utf-8")

    assert load(content).materials


def test_a_file_that_another_program_holds_is_told(
    content: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = Path.read_bytes

    def refuse(path: Path) -> bytes:
        if path.name == "a.md":
            raise PermissionError(13, "Permission denied")
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)

    assert any("a.md:1:" in fault and "đang mở" in fault for fault in faults_of(content))


def test_serve_survives_whatever_comes(content: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise AssertionError("a bug")

    messages: list[object] = []
    builder = Builder(content)
    monkeypatch.setattr(builder, "make", fail)

    is_made = rebuild(builder, Versions(), lambda message, **_: messages.append(message))

    assert not is_made
    assert "a bug" in str(messages[-1])


def test_serve_knows_the_types_of_files_by_itself() -> None:
    assert serve.Handler.extensions_map[".js"] == "text/javascript"
    assert serve.Handler.extensions_map[".wasm"] == "application/wasm"


def calendar_of(content: Path, output: Path) -> str:
    build.main(["--content", str(content), "--output", str(output)])
    return (output / "hoi-nghi" / "m.ics").read_text("utf-8")


def test_a_calendar_takes_a_new_hour_when_it_says_since_when(
    content: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    meeting, output = content / "meetings" / "m.md", tmp_path / "output"
    first = calendar_of(content, output)
    assert calendar_of(content, output) == first  # the same bytes for the same content
    assert "SEQUENCE:0" in first

    replace_in_file(
        meeting,
        'ends: "17:20"' if 'ends: "17:20"' in meeting.read_text("utf-8") else "ends: 17:20",
        "ends: 17:00",
    )
    capsys.readouterr()
    calendar_of(content, output)
    assert "revised" in capsys.readouterr().out

    replace_in_file(
        meeting, "ends: 17:00", "ends: 16:45\nrevised: 2024-08-20 09:00\ncancelled: true"
    )
    revised = calendar_of(content, output)
    assert "DTSTAMP:20240820T020000Z" in revised
    assert "LAST-MODIFIED:20240820T020000Z" in revised
    assert "STATUS:CANCELLED" in revised
    assert int(revised.split("SEQUENCE:")[1].split()[0]) > 0
    assert "đã huỷ" in (output / "hoi-nghi" / "m.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Theo[^1] đó.\n\n[^1]: Nguồn.", 'id="fn-1"'),
        ("Theo[^1] đó.\n\n[^1]: Nguồn.", 'href="#fn-1"'),
        ("## Điều 1. Mục đích", 'id="dieu-1-muc-dich"'),
        ("[Điều 1](#điều-1-mục-đích)", 'href="#dieu-1-muc-dich"'),
        ("- [x] xong\n- [ ] chưa", "☑ xong"),
        ("- [x] xong\n- [ ] chưa", "☐ chưa"),
        ("Gồm:\na) một;\nb) hai.", "một;<br"),
        ("## Yêu cầu\n\n## Yêu cầu", 'id="yeu-cau-2"'),
        ("\tCăn cứ Công văn số 632.\n\n\tXét đề nghị.", "<p>Xét đề nghị.</p>"),
        ("- một\n\n\thai", "<p>hai</p>\n</li>"),
        ("```\n\n\tmã\n```", "\tmã"),
    ],
)
def test_markdown_as_offices_write_it(text: str, expected: str) -> None:
    assert expected in to_html(text)


def test_a_picture_whose_name_has_a_space_is_a_fault(content: Path) -> None:
    replace_in_file(content / "materials" / "a.md", "Nội dung.", "![Sơ đồ](../images/so do.png)")

    assert any("so do.png" in fault for fault in faults_of(content))


def test_a_broken_link_with_accents_is_told_at_its_line(content: Path) -> None:
    path = content / "materials" / "a.md"
    replace_in_file(path, "Nội dung.", "Một.\n\nHai.\n\n[x](../materials/không-có.md)")
    line = path.read_text("utf-8").splitlines().index("[x](../materials/không-có.md)") + 1

    assert any(fault.startswith(f"content/materials/a.md:{line}:") for fault in faults_of(content))


@pytest.mark.parametrize(
    ("replies", "kind", "day", "starts"),
    [
        (("Tên", "1", "", "Đảng uỷ", "2", "25/12/2026", "8h30", "11:00", "x"), 0, 25, "08:30"),
        (("Tên", "hội nghị", "3", "Đảng uỷ", "", "5.1.2027", "8", "11h", "x"), 1, 5, "08:00"),
        (
            ("Sai", "<", "Tên", "", "", "Đảng uỷ", "", "25-12-2026", "7:05", "11:00", "x"),
            0,
            25,
            "07:05",
        ),
    ],
)
def test_new_takes_numbers_words_defaults_and_dates_as_people_write_them(
    content: Path, replies: tuple[str, ...], kind: int, day: int, starts: str
) -> None:
    path = write_new(content, "meeting", answer_in_turn(*replies), lambda _: None)

    (meeting,) = (m for m in load(content).meetings if m.id == path.stem)
    kinds = ("HOI_NGHI_HOC_TAP", "HOI_NGHI")
    assert (meeting.matter.title, meeting.matter.kind) == ("Tên", kinds[kind])
    assert (meeting.matter.date.day, meeting.matter.starts) == (day, starts)


def test_the_text_of_a_pdf_is_nfc_and_without_control_letters() -> None:
    assert _clean("Hoa\u0300 bi\u0300nh\x0c\x00") == "Hoà bình"


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda path: path.write_bytes(b"%PDF-1.7 cut"), "unreadable"),
        (lambda path: path.write_bytes(b"no PDF"), "unreadable"),
    ],
)
def test_a_pdf_without_text_says_why(
    tmp_path: Path, make: Callable[[Path], object], problem: str
) -> None:
    path = tmp_path / "a.pdf"
    make(path)

    assert text_of_pdf(path) == PdfText(problem=problem)  # type: ignore[arg-type]


def test_a_pdf_with_a_password_is_no_material(content: Path, tmp_path: Path) -> None:
    from fpdf import FPDF

    pdf = FPDF()
    pdf.add_page()
    pdf.set_encryption("owner", "user")
    pdf.output(str(content / "materials" / "khoa.pdf"))
    replace_in_file(content / "materials" / "a.md", "summary:", "file: khoa.pdf\nsummary:")

    assert any("mật khẩu" in fault for fault in faults_of(content))


def test_a_pdf_in_an_old_encoding_is_told_and_its_text_not_published(content: Path) -> None:
    from fpdf import FPDF

    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("Helvetica")
    pdf.cell(text="nghÞ quyÕt cña ban chÊp hµnh, qu¸n triÖt")
    pdf.output(str(content / "materials" / "cu.pdf"))
    replace_in_file(content / "materials" / "a.md", "summary:", "file: cu.pdf\nsummary:")
    loaded = load(content)

    assert any("bảng mã cũ" in str(warning) for warning in loaded.warnings)
    assert text_of_pdf(content / "materials" / "cu.pdf").pages == ()


def test_a_word_document_is_read_and_found_on_the_page(content: Path, tmp_path: Path) -> None:
    write_document(
        content / "materials" / "kh.docx",
        paragraph("I. Mục tiêu", bold=True),
        paragraph("Học tập &amp; quán triệt"),
    )
    replace_in_file(content / "materials" / "a.md", "summary:", "file: kh.docx\nsummary:")

    build.main(["--content", str(content), "--output", str(tmp_path / "output")])

    parts = sorted((tmp_path / "output" / "t").glob("cv1*.html"))
    page = "".join(part.read_text("utf-8") for part in parts)
    assert re.search("<h2[^>]*>I. Mục tiêu</h2>", page)
    assert "<p>Học tập &amp; quán triệt</p>" in page
    assert "quán" in (tmp_path / "output" / "tim" / "t-cv1.js").read_text("utf-8")


def test_a_material_is_found_by_words_that_readers_use_and_it_does_not(
    content: Path, tmp_path: Path
) -> None:
    replace_in_file(content / "materials" / "a.md", "summary:", "keywords: [xin nghỉ]\nsummary:")

    build.main(["--content", str(content), "--output", str(tmp_path / "output")])

    documents = [path.read_text("utf-8") for path in (tmp_path / "output" / "tim").glob("*.js")]
    assert any("xin nghỉ" in text for text in documents)


def test_a_long_text_has_a_table_of_contents_and_links_between_its_parts(
    content: Path, tmp_path: Path
) -> None:
    chapters = "\n\n".join(
        f"## Chương {n}\n\n[Về đầu](#chương-1)\n\n" + "chữ " * 2_000 for n in range(1, 6)
    )
    replace_in_file(content / "materials" / "a.md", "Nội dung.", chapters)

    build.main(["--content", str(content), "--output", str(tmp_path / "output")])

    first = (tmp_path / "output" / "t" / "cv1.html").read_text("utf-8")
    last = sorted((tmp_path / "output" / "t").glob("cv1-*.html"))[-1].read_text("utf-8")
    assert "Mục lục (5 mục)" in first
    assert 'href="#chuong-1"' in first
    assert "#chuong-5" in first
    assert 'href="cv1.html#chuong-1"' in last


@pytest.mark.parametrize("escape", ["\\u0001", "\\u200b", "\\u202e", "\\x7f"])
def test_letters_that_nobody_sees_are_told_however_they_are_written(
    content: Path, escape: str
) -> None:
    replace_in_file(content / "materials" / "a.md", "title: Công văn", f'title: "Tên {escape} x"')

    assert any("không nhìn thấy" in fault for fault in faults_of(content))


@pytest.mark.parametrize(
    "place",
    ["quy-bon.md", "meeting/quy-bon.md", "meetings/2026/quy-bon.md", "meetings/quy-bon.docx",
     "meetings/quy-bon.markdown", "pages/quy-bon.txt"],
)  # fmt: skip
def test_a_text_in_a_place_that_nobody_reads_is_a_fault(content: Path, place: str) -> None:
    path = content / place
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"# Quy bon")
    assert any(fault.startswith(f"content/{place}:1:") for fault in faults_of(content))


@pytest.mark.parametrize("hour", ["0001-01-01 00:00", "2024-02-30 09:00", "9999-12-31 23:59"])
def test_an_hour_that_no_calendar_has_is_a_fault_in_every_field(content: Path, hour: str) -> None:
    [meeting] = sorted((content / "meetings").glob("*.md"))[:1]
    replace_in_file(meeting, "starts:", f"revised: {hour}\nstarts:")
    [fault] = faults_of(content)
    assert hour in fault
    assert meeting.name in fault


@pytest.mark.parametrize(
    "words", ["nghÞ quyÕt cña ban chÊp hµnh", "nghò quyeát cuûa ban chaáp haønh tænh uûy"]
)
def test_a_document_in_an_old_font_is_warned_of_and_its_text_not_published(
    content: Path, words: str
) -> None:
    write_document(content / "materials" / "cu.docx", *[paragraph(words)] * 9)
    replace_in_file(content / "materials" / "a.md", "summary:", "file: cu.docx\nsummary:")
    loaded = load(content)
    assert any("bảng mã cũ" in warning.message for warning in loaded.warnings)
    text = text_of_material(loaded, loaded.materials["cv1"])
    assert "ban cha" not in text.words
