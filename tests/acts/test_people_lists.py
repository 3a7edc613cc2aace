"""Test that the import of a list of people identifies nobody by guesswork.

The tests also check that every change and every faulty cell is reported before the import.
"""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from sync_server.acts.list_files import people_template
from sync_server.acts.people_lists import (
    NEW,
    NO_HALL,
    TITLE,
    USED,
    ListChoices,
    PeoplePlan,
    plan_people,
)
from sync_server.domain.legacy_text import is_legacy_name
from sync_server.domain.unit_names import UnitNames
from sync_server.sheets.files import read_grids
from sync_server.sheets.tables import find_table
from sync_server.storage.people.roster import RosterPerson
from tests.sheets.sheets import UNITS, places, workbook

AN = RosterPerson("M00001", "Nguyễn Văn An", "U10", "BI_THU", "OFFICIAL", 1975)
BINH = RosterPerson("M00002", "Trần Thị Bình", "U10", "", "OFFICIAL", 1980)
HOA, OTHER_HOA = (
    RosterPerson(code, "Nguyễn Thị Hoa", "U10", "", "OFFICIAL", year)
    for code, year in (("M00003", 1985), ("M00004", 1986))
)
HALLS = {"P010": "Điểm cầu Sở Nội vụ", "P011": "Điểm cầu Hội trường tỉnh"}
POINTS = UnitNames({"P010": "Sở Nội vụ", "P011": "Hội trường tỉnh"})
STORED = [AN, BINH, HOA, OTHER_HOA]
HEADING = ["Họ và tên", "Năm sinh", "Đơn vị", "Chức vụ", "Đảng viên"]


def plan_of(
    rows: Sequence[Any],
    *,
    heading: Sequence[object] = HEADING,
    stored: Sequence[RosterPerson] = STORED,
    **choices: Any,
) -> PeoplePlan:
    units = UnitNames(UNITS)
    table = find_table(
        read_grids(workbook([heading, *rows]), "a.xlsx"),
        used=USED,
        is_unit=lambda text: units.find(text) is not None,
    )
    return plan_people(table, stored, units, POINTS, ListChoices(**choices), 2026)


def test_the_hall_of_a_line_is_stored_with_the_person() -> None:
    heading = [*HEADING, "Điểm cầu"]
    line = ["Nguyễn Văn An", 1975, "Sở Nội vụ", "Bí thư", "chính thức"]
    unknown = plan_of([[*line, "điểm cầu Hội trường thôn"]], heading=heading)
    [fault] = unknown.faults
    assert (fault.problem, fault.value) == ("unknown_point", "điểm cầu Hội trường thôn")

    for text, point in (("Điểm cầu hội trường Tỉnh", "P011"), ("p011", "P011"), ("", "")):
        plan = plan_of([[*line, text]], heading=heading)
        assert plan.faults == []
        assert [change.after.point for change in plan.changed] == ([point] if point else [])

    chosen = plan_of(
        [[*line, "Hội trường thôn"]], heading=heading, points={"Hội trường thôn": "P011"}
    )
    assert chosen.changed[0].after.point == "P011"
    left_out = plan_of(
        [[*line, "Hội trường thôn"]], heading=heading, points={"Hội trường thôn": NO_HALL}
    )
    assert left_out.faults == []
    assert left_out.unchanged == 1


def test_a_stored_hall_stays_unless_the_unit_changes_or_the_list_names_another() -> None:
    seated = replace(AN, point="P011")
    line = ["Nguyễn Văn An", 1975, "Sở Nội vụ", "Bí thư", "chính thức"]

    assert plan_of([line], stored=[seated]).unchanged == 1
    moved = plan_of(
        [["Nguyễn Văn An", 1975, "VP Tỉnh uỷ", "", ""]], stored=[seated], people={1: AN.person}
    )
    assert moved.changed[0].after.point == ""
    emptied = plan_of([[*line, ""]], heading=[*HEADING, "Điểm cầu"], stored=[seated])
    assert emptied.changed[0].losses == ("point",)


def test_people_are_matched_by_name_unit_and_year_of_birth() -> None:
    plan = plan_of(
        [
            ["nguyễn văn an", "17/05/1975", "Sở Nội vụ", "Bí thư", "chính thức"],
            ["Trần Thị Bình", 1980, "ĐB Sở Nội vụ", "Phó BT", "chính thức"],
            ["Lê Văn Cường", 1990, "U10", "", "dự bị"],
        ]
    )

    assert [(c.after.person, c.fields) for c in plan.changed] == [
        ("M00001", ("full_name",)),
        ("M00002", ("position",)),
    ]
    [new] = plan.new
    assert (new.after.person, new.after.membership) == ("M00005", "PROBATIONARY")
    assert [person.person for person in plan.missing] == ["M00003", "M00004"]


def test_nobody_is_guessed_between_two_of_one_name() -> None:
    rows = [["Nguyễn Thị Hoa", None, "Sở Nội vụ", "", "chính thức"]]

    asked = plan_of(rows)
    answered = plan_of(rows, people={1: "M00004"})
    somebody_new = plan_of(rows, people={1: NEW})

    assert [len(question.candidates) for question in asked.questions] == [2]
    assert not asked.is_ready
    assert [c.after.person for c in answered.changed] == ["M00004"]
    assert answered.changed[0].losses == ("birth_year",)
    assert [c.after.person for c in somebody_new.new] == ["M00005"]
    assert not plan_of([["Nguyễn Thị Hoa", 1985, "Sở Nội vụ", "", "chính thức"]]).questions


def test_five_of_one_name_are_told_apart_by_their_years() -> None:
    rows = [["Nguyễn Thị Hoa", year, "U10", "", "chính thức"] for year in range(1984, 1989)]

    plan = plan_of(rows)

    assert (plan.unchanged, len(plan.new)) == (2, 3)
    assert plan.is_ready


def test_somebody_of_the_same_name_and_year_elsewhere_is_asked_about() -> None:
    plan = plan_of([["Nguyễn Văn An", 1975, "VP Tỉnh uỷ", "", "chính thức"]])

    assert [q.candidates[0].person for q in plan.questions] == ["M00001"]
    moved = plan_of([["Nguyễn Văn An", 1975, "VP Tỉnh uỷ", "", "chính thức"]], people={1: "M00001"})
    assert moved.changed[0].fields == ("unit", "position")
    assert moved.changed[0].losses == ("position",)


def test_a_column_that_the_list_lacks_changes_nothing() -> None:
    plan = plan_of([["Nguyễn Văn An", "Sở Nội vụ"]], heading=["Họ và tên", "Đơn vị"])

    assert (plan.unchanged, plan.changed, plan.new) == (1, [], [])


def test_lines_without_a_unit_take_the_chosen_one() -> None:
    rows, heading = [["Nguyễn Văn An", 1975]], ["Họ và tên", "Năm sinh"]

    assert places(plan_of(rows, heading=heading).faults) == [("no_unit", "2")]
    assert plan_of(rows, heading=heading, unit="U10").unchanged == 1


def test_those_who_would_lose_something_come_first() -> None:
    plan = plan_of(
        [
            ["Trần Thị Bình", 1980, "U10", "Phó Bí thư", "chính thức"],
            ["Nguyễn Văn An", 1975, "U10", "", "quần chúng"],
        ]
    )

    assert plan.changes[0].losses == ("position", "membership")


def test_an_ended_person_who_is_on_a_list_comes_back() -> None:
    from msgspec.structs import replace

    ended = replace(AN, ended_ms=1, ended_why="retired")

    plan = plan_of([["Nguyễn Văn An", 1975, "U10", "Bí thư", "chính thức"]], stored=[ended])

    assert plan.changed[0].after.ended_ms is None


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (["", 1975, "U10", "", ""], ("no_name", "2")),
        (["Lê Văn 5", 1975, "U10", "", ""], ("digits_in_name", "A2")),
        (["Lê " + "x" * 120, 1975, "U10", "", ""], ("too_long", "A2")),
        (["Lê Văn Cường", 75, "U10", "", ""], ("birth", "B2")),
        (["Lê Văn Cường", "32/13/1975", "U10", "", ""], ("birth", "B2")),
        (["Lê Văn Cường", 2020, "U10", "", ""], ("birth", "B2")),
        (["Lê Văn Cường", 1975, "Sở Ngoại vụ", "", ""], ("unknown_unit", "C2")),
        (["Lê Văn Cường", 1975, "U10", "y" * 121, ""], ("too_long", "D2")),
        (["Lê Văn Cường", 1975, "U10", "", "đoàn viên"], ("membership", "E2")),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_every_fault_names_its_cell(row: list[object], problem: tuple[str, str]) -> None:
    assert places(plan_of([row]).faults) == [problem]


def test_lines_that_repeat_a_person_name_the_first() -> None:
    line: list[object] = ["Nguyễn Văn An", 1975, "U10", "Bí thư", "chính thức"]
    unknown: list[object] = ["Lê Văn Cường", 1990, "U10", "", "chính thức"]

    faults = plan_of([line, unknown, line, unknown]).faults

    assert [(fault.problem, fault.place, fault.detail) for fault in faults] == [
        ("person_twice", "A4", "2"),
        ("same_twice", "A5", "3"),
    ]


def test_codes_are_kept_and_new_ones_are_free() -> None:
    heading = ["Mã", *HEADING]
    rows = [
        ["M00005", "Lê Văn Cường", 1990, "U10", "", "chính thức"],
        [None, "Lê Văn Dũng", 1991, "U10", "", "chính thức"],
        ["m 6", "Lê Văn Em", 1992, "U10", "", "chính thức"],
    ]

    plan = plan_of(rows, heading=heading)

    assert [c.after.person for c in plan.new] == ["M00005", "M00006"]
    assert places(plan.faults) == [("bad_code", "A4")]


LETTERS = "aăâbcdđeêghiklmnoôơpqrstuưvxyáàảãạắấéếíóốớúứýỳ"
NAMES = (
    st.lists(st.text(LETTERS, min_size=1, max_size=7).map(str.capitalize), min_size=1, max_size=4)
    .map(" ".join)
    .filter(lambda name: not is_legacy_name(name) and not TITLE.match(name))
)
PEOPLE = st.lists(
    st.builds(
        RosterPerson,
        person=st.integers(1, 99_999).map(lambda number: f"M{number:05}"),
        full_name=NAMES,
        unit=st.sampled_from(sorted(UNITS)),
        position=st.sampled_from(["", "BI_THU", "PHO_BI_THU", "CAP_UY_VIEN", "Chuyên viên"]),
        membership=st.sampled_from(["OFFICIAL", "PROBATIONARY", "NONE"]),
        birth_year=st.none() | st.integers(1930, 2005),
        point=st.sampled_from(["", *HALLS]),
    ),
    min_size=1,
    max_size=12,
    unique_by=lambda person: person.person,
)


@settings(max_examples=40, deadline=None)
@given(PEOPLE)
def test_a_template_that_comes_back_unchanged_changes_nothing(people: list[RosterPerson]) -> None:
    units = UnitNames(UNITS)

    table = find_table(read_grids(people_template(people, UNITS, HALLS), "a.xlsx"), used=USED)
    plan = plan_people(table, people, units, POINTS, ListChoices(), 2026)

    assert not plan.faults
    assert (plan.unchanged, plan.changes, plan.missing) == (len(people), [], [])


def test_the_example_line_of_an_empty_template_is_nobody() -> None:
    table = find_table(read_grids(people_template([], UNITS, HALLS), "a.xlsx"), used=USED)

    assert not table.lines
    assert not table.faults


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (["Đ/c Nguyễn Văn Mới", 1980, "U10", "", "chính thức"], "title_in_name"),
        (["ThS. Nguyễn Văn Mới", 1980, "U10", "", "chính thức"], "title_in_name"),
        (["Nguyeãn Vaên Huøng", 1980, "U10", "", "chính thức"], "legacy"),
        (["Lª Thanh H¶i", 1980, "U10", "", "chính thức"], "legacy"),
        (["Hå Quèc B×nh", 1980, "U10", "", "chính thức"], "legacy"),
        (["Nguyễn Văn Mới", "31/02/1980", "U10", "", "chính thức"], "birth"),
    ],
)
def test_what_is_no_name_or_day_is_a_fault(line: list[Any], problem: str) -> None:
    assert [fault.problem for fault in plan_of([line]).faults] == [problem]


@pytest.mark.parametrize("birth", ["1980-03-05", "Năm 1980", "05/3/1980", "3/1980", 1980])
def test_a_year_of_birth_is_read_however_it_is_written(birth: Any) -> None:
    [change] = plan_of([["Nguyễn Văn Mới", birth, "U10", "", "chính thức"]]).new
    assert change.after.birth_year == 1980


@pytest.mark.parametrize("position", ["-", "không", "–", ""])
def test_no_position_is_written_in_many_ways(position: str) -> None:
    [change] = plan_of([["Nguyễn Văn Mới", 1980, "U10", position, "chính thức"]]).new
    assert change.after.position == ""


def test_marks_of_membership_are_read_as_marks_and_both_are_a_fault() -> None:
    heading = ["Họ và tên", "Đơn vị", "Chính thức", "Dự bị"]

    def read(official: str, probationary: str) -> PeoplePlan:
        rows = [heading, ["Nguyễn Văn Mới", "U10", official, probationary]]
        table = find_table(read_grids(workbook(rows), "a.xlsx"), used=USED)
        return plan_people(table, [], UnitNames(UNITS), POINTS, ListChoices(), 2026)

    marks = {("x", ""): "OFFICIAL", ("0", "1"): "PROBATIONARY", ("Không", "x"): "PROBATIONARY"}
    for cells, membership in marks.items():
        assert read(*cells).new[0].after.membership == membership
    assert [fault.problem for fault in read("x", "x").faults] == ["both_memberships"]


def test_a_list_without_memberships_asks_and_several_secretaries_are_named() -> None:
    rows = [["Họ và tên", "Đơn vị", "Chức vụ"], ["Một Văn Mới", "U06", "Bí thư"]]
    rows.append(["Hai Văn Mới", "U06", "Bí thư"])
    table = find_table(read_grids(workbook(rows), "a.xlsx"), used=USED)

    plan = plan_people(table, [], UnitNames(UNITS), POINTS, ListChoices(), 2026)
    assert plan.lacks_membership
    assert not plan.is_ready
    assert plan.secretaries == (("U06", 2),)
    choices = ListChoices(membership="NONE")
    assert plan_people(table, [], UnitNames(UNITS), POINTS, choices, 2026).is_ready


def test_a_code_that_would_go_to_somebody_else_is_marked() -> None:
    heading = ["Mã", "Họ và tên", "Năm sinh", "Đơn vị", "Đảng viên"]
    line = ["M00001", "Trần Thị Khác", 1990, "U06", "dự bị"]
    table = find_table(read_grids(workbook([heading, line]), "a.xlsx"), used=USED)
    [change] = plan_people(table, [AN], UnitNames(UNITS), POINTS, ListChoices(), 2026).changed
    assert change.is_other
    assert change.losses


def test_capitals_and_apostrophes_rename_nobody() -> None:
    krang = replace(AN, person="M00009", full_name="K’Brăk")
    heading = ["Họ và tên", "Năm sinh", "Đơn vị", "Chức vụ", "Đảng viên"]
    lines = [["NGUYỄN VĂN AN", 1975, "U10", "Bí thư", "chính thức"]]
    lines.append(["K'Brăk", 1975, "U10", "Bí thư", "chính thức"])
    table = find_table(read_grids(workbook([heading, *lines]), "a.xlsx"), used=USED)
    plan = plan_people(table, [AN, krang], UnitNames(UNITS), POINTS, ListChoices(), 2026)
    assert not plan.new
    assert all(change.after.full_name != "NGUYỄN VĂN AN" for change in plan.changed)
