"""Test that the key for encrypting personal data can be changed while halls send records."""

import json
from collections.abc import Callable

import pytest
from flask import Flask
from msgspec.structs import replace

from sync_server import database, sealing
from sync_server.database import reading, write
from sync_server.storage.access import accounts
from tests.api.test_details import REASON, request_with, sealed
from tests.conftest import FakeClock, Persona

NEW = "another-secret-9876543210-zyxwvutsrqponmlkjihgfedcba"
TOTP_SECRET = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def use_key(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Return a function that changes the server's key for encrypting personal data.

    The function takes the new value of the setting `SEAL_KEY`.
    """
    monkeypatch.setattr(database, "has_current_schema", lambda: True)  # made without migrations

    def use(seal_key: str) -> None:
        settings = replace(app.config["SETTINGS"], seal_key=seal_key)
        monkeypatch.setitem(app.config, "SETTINGS", settings)

    return use


def test_what_is_sealed_is_sealed_anew_and_the_former_key_is_needed_no_more(
    app: Flask,
    as_clerk: Callable[..., Persona],
    as_headquarters: Persona,
    use_key: Callable[[str], None],
    clock: FakeClock,
) -> None:
    clerk, former = as_clerk(), app.config["SETTINGS"].seal_key
    sha256, box = sealed(clerk, REASON)
    before = clerk.sync(request_with(sha256), details={sha256: box})
    secret = sealing.seal(sealing.public_key(former), TOTP_SECRET.encode())
    name = as_headquarters.device.removeprefix("O-")
    write(lambda c: accounts.set_totp(c, name, secret))
    runner = app.test_cli_runner()

    use_key(NEW)
    assert as_headquarters.get(f"/details/{sha256}").status_code == 422
    lost = runner.invoke(args=["seal", "renew"])
    assert (lost.exit_code, "2 nội dung không khoá nào" in lost.output) == (1, True)

    use_key(f"{NEW},{former}")
    assert as_headquarters.get(f"/details/{sha256}").data == REASON
    after = clerk.sync()
    assert after["keys_rev"] != before["keys_rev"]
    assert clerk.get("/keys").get_json() == {
        "seal_key": sealing.public_key(NEW),
        "sign_key": sealing.sign_key(NEW),
        "keys_rev": after["keys_rev"],
    }
    assert "Đã niêm phong lại 2; 0 vốn" in runner.invoke(args=["seal", "renew"]).output
    assert "Đã niêm phong lại 0; 2 vốn" in runner.invoke(args=["seal", "renew"]).output

    use_key(NEW)
    assert as_headquarters.get(f"/details/{sha256}").data == REASON
    assert clerk.sync(request_with(sha256), details={sha256: box})["want_details"] == []
    with reading() as connection:
        stored = accounts.sealed_totp_secrets(connection)[name]
    assert sealing.open_box(NEW, stored.encode()).decode() == TOTP_SECRET


def test_a_device_with_a_former_key_still_seals_and_verifies() -> None:
    former, both = "f" * 8 + NEW, f"{NEW},{'f' * 8 + NEW}"
    assert sealing.open_box(both, sealing.seal(sealing.public_key(former), b"x").encode()) == b"x"

    signatures = sealing.sign(both, json.dumps({"device": "D-1"}).encode())

    for key, signed in zip((NEW, former), signatures, strict=True):
        assert sealing.verify_signature(sealing.sign_key(key), signed.encode())
