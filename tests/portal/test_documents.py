"""Test `build.py new FILE`, which makes a material from a Word document or a PDF."""

import zipfile
from pathlib import Path

import pytest
from fpdf import FPDF
from portal.content.loading import load
from portal.editor.builder import BuildFault
from portal.editor.documents import draft_of
from portal.editor.new_files import write_new
from portal.media.docx import markdown_of
from portal.media.markdown import to_html
from portal.media.texts import text_of_material

from tests.portal.test_commands import answer_in_turn
from tests.portal.test_content import faults_of

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def paragraph(text: str, *, bold: bool = False) -> str:
    mark = "<w:rPr><w:b/></w:rPr>" if bold else ""
    return f'<w:p><w:r>{mark}<w:t xml:space="preserve">{text}</w:t></w:r></w:p>'


def table(*rows: tuple[str, ...]) -> str:
    lines = "".join(
        f"<w:tr>{''.join(f'<w:tc>{paragraph(cell)}</w:tc>' for cell in row)}</w:tr>" for row in rows
    )
    return f"<w:tbl>{lines}</w:tbl>"


def write_document(path: Path, *blocks: str) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(
            "word/document.xml",
            f"<w:document {W}><w:body>{''.join(blocks)}</w:body></w:document>",
        )


RESOLUTION = (
    paragraph("NGHỊ QUYẾT", bold=True),
    paragraph("Số 57-NQ/TW, ngày 2 tháng 12 năm 2024"),
    paragraph("về đổi mới học tập", bold=True),
    paragraph("I. TÌNH HÌNH", bold=True),
    paragraph("Những năm qua việc học tập đã có nhiều tiến bộ. Còn hạn chế."),
    paragraph("1. Nhận thức", bold=True),
    paragraph("a) Rõ *trách nhiệm*;"),
    paragraph("~~~"),
    paragraph("3. Mục ba, [x](y) | z"),
    table(("TT", "Việc"), ("1", "Quán triệt")),
)


def test_a_material_is_made_from_a_word_document_by_pressing_enter(
    content: Path, tmp_path: Path
) -> None:
    write_document(tmp_path / "Nghị quyết 57.docx", *RESOLUTION)
    questions: list[str] = []

    def ask(question: str) -> str:
        questions.append(question)
        return "Trung ương" if question.startswith("Cơ quan") else ""

    write_new(content, str(tmp_path / "Nghị quyết 57.docx"), ask, print)

    material = load(content).materials["nq57"]
    assert material.matter.title == "Nghị quyết về đổi mới học tập"
    assert (material.matter.kind, material.matter.number) == ("NGHI_QUYET", "57-NQ/TW")
    assert f"{material.matter.date}" == "2024-12-02"
    assert material.matter.summary == "Những năm qua việc học tập đã có nhiều tiến bộ."
    assert material.attachment == content / "materials" / "nq57.docx"
    assert "[Enter: 02/12/2024]" in " ".join(questions)


def test_headings_tables_and_marks_of_a_word_document_are_kept(tmp_path: Path) -> None:
    write_document(tmp_path / "a.docx", *RESOLUTION)

    lines = markdown_of(tmp_path / "a.docx").splitlines()

    assert {"## I. TÌNH HÌNH", r"### 1\. Nhận thức", r"a) Rõ \*trách nhiệm\*;"} <= set(lines)
    html = to_html("\n".join(lines))
    assert "<p>~~~</p>" in html
    assert "<p>3. Mục ba, [x](y) | z</p>" in html
    assert "| 1 | Quán triệt |" in lines


def test_the_text_that_was_taken_from_the_file_is_not_shown_twice(
    content: Path, tmp_path: Path
) -> None:
    write_document(tmp_path / "a.docx", *RESOLUTION)
    write_new(content, str(tmp_path / "a.docx"), lambda q: "x" if "ban hành" in q else "", print)
    loaded = load(content)

    text = text_of_material(loaded, loaded.materials["nq57"])

    assert text.words.count("Quán triệt") == 1


def test_a_material_is_made_from_a_pdf(content: Path, tmp_path: Path) -> None:
    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("helvetica")
    for line in ("I. Chung", "3. Hoc tap day du, kip thoi, dung thanh phan.", "- Mot viec."):
        pdf.cell(text=line, new_x="LMARGIN", new_y="NEXT")
    pdf.output(str(tmp_path / "a.pdf"))
    answers = answer_in_turn("kh5", "Kế hoạch", "6", "", "1/2/2026", "Đảng uỷ", "")

    path = write_new(content, str(tmp_path / "a.pdf"), answers, print)

    text = path.read_text("utf-8").partition("---\n")[2].partition("---\n")[2]
    assert text.split("\n\n")[0] == "## I. Chung"
    assert "<p>- Mot viec.</p>" in to_html(text)
    assert "<p>3. Hoc tap day du" in to_html(text)
    assert load(content).materials["kh5"].attachment == content / "materials" / "kh5.pdf"


@pytest.mark.parametrize(
    ("name", "content_", "remedy"),
    [("a.doc", b"\xd0\xcf", "Word"), ("none.docx", None, "Không có tệp"), ("a.txt", b"x", ".docx")],
)
def test_another_file_is_refused_with_the_remedy(
    content: Path, tmp_path: Path, name: str, content_: bytes | None, remedy: str
) -> None:
    if content_ is not None:
        (tmp_path / name).write_bytes(content_)

    with pytest.raises(BuildFault, match=remedy):
        write_new(content, str(tmp_path / name), lambda _: "", print)


def test_a_document_without_text_is_attached_and_the_editor_is_told(
    content: Path, tmp_path: Path
) -> None:
    with zipfile.ZipFile(tmp_path / "a.docx", "w") as archive:
        archive.writestr("word/document.xml", "<w:document")
    messages: list[str] = []
    answers = answer_in_turn("kh5", "Kế hoạch", "6", "", "1/2/2026", "Đảng uỷ", "Một câu")

    path = write_new(content, str(tmp_path / "a.docx"), answers, messages.append)

    assert "Không đọc được chữ" in messages[0]
    assert "Viết nội dung ở đây." in path.read_text("utf-8")


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.docx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b"<w:p/>" * 60_000_000)

    assert not markdown_of(tmp_path / "a.docx")


@pytest.mark.parametrize(
    ("head", "number", "code"),
    [
        ("Số: 125/KH-UBND", "125/KH-UBND", "kh125"),
        ("Số 632/SNV-CCVC", "632/SNV-CCVC", "snv632"),
        ("Số 125-KH/TU", "125-KH/TU", "kh125"),
        ("Kính gửi: các chi bộ", None, None),
    ],
)
def test_the_number_is_the_document_s_and_never_that_of_one_it_cites(
    tmp_path: Path, head: str, number: str | None, code: str | None
) -> None:
    texts = (head, "KẾ HOẠCH", "Triển khai học tập", "Căn cứ Nghị quyết số 57-NQ/TW ngày 2/12/2024")
    write_document(tmp_path / "a.docx", *(paragraph(text) for text in texts))

    suggestions = draft_of(tmp_path / "a.docx").suggestions

    assert (suggestions.get("number"), suggestions.get("code")) == (number, code)


def press_enter(question: str) -> str:
    """Answer as an editor who accepts all that is suggested, and types only the issuing office."""
    return "Trung ương" if question.startswith("Cơ quan") else ""


def test_a_document_that_lies_among_the_materials_stays_where_it_is(content: Path) -> None:
    document = content / "materials" / "nq57.docx"
    write_document(document, *RESOLUTION)
    before = document.read_bytes()

    path = write_new(content, str(document), press_enter, print)

    assert path.name == "nq57.md"
    assert document.read_bytes() == before
    assert "file: nq57.docx" in path.read_text("utf-8")


def test_another_file_of_that_name_is_not_overwritten(content: Path, tmp_path: Path) -> None:
    taken = content / "materials" / "nq57.docx"
    taken.write_bytes(b"another file")
    write_document(tmp_path / "b.docx", *RESOLUTION)

    with pytest.raises(BuildFault, match=r"nq57\.docx"):
        write_new(content, str(tmp_path / "b.docx"), press_enter, print)

    assert taken.read_bytes() == b"another file"


def test_numbers_in_a_pdf_of_old_letters_are_found(content: Path) -> None:
    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("Helvetica", size=12)
    pdf.multi_cell(0, 8, "nghÞ quyÕt cña ban chÊp hµnh ®¶ng bé tØnh vÒ c«ng t¸c c¸n bé 0912345678")
    pdf.output(str(content / "materials" / "a.pdf"))
    source = content / "materials" / "a.md"
    source.write_text(source.read_text("utf-8").replace("---\n", "---\nfile: a.pdf\n", 1), "utf-8")

    assert any("0912345678" in fault for fault in faults_of(content))
