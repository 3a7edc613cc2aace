"""Write reports as Excel files (XLSX), and read the files again to verify them.

A file has a sheet for the texts and a sheet for every table, in which totals and rates are
formulas. A hidden sheet contains the report spec (the complete data of the report, as JSON).
"""

import io
from typing import Any

import msgspec

from sync_server.messages import say
from sync_server.reports.document import Document
from sync_server.reports.docx_file import EPOCH
from sync_server.reports.parts import NONE, Table

SOURCE_SHEET = "report.sheet.source"
LINE_PT, LETTERS_IN_LINE = 16, 84
"""A line of text is 16 points high and has about 84 characters. Row heights are computed from these
two numbers, because some programs do not fit rows to wrapped text."""
PIECE = 30_000
"""The report's data are split into pieces of 30,000 characters, because a cell holds at most
32,767."""
_SPEC_COLUMN = 1
MOST_COLUMNS = 100


def write_xlsx(document: Document) -> bytes:
    """Return a report as the bytes of an Excel file (XLSX).

    A hidden sheet contains the report spec (the complete data of the report, as JSON), from which
    the figures can be verified.
    """
    from xlsxwriter import Workbook

    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    book = Workbook(out, options)
    book.formats[0].set_font_name(document.layout.font)
    book.set_properties(
        {"title": document.title, "author": document.organisation.name,
         "created": EPOCH.replace(tzinfo=None)}
    )  # fmt: skip
    font = {"font_name": document.layout.font}
    formats = {
        "bold": book.add_format(
            font | {"bold": True, "border": 1, "text_wrap": True, "valign": "top"}
        ),
        "text": book.add_format(font | {"border": 1, "text_wrap": True, "valign": "top"}),
        "number": book.add_format(font | {"border": 1, "num_format": "#,##0"}),
        "total": book.add_format(font | {"border": 1, "bold": True, "num_format": "#,##0"}),
        "rate": book.add_format(font | {"border": 1, "bold": True, "num_format": "0.0%"}),
        "share": book.add_format(font | {"border": 1, "num_format": "0.0%"}),
        "name": book.add_format(font | {"bold": True, "font_size": 13}),
        "title": book.add_format(
            font | {"bold": True, "font_size": 13, "text_wrap": True, "valign": "top"}
        ),
    }
    _write_text(book, document, formats)
    for table in document.tables:
        _write_table(book, table, formats)
    _write_source(book, document)
    book.close()
    return out.getvalue()


def read_spec(content: bytes) -> bytes | None:
    """Return the report spec (the complete data of a report, as JSON) inside an XLSX file.

    Return None if the file has none.
    """
    from openpyxl import load_workbook

    book = load_workbook(io.BytesIO(content), read_only=True)
    if say(SOURCE_SHEET) not in book.sheetnames:
        return None
    rows = book[say(SOURCE_SHEET)].iter_rows(values_only=True)
    pieces = [
        str(row[_SPEC_COLUMN]) for row in rows if len(row) > _SPEC_COLUMN and row[0] == "spec"
    ]
    return "".join(pieces).encode() or None


def texts_of(content: bytes, most: int) -> list[str]:
    """Return the rows of an XLSX file as texts such as `sheet: cell | cell`.

    Empty rows, empty cells at the end of a row, and the hidden sheet with the report spec (the
    complete data of the report) are left out. Raises: ValueError if there are more than `most`
    rows, or more than `MOST_COLUMNS` columns.
    """
    from openpyxl import load_workbook

    book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    lines: list[str] = []
    for sheet in book.worksheets:
        if sheet.title == say(SOURCE_SHEET):
            continue
        sheet.reset_dimensions()  # a file may state fewer rows than it has
        for row in sheet.iter_rows(values_only=True):
            if len(row) > MOST_COLUMNS or len(lines) > most:
                raise ValueError("too many rows or columns")
            if any(cell is not None for cell in row):
                shown = " | ".join(_as_shown(cell) for cell in row).rstrip(" |")
                lines.append(f"{sheet.title}: {shown}")
    return lines


def _as_shown(cell: object) -> str:
    """Return the value of a spreadsheet cell as text; "" for an empty cell.

    A decimal number is shortened to 10 significant digits. A 1 that another program has stored as
    1.0 is therefore returned as "1".
    """
    if isinstance(cell, float):
        return f"{cell:.10g}"
    return "" if cell is None else str(cell)


def _write_text(book: Any, document: Document, formats: dict[str, Any]) -> None:
    sheet = book.add_worksheet(say("report.sheet.text"))
    font = {"font_name": document.layout.font}
    wrapped = book.add_format(font | {"text_wrap": True, "valign": "top"})
    sheet.set_column(0, 0, 100)
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    lines = [(document.title, "title"), (document.summary, "title")]
    for passage in document.passages:
        if passage.heading:
            lines.append((passage.heading, "title"))
        lines += [(text, "") for text in passage.paragraphs]
    lines += [(text, "") for text in [document.mark, *document.foot] if text]
    for row, (text, form) in enumerate(lines):
        sheet.set_row(row, LINE_PT * max(1, -(-len(text) // LETTERS_IN_LINE)))
        sheet.write_string(row, 0, document.spelled(text), formats[form] if form else wrapped)


def _write_table(book: Any, table: Table, formats: dict[str, Any]) -> None:
    sheet = book.add_worksheet(say("report.sheet.table", table=table.key))
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.write_string(0, 0, table.title, formats["name"])
    for place, column in enumerate(table.columns):
        sheet.set_column(place, place, column.width * 2.2)
        sheet.write_string(2, place, column.title, formats["bold"])
    first, rate = 3, table.rate
    for at, row in enumerate(table.rows, start=first):
        for place, value in enumerate(row):
            if rate and place == rate[0]:
                _write_rate(sheet, at, rate, row, formats["share"])
            elif isinstance(value, int):
                sheet.write_number(at, place, value, formats["number"])
            else:
                sheet.write_string(at, place, value, formats["text"])
    last = first + len(table.rows) - 1
    if table.total:
        for place, value in enumerate(table.total):
            if place in table.sums:
                letter = _letter(place)
                formula = f"=SUM({letter}{first + 1}:{letter}{last + 1})"
                sheet.write_formula(last + 1, place, formula, formats["total"], value)
            elif rate and place == rate[0]:
                _write_rate(sheet, last + 1, rate, table.total, formats["rate"])
            else:
                sheet.write_string(last + 1, place, str(value), formats["bold"])
    sheet.autofilter(2, 0, last, len(table.columns) - 1)
    sheet.freeze_panes(3, 2)
    sheet.repeat_rows(2)


def _write_rate(sheet: Any, at: int, rate: tuple[int, int, int], row: list[Any], form: Any) -> None:
    """Write a percentage into row `at` as a formula that divides one cell by another.

    Rows are counted from 0. `rate` contains the indexes of three columns: the percentage, and the
    part and the whole from which it is computed. `row` contains the values of the row's cells, and
    `form` is the format of the percentage's cell. The formula shows an en dash if the whole is 0
    or the part is unknown.
    """
    place, part, whole = rate
    cells = (f"{_letter(part)}{at + 1}", f"{_letter(whole)}{at + 1}")
    is_known = isinstance(row[part], int) and row[whole]
    value = row[part] / row[whole] if is_known else NONE
    formula = f'=IF(OR({cells[1]}=0,ISTEXT({cells[0]})),"{NONE}",{cells[0]}/{cells[1]})'
    sheet.write_formula(at, place, formula, form, value)


def _write_source(book: Any, document: Document) -> None:
    sheet = book.add_worksheet(say(SOURCE_SHEET))
    sheet.set_column(1, 1, 60)
    sheet.hide()  # only programs read the spec; the footnote summarises it for people
    row = 0
    for text in document.foot:
        sheet.write_string(row, 0, text)
        row += 1
    spec = msgspec.json.encode(document.spec).decode()
    for start in range(0, len(spec), PIECE):
        sheet.write_string(row, 0, "spec")
        sheet.write_string(row, _SPEC_COLUMN, spec[start : start + PIECE])
        row += 1


def _letter(place: int) -> str:
    from xlsxwriter.utility import xl_col_to_name

    name: str = xl_col_to_name(place)
    return name
