"""Test that every HTTP answer has the security headers, and that refused calls are logged."""

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from msgspec.structs import replace
from sqlalchemy import select

from sync_server import create_app
from sync_server.database import reading
from sync_server.storage.models import AuditRow
from sync_server.web import rate_limits
from tests.conftest import Persona
from tests.factories import draft


@pytest.mark.parametrize("path", ["/api/v1/meetings", "/healthz", "/khong-co", "/van-phong/"])
def test_no_answer_may_be_cached_sniffed_or_framed(app: Flask, path: str) -> None:
    headers = app.test_client().get(path).headers

    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "Strict-Transport-Security" not in headers


def test_the_worker_of_the_portal_may_fetch(app: Flask, portal: Path) -> None:
    app.config["SETTINGS"] = replace(app.config["SETTINGS"], site_dir=portal)
    response = app.test_client().get("/sw.js")

    assert response.status_code == 200
    assert "Content-Security-Policy" not in response.headers


def test_with_tls_browsers_come_back_by_tls_and_the_cookie_is_this_hosts_alone(app: Flask) -> None:
    settings = replace(app.config["SETTINGS"], public_url="https://hoi-nghi.example")
    secure_app = create_app(settings, app.config["CLOCK"])

    with secure_app.app_context():
        response = secure_app.test_client().get("/healthz", base_url="https://hoi-nghi.example")
    assert response.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert secure_app.config["SESSION_COOKIE_NAME"] == "__Host-session"
    assert secure_app.config["SESSION_COOKIE_SECURE"]


def test_the_api_marks_its_answers_even_its_refusals(app: Flask, as_outsider: Persona) -> None:
    client = app.test_client()
    assert client.get("/api/v1/release").headers["Diemcau-Api"] == "1"
    assert client.get("/api/v1/meetings").headers["Diemcau-Api"] == "1"
    assert "Diemcau-Api" not in client.get("/healthz").headers


def refusals() -> list[tuple[str, str, int]]:
    query = select(AuditRow.who, AuditRow.action, AuditRow.outcome).where(
        AuditRow.outcome.in_((401, 403))
    )
    with reading() as c:
        return [(who, action, outcome) for who, action, outcome in c.execute(query)]


def test_calls_that_were_refused_are_logged_with_who_made_them(
    app: Flask, as_clerk: Callable[..., Persona]
) -> None:
    clerk = as_clerk()
    headers = {"Authorization": f"Bearer {clerk.token}"}
    app.test_client().post("/api/v1/releases", data=b"{}", headers=headers)
    app.test_client().get("/api/v1/meetings", headers={"Authorization": "Bearer la"})

    assert refusals() == [(clerk.device, "publish", 403), ("", "refused_call", 401)]


def test_nobody_fills_the_log_with_refused_calls(app: Flask) -> None:
    client = app.test_client()
    for number in range(20):
        client.get("/api/v1/meetings", headers={"Authorization": f"Bearer {number}"})

    assert len(refusals()) == rate_limits.REFUSAL_LOGGED.amount


def test_a_stolen_token_does_not_fill_the_disk(
    app: Flask, as_clerk: Callable[..., Persona], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rate_limits, "RECORDS", rate_limits.RateLimit("records", 2, 86_400))
    clerk = as_clerk()
    clerk.sync(draft("check_in", 1), draft("check_in", 2, person="M2"))
    refused = clerk.post("/sync", {"records": [draft("check_in", 3, person="M3")]})
    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == "3600"
