"""The tables of a report as CSV, as Excel in Vietnam opens it, in one ZIP file."""

import csv
import io
import zipfile

from sync_server.reports.document import Document
from sync_server.reports.docx_file import EPOCH
from sync_server.reports.parts import Cell, Table

_FORMULA_STARTS = ("=", "+", "-", "@")
"""Characters at the start of a text that a spreadsheet would run as a formula."""


def write_csv(document: Document) -> bytes:
    """Return a ZIP file with a CSV file for every table."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for table in document.tables:
            entry = zipfile.ZipInfo(f"bieu-{table.key}.csv", EPOCH.timetuple()[:6])
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, csv_text(table))
    return out.getvalue()


def csv_text(table: Table) -> str:
    """Return a table as CSV: a byte order mark, semicolons."""
    out = io.StringIO()
    out.write("\ufeff")
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow([column.title for column in table.columns])
    for row in [*table.rows, *([table.total] if table.total else [])]:
        writer.writerow([_escape(cell) for cell in row])
    return out.getvalue()


def _escape(cell: Cell) -> Cell:
    """Return a cell that no spreadsheet takes for a formula."""
    is_formula = isinstance(cell, str) and cell.startswith(_FORMULA_STARTS)
    return f"'{cell}" if is_formula else cell
