"""Build responses that the browser downloads as files, such as CSV and XLSX.

CSV files begin with a byte order mark and separate the values with semicolons, because Excel in
Vietnam expects both.
"""

from collections.abc import Iterable, Sequence

from flask import Response

from sync_server.sheets.csv_output import csv_text

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def xlsx_download(content: bytes, name: str) -> Response:
    """Return the bytes of an XLSX workbook as a download with the file name `name`."""
    return file_download(content, name, XLSX)


def file_download(content: bytes | str, name: str, media_type: str) -> Response:
    """Return `content` as a download with the file name `name` and this media type."""
    response = Response(content, mimetype=media_type)
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response


def csv_of(headings: Sequence[str], rows: Iterable[Sequence[object]], name: str) -> Response:
    """Return a table with these headings and rows as a CSV download with the file name `name`.

    A text that a spreadsheet would run as a formula gets an apostrophe in front of it.
    """
    return file_download(csv_text(headings, rows), name, "text/csv")
