"""Test that a person's entry can be added, corrected, moved, ended, restored or merged.

Every change needs a reason.
"""

import pytest

from sync_server.acts import arrangements
from sync_server.database import reading
from sync_server.domain.records.codes import to_ms
from sync_server.domain.records.kinds import Summoned
from sync_server.storage.people import roster
from sync_server.storage.people.roster import RosterPerson
from tests.conftest import FakeClock
from tests.factories import MEETING
from tests.office.desk import Desk
from tests.office.test_people import search_people

BEFORE = to_ms("2024-08-21T01:00:00.000Z")
FACTS = {"full_name": "Mẫu Văn Mới", "membership": "PROBATIONARY", "birth_year": "1990"}
REASON = {"reason": "Công văn 12"}


@pytest.fixture(autouse=True)
def day_before(clock: FakeClock) -> None:
    """Set the clock to the day before the conference, when summonses can still be changed."""
    clock.now_ms = BEFORE


def person(code: str, at_ms: int = BEFORE) -> RosterPerson:
    with reading() as c:
        found = roster.find_person(c, code, at_ms=at_ms)
    assert found is not None
    return found


def rolls() -> dict[str, dict[str, Summoned]]:
    with reading() as c:
        by_point = arrangements.rolls_of(c, MEETING)
    return {point: {line.person: line for line in roll} for point, roll in by_point.items()}


def test_a_new_person_gets_a_code_and_the_position_s_code(hall: None, headquarters: Desk) -> None:
    fields = {**FACTS, "position": "bí thư", "unit": "U01", "code": ""}
    answer = headquarters.post("/nguoi/them", **fields)

    assert answer.location.endswith("/nguoi/M00001")
    assert person("M00001") == RosterPerson(
        "M00001", "Mẫu Văn Mới", "U01", "BI_THU", "PROBATIONARY", 1990
    )
    assert "thêm mới" in headquarters.get("/nhat-ky").text


def test_somebody_of_the_same_name_is_asked_about_first(hall: None, headquarters: Desk) -> None:
    fields = {**FACTS, "full_name": "mẫu đức an", "position": "", "unit": "U01", "code": "M9"}
    page = headquarters.post("/nguoi/them", **fields).text
    assert "đã có người cùng họ tên" in page
    assert 'value="M9"' in page  # the form keeps the typed code
    assert search_people(headquarters, "M9") == []

    headquarters.post("/nguoi/them", is_other="on", **fields)
    assert person("M9").full_name == "mẫu đức an"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"code": "M1"}, "Mã M1 đã là của người khác"),
        ({"code": "M 1"}, "Mã"),
        ({"full_name": "Mẫu 2"}, "Họ và tên"),
        ({"unit": "U99"}, "U99"),
        ({"birth_year": "1850"}, "1850"),
        ({"membership": "KHAC"}, "KHAC"),
        ({"point": "P404"}, "P404"),
    ],
)
def test_a_fault_names_the_field_and_stores_nobody(
    hall: None, headquarters: Desk, fields: dict[str, str], words: str
) -> None:
    right = {**FACTS, "position": "", "unit": "U01", "code": ""}
    answer = headquarters.post("/nguoi/them", **{**right, **fields})
    assert answer.status_code in {404, 422}
    assert words in answer.text
    assert search_people(headquarters, "moi") == []


def test_a_correction_is_logged_with_both_values_and_its_reason(
    hall: None, headquarters: Desk
) -> None:
    fields = {"full_name": "Mẫu Đức Anh", "position": "", "membership": "OFFICIAL"}
    headquarters.post("/nguoi/M1/sua", birth_year="1981", **fields, **REASON)

    assert person("M1") == RosterPerson("M1", "Mẫu Đức Anh", "U01", "", "OFFICIAL", 1981)
    log = headquarters.get("/nhat-ky").text
    assert "họ tên: Mẫu Đức An → Mẫu Đức Anh" in log
    assert "năm sinh: 1980 → 1981" in log
    assert "Công văn 12" in log
    again = headquarters.post("/nguoi/M1/sua", birth_year="1981", **fields, **REASON)
    assert "Chưa có gì khác" in again.text


def test_a_move_counts_from_its_day_in_rolls_and_registers(hall: None, headquarters: Desk) -> None:
    headquarters.post("/nguoi/M1/chuyen", unit="U02", moves_at="2024-08-22T00:00", **REASON)

    assert person("M1").unit == "U01"
    assert person("M1", to_ms("2024-08-22T00:30:00.000Z")).unit == "U02"
    page = headquarters.get("/nguoi/M1/sua").text
    assert "cần chuyển sang P002" in page
    headquarters.post("/nguoi/M1/trieu-tap")
    assert "M1" not in rolls()["P001"]
    assert rolls()["P002"]["M1"].unit == "U02"
    assert "/nguoi/M1?" not in headquarters.get("/don-vi/U02").text
    preview = headquarters.post(
        f"/hoi-nghi/{MEETING}/trieu-tap",
        unit=["U01", "U02"],
        rank="everybody",
        membership=["OFFICIAL"],
    )
    assert "không có gì phải đổi" in preview.text


def test_who_has_ended_is_in_no_new_roll_and_can_be_brought_back(
    hall: None, headquarters: Desk
) -> None:
    headquarters.post("/nguoi/M1/ket-thuc", why="retired", **REASON)

    assert search_people(headquarters, "duc an") == []
    found = headquarters.get("/nguoi?tim=duc+an&ca-da-thoi=on").text
    assert "Nghỉ hưu" in found
    assert "Không có tên trong các lần triệu tập sau" in headquarters.get("/nguoi/M1").text
    assert "M1" in rolls()["P001"]  # the roll does not change by itself
    headquarters.post("/nguoi/M1/trieu-tap")
    assert "M1" not in rolls()["P001"]

    headquarters.post("/nguoi/M1/dua-tro-lai", **REASON)
    assert person("M1").ended_ms is None
    assert "Thêm vào các danh sách còn thiếu" in headquarters.get("/nguoi/M1/sua").text
    headquarters.post("/nguoi/M1/trieu-tap", do="add")
    assert "M1" in rolls()["P001"]
    assert search_people(headquarters, "duc an") == ["M1"]


def test_a_merged_entry_leaves_its_past_and_its_place_to_the_kept_one(
    hall: None, headquarters: Desk, clock: FakeClock
) -> None:
    headquarters.post("/nguoi/M2/gop", kept="M3", **REASON)

    assert person("M2").merged_into == "M3"
    headquarters.post("/nguoi/M2/trieu-tap")
    assert "M2" not in rolls()["P001"]
    assert "M3" not in rolls()["P001"]  # P002 already summons M3
    page = headquarters.get("/nguoi/M3?nam=2024").text
    assert "Gồm cả các lần dự ghi dưới mã M2" in page


def test_an_entry_is_replaced_where_the_kept_one_is_not_summoned(
    hall: None, headquarters: Desk
) -> None:
    fields = {**FACTS, "position": "", "unit": "U01", "code": "M7"}
    headquarters.post("/nguoi/them", **fields)
    headquarters.post("/nguoi/M2/gop", kept="M7", **REASON)
    headquarters.post("/nguoi/M2/trieu-tap")
    assert "M7" in rolls()["P001"]


@pytest.mark.parametrize(
    ("kept", "words"), [("M2", "Không gộp được M2"), ("M99", "M99"), ("S1", "")]
)
def test_what_cannot_be_merged_is_said(
    hall: None, headquarters: Desk, kept: str, words: str
) -> None:
    answer = headquarters.post("/nguoi/M2/gop", kept=kept, **REASON)
    assert words in answer.text
    assert (answer.status_code == 302) is (kept == "S1")


def test_a_code_in_use_by_an_account_is_not_merged(
    hall: None, chair: Desk, headquarters: Desk
) -> None:
    answer = headquarters.post("/nguoi/S1/gop", kept="S2", **REASON)
    assert "đang dùng cho: chutri" in answer.text
    assert person("S1").merged_into == ""


def test_every_change_needs_a_reason_and_the_right(hall: None, headquarters: Desk) -> None:
    for path, fields in (
        ("chuyen", {"unit": "U02", "moves_at": "2024-08-22T00:00"}),
        ("ket-thuc", {"why": "died"}),
        ("gop", {"kept": "M3"}),
    ):
        answer = headquarters.post(f"/nguoi/M1/{path}", **fields)
        assert answer.status_code == 422
        assert "Lý do" in answer.text
    assert person("M1") == RosterPerson("M1", "Mẫu Đức An", "U01", "", "OFFICIAL", 1980)


def test_only_headquarters_changes_people(hall: None, chair: Desk) -> None:
    assert chair.get("/nguoi/M1/sua").status_code == 403
    assert chair.post("/nguoi/M1/ket-thuc", why="died", **REASON).status_code == 403


def test_a_planned_move_is_given_up_by_staying(hall: None, headquarters: Desk) -> None:
    headquarters.post("/nguoi/M1/chuyen", unit="U02", moves_at="2024-09-01T00:00", **REASON)
    assert person("M1").next_unit == "U02"
    headquarters.post("/nguoi/M1/chuyen", unit="U01", moves_at="2024-09-01T00:00", **REASON)
    assert person("M1").next_unit == ""
