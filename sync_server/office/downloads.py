"""Files to download: CSV as Excel in Vietnam opens it (a byte order mark, semicolons), XLSX."""

from collections.abc import Iterable, Sequence

from flask import Response

from sync_server.sheets.csv_output import csv_text

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def xlsx_of(content: bytes, name: str) -> Response:
    """Return a workbook as a file to download."""
    return file_of(content, name, XLSX)


def file_of(content: bytes | str, name: str, media_type: str) -> Response:
    """Return content as a file to download."""
    response = Response(content, mimetype=media_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def csv_of(headings: Sequence[str], rows: Iterable[Sequence[object]], name: str) -> Response:
    """Return a table as a CSV file to download, with formulas made harmless."""
    return file_of(csv_text(headings, rows), name, "text/csv")
