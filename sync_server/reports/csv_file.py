"""Write the tables of a report as CSV files for Excel in Vietnam, together in one ZIP file."""

import io
import zipfile

from sync_server.reports.document import Document
from sync_server.reports.docx_file import EPOCH
from sync_server.reports.parts import Table
from sync_server.sheets.csv_output import csv_text


def write_csv(document: Document) -> bytes:
    """Return a ZIP file that contains every table as a CSV file named `bieu-KEY.csv`."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for table in document.tables:
            entry = zipfile.ZipInfo(f"bieu-{table.key}.csv", EPOCH.timetuple()[:6])
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, table_as_csv(table))
    return out.getvalue()


def table_as_csv(table: Table) -> str:
    """Return a table as CSV text, with the total row last."""
    rows = [*table.rows, *([table.total] if table.total else [])]
    return csv_text([column.title for column in table.columns], rows)
