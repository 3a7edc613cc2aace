"""Publish a release, which is a built version of the portal, to a server.

Only files that the server lacks are sent. The server serves its previous release until all files
have arrived. After an interruption, the same command sends only the files that are still missing.
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
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from portal import ROOT
from portal.editor.builder import Builder, BuildFault
from portal.editor.progress import Steps
from portal.messages import say
from portal.release.manifest import files_of, release_of
from sync_server.domain.records.codes import VIETNAM
from sync_server.domain.release import MANIFEST_PATH

PIECE_BYTES = 256 * 1024
"""The size in bytes of the pieces in which a file is sent.

After a lost connection, at most one piece of a file is sent again.
"""
UPLOADS_AT_ONCE = 4
TIMEOUT_S = 60
RETRIES = Retry(
    total=3,
    backoff_factor=1,
    status_forcelist=(429, 503),
    allowed_methods=None,
    raise_on_status=False,
    retry_after_max=10,
)
"""Settings for retries: a failed request is repeated up to three times.

A repeated request changes nothing more on the server. If a server answers 429 or 503 and asks for a
wait, the wait lasts at most ten seconds. If the third retry fails too, the user sees the server's
message."""

LATER_FOLDER = ROOT / ".cache" / "later"
"""The folder for building versions of the portal that a server is to serve only at a later time."""


class PublishTarget:
    """A server at `url` to which a user publishes releases (built versions of the portal).

    `token` proves the user's right to publish. The default is the environment variable
    PUBLISH_TOKEN or, if that is not set, what the user enters at the terminal.

    Raises: BuildFault if there is no token, or if the URL is not https (http is valid only for
    this machine).
    """

    def __init__(self, url: str, token: str | None = None) -> None:
        parts = urlsplit(url)
        is_near = parts.hostname in {"localhost", "127.0.0.1", "::1"}
        if parts.scheme != "https" and not (parts.scheme == "http" and is_near):
            raise BuildFault(say("build.publish.url", url=url))
        self.url = url.rstrip("/")
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {token or _token()}"
        adapter = HTTPAdapter(max_retries=RETRIES, pool_maxsize=UPLOADS_AT_ONCE)
        self._session.mount(f"{parts.scheme}://", adapter)

    def list_releases(self) -> list[dict[str, Any]]:
        """Return all releases (portal versions) on the server, the most recently activated first.

        A release is a dict of `release` (the id), `serves_from` (the time from which the release is
        served, in ISO 8601 UTC, or None), `is_served` (True for the present release), and `files`
        and `bytes` (number and total size of the files).

        Raises: BuildFault if the request fails.
        """
        rows: list[dict[str, Any]] = self._call("GET", "/releases")
        return rows

    def offer_manifest(self, manifest: bytes) -> list[str]:
        """Send the manifest of a release, and return the sha256 of the files that the server needs.

        A release is a version of the portal. The manifest names lists of files. The first call
        returns the lists that the server needs; after these have been sent, a second call returns
        the needed files in the lists. An empty result means that the release is complete.

        Raises: BuildFault if the request fails.
        """
        hashes: list[str] = self._call("POST", "/releases", data=manifest)["missing"]
        return hashes

    def send_file(self, sha256: str, path: Path, steps: Steps) -> None:
        """Send the file at `path`, whose content has the given sha256, to the server.

        An interrupted upload of a file larger than 256 KB continues where it stopped. `steps` shows
        the progress.

        Raises: BuildFault if a request fails.
        """
        total = path.stat().st_size
        at = 0
        if total > PIECE_BYTES:
            at = int(self._request("HEAD", f"/blobs/{sha256}").headers["Upload-Offset"])
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
        """Make the server serve the release (version of the portal) with the given id from now on.

        If `at` (a later instant in UTC) is given, the server serves the release from that instant.
        An activation without `at` cancels all activations that were planned for later.

        Raises: BuildFault if the request fails.
        """
        body = {"at": f"{at:%Y-%m-%dT%H:%M:%S.000Z}"} if at else {}
        self._call("POST", f"/releases/{release}/activate", json=body)

    def go_back(self, release: str) -> str:
        """Make the server serve an earlier version of the portal again, and return its id.

        `release` is the beginning of the id of the version (release), or "" for the version that
        was served before the present one.

        Raises: BuildFault if no earlier version matches, or if a request fails.
        """
        rows = [row for row in self.list_releases() if row["serves_from"]]
        since = next((row["serves_from"] for row in rows if row["is_served"]), "")
        before = [row for row in rows if row["serves_from"] <= since and not row["is_served"]]
        matches = [row["release"] for row in before if row["release"].startswith(release)]
        if not matches:
            raise BuildFault(say("build.publish.no_back", release=release or "…"))
        self.activate(matches[0])
        return str(matches[0])

    def _call(self, method: str, path: str, **arguments: Any) -> Any:
        response = self._request(method, path, **arguments)
        return response.json() if response.content else None

    def _request(self, method: str, path: str, **arguments: Any) -> requests.Response:
        try:
            response = self._session.request(
                method, f"{self.url}/api/v1{path}", timeout=TIMEOUT_S, **arguments
            )
        except requests.RequestException as fault:
            raise BuildFault(say("build.publish.cut", fault=type(fault).__name__)) from None
        if not response.ok:
            raise BuildFault(say("build.publish.refused", detail=_detail(response)))
        return response


def publish(builder: Builder, output: Path, server: PublishTarget) -> Iterator[str]:
    """Publish the built portal in `output`, and schedule later versions with more documents.

    For every future time at which documents become public, `builder` builds a version of the portal
    (release), which the server starts to serve at that time. Yield a message for the user after
    every step.

    Raises: ContentFaults if a content file is not valid; BundleFault if JavaScript or style sheets
    cannot be bundled; BuildFault if a build fails for another reason, or if a request fails.
    """
    release = release_of(output)
    opening_times = builder.read().opening_times
    is_served = any(
        row["release"] == release and row["is_served"] for row in server.list_releases()
    )
    if is_served and not opening_times:
        yield say("build.publish.same", release=release[:12])
        return
    files, size = _send_all(output, server)
    later = [(_send_later(builder, hour, server), hour) for hour in opening_times]
    server.activate(release)  # cancels all planned releases
    values = {"release": release[:12], "url": server.url, "files": files}
    yield say("build.publish.done", **values, kilobytes=round(size / 1000))
    for planned, hour in later:
        server.activate(planned, hour)
        hour_text = f"{hour.astimezone(VIETNAM):%H:%M %d/%m/%Y}"
        yield say("build.publish.hour", release=planned[:12], hour=hour_text)


def _send_later(builder: Builder, hour: datetime, server: PublishTarget) -> str:
    """Build the portal as it will be at `hour` (UTC), send it to the server, and return its id.

    The id is that of the release, which is a built version of the portal.

    Raises: ContentFaults, BundleFault or BuildFault if building or sending fails.
    """
    shutil.rmtree(LATER_FOLDER, ignore_errors=True)
    builder.forget()
    built = builder.make(builder.read(hour), LATER_FOLDER)
    _send_all(LATER_FOLDER, server)
    return built.release


def _send_all(output: Path, server: PublishTarget) -> tuple[int, int]:
    """Send all files of the portal in `output` that the server lacks.

    Return the number of files sent and their total size in bytes.

    Raises: BuildFault if a request fails.
    """
    files = files_of(lambda name: (output / name).read_bytes())
    paths = {sha256: output / path for path, (sha256, _) in files.items()}
    manifest = (output / MANIFEST_PATH).read_bytes()
    sent, size = 0, 0
    while missing := server.offer_manifest(manifest):  # lists, then listed files
        total = sum(paths[sha256].stat().st_size for sha256 in missing)
        with Steps(say("build.publish.sending"), total) as steps:
            _send(missing, paths, server, steps)
        sent, size = sent + len(missing), size + total
    return sent, size


def _send(
    missing: list[str], paths: Mapping[str, Path], server: PublishTarget, steps: Steps
) -> None:
    with ThreadPoolExecutor(UPLOADS_AT_ONCE) as pool:
        uploads = [
            pool.submit(server.send_file, sha256, paths[sha256], steps) for sha256 in missing
        ]
        try:
            for upload in uploads:
                upload.result()
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
