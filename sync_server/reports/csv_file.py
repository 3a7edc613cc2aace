"""Write the tables of a report as CSV files, together in one ZIP file.

The CSV files begin with a byte order mark and use semicolons as separators, as Excel in Vietnam
expects.
"""

import io
import zipfile

from sync_server.reports.document import Document
from sync_server.reports.docx_file import EPOCH
from sync_server.reports.parts import Table
from sync_server.sheets.csv_output import csv_text


def write_csv(document: Document) -> bytes:
    """Return a ZIP file that contains every table of a report as a CSV file.

    A CSV file is named after the key of its table, such as `bieu-1.csv`. The same tables always
    give the same bytes.
    """
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for table in document.tables:
            entry = zipfile.ZipInfo(f"bieu-{table.key}.csv", EPOCH.timetuple()[:6])
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, table_as_csv(table))
    return out.getvalue()


def table_as_csv(table: Table) -> str:
    """Return a table as CSV text: the column titles, the rows, and the total row if there is one.

    Fields are separated by semicolons, as Excel in Vietnam expects.
    """
    rows = [*table.rows, *([table.total] if table.total else [])]
    return csv_text([column.title for column in table.columns], rows)
