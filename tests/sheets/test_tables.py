"""Test which tables are read from offices' files, and which cells are reported as doubtful."""

import re
import unicodedata
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime
from io import BytesIO
from random import Random

import pytest
from openpyxl import Workbook
from openpyxl.styles import Font

from sync_server.sheets.archives import MAX_INFLATED_BYTES
from sync_server.sheets.files import MOST_CSV_COLUMNS, read_grids
from sync_server.sheets.grids import SheetFault, name_cell
from sync_server.sheets.tables import NoTable, Table
from tests.sheets.sheets import UNITS, problems_of, table_of, texts_of, workbook

HEADING = ["STT", "Họ và tên", "Ngày sinh", "Đơn vị"]
AN = ["1", "Nguyễn Văn An", "1975", "Sở Nội vụ"]


def test_title_rows_totals_and_signatures_stand_outside_the_table() -> None:
    rows = [
        ["ĐẢNG UỶ KHỐI", None, None, "ĐẢNG CỘNG SẢN VIỆT NAM"],
        [],
        ["DANH SÁCH ĐẢNG VIÊN", None, None, None],
        HEADING,
        ["(1)", "(2)", "(3)", "(4)"],
        AN,
        [2, "Trần Thị Bình", date(1980, 5, 17), "Sở Nội vụ"],
        [None, "Tổng cộng: 2 đồng chí"],
        [None, None, None, "…, ngày 5 tháng 11 năm 2026"],
        [None, "NGƯỜI LẬP BIỂU", None, "T/M CHI UỶ"],
        [None, "Lê Văn Cường"],
    ]

    table = table_of(workbook(rows, merge=["A3:D3", "D9:D9"]))

    assert texts_of(table, "full_name", "birth") == [
        ("Nguyễn Văn An", "1975"),
        ("Trần Thị Bình", "17/05/1980"),
    ]
    assert not table.faults
    assert {row for row, _ in table.left_out} == {0, 2, 4, 7, 8, 9, 10}


def test_headings_over_two_rows_with_marks_for_membership() -> None:
    rows = [
        ["TT", "Họ và tên", "Năm sinh", None, "Đảng viên", None, "Chi bộ"],
        [None, None, "Nam", "Nữ", "Chính thức", "Dự bị", None],
        [1, "Nguyễn Văn An", 1975, None, "x", None, "Sở Nội vụ"],
        [2, "Trần Thị Bình", None, 1980, None, "x", "Sở Nội vụ"],
    ]

    table = table_of(workbook(rows, merge=["A1:A2", "B1:B2", "C1:D1", "E1:F1", "G1:G2"]))

    assert texts_of(table, "full_name", "birth", "official", "probationary") == [
        ("Nguyễn Văn An", "1975", "x", ""),
        ("Trần Thị Bình", "1980", "", "x"),
    ]
    assert not table.faults


def test_names_in_two_columns_are_joined() -> None:
    under_one = [["STT", "Họ và tên", None, "Đơn vị"], [1, "Nguyễn Văn", "An", "Sở Nội vụ"]]
    under_two = [["Họ đệm", "Tên", "Đơn vị"], ["Nguyễn Văn", "An", "Sở Nội vụ"]]

    assert texts_of(table_of(workbook(under_one, merge=["B1:C1"])), "full_name") == [
        ("Nguyễn Văn An",)
    ]
    assert texts_of(table_of(workbook(under_two)), "full_name") == [("Nguyễn Văn An",)]


def test_a_row_that_names_a_unit_holds_for_the_lines_below() -> None:
    rows = [
        ["STT", "Họ và tên", "Năm sinh"],
        ["I", "Đảng bộ Sở Nội vụ", None],
        [1, "Nguyễn Văn An", 1975],
        ["II. Chi bộ Ban Tuyên giáo Tỉnh uỷ"],
        [1, "K’Brăk", 1980],
    ]

    table = table_of(workbook(rows))

    assert [(line.text("full_name"), line.section) for line in table.lines] == [
        ("Nguyễn Văn An", "Đảng bộ Sở Nội vụ"),
        ("K’Brăk", "Chi bộ Ban Tuyên giáo Tỉnh uỷ"),
    ]


def with_tone_apart(letter: str) -> str:
    """Return a letter as Windows-1258 writes it: the base letter, then a separate tone mark."""
    parts = unicodedata.normalize("NFD", letter)
    tones = "".join(part for part in parts if part in "\u0300\u0301\u0303\u0309\u0323")
    base = "".join(part for part in parts if part not in tones)
    return unicodedata.normalize("NFC", base) + tones


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1258"])
def test_text_files_of_every_kind(separator: str, encoding: str) -> None:
    lines = ["Mã,Họ và tên,Đơn vị", "M1,Hà Bình,Sở Nội vụ", "M2,Lê Ân,Sở Nội vụ"]
    text = "\r\n".join(lines).replace(",", separator)
    if encoding == "cp1258":
        text = "".join(map(with_tone_apart, text))

    table = table_of(text.encode(encoding), "a.csv")

    assert texts_of(table, "person", "full_name")[1] == ("M2", "Lê Ân")


def test_a_stated_separator_is_obeyed() -> None:
    table = table_of("sep=|\nHọ và tên|Đơn vị\nAn, Bình|x;y\n".encode(), "a.csv")

    assert texts_of(table, "full_name", "unit") == [("An, Bình", "x;y")]


def test_unknown_columns_are_named_and_left_out() -> None:
    table = table_of(workbook([[*HEADING, "Số thẻ Đảng"], [*AN, "12.345678"]]))

    assert [(c.heading, c.field) for c in table.columns][-1] == ("Số thẻ Đảng", None)


def test_of_two_columns_for_one_field_the_better_heading_counts() -> None:
    heading = ["Họ và tên", "Chức vụ", "Chức vụ Đảng"]
    table = table_of(workbook([heading, ["Nguyễn Văn An", "Giám đốc", "Bí thư"]]))

    assert texts_of(table, "position") == [("Bí thư",)]


def test_a_column_is_set_by_hand() -> None:
    rows = [["Ai", "Họ tên", "Ở đâu"], ["M1", "Nguyễn Văn An", "Sở Nội vụ"]]

    table = table_of(workbook([[*r, "x"] for r in rows]), choices={"o dau": "unit", "ai": "person"})

    assert texts_of(table, "person", "unit") == [("M1", "Sở Nội vụ")]


def line_with(value: object, **settings: object) -> bytes:
    return workbook([HEADING, ["1", value, "1975", "Sở Nội vụ"]], **settings)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (line_with("=1+1"), ("formula_empty", "B2")),
        (line_with("#REF!"), ("error_value", "B2")),
        (
            workbook([HEADING, ["1", "An", 75, "x"]], formats={"C2": "0000"}),
            ("shown_otherwise", "C2"),
        ),
        (
            workbook([HEADING, ["1", "An", 1975, "x"]], formats={"C2": "#,##0"}),
            ("shown_otherwise", "C2"),
        ),
        (line_with("Nguyễn\nVăn An"), ("line_break", "B2")),
        (line_with("Ho\u00b5ng V¨n An, ban nh©n d©n, nghÞ quyÕt"), ("legacy", "B2")),
        (workbook([HEADING, AN, AN], merge=["D2:D3"]), ("merged", "D2")),
        (workbook([HEADING, AN], hide_rows=[2]), ("hidden_row", "2")),
        (workbook([HEADING, AN], hide_columns=["C"]), ("hidden_column", "C")),
        (workbook([HEADING, AN], hidden_sheets={"Cũ": [HEADING, AN]}), ("hidden_sheet", "")),
        (workbook([HEADING, [*AN, "lạc"]]), ("beyond_headings", "E2")),
        (workbook([["Họ và tên", "Đơn vị", "Đơn vị"], ["An", "a", "b"]]), ("heading_twice", "C")),
        (workbook([HEADING, ["1", None, "1975", "Sở Nội vụ"]]), ("no_name", "2")),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_a_doubtful_cell_is_named(content: bytes, problem: tuple[str, str]) -> None:
    assert problems_of(table_of(content)) == [problem]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("Họ và tên;Đơn vị;Ghế\nAn;x;A1\nBình;y\n", ("cut_short", "3")),
        ('Họ và tên;Đơn vị\nAn;"x\nBình;y\nCường;z\n', ("line_break", "B2")),
        ("Họ và tên;Đơn vị\nAn\x07;x\n", ("control", "A2")),
    ],
)
def test_a_doubtful_line_of_a_text_file_is_named(text: str, problem: tuple[str, str]) -> None:
    assert problems_of(table_of(text.encode(), "a.csv")) == [problem]


def test_what_cannot_be_seen_is_put_right_or_taken_out() -> None:
    table = table_of(line_with(" Nguye\u0302\u0303n\u00a0 Va\u0306n\u200b An\ufeff "))

    assert texts_of(table, "full_name") == [("Nguyễn Văn An",)]
    assert not table.faults


def test_a_formula_that_shows_nothing_is_an_empty_cell() -> None:
    """Test a formula cell without a value, as LibreOffice and Excel store `=IF(A1=1,"","x")`."""
    formula, out = "1+1", BytesIO()
    with (
        zipfile.ZipFile(BytesIO(workbook([HEADING, ["1", "An", 1975, f"={formula}"]]))) as source,
        zipfile.ZipFile(out, "w") as target,
    ):
        for name in source.namelist():
            stored = f'<c r="D2" t="str"><f>{formula}</f><v></v></c>'.encode()
            part = source.read(name)
            target.writestr(name, re.sub(rb'<c r="D2"[^>]*><f>.*?</c>', stored, part))

    table = table_of(out.getvalue())

    assert texts_of(table, "full_name", "unit") == [("An", "")]
    assert not table.faults


def test_a_time_of_day_is_read_as_shown() -> None:
    rows = [
        [*HEADING, "Giờ vào"],
        ["1", "An", 1975, "x", datetime.fromisoformat("2026-11-26T07:31")],
    ]

    assert texts_of(table_of(workbook(rows)), "joined") == [("26/11/2026 07:31:00",)]


@pytest.mark.parametrize("part", ["xl/styles.xml", "[Content_Types].xml", "xl/worksheets/s.xml"])
def test_a_bomb_is_refused_by_its_size(part: str) -> None:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(part, b"<a/>" * (MAX_INFLATED_BYTES // 4 + 1))

    with pytest.raises(SheetFault, match="too_large"):
        read_grids(out.getvalue(), "a.xlsx")


def changed(content: bytes, **parts: bytes) -> bytes:
    """Return a workbook with some parts of its ZIP archive replaced.

    `parts` maps names to contents. In a name, `__` stands for a slash and `_` for a dot.
    """
    out = BytesIO()
    with zipfile.ZipFile(BytesIO(content)) as source, zipfile.ZipFile(out, "w", 8) as target:
        for name in source.namelist():
            key = name.replace("/", "__").replace(".", "_")
            target.writestr(name, parts.get(key, source.read(name)))
    return out.getvalue()


HOSTILE = {
    "many empty elements": {
        "xl__styles_xml": b"<styleSheet>" + b"<xf/>" * 300_000 + b"</styleSheet>"
    },
    "a long number format": {
        "xl__styles_xml": b'<styleSheet><numFmt formatCode="' + b"[" * 300 + b'"/></styleSheet>'
    },
    "a long number format with the other quotes in it": {
        "xl__styles_xml": b'<styleSheet><numFmt formatCode="' + b"['" * 200 + b'"/></styleSheet>'
    },
    "a long definition of a name behind a long attribute": {
        "xl__workbook_xml": b'<workbook><definedName comment="'
        + b"x" * 2_000
        + b'">'
        + b"A" * 2_001
        + b"</definedName></workbook>"
    },
    "a row of many cells": {
        "xl__worksheets__sheet1_xml": b"<worksheet><sheetData><row>"
        + b"<c/>" * 16_385
        + b"</row></sheetData></worksheet>"
    },
    "a cell of many pieces of text": {
        "xl__worksheets__sheet1_xml": b"<worksheet><sheetData><row><c><is>"
        + b"<r/>" * 2_001
        + b"</is></c></row></sheetData></worksheet>"
    },
    "a row of many cells under another outermost element": {
        "xl__worksheets__sheet1_xml": b"<other><row>" + b"<c/>" * 16_385 + b"</row></other>"
    },
    "a row of many rows": {
        "xl__worksheets__sheet1_xml": b"<worksheet><row>"
        + b"<row/>" * 300_001
        + b"</row></worksheet>"
    },
    "many elements outside all rows": {
        "xl__worksheets__sheet1_xml": b"<worksheet>" + b"<x/>" * 300_001 + b"</worksheet>"
    },
    "a long number format behind an entity": {
        "xl__styles_xml": b'<!DOCTYPE x [<!ENTITY a "' + b"[" * 300 + b'">]>'
        b'<styleSheet><numFmt formatCode="&a;"/></styleSheet>'
    },
    "a long number format in UTF-16": {
        "xl__styles_xml": f'<styleSheet><numFmt formatCode="{"[" * 300}"/></styleSheet>'.encode(
            "utf-16"
        )
    },
    "one sheet named twice": {
        "xl__workbook_xml": b'<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
        b' xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets>'
        + b'<sheet name="a" sheetId="1" r:id="rId1"/><sheet name="b" sheetId="2" r:id="rId1"/>'
        + b"</sheets></workbook>"
    },
}


@pytest.mark.parametrize("parts", HOSTILE.values(), ids=HOSTILE)
def test_a_workbook_made_to_cost_much_is_refused(parts: dict[str, bytes]) -> None:
    with pytest.raises(SheetFault, match=r"too_large|not_xlsx"):
        read_grids(changed(workbook([HEADING, AN]), **parts), "a.xlsx")


@pytest.mark.parametrize(
    "part",
    [
        "<calcChain>" + "<c/>" * 17_000 + "</calcChain>",
        "<pivotCacheRecords>" + "<r/>" * 2_500 + "</pivotCacheRecords>",
        "<comments>" + "<r/>" * 2_500 + "</comments>",
    ],
    ids=["formulas", "pivot table", "comments"],
)
def test_what_is_no_cell_is_not_counted_as_one(part: str) -> None:
    out = BytesIO(workbook([HEADING, AN]))
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr("xl/other.xml", part)

    assert len(table_of(out.getvalue()).lines) == 1


def test_merged_cells_that_extend_to_the_end_of_the_sheet_cost_nothing() -> None:
    merged = b"".join(b'<mergeCell ref="A%d:B1048576"/>' % row for row in range(10, 10_010))
    content = workbook([HEADING, AN])
    with zipfile.ZipFile(BytesIO(content)) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml")
    sheet = sheet.replace(b"</sheetData>", b"</sheetData><mergeCells>" + merged + b"</mergeCells>")

    table = table_of(changed(content, xl__worksheets__sheet1_xml=sheet))

    assert len(table.lines) == 1


@pytest.mark.parametrize("cell", ["ngay thang " * 3_000, "(" * 30_000, "x " * 16_000])
def test_a_long_cell_takes_no_longer_than_a_short_one(cell: str) -> None:
    table = table_of(workbook([[cell], [*HEADING, "Ghi chú"], ["1", "An", 1975, cell, cell]]))
    assert len(table.lines) == 1


@pytest.mark.parametrize(
    "text",
    [";" * (MOST_CSV_COLUMNS + 1), "x" * 200_000, "x\n" * 100_001],
    ids=["wide", "cell", "long"],
)
def test_a_text_file_beyond_its_bounds_is_refused(text: str) -> None:
    with pytest.raises(SheetFault, match="too_large"):
        read_grids(text.encode(), "a.csv")


def test_a_bold_cell_in_the_last_corner_costs_nothing() -> None:
    from openpyxl import load_workbook

    book = load_workbook(BytesIO(workbook([HEADING, AN])))
    book.worksheets[0]["XFD1048576"].style = "Title"
    out = BytesIO()
    book.save(out)

    table = table_of(out.getvalue())

    assert len(table.lines) == 1
    assert len(table.grid.rows) == 2


@pytest.mark.parametrize(
    ("content", "name", "problem"),
    [
        (b"\xd0\xcf\x11\xe0rest", "a.xlsx", "old_or_locked"),
        (b"\xd0\xcf\x11\xe0rest", "a.xls", "old_or_locked"),
        (b"no workbook", "a.xlsx", "not_xlsx"),
        (b"PK\x03\x04 cut", "a.xlsx", "not_xlsx"),
        ("nghÞ quyÕt ban nh©n d©n\n".encode("latin-1") * 3, "a.csv", "other_encoding"),
    ],
)
def test_a_file_that_is_no_sheet_is_refused(content: bytes, name: str, problem: str) -> None:
    with pytest.raises(SheetFault, match=problem):
        read_grids(content, name)


def test_external_links_are_refused() -> None:
    out = BytesIO(workbook([HEADING, AN]))
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr("xl/externalLinks/externalLink1.xml", "<x/>")

    with pytest.raises(SheetFault, match="external_links"):
        read_grids(out.getvalue(), "a.xlsx")


def test_no_table_and_two_tables_are_said() -> None:
    with pytest.raises(NoTable, match="no_table"):
        table_of(workbook([["Báo cáo"], ["x", "y"]]))
    with pytest.raises(NoTable, match="many_tables"):
        table_of(workbook([HEADING, AN], sheets={"Khác": [HEADING, AN]}))


@pytest.mark.parametrize(("place", "name"), [((0, 0), "A1"), ((16, 3), "D17"), ((9, 27), "AB10")])
def test_cells_are_named_as_a_spreadsheet_does(place: tuple[int, int], name: str) -> None:
    assert name_cell(*place) == name


LISTED = ["STT", "Họ và tên", "Năm sinh", "Đơn vị"]


def test_a_list_goes_on_after_a_total_or_a_signature() -> None:
    rows = [
        LISTED,
        [1, "Trịnh Thị Đào", 1980, "U10"],
        ["Cộng: 1 đồng chí"],
        [2, "Lương Văn Cường", 1975, "U06"],
        ["", "Người lập biểu"],
        [3, "Cao Bá Mẫu", 1970, "U06"],
        ["", "Nguyễn Thị Ký"],
    ]
    table = table_of(workbook(rows))
    assert names_in(table) == ["Trịnh Thị Đào", "Lương Văn Cường", "Cao Bá Mẫu"]
    assert [row for row, _ in table.left_out] == [2, 4, 6]
    assert not table.faults


def test_a_heading_that_is_repeated_on_every_page_is_passed_over() -> None:
    rows = [LISTED, [1, "Trịnh Thị Đào", 1980, "U10"], LISTED, [2, "Cao Bá Mẫu", 1970, "U06"]]
    assert names_in(table_of(workbook(rows))) == ["Trịnh Thị Đào", "Cao Bá Mẫu"]


def test_a_text_alone_in_the_names_is_a_fault_and_nobody() -> None:
    rows = [
        ["STT", "Họ và tên", "Năm sinh", "Chức vụ"],
        ["", "Chi bộ Không Có Thật"],
        [1, "Cao Bá Mẫu", 1970, ""],
    ]
    table = table_of(workbook(rows))
    assert names_in(table) == ["Cao Bá Mẫu"]
    assert [fault.problem for fault in table.faults] == ["unknown_section"]


@pytest.mark.parametrize("number", ["III", "XVIII", "C", "B."])
def test_a_numbered_section_is_the_unit_of_its_lines_and_nobody(number: str) -> None:
    rows = [
        ["STT", "Họ và tên", "Năm sinh", "Chức vụ"],
        [number, "Chi bộ Không Có Thật (20 người)"],
        [1, "Cao Bá Mẫu", 1970, ""],
        [number, f"{UNITS['U10']} (1 người)"],
        [2, "Trịnh Thị Đào", 1971, ""],
    ]
    table = table_of(workbook(rows))
    assert not table.faults
    assert [(line.text("full_name"), line.section) for line in table.lines] == [
        ("Cao Bá Mẫu", "Chi bộ Không Có Thật"),
        ("Trịnh Thị Đào", UNITS["U10"]),
    ]


def test_a_line_struck_out_and_a_text_that_nobody_sees_are_faults() -> None:
    book = Workbook()
    sheet = book.worksheets[0]
    for row in (LISTED, [1, "Bị Gạch Tên", 1980, "U10"], [2, "Chữ Trắng Tên", 1981, "U10"]):
        sheet.append(row)
    sheet.append([3, "Ẩn Định Dạng", 1982, "U10"])
    sheet["B2"].font = Font(strike=True)
    sheet["B3"].font = Font(color="FFFFFFFF")
    sheet["B4"].number_format = ";;;"
    out = BytesIO()
    book.save(out)
    problems = [(fault.problem, fault.place) for fault in table_of(out.getvalue()).faults]
    assert problems == [("struck", "B2"), ("invisible", "B3"), ("invisible", "B4")]


def test_a_list_of_one_column_is_a_list() -> None:
    table = table_of(workbook([["Họ và tên"], ["Cao Bá Mẫu"], ["Y Moan"]]))
    assert names_in(table) == ["Cao Bá Mẫu", "Y Moan"]


def names_in(table: Table) -> list[str]:
    return [line.text("full_name") for line in table.lines]


def damaged(content: bytes) -> Iterator[bytes]:
    """Yield damaged copies of a workbook, 12 for every part of its ZIP archive.

    In every copy, one part is cut short, partly overwritten with random bytes, or has a piece
    repeated.
    """
    dice = Random(20261126)  # noqa: S311 - a fixed seed repeats the damage
    with zipfile.ZipFile(BytesIO(content)) as whole:
        parts = {name: whole.read(name) for name in whole.namelist()}
    for name in [*parts] * 12:
        part = bytearray(parts[name])
        at = dice.randrange(len(part))
        match dice.randrange(3):
            case 0:
                part = part[:at]
            case 1:
                part[at : at + 8] = dice.randbytes(8)
            case _:
                part = part[:at] + part[at : at + 40] * 3 + part[at + 40 :]
        out = BytesIO()
        with zipfile.ZipFile(out, "w") as broken:
            for other, other_part in parts.items():
                broken.writestr(other, bytes(part) if other == name else other_part)
        yield out.getvalue()


def test_a_damaged_workbook_is_a_fault_and_never_an_error_of_ours() -> None:
    content = workbook([HEADING, AN, [2, "Trần Thị Bình", date(1980, 5, 17), "Sở Nội vụ"]])
    for broken in damaged(content):
        with suppress(SheetFault):
            read_grids(broken, "a.xlsx")


@pytest.mark.parametrize("mark", ["-nt-", "nt", "Như trên", "〃", '"'])
def test_a_ditto_mark_means_the_cell_above(mark: str) -> None:
    rows = [
        ["STT", "Họ và tên", "Đơn vị", "Chức vụ"],
        [1, "Mẫu An", "Sở Nội vụ", "Bí thư"],
        [2, "Mẫu Bình", mark, mark],
        [3, "Mẫu Chi", mark, ""],
    ]
    table = table_of(workbook(rows))

    assert [line.text("unit") for line in table.lines] == ["Sở Nội vụ"] * 3
    assert [line.text("position") for line in table.lines] == ["Bí thư", "Bí thư", ""]


def test_a_heading_in_the_column_of_numbers_is_no_person() -> None:
    rows = [
        ["STT", "Họ và tên", "Đơn vị", "Chức vụ"],
        ["I. KHỐI CÁC CƠ QUAN ĐẢNG", "", "", ""],
        [1, "Mẫu An", "Sở Nội vụ", "Bí thư"],
    ]
    table = table_of(workbook(rows))

    assert table.faults == []
    assert [line.text("full_name") for line in table.lines] == ["Mẫu An"]
    assert (1, "I. KHỐI CÁC CƠ QUAN ĐẢNG") in table.left_out


def test_a_print_area_that_takes_openpyxl_long_is_refused() -> None:
    """Test a workbook whose definition of the print area contains 30,000 apostrophes.

    Everything else in the workbook is normal.
    """
    content, out = workbook([LISTED, [1, "Trịnh Thị Đào", 1980, "U10"]]), BytesIO()
    area = b'<definedNames><definedName name="_xlnm.Print_Area" localSheetId="0">'
    area += b"'" * 30_000 + b"</definedName></definedNames></workbook>"
    with zipfile.ZipFile(BytesIO(content)) as source, zipfile.ZipFile(out, "w") as odd:
        for name in source.namelist():
            part = source.read(name)
            if name == "xl/workbook.xml":
                part = part.replace(b"<definedNames/>", b"").replace(b"</workbook>", area)
            odd.writestr(name, part)

    with pytest.raises(SheetFault):
        read_grids(out.getvalue(), "a.xlsx")
