"""Test the production server's limits on connections and bodies, and its orderly shutdown."""

import http.client
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from sync_server.config import (
    MAX_BODY_BYTES,
    MAX_UNAUTHENTICATED_BODY_BYTES,
    MAX_UPLOAD_BYTES,
    ROOT,
    Settings,
)
from sync_server.web import production_server
from sync_server.web.production_server import ProductionServer, ServerAdjustments
from sync_server.web.session_cookies import TOKEN, SessionInterface


@contextmanager
def running(app: Any) -> Iterator[ProductionServer]:
    dispatcher = production_server._Dispatcher()
    dispatcher.set_thread_count(4)
    server = ProductionServer(
        app,
        dispatcher=dispatcher,
        sockinfo=(socket.AF_INET, socket.SOCK_STREAM, 0, ("127.0.0.1", 0)),
        adj=production_server._adjustments(app, 0),
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join()


def connect(server: ProductionServer) -> socket.socket:
    return socket.create_connection(("127.0.0.1", int(server.effective_port)), timeout=10)


def get(
    server: ProductionServer, path: str = "/healthz", **headers: str
) -> tuple[int, str | None, str]:
    """Request a path; return the status, the `Retry-After` header (or None) and the body."""
    connection = http.client.HTTPConnection("127.0.0.1", int(server.effective_port), timeout=10)
    with closing(connection):
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.headers["Retry-After"], answer.read().decode()


def is_closed(client: socket.socket) -> bool:
    """Wait for a byte from the server; return True if it closed the connection instead.

    Raises: TimeoutError if neither happens within 10 s.
    """
    return client.recv(1) == b""


def test_silent_connections_shut_nobody_out(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(production_server, "MAX_CONNECTIONS", 20)
    with running(app) as server:
        silent = [connect(server) for _ in range(40)]

        assert get(server)[0] == 200
        assert is_closed(silent[0])  # the connection that was silent longest
        for client in silent:
            client.close()


def test_a_caller_behind_a_proxy_that_the_settings_do_not_mention_is_not_local(app: Flask) -> None:
    with running(app) as server:
        assert get(server, "/metrics")[0] == 200
        assert get(server, "/metrics", **{"X-Forwarded-For": "203.0.113.9"})[0] == 404


@pytest.mark.parametrize(
    ("bound", "sent"),
    [
        ("IDLE_S", b""),
        ("HEADER_S", b"GET / HTTP/1.1\r\nHost: x"),
        ("BODY_S", b"POST /api/v1/sync HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{"),
    ],
)
def test_who_keeps_the_server_waiting_is_cut_off(
    app: Flask, monkeypatch: pytest.MonkeyPatch, bound: str, sent: bytes
) -> None:
    monkeypatch.setattr(production_server, bound, 0.2)
    with running(app) as server, connect(server) as client:
        client.sendall(sent)
        assert is_closed(client)


def test_more_requests_than_can_wait_are_told_to_come_again(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(production_server, "MAX_QUEUED", 0)
    with running(app) as server:
        status, retry_after, text = get(server)

        assert (status, retry_after) == (503, "5")
        assert "quá đông" in text


def session_cookie(app: Flask, **values: str) -> str:
    """Return a `Cookie` header with a session that holds `values`, signed with the app's key."""
    serializer = SessionInterface().get_signing_serializer(app)
    assert serializer
    return f"Cookie: session={serializer.dumps(values)}"


STRANGERS, USUAL, UPLOAD = MAX_UNAUTHENTICATED_BODY_BYTES, 2 * MAX_BODY_BYTES, MAX_UPLOAD_BYTES


@pytest.mark.parametrize(
    ("path", "who", "most"),
    [
        ("/", "a stranger", STRANGERS),
        ("/", "an account", STRANGERS),
        ("/api/v1/sync", "a stranger", STRANGERS),
        ("/api/v1/sync", "a token", USUAL),
        ("/van-phong/nguoi/danh-sach", "a stranger", STRANGERS),
        ("/van-phong/nguoi/danh-sach", "an account", USUAL),
        ("/van-phong/nhap-tep", "a stranger", STRANGERS),
        ("/van-phong/nhap-tep", "somebody about to sign in", STRANGERS),
        ("/van-phong/nhap-tep", "a forger", STRANGERS),
        ("/van-phong/nhap-tep", "an account", UPLOAD),
    ],
)
def test_too_large_a_body_is_refused_before_it_is_received(
    app: Flask, path: str, who: str, most: int
) -> None:
    header = {
        "a stranger": "X: y",
        "a token": "Authorization: Bearer x",
        "somebody about to sign in": session_cookie(app, csrf_token="x"),
        "a forger": "Cookie: session=eyJ0b2tlbiI6ImEifQ.aaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbb",
        "an account": session_cookie(app, **{TOKEN: "x"}),
    }[who]
    for size, is_taken in ((most - 1, True), (most + 1, False)):
        parser = production_server._Parser(ServerAdjustments(app, max_request_body_size=USUAL))
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\n{header}\r\nContent-Length: {size}\r\n\r\n"
        parser.received(head.encode())
        assert (parser.error is None) == is_taken, size


def test_the_refusal_of_a_large_body_is_in_vietnamese(app: Flask) -> None:
    with running(app) as server, connect(server) as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n")
        answer = client.makefile("rb").read().decode()

    assert "quá lớn" in answer


def test_what_is_in_flight_at_the_order_to_stop_is_finished() -> None:
    began = threading.Event()

    def slow(_: Any, start_response: Any) -> list[bytes]:
        began.set()
        time.sleep(0.3)  # longer than the server takes to stop
        start_response("200 OK", [("Content-Length", "4")])
        return [b"done"]

    with running(slow) as server, connect(server) as idle, connect(server) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        began.wait(5)
        server.stop()

        assert client.makefile("rb").read().endswith(b"done")
        assert is_closed(idle)
        with pytest.raises(ConnectionRefusedError):
            connect(server)


@pytest.mark.parametrize(
    "request_line",
    [b"garbage", b"GET / HTTP/1.1\r\nX : y", b"GET http://[ HTTP/1.1", b"get / HTTP/1.1",
     b"POST / HTTP/1.1\r\nContent-Length: " + b"9" * 5000,
     b"POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked"],
)  # fmt: skip
def test_what_is_no_http_is_answered(app: Flask, request_line: bytes) -> None:
    with running(app) as server, connect(server) as client:
        client.sendall(request_line + b"\r\n\r\n")
        assert b" 400 " in client.makefile("rb").readline()
        assert get(server)[0] == 200


@pytest.mark.parametrize("request_line", [b"GET /healthz", b"POST /healthz"])
def test_who_asks_before_sending_no_body_is_answered(app: Flask, request_line: bytes) -> None:
    head = b" HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n"
    with running(app) as server, connect(server) as client:
        client.sendall(request_line + head)
        assert client.makefile("rb").readline().split()[1] in {b"200", b"405"}


@pytest.mark.skipif(os.name != "posix", reason="Windows ends a process otherwise")
def test_an_ordered_stop_ends_with_0_and_the_wal_written_back(
    tmp_path: Path, settings: Settings
) -> None:
    path = tmp_path / "so.sqlite3"
    environ = os.environ | {
        "DATABASE_URL": f"sqlite:///{path}",
        "SECRET_KEY": settings.secret_key,
        "SEAL_KEY": settings.seal_key,
        "SITE_DIR": str(tmp_path),
    }
    flask = [sys.executable, "-m", "flask", "--app", "sync_server"]
    upgrade = [*flask, "db", "upgrade"]
    subprocess.run(upgrade, env=environ, cwd=ROOT, check=True, capture_output=True)  # noqa: S603
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    serve = [*flask, "serve", f"--port={port}"]
    with subprocess.Popen(serve, env=environ, cwd=ROOT, stdout=subprocess.PIPE) as process:  # noqa: S603
        assert process.stdout
        assert "Đang phục vụ".encode() in process.stdout.readline()
        process.terminate()
        assert process.wait(timeout=30) == 0
    assert not path.with_name("so.sqlite3-wal").exists()
