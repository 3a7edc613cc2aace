"""Test web pages that list leave requests, their documents, and the right to decide on them."""

import base64
import hashlib
import json
import re
import sqlite3
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from sync_server import database, sealing
from sync_server.acts import arrangements
from sync_server.database import db, reading, write
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
    """Set the clock to the day before the conference."""
    clock.now_ms = to_ms(EVE)


@pytest.fixture
def clerk(hall: None, as_clerk: Callable[..., Persona]) -> Persona:
    """Return a client with which the clerk of the hall P001 calls the API.

    The clerk's device has already reported its clock, so that the times of its records are not in
    doubt.
    """
    persona = as_clerk()
    persona.sync(clock={"wall": EVE, "mono_ms": 5, "boot": "b1"})
    return persona


def request_leave(clerk: Persona, number: int, person: str, **content: str) -> str:
    """Record a person's leave request as the clerk, and return the record's id.

    `number` is the number of both the record and the written request. `content` replaces default
    fields of the request's personal data, which is sent encrypted and apart from the record.
    Raises: AssertionError if the server does not store the record.
    """
    detail = {"reason": "CONG_TAC", "number": f"{number}-BC/CB", **content}
    box = sealing.seal(clerk.seal_key, json.dumps(detail).encode())
    sha256 = hashlib.sha256(box.encode()).hexdigest()
    body = {"report": "numbered", "detail": sha256}
    record = draft("absence_request", number, person=person, at=EVE, body=body)
    answer = clerk.sync(record, details={sha256: box})
    assert answer["verdicts"][0]["status"] == "stored"
    return str(record["id"])


def private_reason(clerk: Persona) -> tuple[str, str]:
    """Return the hash and the text of an encrypted leave reason that contains "điều riêng".

    The hash is the SHA-256 of the encrypted text, in hex.
    """
    box = sealing.seal(clerk.seal_key, json.dumps({"reason": "OM", "note": "điều riêng"}).encode())
    return hashlib.sha256(box.encode()).hexdigest(), box


def request_value(record_id: str, point: str = "P001", state: str = "pending") -> str:
    return f"{MEETING}/{point}/{record_id}/{state}"


def decide(desk: Desk, decision: str, record_id: str, point: str = "P001", **more: Any) -> int:
    """Send the form that decides on a leave request, and return the HTTP status.

    `decision` is `approve` or `decline`. `point` is the hall's code. `more` are further fields.
    """
    choice = f"{decision} {request_value(record_id, point)}"
    return desk.post("/xin-vang", do=choice, **more).status_code


def request_state_of(person: str) -> str | None:
    with reading() as c:
        point_standing = standings.read(c, StreamKey(MEETING, "P001"))
    assert point_standing
    return next(
        person_standing.request
        for person_standing in point_standing.people
        if person_standing.person == person
    )


def test_a_request_is_read_and_approved_and_the_kiosk_receives_the_decision(
    clerk: Persona, chair: Desk
) -> None:
    request_id = request_leave(clerk, 1, "M1", note="Họp ở huyện")
    page = chair.get("/xin-vang").text
    assert "Mẫu Đức An" in page
    assert "Đi công tác" in page
    assert "1-BC/CB" in page
    assert "Họp ở huyện" in page

    assert decide(chair, "approve", request_id) == 302

    assert request_state_of("M1") == "approved"
    records = clerk.sync(meeting=MEETING, point="P001", cursor="0")["records"]
    [decision] = [record for record in records if record["kind"] == "absence_decision"]
    assert (decision["by"], decision["refs"]) == ("S1", [request_id])
    assert "Không có đơn nào" in chair.get("/xin-vang").text
    assert "Đã đồng ý" in chair.get("/xin-vang?loc=approved").text


def test_the_board_the_chair_s_first_page_and_the_list_count_the_same_requests(
    clerk: Persona, chair: Desk, headquarters: Desk
) -> None:
    assert "đang chờ quyết định" not in chair.get("/").text
    request_leave(clerk, 1, "M1")
    request_leave(clerk, 2, "M1")  # a second request of M1, which the decision includes
    request_leave(clerk, 3, "S1")  # headquarters decides on the chair's leave
    detail = sealing.seal(clerk.seal_key, json.dumps({"name": "Người Thay Mẫu"}).encode())
    sha256 = hashlib.sha256(detail.encode()).hexdigest()
    body = {"for": "M2", "detail": sha256}
    substitute = draft("substitute", 4, person="N-ONE-4", at=EVE, body=body)
    clerk.sync(substitute, details={sha256: detail})

    assert "4 đơn xin vắng, dự thay đang chờ quyết định" in chair.get("/").text
    page = chair.get("/xin-vang").text
    assert page.count('<article class="asked"') == 4
    assert "Người Thay Mẫu" in page
    assert "N-ONE-4 ·" not in page
    with reading() as c:
        [row] = [r for r in standings.board_of(c, MEETING).points if r.point == "P001"]
    assert row.pending == 4
    assert headquarters.get("/xin-vang").text.count('<article class="asked"') == 4


def test_many_requests_are_decided_at_once_with_one_note_that_is_sealed(
    clerk: Persona, chair: Desk, headquarters: Desk
) -> None:
    request_ids = [
        request_leave(clerk, number, person) for number, person in ((1, "M1"), (2, "M2"))
    ]
    chosen = [request_value(request_id) for request_id in request_ids]

    answer = chair.post("/xin-vang", do="decline", chosen=chosen, note="Hội nghị quan trọng")

    assert answer.status_code == 302
    assert (request_state_of("M1"), request_state_of("M2")) == ("declined", "declined")
    page = headquarters.get("/xin-vang?loc=declined").text
    assert page.count("“Hội nghị quan trọng”") == 2
    records_text = json.dumps(clerk.sync(meeting=MEETING, point="P001", cursor="0")["records"])
    assert "quan trọng" not in records_text


def test_nobody_decides_their_own_leave_and_headquarters_decides_a_secretary_s(
    clerk: Persona, chair: Desk, headquarters: Desk
) -> None:
    request_id = request_leave(clerk, 1, "S1")
    page = chair.get("/xin-vang").text
    assert f"approve {request_value(request_id)}" not in page
    assert "Ban tổ chức quyết định" in page

    assert decide(chair, "approve", request_id) == 422
    assert request_state_of("S1") == "pending"

    assert "1 đơn chờ ban tổ chức" in headquarters.get("/").text
    assert decide(headquarters, "approve", request_id) == 302
    assert request_state_of("S1") == "approved"
    assert "đơn chờ ban tổ chức" not in headquarters.get("/").text


def test_one_chosen_request_that_the_chair_may_not_decide_stops_all(
    clerk: Persona, chair: Desk
) -> None:
    chosen = [
        request_value(request_leave(clerk, 1, "M1")),
        request_value(request_leave(clerk, 2, "S1")),
    ]

    answer = chair.post("/xin-vang", do="approve", chosen=chosen)

    assert answer.status_code == 422
    assert "Chưa quyết định đơn nào" in answer.text
    assert request_state_of("M1") == "pending"


def test_the_right_to_decide_changes_with_the_start(
    clerk: Persona, chair: Desk, clock: FakeClock
) -> None:
    request_id = request_leave(clerk, 1, "M1")
    clock.now_ms = to_ms("2024-08-22T01:00:00Z")
    chair.sign_in("chutri")
    assert decide(chair, "approve", request_id) == 422  # the chair is not presiding

    clerk.sync(
        draft("check_in", 15, person="S1"),
        draft("chair_assumed", 16, person="S1"),
    )
    assert decide(chair, "approve", request_id) == 302
    assert request_state_of("M1") == "approved"


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
def test_a_malformed_form_is_refused_in_words(chair: Desk, fields: dict[str, str]) -> None:
    answer = chair.post("/xin-vang", **fields)

    assert answer.status_code == 422
    assert "Chưa làm được" in answer.text


def test_a_request_decided_meanwhile_is_reported_and_not_overwritten(
    clerk: Persona, chair: Desk, headquarters: Desk
) -> None:
    request_id = request_leave(clerk, 1, "M1")
    assert decide(headquarters, "decline", request_id) == 302

    late = chair.post("/xin-vang", do=f"approve {request_value(request_id)}")
    assert late.status_code == 422
    assert "nay là «Không đồng ý»" in late.text
    assert request_state_of("M1") == "declined"

    second_choice = f"approve {request_value(request_id, state='declined')}"
    assert (
        chair.post("/xin-vang", do=second_choice).status_code == 302
    )  # accepted, because the form showed the earlier decision
    assert request_state_of("M1") == "approved"


def test_a_request_that_is_chosen_thrice_is_decided_once(clerk: Persona, chair: Desk) -> None:
    chosen = [request_value(request_leave(clerk, 1, "M1"))] * 3

    assert chair.post("/xin-vang", do="approve", chosen=chosen).status_code == 302

    records = clerk.sync(meeting=MEETING, point="P001", cursor="0")["records"]
    assert [record["kind"] for record in records].count("absence_decision") == 1


@pytest.mark.parametrize("back", ["//evil.example", "http://evil.example", "/van-phong/\r\nX: 1"])
def test_a_decision_leads_back_to_pages_of_the_office_only(
    clerk: Persona, chair: Desk, back: str
) -> None:
    request_id = request_leave(clerk, 1, "M1")
    answer = chair.post(f"/xin-vang?ve={quote(back)}", do=f"approve {request_value(request_id)}")

    assert (answer.status_code, answer.location) == (302, "/van-phong/xin-vang")


def test_a_chair_cannot_read_the_reason_of_a_member_summoned_elsewhere(
    as_clerk: Callable[..., Persona], chair: Desk, headquarters: Desk
) -> None:
    new_rolls = {"P002": [Summoned("M1", "U01", "")]}
    write(lambda c: arrangements.summon(c, MEETING, new_rolls, to_ms(EVE) + 1))
    other_clerk = as_clerk("P002")
    sha256, box = private_reason(other_clerk)
    body = {"report": "numbered", "detail": sha256}
    record = draft("absence_request", 1, person="M1", point="P002", at=EVE, body=body)
    other_clerk.sync(record, details={sha256: box})

    assert "điều riêng" in headquarters.get("/nguoi/M1?nam=2024").text
    page = chair.get("/nguoi/M1?nam=2024")
    assert page.status_code == 200
    assert "điều riêng" not in page.text


def test_a_cancelled_meeting_s_requests_wait_for_nobody(clerk: Persona, headquarters: Desk) -> None:
    request_leave(clerk, 1, "M1")
    headquarters.post(f"/hoi-nghi/{MEETING}/huy", do="cancel")

    assert "Không có đơn nào" in headquarters.get("/xin-vang").text


def test_a_missing_request_is_not_found(headquarters: Desk) -> None:
    assert decide(headquarters, "approve", "0193f000-0000-7000-8000-000000000099") == 404


def test_a_chair_decides_at_no_other_point(as_clerk: Callable[..., Persona], chair: Desk) -> None:
    other_clerk = as_clerk("P002")
    request_id = request_leave_at(other_clerk, "P002", "M3")

    assert decide(chair, "approve", request_id, "P002") == 403
    assert "Mẫu Thị Yến" not in chair.get("/xin-vang?loc=all").text


def request_leave_at(clerk: Persona, point: str, person: str) -> str:
    record = draft("absence_request", 9, person=person, point=point, at=EVE)
    clerk.sync(record)
    return str(record["id"])


def test_a_picture_opens_for_permitted_roles_only_and_every_opening_is_logged(
    clerk: Persona, as_role: Callable[[Profile], Desk]
) -> None:
    scan = "data:image/png;base64," + base64.b64encode(PNG).decode()
    request_leave(clerk, 1, "M1", scan=scan)
    request_leave(clerk, 2, "S1", scan=scan)
    headquarters = as_role(Profile.HEADQUARTERS)
    links = re.findall(r'href="/van-phong(/giay-to/[0-9a-f]+)"', headquarters.get("/xin-vang").text)
    assert len(links) == 2

    def open_status(role: Profile, link: str) -> int:
        return as_role(role).get(link).status_code

    answer = headquarters.get(links[1])
    assert (answer.data, answer.mimetype) == (PNG, "image/png")
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    for link in links:
        assert [open_status(role, link) for role in (Profile.AUDITOR, Profile.SECRETARY)] == [
            200,
            200,
        ]
        assert [open_status(role, link) for role in (Profile.PROPAGANDA, Profile.EDITOR)] == [
            403,
            403,
        ]
    # A Secretary's reason is hidden from other chairs. This chair is S1, the Secretary.
    assert [open_status(Profile.CHAIR, link) for link in links] == [200, 200]

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
    request_id = request_leave(clerk, 1, "M1")
    request_leave_at(as_clerk("P002"), "P002", "M3")
    secretary = as_role(Profile.SECRETARY)

    page = secretary.get("/xin-vang").text
    assert "Mẫu Đức An" in page
    assert "Mẫu Thị Yến" not in page
    assert 'value="approve ' not in page
    assert decide(secretary, "approve", request_id) == 403


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

    [choice] = re.findall(r'value="approve ([^"]+)"', page)
    assert chair.post("/xin-vang", do=f"approve {choice}").status_code == 302
    with reading() as c:
        point_standing = standings.read(c, StreamKey(MEETING, "P001"))
    assert point_standing
    assert (point_standing.counts.substitutes, point_standing.counts.wrong_composition) == (1, 0)


def test_an_old_meeting_s_requests_are_on_their_own_page_only(
    clerk: Persona, headquarters: Desk, clock: FakeClock
) -> None:
    request_leave(clerk, 1, "M1")
    clock.now_ms += 60 * 86_400_000
    headquarters.sign_in("bantochuc")

    assert "Không có đơn nào" in headquarters.get("/xin-vang").text
    assert "Mẫu Đức An" in headquarters.get(f"/xin-vang?hoi-nghi={MEETING}").text


@pytest.mark.parametrize(
    "content", [b'{"note":"\xff"}', b"{", b"neither", b'{"scan":"x;base64,\xc4\x91"}']
)
def test_a_detail_that_nobody_can_read_is_told_and_breaks_no_page(
    headquarters: Desk, clerk: Persona, content: bytes
) -> None:
    box = sealing.seal(clerk.seal_key, content)
    sha256 = hashlib.sha256(box.encode()).hexdigest()
    record = draft(
        "absence_request", 1, person="M1", at=EVE, body={"report": "numbered", "detail": sha256}
    )
    clerk.sync(record, details={sha256: box})

    inbox = headquarters.get("/xin-vang")
    assert inbox.status_code == 200
    if b"scan" not in content:
        assert "không đọc được" in inbox.text
    assert decide(headquarters, "approve", record["id"]) == 302


@pytest.mark.sqlite
def test_while_another_program_writes_a_page_that_must_be_logged_says_so_once(
    headquarters: Desk, clerk: Persona, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "WAIT_S", 0.2)
    request_leave(clerk, 1, "M1")
    other_program = sqlite3.connect(db.engine.url.database or "", isolation_level=None)
    other_program.execute("BEGIN IMMEDIATE")

    answer = headquarters.get("/xin-vang")

    assert answer.status_code == 503
    assert "đang bận" in answer.text
    other_program.close()


def test_whoever_knows_the_hash_of_a_reason_does_not_have_it_shown_with_a_request_of_their_own(
    as_clerk: Callable[..., Persona], chair: Desk, headquarters: Desk
) -> None:
    victim, thief = as_clerk("P002"), as_clerk("P001")
    sha256, box = private_reason(victim)
    body = {"report": "numbered", "detail": sha256}
    record = draft("absence_request", 1, person="M3", point="P002", at=EVE, body=body)
    victim.sync(record, details={sha256: box})
    for number, kind, more in (
        (2, "absence_request", {"report": "numbered"}),
        (3, "substitute", {"for": "M1"}),
    ):
        copied = draft(kind, number, person="M2", at=EVE, body={**more, "detail": sha256})
        assert thief.sync(copied)["verdicts"][0]["status"] == "stored"

    assert headquarters.get("/xin-vang").text.count("điều riêng") == 1
    for page in ("/xin-vang", "/nguoi/M2?nam=2024"):
        assert "điều riêng" not in chair.get(page).text
    assert "điều riêng" not in headquarters.get("/nguoi/M2?nam=2024").text
    assert chair.get(f"/giay-to/{sha256}").status_code == 403
