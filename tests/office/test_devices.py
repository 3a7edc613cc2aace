"""Test registration codes, reports from devices, revoked devices, and records put on hold."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from sync_server.database import reading, write
from sync_server.domain.records.codes import from_ms
from sync_server.domain.records.permissions import Profile
from sync_server.office.halls import device_list
from sync_server.storage.access import devices
from sync_server.storage.ledger import standings
from sync_server.storage.ledger.streams import StreamKey
from tests.conftest import FakeClock, Persona
from tests.e2e.cards import draw_qr_code, read_qr_codes
from tests.factories import MEETING, draft, id_of
from tests.office.desk import Desk

HALF_HOUR_MS = 30 * 60_000


def send_report(clerk: Persona, clock: FakeClock, skew_ms: int = 0, **fields: Any) -> None:
    """Send a report from a clerk's device whose clock is `skew_ms` ms fast.

    `fields` are further fields of the report, such as the number of `unsent` records.
    """
    wall = {"wall": from_ms(clock.now_ms + skew_ms), "mono_ms": 5, "boot": "b1"}
    clerk.sync(clock=wall, **fields)


def test_codes_are_made_for_every_hall_and_printed_as_qr_codes(
    app: Flask, headquarters: Desk
) -> None:
    answer = headquarters.post("/thiet-bi/ma", profile="clerk", all="on")

    assert answer.text.count('<section class="ticket">') == 2
    [first, _] = re.findall(r'<section class="ticket">.*?</section>', answer.text, re.DOTALL)
    [barcode] = read_qr_codes(draw_qr_code(first))
    code = barcode.text.partition("#ma=")[2]
    assert code in first
    assert "1 mã chưa dùng" in headquarters.get("/thiet-bi").text

    enrolment = app.test_client().post("/api/v1/enrol", json={"code": code, "label": "Máy 1"})
    assert enrolment.get_json()["point"] == "P001"
    page = headquarters.get("/thiet-bi").text
    assert enrolment.get_json()["device"] in page
    assert "1 máy chưa liên hệ lần nào" in page


def test_unused_codes_of_a_hall_are_withdrawn_and_no_other_hall_s(
    app: Flask, headquarters: Desk, clock: FakeClock
) -> None:
    def enrol(code: str) -> int:
        body = {"code": code, "label": "Máy"}
        return app.test_client().post("/api/v1/enrol", json=body).status_code

    def new_code(point: str) -> str:
        return write(lambda c: devices.new_enrolment(c, point, now_ms=clock.now_ms))

    used, lost, other = new_code("P001"), new_code("P001"), new_code("P002")
    assert enrol(used) == 201
    assert "Thu hồi 1 mã của P001" in headquarters.get("/thiet-bi").text

    headquarters.post("/thiet-bi/ma/P001/thu-hoi")

    assert "Đã thu hồi 1 mã chưa dùng của P001." in (page := headquarters.get("/thiet-bi").text)
    assert "Thu hồi 1 mã của P001" not in page
    assert [enrol(lost), enrol(other)] == [410, 201]


def test_a_chair_s_code_is_bound_to_a_person_and_one_hall(hall: None, headquarters: Desk) -> None:
    def make_codes(**fields: Any) -> Any:
        return headquarters.post("/thiet-bi/ma", profile="chair", **fields)

    assert make_codes(point_code=["P001"]).status_code == 422
    assert make_codes(point_code=["P001", "P002"], person="S1").status_code == 422
    assert make_codes(point_code=["P001"], person="KHONG-CO").status_code == 422
    assert make_codes(person="S1").status_code == 422
    assert make_codes(point_code=["P099"], person="S1").status_code == 422
    assert "Máy của chủ trì: Mẫu Văn Bình" in make_codes(point_code=["P001"], person="s1").text
    assert headquarters.post("/thiet-bi/ma", profile="bua").status_code == 422


def test_device_reports_are_shown_and_devices_with_concerns_stand_first(
    headquarters: Desk, as_clerk: Callable[..., Persona], clock: FakeClock
) -> None:
    healthy, faulty = as_clerk(), as_clerk("P002")
    send_report(healthy, clock, app="aaaa1111", unsent=0)
    send_report(faulty, clock, 14 * 60_000, app="bbbb2222", unsent=12)
    send_report(healthy, clock, app="aaaa1111", unsent=0)
    faulty.sync(draft("check_in", 3, point="P002", person="M3"))

    page = headquarters.get("/thiet-bi").text

    assert page.index(faulty.device) < page.index(healthy.device)
    for words in (
        "1 máy còn bản ghi chưa gửi",
        "1 máy lệch giờ quá 2 phút",
        "1 máy thiếu bản ghi",
        "1 máy chạy phiên bản khác",
        "nhanh 14 phút",
        "thiếu số 1–2",
        "aaaa1111",
    ):
        assert words in page, words
    skewed_page = headquarters.get("/thiet-bi?viec=skew").text
    assert faulty.device in skewed_page
    assert healthy.device not in skewed_page
    assert healthy.device in headquarters.get("/thiet-bi?tim=p001").text


def test_a_revoked_device_s_records_wait_until_headquarters_releases_them(
    hall: None, headquarters: Desk, as_clerk: Callable[..., Persona]
) -> None:
    clerk = as_clerk()
    assert headquarters.post(f"/thiet-bi/{clerk.device}/thu-hoi").status_code == 302
    assert headquarters.post("/thiet-bi/D-NIEMAND/thu-hoi").status_code == 404
    assert "Đã thu hồi" in headquarters.get("/thiet-bi?viec=revoked").text

    answer = clerk.sync(draft("check_in", 1, person="M1"), draft("check_in", 2, person="M2"))
    assert {verdict["status"] for verdict in answer["verdicts"]} == {"held"}
    page = headquarters.get("/cho-xu-ly").text
    assert "2 bản ghi chờ xử lý" in page
    assert page.count("Máy đã bị thu hồi") == 2
    first_sha256, second_sha256 = re.findall(r'name="sha256" value="([0-9a-f]+)"', page)

    def decide(sha256: str, **fields: str) -> int:
        form = {"device": clerk.device, "sha256": sha256, **fields}
        return headquarters.post("/cho-xu-ly", **form).status_code

    assert decide(first_sha256, do="release", reason="") == 422
    assert decide("0" * 64, do="release", reason="x") == 404
    assert decide(first_sha256, do="release", reason="Máy hỏng, thư ký vẫn đúng") == 302
    assert decide(second_sha256, do="dismiss", reason="Không phải người của hội trường") == 302

    with reading() as c:
        point_standing = standings.read(c, StreamKey(MEETING, "P001"))
    assert point_standing
    assert point_standing.counts.present == 1
    assert "Không có gì chờ xử lý" in headquarters.get("/cho-xu-ly").text
    settled = headquarters.get("/cho-xu-ly?loc=tat-ca").text
    assert "Đã cho nhận" in settled
    assert "Đã gác lại" in settled


def test_what_one_device_left_is_dismissed_together_and_nothing_else(
    headquarters: Desk, as_clerk: Callable[..., Persona]
) -> None:
    stolen, other = as_clerk(), as_clerk("P002")
    for seq in range(1, 6):
        stolen.sync({"id": id_of(seq), "kind": "dance"})
    headquarters.post(f"/thiet-bi/{stolen.device}/thu-hoi")
    stolen.sync(draft("check_in", 6, person="M1"))
    other.sync({"id": id_of(9), "kind": "dance"})
    assert "6 bản ghi chờ xử lý của máy" in headquarters.get("/cho-xu-ly").text

    answer = headquarters.post("/cho-xu-ly/may", device=stolen.device, reason="máy mất")

    assert answer.status_code == 302
    page = headquarters.get("/cho-xu-ly").text
    assert "Đã gạt bỏ 6 bản ghi" in page
    assert stolen.device not in page.partition("</section>")[0].partition("<section")[2]
    assert other.device in page
    retry = stolen.sync(draft("check_in", 6, person="M1"))
    assert retry["verdicts"][0]["fate"] == "dismissed"


def test_an_illegible_record_can_only_be_dismissed_and_the_log_says_why(
    headquarters: Desk, as_clerk: Callable[..., Persona]
) -> None:
    clerk = as_clerk()
    clerk.sync({"id": id_of(1), "kind": "check_in"})
    page = headquarters.get("/cho-xu-ly").text
    assert "Dữ liệu không đọc được thành bản ghi" in page
    assert 'value="release"' not in page
    [sha256] = re.findall(r'name="sha256" value="([0-9a-f]+)"', page)
    form = {"device": clerk.device, "sha256": sha256, "reason": "máy thử"}

    assert headquarters.post("/cho-xu-ly", do="release", **form).status_code == 422
    assert headquarters.post("/cho-xu-ly", do="dismiss", **form).status_code == 302

    assert "Không có gì chờ xử lý" in headquarters.get("/cho-xu-ly").text
    log = headquarters.get("/nhat-ky?viec=dismiss_illegible").text
    assert "máy thử" in log


def test_a_record_that_its_device_may_not_send_cannot_be_released(
    hall: None, headquarters: Desk, as_clerk: Callable[..., Persona]
) -> None:
    clerk = as_clerk()
    clerk.sync(draft("setting", 1, seq=1, body={"grace_minutes": 60}))
    page = headquarters.get("/cho-xu-ly").text
    [sha256] = re.findall(r'name="sha256" value="([0-9a-f]+)"', page)
    form = {"device": clerk.device, "sha256": sha256, "reason": "x"}

    assert headquarters.post("/cho-xu-ly", do="release", **form).status_code == 422
    assert headquarters.post("/cho-xu-ly", do="dismiss", **form).status_code == 302


def test_two_records_under_one_id_wait_and_one_is_chosen(
    hall: None, headquarters: Desk, as_clerk: Callable[..., Persona]
) -> None:
    clerk = as_clerk()
    clerk.sync(draft("check_in", 1, person="M1"))
    clerk.sync(draft("check_in", 1, person="M2"))
    page = headquarters.get("/cho-xu-ly").text
    assert page.count("Hai bản ghi khác nhau cùng một mã") == 2
    chosen = page[page.index("Điểm danh · Mẫu Thu Ân") :]
    sha256 = re.findall(r'name="sha256" value="([0-9a-f]+)"', chosen)[0]

    form = {"device": clerk.device, "sha256": sha256, "do": "release", "reason": "gõ nhầm"}
    assert headquarters.post("/cho-xu-ly", **form).status_code == 302

    with reading() as c:
        point_standing = standings.read(c, StreamKey(MEETING, "P001"))
    assert point_standing
    present_people = {
        person_standing.person
        for person_standing in point_standing.people
        if person_standing.standing == "present"
    }
    assert present_people == {"M2"}
    assert "Không có gì chờ xử lý" in headquarters.get("/cho-xu-ly").text


def test_the_auditor_reads_held_records_and_decides_none(
    as_role: Callable[[Profile], Desk], as_clerk: Callable[..., Persona]
) -> None:
    as_clerk().sync({"id": id_of(1), "kind": "check_in"})
    auditor = as_role(Profile.AUDITOR)

    page = auditor.get("/cho-xu-ly").text
    assert json.loads(re.findall(r"<pre>(.*?)</pre>", page)[0].replace("&#34;", '"'))["id"]
    assert "<pre>" in page
    assert 'value="dismiss"' not in page


@pytest.mark.parametrize("skew_ms", [None, 0, 119_000])
def test_a_clock_that_is_right_raises_no_concern(
    app: Flask, as_clerk: Callable[..., Persona], clock: FakeClock, skew_ms: int | None
) -> None:
    clerk = as_clerk()
    if skew_ms is not None:
        send_report(clerk, clock, skew_ms)
    with reading() as c:
        [device] = devices.list_devices(c, point="P001")

    assert "skew" not in device_list.concerns_of(device, None)
