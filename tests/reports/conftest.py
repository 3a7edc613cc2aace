"""Provide the data of a report with several pages of text and several tables."""

from random import Random

import pytest

from sync_server.reports.figures import figures_of
from sync_server.reports.spec import ReportSpec
from tests.conferences import conference
from tests.reports.test_figures import MEETING, halls_of, spec_of


@pytest.fixture(scope="module")
def spec() -> ReportSpec:
    """Return the content of an evaluation report, with one very long text and tables of halls."""
    halls = halls_of(conference(Random(7)))  # noqa: S311 - a fixed seed repeats the conference
    long_text = "\n".join(["Công tác tổ chức được chuẩn bị chu đáo. " * 12] * 12)
    return spec_of(figures_of(MEETING, halls, {"CONG_TAC": 3}, ()), sections={"causes": long_text})
