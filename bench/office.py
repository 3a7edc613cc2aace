"""Measure how fast the server answers every web page of the office, with 72 halls and 4,950 people.

The same run measures a floor for comparison: the sign-in page without a session, which reads no
data. Run with `python -m bench.office`.
"""

import gzip
import re
import statistics
import sys
import tempfile
import time
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient

import build
from sync_server import create_app, sealing
from sync_server.commands.demo import demonstration
from sync_server.config import Settings
from sync_server.database import db, reading, upgrade_schema
from sync_server.web import served_portal

SECRET = "bench-0123456789-abcdefghijklmnopqrstuvwxyz"  # noqa: S105 - for a temporary database
RUNS = 7
AIM_MS = 300
UPDATE_AIM_BYTES = 2048
FLOOR = "/dang-nhap"
PATH_VALUES = {
    "meeting": demonstration.FINISHED_MEETING,
    "point": "P003",
    "person": "M00001",
    "unit": "U01",
}
EXTRA_PATHS = (
    f"/xin-vang?loc=all&hoi-nghi={demonstration.FINISHED_MEETING}",
    "/nguoi?tim=an",
    "/nguoi/M00001?nam=2024",
    "/don-vi/U02?nam=2024",
)


def main() -> int:
    """Measure every page; print its median and longest time and its compressed size.

    Return 1 if the portal cannot be built, else 0.
    """
    with tempfile.TemporaryDirectory() as name:
        portal = Path(name) / "output"
        if build.main(["--output", str(portal)]) != 0:
            return 1
        url = f"sqlite:///{name}/office.sqlite3"
        app = create_app(Settings(url, SECRET, SECRET, portal, "http://localhost:8000"))
        with app.app_context():
            upgrade_schema()
            now_ms = round(time.time() * 1000)
            with reading() as connection:
                published = served_portal.published_directory(connection, portal, now_ms)
            assert published
            demo = demonstration.fill_database(published, sealing.public_key(SECRET), now_ms)
            db.engine.dispose()
        client = sign_in_headquarters(app, demo.password)
        figures = {FLOOR: measure_page(app.test_client(), FLOOR)}
        figures |= {path: measure_page(client, path) for path in page_paths(app)}
        print_pages(figures)
        print_update_size(client)
    return 0


def sign_in_headquarters(app: Flask, password: str) -> FlaskClient:
    """Return a test client that is signed in as headquarters.

    Raises: AssertionError if the sign-in fails.
    """
    client = app.test_client()
    page = client.get("/van-phong/dang-nhap").text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token
    form = {"name": demonstration.ACCOUNT_NAME, "password": password, "csrf_token": token[1]}
    assert client.post("/van-phong/dang-nhap", data=form).status_code == FOUND
    return client


FOUND, OK = 302, 200
NEEDS_QUERY = frozenset({"/xu-huong/bao-cao"})
"""Paths of pages that are not measured, because they show nothing without a query string."""


def page_paths(app: Flask) -> list[str]:
    """Return the path of every web page of the office, without the prefix `/van-phong`.

    In the paths of the routes, a parameter that is in `PATH_VALUES` is replaced by its value. Pages
    with other parameters are left out. The paths in `EXTRA_PATHS` come last.
    """
    paths = []
    for rule in app.url_map.iter_rules():
        path = rule.rule.removeprefix("/van-phong")
        if path == rule.rule or "GET" not in (rule.methods or ()):
            continue
        for name, part in PATH_VALUES.items():
            path = path.replace(f"<{name}>", part)
        if "<" not in path and path not in {FLOOR, "/cap-nhat", *NEEDS_QUERY}:
            paths.append(path)
    return [*paths, *EXTRA_PATHS]


def measure_page(client: FlaskClient, path: str) -> tuple[float, float, int]:
    """Request a page `RUNS` times; return (median ms, longest ms, compressed bytes).

    `path` lacks the prefix `/van-phong`.
    Raises: AssertionError if a status is not 200.
    """
    times_ms = []
    for _ in range(RUNS):
        began = time.perf_counter()
        answer = client.get(f"/van-phong{path}", headers={"Accept-Encoding": "gzip"})
        times_ms.append((time.perf_counter() - began) * 1000)
        assert answer.status_code == OK, (path, answer.status_code)
    return statistics.median(times_ms), max(times_ms), len(answer.data)


def print_update_size(client: FlaskClient) -> None:
    """Print the size in bytes of the largest update that the board can receive.

    The board is the overview of all halls. `client` is signed in as headquarters.
    """
    path = f"/van-phong/hoi-nghi/{demonstration.FINISHED_MEETING}/cap-nhat"
    headers = {"Accept-Encoding": "gzip", "HX-Request": "true"}
    answer = client.get(path, headers=headers)
    rows = gzip.decompress(answer.data).count(b"<tr id=")
    print(f"an update of {rows} rows: {len(answer.data)} bytes (aim {UPDATE_AIM_BYTES})")


def print_pages(figures: dict[str, tuple[float, float, int]]) -> None:
    """Print one line of figures for every page, the page with the longest median time first.

    `figures` maps a path to (median ms, longest ms, compressed bytes). It must contain the path
    `FLOOR`, with which all pages are compared.
    """
    floor = figures[FLOOR][0]
    print(f"\n{'page':64}{'median':>8}{'longest':>9}{'of floor':>9}{'bytes':>8}")
    for path, (median, longest, size) in sorted(figures.items(), key=lambda page: -page[1][0]):
        ratio = median / floor
        print(f"{path:64}{median:6.0f}ms{longest:7.0f}ms{ratio:8.0f}x{size:8}")
    slowest = max(longest for _, longest, _ in figures.values())
    print(f"\nthe longest of all: {slowest:.0f} ms (aim {AIM_MS})")


if __name__ == "__main__":
    sys.exit(main())
