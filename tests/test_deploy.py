"""Test the files in `deploy/` for proxies and for systemd, and restart a server under load.

A test is skipped if the proxy or the systemd program that it needs is not installed. The test of
restarts hands the socket to the server as systemd does, and needs no systemd.
"""

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

import pytest
import requests

from sync_server.config import ROOT
from tests.conftest import SECRET

PROGRAMS = ("nginx", "caddy")
PUBLIC_URL = "http://localhost"
AS_SYSTEMD = (
    "import os, sys; os.dup2(int(sys.argv[1]), 3); "
    "os.environ.update(LISTEN_FDS='1', LISTEN_PID=str(os.getpid())); "
    "os.execv(sys.argv[2], sys.argv[2:])"
)
"""Python code that starts a program as systemd does. It passes the listening socket as file
descriptor 3, and puts the program's process id into LISTEN_PID.
"""


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def running(command: list[str], environ: dict[str, str], port: int) -> Iterator[None]:
    """Run a program until the context ends; start the context once the program listens on `port`.

    After 10 s, the context starts in any case. `environ` holds all environment variables.
    """
    process = subprocess.Popen(  # noqa: S603 - an installed proxy or our server
        command,
        cwd=ROOT,
        env=environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(200):
            with closing(socket.socket()) as client:
                if client.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait()


def proxy_command(name: str, port: int, upstream: int, folder: Path) -> list[str]:
    """Return the command that starts a proxy, `caddy` or `nginx`, as configured in `deploy/`.

    nginx listens on `port`, passes requests to the port `upstream`, and writes its files to
    `folder`. Caddy reads its ports from the environment.
    """
    if name == "caddy":
        return ["caddy", "run", "--adapter", "caddyfile", "--config", "deploy/Caddyfile"]
    locations = (ROOT / "deploy" / "nginx-locations.conf").read_text("utf-8")
    config = folder / "nginx.conf"
    user = "user root;\n" if os.geteuid() == 0 else ""  # nginx's workers must be able to write here
    config.write_text(
        f"{user}daemon off; pid {folder}/pid; error_log {folder}/log;\n"
        f"events {{}}\nhttp {{ access_log off; client_body_temp_path {folder}/body;\n"
        f"proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u;"
        f"scgi_temp_path {folder}/s;\nserver {{ listen 127.0.0.1:{port};\n"
        + locations.replace("127.0.0.1:8000", f"127.0.0.1:{upstream}")
        + "}}\n"
    )
    return ["nginx", "-c", str(config), "-p", str(folder)]


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_portal_and_the_api_work_behind_a_proxy(name: str, portal: Path) -> None:
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not installed")
    with tempfile.TemporaryDirectory(prefix="diemcau-", ignore_cleanup_errors=True) as path:
        folder, port, upstream = Path(path), free_port(), free_port()
        environ = {
            **os.environ,
            "DATABASE_URL": f"sqlite:///{folder / 'd.sqlite3'}",
            "SECRET_KEY": SECRET,
            "SEAL_KEY": SECRET,
            "SITE_DIR": str(portal),
            "PUBLIC_URL": f"{PUBLIC_URL}:{port}",
            "PROXIES": "1",
            "HOME": str(folder),
            "DIEMCAU_ADDRESS": f"http://localhost:{port}",
            "DIEMCAU_UPSTREAM": f"127.0.0.1:{upstream}",
        }
        flask = [sys.executable, "-m", "flask", "--app", "sync_server"]
        subprocess.run([*flask, "db", "upgrade"], cwd=ROOT, env=environ, check=True)  # noqa: S603
        with (
            running([*flask, "serve", "--port", str(upstream)], environ, upstream),
            running(proxy_command(name, port, upstream, folder), environ, port),
        ):
            address = f"{PUBLIC_URL}:{port}"
            page = requests.get(f"{address}/index.html", timeout=10)
            health = requests.get(f"{address}/healthz", timeout=10)
            refused = requests.post(
                f"{address}/api/v1/sync",
                data=b"x" * 10_000_000,
                headers={"Authorization": "Bearer unknown"},
                timeout=10,
            )

    assert (page.status_code, health.status_code) == (200, 200)
    assert f"{address}/app/ " in page.headers["Content-Security-Policy"]
    assert page.headers["Content-Encoding"] == "gzip"
    assert refused.status_code == 401  # the server checks the token before it reads the body


@pytest.mark.parametrize("unit", ["diemcau.service", "diemcau-backup.service"])
def test_the_services_are_confined(unit: str) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd is not installed")
    shown = subprocess.run(  # noqa: S603 - the arguments are constant
        [program, "security", "--offline=true", "--no-pager", f"deploy/systemd/{unit}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    exposure = re.search(r"Overall exposure level .*: (\d+\.\d)", shown)
    if exposure is None:
        pytest.skip("this systemd cannot judge a unit offline")
    assert float(exposure[1]) <= 2.5


@pytest.mark.skipif(os.name != "posix", reason="systemd passes sockets on Linux")
def test_a_restart_fails_no_request_because_systemd_holds_the_port(
    portal: Path, tmp_path: Path
) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = int(listener.getsockname()[1])
        environ = {
            **os.environ,
            "DATABASE_URL": f"sqlite:///{tmp_path / 'd.sqlite3'}",
            "SECRET_KEY": SECRET,
            "SEAL_KEY": SECRET,
            "SITE_DIR": str(portal),
            "PUBLIC_URL": f"{PUBLIC_URL}:{port}",
        }
        flask = [sys.executable, "-m", "flask", "--app", "sync_server"]
        subprocess.run([*flask, "db", "upgrade"], cwd=ROOT, env=environ, check=True)  # noqa: S603
        start_server = partial(
            subprocess.Popen,
            [sys.executable, "-c", AS_SYSTEMD, str(listener.fileno()), *flask, "serve"],
            cwd=ROOT,
            env=environ,
            pass_fds=[listener.fileno()],
            stdout=subprocess.PIPE,
        )
        statuses: list[int] = []
        is_over = threading.Event()

        def read_on() -> None:
            while not is_over.is_set():
                try:
                    answer = requests.get(f"http://127.0.0.1:{port}/index.html", timeout=30)
                    statuses.append(answer.status_code)
                except requests.RequestException:
                    statuses.append(0)

        readers = [threading.Thread(target=read_on) for _ in range(4)]
        for reader in readers:
            reader.start()
        for _ in range(2):
            server = start_server()
            assert server.stdout
            server.stdout.readline()  # it serves
            before = len(statuses)
            while len(statuses) < before + 40:
                time.sleep(0.01)
            server.terminate()
            assert server.wait(20) == 0
            server.stdout.close()
        last = start_server()
        is_over.set()
        for reader in readers:
            reader.join()
        last.terminate()
        last.communicate(timeout=20)
    assert set(statuses) == {200}
    assert len(statuses) >= 80
