"""Test the search for people, their attendance over a year, and corrections to it."""

import csv
import io
import re
from collections.abc import Callable

import pytest

from sync_server.acts import arrangements
from sync_server.database import reading, write
from sync_server.domain.records.permissions import Profile
from sync_server.storage.ledger import standings
from sync_server.storage.ledger.streams import StreamKey
from tests.conftest import FakeClock, Persona
from tests.factories import MEETING, draft
from tests.office.desk import Desk


def search_people(desk: Desk, text: str) -> list[str]:
    """Return the codes of the people that a search for `text` shows, in the order of the page."""
    page = desk.get(f"/nguoi?tim={text}").text
    return re.findall(r'<li><a href="/van-phong/nguoi/(\w+)"', page)


@pytest.fixture
def after(hall: None, as_clerk: Callable[..., Persona], clock: FakeClock) -> None:
    """Hold and close the conference at the hall P001; then set the clock to a time after it.

    M1 comes late, M2 stays away, and M3, who was summoned to P002, comes to P001.
    """
    clerk = as_clerk()
    body = {"seen": {clerk.device: 3}, "totals": {}}
    clerk.sync(
        draft("check_in", 50, person="M1", seq=1),
        draft("check_in", 51, person="M3", seq=2),
        draft("closing", 250, person="S1", seq=3, body=body),
    )
    clock.now_ms += 5 * 3_600_000


def test_people_are_found_without_accents_by_parts_and_by_code(
    hall: None, headquarters: Desk
) -> None:
    assert search_people(headquarters, "an") == ["M1", "S2", "M2"]  # sorted as An, Ánh, Ân
    assert search_people(headquarters, "mau thi") == ["S2", "M3"]
    assert search_people(headquarters, "Đạt") == ["T1"]
    assert search_people(headquarters, "m3") == ["M3"]
    assert search_people(headquarters, "khong-ai") == []


def test_a_chair_and_a_secretary_find_their_own_people_only(
    as_role: Callable[[Profile], Desk],
) -> None:
    for role in (Profile.CHAIR, Profile.SECRETARY):
        desk = as_role(role)
        assert search_people(desk, "mau") == ["M1", "S2", "M2", "S1"]
        assert desk.get("/nguoi/M1").status_code == 200
        assert desk.get("/nguoi/M3").status_code == 403
        assert desk.get("/don-vi/U01").status_code == 200
        assert desk.get("/don-vi/U02").status_code == 403


def test_a_visitor_is_known_to_the_chair_of_the_hall_that_they_came_to(
    after: None, as_role: Callable[[Profile], Desk]
) -> None:
    assert as_role(Profile.CHAIR).get("/nguoi/M3").status_code == 200


def test_a_person_s_year_is_the_study_register(after: None, headquarters: Desk) -> None:
    page = headquarters.get("/nguoi/M1?nam=2024").text

    assert "Mẫu Đức An" in page
    assert "Đi muộn 20 phút" in page
    assert "07:50" in page
    for year in ("2025", "0024"):
        assert "Hội nghị thử" not in headquarters.get(f"/nguoi/M1?nam={year}").text
    visitor = headquarters.get("/nguoi/M3?nam=2024").text
    assert "P001" in visitor
    assert "P002" in visitor


def test_a_unit_s_register_counts_meetings_that_are_over(
    hall: None, headquarters: Desk, as_clerk: Callable[..., Persona], clock: FakeClock
) -> None:
    clerk = as_clerk()
    body = {"seen": {clerk.device: 1}, "totals": {}}
    clerk.sync(draft("check_in", 1, person="M1"), draft("closing", 250, seq=2, body=body))

    def register() -> dict[str, list[str]]:
        text = headquarters.get("/don-vi/U01/so-theo-doi.csv?nam=2024").text.lstrip("\ufeff")
        _, *rows = csv.reader(io.StringIO(text), delimiter=";")
        return {row[0]: row[2:] for row in rows}

    assert register()["M1"] == ["0"] * 6
    clock.now_ms += 5 * 3_600_000
    assert register()["M1"] == ["1", "1", "0", "0", "0", "0"]
    assert register()["M2"] == ["1", "0", "0", "0", "1", "0"]
    page = headquarters.get("/don-vi/U01?nam=2024").text
    assert page.index("Mẫu Đức An") < page.index("Mẫu Văn Bình")
    assert "100,0\u00a0%" in page


def test_a_correction_is_a_record_of_headquarters(
    after: None, headquarters: Desk, as_clerk: Callable[..., Persona]
) -> None:
    page = headquarters.get("/nguoi/M2?nam=2024").text
    assert "Điều chỉnh bằng một bản ghi" in page
    form = {"meeting": MEETING, "hall": "P001", "kind": "check_in", "reason": "quên điểm danh"}

    answer = headquarters.post("/nguoi/M2/dieu-chinh", **form, happened_at="2024-08-22T07:20")

    assert answer.status_code == 302
    assert "quên điểm danh" in headquarters.get("/nhat-ky?viec=correct").text
    with reading() as c:
        point = standings.read(c, StreamKey(MEETING, "P001"))
    assert point
    corrected = next(
        person_standing for person_standing in point.people if person_standing.person == "M2"
    )
    assert (corrected.standing, corrected.is_late) == ("present", False)
    assert "time_stated" in corrected.flags
    assert point.is_amended
    [correction] = [
        record
        for record in as_clerk().sync(meeting=MEETING, point="P001", cursor="0")["records"]
        if record.get("person") == "M2"
    ]
    assert (correction["by"], correction["source"]) == ("headquarters", "office")


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"happened_at": ""}, 422),
        ({"happened_at": "hôm qua"}, 422),
        ({"kind": "bua"}, 422),
        ({"reason": " "}, 422),
        ({"happened_at": "2030-01-01T08:00"}, 422),
        ({"happened_at": "0001-01-01T00:00"}, 422),
        ({"happened_at": "2024-08-20T08:00"}, 422),
        ({"hall": "P099"}, 404),
        ({"meeting": "khong-co"}, 404),
    ],
)
def test_an_impossible_correction_is_refused(
    hall: None, headquarters: Desk, change: dict[str, str], status: int
) -> None:
    form = {
        "meeting": MEETING,
        "hall": "P001",
        "kind": "check_out",
        "happened_at": "2024-08-22T07:50",
        "reason": "quên điểm danh",
        **change,
    }

    assert headquarters.post("/nguoi/M2/dieu-chinh", **form).status_code == status


def test_leave_requested_from_headquarters_is_recorded_there(
    hall: None, headquarters: Desk, clock: FakeClock
) -> None:
    form = {"meeting": MEETING, "leave_reason": "OM", "document": "7-BC", "note": "qua điện thoại"}

    assert headquarters.post("/nguoi/M1/xin-vang", **form).status_code == 302
    page = headquarters.get("/xin-vang").text
    assert "qua điện thoại" in page
    assert "Ốm" in page
    for change in ({"document": ""}, {"leave_reason": "BUA"}, {"meeting": "khong-co"}):
        assert headquarters.post("/nguoi/M1/xin-vang", **{**form, **change}).status_code >= 400
    clock.now_ms += 1
    write(lambda c: arrangements.summon(c, MEETING, {"P001": []}, clock.now_ms))
    assert headquarters.post("/nguoi/M1/xin-vang", **form).status_code == 422


def test_a_unit_s_secretary_sees_the_people_who_are_present_now(
    as_role: Callable[[Profile], Desk], as_clerk: Callable[..., Persona]
) -> None:
    as_clerk().sync(draft("check_in", 5, person="M1"))

    page = as_role(Profile.SECRETARY).get("/don-vi/U01?nam=2024").text

    assert "Đang họp" in page
    assert page.count("● Có mặt") == 1


def test_an_unknown_person_or_unit_is_not_found(headquarters: Desk) -> None:
    assert headquarters.get("/nguoi/KHONG-CO").status_code == 404
    assert headquarters.get("/don-vi/U99").status_code == 404


def test_what_was_typed_is_on_the_page_that_refuses_it(hall: None, headquarters: Desk) -> None:
    reason = "Đến muộn vì đường ngập ở cầu, có xác nhận"
    fields = {"meeting": MEETING, "hall": "P001", "kind": "check_in", "reason": reason}
    answer = headquarters.post("/nguoi/M1/dieu-chinh", happened_at="2030-01-01T08:00", **fields)
    assert answer.status_code == 422
    assert reason in answer.text
    secret = "mat khau dai qua hai muoi chu"
    answer = headquarters.post("/tai-khoan-cua-toi/mat-khau", password=secret, new_password="x")
    assert secret not in answer.text


def test_a_register_of_no_unit_is_not_found_and_names_no_file(headquarters: Desk) -> None:
    answer = headquarters.get("/don-vi/x%22;%20filename*=y/so-chi-tiet.csv")

    assert answer.status_code == 404
    assert "Content-Disposition" not in answer.headers
