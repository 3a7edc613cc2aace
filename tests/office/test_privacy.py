"""Test that a person's data can be handed over and made anonymous."""

import hashlib
import io
import json
import zipfile
from typing import Any

import pytest
from flask import Flask
from msgspec.structs import replace
from sqlalchemy import select

from sync_server import database, sealing
from sync_server.database import reading, write
from sync_server.domain.records.codes import DAY_MS
from sync_server.domain.records.permissions import Profile
from sync_server.storage.access import accounts
from sync_server.storage.access.accounts import Account
from sync_server.storage.ledger import streams
from sync_server.storage.ledger.streams import StreamKey
from sync_server.storage.models import LedgerRow, UploadedList
from sync_server.storage.people import cards, roster
from tests.conftest import FakeClock, Persona
from tests.factories import MEETING, draft
from tests.office.desk import Desk
from tests.office.test_people_lists import confirm, upload

POINT = f"/hoi-nghi/{MEETING}/diem-cau/P001"
PAGE = "/nguoi/M2/du-lieu-ca-nhan"
LIST = "Mã;Họ tên;Đơn vị\nM2;Mẫu Thu Ân Mới;U01\n"


def exported(desk: Desk) -> dict[str, Any]:
    """Export the data of M2, and return the content of the archive's JSON file."""
    response = desk.post(PAGE, reason="người ấy yêu cầu")
    assert response.mimetype == "application/zip"
    with zipfile.ZipFile(io.BytesIO(response.data)) as archive:
        content: dict[str, Any] = json.loads(archive.read("du-lieu.json"))
    return content


def own_words(desk: Desk) -> list[Any]:
    """Export the data of the person M2, and return the decrypted personal parts of the records."""
    lines = exported(desk)["bản_ghi"]
    return [line["nội_dung_riêng"] for line in lines if "nội_dung_riêng" in line]


def exported_name(desk: Desk) -> str:
    """Sign in again, because the session has expired; return M2's name in the exported data.

    The test has moved the clock by a month. M2 is the code of a person.
    """
    desk.sign_in("bantochuc")
    name: str = exported(desk)["người"][0]["full_name"]
    return name


def stored_changes() -> str:
    """Return the data that the database keeps for undoing imports of lists, as one text."""
    with reading() as connection:
        stored = connection.scalars(select(UploadedList.changes)).all()
    return b"".join(bytes(changes) for changes in stored).decode()


def test_a_person_gets_everything_that_is_stored_about_them(
    after: Persona, headquarters: Desk
) -> None:
    write(lambda c: cards.issue(c, ["M2"], now_ms=1_000))

    content = exported(headquarters)

    [facts] = content["người"]
    assert (facts["full_name"], facts["birth_year"]) == ("Mẫu Thu Ân", 1980)
    assert content["thẻ_cấp_lúc"] == "1970-01-01T00:00:01.000Z"
    assert content["được_triệu_tập"] == [{"hội_nghị": MEETING, "điểm_cầu": "P001"}]
    kinds = [line["bản_ghi"]["kind"] for line in content["bản_ghi"]]
    assert kinds == ["absence_request", "absence_decision"]
    assert content["bản_ghi"][0]["nội_dung_riêng"] == {"reason": "CONG_TAC"}
    log = headquarters.get("/nhat-ky?viec=read_detail").text
    assert "M2" in log
    assert "đã xuất dữ liệu cá nhân" in headquarters.get("/nhat-ky").text


def test_nobody_but_headquarters_exports_or_deletes(
    after: Persona, chair: Desk, headquarters: Desk
) -> None:
    assert chair.get(PAGE).status_code == 403
    assert chair.post(PAGE, reason="tò mò").status_code == 403
    assert headquarters.post(PAGE, reason=" ").status_code == 422


def test_an_anonymous_person_keeps_the_figures_and_loses_everything_else(
    app: Flask, after: Persona, headquarters: Desk
) -> None:
    confirm(headquarters, upload(headquarters, LIST.encode(), "a.csv"))
    assert "Thu Ân" in stored_changes()
    board = headquarters.get(f"/hoi-nghi/{MEETING}").text
    with reading() as connection:
        rev = streams.read(connection, StreamKey(MEETING, "P001"), "0", 1).roster_rev
        records = connection.scalars(select(LedgerRow.record)).all()
    write(lambda c: cards.issue(c, ["M2"], now_ms=1_000))
    headquarters.post("/nguoi/M2/ket-thuc", why="retired", reason="nghỉ hưu")

    response = headquarters.post("/nguoi/M2/an-danh", reason="người ấy yêu cầu", again="M2")

    assert response.status_code == 302
    assert "xoá 1 nội dung riêng" in headquarters.get(PAGE).text
    content = exported(headquarters)
    [facts] = content["người"]
    assert (facts["full_name"], facts["birth_year"]) == ("(đã ẩn danh)", None)
    assert content["thẻ_cấp_lúc"] is None
    assert content["bản_ghi"][0]["nội_dung_riêng"] == "(nội dung không còn, hoặc không mở được)"
    assert headquarters.get(f"/hoi-nghi/{MEETING}").text.count("vắng có lý do") == board.count(
        "vắng có lý do"
    )
    with reading() as connection:
        assert streams.read(connection, StreamKey(MEETING, "P001"), "0", 1).roster_rev != rev
        assert connection.scalars(select(LedgerRow.record)).all() == records
        found = roster.search(connection, "Thu Ân", at_ms=0, unit=None, with_ended=True, limit=9)
        assert found == ([], 0)
    assert "Thu Ân" not in stored_changes()
    assert "đã được ẩn danh" in headquarters.post("/nguoi/M2/dua-tro-lai", reason="nhầm").text
    named = {"full_name": "Mẫu Thu Ân", "membership": "OFFICIAL", "reason": "nhầm"}
    assert "đã được ẩn danh" in headquarters.post("/nguoi/M2/sua", **named).text
    preview = headquarters.get(upload(headquarters, LIST.encode(), "a.csv")).text
    assert "người đã được ẩn danh" in preview  # the code is not used again


def test_what_is_overdue_is_told_first_and_deleted_with_its_counts_in_the_log(
    app: Flask,
    after: Persona,
    headquarters: Desk,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    headquarters.post("/nguoi/M2/ket-thuc", why="retired", reason="nghỉ hưu")
    clock.now_ms += 31 * DAY_MS
    monkeypatch.setattr(database, "has_current_schema", lambda: True)  # made without migrations
    runner = app.test_cli_runner()
    assert "Không có gì" in runner.invoke(args=["purge"]).output
    settings = replace(app.config["SETTINGS"], keep_details_days=30, keep_left_people_days=30)
    monkeypatch.setitem(app.config, "SETTINGS", settings)

    asked = runner.invoke(args=["purge"])
    assert (asked.exit_code, "1 nội dung riêng" in asked.output) == (2, True)
    assert exported_name(headquarters) == "Mẫu Thu Ân"

    assert "ẩn danh 1 người" in runner.invoke(args=["purge", "--yes"]).output
    assert exported_name(headquarters) == "(đã ẩn danh)"
    assert "ẩn danh 1 người" in headquarters.get("/nhat-ky?viec=purge").text
    assert "Không có gì" in runner.invoke(args=["purge"]).output


def test_somebody_still_in_office_or_with_an_account_is_not_made_anonymous(
    app: Flask, after: Persona, headquarters: Desk, clock: FakeClock
) -> None:
    refused = headquarters.post("/nguoi/M2/an-danh", reason="nhầm", again="M2")
    assert (refused.status_code, "chưa thôi" in refused.text) == (422, True)

    headquarters.post("/nguoi/M2/ket-thuc", why="retired", reason="nghỉ hưu")
    refused = headquarters.post("/nguoi/M2/an-danh", reason="nhầm", again="M1")
    assert (refused.status_code, "không phải M2" in refused.text) == (422, True)

    account = Account("an", Profile.CHAIR, point="P001", person="M2")
    write(lambda c: accounts.put(c, account, "ngon-den-khuya-cua-an"))
    refused = headquarters.post("/nguoi/M2/an-danh", reason="nhầm", again="M2")
    assert (refused.status_code, "Tài khoản an" in refused.text) == (422, True)


def test_the_name_that_a_hall_wrote_for_a_newcomer_is_forgotten_with_the_person(
    after: Persona, headquarters: Desk
) -> None:
    name = sealing.seal(after.seal_key, json.dumps({"name": "Mẫu Thu Ân"}).encode())
    sha256 = hashlib.sha256(name.encode()).hexdigest()
    came = draft(
        "check_in", 55, person="N-ONE-1", seq=5, body={"mode": "in_person", "detail": sha256}
    )
    after.sync(came, details={sha256: name})
    recognised = {"newcomer": "N-ONE-1", "person": "M2"}
    assert headquarters.post(f"{POINT}/nhan-ra", **recognised).status_code == 302
    assert {"name": "Mẫu Thu Ân"} in own_words(headquarters)
    headquarters.post("/nguoi/M2/ket-thuc", why="retired", reason="nghỉ hưu")

    headquarters.post("/nguoi/M2/an-danh", reason="người ấy yêu cầu", again="M2")

    assert "xoá 2 nội dung riêng" in headquarters.get(PAGE).text
    assert set(own_words(headquarters)) == {"(nội dung không còn, hoặc không mở được)"}
