"""Test accounts for the office's web pages, evaluating a meeting, publishing, and the log.

Publishing chooses the version of the portal (the public website) that the server shows. The
log lists what users of the web pages did.
"""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from sync_server.database import reading
from sync_server.domain.records.permissions import Profile
from sync_server.office.meetings.evaluation import short_hash
from sync_server.storage.access import accounts
from sync_server.storage.access.accounts import Account
from tests.conftest import FakeClock, Persona
from tests.factories import MEETING, draft
from tests.office.desk import Desk

QUALITY = f"/hoi-nghi/{MEETING}/chat-luong"


def save_account(desk: Desk, **fields: Any) -> Any:
    form = {"name": "moi", "role": "auditor", "password": "ngon-den-khuya-thu-1", **fields}
    return desk.post("/tai-khoan", **form)


def test_an_account_is_made_changed_and_removed(app: Flask, headquarters: Desk) -> None:
    chair = {"role": "chair", "account_point": "P001", "person": "s1"}
    assert save_account(headquarters, **chair).status_code == 302
    with reading() as c:
        account = accounts.find_account(c, "moi")
    assert account == Account("moi", Profile.CHAIR, point="P001", person="S1")
    other = Desk(app.test_client())
    assert other.sign_in("moi").status_code == 302
    assert "Mẫu Văn Bình" in headquarters.get("/tai-khoan").text

    assert save_account(headquarters, role="editor").status_code == 302
    assert other.get("/").status_code == 302  # the change of role ended the session
    other.sign_in("moi")
    assert headquarters.post("/tai-khoan/moi/dang-xuat").status_code == 302
    assert other.get("/").location.endswith("/dang-nhap")

    assert headquarters.post("/tai-khoan/moi/xoa").status_code == 302
    assert other.sign_in("moi").status_code == 401
    assert headquarters.post("/tai-khoan/moi/xoa").status_code == 422


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"name": "có dấu"}, "chỉ dùng chữ thường không dấu"),
        ({"name": "server"}, "khác «server»"),
        ({"name": ""}, "còn trống"),
        ({"password": "ngan"}, "ít nhất 10 ký tự"),
        ({"role": "clerk"}, "giá trị lạ"),
        ({"role": "chair"}, "cần đúng một điểm cầu"),
        ({"role": "chair", "account_point": "P001"}, "cần đúng một điểm cầu"),
        ({"role": "chair", "account_point": "P099", "person": "S1"}, "Không có điểm cầu «P099»"),
        ({"role": "chair", "account_point": "P001", "person": "ZZ"}, "mang mã «ZZ»"),
        ({"role": "secretary"}, "cần đơn vị"),
        ({"role": "secretary", "unit": "U99"}, "Không có đơn vị «U99»"),
        ({"role": "auditor", "unit": "U01"}, "cần đơn vị"),
    ],
)
def test_an_impossible_account_is_refused_with_the_reason(
    headquarters: Desk, fields: dict[str, str], message: str
) -> None:
    answer = save_account(headquarters, **fields)

    assert (answer.status_code, message in answer.text) == (422, True), answer.text
    with reading() as c:
        assert accounts.find_account(c, "moi") is None


def test_nobody_removes_or_demotes_the_account_in_use(headquarters: Desk) -> None:
    assert headquarters.post("/tai-khoan/bantochuc/xoa").status_code == 422
    assert save_account(headquarters, name="bantochuc", role="editor").status_code == 422
    assert save_account(headquarters, name="BanToChuc", role="editor").status_code == 422
    assert headquarters.get("/").status_code == 200


def test_the_propaganda_department_evaluates_and_overwrites_no_newer_text(
    as_role: Callable[[Profile], Desk], as_clerk: Callable[..., Persona]
) -> None:
    propaganda = as_role(Profile.PROPAGANDA)
    as_clerk().sync(draft("conduct", 1, body={"category": "private_use", "count": 3}))
    assert ">3</td>" in propaganda.get(QUALITY).text

    def save_texts(desk: Desk, seen: str, **texts: str) -> int:
        marks = {f"seen {name}": short_hash(seen) for name in texts}
        return desk.post(QUALITY, **texts, **marks).status_code

    assert save_texts(propaganda, "", limits="Còn dùng điện thoại") == 302
    assert save_texts(propaganda, "", limits="Còn dùng điện thoại") == 422
    headquarters = as_role(Profile.HEADQUARTERS)
    assert (
        save_texts(headquarters, "", limits="Khác") == 422
    )  # refused, because the form showed an outdated text
    seen = "Còn dùng điện thoại"
    assert save_texts(headquarters, seen, limits="Còn dùng điện thoại nhiều") == 302
    assert save_texts(propaganda, seen, limits=seen) == 422  # an unedited form keeps the newer text

    page = propaganda.get(QUALITY).text
    assert "Còn dùng điện thoại nhiều" in page
    assert "(bantochuc, " in page
    auditor = as_role(Profile.AUDITOR)
    assert "readonly" in auditor.get(QUALITY).text
    assert auditor.post(QUALITY, limits="x").status_code == 403


def test_a_release_that_is_not_stored_cannot_be_served(as_role: Callable[[Profile], Desk]) -> None:
    editor = as_role(Profile.EDITOR)

    assert editor.get("/cong-bo").status_code == 200
    assert editor.post(f"/cong-bo/{'0' * 64}").status_code == 404


def read_log(desk: Desk, query: str = "") -> str:
    """Return the rows of the audit log as HTML; `query` is a query string with filters."""
    page = desk.get(f"/nhat-ky?{query}").text
    return page[page.find("<tbody>") : page.find("</tbody>")]


def test_the_log_shows_views_acts_and_refusals(
    hall: None, as_role: Callable[[Profile], Desk]
) -> None:
    secretary = as_role(Profile.SECRETARY)
    secretary.get("/nguoi/M1")
    secretary.get("/nguoi/M3")
    headquarters = as_role(Profile.HEADQUARTERS)
    headquarters.post(f"/hoi-nghi/{MEETING}/huy", do="cancel")
    headquarters.get(f"/hoi-nghi/{MEETING}")  # shows no person's standing, so it is not logged

    assert "Xem thông tin một người" in read_log(headquarters, "ai=bithu&ve=M1")
    assert "bị từ chối" in read_log(headquarters, "ai=bithu&ve=M3")
    rows = read_log(headquarters, "viec=arrange")
    assert "bantochuc" in rows
    assert "xong" in rows
    assert "Xem bảng theo dõi" not in read_log(headquarters)
    assert "Đăng nhập" in read_log(headquarters, "viec=sign_in")
    acts = read_log(headquarters, "chi-viec-lam=on")
    assert "Sắp xếp hội nghị" in acts
    assert "Xem thông tin" not in acts


def test_signing_out_is_in_the_log(app: Flask, headquarters: Desk) -> None:
    headquarters.post("/dang-xuat")
    headquarters.sign_in("bantochuc")

    assert "Đăng xuất" in read_log(headquarters, "viec=sign_out")


def test_failed_sign_ins_are_in_the_log(app: Flask, headquarters: Desk) -> None:
    Desk(app.test_client()).sign_in("ke-la", "doan-mo")

    rows = read_log(headquarters, "viec=sign_in")
    assert "ke-la" in rows
    assert "127.0.0.1" in rows
    assert "doan-mo" not in rows


def test_the_log_is_filtered_by_day_and_split_into_pages(
    headquarters: Desk, clock: FakeClock
) -> None:
    for _ in range(105):
        headquarters.get("/tai-khoan")
    clock.now_ms += 86_400_000
    headquarters.sign_in("bantochuc")
    headquarters.get("/thiet-bi/")

    assert (
        read_log(headquarters, "tu=2024-08-22&den=2024-08-22&viec=read_accounts").count("<tr>")
        == 100
    )
    older = read_log(headquarters, "tu=2024-08-22&den=2024-08-22&viec=read_accounts&trang=2")
    assert older.count("<tr>") == 5
    assert read_log(headquarters, "tu=2024-08-23&viec=read_accounts") == ""
    for day in ("homqua", "0001-01-01", "9999-12-31"):
        assert headquarters.get(f"/nhat-ky?tu={day}").status_code == 422


def test_a_page_that_cannot_be_logged_is_not_shown(
    headquarters: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr("sync_server.storage.access.audit.note", fail)
    answer = headquarters.get("/tai-khoan")

    assert answer.status_code == 500
    assert "bantochuc" not in answer.text
