"""Test what operators rely on: `flask doctor`, metrics, request ids and the readiness check.

The tests also check that accounts of a demonstration (a database of made-up people and
halls) work only on the computer on which the server runs.
"""

import json
import logging
import re
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from click.testing import Result
from flask import Flask

from sync_server.acts import backups
from sync_server.commands import doctor
from sync_server.config import Settings
from sync_server.database import write
from sync_server.domain.records.permissions import Profile
from sync_server.storage import purpose
from sync_server.storage.access import accounts
from sync_server.storage.access.accounts import Account
from sync_server.web import production_server
from tests.conftest import Persona
from tests.factories import draft

ELSEWHERE = {"REMOTE_ADDR": "203.0.113.9"}


def run(app: Flask, *arguments: object) -> Result:
    return app.test_cli_runner().invoke(args=[str(argument) for argument in arguments])


@pytest.fixture
def healthy(app: Flask, settings: Settings, tmp_path: Path) -> Flask:
    """Return the app of an installation in which the command `flask doctor` finds no fault."""
    run(app, "db", "stamp", "head")
    settings.site_dir.mkdir()
    (settings.site_dir / "index.html").write_text("x")
    _, public = backups.new_key()
    app.config["SETTINGS"] = msgspec.structs.replace(
        settings, backup_recipient=public, backup_dir=tmp_path / "backups"
    )
    Path(app.config["SQLALCHEMY_DATABASE_URI"].removeprefix("sqlite:///")).chmod(0o600)
    Path(app.config["SQLALCHEMY_DATABASE_URI"].removeprefix("sqlite:///")).parent.chmod(0o700)
    account = Account("hq", Profile.HEADQUARTERS, None, None, None)
    write(lambda c: accounts.put(c, account, "ngon-den-khuya-that-dai"))
    assert run(app, "backup", "make").exit_code == 0
    return app


def test_the_doctor_finds_no_fault_in_a_sound_installation(healthy: Flask) -> None:
    done = run(healthy, "doctor")
    assert "✕" not in done.output
    assert done.exit_code == 1  # localhost and accounts without one-time codes are warnings
    assert "● Ghi xong là đã ở trên đĩa." in done.output
    assert "● Nhật ký nguyên vẹn" in done.output
    assert "▲ Tài khoản «hq» chưa dùng mã một lần" in done.output


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"backup_recipient": ""}, "Chưa đặt BACKUP_RECIPIENT"),
        ({"backup_dir": Path("/nowhere")}, "Chưa có bản sao lưu nào"),
        ({"public_url": "http://diemcau.example.vn"}, "không có TLS"),
        ({"public_url": "https://diemcau.invalid"}, "Không mở được https://diemcau.invalid"),
        ({"site_dir": Path("/nowhere")}, "/nowhere"),
    ],
)
def test_the_doctor_names_a_wrong_setting_and_the_remedy(
    healthy: Flask, change: dict[str, object], sentence: str
) -> None:
    settings = healthy.config["SETTINGS"]
    healthy.config["SETTINGS"] = msgspec.structs.replace(settings, **change)
    done = run(healthy, "doctor")
    assert done.exit_code == 2
    assert sentence in done.output


def test_the_doctor_sees_open_files_old_backups_and_a_public_demonstration(
    healthy: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = Path(healthy.config["SQLALCHEMY_DATABASE_URI"].removeprefix("sqlite:///"))
    path.chmod(0o644)
    monkeypatch.setattr(doctor, "OLDEST_BACKUP_MS", -1)
    write(lambda c: purpose.set_demonstration(c, True))
    settings = healthy.config["SETTINGS"]
    healthy.config["SETTINGS"] = msgspec.structs.replace(settings, public_url="https://x.invalid")
    done = run(healthy, "doctor")
    assert f"chmod 600 {path}" in done.output
    assert "Bản sao lưu mới nhất cách đây" in done.output
    assert "dữ liệu minh hoạ mà PUBLIC_URL là địa chỉ thật" in done.output


def test_metrics_are_for_this_machine_only_and_count(
    app: Flask, as_clerk: Callable[..., Persona]
) -> None:
    clerk = as_clerk()
    clock = {"wall": "2024-08-22T01:00:00.000Z", "mono_ms": 1, "boot": "b1"}
    records = [draft("check_in", number, person="M1") for number in (1, 3)]
    clerk.sync(*records, unsent=4, clock=clock)
    client = app.test_client()
    assert client.get("/metrics", environ_overrides=ELSEWHERE).status_code == 404
    passed_on = {"X-Forwarded-For": "203.0.113.9"}  # by a proxy that PROXIES does not mention
    assert client.get("/metrics", headers=passed_on).status_code == 404
    text = client.get("/metrics").text
    assert 'diemcau_requests_total{room="api",status="200"}' in text
    assert f'diemcau_device_unsent_records{{point="P001",device="{clerk.device}"}} 4' in text
    assert f'diemcau_device_missing_records{{point="P001",device="{clerk.device}"}} 1' in text
    assert "M1" not in text


def test_a_log_line_and_an_error_page_share_an_id_and_name_nobody(
    app: Flask, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.INFO, "diemcau.requests")
    client = app.test_client()
    answer = client.get("/van-phong/nguoi/M00012")
    [line] = [json.loads(record.message) for record in caplog.records]
    assert line["route"] == "/van-phong/nguoi/<person>"
    assert line["id"] == answer.headers["X-Request-Id"]
    assert "M00012" not in caplog.text
    kept = client.get("/healthz", headers={"X-Request-Id": "from-the-proxy-1"})
    assert kept.headers["X-Request-Id"] == "from-the-proxy-1"
    made_up = client.get("/healthz", headers={"X-Request-Id": 'x"} {'})
    assert made_up.headers["X-Request-Id"] != 'x"} {'

    app.config["PROPAGATE_EXCEPTIONS"] = False
    monkeypatch.setattr("sync_server.api.health.check_free_disk", lambda: 1 / 0)
    broken = client.get("/readyz")
    assert broken.status_code == 500
    assert broken.headers["X-Request-Id"] in broken.text


def test_a_draining_server_is_not_ready(app: Flask) -> None:
    client = app.test_client()
    assert client.get("/readyz").status_code == 200

    class Stopping:
        stopping_since_s = 1.0
        task_dispatcher = production_server._Dispatcher()

    app.extensions[production_server.EXTENSION] = Stopping()
    try:
        answer = client.get("/readyz")
        assert answer.status_code == 503
        assert answer.headers["Retry-After"]
        assert client.get("/healthz").status_code == 200
    finally:
        del app.extensions[production_server.EXTENSION]


def test_accounts_of_a_demonstration_work_on_this_machine_only(
    app: Flask, as_clerk: Callable[..., Persona]
) -> None:
    write(lambda c: purpose.set_demonstration(c, True))
    client = app.test_client()
    page = client.get("/van-phong/dang-nhap").text
    assert "Bản minh hoạ: mọi người trong này đều là bịa" in page
    token = re.findall(r'name="csrf_token" value="([^"]+)"', page)[0]
    form = {"name": "hq", "password": "x", "csrf_token": token}
    answer = client.post("/van-phong/dang-nhap", data=form, environ_overrides=ELSEWHERE)
    assert answer.status_code == 422
    assert "chỉ đăng nhập được từ chính máy" in answer.text
    passed_on = {"X-Forwarded-For": "203.0.113.9"}
    answer = client.post("/van-phong/dang-nhap", data=form, headers=passed_on)
    assert answer.status_code == 422
    assert client.post("/van-phong/dang-nhap", data=form).status_code == 401
