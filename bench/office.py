"""Measure how fast the server answers every page of the office, with 72 halls and 4,950 people.

The office is the web pages for signed-in users. The same run measures a floor for comparison: the
sign-in page without a session, which reads no data. Run with `python -m bench.office`. With
`--halls 2000 --people 30`, a made-up meeting of 2,000 halls with 30 people each takes the place of
the demonstration (the program's own invented meetings and people).
"""

import argparse
import gzip
import re
import statistics
import tempfile
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient

import build
from bench.conference import enrol, store_meeting
from bench.growth import made_up_name, send
from bench.ingest import MEETING
from sync_server import create_app, sealing
from sync_server.commands.demo import demonstration
from sync_server.config import Settings
from sync_server.database import db, reading, upgrade_schema, write
from sync_server.domain.records.permissions import Profile
from sync_server.storage.access import accounts
from sync_server.storage.access.accounts import Account
from sync_server.storage.people import roster
from sync_server.storage.people.roster import RosterPerson
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


def main() -> None:
    """Measure every web page for signed-in users; print median and longest times and sizes.

    The sizes are those of the compressed pages. Raises: SystemExit if the portal (the public
    website) cannot be built.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--halls", type=int, help="halls of a made-up meeting")
    parser.add_argument("--people", type=int, default=30, help="people in every hall")
    arguments = parser.parse_args()
    if arguments.halls:
        measure_large(arguments.halls, arguments.people)
        return
    with tempfile.TemporaryDirectory() as name:
        app, password = demonstration_app(Path(name))
        client = sign_in_headquarters(app, password)
        figures = {FLOOR: measure_page(app.test_client(), FLOOR)}
        figures |= {path: measure_page(client, path) for path in page_paths(app, PATH_VALUES)}
        figures |= {path: measure_page(client, path) for path in EXTRA_PATHS}
        print_pages(figures)
        print_update_size(client)


def demonstration_app(folder: Path) -> tuple[Flask, str]:
    """Return a server with the demonstration's database, and the password of its accounts.

    The portal (the public website) is built in `folder`, where the database is, too. Raises:
    SystemExit if the portal cannot be built.
    """
    portal = folder / "output"
    if build.main(["--output", str(portal)]) != 0:
        raise SystemExit(1)
    url = f"sqlite:///{folder}/demonstration.sqlite3"
    app = create_app(Settings(url, SECRET, SECRET, portal, "http://localhost:8000"))
    with app.app_context():
        upgrade_schema()
        now_ms = round(time.time() * 1000)
        with reading() as connection:
            published = served_portal.published_directory(connection, portal, now_ms)
        assert published
        filled = demonstration.fill_database(published, sealing.public_key(SECRET), now_ms)
        db.engine.dispose()
    return app, filled.password


def measure_large(halls: int, people: int) -> None:
    """Measure every web page for signed-in users, for a meeting of `halls` halls.

    `people` people come to every hall. Every unit (organisation) has ten halls, or a few more.
    """
    with tempfile.TemporaryDirectory() as name:
        url = f"sqlite:///{name}/office.sqlite3"
        app = create_app(Settings(url, SECRET, SECRET, Path(name), "http://localhost:8000"))
        with app.app_context():
            upgrade_schema()
            fill_large(halls, people)
            db.engine.dispose()
        client = sign_in_headquarters(app, SECRET)
        values = {"meeting": MEETING, "point": "P00003", "person": "M00003-1", "unit": "U3"}
        paths = [*page_paths(app, values), "/nguoi?tim=van+an", f"/hoi-nghi/{MEETING}?tim=P00012"]
        figures = {FLOOR: measure_page(app.test_client(), FLOOR)}
        print_pages(figures | {path: measure_page(client, path) for path in paths})


def fill_large(halls: int, people: int) -> None:
    """Store a meeting with `halls` halls, and an account of headquarters.

    Every hall has `people` people, who all check in.
    """
    unit_of = {f"P{number:05d}": f"U{number % (halls // 10 or 1)}" for number in range(halls)}
    store_meeting(MEETING, unit_of, people)
    codes = [
        (f"M{hall[1:]}-{n}", unit) for hall, unit in unit_of.items() for n in range(1, people + 1)
    ]
    members = [
        RosterPerson(code, made_up_name(number), unit, "", "OFFICIAL", None)
        for number, (code, unit) in enumerate(codes)
    ]
    write(lambda c: roster.put_people(c, members))
    for number, code in enumerate(unit_of):
        enrolled = write(partial(enrol, point=code))
        send(enrolled.device, number, 1, people, people)
    account = Account(demonstration.ACCOUNT_NAME, Profile.HEADQUARTERS)
    write(lambda c: accounts.put(c, account, SECRET))


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
LEFT_OUT = frozenset({FLOOR, "/cap-nhat", "/xu-huong/bao-cao", "/thiet-lap"})
"""Paths of pages that are not measured.

These are the page with which the others are compared (the floor), pages that show nothing without a
query string, and the page that makes the first account, which exists only until there is an
account."""


def page_paths(app: Flask, values: Mapping[str, str]) -> list[str]:
    """Return the path of every web page for signed-in users, without the prefix `/van-phong`.

    In the paths of the routes, a parameter that is in `values` is replaced by its value. Pages with
    other parameters, and those in `LEFT_OUT`, are left out.
    """
    paths = []
    for rule in app.url_map.iter_rules():
        path = rule.rule.removeprefix("/van-phong")
        if path == rule.rule or "GET" not in (rule.methods or ()):
            continue
        for name, part in values.items():
            path = path.replace(f"<{name}>", part)
        if "<" not in path and path not in LEFT_OUT:
            paths.append(path)
    return paths


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
    """Print the compressed size in bytes of the largest update that the board can receive.

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
    main()
