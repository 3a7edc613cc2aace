"""Test what holds for all office pages: security policy, menu, start pages and error pages."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError

from sync_server.database import reading
from sync_server.domain.records.permissions import Profile
from sync_server.office.meetings import urgent
from sync_server.storage import directory
from tests.conftest import FakeClock, Persona
from tests.factories import MEETING, draft, roll
from tests.office.desk import Desk


@pytest.fixture
def outside(app: Flask) -> FlaskClient:
    """Return a browser in which nobody is signed in."""
    return app.test_client()


def test_the_office_is_neither_cached_nor_framed_and_runs_only_our_scripts(
    outside: FlaskClient,
) -> None:
    headers = outside.get("/van-phong/dang-nhap").headers

    policy = headers["Content-Security-Policy"]
    assert headers["Cache-Control"] == "no-store"
    assert "frame-ancestors 'none'" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_no_page_has_anything_that_the_policy_forbids(headquarters: Desk) -> None:
    for path in ("/", f"/hoi-nghi/{MEETING}", f"/hoi-nghi/{MEETING}/diem-cau/P001", "/thiet-bi"):
        page = headquarters.get(path).text
        assert "<style" not in page
        assert ' style="' not in page
        assert "<script>" not in page
        assert " onclick" not in page


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        (Profile.HEADQUARTERS, "Hội nghị thử"),
        (Profile.AUDITOR, "Hội nghị thử"),
        (Profile.PROPAGANDA, "Hội nghị thử"),
        (Profile.CHAIR, f'href="/van-phong/hoi-nghi/{MEETING}/diem-cau/P001"'),
        (Profile.SECRETARY, "Chi bộ Một"),
        (Profile.EDITOR, "Công bố"),
    ],
)
def test_every_role_begins_on_the_page_of_its_work(
    as_role: Callable[[Profile], Desk], role: Profile, expected: str
) -> None:
    desk = as_role(role)
    answer = desk.client.get("/van-phong/", follow_redirects=True)

    assert answer.status_code == 200
    assert expected in answer.text


@pytest.mark.parametrize("role", [role for role in Profile if role is not Profile.CLERK])
def test_the_menu_links_only_to_pages_that_the_role_may_open(
    as_role: Callable[[Profile], Desk], role: Profile
) -> None:
    desk = as_role(role)
    page = desk.client.get("/van-phong/", follow_redirects=True).text
    menu = page[page.index('<nav class="menu"') : page.index("</nav>")]
    links = {part.split('"')[0] for part in menu.split('href="/van-phong')[1:]}

    assert links
    for link in links:
        assert desk.client.get(f"/van-phong{link}", follow_redirects=True).status_code == 200, link


def test_urgent_matters_stand_on_every_page_of_headquarters(
    as_role: Callable[[Profile], Desk], as_headquarters: Persona
) -> None:
    request = draft("absence_request", 1, person="S1", seq=None, source="office")
    as_headquarters.sync(request)
    headquarters, auditor = as_role(Profile.HEADQUARTERS), as_role(Profile.AUDITOR)

    for path in ("/nguoi", "/can-xu-ly"):
        page = headquarters.get(path).text
        assert "1 đơn chờ ban tổ chức – Hội nghị thử" in page
        assert "2 điểm cầu chưa báo cáo – Hội nghị thử" in page
    assert "đơn chờ ban tổ chức" not in auditor.get("/nguoi").text


def test_before_the_start_no_hall_is_urgent_for_being_silent(
    hall: None, headquarters: Desk, clock: FakeClock
) -> None:
    clock.now_ms -= 45 * 60_000
    headquarters.sign_in("bantochuc")
    with headquarters.client.application.test_request_context(), reading():
        assert urgent.urgent_matters() == []


def test_a_rehearsal_and_a_cancelled_meeting_are_not_urgent(headquarters: Desk) -> None:
    headquarters.post(f"/hoi-nghi/{MEETING}/huy", do="cancel")

    assert "chưa báo cáo – " not in headquarters.get("/can-xu-ly").text


def test_a_missing_page_is_reported_in_words(outside: FlaskClient) -> None:
    response = outside.get("/khong-co.html")

    assert response.status_code == 404
    assert "Không tìm thấy trang" in response.text


def test_a_refused_form_leads_back_to_its_page(headquarters: Desk) -> None:
    page = f"http://localhost/van-phong/hoi-nghi/{MEETING}/sap-xep"
    headquarters.client.environ_base["HTTP_REFERER"] = page

    answer = headquarters.post(f"/hoi-nghi/{MEETING}/quy-dinh", grace_minutes="-1")

    assert answer.status_code == 422
    assert "Ô «Số phút châm chước» ghi «-1»: cần một số nguyên từ 0 đến 240" in answer.text
    assert f'href="{page}"' in answer.text
    assert '<nav class="menu"' in answer.text


@pytest.mark.parametrize(
    ("fault", "status"),
    [(OperationalError("x", None, Exception("gone")), 503), (RuntimeError("a bug"), 500)],
)
def test_a_server_fault_is_reported_although_nothing_can_be_read(
    headquarters: Desk, monkeypatch: pytest.MonkeyPatch, fault: Exception, status: int
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise fault

    monkeypatch.setattr(directory, "meetings", fail)
    answer = headquarters.get("/")

    assert answer.status_code == status
    assert '<nav class="menu"' not in answer.text
    assert "<h1>Máy chủ" in answer.text


@pytest.mark.parametrize("referrer", ["http://[", "http://evil.example/", "x" * 3000])
def test_a_fault_is_reported_without_a_link_to_a_foreign_referrer(
    headquarters: Desk, referrer: str
) -> None:
    headquarters.client.environ_base["HTTP_REFERER"] = referrer

    answer = headquarters.post("/cho-xu-ly")

    assert answer.status_code == 422
    assert referrer not in answer.text


@pytest.mark.parametrize("path", ["/nguoi?tim=a%00", "/nguoi/M%00", f"/hoi-nghi/{MEETING}?tim=%00"])
def test_a_nul_in_an_address_is_not_found(headquarters: Desk, path: str) -> None:
    assert headquarters.get(path).status_code == 404


def test_an_empty_office_says_what_will_appear(
    app: Flask, headquarters: Desk, as_headquarters: Persona
) -> None:
    as_headquarters.sync(roll(990, point="P001"), roll(991, point="P002"))
    for path, words in (
        ("/xin-vang", "Đơn hiện ở đây ngay khi"),
        ("/thiet-bi", "Thiết bị hiện ở đây khi"),
        ("/cho-xu-ly", "Không có gì chờ xử lý"),
        ("/de-nghi", "Đề nghị hiện ở đây khi"),
        ("/cong-bo", "Bản hiện ở đây sau"),
        (f"/hoi-nghi/{MEETING}", "Biểu đồ hiện ở đây khi"),
        (f"/hoi-nghi/{MEETING}/diem-cau/P001", "Không có ai trong mục này"),
    ):
        assert words in headquarters.get(path).text, path
