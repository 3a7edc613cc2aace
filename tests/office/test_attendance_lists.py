"""Test that attendance lists from Zoom, Teams, online forms or paper are imported as records."""

import io
import re
from typing import Any

import pytest
from openpyxl import load_workbook

from sync_server.database import reading, write
from sync_server.domain.judging.people import PersonStanding
from sync_server.domain.records.codes import from_ms, to_ms
from sync_server.storage.ledger import standings
from sync_server.storage.ledger.streams import StreamKey
from sync_server.storage.people import roster
from sync_server.storage.people.roster import RosterPerson
from tests.conftest import FakeClock
from tests.factories import MEETING
from tests.office.desk import Desk
from tests.sheets.sheets import workbook

AT = f"/hoi-nghi/{MEETING}/tu-tep"
ZOOM = """\
Meeting ID,Topic,Start Time,End Time,Duration (Minutes),Participants
812 3456 7890,Hội nghị thử,08/22/2024 07:20:11 AM,08/22/2024 11:02:09 AM,222,4

Name (Original Name),User Email,Join Time,Leave Time,Duration (Minutes),Guest
Mau Duc An,an@example.org,08/22/2024 07:25:31 AM,08/22/2024 09:00:00 AM,95,Yes
Mau Duc An,an@example.org,08/22/2024 09:01:10 AM,08/22/2024 11:00:00 AM,119,Yes
Mẫu Thị Yến - Chi bộ Hai,yen@example.org,08/22/2024 07:40:00 AM,08/22/2024 11:00:00 AM,200,Yes
Phòng họp tầng 2,,08/22/2024 07:20:11 AM,08/22/2024 11:02:09 AM,222,No
"""
TEAMS = """\
1. Summary
Meeting title\tHội nghị thử
Attended participants\t1

2. Participants
Name\tFirst Join\tLast Leave\tIn-Meeting Duration\tEmail\tParticipant ID (UPN)\tRole
Mẫu Thu Ân\t8/22/24, 7:28:02 AM\t8/22/24, 11:01:00 AM\t3h 32m 58s\ta@example.org\ta\tAttendee

3. In-Meeting Activities
Name\tJoin Time\tLeave Time\tDuration\tEmail\tRole
Mẫu Thu Ân\t8/22/24, 7:28:02 AM\t8/22/24, 11:01:00 AM\t3h 32m 58s\ta@example.org\tAttendee
"""


@pytest.fixture(autouse=True)
def after_the_meeting(clock: FakeClock) -> None:
    """Set the clock to noon in Vietnam, when the conference is over."""
    clock.now_ms = to_ms("2024-08-22T05:00:00.000Z")


def draft(headquarters: Desk, content: bytes | str, name: str = "a.csv") -> str:
    """Upload an attendance list as a file named `name`; return the path of its preview page.

    The path lacks the prefix `/van-phong`.
    """
    encoded = content.encode() if isinstance(content, str) else content
    answer = headquarters.post(AT, file=(io.BytesIO(encoded), name))
    return answer.location.removeprefix("/van-phong")


def confirm(headquarters: Desk, path: str, **choices: Any) -> None:
    """Make choices on the preview page at `path`, then import the list.

    `choices` are fields of the form, such as the way in which the people took part (`mode`).
    """
    choices = {"mode": "", **choices}
    headquarters.post(path, do="look", **choices)
    page = headquarters.get(path).text
    [seen] = re.findall(r'name="seen" value="(\d+)"', page)
    headquarters.post(path, do="import", seen=seen, **choices)


def standing(person: str, point: str = "P001") -> PersonStanding:
    with reading() as c:
        at_point = standings.read(c, StreamKey(MEETING, point))
    assert at_point
    return next(s for s in at_point.people if s.person == person)


def stays(person: str, point: str = "P001") -> list[tuple[str, str]]:
    return [
        (from_ms(came_ms)[11:19], from_ms(left_ms or 0)[11:19])
        for came_ms, left_ms, _ in standing(person, point).stays
    ]


def test_zoom_s_rows_become_one_stay_of_the_person_whom_they_mean(
    hall: None, headquarters: Desk
) -> None:
    path = draft(headquarters, ZOOM)
    page = headquarters.get(path).text
    assert "Ghi 2 người có mặt" in page
    assert "Phòng họp tầng 2" in page  # a room is shown but not recorded
    confirm(headquarters, path)

    assert standing("M1").mode == "online"
    assert stays("M1") == [("00:25:31", "04:00:00")]
    assert standing("M3", "P002").is_late
    assert "time_stated" in standing("M1").flags
    history = headquarters.get(AT).text
    assert "Dòng 5: Mau Duc An" in history
    assert "từ tệp" in headquarters.get(f"/hoi-nghi/{MEETING}/diem-cau/P001/ban-ghi").text


def test_the_same_list_again_doubles_nothing(hall: None, headquarters: Desk) -> None:
    confirm(headquarters, draft(headquarters, ZOOM))
    page = headquarters.get(draft(headquarters, ZOOM)).text
    assert 'value="import"' not in page
    assert "Lần nhập trước đã ghi đúng như vậy" in page
    assert stays("M1") == [("00:25:31", "04:00:00")]


def test_a_report_of_teams_ends_with_its_participants(hall: None, headquarters: Desk) -> None:
    confirm(headquarters, draft(headquarters, TEAMS.encode("utf-16"), "a.csv"))
    assert stays("M2") == [("00:28:02", "04:01:00")]
    assert standing("M2").mode == "online"


def test_a_form_s_time_stamps_and_a_list_without_times(hall: None, headquarters: Desk) -> None:
    form = [["Dấu thời gian", "Họ và tên", "Đơn vị"], ["22/08/2024 7:31:05", "Mẫu Đức An", "U01"]]
    confirm(headquarters, draft(headquarters, workbook(form), "a.xlsx"))
    assert stays("M1")[0][0] == "00:31:05"
    assert standing("M1").mode == "in_person"

    plain = [["STT", "Họ và tên", "Có mặt"], [1, "Mẫu Thu Ân", "x"], [2, "Mẫu Văn Bình", ""]]
    path = draft(headquarters, workbook(plain), "b.xlsx")
    assert "Giờ đến của dòng không ghi giờ" in headquarters.get(path).text
    confirm(headquarters, path, happened_at="2024-08-22T07:20")
    assert stays("M2")[0][0] == "00:20:00"
    assert standing("S1").stays == ()


def test_two_of_one_name_are_asked_about_and_a_line_can_be_skipped(
    hall: None, headquarters: Desk
) -> None:
    twin = RosterPerson("M8", "Mẫu Đức Ân", "U01", "", "OFFICIAL", 1990)
    write(lambda c: roster.put_people(c, [twin]))
    headquarters.post(
        f"/hoi-nghi/{MEETING}/trieu-tap", do="summon", unit="U01", rank="everybody",
        membership="OFFICIAL",
    )  # fmt: skip
    path = draft(headquarters, "Họ và tên;Giờ đến\nMau Duc An;07:20\n")
    page = headquarters.get(path).text
    assert "Máy không đoán giữa hai người" in page
    assert 'value="import"' not in page
    confirm(headquarters, path, **{"p-1": "M8"})
    assert stays("M8")[0][0] == "00:20:00"
    assert standing("M1").stays == ()

    path = draft(headquarters, "Họ và tên;Giờ đến\nMau Duc An;07:25\nMẫu Thu Ân;07:25\n")
    confirm(headquarters, path, **{"p-1": "skip"})
    assert stays("M2")[0][0] == "00:25:00"


def test_a_code_names_whom_no_name_matched(hall: None, headquarters: Desk) -> None:
    path = draft(headquarters, "Họ và tên;Giờ đến\nTổ 3;07:20\n")
    headquarters.post(path, do="look", mode="", **{"p-1": "X9"})
    assert "mã «X9» không có trong danh sách triệu tập" in headquarters.get(path).text
    confirm(headquarters, path, **{"p-1": "m1"})
    assert stays("M1")[0][0] == "00:20:00"


def test_who_is_present_already_is_not_recorded_again(hall: None, headquarters: Desk) -> None:
    confirm(headquarters, draft(headquarters, ZOOM))
    page = headquarters.get(draft(headquarters, "Họ và tên;Giờ đến\nMẫu Đức An;07:50\n")).text
    assert "tệp không ghi thêm" in page
    assert 'value="import"' not in page


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Họ và tên;Giờ đến\nMẫu Đức An;sáng sớm\n", "Ô B2: giờ «sáng sớm» không đọc được"),
        ("Họ và tên;Giờ đến\nMẫu Đức An;21/08/2023 07:00\n", "quá nửa ngày"),
        ("Họ và tên;Giờ vào;Giờ ra\nMẫu Đức An;08:00;07:00\n", "giờ ra «07:00» trước giờ vào"),
        ("Họ và tên;Giờ vào;Thời lượng\nMẫu Đức An;08:00;lâu\n", "thời lượng «lâu»"),
        ("không có gì\n", "không"),
    ],
)
def test_a_faulty_list_names_the_cell_and_records_nothing(
    hall: None, headquarters: Desk, text: str, words: str
) -> None:
    path = draft(headquarters, text)
    page = headquarters.get(path).text
    assert words in page
    assert 'value="import"' not in page
    assert standing("M1").stays == ()
    answer = headquarters.get(f"{path}/loi.xlsx")
    if "/loi.xlsx" in page:
        sheet = load_workbook(io.BytesIO(answer.data)).active
        assert sheet is not None
        assert words in str([cell.value for row in sheet.iter_rows() for cell in row])
    else:
        assert answer.status_code == 422


def test_only_headquarters_records_from_files(hall: None, headquarters: Desk, chair: Desk) -> None:
    assert chair.get(AT).status_code == 403  # the page names people of other halls
    assert chair.post(AT, file=(io.BytesIO(b"x"), "a.csv")).status_code == 403
    path = draft(headquarters, ZOOM)
    assert chair.get(path).status_code == 403


def test_the_same_line_means_the_same_person_again(hall: None, headquarters: Desk) -> None:
    twin = RosterPerson("M8", "Mẫu Đức Ân", "U01", "", "OFFICIAL", 1990)
    write(lambda c: roster.put_people(c, [twin]))
    headquarters.post(
        f"/hoi-nghi/{MEETING}/trieu-tap", do="summon", unit="U01", rank="everybody",
        membership="OFFICIAL",
    )  # fmt: skip
    text = "Họ và tên;Giờ đến\nMau Duc An;07:20\n"
    confirm(headquarters, draft(headquarters, text), **{"p-1": "M8"})
    page = headquarters.get(draft(headquarters, text)).text
    assert "Máy không đoán" not in page
    assert "Lần nhập trước đã ghi đúng như vậy" in page
    assert standing("M1").stays == ()


@pytest.mark.parametrize(
    "line", ["Mẫu Đức An;13:55;14:30", "Mẫu Đức An;06:55;07:30", "Mẫu Đức An;21/8/2024 20:04;"]
)
def test_who_was_there_outside_of_the_meeting_s_hours_is_not_recorded(
    hall: None, headquarters: Desk, line: str
) -> None:
    path = draft(headquarters, f"Họ và tên;Giờ vào;Giờ ra\n{line}\n")
    page = headquarters.get(path).text
    assert "không được ghi" in page
    assert 'value="import"' not in page


def test_a_line_that_names_another_unit_or_year_is_asked_about(
    hall: None, headquarters: Desk
) -> None:
    for text in (
        "Họ và tên;Đơn vị;Giờ đến\nMẫu Đức An;Chi bộ Hai;07:20\n",
        "Họ và tên;Đơn vị;Giờ đến\nMẫu Đức An;Đơn vị lạ;07:20\n",
        "Họ và tên;Năm sinh;Giờ đến\nMẫu Đức An;1900;07:20\n",
    ):
        assert "Máy không đoán" in headquarters.get(draft(headquarters, text)).text


def test_absentees_on_a_signature_list_are_not_recorded(hall: None, headquarters: Desk) -> None:
    rows: list[Any] = [
        ["STT", "Họ và tên", "Ký tên"],
        [1, "Mẫu Đức An", "x"],
        [2, "Mẫu Thu Ân", ""],
    ]
    rows += [[3, "Mẫu Văn Bình", "vắng"], [4, "Mẫu Thị Ánh", "Vắng có phép"]]
    confirm(headquarters, draft(headquarters, workbook(rows), "a.xlsx"))
    assert [code for code in ("M1", "M2", "S1", "S2") if standing(code).stays] == ["M1"]


def test_an_import_is_taken_back_as_a_whole(hall: None, headquarters: Desk) -> None:
    path = draft(headquarters, ZOOM)
    confirm(headquarters, path)
    assert stays("M1")
    headquarters.post(f"{path}/hoan-tac")
    assert stays("M1") == []
    assert standing("M3", "P002").stays == ()
    assert "đã hoàn tác" in headquarters.get(AT).text
    assert headquarters.post(f"{path}/hoan-tac").status_code == 404
    confirm(headquarters, draft(headquarters, ZOOM))
    assert stays("M1")


def test_nobody_was_at_a_meeting_that_is_still_to_come(
    hall: None, headquarters: Desk, clock: FakeClock
) -> None:
    clock.now_ms = to_ms("2024-08-21T01:00:00.000Z")
    headquarters.sign_in("bantochuc")
    answer = headquarters.post(AT, file=(io.BytesIO(ZOOM.encode()), "a.csv"))
    assert answer.status_code == 422
    assert "chưa tới giờ" in answer.text
