"""CSV tables as Excel in Vietnam opens them: UTF-8 with a byte order mark, semicolons."""

import csv
import io
from collections.abc import Iterable, Sequence

from flask import Response

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""Characters at the start of a cell that a spreadsheet would run as a formula."""


def csv_of(headings: Sequence[str], rows: Iterable[Sequence[object]], name: str) -> Response:
    """Return a table as a CSV file to download, with formulas made harmless."""
    out = io.StringIO()
    out.write("\ufeff")
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(headings)
    writer.writerows([_escape_cell(value) for value in row] for row in rows)
    response = Response(out.getvalue(), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _escape_cell(value: object) -> object:
    if isinstance(value, str) and value.startswith(_FORMULA_STARTS):
        return f"'{value}"
    return value
