"""Test that the server refuses callers without credentials and accounts with the wrong role."""

from collections.abc import Iterator

import pytest
from flask import Flask
from werkzeug.routing import Rule

from sync_server.domain.records.permissions import MAY, Action, Profile
from tests.conftest import Persona
from tests.office.desk import ROLE_ACCOUNTS, desk_of

OPEN = {
    "site.file",
    "api.health.healthz",
    "api.metrics.metrics",  # for programs on this machine only
    "api.health.readyz",
    "api.openapi.document",
    "api.enrolment.enrol",
    "api.releases.served_release",
}
SIGN_IN = {f"office.sign_in.{view}" for view in ("form", "enter", "enter_with_passkey", "leave")}
SETUP = {"office.setup.page", "office.setup.put"}  # opened by a code, until there is an account
PARTS = {
    "meeting": "m",
    "point": "P002",  # a point other than the chair's
    "sha256": "0" * 64,
    "release": "0" * 64,
    "person": "M1",
    "unit": "U02",
    "device": "D-ONE",
    "name": "ai-do",
    "list_id": "0193",
    "hall": "P002",
    "report_id": "0193",
    "file_format": "docx",
}


def routes(app: Flask) -> Iterator[tuple[Rule, str, str]]:
    """Yield (rule, path, HTTP method) for every route that needs credentials.

    `rule` is the route as Werkzeug stores it. In the path, values from `PARTS` replace
    parameters such as `<point>` (the code of a hall).
    Raises: AssertionError if `PARTS` has no value for a parameter.
    """
    for rule in app.url_map.iter_rules():
        if rule.endpoint in OPEN | SIGN_IN | SETUP:
            continue
        path = rule.rule
        for name, value in PARTS.items():
            path = path.replace(f"<{name}>", value)
        assert "<" not in path, f"say in PARTS what {path} needs"
        for method in sorted((rule.methods or set()) - {"OPTIONS"}):
            yield rule, path, method


def test_every_route_but_the_public_ones_turns_an_outsider_away(
    app: Flask, as_outsider: Persona
) -> None:
    checked = 0
    for _, path, method in routes(app):
        response = as_outsider.client.open(path, method=method, data=b"{}")
        if path.startswith("/van-phong/") and method == "POST":
            assert "Biểu mẫu" in response.text, path  # refused, because the form token is missing
        elif path.startswith("/van-phong/"):
            assert response.status_code == 302, path
            assert response.headers["Location"].endswith("/dang-nhap"), path
        else:
            assert response.status_code == 401, path
        checked += 1
    assert checked >= 60


def test_every_page_of_the_office_names_an_action_of_the_permission_table(app: Flask) -> None:
    for rule, path, _ in routes(app):
        if rule.endpoint.startswith("office."):
            assert isinstance(vars(app.view_functions[rule.endpoint]).get("action"), Action), path


@pytest.mark.parametrize("role", [role for role in Profile if role in ROLE_ACCOUNTS])
def test_every_page_turns_away_a_role_that_may_not_and_a_point_not_its_own(
    app: Flask, role: Profile
) -> None:
    desk = desk_of(app, ROLE_ACCOUNTS[role])
    account = ROLE_ACCOUNTS[role]
    checked = 0
    for rule, path, method in routes(app):
        if not rule.endpoint.startswith("office.") or method == "HEAD":
            continue
        action: Action = vars(app.view_functions[rule.endpoint])["action"]
        is_elsewhere = bool(account.point and "point" in rule.arguments) or bool(
            account.unit and "unit" in rule.arguments
        )
        is_refused = action not in MAY[role] or is_elsewhere
        if not is_refused:
            continue
        inside = path.removeprefix("/van-phong")
        response = desk.get(inside) if method == "GET" else desk.post(inside)
        assert response.status_code == 403, (method, path)
        checked += 1
    assert checked == 0 if role is Profile.HEADQUARTERS else checked > 5


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_is_for_everybody(as_outsider: Persona, path: str) -> None:
    assert as_outsider.client.get(path).status_code == 200
