"""Every act of the office is offered by a form on some page, so that it needs no script."""

import re
from collections.abc import Callable

from flask import Flask
from werkzeug.routing import MapAdapter

from tests.conftest import Persona
from tests.factories import MEETING, draft, id_of
from tests.office.desk import Desk

AT = f"/hoi-nghi/{MEETING}"
PAGES = (
    "/", "/xin-vang", "/de-nghi", "/thiet-bi", "/the", "/nhap-tep", "/cho-xu-ly", "/tai-khoan",
    "/tai-khoan-cua-toi", "/nguoi", "/nguoi/M1?nam=2024", AT, f"{AT}/sap-xep", f"{AT}/trieu-tap",
    f"{AT}/chat-luong", f"{AT}/diem-cau/P001", f"{AT}/diem-cau/P001/ban-ghi",
    f"{AT}/diem-cau/P001/cho-ngoi",
)  # fmt: skip
PORTAL_ENDPOINTS = {"office.proposals.answer", "office.publishing.activate"}
"""Their forms need a served portal; tests/office/test_meetings.py and tests/e2e press them."""


def form_endpoints(page: str, path: str, routes: MapAdapter) -> set[str]:
    """Return the endpoints to which a page's forms are sent."""
    endpoints = set()
    for form in re.findall(r'<form [^>]*method="post"[^>]*>', page):
        action = re.search(r'action="([^"?]+)', form)
        target = action[1] if action else f"/van-phong{path}".partition("?")[0]
        endpoints.add(str(routes.match(target, method="POST")[0]))
    return endpoints


def test_every_act_is_offered_by_a_form_on_some_page(
    app: Flask, hall: None, headquarters: Desk, as_clerk: Callable[..., Persona], chair: Desk
) -> None:
    clerk = as_clerk()
    body = {"seen": {clerk.device: 3}, "totals": {}}
    clerk.sync(
        draft("absence_request", 1, person="M1"),
        draft("check_in", 2, person="N-ONE-1"),
        draft("closing", 3, person="S1", body=body),
        *({"id": id_of(number), "kind": "check_in"} for number in range(4, 9)),
    )
    Desk(app.test_client()).sign_in("bantochuc")  # a second session, for the form that ends it
    routes = app.url_map.bind("localhost")
    offered = set()
    for path in PAGES:
        answer = headquarters.get(path)
        assert answer.status_code == 200, path
        offered |= form_endpoints(answer.text, path, routes)

    acts = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("office.") and "POST" in (rule.methods or ())
    }
    assert acts - offered == PORTAL_ENDPOINTS | {"office.sign_in.enter"}
