"""Test that valid settings are read, and that an invalid one is named and prevents the start."""

from pathlib import Path

import pytest

from sync_server.config import ROOT, ConfigError, Settings, load_settings

SECRET = "0123456789abcdefghijklmnopqrstuvwxyz"


def test_only_the_secret_must_be_set() -> None:
    settings = load_settings({"SECRET_KEY": SECRET, "SEAL_KEY": SECRET})

    assert settings.database_url.startswith("sqlite:///")
    assert settings.site_dir == ROOT / "output"
    assert settings.public_url == "http://localhost:8000"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", ""),
        ("SECRET_KEY", "short"),
        ("SECRET_KEY", "a" * 64),
        ("SEAL_KEY", ""),
        ("SEAL_KEY", "short"),
        ("DATABASE_URL", "not a url"),
        ("DATABASE_URL", "foo://bar"),
        ("DATABASE_URL", "mysql://a:b@c:notaport/x"),
        ("DATABASE_URL", "sqlite:////proc/none/x.sqlite3"),
        ("PUBLIC_URL", "http://[::1"),
        ("PUBLIC_URL", "localhost:8000"),
        ("PUBLIC_URL", "ftp://x"),
        ("SITE_DIR", __file__),
        ("PROXIES", "-1"),
        ("PROXIES", "yes"),
        ("KEEP_DETAILS_DAYS", "0"),
        ("KEEP_REFUSED_DAYS", "một năm"),
        ("KEEP_LEFT_PEOPLE_DAYS", "36501"),
        ("REQUIRE_SECOND_FACTOR", "yes"),
        ("SYNCHRONOUS_STANDBYS", "-1"),
        ("SYNCHRONOUS_STANDBYS", "10"),
    ],
)
def test_a_wrong_setting_is_named(name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=name):
        load_settings({"SECRET_KEY": SECRET, "SEAL_KEY": SECRET, name: value})


def test_every_setting_can_be_set(tmp_path: Path) -> None:
    environ = {
        "SECRET_KEY": SECRET,
        "SEAL_KEY": SECRET,
        "DATABASE_URL": f"sqlite:///{tmp_path}/a/b.sqlite3",
        "SITE_DIR": str(tmp_path),
        "PUBLIC_URL": "https://diemcau.example/",
        "PROXIES": "1",
        "KEEP_DETAILS_DAYS": "90",
        "KEEP_REFUSED_DAYS": "60",
        "KEEP_LEFT_PEOPLE_DAYS": "1825",
        "REQUIRE_SECOND_FACTOR": "1",
        "SYNCHRONOUS_STANDBYS": "2",
    }

    settings = load_settings(environ)

    assert settings == Settings(
        environ["DATABASE_URL"],
        SECRET,
        SECRET,
        tmp_path,
        "https://diemcau.example",
        1,
        keep_details_days=90,
        keep_refused_days=60,
        keep_left_people_days=1825,
        require_second_factor=True,
        synchronous_standbys=2,
    )
    assert (tmp_path / "a").is_dir()
