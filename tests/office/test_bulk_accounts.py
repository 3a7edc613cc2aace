"""Test accounts made for many halls at once, their first passwords, and codes sent by post.

Such a code registers a device, and works only with a secret number that is told separately.
"""

import io
import re

from flask import Flask

from sync_server.database import reading
from sync_server.domain.records.permissions import Profile
from sync_server.storage.access import accounts
from sync_server.storage.access.accounts import Account
from tests.office.desk import PASSWORD, Desk

PAGE = "/tai-khoan/hang-loat"
NEW_PASSWORD = "ngon-den-khuya-rieng-9"


def account(name: str) -> Account | None:
    with reading() as c:
        return accounts.find_account(c, name)


def first_passwords(page: str) -> list[str]:
    return re.findall(r'<b class="code">(\w{4}-\w{4}-\w{4})</b>', page)


def test_every_hall_s_secretary_gets_a_chair_s_account_with_a_slip(
    app: Flask, hall: None, headquarters: Desk
) -> None:
    page = headquarters.post(PAGE, kind="chair", all="on").text

    assert "Đã tạo 2 tài khoản" in page
    assert "Mẫu Văn Bình" in page
    chair = account("chutri-p001")
    assert chair
    assert (chair.point, chair.person, chair.must_change) == ("P001", "S1", True)
    again = headquarters.post(PAGE, kind="chair", all="on").text
    assert "Đã có sẵn, giữ nguyên: chutri-p001, chutri-p002" in again
    assert first_passwords(again) == []
    assert len(first_passwords(headquarters.post(PAGE, kind="chair", place="P001", renews=1).text))


def test_the_first_password_is_changed_before_anything_else(
    app: Flask, hall: None, headquarters: Desk
) -> None:
    [password] = first_passwords(headquarters.post(PAGE, kind="secretary", place="U01").text)
    desk = Desk(app.test_client())
    assert desk.sign_in("bithu-u01", password).status_code == 302
    assert desk.get("/don-vi/U01").location == "/van-phong/tai-khoan-cua-toi"
    assert "Mật khẩu này do người khác đặt" in desk.get("/tai-khoan-cua-toi").text

    fields = {"password": password, "new_password": password, "new_password_again": password}
    assert "trùng mật khẩu cũ" in desk.post("/tai-khoan-cua-toi/mat-khau", **fields).text
    fields |= {"new_password": NEW_PASSWORD, "new_password_again": NEW_PASSWORD}
    assert desk.post("/tai-khoan-cua-toi/mat-khau", **fields).status_code == 302
    assert desk.get("/don-vi/U01").status_code == 200


def test_a_hall_whose_unit_has_no_secretary_is_named(hall: None, headquarters: Desk) -> None:
    fields = {"full_name": "Mẫu Văn Bình", "position": "", "membership": "OFFICIAL"}
    headquarters.post("/nguoi/S1/sua", birth_year="1980", reason="x", **fields)
    page = headquarters.post(PAGE, kind="chair", place="P001").text
    assert "chưa có Bí thư trong danh sách cán bộ: P001" in page
    assert account("chutri-p001") is None


def test_a_list_names_the_chairs(hall: None, headquarters: Desk) -> None:
    def send(text: str) -> str:
        return headquarters.post(f"{PAGE}/tep", file=(io.BytesIO(text.encode()), "a.csv")).text

    assert "không có ai là «Không Ai»" in send("Họ và tên;Điểm cầu\nKhông Ai;P001\n")
    page = send("Họ và tên;Điểm cầu\nMẫu Thị Ánh;P001\nMẫu Quang Đạt;P002\n")
    assert len(first_passwords(page)) == 2
    chair = account("chutri-p001")
    assert chair
    assert chair.person == "S2"


def test_headquarters_chooses_whether_a_password_must_change(
    app: Flask, hall: None, headquarters: Desk
) -> None:
    fields = {"name": "kiemtra9", "role": "auditor", "password": PASSWORD}
    headquarters.post("/tai-khoan", must_change="on", **fields)
    assert account("kiemtra9") == Account("kiemtra9", Profile.AUDITOR, must_change=True)


def test_codes_by_post_come_with_secrets_that_are_not_printed(
    hall: None, headquarters: Desk
) -> None:
    fields = {"profile": "clerk", "point_code": "P001"}
    page = headquarters.post("/thiet-bi/ma", days="14", **fields).text
    assert re.search(r'P001 · Điểm cầu Một: <b class="code">\d{6}</b>', page)
    assert "Dùng một lần, đến 05/09/2024 08:00" in page
    assert "Số bí mật đọc qua" not in headquarters.post("/thiet-bi/ma", days="1", **fields).text
    assert headquarters.post("/thiet-bi/ma", days="31", **fields).status_code == 422
