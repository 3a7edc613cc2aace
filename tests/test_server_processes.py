"""Test that the server's processes share rate limits and statistics, and end together."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sync_server.config import ROOT, Settings
from sync_server.shared_memory import SharedWindows
from sync_server.web import request_log
from sync_server.web.request_log import count_for_process, count_stored

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows serves in one process")


@pytest.fixture
def server(tmp_path: Path, settings: Settings) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Yield a server with two processes, and its port."""
    environ = os.environ | {
        "DATABASE_URL": f"sqlite:///{tmp_path / 'two.sqlite3'}",
        "SECRET_KEY": settings.secret_key,
        "SEAL_KEY": settings.seal_key,
        "SITE_DIR": str(tmp_path),
    }
    flask = [sys.executable, "-m", "flask", "--app", "sync_server"]
    upgrade = [*flask, "db", "upgrade"]
    subprocess.run(upgrade, env=environ, cwd=ROOT, check=True, capture_output=True)  # noqa: S603
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    serve = [*flask, "serve", f"--port={port}", "--processes=2"]
    process = subprocess.Popen(serve, env=environ, cwd=ROOT, stdout=subprocess.PIPE)  # noqa: S603
    assert process.stdout
    process.stdout.readline()
    try:
        yield process, port
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def children(process: int) -> list[int]:
    text = Path(f"/proc/{process}/task/{process}/children").read_text("ascii")
    return [int(child) for child in text.split()]


def status(port: int, path: str = "/healthz") -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


def wait_until_ended(process: int) -> None:
    deadline_s = time.monotonic() + 20
    while time.monotonic() < deadline_s:
        try:
            state = Path(f"/proc/{process}/stat").read_text("ascii").rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return
        if state == "Z":
            return
        os.sched_yield()
    raise TimeoutError(process)


def test_the_other_processes_end_with_the_first(
    server: tuple[subprocess.Popen[bytes], int],
) -> None:
    process, port = server
    assert status(port) == 200
    workers = children(process.pid)
    assert len(workers) == 2

    process.kill()

    for worker in workers:
        wait_until_ended(worker)


def test_an_ordered_stop_ends_all_processes_with_0(
    server: tuple[subprocess.Popen[bytes], int],
) -> None:
    process, port = server
    assert status(port) == 200
    workers = children(process.pid)

    process.send_signal(signal.SIGTERM)

    assert process.wait(timeout=30) == 0
    assert not [worker for worker in workers if Path(f"/proc/{worker}").exists()]


def test_a_process_that_cannot_live_ends_the_server_with_1(
    server: tuple[subprocess.Popen[bytes], int],
) -> None:
    process, _ = server

    os.kill(children(process.pid)[0], signal.SIGKILL)

    assert process.wait(timeout=30) == 1


def test_a_process_that_ends_by_itself_is_replaced(tmp_path: Path) -> None:
    lines = tmp_path / "lines"
    program = f"""
from sync_server.web import server_processes
server_processes.LEAST_LIFE_S = 0
def serve(number):
    with open({str(lines)!r}, "a") as file:
        print(number, file=file)
server_processes.run_in_processes(1, serve, lambda: None)
"""
    with subprocess.Popen([sys.executable, "-c", program], cwd=ROOT) as process:  # noqa: S603
        while not lines.exists() or lines.read_text("ascii").count("\n") < 3:
            assert process.poll() is None
        process.terminate()
        assert process.wait(timeout=30) == 0
    assert set(lines.read_text("ascii").split()) == {"0"}


def test_a_bound_counts_for_all_processes_together(
    server: tuple[subprocess.Popen[bytes], int],
) -> None:
    _, port = server

    statuses = [status(port, "/api/v1/meetings") for _ in range(3)]
    assert statuses == [401, 401, 401]
    headers = {"Authorization": "Bearer r-none"}
    answers = []
    for _ in range(122):  # UNKNOWN_TOKEN is 120 a minute
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        connection.request("GET", "/api/v1/meetings", headers=headers)
        answers.append(connection.getresponse().status)
        connection.close()

    assert answers[-1] == 429
    assert 401 in answers


def test_the_counts_of_all_processes_are_added() -> None:
    before = request_log.figures().stored
    try:
        for number in (0, 1):
            count_for_process(number)
            count_stored(2)
    finally:
        count_for_process(0)

    assert request_log.figures().stored == before + 4


def test_a_window_of_attempts_ends_and_the_oldest_gives_way() -> None:
    windows = SharedWindows(8)
    assert [windows.count("5", 1, 60, now_s=now_s) for now_s in (100, 130, 161)] == [1, 2, 1]

    for caller in range(10, 17):
        windows.count(str(caller), 3, 60, now_s=200 + caller)
    windows.count("99", 1, 60, now_s=300)  # takes the place of caller 5

    assert windows.count("16", 1, 60, now_s=217) == 4
    assert windows.count("5", 1, 60, now_s=301) == 1
