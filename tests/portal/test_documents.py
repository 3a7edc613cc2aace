"""Test `build.py new FILE`, which makes a document for meetings from a Word file or a PDF."""

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


RELATIONS = (
    "<r>"
    '<a Type="http://x/relationships/image"/><a Type="http://x/relationships/diagramData"/>'
    '<a Id="L1" Type="http://x/relationships/hyperlink" TargetMode="External"'
    ' Target="https://tinh.gov.vn/a"/></r>'
)


def test_what_a_word_document_loses_is_told(content: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.docx"
    write_document(path, *RESOLUTION)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("word/_rels/document.xml.rels", RELATIONS)

    assert "1 hình, 1 sơ đồ" in draft_of(path).warning

    write_document(path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("word/_rels/document.xml.rels", RELATIONS)
    assert "là bản chụp" in draft_of(path).warning


def test_a_word_document_in_old_letters_is_told(tmp_path: Path) -> None:
    write_document(tmp_path / "a.docx", paragraph("nghÞ quyÕt cña ban chÊp hµnh"))

    assert "bảng mã cũ" in draft_of(tmp_path / "a.docx").warning


def test_a_heading_is_no_title_and_marks_are_no_summary(tmp_path: Path) -> None:
    blocks = (paragraph("KẾ HOẠCH", bold=True), paragraph("I. MỤC ĐÍCH", bold=True))
    struck = "<w:r><w:rPr><w:strike/></w:rPr><w:t>Những năm trước</w:t></w:r>"
    words = "<w:r><w:t> Những năm qua việc học tập đã có nhiều tiến bộ.</w:t></w:r>"
    write_document(tmp_path / "a.docx", *blocks, f"<w:p>{struck}{words}</w:p>")

    suggestions = draft_of(tmp_path / "a.docx").suggestions

    assert suggestions["title"] == "Kế hoạch"
    assert "~" not in suggestions["summary"]


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
    """Answer a question as an editor who types only the issuer of a document.

    An empty answer accepts what is suggested.
    """
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


def level(at: int, form: str, text: str, more: str = "") -> str:
    fields = f'<w:start w:val="1"/><w:numFmt w:val="{form}"/>{more}<w:lvlText w:val="{text}"/>'
    return f'<w:lvl w:ilvl="{at}">{fields}</w:lvl>'


OF_STYLE = '<w:pStyle w:val="Muc"/>'
NUMBERING = (
    '<w:abstractNum w:abstractNumId="1">'
    + level(0, "upperRoman", "%1.")
    + level(1, "decimal", "%1.%2.")
    + level(2, "lowerLetter", "%3)")
    + '</w:abstractNum><w:abstractNum w:abstractNumId="2">'
    + level(0, "decimal", "Điều %1.", OF_STYLE)
    + '</w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="1"/></w:num>'
    '<w:num w:numId="2"><w:abstractNumId w:val="2"/></w:num>'
    '<w:num w:numId="3"><w:abstractNumId w:val="1"/>'
    '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="4"/></w:lvlOverride></w:num>'
)
STYLES = (
    '<w:style w:type="paragraph" w:styleId="Muc"><w:pPr>'
    '<w:numPr><w:numId w:val="2"/></w:numPr></w:pPr></w:style>'
)


def numbered(text: str, number: int, level: int = 0) -> str:
    mark = f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{number}"/></w:numPr>'
    return f"<w:p><w:pPr>{mark}</w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>"


def test_numbers_that_word_counts_are_written_as_word_shows_them(tmp_path: Path) -> None:
    styled = '<w:p><w:pPr><w:pStyle w:val="Muc"/></w:pPr><w:r><w:t>Phạm vi</w:t></w:r></w:p>'
    blocks = (
        numbered("Chung", 1),
        numbered("Việc", 1, 1),
        numbered("một", 1, 2),
        paragraph("Xen giữa"),
        numbered("hai", 1, 2),
        numbered("Riêng", 1),
        numbered("Việc", 1, 1),
        numbered("một lần nữa", 1, 2),
        styled,
        paragraph("Xen giữa"),
        styled,
        numbered("Khác", 3),
    )
    write_document(tmp_path / "a.docx", *blocks)
    with zipfile.ZipFile(tmp_path / "a.docx", "a") as archive:
        archive.writestr("word/numbering.xml", f"<w:numbering {W}>{NUMBERING}</w:numbering>")
        archive.writestr("word/styles.xml", f"<w:styles {W}>{STYLES}</w:styles>")

    lines = markdown_of(tmp_path / "a.docx").replace("\\", "").split("\n\n")

    assert lines == [
        "I. Chung", "I.1. Việc", "a) một", "Xen giữa", "b) hai", "II. Riêng", "II.1. Việc",
        "a) một lần nữa", "Điều 1. Phạm vi", "Xen giữa", "Điều 2. Phạm vi", "IV. Khác",
    ]  # fmt: skip


def cell(text: str, properties: str = "") -> str:
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{paragraph(text)}</w:tc>"


def test_figures_stay_in_their_columns_beside_merged_cells(tmp_path: Path) -> None:
    rows = (
        cell("Đơn vị") + cell("Kết quả", '<w:gridSpan w:val="2"/>'),
        cell("A", '<w:vMerge w:val="restart"/>') + cell("1") + cell("2"),
        cell("", "<w:vMerge/>") + cell("3") + cell("4"),
        cell("B") + cell("5") + cell("6"),
    )
    write_document(
        tmp_path / "a.docx", f"<w:tbl>{''.join(f'<w:tr>{row}</w:tr>' for row in rows)}</w:tbl>"
    )

    lines = [line.replace(" ", "") for line in markdown_of(tmp_path / "a.docx").splitlines()]

    assert lines == ["|Đơnvị|Kếtquả||", "|---|---|---|", "|A|1|2|", "||3|4|", "|B|5|6|"]


def test_a_table_in_a_cell_becomes_text(tmp_path: Path) -> None:
    inner = table(("x", "y"), ("z", ""))
    write_document(
        tmp_path / "a.docx",
        f"<w:tbl><w:tr>{cell('A')}<w:tc>{inner}{paragraph('')}</w:tc></w:tr></w:tbl>",
    )

    assert "| A | x – y; z |" in markdown_of(tmp_path / "a.docx")


def run(text: str, properties: str) -> str:
    return f"<w:p><w:r><w:rPr>{properties}</w:rPr><w:t>{text}</w:t></w:r></w:p>"


def test_hidden_text_stays_hidden_and_raised_figures_stay_raised(tmp_path: Path) -> None:
    write_document(
        tmp_path / "a.docx",
        run("bí ẩn", "<w:vanish/>"),
        run("hiện", '<w:vanish w:val="0"/>'),
        run("2", '<w:vertAlign w:val="superscript"/>'),
    )

    assert markdown_of(tmp_path / "a.docx") == "hiện\n\n<sup>2</sup>"


@pytest.mark.parametrize(
    "address", ["https://tinh.gov.vn/a_b?c=d_e&f=1#g", "van_phong@tinh.gov.vn", "www.a-b.vn/x_y"]
)
def test_an_address_is_kept_to_the_letter(tmp_path: Path, address: str) -> None:
    write_document(tmp_path / "a.docx", paragraph(f"Xem {address.replace('&', '&amp;')} nhé"))

    assert markdown_of(tmp_path / "a.docx") == f"Xem {address} nhé"


def test_a_footnote_stays_a_footnote(tmp_path: Path) -> None:
    mark = '<w:p><w:r><w:t>Theo luật</w:t></w:r><w:r><w:footnoteReference w:id="2"/></w:r></w:p>'
    write_document(tmp_path / "a.docx", mark)
    relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/footnotes"
    with zipfile.ZipFile(tmp_path / "a.docx", "a") as archive:
        archive.writestr(
            "word/_rels/document.xml.rels",
            '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            f'<Relationship Id="r1" Type="{relation}" Target="footnotes.xml"/></Relationships>',
        )
        archive.writestr(
            "word/footnotes.xml",
            f'<w:footnotes {W}><w:footnote w:id="2">{paragraph("Luật số 1")}'
            "</w:footnote></w:footnotes>",
        )

    html = to_html(markdown_of(tmp_path / "a.docx"))

    assert "Luật số 1" in html
    assert 'href="#fn-2"' in html


def with_lists(path: Path, numbering: str, *blocks: str) -> list[str]:
    """Write a Word document with numbered lists to `path`; return its paragraphs in Markdown.

    `numbering` is the XML that defines the lists, and `blocks` are the paragraphs in XML.
    """
    write_document(path, *blocks)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("word/numbering.xml", f"<w:numbering {W}>{numbering}</w:numbering>")
    return markdown_of(path).replace("\\", "").split("\n\n")


def one_list(*levels: str) -> str:
    return (
        f'<w:abstractNum w:abstractNumId="1">{"".join(levels)}</w:abstractNum>'
        '<w:num w:numId="1"><w:abstractNumId w:val="1"/></w:num>'
    )


def test_bullets_below_numbers_stand_on_their_own_level(tmp_path: Path) -> None:
    levels = (level(0, "upperRoman", "%1."), level(1, "bullet", "-"), level(2, "bullet", "+"))
    blocks = (numbered("Chung", 1), numbered("gạch", 1, 1), numbered("cộng", 1, 2))

    lines = with_lists(tmp_path / "a.docx", one_list(*levels), *blocks)

    assert lines == ["I. Chung", "- gạch\n  - cộng"]


@pytest.mark.parametrize(
    ("second", "labels"),
    [
        (level(1, "decimal", "%1.%2", "<w:isLgl/>"), ["I. a", "1.1 b", "II. a", "2.1 b"]),
        (
            level(1, "decimal", "%2)", '<w:lvlRestart w:val="0"/>'),
            ["I. a", "1) b", "II. a", "2) b"],
        ),
        (level(1, "none", ""), ["I. a", "b", "II. a", "b"]),
    ],
)
def test_numbers_follow_the_options_of_their_level(
    tmp_path: Path, second: str, labels: list[str]
) -> None:
    blocks = (numbered("a", 1), numbered("b", 1, 1)) * 2
    lists = one_list(level(0, "upperRoman", "%1."), second)

    assert with_lists(tmp_path / "a.docx", lists, *blocks) == labels


def test_a_hostile_list_stays_small(tmp_path: Path) -> None:
    first = level(0, "decimal", "%1" * 30_000).replace(
        'w:start w:val="1"', f'w:start w:val="{"9" * 4000}"'
    )

    lines = with_lists(tmp_path / "a.docx", one_list(first), *[numbered("a", 1)] * 3)

    assert max(map(len, lines)) < 200


def test_a_hostile_span_stays_small(tmp_path: Path) -> None:
    wide = '<w:gridSpan w:val="300000"/>'
    row = f"<w:tr>{cell('A', wide)}{cell('B')}</w:tr>"
    write_document(tmp_path / "a.docx", f"<w:tbl>{row}</w:tbl>")

    assert markdown_of(tmp_path / "a.docx").splitlines()[0].count("|") < 70


def test_thousands_of_spaces_do_not_hold_up_the_conversion(tmp_path: Path) -> None:
    write_document(tmp_path / "a.docx", paragraph("a" + " " * 500_000 + "b"))

    assert markdown_of(tmp_path / "a.docx") == "a b"


def test_a_long_word_does_not_hold_up_the_conversion(tmp_path: Path) -> None:
    write_document(tmp_path / "a.docx", paragraph("a." * 60_000))

    assert len(markdown_of(tmp_path / "a.docx")) >= 120_000


@pytest.mark.parametrize(
    ("block", "text"),
    [
        (
            "<w:p><w:fldSimple><w:r><w:t>3</w:t></w:r></w:fldSimple><w:r><w:t>x</w:t></w:r></w:p>",
            "3x",
        ),
        ("<w:p><w:sdt><w:sdtContent><w:r><w:t>☒</w:t></w:r></w:sdtContent></w:sdt></w:p>", "☒"),
        ("<w:p><w:dir><w:r><w:t>chữ</w:t></w:r></w:dir></w:p>", "chữ"),
        ("<w:p><w:r><w:t>một</w:t><w:cr/><w:t>hai</w:t></w:r></w:p>", "một  \nhai"),
        ("<w:p><w:r><w:t>một</w:t><w:ptab/><w:t>hai</w:t></w:r></w:p>", "một hai"),
        (run("nghị quyết", "<w:caps/>"), "NGHỊ QUYẾT"),
        (
            f'<w:tbl><w:tr><w:trPr><w:gridBefore w:val="1"/></w:trPr>{cell("x")}</w:tr>'
            f"<w:tr>{cell('y')}{cell('z')}</w:tr></w:tbl>",
            "|  | x |\n| --- | --- |\n| y | z |",
        ),
    ],
)
def test_text_that_word_wraps_or_marks_is_kept(tmp_path: Path, block: str, text: str) -> None:
    write_document(tmp_path / "a.docx", block)

    assert markdown_of(tmp_path / "a.docx") == text
