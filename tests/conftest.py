"""Provide the app with a small database, a clock that tests can set, and callers of all roles."""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from filelock import FileLock
from flask import Flask
from flask.testing import FlaskClient
from portal.editor import bundle
from werkzeug.test import TestResponse

import build
from sync_server import create_app
from sync_server.acts import arrangements
from sync_server.config import ROOT, Settings
from sync_server.database import Base, db, write
from sync_server.domain.records.codes import to_ms
from sync_server.domain.records.permissions import Profile
from sync_server.storage import directory
from sync_server.storage.access import accounts, devices
from sync_server.storage.access.accounts import Account
from sync_server.storage.directory import PublishedMeeting, PublishedPoint, PublishedUnit
from sync_server.web import rate_limits
from tests.databases import (
    Databases,
    PostgresDatabases,
    SqliteDatabases,
    postgres,
    postgres_programs,
)
from tests.factories import ENDS, MEETING, STARTS

URL = "http://localhost:8000"
SECRET = "a-secret-for-tests-0123456789-abcdefghijklmnopqrstuvwxyz"
NOON = to_ms("2024-08-22T01:00:00.000Z")
UNITS = (
    PublishedUnit("U01", "Chi bộ Một", "CO_QUAN_HANH_CHINH"),
    PublishedUnit("U02", "Chi bộ Hai", "DOANH_NGHIEP"),
)
POINTS = (
    PublishedPoint("P001", "Điểm cầu Một", "U01"),
    PublishedPoint("P002", "Điểm cầu Hai", "U02"),
)
PUBLISHED_MEETING = PublishedMeeting(MEETING, "Hội nghị thử", STARTS, ENDS, 5)


class FakeClock:
    """A replacement for the server's clock, which moves only when a test moves it.

    Calling the clock returns `now_ms`, the time in ms since 1970 (UTC).
    """

    def __init__(self) -> None:
        self.now_ms = NOON

    def __call__(self) -> int:
        return self.now_ms


@dataclass
class Persona:
    """A person or a device that calls the API, with a bearer token unless `token` is None.

    `device` and `by` (a role or a person's code) name the author of the caller's records.
    `seal_key` is the public key for encrypting confidential details.
    """

    client: FlaskClient
    token: str | None = None
    device: str = "D-NOBODY"
    by: str = "clerk"
    seal_key: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, **headers: str) -> TestResponse:
        """Request a path below `/api/v1` with additional `headers`, and return the response."""
        return self.client.get(f"/api/v1{path}", headers={**self._bearer(), **headers})

    def offset(self, path: str) -> tuple[int, bool]:
        """Return how many bytes of an upload are stored, and whether the upload is complete.

        `path` is the upload's path below `/api/v1`.
        """
        headers = self.client.head(f"/api/v1{path}", headers=self._bearer()).headers
        return int(headers["Upload-Offset"]), headers["Upload-Complete"] == "?1"

    def post(self, path: str, body: Any, **headers: str) -> TestResponse:
        """Post `body` to a path below `/api/v1` with additional `headers`; return the response.

        A body of bytes is sent unchanged, any other body as JSON.
        """
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.client.post(f"/api/v1{path}", data=data, headers={**self._bearer(), **headers})

    def put(self, path: str, body: bytes, **headers: str) -> TestResponse:
        """Upload `body` to a path below `/api/v1` with additional `headers`; return the response.

        Underscores in the names of `headers` become hyphens.
        """
        all_headers = {
            **self._bearer(),
            **{key.replace("_", "-"): value for key, value in headers.items()},
        }
        return self.client.put(f"/api/v1{path}", data=body, headers=all_headers)

    def sync(self, *records: dict[str, Any], **fields: Any) -> Any:
        """Send records with this persona as their author; return the server's JSON answer.

        `fields` are further fields of the request, such as `clock`.
        Raises: AssertionError if the status is not 200.
        """
        author_fields: dict[str, Any] = {"device": self.device, "by": self.by}
        if self.by == "headquarters":
            author_fields |= {"seq": None}
        signed_records = [{**record, **author_fields} for record in records]
        response = self.post("/sync", {"records": signed_records, **fields})
        assert response.status_code == 200, response.text
        return response.get_json()

    def _bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}


PIN_ITERATIONS = 1_000
"""Number of hashing rounds for a PIN in tests; the published check-in page uses 600,000. A
small number saves time, and the PINs in tests protect nothing.
"""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option `--postgresql [URL]` to pytest.

    With it, tests run the app on PostgreSQL: on the server at the URL, whose account may create
    databases, or else on a temporary server.
    """
    parser.addoption("--postgresql", nargs="?", const="", metavar="URL")


def pytest_configure(config: pytest.Config) -> None:
    """Bundle the JavaScript once, before pytest starts its parallel processes.

    In the parallel processes, `config` has the attribute `workerinput`, and nothing is bundled.
    """
    config.addinivalue_line("markers", "sqlite: the test breaks SQLite's file in its own way")
    bundle.PIN_ITERATIONS = PIN_ITERATIONS
    if not hasattr(config, "workerinput"):
        bundle.bundle(ROOT)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test that needs SQLite if pytest runs with the option `--postgresql`."""
    if item.get_closest_marker("sqlite") and item.config.getoption("--postgresql") is not None:
        pytest.skip("SQLite's file is not used")


Shared = Callable[[str, Callable[[Path], None]], Path]


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Shared:
    """Return a function that makes a folder once per test run, shared by all parallel processes.

    The function takes the folder's name and a callback that fills the folder, and returns the
    folder's path. Later calls with the same name return the same folder.
    """
    base = tmp_path_factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def make(name: str, fill: Callable[[Path], None]) -> Path:
        folder = base / name
        with FileLock(base / f"{name}.lock"):
            if not folder.is_dir():
                half_made = base / f"{name}.new"
                half_made.mkdir()
                fill(half_made)
                half_made.rename(folder)
        return folder

    return make


@pytest.fixture(scope="session")
def portal(shared: Shared) -> Path:
    """Build the public website (the portal) from the repository's content; return its folder.

    The website is built once per test run. Raises: AssertionError if the build fails.
    """

    def build_portal(folder: Path) -> None:
        assert build.main(["--output", str(folder / "output")]) == 0

    return shared("portal", build_portal) / "output"


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash passwords cheaply, so that tests run fast."""
    hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(accounts, "_hasher", hasher)


@pytest.fixture
def clock() -> FakeClock:
    """Return a fake server clock that shows 08:00 in Vietnam on 22 August 2024.

    That is the day of the test conference.
    """
    return FakeClock()


@pytest.fixture(scope="session")
def postgres_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """Yield the URL of a PostgreSQL server that all tests share.

    With `--postgresql URL`, this URL is used; otherwise a temporary server is started once. Without
    the URL, tests that use the server are skipped if PostgreSQL is not installed.
    """
    given_url = request.config.getoption("--postgresql")
    if given_url:
        yield given_url
        return
    programs = postgres_programs()
    if programs is None:
        pytest.skip("PostgreSQL's server is not installed (Debian: postgresql)")
    with postgres(programs, durable=given_url is not None) as url:  # else the app refuses to start
        yield url


@pytest.fixture(scope="session")
def databases(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Databases:
    """Return the databases for the tests: of SQLite, or of PostgreSQL with `--postgresql`."""
    if request.config.getoption("--postgresql") is None:
        return SqliteDatabases(tmp_path_factory.mktemp("databases"))
    return PostgresDatabases(request.getfixturevalue("postgres_url"))


@pytest.fixture
def settings(tmp_path: Path, databases: Databases) -> Settings:
    """Return the server's settings for one test, with a website folder for this test alone.

    The address of the database is the same for all tests of a process.
    """
    return Settings(
        database_url=databases.url("test"),
        secret_key=SECRET,
        seal_key=SECRET[::-1],
        site_dir=tmp_path / "output",
        public_url=URL,
    )


@pytest.fixture(scope="session")
def accepted(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the name of a database with two halls and one meeting.

    Headquarters has accepted the meeting. The fixture `app` gives every test a copy.
    """
    databases.renew("accepted")
    accept_meeting(databases.url("accepted"), tmp_path_factory.mktemp("accepted"))
    return "accepted"


def accept_meeting(url: str, site_folder: Path) -> None:
    """Create the tables of the empty database at `url`; put two halls and one meeting there."""
    app = create_app(Settings(url, SECRET, SECRET, site_folder, URL), FakeClock())
    with app.app_context():
        Base.metadata.create_all(db.engine)
        write(lambda c: directory.put_places(c, UNITS, POINTS))
        write(
            lambda c: arrangements.accept_meeting(
                c, PUBLISHED_MEETING, to_ms("2024-08-20T00:00:00.000Z")
            )
        )
        db.engine.dispose()  # closing the last connection moves SQLite's WAL into the file


@pytest.fixture(scope="session")
def wired_app(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """Return an app set up by `create_app`, which all tests share to save start-up time."""
    site_folder = tmp_path_factory.mktemp("site")
    return create_app(Settings(databases.url("test"), SECRET, SECRET[::-1], site_folder, URL))


@pytest.fixture
def app(
    wired_app: Flask, settings: Settings, clock: FakeClock, databases: Databases, accepted: str
) -> Iterator[Flask]:
    """Yield the app as if it had just started, with a new copy of the database `accepted`.

    The database holds two halls and one meeting. The test runs inside the app's context.
    """
    databases.renew("test", template=accepted)
    wired_app.config.from_mapping(SETTINGS=settings, CLOCK=clock)
    rate_limits.init_app(wired_app)
    with wired_app.app_context():
        yield wired_app
        db.engine.dispose()


@pytest.fixture
def as_clerk(app: Flask, clock: FakeClock) -> Callable[..., Persona]:
    """Return a function that registers a check-in device for a hall and returns its clerk.

    The function takes the hall's code, by default P001, and returns the clerk as an API caller.
    With `reads=False`, the clerk's token can send records but read nothing.
    """

    def make(point: str = "P001", *, reads: bool = True) -> Persona:
        return _enrol_persona(app, clock, point, reads=reads)

    return make


@pytest.fixture
def as_chair(app: Flask, clock: FakeClock) -> Callable[..., Persona]:
    """Return a function that registers a chair's device and returns the chair as an API caller.

    The function takes the chair's person code and the hall's code, by default P001.
    """

    def make(person: str, point: str = "P001") -> Persona:
        return _enrol_persona(app, clock, point, profile=Profile.CHAIR, person=person)

    return make


def _enrol_persona(
    app: Flask,
    clock: FakeClock,
    point: str,
    *,
    profile: Profile = Profile.CLERK,
    person: str | None = None,
    reads: bool = True,
) -> Persona:
    code = write(
        lambda c: devices.new_enrolment(
            c, point, now_ms=clock.now_ms, profile=profile, person=person
        )
    )
    client = app.test_client()
    enrolment = client.post("/api/v1/enrol", json={"code": code, "label": "test"}).get_json()
    token = enrolment["read_token"] if reads else enrolment["token"]
    return Persona(
        client, token, enrolment["device"], person or profile.value, enrolment["seal_key"]
    )


@pytest.fixture
def as_headquarters(app: Flask) -> Persona:
    """Return an API caller with the token of a headquarters account."""
    return _office_persona(app, "hq", Profile.HEADQUARTERS)


@pytest.fixture
def as_auditor(app: Flask) -> Persona:
    """Return an API caller with an auditor's token, which may read everything and write nothing."""
    return _office_persona(app, "audit", Profile.AUDITOR)


@pytest.fixture
def as_outsider(app: Flask) -> Persona:
    """Return an API caller without a token."""
    return Persona(app.test_client())


def _office_persona(app: Flask, name: str, role: Profile) -> Persona:
    write(lambda c: accounts.put(c, Account(name, role), "ngon-den-khuya-thu-1"))
    token = write(lambda c: accounts.renew_token(c, name, now_ms=NOON))
    return Persona(app.test_client(), token, f"O-{name}", role.value)
