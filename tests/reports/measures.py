"""Check the size, margins and page numbers of a report that is a PDF file."""

from typing import Any

import pytest

from sync_server.reports.layouts import Layout

MM = 72 / 25.4
"""Number of points (1/72 inch) in a millimetre."""
A4_MM = (210, 297)
TOLERANCE_MM = 1.5


def check_measures(pdf: Any, layout: Layout) -> None:
    """Check the size, the margins and the page number of a report's pages.

    The first page has no number, and the last one is in landscape, for the tables.
    Raises: AssertionError if a measure is not that of the layout.
    """
    top, bottom, left, right = layout.margins_mm
    widths = [page.get_width() / MM for page in pdf]
    assert widths[0] == pytest.approx(A4_MM[0], abs=TOLERANCE_MM)
    assert widths[-1] == pytest.approx(A4_MM[1], abs=TOLERANCE_MM)  # the tables are landscape
    boxes, height = boxes_of(pdf[1]), pdf[1].get_height()
    number = [box for box in boxes if (height - box[3]) / MM < top - 3]
    inside = [box for box in boxes if box not in number]
    assert min(box[0] for box in inside) / MM == pytest.approx(left, abs=TOLERANCE_MM)
    assert max(box[2] for box in inside) / MM <= A4_MM[0] - right + TOLERANCE_MM
    assert min(box[1] for box in inside) / MM >= bottom - TOLERANCE_MM
    centre = sum(box[0] + box[2] for box in number) / (2 * len(number)) / MM
    assert centre == pytest.approx((left + A4_MM[0] - right) / 2, abs=3)  # centred
    from_top = (height - max(box[3] for box in number)) / MM
    assert from_top == pytest.approx(layout.page_number_mm, abs=3)
    # The first page has no page number.
    assert not [box for box in boxes_of(pdf[0]) if (height - box[3]) / MM < top - 3]


def boxes_of(page: Any) -> list[tuple[float, float, float, float]]:
    """Return the bounding box of every character on a PDF page.

    A box is (left, bottom, right, top) in points.
    """
    text = page.get_textpage()
    return [text.get_charbox(n) for n in range(text.count_chars())]
