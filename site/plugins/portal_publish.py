"""Publishing: sends a server the files of a release that it lacks, then has it serve them.

Whatever happens on the way, the server goes on serving what it served; running the same command
again sends only what is still missing.
"""

import getpass
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from portal_build import ROOT, Builder, BuildFault
from portal_content import VIETNAM
from portal_messages import say
from portal_progress import Steps
from portal_release import TOP, files_of, release_of
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

PIECE_BYTES = 256 * 1024
"""Of a large file: what a line that breaks costs at most."""
AT_ONCE = 4
TIMEOUT_S = 60
RETRIES = Retry(
    total=3,
    backoff_factor=1,
    status_forcelist=(429, 503),
    allowed_methods=None,
    raise_on_status=False,
)
"""Every request may be sent again: what it brings is the same the second time."""

LATER = ROOT / ".cache" / "later"
"""Where the releases of hours to come are made."""


class Server:
    """A server as an editor talks to it."""

    def __init__(self, url: str, token: str | None = None) -> None:
        parts = urlsplit(url)
        is_near = parts.hostname in {"localhost", "127.0.0.1", "::1"}
        if parts.scheme != "https" and not (parts.scheme == "http" and is_near):
            raise BuildFault(say("build.publish.url", url=url))
        self.url = url.rstrip("/")
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {token or _token()}"
        adapter = HTTPAdapter(max_retries=RETRIES, pool_maxsize=AT_ONCE)
        self._session.mount(f"{parts.scheme}://", adapter)

    def kept(self) -> list[dict[str, Any]]:
        """Return the releases that one can go back to, the newest activation first."""
        rows: list[dict[str, Any]] = self._call("GET", "/releases")
        return rows

    def missing(self, manifest: bytes) -> list[str]:
        """Offer a manifest; return the sha256 of what the server needs next."""
        found: list[str] = self._call("POST", "/releases", data=manifest)["missing"]
        return found

    def send(self, sha256: str, path: Path, steps: Steps) -> None:
        """Send a file, from where it was cut the last time."""
        total = path.stat().st_size
        at = 0
        if total > PIECE_BYTES:
            at = self._call("GET", f"/blobs/{sha256}")["received"]
            steps.add(at)
        with path.open("rb") as file:
            file.seek(at)
            while piece := file.read(PIECE_BYTES):
                place = f"bytes {at}-{at + len(piece) - 1}/{total}"
                self._call("PUT", f"/blobs/{sha256}", data=piece, headers={"Content-Range": place})
                at += len(piece)
                steps.add(len(piece))
        if total == 0:
            self._call("PUT", f"/blobs/{sha256}", data=b"")

    def activate(self, release: str, at: datetime | None = None) -> None:
        """Have a release served from now, or from an hour to come."""
        body = {"at": f"{at:%Y-%m-%dT%H:%M:%S.000Z}"} if at else {}
        self._call("POST", f"/releases/{release}/activate", json=body)

    def go_back(self, release: str) -> str:
        """Have an earlier release served again: the one before, or the one whose id begins so."""
        rows = [row for row in self.kept() if row["serves_from"]]
        since = next((row["serves_from"] for row in rows if row["is_served"]), "")
        before = [row for row in rows if row["serves_from"] <= since and not row["is_served"]]
        found = [row["release"] for row in before if row["release"].startswith(release)]
        if not found:
            raise BuildFault(say("build.publish.no_back", release=release or "…"))
        self.activate(found[0])
        return str(found[0])

    def _call(self, method: str, path: str, **given: Any) -> Any:
        try:
            response = self._session.request(
                method, f"{self.url}/api/v1{path}", timeout=TIMEOUT_S, **given
            )
        except requests.RequestException as fault:
            raise BuildFault(say("build.publish.cut", fault=type(fault).__name__)) from None
        if not response.ok:
            raise BuildFault(say("build.publish.refused", detail=_detail(response)))
        return response.json() if response.content else None


def publish(builder: Builder, output: Path, server: Server) -> Iterator[str]:
    """Publish what was just built, and what is to follow at the hours to come; tell each step."""
    release = release_of(output)
    opens = builder.read().opens
    is_served = any(row["release"] == release and row["is_served"] for row in server.kept())
    if is_served and not opens:
        yield say("build.publish.same", release=release[:12])
        return
    files, size = _send_all(output, server)
    later = [(_send_later(builder, hour, server), hour) for hour in opens]
    server.activate(release)  # only now that all is there, for this calls off what was planned
    told = {"release": release[:12], "url": server.url, "files": files}
    yield say("build.publish.done", **told, kilobytes=round(size / 1000))
    for planned, hour in later:
        server.activate(planned, hour)
        shown = f"{hour.astimezone(VIETNAM):%H:%M %d/%m/%Y}"
        yield say("build.publish.hour", release=planned[:12], hour=shown)


def _send_later(builder: Builder, hour: datetime, server: Server) -> str:
    """Make and send the release of an hour to come; return its id."""
    shutil.rmtree(LATER, ignore_errors=True)
    builder.forget()
    made = builder.make(builder.read(hour), LATER)
    _send_all(LATER, server)
    return made.release


def _send_all(output: Path, server: Server) -> tuple[int, int]:
    """Send what the server lacks of a built portal; return how many files and bytes that were."""
    files = files_of(lambda name: (output / name).read_bytes())
    paths = {sha256: output / path for path, (sha256, _) in files.items()}
    manifest = (output / TOP).read_bytes()
    sent, size = 0, 0
    while missing := server.missing(manifest):  # its lists first, then what they name
        total = sum(paths[sha256].stat().st_size for sha256 in missing)
        with Steps(say("build.publish.sending"), total) as steps:
            _send(missing, paths, server, steps)
        sent, size = sent + len(missing), size + total
    return sent, size


def _send(missing: list[str], paths: Mapping[str, Path], server: Server, steps: Steps) -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        waiting = [pool.submit(server.send, sha256, paths[sha256], steps) for sha256 in missing]
        try:
            for each in waiting:
                each.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _detail(response: requests.Response) -> str:
    try:
        return str(response.json()["detail"])
    except (requests.JSONDecodeError, KeyError, TypeError):
        return f"{response.status_code} {response.reason}"


def _token() -> str:
    token = os.environ.get("PUBLISH_TOKEN", "")
    if not token and sys.stdin.isatty():
        token = getpass.getpass(say("build.publish.ask"))
    if not token:
        raise BuildFault(say("build.publish.token"))
    return token
