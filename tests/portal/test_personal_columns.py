"""Test that personal data under a heading are found in the tables of every kind of file."""

from collections.abc import Callable
from pathlib import Path

import pytest
from portal.content.attached_texts import extract_texts
from portal.content.guard import Guard, RosterEntry, Suspicion, visible_text
from portal.content.personal_columns import values_under_headings
from portal.media.pdf import text_of_pdf

from tests.portal.test_attached_texts import archive, workbook

Table = list[list[str]]
YEARS = [["TT", "Năm sinh", "Họ và tên"], ["1", "1975", "Mẫu Văn An"], ["2", "1980", "Mẫu B"]]


def suspicions(text: str, *allowed: str) -> list[tuple[str, str]]:
    return [(one.kind, one.value) for one in Guard().suspicions(text, allowed)]


def in_markdown(table: Table) -> str:
    lines = [f"| {' | '.join(row)} |" for row in table]
    return "\n".join([lines[0], "|---" * len(table[0]) + "|", *lines[1:]])


def in_page(table: Table) -> str:
    rows = ["<tr>\n" + "\n".join(f"<td>{cell}</td>" for cell in row) + "\n</tr>" for row in table]
    return visible_text("<table>\n" + "\n".join(rows) + "\n</table>")


def in_docx(table: Table, prefix: str = "w") -> str:
    def cell(words: str) -> str:
        runs = "".join(
            f"<{prefix}:p><{prefix}:t>{word}</{prefix}:t></{prefix}:p>" for word in words.split()
        )
        return f"<{prefix}:tc>{runs}</{prefix}:tc>"

    rows = "".join(f"<{prefix}:tr>{''.join(map(cell, row))}</{prefix}:tr>" for row in table)
    xml = f"<{prefix}:tbl>{rows}</{prefix}:tbl>"
    if prefix == "a":
        return "\n".join(extract_texts("a.pptx", archive(ppt__slides__slide1_0_xml=xml)).texts)
    return "\n".join(extract_texts("a.docx", archive(word__document_0_xml=xml)).texts)


def in_pptx(table: Table) -> str:
    return in_docx(table, "a")


def in_xlsx(table: Table) -> str:
    return "\n".join(extract_texts("a.xlsx", workbook(*table)).texts)


def in_csv(table: Table) -> str:
    content = "\n".join(";".join(row) for row in table).encode()
    return "\n".join(extract_texts("a.csv", content).texts)


def in_text(table: Table) -> str:
    return "\n".join("".join(cell.ljust(24) for cell in row) for row in table)


FORMS = [in_markdown, in_page, in_docx, in_pptx, in_xlsx, in_csv, in_text]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("heading", "value", "kind"),
    [
        ("Năm sinh", "1975", "birth"),
        ("Ngày, tháng, năm sinh", "02/3/1975", "birth"),
        ("Sinh năm", "1975", "birth"),
        ("Điện thoại liên hệ", "0912.345.678", "phone"),
        ("Số CCCD/CMND", "113456789", "id_card"),
        ("Số thẻ Đảng", "12345678", "party_card"),
        ("Số sổ BHXH", "2212345678", "id_card"),
    ],
)
def test_a_value_is_found_under_its_heading(
    form: Callable[[Table], str], heading: str, value: str, kind: str
) -> None:
    far_away = [heading, "a", "b", "c", "d", "e", "Họ và tên"]
    text = form([far_away, [value, "x", "x", "x", "x", "x", "Mẫu Văn An"]])

    assert (kind, value) in suspicions(text)


@pytest.mark.parametrize("form", FORMS)
def test_a_table_without_people_is_left_alone(form: Callable[[Table], str]) -> None:
    table = [
        ["Năm", "Đảng viên", "Mã số thuế"],
        ["1975", "2020", "0312345678"],
        ["2025", "1980", "0212345679"],
    ]
    assert suspicions(form(table)) == []


@pytest.mark.parametrize("form", FORMS)
def test_an_empty_form_is_left_alone(form: Callable[[Table], str]) -> None:
    table = [["TT", "Họ và tên", "Năm sinh", "Điện thoại"], ["1", "", "", ""], ["2", "", "", ""]]
    assert suspicions(form(table) + "\n\nHà Nội, ngày … tháng … năm 2026") == []


@pytest.mark.parametrize("form", [in_markdown, in_docx, in_xlsx, in_text])
def test_every_value_of_a_column_is_reported(form: Callable[[Table], str]) -> None:
    assert suspicions(form(YEARS)) == [("birth", "1975"), ("birth", "1980")]


def test_a_form_has_its_headings_on_the_left() -> None:
    assert suspicions("Họ tên | Mẫu Văn An\nNăm sinh | 1975") == [("birth", "1975")]


def test_a_year_of_birth_may_have_a_column_for_men_and_one_for_women() -> None:
    text = "Họ tên | Năm sinh | | Ghi chú\n | Nam | Nữ |\nMẫu Văn An | | 1975 |"
    assert suspicions(text) == [("birth", "1975")]


def test_a_new_heading_ends_the_column_of_the_old_one() -> None:
    text = "Họ tên | Năm sinh\nMẫu Văn An | \nĐơn vị | Năm thành lập\nĐảng bộ A | 1975"
    assert suspicions(text) == []


def test_prose_ends_a_table() -> None:
    text = (
        "Họ tên      Năm sinh\n"
        + "Bài viết này nói về một chặng đường dài của Đảng bộ tỉnh ta, từ\n"
        + "A           1975"
    )
    assert suspicions(text) == []


def test_a_table_within_a_cell_is_read_by_itself() -> None:
    rows = ("Năm sinh", "1975")
    cells = "".join(f"<w:tr><w:tc><w:t>{row}</w:t></w:tc></w:tr>" for row in rows)
    inner = f"<w:tbl>{cells}</w:tbl>"
    xml = f"<w:tbl><w:tr><w:tc><w:t>A</w:t>{inner}</w:tc><w:tc><w:t>B</w:t></w:tc></w:tr></w:tbl>"
    texts = extract_texts("a.docx", archive(word__document_0_xml=xml)).texts

    assert suspicions("\n".join(texts)) == [("birth", "Năm sinh 1975")]


def test_a_zero_that_only_the_format_of_a_cell_shows_is_read() -> None:
    import io

    from openpyxl import Workbook

    book = Workbook()
    sheet = book.worksheets[0]
    sheet.append([912345678])
    sheet["A1"].number_format = "0000 000 000"
    out = io.BytesIO()
    book.save(out)

    assert ("phone", "0912345678") in suspicions(
        "\n".join(extract_texts("a.xlsx", out.getvalue()).texts)
    )


def test_a_number_that_may_be_published_may_stand_in_a_column() -> None:
    text = "Đơn vị | Điện thoại\nVăn phòng | 912345678"
    assert suspicions(text, "0912 345 678") == []


def pdf_of(path: Path, table: Table) -> Path:
    import typst

    cells = ", ".join(f"[{cell}]" for row in table for cell in row)
    source = path.with_suffix(".typ")
    source.write_text(f"#table(columns: {len(table[0])}, {cells})", "utf-8")
    typst.compile(source, output=path)
    return path


@pytest.mark.parametrize(
    ("heading", "value"),
    [("Năm sinh", "1975"), ("Năm #linebreak() sinh", "1975"), ("Điện thoại", "912345678")],
)
def test_a_table_in_a_pdf_has_columns(tmp_path: Path, heading: str, value: str) -> None:
    table = [["TT", heading, "Họ và tên"], ["1", value, "Mẫu Văn An"], ["2", "", "Mẫu B"]]
    pages = text_of_pdf(pdf_of(tmp_path / "a.pdf", table)).with_gaps

    assert [one[1].lstrip("0") for one in suspicions("\n".join(pages))] == [value]


def test_the_attached_pdf_of_a_list_is_not_published(content: Path) -> None:
    from tests.portal.test_content import faults_of, replace_in_file

    pdf_of(content / "materials" / "a.pdf", YEARS)
    replace_in_file(content / "materials" / "a.md", "summary: Tóm tắt", "summary: x\nfile: a.pdf")

    assert any("1975" in fault for fault in faults_of(content))


@pytest.mark.parametrize("text", ["0 35 12 40 25 18", "12 0 25 30 112 250", "0 2 5 3 1 0 4 2 1 0"])
def test_a_row_of_small_numbers_is_no_telephone(text: str) -> None:
    assert suspicions(text) == []
    assert suspicions(f"Điện thoại {text}") != []


def test_a_name_without_accents_is_found_in_the_name_of_a_file() -> None:
    guard = Guard([RosterEntry("M1", "Mẫu Thị Hòa"), RosterEntry("M2", "Mẫu An")])

    assert [one.value for one in guard.suspicions("ban kiem diem Mau Thi Hoa 2026")] == [
        "Mau Thi Hoa"
    ]
    assert list(guard.suspicions("mau an pham")) == []


def test_the_line_of_a_value_is_that_of_its_row() -> None:
    values = list(values_under_headings("a\n\n" + in_markdown(YEARS)))

    assert [(value.line, value.text, value.heading) for value in values] == [
        (5, "1975", "Năm sinh"),
        (6, "1980", "Năm sinh"),
    ]
    assert next(Guard().suspicions("x\n" + in_markdown(YEARS))) == Suspicion(4, "birth", "1975")


@pytest.mark.parametrize(
    ("heading", "value"),
    [
        ("Ngày sinh", "19 tháng 5 năm 1975"),
        ("Ngày sinh", "19-May-1975"),
        ("Ngày sinh", "27533"),
        ("Năm sinh", "1975 (50 tuổi)"),
        ("Năm sinh", "1975, Nghệ An"),
        ("Năm sinh", "75"),
        ("Họ và tên, năm sinh", "Mẫu Văn An, 1975"),
        ("Họ và tên (năm sinh)", "Mẫu Văn An (1975)"),
        ("Năm sinh (VD: 75)", "1980"),
        ("Năm sinh (ghi rõ ngày, tháng, năm theo giấy khai sinh của người được triệu tập)", "1980"),
        ("N/S", "1975"),
        ("NTNS", "1/2/1975"),
        ("Nữ (năm sinh)", "1975"),
        ("DĐ", "912345678"),
        ("Hotline", "3.849.123"),
        ("Số liên lạc", "912345678"),
        ("GTTT", "PT1234567"),
        ("Passport", "C1234567"),
    ],
)
def test_headings_and_values_are_found_as_offices_write_them(heading: str, value: str) -> None:
    found_values = [text for _, text in suspicions(f"TT | {heading}\n1 | {value}")]
    assert found_values == [value.strip(".")]


@pytest.mark.parametrize(
    "text",
    [
        "Họ và tên | NS\nMẫu Văn An | 1975",
        "Họ tên | Ngày sinh | |\n | Ngày | Tháng | Năm\nMẫu Văn An | 12 | 3 | 1975",
        "Ngày sinh: | 12 | 3 | 1975",
        "Năm sinh | 1 | 9 | 7 | 5",
        "Số CCCD | 0 | 3 | 6 | 0 | 7 | 5 | 0 | 0 | 1 | 2 | 3 | 4",
        "TT  Họ tên   Điện thoại   Chức vụ\n1   An       0912 345     Bí thư\n             678",
        "Họ và tên\tNăm sinh\nMẫu Văn An\t1975",
        "Nam sinh | Ho ten\n1975 | An",
    ],
)
def test_personal_data_are_found_however_the_table_is_split(text: str) -> None:
    assert suspicions(text)


@pytest.mark.parametrize(
    "text",
    [
        "Trường | Học sinh\nA | 1975",
        "Trường | Nam sinh | Nữ sinh\nA | 1975 | 2010",
        "Năm hy sinh | Số liệt sĩ\n1968 | 12",
        "Học sinh | 2024 | 2025",
        "Năm | Vệ sinh\n2024 | 1975",
        "Tỷ suất sinh | 2024",
        "Trẻ mới sinh | 1975",
        "Đơn vị | BHXH | BHYT\nA | 162.345.678 | 12.345.678",
        "Khoản chi | Số tiền\nTiền điện thoại | 912345678",
        "Dự án | Vốn ĐT\nA | 912345678",
        "Nội dung | NS | Khác\nA | 1975 | 200",
        "Họ tên | Năm sinh\n | \n\nNăm | 2024 | 2025",
    ],
)
def test_figures_of_other_things_are_left_alone(text: str) -> None:
    assert suspicions(text) == []


def test_a_wide_table_is_read_in_a_time_that_grows_with_its_size() -> None:
    row = " | ".join(f"Số liệu {n}" for n in range(300))
    text = "\n".join([row, " | ".join(["Năm sinh"] * 300), *[row] * 300])
    assert suspicions(text) == []
