"""How long the server takes for each page of the office, with 72 points and 4,950 people.

Beside a floor in the same run: the sign-in page as a stranger has it, which reads nothing.
Run by `python -m bench.office`.
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

SECRET = "bench-0123456789-abcdefghijklmnopqrstuvwxyz"  # noqa: S105 - of a passing database
RUNS = 7
AIM_MS = 300
UPDATE_AIM_BYTES = 2048
FLOOR = "/dang-nhap"
PARTS = {
    "meeting": demonstration.FINISHED_MEETING,
    "point": "P003",
    "person": "M00001",
    "unit": "U01",
}
ALSO = (
    f"/xin-vang?loc=all&hoi-nghi={demonstration.FINISHED_MEETING}",
    "/nguoi?tim=an",
    "/nguoi/M00001?nam=2024",
    "/don-vi/U02?nam=2024",
)


def main() -> int:
    """Measure each page, and print medians, the longest, and the bytes on the line."""
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
                facts = served_portal.published_directory(connection, portal, now_ms)
            assert facts
            shown = demonstration.fill_database(facts, sealing.public_key(SECRET), now_ms)
            db.engine.dispose()
        client = signed_in(app, shown.password)
        figures = {FLOOR: measured(app.test_client(), FLOOR)}
        figures |= {path: measured(client, path) for path in pages(app)}
        tell(figures)
        tell_update(client)
    return 0


def signed_in(app: Flask, password: str) -> FlaskClient:
    """Return headquarters at a desk."""
    client = app.test_client()
    page = client.get("/van-phong/dang-nhap").text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token
    form = {"name": demonstration.ACCOUNT_NAME, "password": password, "csrf_token": token[1]}
    assert client.post("/van-phong/dang-nhap", data=form).status_code == FOUND
    return client


FOUND, OK = 302, 200


def pages(app: Flask) -> list[str]:
    """Return every page of the office by the list of routes."""
    found = []
    for rule in app.url_map.iter_rules():
        path = rule.rule.removeprefix("/van-phong")
        if path == rule.rule or "GET" not in (rule.methods or ()):
            continue
        for name, part in PARTS.items():
            path = path.replace(f"<{name}>", part)
        if "<" not in path and path not in {FLOOR, "/cap-nhat"}:
            found.append(path)
    return [*found, *ALSO]


def measured(client: FlaskClient, path: str) -> tuple[float, float, int]:
    """Return the median and the longest time for a page in ms, and its bytes compressed."""
    took = []
    for _ in range(RUNS):
        began = time.perf_counter()
        answer = client.get(f"/van-phong{path}", headers={"Accept-Encoding": "gzip"})
        took.append((time.perf_counter() - began) * 1000)
        assert answer.status_code == OK, (path, answer.status_code)
    return statistics.median(took), max(took), len(answer.data)


def tell_update(client: FlaskClient) -> None:
    """Print the bytes of an update in which as many rows as can be have changed."""
    path = f"/van-phong/hoi-nghi/{demonstration.FINISHED_MEETING}/cap-nhat"
    headers = {"Accept-Encoding": "gzip", "HX-Request": "true"}
    answer = client.get(path, headers=headers)
    rows = gzip.decompress(answer.data).count(b"<tr id=")
    print(f"an update of {rows} rows: {len(answer.data)} bytes (aim {UPDATE_AIM_BYTES})")


def tell(figures: dict[str, tuple[float, float, int]]) -> None:
    """Print the pages, the slowest first."""
    floor = figures[FLOOR][0]
    print(f"\n{'page':64}{'median':>8}{'longest':>9}{'of floor':>9}{'bytes':>8}")
    for path, (median, longest, size) in sorted(figures.items(), key=lambda each: -each[1][0]):
        ratio = median / floor
        print(f"{path:64}{median:6.0f}ms{longest:7.0f}ms{ratio:8.0f}x{size:8}")
    slowest = max(longest for _, longest, _ in figures.values())
    print(f"\nthe longest of all: {slowest:.0f} ms (aim {AIM_MS})")


if __name__ == "__main__":
    sys.exit(main())
