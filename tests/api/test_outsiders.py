"""Every route that asks who calls, asked by somebody who is nobody."""

import pytest
from flask import Flask

from tests.conftest import Persona

OPEN = {
    "site.file",
    "api.health.healthz",
    "api.health.readyz",
    "api.enrolment.enrol",
    "api.releases.served_release",
}
SIGN_IN = {"office.sign_in.form", "office.sign_in.enter", "office.sign_in.leave"}
PARTS = {"meeting": "m", "point": "P001", "sha256": "0" * 64, "release": "0" * 64}


def test_every_route_but_the_public_ones_turns_an_outsider_away(
    app: Flask, as_outsider: Persona
) -> None:
    checked = 0
    for rule in app.url_map.iter_rules():
        if rule.endpoint in OPEN | SIGN_IN:
            continue
        path = rule.rule
        for name, value in PARTS.items():
            path = path.replace(f"<{name}>", value)
        assert "<" not in path, f"say in PARTS what {path} needs"
        for method in (rule.methods or set()) - {"OPTIONS"}:
            response = as_outsider.client.open(path, method=method, data=b"{}")
            if path.startswith("/van-phong/") and method == "POST":
                assert "Biểu mẫu" in response.text, path  # it bears no token of a form of ours
            elif path.startswith("/van-phong/"):
                assert response.status_code == 302, path
                assert response.headers["Location"].endswith("/dang-nhap"), path
            else:
                assert response.status_code == 401, path
            checked += 1
    assert checked >= 7


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_is_for_everybody(as_outsider: Persona, path: str) -> None:
    assert as_outsider.client.get(path).status_code == 200
