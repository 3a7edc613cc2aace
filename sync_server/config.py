"""Read and check the server's settings.

The settings come from environment variables and from a `.env` file. If a setting is missing or
malformed, the server does not start.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from dotenv import dotenv_values
from msgspec import Struct
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from sync_server.messages import say
from sync_server.terminal import CommandFault

ROOT = Path(__file__).resolve().parent.parent
MAX_BODY_BYTES = 8 * 1024 * 1024
"""The largest size in bytes of the body of an API request after decompression.

A request with 500 records takes 200 KB. The rest leaves room for attachments, and for one oversized
record. The server can then refuse that record alone and still judge the records sent with it.
"""
MAX_UPLOAD_BYTES = 72 * 1024 * 1024
"""The largest size in bytes of a form sent from the office pages; a larger one is refused.

The limit allows the upload of a queue file (records that a hall could not send) of 64 MiB together
with the other form fields.
"""
MAX_UNAUTHENTICATED_BODY_BYTES = 64 * 1024
"""The largest size in bytes of a request without a token or a session.

Such requests only sign a user in or register a device of a hall. A low limit keeps
strangers from filling the server's memory.
"""
OFFICE_PATH = "/van-phong"
UPLOADS_PATH = f"{OFFICE_PATH}/nhap-tep"
PRIVATE_FOLDER, PRIVATE_FILE = 0o700, 0o600
"""The file modes for the folder and the file of the database.

They keep other users of the machine from reading the database.
"""
ENGINES = frozenset({"sqlite", "postgresql"})
MOST_PROXIES = 9
MOST_STANDBYS = 9
MOST_DAYS = 36_500
RECIPIENT = re.compile(r"age1[0-9a-z]{58}")
"""A pattern that matches a public key of age, the format in which backups are encrypted."""
MIN_SECRET_LENGTH = 32
"""The smallest permitted number of characters in the settings `SECRET_KEY` and `SEAL_KEY`.

Both keys protect personal data, and shorter keys could be guessed. With a shorter key the server
does not start.
"""


class ConfigError(CommandFault):
    """Raised if a setting is missing or malformed. The message names the setting and the remedy."""


class Settings(Struct, frozen=True):
    """All settings of the server, explained in docs/settings.md.

    `database_url` is an SQLAlchemy URL. `secret_key` signs sessions, and `seal_key` decrypts
    personal data; former keys may follow the present one, separated by commas. `site_dir` is the
    folder of the built portal (the public website). `public_url` is the address that users open,
    without a slash at the end. `proxies` is the number of reverse proxies in front of the server.
    Backups go into the folder `backup_dir`, encrypted for the public key `backup_recipient` (age);
    without the key, no backup is made.

    The command `purge` deletes details (encrypted personal data and attachments of records) after
    `keep_details_days`. After `keep_refused_days`, it deletes records that were not accepted, if
    headquarters has decided on them. After `keep_left_people_days`, it makes people who have left
    anonymous; 0 means never.

    `require_second_factor`: accounts of headquarters can do nothing before they have set up a
    second factor. `synchronous_standbys` is the number of standbys (further machines with
    PostgreSQL) for which every commit must wait; 0 means a single machine.
    """

    database_url: str
    secret_key: str
    seal_key: str
    site_dir: Path
    public_url: str
    proxies: int = 0
    backup_recipient: str = ""
    backup_dir: Path = ROOT / "instance" / "backups"
    keep_details_days: int = 365
    keep_refused_days: int = 365
    keep_left_people_days: int = 0
    require_second_factor: bool = False
    synchronous_standbys: int = 0


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read all settings, check them and return them.

    `environ` contains the settings by name. By default it is the environment of the process, and a
    variable that is not set there is read from the `.env` file. The folder of an SQLite database is
    created if it is missing.

    Raises: ConfigError if a setting is missing or malformed.
    """
    if environ is None:
        from_file = {k: v for k, v in dotenv_values(ROOT / ".env").items() if v is not None}
        environ = {**from_file, **os.environ}
    default_database = f"sqlite:///{ROOT / 'instance' / 'diemcau.sqlite3'}"
    return Settings(
        database_url=check_database_url(environ.get("DATABASE_URL") or default_database),
        secret_key=_check_key("SECRET_KEY", environ.get("SECRET_KEY", "")),
        seal_key=_check_keys("SEAL_KEY", environ.get("SEAL_KEY", "")),
        site_dir=_resolve_site_dir(environ.get("SITE_DIR") or str(ROOT / "output")),
        public_url=_check_public_url(environ.get("PUBLIC_URL") or "http://localhost:8000"),
        proxies=_parse_proxies(environ.get("PROXIES") or "0"),
        backup_recipient=_check_recipient(environ.get("BACKUP_RECIPIENT", "")),
        backup_dir=ROOT / (environ.get("BACKUP_DIR") or "instance/backups"),
        keep_details_days=_parse_days("KEEP_DETAILS_DAYS", environ, "365", least=1),
        keep_refused_days=_parse_days("KEEP_REFUSED_DAYS", environ, "365", least=1),
        keep_left_people_days=_parse_days("KEEP_LEFT_PEOPLE_DAYS", environ, "0", least=0),
        require_second_factor=_parse_switch("REQUIRE_SECOND_FACTOR", environ),
        synchronous_standbys=_parse_standbys(environ.get("SYNCHRONOUS_STANDBYS") or "0"),
    )


def check_database_url(value: str) -> str:
    """Return a database's URL; for SQLite, make the path absolute and create the file's folder.

    Raises: ConfigError if the URL is malformed, if its database is not supported, if the driver is
    not installed, or if the folder cannot be created.
    """
    try:
        url = make_url(value)
        url.get_dialect().import_dbapi()
        if url.get_backend_name() not in ENGINES:
            raise ValueError
        if url.get_backend_name() == "sqlite" and url.database:
            path = ROOT / url.database  # an absolute path stays as it is
            path.parent.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
            return f"sqlite:///{path}"
    except (ArgumentError, NoSuchModuleError, ImportError, OSError, ValueError):
        raise ConfigError(say("config.database_url", value=value)) from None
    return value


def _check_key(name: str, value: str) -> str:
    if not value:
        raise ConfigError(say("config.key_missing", name=name))
    if len(value) < MIN_SECRET_LENGTH or len(set(value)) < MIN_SECRET_LENGTH // 4:
        raise ConfigError(say("config.key_weak", name=name, length=MIN_SECRET_LENGTH))
    return value


def _check_keys(name: str, value: str) -> str:
    """Check the keys in `value`, separated by commas; return them without spaces.

    `name` is the name of the setting. Raises: ConfigError if a key is missing or weak.
    """
    return ",".join(_check_key(name, key.strip()) for key in value.split(","))


def _resolve_site_dir(value: str) -> Path:
    path = Path(value).resolve()
    if path.exists() and not path.is_dir():
        raise ConfigError(say("config.site_dir", value=value))
    return path


def _parse_proxies(value: str) -> int:
    if not (value.isascii() and value.isdecimal() and int(value) <= MOST_PROXIES):
        raise ConfigError(say("config.proxies", value=value, most=MOST_PROXIES))
    return int(value)


def _parse_standbys(value: str) -> int:
    if not (value.isascii() and value.isdecimal() and int(value) <= MOST_STANDBYS):
        raise ConfigError(say("config.standbys", value=value, most=MOST_STANDBYS))
    return int(value)


def _parse_days(name: str, environ: Mapping[str, str], default: str, *, least: int) -> int:
    value = environ.get(name) or default
    if not (value.isascii() and value.isdecimal() and least <= int(value) <= MOST_DAYS):
        raise ConfigError(say("config.days", name=name, value=value, least=least, most=MOST_DAYS))
    return int(value)


def _parse_switch(name: str, environ: Mapping[str, str]) -> bool:
    value = environ.get(name) or "0"
    if value not in {"0", "1"}:
        raise ConfigError(say("config.switch", name=name, value=value))
    return value == "1"


def _check_recipient(value: str) -> str:
    if value and not RECIPIENT.fullmatch(value):
        raise ConfigError(say("config.backup_recipient", value=value[:80]))
    return value


def _check_public_url(value: str) -> str:
    try:
        parts = urlsplit(value)
    except ValueError:
        raise ConfigError(say("config.public_url", value=value)) from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ConfigError(say("config.public_url", value=value))
    return value.rstrip("/")
