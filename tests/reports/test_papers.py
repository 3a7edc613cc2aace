"""Test reports as LibreOffice shows them: the dimensions of pages, and recalculated totals.

The tests take a minute and need LibreOffice, so only `make papers` runs them, not `make test`.
"""

import os
import shutil
import subprocess
from pathlib import Path
from random import Random
from typing import Any

import pypdfium2
import pytest
from openpyxl import load_workbook

from sync_server.reports import making
from sync_server.reports.figures import figures_of
from sync_server.reports.layouts import LAYOUTS
from sync_server.reports.spec import ReportSpec
from tests.conferences import conference
from tests.reports.test_figures import MEETING, halls_of, spec_of

pytestmark = pytest.mark.skipif(
    not os.environ.get("PAPERS") or not shutil.which("soffice"), reason="run by `make papers`"
)
MM = 72 / 25.4
"""Number of points (1/72 inch) in a millimetre."""
A4_MM = (210, 297)
TOLERANCE_MM = 1.5


@pytest.fixture(scope="module")
def spec() -> ReportSpec:
    """Return the content of an evaluation report, with one very long text and tables of halls."""
    halls = halls_of(conference(Random(7)))  # noqa: S311 - a fixed seed repeats the conference
    long_text = "\n".join(["Công tác tổ chức được chuẩn bị chu đáo. " * 12] * 12)
    return spec_of(figures_of(MEETING, halls, {"CONG_TAC": 3}, ()), sections={"causes": long_text})


def converted(content: bytes, folder: Path, source: str, target: str) -> Path:
    """Convert a file with LibreOffice and return the path of the result, inside `folder`.

    `source` and `target` are file name extensions, such as docx and pdf.
    Raises: CalledProcessError if LibreOffice fails.
    """
    path = folder / f"bao-cao.{source}"
    path.write_bytes(content)
    profile = f"-env:UserInstallation=file://{folder}/profile"
    command = ["soffice", profile, "--headless", "--convert-to", target, "--outdir"]
    subprocess.run([*command, f"{folder}/out", str(path)], check=True, capture_output=True)  # noqa: S603
    return folder / "out" / f"bao-cao.{target}"


def test_a_word_report_has_the_measures_of_its_layout(spec: ReportSpec, tmp_path: Path) -> None:
    layout = LAYOUTS[spec.layout]
    top, bottom, left, right = layout.margins_mm
    pdf = pypdfium2.PdfDocument(converted(making.write(spec, "docx"), tmp_path, "docx", "pdf"))
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


def test_a_workbook_recalculated_gives_the_same_totals(spec: ReportSpec, tmp_path: Path) -> None:
    path = converted(making.write(spec, "xlsx"), tmp_path, "xlsx", "xlsx")
    rows = list(load_workbook(path, data_only=True)["Biểu 1"].iter_rows(values_only=True))
    total = next(row for row in rows if row[1] == "Cộng")
    totals = spec.figures.totals
    assert total[4:9] == (
        totals.summoned,
        totals.present,
        totals.absent_excused,
        totals.absent_unexcused,
        totals.not_recorded,
    )
    share = total[9]
    assert isinstance(share, float)
    assert share == pytest.approx(totals.present / totals.summoned)
