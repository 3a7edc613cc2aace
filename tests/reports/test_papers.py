"""Test reports as LibreOffice shows them: the dimensions of pages, and recalculated totals.

The tests take a minute and need LibreOffice, so only `make papers` runs them, not `make test`.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pypdfium2
import pytest
from openpyxl import load_workbook

from sync_server.reports import making
from sync_server.reports.layouts import LAYOUTS
from sync_server.reports.spec import ReportSpec
from tests.reports.measures import check_measures

pytestmark = pytest.mark.skipif(
    not os.environ.get("PAPERS") or not shutil.which("soffice"), reason="run by `make papers`"
)


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
    pdf = pypdfium2.PdfDocument(converted(making.write(spec, "docx"), tmp_path, "docx", "pdf"))
    check_measures(pdf, LAYOUTS[spec.layout])


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
