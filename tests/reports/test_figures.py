"""Test that the numbers in every table of a report add up, for random conferences."""

from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from sync_server.domain.judging.clocks import Clocks
from sync_server.domain.judging.counts import Counts
from sync_server.domain.judging.standing import standing_of
from sync_server.domain.records.forms import parse_record
from sync_server.messages import percent
from sync_server.reports.document import build
from sync_server.reports.figures import (
    Figures,
    Hall,
    MaterialLine,
    MeetingFacts,
    TaskLine,
    attendees_of,
    figures_of,
)
from sync_server.reports.layouts import LayoutName
from sync_server.reports.narrative import Section, drafts_of
from sync_server.reports.period import build_period, by_hall, by_type
from sync_server.reports.snapshot import Basis
from sync_server.reports.spec import Conference, PeriodSpec, ReportSpec
from sync_server.reports.words import day_and_hours, spell
from sync_server.storage.organisation import Organisation
from tests.conferences import conference
from tests.factories import raw

STARTS, ENDS = 1_724_286_600_000, 1_724_299_200_000
MEETING = MeetingFacts("2024-08-22-hoc-tap", "Hội nghị thử", STARTS, ENDS, ENDS + 1)


def halls_of(records: list[dict[str, Any]]) -> list[Hall]:
    parsed = [parse_record(raw(record)) for record in records]
    points = sorted({record.point for record in parsed})
    return [
        Hall(
            point,
            f"Điểm cầu {point}",
            "DOANH_NGHIEP",
            True,
            standing_of(point, [r for r in parsed if r.point == point], Clocks(())),
        )
        for point in points
    ]


def adds_up(counts: Counts) -> bool:
    absent = counts.absent_excused + counts.absent_unexcused + counts.not_recorded
    return counts.summoned == counts.present + absent


@settings(deadline=None)
@given(st.randoms(use_true_random=False))
def test_every_row_and_every_total_adds_up(dice: Random) -> None:
    halls = halls_of(conference(dice))
    figures = figures_of(MEETING, halls, {}, ())

    rows = [line.counts for line in figures.halls] + [line.counts for line in figures.types]
    assert all(adds_up(counts) for counts in rows)
    assert adds_up(figures.totals)
    assert figures.totals == sum((line.counts for line in figures.types), Counts())
    assert figures.planned == sum(line.planned for line in figures.types) == len(figures.halls)
    assert figures.reported + len(figures.silent) == figures.planned
    assert figures.reported <= figures.connected
    attendees = attendees_of(halls)
    assert len(attendees) == figures.totals.summoned
    assert sum(a.state == "present" for a in attendees) == figures.totals.present


def figures_with(**counts: int) -> Figures:
    return Figures(MEETING, (), Counts(**counts), (), {"CONG_TAC": 3, "": 1}, (), (), 0)


def spec_of(figures: Figures, **changes: Any) -> ReportSpec:
    basis = Basis("e1", MEETING, {}, (), {}, ())
    words = Organisation(name="Đảng uỷ Khối", symbol="ĐUK", place="Hoà Bình")
    return ReportSpec("evaluation", "PARTY_HD05_2026", 1, words, basis, figures, **changes)


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [(4925, 5000, "98,5%"), (0, 0, "–"), (1, 3, "33,3%"), (2, 3, "66,7%"), (5000, 5000, "100,0%"),
     (0, 7, "0,0%")],
)  # fmt: skip
def test_a_share_is_written_as_papers_do(part: int, whole: int, text: str) -> None:
    assert percent(part, whole) == text


def test_days_and_hours_are_written_as_papers_do() -> None:
    assert day_and_hours(STARTS, ENDS) == "từ 07:30 đến 11:00 ngày 22/8/2024"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Đảng uỷ Hoà Bình", "Đảng ủy Hòa Bình"),
        ("khoẻ, thuỷ lợi, UỶ BAN", "khỏe, thủy lợi, ỦY BAN"),
        ("toàn quý, quả, giờ", "toàn quý, quả, giờ"),
        ("của, lúa, múa, huệ, tuệ, thuế, UỶ", "của, lúa, múa, huệ, tuệ, thuế, ỦY"),
    ],
)
def test_the_spelling_is_the_organisation_s(one: str, other: str) -> None:
    assert spell(one, "ủy") == spell(other, "ủy") == other
    assert spell(other, "uỷ") == spell(one, "uỷ") == one


def test_nothing_is_said_that_no_figure_shows() -> None:
    drafts = drafts_of(figures_with(summoned=0))
    assert drafts["quality"] == ""
    assert drafts["facilities"] == ""
    assert drafts["limits"] == ""
    assert "0 đồng chí (–)" in drafts["numbers"]
    assert "đi công tác 3" in drafts["numbers"]
    assert "lý do không còn lưu 1" in drafts["numbers"]
    limits = drafts_of(figures_with(summoned=5, present=3, late=2, absent_unexcused=2))["limits"]
    assert limits.splitlines() == ["Có 2 đồng chí vắng không lý do.", "Có 2 đồng chí đến muộn."]


def test_an_edited_section_replaces_its_draft_and_empty_ones_wait_for_words() -> None:
    document = build(spec_of(figures_with(), sections={"tasks": "Việc một.\nViệc hai."}))
    texts = {passage.heading: passage.paragraphs for passage in document.passages}
    assert texts["IV- NHIỆM VỤ, GIẢI PHÁP"] == ("Việc một.", "Việc hai.")
    assert texts["V- KIẾN NGHỊ"] == ("…",)
    assert [heading.split("-")[0] for heading in texts][:1] == ["I"]


@settings(deadline=None)
@given(st.lists(st.randoms(use_true_random=False), min_size=1, max_size=3))
def test_a_period_is_the_sum_of_its_conferences(dice: list[Random]) -> None:
    figures = [figures_of(MEETING, halls_of(conference(d)), {}, ()) for d in dice]
    halls = [hall for meeting in figures for hall in meeting.halls]
    whole = sum((meeting.totals for meeting in figures), Counts())

    for lines in (by_type(halls), by_hall(halls)):
        assert sum((line.counts for line in lines), Counts()) == whole
        assert sum(line.halls for line in lines) == len(halls)
        assert all(line.on_time <= line.halls for line in lines)
        assert all(adds_up(line.counts) for line in lines)
    basis = Basis("e1", MEETING, {}, (), {}, ())
    conferences = tuple(Conference(basis, meeting) for meeting in figures)
    spec = PeriodSpec("PARTY_HD05_2026", Organisation(), "năm 2024", ENDS, conferences)
    for table in build_period(spec).tables:
        assert table.total
        for column in table.sums:
            assert table.total[column] == sum(int(row[column]) for row in table.rows)


def material(kind: str, **changes: Any) -> MaterialLine:
    facts = {"public_ms": None, "is_in_time": True, **changes}
    return MaterialLine(kind.lower(), "Tài liệu mẫu", kind, "632-CV/TU", **facts)


def test_a_report_cites_its_basis_and_names_the_kinds_that_are_missing() -> None:
    basis = material("CONG_VAN", issuer="Tỉnh uỷ", issued_on="2024-08-12", is_basis=True)
    drafts = drafts_of(figures_of(MEETING, [], {}, [basis, material("SLIDE")]))
    cited = "Căn cứ Công văn số 632-CV/TU, ngày 12/8/2024 của Tỉnh uỷ,"
    assert drafts["organisation"].startswith(cited)
    assert "chưa có tài liệu loại: kế hoạch, chương trình, hướng dẫn." in drafts["limits"]


def test_a_report_says_how_far_earlier_limits_were_overcome() -> None:
    tasks = [
        TaskLine("P001", "Điểm cầu Một", "Mua máy phát điện", ENDS, "open", "Hội nghị trước"),
        TaskLine("P002", "Điểm cầu Hai", "Sửa loa", None, "done", "Hội nghị trước"),
    ]
    figures = figures_of(MEETING, [], {}, (), tasks)
    limits = drafts_of(figures)["limits"]
    assert "2 việc phải khắc phục, đã xong 1, chưa xong 1, trong đó quá hạn 1." in limits
    [table] = [table for table in build(spec_of(figures)).tables if "hội nghị trước" in table.title]
    assert table.rows[0][1:3] == ["Mua máy phát điện", "Hội nghị trước"]
    assert [row[-1] for row in table.rows] == ["quá hạn", "đã xong"]


@pytest.mark.parametrize(
    ("layout", "mark"),
    [("PARTY_HD05_2026", "lại."), ("PARTY_HD36_2018", "lại./."), ("STATE_ND30_2020", "lại./.")],
)
def test_a_text_ends_with_the_mark_of_its_layout(layout: LayoutName, mark: str) -> None:
    sections: dict[Section, str] = {"proposals": "Đề nghị tổ chức lại."}
    spec = spec_of(figures_with(summoned=1), sections=sections, changes=("Một.",))

    passages = build(replace(spec, layout=layout)).passages

    assert passages[-2].paragraphs[-1].endswith(mark)
    assert passages[-1].paragraphs == ("Một.",)
