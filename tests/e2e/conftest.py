"""Provide what browser tests need: a built portal (public website), a server and Chromium."""

import json
import os
import random
import re
import shutil
import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import requests
from playwright.sync_api import Browser, BrowserContext, Page, Playwright

from sync_server import create_app
from sync_server.config import load_settings
from sync_server.database import db
from tests.chromium import find_chromium
from tests.conftest import Shared
from tests.e2e.line import PoorLine
from tests.e2e.servers import ServerProcess

FIRST_PORT, PORTS_OF_WORKER, MOST_WORKERS = 20_000, 700, 16
DATABASE, PRINTED_FILE = "demonstration.sqlite3", "facts.json"
FLAGS = [
    "--no-sandbox",  # as root, for example in a container, Chromium needs this flag
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class Demonstration(NamedTuple):
    """A database that the command `flask demo` has filled, and the data that tests need to use it.

    `password` is the password of the office accounts, `meeting` the id of the meeting that is in
    progress, and `token` headquarters' API token.
    """

    database: Path
    password: str
    meeting: str
    token: str

    @classmethod
    def in_folder(cls, folder: Path) -> "Demonstration":
        """Return the database of made-up data that `fill_demonstration` wrote into a folder.

        The result also has the password, the meeting's id and the API token. They are read from the
        JSON file that `fill_demonstration` wrote into the same folder.
        """
        printed = json.loads((folder / PRINTED_FILE).read_text("utf-8"))
        return cls(folder / DATABASE, **printed)


def fill_demonstration(folder: Path, portal: Path) -> None:
    """Fill a new database in `folder` with invented data, and write a JSON file beside it.

    The JSON file holds the password of the accounts, the id of the meeting in progress, and
    headquarters' API token. `portal` is the folder of a built portal (the public website). Raises:
    AssertionError if a command fails.
    """
    environ = environ_of(folder / DATABASE, portal, "http://localhost:8000")
    message = flask(environ, "demo")
    date = _extract(r"Đang mở:\s+\S.* ngày (\d\d/\d\d/\d{4})", message)
    printed = {
        "password": _extract(r"mật khẩu (\S+);", message),
        "meeting": "-".join(reversed(date.split("/"))) + "-dang-mo",
        "token": flask(environ, "user", "token", "bantochuc").strip(),
    }
    (folder / PRINTED_FILE).write_text(json.dumps(printed), "utf-8")


def environ_of(database: Path, portal: Path, url: str) -> dict[str, str]:
    """Return the environment variables for a server, based on those of this process.

    `database` is an SQLite file, `portal` the folder of a built portal (the public website), and
    `url` the server's public URL.
    """
    return {
        **os.environ,
        "SECRET_KEY": "e2e-secret-0123456789-abcdefghijklmnopqrstuvwxyz",
        "SEAL_KEY": "e2e-seal-0123456789-abcdefghijklmnopqrstuvwxyz",
        "DATABASE_URL": f"sqlite:///{database}",
        "SITE_DIR": str(portal),
        "PUBLIC_URL": url,
    }


def flask(environ: dict[str, str], *arguments: str) -> str:
    """Run a `flask` command of the server within this process; return the command's output.

    `environ` holds the server's settings.
    Raises: AssertionError if the command fails.
    """
    app = create_app(load_settings(environ))
    with app.app_context():
        result = app.test_cli_runner().invoke(args=arguments, catch_exceptions=False)
        db.engine.dispose()
    assert result.exit_code == 0, result.output
    return result.output


class System:
    """A running server with made-up data, behind a proxy that imitates a poor network.

    The server uses a copy of the demonstration database. `url` leads through the proxy,
    `direct` straight to the server.
    """

    def __init__(self, folder: Path, portal: Path, demonstration: Demonstration) -> None:
        self.port = _free_port()
        self.line = PoorLine(self.port)
        self.url = f"http://localhost:{self.line.port}"
        self.direct = f"http://127.0.0.1:{self.port}"
        self.portal = portal
        self.password, self.meeting, self.token = (
            demonstration.password,
            demonstration.meeting,
            demonstration.token,
        )
        database = Path(shutil.copy(demonstration.database, folder / "e2e.sqlite3"))
        self.environ = environ_of(database, portal, self.url)
        self.server = ServerProcess(self.environ, self.port)

    def flask(self, *arguments: str) -> str:
        """Run a `flask` command on this system's database; return the command's output.

        Raises: AssertionError if the command fails.
        """
        return flask(self.environ, *arguments)

    def enrolment_link(self, point: str = "P001", *options: str) -> str:
        """Return a new link that registers a check-in page (kiosk) for the hall `point`.

        `options` are passed to the command `flask device enrol`; for example, `--profile chair`
        registers a chair's device instead. Raises: AssertionError if the command fails.
        """
        return _extract(r"(http\S+#ma=\S+)", self.flask("device", "enrol", point, *options))

    def api(self, path: str) -> Any:
        """Request a path below `/api/v1` as headquarters; return the JSON answer.

        The request goes straight to the server, not through the proxy.
        Raises: HTTPError if the server answers with an error status.
        """
        response = requests.get(
            f"http://127.0.0.1:{self.port}/api/v1{path}",
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=10,
        )
        response.raise_for_status()
        return response.json()

    def get(self, path: str) -> str:
        """Return the text of the page at `path`, requested straight from the server.

        Raises: HTTPError if the server answers with an error status.
        """
        response = requests.get(f"{self.direct}{path}", timeout=10)
        response.raise_for_status()
        response.encoding = "utf-8"
        return response.text

    def bytes_on_line(self, path: str) -> int:
        """Return how many bytes a file takes on the network: gzip body plus response headers."""
        response = requests.get(
            f"{self.direct}{path}", headers={"Accept-Encoding": "gzip"}, stream=True, timeout=10
        )
        headers = sum(len(name) + len(value) + 4 for name, value in response.headers.items())
        return len(response.raw.read()) + headers

    def device_records(self, point: str = "P001") -> list[Any]:
        """Return the records that the devices of a hall made, as JSON objects.

        Records that no device made, such as those of headquarters, are left out. The rest are in
        the order in which the server stored them.
        Raises: HTTPError if the server refuses the request.
        """
        response = requests.post(
            f"http://127.0.0.1:{self.port}/api/v1/sync",
            json={"meeting": self.meeting, "point": point},
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=10,
        )
        response.raise_for_status()
        return [record for record in response.json()["records"] if record["seq"] is not None]

    def board_row(self, point: str = "P001") -> Any:
        """Return a hall's row of the board, headquarters' overview of all halls, as JSON.

        Raises: HTTPError if the server refuses the request; StopIteration if the board lacks the
        hall.
        """
        board = self.api(f"/meetings/{self.meeting}/board")
        return next(row for row in board["points"] if row["point"] == point)

    def stop(self) -> None:
        """Stop the proxy and the server."""
        self.line.close()
        self.server.stop()


class Laptop:
    """An imitation of a hall's laptop: a browser whose profile on disk survives a power cut."""

    def __init__(self, playwright: Playwright, profile: Path) -> None:
        self._playwright, self.profile = playwright, profile
        self._context: BrowserContext | None = None

    def start(self, width: int = 1280, flags: Sequence[str] = ()) -> Page:
        """Start the browser with its saved profile and return its first page.

        `width` is the window's width in px. `flags` are further command-line flags for Chromium.
        """
        self._context = self._playwright.chromium.launch_persistent_context(
            str(self.profile),
            executable_path=find_chromium(),
            args=[*FLAGS, *flags],
            locale="vi-VN",
            timezone_id="Asia/Ho_Chi_Minh",
            viewport={"width": width, "height": 800},
        )
        return self._context.pages[0]

    def kill(self) -> None:
        """Kill every process of this browser with SIGKILL, as a power cut would."""
        marker = f"--user-data-dir={self.profile}".encode()
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and marker in _command_line(entry):
                _kill(int(entry.name))
        self._context = None

    def close(self) -> None:
        """Close the browser if it is running."""
        if self._context:
            self._context.close()


@pytest.fixture(scope="session")
def filled(shared: Shared, portal: Path) -> Demonstration:
    """Return a database with invented data, and the values that tests need to use it.

    These values are the password of the office accounts, the id of the meeting in progress, and
    headquarters' API token. The database is filled once per test run. Tests work on copies of the
    database.
    """
    return Demonstration.in_folder(
        shared("demonstration", partial(fill_demonstration, portal=portal))
    )


@pytest.fixture
def system(tmp_path: Path, portal: Path, filled: Demonstration) -> Iterator[System]:
    """Yield a running server that has its own copy of a database with invented data.

    The test may change the data.
    """
    running = System(tmp_path, portal, filled)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """Yield a browser that all tests of one module share."""
    launched = playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
    yield launched
    launched.close()


@pytest.fixture
def laptops(tmp_path: Path, playwright: Playwright) -> Iterator[Callable[[], Laptop]]:
    """Yield a function that imitates a new laptop: a browser with an empty profile on disk.

    After the test, the browsers of all these laptops are closed.
    """
    all_laptops: list[Laptop] = []

    def make() -> Laptop:
        all_laptops.append(Laptop(playwright, tmp_path / f"profile-{len(all_laptops)}"))
        return all_laptops[-1]

    yield make
    for machine in all_laptops:
        machine.close()


@pytest.fixture
def laptop(laptops: Callable[[], Laptop]) -> Laptop:
    """Return an imitation of a new laptop: a browser with an empty profile, not yet started."""
    return laptops()


def _free_port() -> int:
    """Return a free port from a range that belongs to this test process alone.

    The range lies below the ports that operating systems give to outgoing connections. Otherwise
    such a connection could occupy the port after this check, before the caller uses it.
    Raises: AssertionError if no port is free.
    """
    worker = int(re.sub(r"\D", "", os.environ.get("PYTEST_XDIST_WORKER", "")) or 0)
    first = FIRST_PORT + worker % MOST_WORKERS * PORTS_OF_WORKER
    for port in random.sample(range(first, first + PORTS_OF_WORKER), PORTS_OF_WORKER):
        with closing(socket.socket()) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no port is free")


def _extract(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    assert match, text
    return match[1]


def _command_line(process: Path) -> bytes:
    try:
        return (process / "cmdline").read_bytes()
    except OSError:
        return b""


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
