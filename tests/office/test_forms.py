"""Test that some page has a form for every action in the office, so that none needs JavaScript."""

import io
import re
from collections.abc import Callable

from flask import Flask
from werkzeug.routing import MapAdapter

from sync_server.domain.records.codes import DAY_MS
from tests.conftest import FakeClock, Persona
from tests.factories import MEETING, draft, id_of
from tests.office.desk import Desk
from tests.office.report_files import make

AT = f"/hoi-nghi/{MEETING}"
PAGES = (
    "/", "/xin-vang", "/de-nghi", "/thiet-bi", "/the", "/nhap-tep", "/cho-xu-ly", "/tai-khoan",
    "/tai-khoan/hang-loat", "/to-chuc", f"{AT}/bao-cao", f"{AT}/viec",
    "/tai-khoan-cua-toi", "/nguoi", "/nguoi/danh-sach", "/nguoi/M1?nam=2024",
    "/nguoi/them", "/nguoi/M1/sua", "/nguoi/M3/du-lieu-ca-nhan",
    "/don-vi", "/don-vi/them", "/don-vi/U01/sua",
    AT, f"{AT}/sap-xep", f"{AT}/trieu-tap", f"{AT}/chua-bao-cao",
    f"{AT}/tu-tep", f"{AT}/chat-luong", f"{AT}/diem-cau/P001", f"{AT}/diem-cau/P001/ban-ghi",
    f"{AT}/diem-cau/P001/cho-ngoi",
)  # fmt: skip
STRANGERS_ENDPOINTS = {
    "office.sign_in.enter",
    "office.sign_in.enter_with_passkey",
    "office.setup.put",
}
"""Endpoints whose forms appear only to visitors who are not signed in."""
PORTAL_ENDPOINTS = {
    "office.proposals.answer",
    "office.proposals.answer_places",
    "office.publishing.activate",
}
"""Endpoints whose forms appear only if the server serves a portal (the public website), which it
does not do in these tests. The forms are tested in test_meetings.py, test_places.py and tests/e2e.
"""


def form_endpoints(page: str, path: str, routes: MapAdapter) -> set[str]:
    """Return the Flask endpoints to which the POST forms in a page's HTML are sent.

    `path` is the path of the page; a form without an address is sent there.
    Raises: NotFound or MethodNotAllowed if `routes` has no endpoint for a form.
    """
    endpoints = set()
    for form in re.findall(r'<form [^>]*method="post"[^>]*>', page):
        action = re.search(r'action="([^"?]+)', form)
        target = action[1] if action else f"/van-phong{path}".partition("?")[0]
        endpoints.add(str(routes.match(target, method="POST")[0]))
    return endpoints


def preview_lists(headquarters: Desk) -> tuple[str, str]:
    """Import a list of people, then upload two more lists without confirming them.

    Return the paths of the two previews: that of a list of people, and that of a list of people to
    summon.
    """
    text = "Mã;Họ và tên;Đơn vị;Đảng viên\nM9;Mẫu Văn Chín;U01;dự bị\n".encode()
    imported = headquarters.post("/nguoi/danh-sach", file=(io.BytesIO(text), "a.csv"))
    path = imported.location.removeprefix("/van-phong")
    [seen] = re.findall(r'name="seen" value="(\w+)"', headquarters.get(path).text)
    headquarters.post(path, do="import", seen=seen)
    draft_list = headquarters.post("/nguoi/danh-sach", file=(io.BytesIO(text), "a.csv"))
    roll = "Mã;Họ và tên\nM1;x\n".encode()
    roll_list = headquarters.post(f"{AT}/trieu-tap/tep", file=(io.BytesIO(roll), "a.csv"))
    paths = [upload.location.removeprefix("/van-phong") for upload in (draft_list, roll_list)]
    return paths[0], paths[1]


def test_every_act_is_offered_by_a_form_on_some_page(
    app: Flask,
    hall: None,
    headquarters: Desk,
    as_clerk: Callable[..., Persona],
    chair: Desk,
    clock: FakeClock,
) -> None:
    routes = app.url_map.bind("localhost")
    clock.now_ms -= DAY_MS  # the day before, when rolls can still change
    headquarters.post("/nguoi/M3/ket-thuc", why="died", reason="x")
    path = "/nguoi/M3/sua"
    offered = form_endpoints(headquarters.get(path).text, path, routes)
    clock.now_ms += DAY_MS
    clerk = as_clerk()
    body = {"seen": {clerk.device: 3}, "totals": {}}
    clerk.sync(
        draft("absence_request", 1, person="M1"),
        draft("check_in", 2, person="N-ONE-1"),
        draft("closing", 3, person="S1", body=body),
        draft("check_in", 30, person="M2"),  # leaves out numbers, which a form can give up
        *({"id": id_of(number), "kind": "check_in"} for number in range(4, 9)),
    )
    make(headquarters)  # a report gets its number in a form
    Desk(app.test_client()).sign_in("bantochuc")  # opens a second session, which a form can end
    headquarters.post("/thiet-bi/ma", profile="clerk", point_code="P002")  # a form can withdraw it
    draft_list, roll_list = preview_lists(headquarters)
    text = "Đơn vị;Số chỗ ngồi\nChi bộ Một;80\n".encode()
    places = headquarters.post("/don-vi/danh-sach", file=(io.BytesIO(text), "a.csv")).location
    counted = "Họ và tên;Giờ đến\nMẫu Đức An;07:20\n".encode()
    attendance = headquarters.post(f"{AT}/tu-tep", file=(io.BytesIO(counted), "a.csv")).location
    path = attendance.removeprefix("/van-phong")
    headquarters.post(path, do="import", mode="", seen="1")
    attendance = headquarters.post(f"{AT}/tu-tep", file=(io.BytesIO(counted), "a.csv")).location
    drafts = [address.removeprefix("/van-phong") for address in (places, attendance)]
    for path in (*PAGES, draft_list, roll_list, *drafts):
        answer = headquarters.get(path)
        assert answer.status_code == 200, path
        offered |= form_endpoints(answer.text, path, routes)

    acts = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("office.") and "POST" in (rule.methods or ())
    }
    assert acts - offered == PORTAL_ENDPOINTS | STRANGERS_ENDPOINTS
