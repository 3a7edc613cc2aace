"""Write tables as CSV for Excel in Vietnam, with a byte order mark and semicolons."""

import csv
import io
from collections.abc import Iterable, Sequence

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""The characters with which a formula may begin.

A spreadsheet would run a text that begins with one of them, so such a text is escaped.
"""


def csv_text(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table as CSV text, with a byte order mark and semicolons.

    `headings` becomes the first row. A text that a spreadsheet would run as a formula is prefixed
    with an apostrophe.
    """
    out = io.StringIO()
    out.write("\ufeff")
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow([_escape(heading) for heading in headings])
    writer.writerows([_escape(cell) for cell in row] for row in rows)
    return out.getvalue()


def _escape(cell: object) -> object:
    is_formula = isinstance(cell, str) and cell.startswith(_FORMULA_STARTS)
    return f"'{cell}" if is_formula else cell
