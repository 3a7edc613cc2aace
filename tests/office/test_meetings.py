"""Test a meeting's settings, summonses by rule or file, seats, and proposals.

The portal (the public website) proposes meetings, which headquarters can accept.
"""

import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from msgspec.structs import replace

from sync_server import create_app
from sync_server.config import Settings
from sync_server.database import Base, db, reading, write
from sync_server.domain.judging.standing import PointStanding
from sync_server.domain.records.codes import to_ms
from sync_server.domain.records.permissions import Profile
from sync_server.sheets.files import read_grids
from sync_server.storage import directory
from sync_server.storage.directory import MeetingSummary
from sync_server.storage.ledger import standings, streams
from sync_server.storage.ledger.streams import StreamKey
from sync_server.storage.people import roster
from tests.conftest import SECRET, FakeClock, Persona
from tests.factories import MEETING, draft
from tests.office.desk import ROLE_ACCOUNTS, Desk, desk_of

AT = f"/hoi-nghi/{MEETING}"
EVE = to_ms("2024-08-21T01:00:00Z")


@pytest.fixture(autouse=True)
def eve(clock: FakeClock) -> None:
    """Set the clock to the day before the conference."""
    clock.now_ms = EVE


def read_standing(code: str = "P001", meeting: str = MEETING) -> PointStanding:
    with reading() as c:
        point_standing = standings.read(c, StreamKey(meeting, code))
    assert point_standing
    return point_standing


def read_meeting(meeting: str = MEETING) -> MeetingSummary:
    with reading() as c:
        summary = directory.meeting(c, meeting, EVE)
    assert summary
    return summary


def people_at(code: str) -> list[str]:
    return sorted(person_standing.person for person_standing in read_standing(code).people)


def test_terms_hold_at_every_point_and_an_empty_field_changes_nothing(headquarters: Desk) -> None:
    answer = headquarters.post(
        f"{AT}/quy-dinh",
        grace_minutes="10",
        ready_by="2024-08-22T07:15",
        absence_authority="headquarters",
        reasons=["CONG_TAC", "OM"],
    )

    assert answer.status_code == 302
    for code in ("P001", "P002"):
        terms = read_standing(code).terms
        assert terms.grace_ms == 10 * 60_000
        assert terms.ready_by_ms == to_ms("2024-08-22T00:15:00Z")
        assert (terms.absence_authority, terms.secretary_authority) == ("headquarters",) * 2
        assert terms.reasons == ("CONG_TAC", "OM")
    headquarters.post(f"{AT}/quy-dinh", grace_minutes="")
    assert read_standing().terms.grace_ms == 10 * 60_000
    assert "22/08/2024 07:15" in headquarters.get(f"{AT}/sap-xep").text


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"grace_minutes": "muời"}, "cần một số nguyên"),
        ({"ready_by": "mai"}, "không phải ngày giờ"),
        ({"absence_authority": "ai-do"}, "giá trị lạ"),
        ({"reasons": "đi chơi"}, "Bản ghi sai dạng"),
        ({"reasons": "A" * 100}, "Bản ghi sai dạng"),
        ({"roll_frozen_at": "0001-01-01T00:00"}, "từ năm 2000 đến 2199"),
        ({"roll_frozen_at": "9999-12-31T23:59"}, "từ năm 2000 đến 2199"),
        ({"grace_minutes": "000000000999999"}, "cần một số nguyên"),
        ({}, "không có gì để lưu"),
    ],
)
def test_impossible_terms_are_refused_with_the_reason_and_nothing_is_set(
    headquarters: Desk, fields: dict[str, str], message: str
) -> None:
    before = read_standing().terms

    answer = headquarters.post(f"{AT}/quy-dinh", **fields)

    assert (answer.status_code, message in answer.text) == (422, True)
    assert read_standing().terms == before


def test_a_meeting_is_postponed_at_every_point_and_kiosks_receive_the_new_time(
    headquarters: Desk, as_clerk: Callable[..., Persona]
) -> None:
    span = {"starts_at": "2024-08-23T14:00", "ends_at": "2024-08-23T16:30"}

    assert headquarters.post(f"{AT}/thoi-gian", **span).status_code == 302

    assert read_meeting().starts_at == "2024-08-23T07:00:00.000Z"
    assert read_standing("P002").terms.starts_ms == to_ms("2024-08-23T07:00:00Z")
    records = as_clerk().sync(meeting=MEETING, point="P001", cursor="0")["records"]
    assert records[-1]["body"]["starts_at"] == "2024-08-23T07:00:00.000Z"


@pytest.mark.parametrize("ends_at", ["2024-08-23T13:00", "2024-08-23T14:00", "2024-12-01T08:00"])
def test_an_impossible_span_is_refused(headquarters: Desk, ends_at: str) -> None:
    span = {"starts_at": "2024-08-23T14:00", "ends_at": ends_at}

    assert headquarters.post(f"{AT}/thoi-gian", **span).status_code == 422
    assert read_meeting().starts_at.startswith("2024-08-22")


def test_a_cancelled_meeting_counts_in_no_figure_until_it_is_held_after_all(
    hall: None, headquarters: Desk
) -> None:
    headquarters.post(f"{AT}/huy", do="cancel")
    with reading() as c:
        assert standings.board_of(c, MEETING).totals.summoned == 0
    assert read_meeting().cancelled
    assert "Đã huỷ" in headquarters.get("/").text
    headquarters.post(f"{AT}/thoi-gian", starts_at="2024-08-23T14:00", ends_at="2024-08-23T16:00")
    assert read_meeting().cancelled  # a new time does not undo the cancellation

    headquarters.post(f"{AT}/huy", do="hold")
    with reading() as c:
        assert standings.board_of(c, MEETING).totals.summoned == 6
    assert not read_meeting().cancelled


def test_a_hall_s_capacity_is_compared_with_its_people_and_guests(
    hall: None, headquarters: Desk
) -> None:
    headquarters.post(f"{AT}/hoi-truong", point_code="P001", capacity="4", guests="1")

    assert "capacity" in read_standing().missing
    assert "Không đủ chỗ ngồi" in headquarters.get(f"{AT}/sap-xep").text
    headquarters.post(f"{AT}/hoi-truong", point_code="P001", capacity="5", guests="")
    assert "capacity" not in read_standing().missing

    def post_hall(**fields: str) -> int:
        return headquarters.post(f"{AT}/hoi-truong", **fields).status_code

    assert post_hall(point_code="P099", capacity="5") == 404
    assert post_hall(point_code="P001", capacity="", guests="") == 422
    assert post_hall(point_code="P001", capacity="000000000999999999") == 422


def test_two_halls_are_merged_and_people_who_moved_are_summoned_once(
    hall: None, headquarters: Desk
) -> None:
    answer = headquarters.post(f"{AT}/ghep", point_code="P002", into="P001")

    assert answer.status_code == 302
    assert people_at("P001") == ["M1", "M2", "M3", "S1", "S2", "T1"]
    assert people_at("P002") == []
    assert read_standing().terms.officers_at(EVE).secretary == "S1"
    assert "Đã ghép vào P001" in headquarters.get(AT).text
    assert headquarters.post(f"{AT}/ghep", point_code="P001", into="P001").status_code == 422


def test_a_rehearsal_is_a_separate_meeting_with_the_same_people(
    hall: None, headquarters: Desk
) -> None:
    answer = headquarters.post(f"{AT}/tong-duyet", rehearsal_at="2024-08-21T15:00")

    assert answer.location.endswith(f"/{MEETING}-tong-duyet/sap-xep")
    assert read_meeting(f"{MEETING}-tong-duyet").rehearsal
    rehearsal = read_standing("P001", f"{MEETING}-tong-duyet")
    assert len(rehearsal.people) == 4
    assert not rehearsal.is_counted
    again = headquarters.post(f"{AT}/tong-duyet", rehearsal_at="2024-08-21T16:00")
    assert "Buổi tổng duyệt đã có" in again.text
    rehearsal_path = f"/hoi-nghi/{MEETING}-tong-duyet/tong-duyet"
    assert headquarters.post(rehearsal_path, rehearsal_at="2024-08-21T16:00").status_code == 422


def post_rule(headquarters: Desk, **fields: Any) -> Any:
    form = {"rank": "everybody", "unit": ["U01"], "membership": ["OFFICIAL"], **fields}
    return headquarters.post(f"{AT}/trieu-tap", **form)


def test_a_rule_summons_people_to_their_usual_hall(hall: None, headquarters: Desk) -> None:
    with reading() as c:
        [member] = [p for p in roster.list_people(c, at_ms=0) if p.person == "M2"]
    write(lambda c: roster.put_people(c, [replace(member, point="P002")]))

    assert post_rule(headquarters, do="summon").status_code == 302

    assert people_at("P001") == ["M1", "S1", "S2"]
    assert people_at("P002") == ["M2", "M3", "T1"]


def test_a_preview_says_who_sits_elsewhere_because_the_own_hall_is_not_invited(
    hall: None, headquarters: Desk
) -> None:
    with reading() as c:
        [member] = [p for p in roster.list_people(c, at_ms=0) if p.person == "M2"]
    assert "điểm cầu riêng" not in post_rule(headquarters).text
    write(lambda c: roster.put_people(c, [replace(member, point="P077")]))
    assert "1 người có điểm cầu riêng trong danh sách" in post_rule(headquarters).text


def test_a_rule_about_a_unit_leaves_other_people_of_a_shared_hall_alone(
    hall: None, headquarters: Desk
) -> None:
    with reading() as c:
        [member] = [p for p in roster.list_people(c, at_ms=0) if p.person == "M2"]
    write(lambda c: roster.put_people(c, [replace(member, point="P002")]))
    head = "meeting,point,person,seat\n"
    lines = f"{MEETING},P002,M3,\n{MEETING},P002,T1,\n{MEETING},P002,S2,\n"
    summon_by_file(headquarters, head + lines)  # S2 is of U01, and was put into P002 by a list

    assert post_rule(headquarters, unit=["U02"], do="summon").status_code == 302
    assert people_at("P002") == ["M3", "T1"]  # P002 is U02's, so S2 goes back to U01

    summon_by_file(headquarters, f"{head}{MEETING},P001,S1,\n{MEETING},P001,M3,\n")
    write(lambda c: roster.put_people(c, [replace(member, unit="U02", point="P001")]))
    assert post_rule(headquarters, unit=["U02"], do="summon").status_code == 302
    assert people_at("P001") == ["M2", "S1"]  # M3 is of U02, and S1 is none of the rule's business


def test_a_preview_counts_the_people_and_those_whom_the_rule_leaves_out(
    hall: None, headquarters: Desk
) -> None:
    page = post_rule(headquarters, rank="officers").text

    assert "Triệu tập 2 người tại 1 điểm cầu" in page
    assert "2 người của các đơn vị đã chọn không thuộc diện này" in page


def test_a_rule_is_previewed_before_it_summons(hall: None, headquarters: Desk) -> None:
    preview = post_rule(headquarters, rank="officers")
    assert preview.status_code == 200
    assert "−2" in preview.text
    assert people_at("P001") == ["M1", "M2", "S1", "S2"]

    assert post_rule(headquarters, rank="officers", do="summon").status_code == 302
    assert people_at("P001") == ["S1", "S2"]
    assert people_at("P002") == ["M3", "T1"]
    assert "không có gì phải đổi" in post_rule(headquarters, rank="officers").text


def test_roll_changes_after_the_deadline_are_shown_as_versions(
    hall: None, headquarters: Desk, clock: FakeClock
) -> None:
    headquarters.post(f"{AT}/quy-dinh", roll_frozen_at="2024-08-21T10:00")
    clock.now_ms += 4 * 3_600_000
    assert "Đã quá hạn chốt danh sách" in headquarters.get(f"{AT}/trieu-tap").text

    post_rule(headquarters, rank="secretaries", do="summon")

    assert sorted(read_standing().roll_changes.removed) == ["M1", "M2", "S2"]
    assert "thêm 0, bớt 3" in headquarters.get(f"{AT}/trieu-tap").text
    versions = headquarters.get(f"{AT}/diem-cau/P001/ban-ghi").text
    assert "1 người, thêm 0, bớt 3" in versions
    assert "bantochuc" in versions


def test_a_rule_without_a_unit_is_refused(headquarters: Desk) -> None:
    assert post_rule(headquarters, unit=[], do="summon").status_code == 422
    assert "không có gì phải đổi" in post_rule(headquarters, unit=["U99"], do="summon").text


def test_an_exemption_holds_in_another_hall_and_on_a_new_roll(
    hall: None, headquarters: Desk, as_headquarters: Persona
) -> None:
    lines = [["M3", "U02", "", "", True], ["T1", "U02", "BI_THU", "", False]]
    at = "2024-08-20T05:00:00.000Z"
    as_headquarters.sync(draft("roll", 950, point="P002", at=at, body={"people": lines}))
    assert people_at("P002") == ["T1"]

    headquarters.post(f"{AT}/ghep", point_code="P002", into="P001")
    post_rule(headquarters, unit=["U02"], do="summon")
    assert people_at("P002") == ["T1"]
    summon_by_file(
        headquarters, f"meeting,point,person,seat\n{MEETING},P002,M3,\n{MEETING},P002,T1,\n"
    )
    assert people_at("P002") == ["T1"]


def summon_by_file(headquarters: Desk, text: str, name: str = "trieu-tap.csv") -> Any:
    """Upload a file of people to summon and confirm its preview; return the last response.

    If the file has faults, return the preview that lists the faults.
    """
    uploaded = headquarters.post(f"{AT}/trieu-tap/tep", file=(io.BytesIO(text.encode()), name))
    path = uploaded.location.removeprefix("/van-phong")
    seen = headquarters.get(path)
    return headquarters.post(path, do="summon") if seen.status_code == 200 else seen


def test_a_file_summons_all_its_people_or_nobody(hall: None, headquarters: Desk) -> None:
    head = "meeting,point,person,seat\n"
    bad = summon_by_file(headquarters, f"{head}{MEETING},P001,M1,A1\n{MEETING},P099,M2,A1\n")
    assert bad.status_code == 422
    assert "Ô B3: không có điểm cầu «P099»." in bad.text
    other = summon_by_file(headquarters, "person,full_name\nX,Y\n")
    assert other.status_code == 422
    assert summon_by_file(headquarters, "").status_code == 422
    assert people_at("P001") == ["M1", "M2", "S1", "S2"]

    assert summon_by_file(headquarters, f"{head}{MEETING},P001,M1,A1\n").status_code == 302
    assert people_at("P001") == ["M1"]


def test_a_list_by_names_summons_to_the_halls_of_their_units_after_a_preview(
    hall: None, headquarters: Desk
) -> None:
    text = "Họ và tên;Đơn vị;Ghế\nMẫu Đức An;U01;B2\n"
    uploaded = headquarters.post(f"{AT}/trieu-tap/tep", file=(io.BytesIO(text.encode()), "a.csv"))
    seen = headquarters.get(uploaded.location.removeprefix("/van-phong"))

    assert "Danh sách này sẽ thay đổi" in seen.text
    assert people_at("P001") == ["M1", "M2", "S1", "S2"]  # the preview changes nothing
    assert summon_by_file(headquarters, text).status_code == 302
    assert len(people_at("P001")) == 1
    nobody = summon_by_file(headquarters, "Họ và tên;Đơn vị\nMẫu Khác;U01\n")
    assert "Ô A2: không có ai là «Mẫu Khác»" in nobody.text


def test_a_unit_s_unknown_name_is_assigned_by_hand_and_faults_come_back_as_a_file(
    hall: None, headquarters: Desk
) -> None:
    text = "Họ và tên;Đơn vị\nMẫu Đức An;Khối Một\nMẫu Khác;U01\n"
    uploaded = headquarters.post(f"{AT}/trieu-tap/tep", file=(io.BytesIO(text.encode()), "a.csv"))
    path = uploaded.location.removeprefix("/van-phong")
    seen = headquarters.get(path)
    assert seen.status_code == 422
    assert 'name="u-Khối Một"' in seen.text
    file = headquarters.get(f"{path}/loi.xlsx")
    [grid] = read_grids(file.data, "loi.xlsx")
    assert [row[-1] for row in grid.rows][1:] == [
        "Ô B2: không có đơn vị «Khối Một».",
        "Ô A3: không có ai là «Mẫu Khác» trong danh sách cán bộ.",
    ]

    assert headquarters.post(path, do="look", **{"u-Khối Một": "U01"}).status_code == 302
    seen = headquarters.get(path)
    assert "Khối Một" not in seen.text
    assert "Mẫu Khác" in seen.text


@pytest.mark.parametrize("name", ["x" * 300 + ".csv", "../../etc/passwd.xlsx", ".xlsx", "tệp.xlsx"])
def test_a_refused_file_discloses_no_folder_of_the_server(headquarters: Desk, name: str) -> None:
    answer = summon_by_file(headquarters, "rubbish", name)

    assert answer.status_code == 422
    assert "/tmp" not in answer.text  # noqa: S108 - asserts that no such folder is disclosed


def test_a_form_without_a_file_is_refused(headquarters: Desk) -> None:
    assert headquarters.post(f"{AT}/trieu-tap/tep").status_code == 422


SEATS = f"{AT}/diem-cau/P001/cho-ngoi"


def seats_by_person() -> dict[str, str | None]:
    return {
        person_standing.person: person_standing.seat for person_standing in read_standing().people
    }


def test_seats_are_assigned_by_rule_in_the_order_of_rank(hall: None, headquarters: Desk) -> None:
    form = {"do": "rule", "rows": "2", "per_row": "2", "order": "rank"}
    assert headquarters.post(SEATS, **form).status_code == 302
    assert seats_by_person() == {"S1": "A1", "S2": "A2", "M1": "B1", "M2": "B2"}

    headquarters.post(SEATS, **{**form, "order": "name", "rows": "1"})
    assert seats_by_person() == {"M1": "A1", "S2": "A2", "M2": None, "S1": None}
    page = headquarters.get(SEATS).text
    assert "<b>A1</b> Mẫu Đức An" in page


def test_seats_are_assigned_by_hand_and_never_twice(hall: None, headquarters: Desk) -> None:
    form = {"seat M1": "A1", "seat M2": "Bàn thư ký"}
    assert headquarters.post(SEATS, **form).status_code == 302
    assert seats_by_person()["M2"] == "Bàn thư ký"
    assert "Bàn thư ký: Mẫu Thu Ân" in headquarters.get(SEATS).text

    double_booking = headquarters.post(SEATS, **{"seat M1": "A1", "seat S1": "A1"})
    assert double_booking.status_code == 422
    assert "«A1» xếp cho nhiều người" in double_booking.text
    assert headquarters.post(SEATS, **{"seat M1": "A" * 17}).status_code == 422
    assert seats_by_person()["S1"] is None


def test_a_taken_seat_is_not_assigned_to_another_person(hall: None, headquarters: Desk) -> None:
    headquarters.post(SEATS, **{"seat M1": "A1"})

    assert headquarters.post(SEATS, **{"seat M2": "A1"}).status_code == 422
    assert seats_by_person()["M2"] is None


@pytest.fixture
def published(portal: Path, tmp_path: Path, clock: FakeClock) -> Iterator[Desk]:
    """Yield headquarters' browser on a server with a built portal (the public website).

    Headquarters has not yet accepted any of the meetings that the portal proposes.
    """
    url = f"sqlite:///{tmp_path / 'served.sqlite3'}"
    app = create_app(Settings(url, SECRET, SECRET, portal, "http://localhost:8000"), clock)
    with app.app_context():
        Base.metadata.create_all(db.engine)
        yield desk_of(app, ROLE_ACCOUNTS[Profile.HEADQUARTERS])
        db.engine.dispose()


def test_a_meeting_that_the_portal_proposes_counts_once_it_is_accepted(published: Desk) -> None:
    assert "hội nghị trên cổng mới, hoặc khác với số đang tính" in published.get("/").text
    assert "Hội nghị mới" in published.get("/de-nghi").text

    assert published.post(f"/de-nghi/{MEETING}", do="accept").status_code == 302

    with reading() as c:
        assert len(streams.of_meeting(c, MEETING)) == 72
    assert f'action="/van-phong/de-nghi/{MEETING}"' not in published.get("/de-nghi").text


def test_a_difference_is_shown_before_it_is_accepted_or_left(published: Desk) -> None:
    published.post(f"/de-nghi/{MEETING}", do="accept")
    published.post(f"{AT}/thoi-gian", starts_at="2024-08-22T08:00", ends_at="2024-08-22T11:00")

    page = published.get("/de-nghi").text
    assert "<del>22/08/2024 08:00</del>" in page
    assert "<ins>22/08/2024 07:30</ins>" in page
    assert len(re.findall("<del>", page)) == 1

    published.post(f"/de-nghi/{MEETING}", do="leave")
    assert read_meeting().starts_at == "2024-08-22T01:00:00.000Z"
    published.post(f"/de-nghi/{MEETING}", do="accept")
    assert read_meeting().starts_at == "2024-08-22T00:30:00.000Z"


def test_a_conference_that_is_over_keeps_its_halls_when_new_ones_are_made(
    published: Desk, clock: FakeClock
) -> None:
    published.post(f"/de-nghi/{MEETING}", do="accept")
    clock.now_ms = to_ms("2024-08-23T01:00:00.000Z")  # the conference is over
    published.sign_in("bantochuc")
    fields = {"place_name": "Chi bộ Mới", "unit_type": "DOANH_NGHIEP", "with_hall": "1"}
    assert published.post("/don-vi/them", **fields).status_code == 302
    assert f'action="/van-phong/de-nghi/{MEETING}"' not in published.get("/de-nghi").text
    published.post(f"/de-nghi/{MEETING}", do="accept")
    with reading() as c:
        assert len(streams.of_meeting(c, MEETING)) == 72


def test_a_meeting_that_nobody_proposes_cannot_be_accepted(published: Desk) -> None:
    assert published.post("/de-nghi/khong-co", do="accept").status_code == 404


def test_the_auditor_sees_the_arrangements_and_no_form(
    app: Flask, as_role: Callable[[Profile], Desk], as_headquarters: Persona
) -> None:
    as_headquarters.sync(draft("setting", 7, body={"capacity": 3}))
    auditor = as_role(Profile.AUDITOR)

    for path in (f"{AT}/sap-xep", f"{AT}/trieu-tap", "/de-nghi"):
        page = auditor.get(path)
        assert page.status_code == 200
        assert '<form method="post" class' not in page.text, path
