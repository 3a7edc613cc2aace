"""Test the configurations in `deploy/` of proxies in front of a server.

A proxy that is not installed is not tested.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import requests

from sync_server.config import ROOT
from tests.conftest import SECRET

PROGRAMS = ("nginx", "caddy")
PUBLIC_URL = "http://localhost"


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
