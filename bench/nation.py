"""Measure how long one server takes to receive a conference of the whole nation.

34 provinces hold their conferences at once: 31,000 halls with 62 people each, 1.9 million in all.
Every hall sends the check-ins of its people in one request. Two server processes on this machine
store them in PostgreSQL, while headquarters of one province reads its board (the overview of its
halls) again and again.

    python -m bench.nation --scale 0.01     with one hundredth of the halls
"""

import argparse
import gzip
import json
import random
import statistics
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection

from bench.conference import SECRET, enrol, make_check_in, make_office_token, store_meeting
from bench.ingest import Post, board_reader, make_post, run_chains, serving
from sync_server import create_app
from sync_server.config import Settings
from sync_server.database import db, upgrade_schema, write
from sync_server.storage.access.devices import EnrolmentAnswer
from tests.databases import postgres, postgres_programs

PROVINCES, HALLS, PEOPLE = 34, 31_000, 62
"""The numbers of provinces, of halls in all provinces, and of people per hall. A national
conference on 7 February 2026 had as many halls and people."""
AIM_S = 120
BOARD_AIM_MS = 50
BOARD_EVERY_S = 0.25


class Upload(NamedTuple):
    """What one hall sends: its device's token, and the compressed body of the request."""

    token: str
    body: bytes


def prepare(url: str, folder: Path, scale: float) -> tuple[list[Upload], str]:
    """Fill the database at `url` with a meeting in every province; return what the halls will send.

    The result is one upload for every hall, with the check-ins of all its people, in random order,
    and an access token of headquarters. `scale` is the share of the halls that take part (1 for
    all); every province keeps at least one. `folder` is used as the folder of the portal (the
    static website).
    """
    app = create_app(Settings(url, SECRET, SECRET, folder, "http://localhost:8000"))
    dice = random.Random(7)  # noqa: S311 - a fixed seed gives the same load in every run
    halls_each = max(1, round(HALLS * scale / PROVINCES))
    uploads = []
    with app.app_context():
        upgrade_schema()
        for province in range(PROVINCES):
            codes = [f"P{province * halls_each + n:05d}" for n in range(halls_each)]
            store_meeting(meeting_id(province), dict.fromkeys(codes, f"U{province}"), PEOPLE)
            answers = write(partial(enrol_all, codes=codes))
            for code, answer in zip(codes, answers, strict=True):
                records = [
                    make_check_in(meeting_id(province), code, answer.device, n, n, dice)
                    for n in range(1, PEOPLE + 1)
                ]
                body = gzip.compress(json.dumps({"records": records}).encode(), 6)
                uploads.append(Upload(answer.token, body))
        office_token = make_office_token()
        db.engine.dispose()
    dice.shuffle(uploads)
    return uploads, office_token


def enrol_all(connection: Connection, codes: Sequence[str]) -> list[EnrolmentAnswer]:
    """Register a device for every hall in `codes`."""
    return [enrol(connection, code) for code in codes]


def meeting_id(province: int) -> str:
    return f"2026-02-07-tinh-{province:02d}"


def main() -> None:
    """Send the check-ins of all provinces to the server, and print how long everything took.

    The storing of the check-ins and the responses to headquarters' requests are timed, and every
    time is printed beside its target.
    """
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--scale", type=float, default=1, help="this part of the halls")
    scale = parser.parse_args().scale
    programs = postgres_programs()
    assert programs, "PostgreSQL's server is not installed (Debian: postgresql)"
    with tempfile.TemporaryDirectory() as name, postgres(programs, durable=True) as url:
        began_s = time.perf_counter()
        uploads, office_token = prepare(url, Path(name), scale)
        records = len(uploads) * PEOPLE
        print(f"{len(uploads):,} halls, {records:,} records; prepared in", end=" ")
        print(f"{time.perf_counter() - began_s:.0f} s", flush=True)
        chains = [[_post(upload)] for upload in uploads]
        with (
            serving(url, Path(name), 2) as ports,
            board_reader(max(ports), office_token, meeting_id(0), BOARD_EVERY_S) as times_ms,
        ):
            took_s = run_chains(chains, list(ports))
    cuts = statistics.quantiles(times_ms, n=100) if len(times_ms) > 1 else times_ms * 99
    whole_s = took_s / scale
    print(f"{took_s:.1f} s, {records / took_s:,.0f} records/s; all halls: {whole_s:.0f} s")
    print(f"aim {AIM_S} s: {whole_s / AIM_S:.2f} of it")
    print(f"a board, {len(times_ms)} times: median {cuts[49]:.0f} ms, p99 {cuts[98]:.0f} ms")
    print(f"aim {BOARD_AIM_MS} ms: {cuts[98] / BOARD_AIM_MS:.2f} of it")


def _post(upload: Upload) -> Post:
    headers = {
        "Authorization": f"Bearer {upload.token}",
        "Content-Encoding": "gzip",
        "Accept-Encoding": "gzip",
    }
    return make_post("/api/v1/sync", upload.body, headers, b'"status":"stored"')


if __name__ == "__main__":
    main()
