"""Test the dimensions of the PDF files that reports are printed from."""

import pypdfium2
import pytest
from msgspec.structs import replace

from sync_server.reports import making
from sync_server.reports.layouts import LAYOUTS, LayoutName
from sync_server.reports.spec import ReportSpec
from tests.reports.measures import check_measures


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_pdf_has_the_measures_of_its_layout(spec: ReportSpec, name: LayoutName) -> None:
    content = making.write(replace(spec, layout=name), "pdf")
    check_measures(pypdfium2.PdfDocument(content), LAYOUTS[name])
