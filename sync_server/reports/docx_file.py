"""Write reports as Word files (DOCX), and read the files again to verify them.

Fonts, sizes and margins come from the report's layout. The same report gives the same bytes.
"""

import io
import re
import zipfile
from datetime import UTC, datetime
from typing import Any

import msgspec

from sync_server.messages import number, say
from sync_server.reports.document import NO_XML, Document
from sync_server.reports.parts import Cell, Passage, Table
from sync_server.storage.prepared import in_chunks

EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
"""A fixed date for the entries of ZIP and DOCX files, and for the date of creation in XLSX files.
With the current date, the same report would give different bytes every time.
"""
SPEC_PART = "/customXml/report.xml"
"""The path of the complete data of the report inside a DOCX file. `verify` reads the data there to
compute the figures again."""
_A4_MM = (210, 297)
_TABLE_PT = 10
_TWIPS_IN_MM = 1440 / 25.4
"""The number of twips in a millimetre. Word measures widths in twips, and 1,440 twips make one inch
(25.4 mm)."""
_GRID = "Table Grid"
ROWS_AT_ONCE = 200
FILLED_IN_TABLES = 2
"""The number of tables without borders in a DOCX file that a clerk fills in: one contains the
header of the paper, the other the signature.
"""
CELL_STYLES = {False: "Bảng: chữ", True: "Bảng: số"}
"""The names of the Word paragraph styles for table cells: False for columns of text, True for
columns of numbers."""


def write_docx(document: Document) -> bytes:
    """Return a report as the bytes of a Word file (DOCX).

    The file also contains the report spec (the complete data of the report, as JSON), from
    which the figures can be verified. The same report always gives the same bytes.
    """
    import docx

    word = docx.Document()
    writer = _Writer(word, document)
    writer.write()
    _attach_spec(word, document)
    made = datetime.fromtimestamp(document.at_ms // 1000, UTC).replace(tzinfo=None)
    word.core_properties.created = word.core_properties.modified = made
    word.core_properties.comments = ""
    word.core_properties.title = document.title
    word.core_properties.author = document.organisation.name
    word.core_properties.language = "vi-VN"
    out = io.BytesIO()
    word.save(out)
    return _reproducible_zip(out.getvalue())


def read_spec(content: bytes) -> bytes | None:
    """Return the report spec (the complete data of a report, as JSON) inside a DOCX file.

    Return None if the file has none. Raises: zipfile.BadZipFile if the content is not a ZIP file.
    """
    from html import unescape

    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if SPEC_PART[1:] not in archive.namelist():
            return None
        match = re.search(r"<spec>(.*)</spec>", archive.read(SPEC_PART[1:]).decode(), re.DOTALL)
    return unescape(match[1]).encode() if match else None


def texts_of(content: bytes, most: int) -> list[str]:
    """Return the visible text of a DOCX file, one line per paragraph and table row.

    The lines are in the order of the file; page headers, page footers and footnotes come last.
    Text boxes are included, hidden text is not. The cells of a row are joined with " | ". The
    first two tables without cell borders are left out, because a clerk fills in number, date
    and names there.

    Raises: ValueError if there are more than `most` paragraphs and tables, or more than `most`
    lines.
    """
    import docx
    from docx.oxml import parse_xml
    from docx.oxml.ns import qn

    word = docx.Document(io.BytesIO(content))
    without_grid = [
        table._element  # python-docx has no public access to the element
        for table in word.tables
        if table.style is None or table.style.name != _GRID
    ]
    to_fill_in = without_grid[:FILLED_IN_TABLES]
    lines: list[str] = []
    if len(word.element.body) > most:
        raise ValueError("too many paragraphs")
    for block in word.element.body:
        if block.tag == qn("w:tbl") and block not in to_fill_in:
            lines += [
                " | ".join(_visible_text(cell) for cell in row.iter(qn("w:tc")))
                for row in block.iter(qn("w:tr"))
            ]
        elif block.tag != qn("w:tbl"):
            lines.append(_visible_text(block))
    for part in word.part.package.iter_parts():
        if part.partname.startswith(("/word/header", "/word/footer", "/word/footnotes")):
            texts = [_visible_text(paragraph) for paragraph in parse_xml(part.blob).iter(qn("w:p"))]
            lines += [text for text in texts if not text.strip().isdecimal()]  # a page number
    if len(lines) > most:
        raise ValueError("too many lines")
    return [line for line in lines if line.strip()]


def _visible_text(element: Any) -> str:
    """Return all text inside an XML element of a DOCX file, except text marked as hidden."""
    from docx.oxml.ns import qn

    texts = []
    for run in element.iter(qn("w:r")):
        properties = run.find(qn("w:rPr"))
        is_hidden = properties is not None and properties.find(qn("w:vanish")) is not None
        texts += [text.text or "" for text in run.findall(qn("w:t")) if not is_hidden]
    return "".join(texts)


class _Writer:
    """A writer that adds one report's header, title, texts, signature and tables to a Word file."""

    def __init__(self, word: Any, document: Document) -> None:
        self._word, self._document = word, document
        self._cell_styles: dict[bool, str] = {}
        self._layout, self._organisation = document.layout, document.organisation

    def write(self) -> None:
        self._set_style()
        self._set_page(self._word.sections[0], is_wide=False)
        self._write_page_numbers()
        self._write_head()
        self._write_title()
        for passage in self._document.passages:
            self._write_passage(passage)
        self._write_signature()
        self._write_tables()

    def _set_style(self) -> None:
        from docx.enum.style import WD_STYLE_TYPE
        from docx.enum.text import WD_ALIGN_PARAGRAPH
        from docx.oxml.ns import qn
        from docx.shared import Pt

        style = self._word.styles["Normal"]
        style.font.name, style.font.size = self._layout.font, Pt(self._layout.body_pt)
        style.element.rPr.rFonts.set(qn("w:eastAsia"), self._layout.font)
        for is_number, name in CELL_STYLES.items():
            of_cells = self._word.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
            self._cell_styles[is_number] = of_cells.style_id
            of_cells.base_style, of_cells.font.size = style, Pt(_TABLE_PT)
            if is_number:
                of_cells.paragraph_format.alignment = WD_ALIGN_PARAGRAPH.RIGHT

    def _set_page(self, section: Any, *, is_wide: bool) -> None:
        from docx.enum.section import WD_ORIENT
        from docx.shared import Mm

        top, bottom, left, right = self._layout.margins_mm
        width, height = _A4_MM[::-1] if is_wide else _A4_MM
        section.orientation = WD_ORIENT.LANDSCAPE if is_wide else WD_ORIENT.PORTRAIT
        section.page_width, section.page_height = Mm(width), Mm(height)
        section.top_margin, section.bottom_margin = Mm(top), Mm(bottom)
        section.left_margin, section.right_margin = Mm(left), Mm(right)
        section.header_distance = Mm(self._layout.page_number_mm)

    def _write_page_numbers(self) -> None:
        from docx.enum.text import WD_ALIGN_PARAGRAPH
        from docx.oxml import OxmlElement
        from docx.oxml.ns import qn

        section = self._word.sections[0]
        section.different_first_page_header_footer = True  # page 1 has no number
        paragraph = section.header.paragraphs[0]
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
        run = paragraph.add_run()
        for kind, text in (("begin", None), (None, "PAGE"), ("end", None)):
            element = OxmlElement("w:fldChar" if kind else "w:instrText")
            if kind:
                element.set(qn("w:fldCharType"), kind)
            else:
                element.text = text
            run._r.append(element)

    def _write_head(self) -> None:
        left, right = self._two_columns()
        organisation, layout = self._organisation, self._layout
        self._line(left, organisation.parent.upper(), layout.left_pt)
        self._line(left, organisation.name.upper(), layout.left_pt, bold=True)
        if layout.star:
            self._line(left, "*", layout.left_pt)
        else:
            self._rule(left, "———")
        self._line(left, self._document.number, layout.left_pt)
        for text, size, bold in layout.right_lines:
            self._line(right, text, size, bold=bold, underline=text == layout.right_lines[-1][0])
        self._line(right, self._document.day, layout.date_italic_pt, italic=True)

    def _write_title(self) -> None:
        document = self._document
        self._line(self._word, "", 6)
        self._line(self._word, document.title, document.layout.title_pt, bold=True)
        self._line(self._word, document.summary, document.layout.body_pt, bold=True)
        if document.layout.rule_under_title:
            self._line(self._word, document.layout.rule_under_title, document.layout.body_pt)
        else:
            self._rule(self._word, "————")

    def _write_passage(self, passage: Passage) -> None:
        from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
        from docx.shared import Mm, Pt

        heading = [(passage.heading, True)] if passage.heading else []
        texts = [*heading, *((text, False) for text in passage.paragraphs)]
        for text, is_heading in texts:
            paragraph = self._word.add_paragraph()
            paragraph.alignment = WD_ALIGN_PARAGRAPH.JUSTIFY
            form = paragraph.paragraph_format
            form.first_line_indent = Mm(self._layout.first_line_mm)
            form.line_spacing_rule = WD_LINE_SPACING.EXACTLY
            form.line_spacing = Pt(self._layout.line_pt)
            form.space_after, form.space_before = Pt(6), Pt(0)
            form.keep_with_next = is_heading
            run = paragraph.add_run(self._document.spelled(text))
            run.bold = is_heading
            if is_heading and passage.level > 1:
                run.italic = False

    def _write_signature(self) -> None:
        from docx.enum.text import WD_ALIGN_PARAGRAPH

        layout = self._layout
        if self._document.signing_body:
            self._line(self._word, "", layout.signature_pt)
            left, right = self._two_columns()
            self._line(
                left,
                say("report.recipients"),
                layout.recipients_title_pt,
                bold=True,
                italic=not layout.recipients_underlined,
                underline=layout.recipients_underlined,
                align=WD_ALIGN_PARAGRAPH.LEFT,
            )
            for text in self._document.recipients:
                self._line(left, text, layout.recipients_pt, align=WD_ALIGN_PARAGRAPH.LEFT)
            self._line(right, self._document.signing_body, layout.signature_pt, bold=True)
            self._line(right, self._document.signer_office, layout.signature_pt)
            for _ in range(5):
                self._line(right, "", layout.signature_pt)
            self._line(right, self._document.signer, layout.signature_pt, bold=True)
        if self._document.mark:
            self._line(self._word, self._document.mark, 8, align=WD_ALIGN_PARAGRAPH.LEFT)
        if not self._document.tables:
            self._write_foot()

    def _write_foot(self) -> None:
        from docx.enum.text import WD_ALIGN_PARAGRAPH

        for text in self._document.foot:
            self._line(self._word, text, 8, align=WD_ALIGN_PARAGRAPH.LEFT)

    def _write_tables(self) -> None:
        from docx.enum.section import WD_SECTION

        if not self._document.tables:
            return
        section = self._word.add_section(WD_SECTION.NEW_PAGE)
        self._set_page(section, is_wide=True)
        section.different_first_page_header_footer = False
        for table in self._document.tables:
            self._line(self._word, table.title, 12, bold=True, keeps=True)
            self._write_table(table)
            self._line(self._word, "", 8)
        self._write_foot()

    def _write_table(self, table: Table) -> None:
        """Add a table to the Word document, `ROWS_AT_ONCE` rows at a time.

        Adding a table of 5,000 rows cell by cell would take minutes, and so would adding one of
        60,000 at once: the time for moving a piece of XML grows with the square of its length.
        """
        from docx.oxml import parse_xml
        from docx.oxml.ns import nsdecls

        share = (_A4_MM[1] - 45) / sum(column.width for column in table.columns)
        widths = [round(column.width * share * _TWIPS_IN_MM) for column in table.columns]
        heading = [column.title for column in table.columns]
        rows = [
            self._row_of(heading, table, widths, is_heading=True),
            *(self._row_of(row, table, widths) for row in table.rows),
            *([self._row_of(table.total, table, widths, is_bold=True)] if table.total else []),
        ]
        grid = "".join(f'<w:gridCol w:w="{width}"/>' for width in widths)
        begin = f"<w:tbl {nsdecls('w')}>"
        written = parse_xml(
            f'{begin}<w:tblPr><w:tblStyle w:val="{_GRID.replace(" ", "")}"/>'
            f'<w:tblW w:w="{sum(widths)}" w:type="dxa"/><w:tblLayout w:type="fixed"/></w:tblPr>'
            f"<w:tblGrid>{grid}</w:tblGrid></w:tbl>"
        )
        self._word.element.body._insert_tbl(written)
        for some_rows in in_chunks(rows, ROWS_AT_ONCE):
            written.extend(list(parse_xml(f"{begin}{''.join(some_rows)}</w:tbl>")))

    def _row_of(
        self,
        cells: list[Cell] | list[str],
        table: Table,
        widths: list[int],
        *,
        is_heading: bool = False,
        is_bold: bool = False,
    ) -> str:
        from html import escape

        bold = "<w:rPr><w:b/></w:rPr>" if is_heading or is_bold else ""
        repeats = "<w:tblHeader/>" if is_heading else ""
        written = (
            f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/></w:tcPr>'
            f'<w:p><w:pPr><w:pStyle w:val="{self._cell_styles[column.is_number]}"/></w:pPr>'
            f'<w:r>{bold}<w:t xml:space="preserve">{escape(NO_XML.sub("", shown(value)))}</w:t>'
            "</w:r></w:p></w:tc>"
            for value, column, width in zip(cells, table.columns, widths, strict=True)
        )
        return f"<w:tr><w:trPr><w:cantSplit/>{repeats}</w:trPr>{''.join(written)}</w:tr>"

    def _two_columns(self) -> tuple[Any, Any]:
        from docx.shared import Mm

        table = self._word.add_table(rows=1, cols=2)
        table.autofit = False
        for column, cell, width in zip(table.columns, table.rows[0].cells, (68, 97), strict=True):
            column.width = cell.width = Mm(width)
        first, second = table.rows[0].cells
        return first, second

    def _rule(self, place: Any, text: str) -> None:
        self._line(place, text, 8)

    def _line(
        self,
        place: Any,
        text: str,
        size: float,
        *,
        bold: bool = False,
        italic: bool = False,
        underline: bool = False,
        align: Any = None,
        keeps: bool = False,
    ) -> None:
        from docx.enum.text import WD_ALIGN_PARAGRAPH
        from docx.shared import Pt

        is_first = hasattr(place, "paragraphs") and place.paragraphs[:1] and hasattr(place, "_tc")
        is_empty = is_first and len(place.paragraphs) == 1 and not place.paragraphs[0].runs
        paragraph = place.paragraphs[0] if is_empty else place.add_paragraph()
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER if align is None else align
        paragraph.paragraph_format.space_after = Pt(2)
        paragraph.paragraph_format.keep_with_next = keeps
        run = paragraph.add_run(self._document.spelled(text))
        run.font.size, run.bold, run.italic = Pt(size), bold, italic
        run.underline = underline


def shown(value: Cell) -> str:
    """Return a table cell's value as text.

    In numbers, a dot separates the thousands, as in 4.925.
    """
    return number(value) if isinstance(value, int) else value


def _attach_spec(word: Any, document: Document) -> None:
    from html import escape

    from docx.opc.constants import RELATIONSHIP_TYPE
    from docx.opc.packuri import PackURI
    from docx.opc.part import Part

    spec = escape(msgspec.json.encode(document.spec).decode(), quote=False)
    xml = f'<?xml version="1.0" encoding="UTF-8"?><spec>{spec}</spec>'.encode()
    part = Part(PackURI(SPEC_PART), "application/xml", xml, word.part.package)
    word.part.relate_to(part, RELATIONSHIP_TYPE.CUSTOM_XML)


def _reproducible_zip(content: bytes) -> bytes:
    """Return a copy of a ZIP file with its entries sorted and all given the same date.

    Entries with the same names and contents then always give the same bytes.
    """
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as archive,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as sorted_archive,
    ):
        names = sorted(archive.namelist(), key=lambda name: (name != "[Content_Types].xml", name))
        for name in names:
            entry = zipfile.ZipInfo(name, EPOCH.timetuple()[:6])
            entry.compress_type = zipfile.ZIP_DEFLATED
            sorted_archive.writestr(entry, archive.read(name))
    return out.getvalue()
