"""Tables as CSV, as Excel in Vietnam opens it: a byte order mark, semicolons, no formulas."""

import csv
import io
from collections.abc import Iterable, Sequence

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""Characters at the start of a text that a spreadsheet would run as a formula."""


def csv_text(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table as CSV, with formulas made harmless."""
    out = io.StringIO()
    out.write("\ufeff")
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow([_escape(heading) for heading in headings])
    writer.writerows([_escape(cell) for cell in row] for row in rows)
    return out.getvalue()


def _escape(cell: object) -> object:
    is_formula = isinstance(cell, str) and cell.startswith(_FORMULA_STARTS)
    return f"'{cell}" if is_formula else cell
