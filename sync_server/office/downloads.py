"""Files to download: CSV as Excel in Vietnam opens it (a byte order mark, semicolons), XLSX."""

import csv
import io
from collections.abc import Iterable, Sequence

from flask import Response

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""Characters at the start of a cell that a spreadsheet would run as a formula."""


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
    out = io.StringIO()
    out.write("\ufeff")
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(headings)
    writer.writerows([_escape_cell(value) for value in row] for row in rows)
    return file_of(out.getvalue(), name, "text/csv")


def _escape_cell(value: object) -> object:
    if isinstance(value, str) and value.startswith(_FORMULA_STARTS):
        return f"'{value}"
    return value
