"""Test the pages of one hall: people, records, corrections, and the reopening of attendance.

A record is listed with two times: the one on the device's clock and the corrected one.
"""

from collections.abc import Callable

import pytest
from flask import Flask

from sync_server.database import reading
from sync_server.domain.judging.standing import PointStanding
from sync_server.domain.records.permissions import Profile
from sync_server.storage.access.accounts import Account
from sync_server.storage.ledger import standings, streams
from sync_server.storage.ledger.streams import StreamKey
from tests.conftest import FakeClock, Persona
from tests.factories import MEETING, draft, id_of
from tests.office.desk import Desk, desk_of

POINT = f"/hoi-nghi/{MEETING}/diem-cau/P001"


@pytest.fixture
def clerk(hall: None, as_clerk: Callable[..., Persona]) -> Persona:
    """Return a client with which the clerk of the hall P001 calls the API.

    The clock of the clerk's device is one hour slow.
    """
    persona = as_clerk()
    persona.sync(clock={"wall": "2024-08-22T00:00:00.000Z", "mono_ms": 3_600_000, "boot": "b1"})
    return persona


def read_standing() -> PointStanding:
    with reading() as c:
        point_standing = standings.read(c, StreamKey(MEETING, "P001"))
    assert point_standing
    return point_standing


def test_a_point_s_page_shows_its_hall_and_its_roll(clerk: Persona, headquarters: Desk) -> None:
    incident = {"what": "line", "from": "2024-08-22T00:50:00Z", "until": "2024-08-22T00:59:00Z"}
    clerk.sync(
        draft("readiness", 1, person="M1", body={"items": {"camera": False, "power": True}}),
        draft("check_in", 2, person="M2"),
        draft("conduct", 3, body={"category": "call", "count": 2}),
        draft("incident", 4, body=incident),
        draft("check_in", 5, person="M3"),
    )

    page = headquarters.get(POINT).text

    assert "Mẫu Thu Ân" in page
    assert "Gọi điện 2 lượt" in page
    assert "Đường truyền:" in page
    assert "máy ghi hình" in page
    assert "Người ngoài danh sách đã đến" in page
    roll = page[page.index("danh-sach") :]
    assert roll.index("Mẫu Đức An") < roll.index("Mẫu Thị Ánh") < roll.index("Mẫu Thu Ân")


def test_the_roll_is_filtered_by_standing(clerk: Persona, headquarters: Desk) -> None:
    clerk.sync(draft("check_in", 2, person="M2"))

    page = headquarters.get(f"{POINT}?loc=not_recorded").text

    assert "(3/4)" in page
    assert 'href="/van-phong/nguoi/M2"' not in page[page.index("danh-sach") :]


def test_records_are_listed_in_true_order_with_both_times_and_gaps(
    clerk: Persona, headquarters: Desk
) -> None:
    clerk.sync(
        draft("check_in", 2, person="M2", at="2024-08-22T00:10:00.000Z"),
        draft("check_out", 4, person="M2", at="2024-08-22T00:20:00.000Z"),
    )

    page = headquarters.get(f"{POINT}/ban-ghi").text

    assert "08:10:00 22/08/2024" in page  # the corrected time
    assert "07:10:00" in page  # the time on the device's clock
    assert page.index("08:10:00") < page.index("08:20:00")
    assert "còn thiếu các bản ghi số 1, 3" in page
    assert "4 người, thêm 4, bớt 0" in page
    filtered = headquarters.get(f"{POINT}/ban-ghi?loai=check_out").text
    assert "08:10:00" not in filtered


def test_a_record_is_voided_by_a_record(clerk: Persona, headquarters: Desk) -> None:
    clerk.sync(draft("check_in", 1, person="M2"))
    assert read_standing().counts.present == 1

    assert headquarters.post(f"{POINT}/rut-ban-ghi", record=id_of(1)).status_code == 422
    answer = headquarters.post(f"{POINT}/rut-ban-ghi", record=id_of(1), reason="ghi nhầm")

    assert answer.status_code == 302
    assert "ghi nhầm" in headquarters.get("/nhat-ky?viec=correct").text
    assert "Lý do: ghi nhầm" in headquarters.get(f"{POINT}/ban-ghi").text
    assert read_standing().counts.present == 0
    page = headquarters.get(f"{POINT}/ban-ghi").text
    assert f'id="b-{id_of(1)}"' in page  # the record stays on the page
    assert "đã rút hiệu lực" in page
    assert f'name="record" value="{id_of(1)}"' not in page  # the record cannot be voided again


def test_a_number_that_a_device_used_twice_is_shown(clerk: Persona, headquarters: Desk) -> None:
    clerk.sync(draft("check_in", 1, person="M1"), draft("check_in", 2, person="M2"))
    assert "Trùng số thứ tự" not in headquarters.get(f"{POINT}/ban-ghi").text

    clerk.sync(draft("check_in", 3, person="M3", seq=2))

    assert headquarters.get(f"{POINT}/ban-ghi").text.count("Trùng số thứ tự") == 2


def test_flags_of_a_record_speak_of_the_record(clerk: Persona, headquarters: Desk) -> None:
    clerk.sync(draft("check_in", 1, person="M1"), draft("check_in", 2, person="M1"))

    assert "Đã có mặt từ trước" in headquarters.get(f"{POINT}/ban-ghi").text
    assert "Có người điểm danh hai lần" in headquarters.get(f"/hoi-nghi/{MEETING}").text


def test_records_set_by_the_office_cannot_be_voided(hall: None, headquarters: Desk) -> None:
    with reading() as c:
        [key] = [StreamKey(MEETING, "P001")]
        record_ids = [stored_record.id for stored_record in streams.records_of(c, [key])[key]]

    assert record_ids
    for record_id in record_ids:
        answer = headquarters.post(f"{POINT}/rut-ban-ghi", record=record_id, reason="x")
        assert answer.status_code == 422


def test_a_record_of_another_point_cannot_be_voided(headquarters: Desk) -> None:
    assert headquarters.post(f"{POINT}/rut-ban-ghi", record=id_of(9), reason="x").status_code == 404


def test_a_closing_is_reopened_with_a_reason_that_is_sealed(
    clerk: Persona, chair: Desk, clock: FakeClock
) -> None:
    assert "chưa chốt danh sách" in chair.post(f"{POINT}/mo-lai", reason="nhầm").text
    body = {"seen": {clerk.device: 1}, "totals": {"present": 1}}
    clerk.sync(
        draft("check_in", 1, person="S1"),
        draft("chair_assumed", 2, person="S1"),
        draft("closing", 3, person="S1", body=body),
    )
    clock.now_ms += 3_600_000
    assert "Mở lại danh sách đã chốt" in chair.get(POINT).text

    assert chair.post(f"{POINT}/mo-lai", reason="").status_code == 422
    assert read_standing().closing is not None
    assert chair.post(f"{POINT}/mo-lai", reason="Còn hai người đến sau").status_code == 302

    assert read_standing().closing is None
    records_text = str(clerk.sync(meeting=MEETING, point="P001", cursor="0")["records"])
    assert "reopening" in records_text
    assert "hai người" not in records_text


def test_headquarters_reopens_too(clerk: Persona, headquarters: Desk, clock: FakeClock) -> None:
    body = {"seen": {clerk.device: 1}, "totals": {}}
    clerk.sync(draft("closing", 1, person="S1", body=body))
    clock.now_ms += 3_600_000

    assert headquarters.post(f"{POINT}/mo-lai", reason="Theo yêu cầu").status_code == 302
    assert read_standing().closing is None


def test_a_newcomer_is_recognised(clerk: Persona, headquarters: Desk) -> None:
    clerk.sync(draft("check_in", 1, person="N-ONE-1"))
    assert 'placeholder="M00001"' in headquarters.get(POINT).text

    def identify(newcomer: str, person: str) -> int:
        fields = {"newcomer": newcomer, "person": person}
        return headquarters.post(f"{POINT}/nhan-ra", **fields).status_code

    assert identify("N-ONE-1", "KHONG-CO") == 422
    assert identify("N-ONE-9", "M1") == 404
    assert identify("N-ONE-1", "m1") == 302
    recognised = next(
        person_standing
        for person_standing in read_standing().people
        if person_standing.person == "M1"
    )
    assert recognised.standing == "present"


def test_headquarters_records_the_deputy_that_the_secretary_names(
    hall: None, headquarters: Desk, as_clerk: Callable[..., Persona]
) -> None:
    def name_deputy(person: str) -> int:
        fields = {"deputy": person, "document": "05-CV/CB"}
        return headquarters.post(f"{POINT}/phan-cong", **fields).status_code

    assert (name_deputy("M1"), name_deputy("S1")) == (422, 422)
    assert read_standing().chair.delegate is None
    assert name_deputy("S2") == 302

    assert read_standing().chair.delegate == "S2"
    records_text = str(as_clerk().sync(meeting=MEETING, point="P001", cursor="0")["records"])
    assert "chair_delegation" in records_text
    assert "05-CV/CB" not in records_text  # the document number is sealed


def test_the_secretary_signed_in_on_a_telephone_names_the_deputy(
    hall: None, chair: Desk, headquarters: Desk
) -> None:
    assert "phân công một Phó Bí thư" in chair.get(POINT).text
    assert chair.post(f"{POINT}/phan-cong", deputy="S2", document="").status_code == 302
    assert read_standing().chair.delegate == "S2"
    flags = {flag for flags in read_standing().flags.values() for flag in flags}
    assert "without_authority" not in flags


def test_a_deputy_signed_in_names_nobody(app: Flask, hall: None) -> None:
    deputy = desk_of(app, Account("phochutri", Profile.CHAIR, point="P001", person="S2"))
    assert "phan-cong" not in deputy.get(POINT).text
    assert deputy.post(f"{POINT}/phan-cong", deputy="S2", document="").status_code == 422
    assert read_standing().chair.delegate is None


def test_a_contact_s_telephone_number_is_stored_as_it_is_dialled(
    hall: None, headquarters: Desk
) -> None:
    fields = {"name_clerk": "Mẫu Thư", "phone_clerk": "0900 000.001", "name_technician": ""}
    answer = headquarters.post(f"{POINT}/lien-he", **fields)

    assert answer.status_code == 302
    assert 'href="tel:0900000001"' in headquarters.get(POINT).text


def test_the_auditor_sees_a_point_and_no_way_to_change_it(
    clerk: Persona, as_role: Callable[[Profile], Desk]
) -> None:
    body = {"seen": {clerk.device: 1}, "totals": {}}
    clerk.sync(draft("check_in", 1, person="N-ONE-1"), draft("closing", 2, person="S1", body=body))
    auditor = as_role(Profile.AUDITOR)

    for path in (POINT, f"{POINT}/ban-ghi", f"{POINT}/cho-ngoi"):
        page = auditor.get(path).text
        assert '<form method="post" class' not in page, path
        assert "/van-phong/hoi-nghi/" in page


def test_a_point_outside_the_meeting_is_reported(headquarters: Desk) -> None:
    answer = headquarters.get(f"/hoi-nghi/{MEETING}/diem-cau/P099")

    assert answer.status_code == 404
    assert "«P099»" in answer.text
