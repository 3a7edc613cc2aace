"""The inbox: what was asked, decided by whom it is theirs to decide, and opened by no other."""

import base64
import hashlib
import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from sync_server import sealing
from sync_server.acts import arrangements
from sync_server.database import reading, write
from sync_server.domain.records.codes import to_ms
from sync_server.domain.records.kinds import Summoned
from sync_server.domain.records.permissions import Profile
from sync_server.storage.ledger import standings
from sync_server.storage.ledger.streams import StreamKey
from tests.conftest import FakeClock, Persona
from tests.factories import MEETING, draft
from tests.office.desk import Desk

EVE = "2024-08-21T08:00:00.000Z"
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk"
    "+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@pytest.fixture(autouse=True)
def eve(clock: FakeClock) -> None:
    """Set the clock to the eve of the conference."""
    clock.now_ms = to_ms(EVE)


@pytest.fixture
def clerk(hall: None, as_clerk: Callable[..., Persona]) -> Persona:
    """Return the clerk of P001, whose kiosk has stated its clock."""
    found = as_clerk()
    found.sync(clock={"wall": EVE, "mono_ms": 5, "boot": "b1"})
    return found


def ask(clerk: Persona, number: int, person: str, **content: str) -> str:
    """Let a clerk write down that somebody asks for leave; return the record's id."""
    told = {"reason": "CONG_TAC", "number": f"{number}-BC/CB", **content}
    box = sealing.seal(clerk.seal_key, json.dumps(told).encode())
    sha256 = hashlib.sha256(box.encode()).hexdigest()
    body = {"report": "numbered", "detail": sha256}
    made = draft("absence_request", number, person=person, at=EVE, body=body)
    answer = clerk.sync(made, details={sha256: box})
    assert answer["verdicts"][0]["status"] == "stored"
    return str(made["id"])


def value(record_id: str, point: str = "P001", state: str = "pending") -> str:
    return f"{MEETING}/{point}/{record_id}/{state}"


def decide(desk: Desk, decision: str, record_id: str, point: str = "P001", **more: Any) -> int:
    """Press the button at a request."""
    spelled = f"{decision} {value(record_id, point)}"
    return desk.post("/xin-vang", do=spelled, **more).status_code


def request_of(person: str) -> str | None:
    with reading() as c:
        found = standings.read(c, StreamKey(MEETING, "P001"))
    assert found
    return next(each.request for each in found.people if each.person == person)


def test_a_request_is_read_and_agreed_to_and_the_kiosk_is_told(clerk: Persona, chair: Desk) -> None:
    asked = ask(clerk, 1, "M1", note="Họp ở huyện")
    page = chair.get("/xin-vang").text
    assert "Mẫu Đức An" in page
    assert "Đi công tác" in page
    assert "1-BC/CB" in page
    assert "Họp ở huyện" in page

    assert decide(chair, "approve", asked) == 302

    assert request_of("M1") == "approved"
    told = clerk.sync(meeting=MEETING, point="P001", cursor="0")["records"]
    [decision] = [each for each in told if each["kind"] == "absence_decision"]
    assert (decision["by"], decision["refs"]) == ("S1", [asked])
    assert "Không có đơn nào" in chair.get("/xin-vang").text
    assert "Đã đồng ý" in chair.get("/xin-vang?loc=approved").text


def test_the_chair_s_first_page_says_how_many_wait(clerk: Persona, chair: Desk) -> None:
    assert "đang chờ đồng chí" not in chair.get("/").text
    ask(clerk, 1, "M1")
    ask(clerk, 2, "S1")  # one's own: headquarters'

    assert "1 đơn xin vắng đang chờ đồng chí" in chair.get("/").text


def test_many_are_decided_at_once_with_one_note_that_is_sealed(
    clerk: Persona, chair: Desk, headquarters: Desk
) -> None:
    asked = [ask(clerk, number, person) for number, person in ((1, "M1"), (2, "M2"))]
    chosen = [value(each) for each in asked]

    answer = chair.post("/xin-vang", do="decline", chosen=chosen, note="Hội nghị quan trọng")

    assert answer.status_code == 302
    assert (request_of("M1"), request_of("M2")) == ("declined", "declined")
    page = headquarters.get("/xin-vang?loc=declined").text
    assert page.count("“Hội nghị quan trọng”") == 2
    told = json.dumps(clerk.sync(meeting=MEETING, point="P001", cursor="0")["records"])
    assert "quan trọng" not in told


def test_nobody_decides_on_their_own_leave_and_a_secretary_s_is_headquarters(
    clerk: Persona, chair: Desk, headquarters: Desk
) -> None:
    own = ask(clerk, 1, "S1")
    page = chair.get("/xin-vang").text
    assert f"approve {value(own)}" not in page
    assert "Ban tổ chức quyết định" in page

    assert decide(chair, "approve", own) == 422
    assert request_of("S1") == "pending"

    assert "1 đơn chờ ban tổ chức" in headquarters.get("/").text
    assert decide(headquarters, "approve", own) == 302
    assert request_of("S1") == "approved"
    assert "đơn chờ ban tổ chức" not in headquarters.get("/").text


def test_of_several_chosen_one_that_is_not_theirs_stops_all(clerk: Persona, chair: Desk) -> None:
    chosen = [value(ask(clerk, 1, "M1")), value(ask(clerk, 2, "S1"))]

    answer = chair.post("/xin-vang", do="approve", chosen=chosen)

    assert answer.status_code == 422
    assert "Chưa quyết định đơn nào" in answer.text
    assert request_of("M1") == "pending"


def test_who_decides_changes_with_the_start(clerk: Persona, chair: Desk, clock: FakeClock) -> None:
    asked = ask(clerk, 1, "M1")
    clock.now_ms = to_ms("2024-08-22T01:00:00Z")
    chair.sign_in("chutri")
    assert decide(chair, "approve", asked) == 422  # does not preside

    clerk.sync(
        draft("check_in", 15, person="S1"),
        draft("chair_assumed", 16, person="S1"),
    )
    assert decide(chair, "approve", asked) == 302
    assert request_of("M1") == "approved"


@pytest.mark.parametrize(
    "fields",
    [
        {"do": "approve"},
        {"do": "bua", "chosen": "x"},
        {"do": "approve rubbish"},
        {"do": "approve a/b/c/pending", "note a/b/c/pending": "x" * 3000},
        {"do": "approve a/b/c/pending", "note a/b/c/pending": "\x00"},
    ],
)
def test_a_form_that_says_nothing_is_refused_in_words(chair: Desk, fields: dict[str, str]) -> None:
    answer = chair.post("/xin-vang", **fields)

    assert answer.status_code == 422
    assert "Chưa làm được" in answer.text


def test_a_request_that_was_decided_meanwhile_is_told_and_not_decided_over(
    clerk: Persona, chair: Desk, headquarters: Desk
) -> None:
    asked = ask(clerk, 1, "M1")
    assert decide(headquarters, "decline", asked) == 302

    late = chair.post("/xin-vang", do=f"approve {value(asked)}")
    assert late.status_code == 422
    assert "nay là «Không đồng ý»" in late.text
    assert request_of("M1") == "declined"

    again = f"approve {value(asked, state='declined')}"
    assert chair.post("/xin-vang", do=again).status_code == 302  # knowing it
    assert request_of("M1") == "approved"


def test_a_request_that_is_chosen_thrice_is_decided_once(clerk: Persona, chair: Desk) -> None:
    chosen = [value(ask(clerk, 1, "M1"))] * 3

    assert chair.post("/xin-vang", do="approve", chosen=chosen).status_code == 302

    told = clerk.sync(meeting=MEETING, point="P001", cursor="0")["records"]
    assert [each["kind"] for each in told].count("absence_decision") == 1


@pytest.mark.parametrize("back", ["//evil.example", "http://evil.example", "/van-phong/\r\nX: 1"])
def test_one_is_led_back_to_pages_of_the_office_only(
    clerk: Persona, chair: Desk, back: str
) -> None:
    asked = ask(clerk, 1, "M1")
    answer = chair.post(f"/xin-vang?ve={quote(back)}", do=f"approve {value(asked)}")

    assert (answer.status_code, answer.location) == (302, "/van-phong/xin-vang")


def test_a_chair_reads_no_reason_of_a_member_who_is_summoned_elsewhere(
    as_clerk: Callable[..., Persona], chair: Desk, headquarters: Desk
) -> None:
    moved = {"P002": [Summoned("M1", "U01", "")]}
    write(lambda c: arrangements.summon(c, MEETING, moved, to_ms(EVE) + 1))
    elsewhere = as_clerk("P002")
    told = json.dumps({"reason": "OM", "note": "điều riêng"}).encode()
    box = sealing.seal(elsewhere.seal_key, told)
    sha256 = hashlib.sha256(box.encode()).hexdigest()
    body = {"report": "numbered", "detail": sha256}
    made = draft("absence_request", 1, person="M1", point="P002", at=EVE, body=body)
    elsewhere.sync(made, details={sha256: box})

    assert "điều riêng" in headquarters.get("/nguoi/M1?nam=2024").text
    page = chair.get("/nguoi/M1?nam=2024")
    assert page.status_code == 200
    assert "điều riêng" not in page.text


def test_a_cancelled_meeting_s_requests_wait_for_nobody(clerk: Persona, headquarters: Desk) -> None:
    ask(clerk, 1, "M1")
    headquarters.post(f"/hoi-nghi/{MEETING}/huy", do="cancel")

    assert "Không có đơn nào" in headquarters.get("/xin-vang").text


def test_a_request_that_is_not_there_is_told(headquarters: Desk) -> None:
    assert decide(headquarters, "approve", "0193f000-0000-7000-8000-000000000099") == 404


def test_a_chair_decides_at_no_other_point(as_clerk: Callable[..., Persona], chair: Desk) -> None:
    elsewhere = as_clerk("P002")
    asked = ask_at(elsewhere, "P002", "M3")

    assert decide(chair, "approve", asked, "P002") == 403
    assert "Mẫu Thị Yến" not in chair.get("/xin-vang?loc=all").text


def ask_at(clerk: Persona, point: str, person: str) -> str:
    made = draft("absence_request", 9, person=person, point=point, at=EVE)
    clerk.sync(made)
    return str(made["id"])


def test_a_picture_is_opened_by_whom_it_concerns_and_each_opening_is_logged(
    clerk: Persona, as_role: Callable[[Profile], Desk]
) -> None:
    scan = "data:image/png;base64," + base64.b64encode(PNG).decode()
    ask(clerk, 1, "M1", scan=scan)
    ask(clerk, 2, "S1", scan=scan)
    headquarters = as_role(Profile.HEADQUARTERS)
    links = re.findall(r'href="/van-phong(/giay-to/[0-9a-f]+)"', headquarters.get("/xin-vang").text)
    assert len(links) == 2

    def opens(role: Profile, link: str) -> int:
        return as_role(role).get(link).status_code

    answer = headquarters.get(links[1])
    assert (answer.data, answer.mimetype) == (PNG, "image/png")
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    for link in links:
        assert [opens(role, link) for role in (Profile.AUDITOR, Profile.SECRETARY)] == [200, 200]
        assert [opens(role, link) for role in (Profile.PROPAGANDA, Profile.EDITOR)] == [403, 403]
    # Why the Secretary asks is not shown to the chair, but for the Secretary's own.
    assert [opens(Profile.CHAIR, link) for link in links] == [200, 200]

    page = as_role(Profile.AUDITOR).get("/nhat-ky?viec=read_detail").text
    assert page.count("M1") >= 3
    assert "kiemtra" in page


def test_a_document_that_was_to_follow_has_a_deadline_that_can_pass(
    clerk: Persona, headquarters: Desk, clock: FakeClock
) -> None:
    due = "2024-08-21T12:00:00.000Z"
    body = {"report": "to_follow", "to_follow_by": due, "detail": "0" * 64}
    clerk.sync(draft("absence_request", 1, person="M1", at=EVE, body=body))

    assert "21/08/2024 19:00" in headquarters.get("/xin-vang").text
    assert 'class="unexcused">21/08/2024 19:00' not in headquarters.get("/xin-vang").text
    clock.now_ms = to_ms(due) + 1
    assert 'class="unexcused">21/08/2024 19:00' in headquarters.get("/xin-vang").text
    assert "Lý do chưa về tới máy chủ" in headquarters.get("/xin-vang").text


def test_the_secretary_of_a_unit_reads_its_requests_and_decides_none(
    clerk: Persona, as_role: Callable[[Profile], Desk], as_clerk: Callable[..., Persona]
) -> None:
    asked = ask(clerk, 1, "M1")
    ask_at(as_clerk("P002"), "P002", "M3")
    secretary = as_role(Profile.SECRETARY)

    page = secretary.get("/xin-vang").text
    assert "Mẫu Đức An" in page
    assert "Mẫu Thị Yến" not in page
    assert 'value="approve ' not in page
    assert decide(secretary, "approve", asked) == 403


def test_a_substitute_waits_for_approval_too(clerk: Persona, chair: Desk, clock: FakeClock) -> None:
    clock.now_ms = to_ms("2024-08-22T01:00:00Z")
    chair.sign_in("chutri")
    clerk.sync(
        draft("check_in", 15, person="S1"),
        draft("chair_assumed", 16, person="S1"),
        draft("substitute", 17, person="X1", body={"for": "M2"}),
        draft("check_in", 18, person="X1"),
    )
    page = chair.get("/xin-vang").text
    assert "Xin dự thay cho Mẫu Thu Ân" in page

    [spelled] = re.findall(r'value="approve ([^"]+)"', page)
    assert chair.post("/xin-vang", do=f"approve {spelled}").status_code == 302
    with reading() as c:
        found = standings.read(c, StreamKey(MEETING, "P001"))
    assert found
    assert (found.counts.substitutes, found.counts.wrong_composition) == (1, 0)


def test_an_old_meeting_s_requests_are_on_their_own_page_only(
    clerk: Persona, headquarters: Desk, clock: FakeClock
) -> None:
    ask(clerk, 1, "M1")
    clock.now_ms += 60 * 86_400_000
    headquarters.sign_in("bantochuc")

    assert "Không có đơn nào" in headquarters.get("/xin-vang").text
    assert "Mẫu Đức An" in headquarters.get(f"/xin-vang?hoi-nghi={MEETING}").text
