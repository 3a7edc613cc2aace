"""Preview the portal on this machine, and rebuild it after every saved change.

This module implements the command `build.py serve`. Only changed files are built again, and
open pages in a browser reload automatically.
"""

import functools
import http.server
import shutil
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from portal import ROOT
from portal.content.front_matter import ContentFaults
from portal.editor.builder import Builder, BuildFault
from portal.editor.bundle import BundleFault
from portal.messages import say

FOLDER = ROOT / ".cache" / "serve"
TYPES = {
    "": "application/octet-stream",
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".wasm": "application/wasm",
    ".svg": "image/svg+xml",
    ".webp": "image/webp",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".pdf": "application/pdf",
    ".ics": "text/calendar",
    ".atom": "application/atom+xml",
    ".xml": "application/xml",
    ".txt": "text/plain",
    ".mp3": "audio/mpeg",
    ".mp4": "video/mp4",
}
EVENTS = "/.changes"
WAIT_S = 20
RELOAD = (
    b'<script>(async()=>{let n="";for(;;){try{const r=await fetch("/.changes?since="+n),m=await '
    b"r.text();if(n&&m!==n)location.reload();n=m}catch{await new Promise(r=>setTimeout(r,1000))}}"
    b"})()</script>"
)
"""HTML with a script that reloads a page after every rebuild.

The script waits for `/.changes` to return a new count of builds. Only previewed pages contain the
script.
"""

ShowMessage = Callable[..., None]


class Versions:
    """A thread-safe counter of builds, with which requests can wait for the next build."""

    def __init__(self) -> None:
        self._count = 0
        self._changed = threading.Condition()

    def next(self) -> None:
        """Count one more build, and wake all requests that wait for the next build."""
        with self._changed:
            self._count += 1
            self._changed.notify_all()

    def after(self, since: str) -> str:
        """Wait until the count of builds differs from `since`, and return the count.

        `since` and the result are numbers as text. After 20 seconds the present count is returned,
        even if it equals `since`.
        """
        with self._changed:
            self._changed.wait_for(lambda: str(self._count) != since, WAIT_S)
            return str(self._count)


class PreviewServer(http.server.ThreadingHTTPServer):
    """A local HTTP server that prints no error when a browser closes a connection."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print the exception of a failed request, unless the browser closed the connection."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class Handler(http.server.SimpleHTTPRequestHandler):
    """A handler of HTTP requests that serves a folder and adds a reload script to HTML pages.

    `versions` counts the builds, so that open pages can wait for the next build.
    """

    extensions_map = TYPES  # the types in a Windows registry may be wrong

    def __init__(self, *args: Any, versions: Versions, **kwargs: Any) -> None:
        self._versions = versions
        super().__init__(*args, **kwargs)

    def do_GET(self) -> None:
        """Send the requested file, with a reload script at the end if the file is an HTML page.

        A request for `/.changes?since=N` waits up to 20 seconds until the number of builds differs
        from N, and is answered with that number. A request for the service worker `sw.js`, which
        would cache old pages, is answered with 404.
        """
        path, _, query = self.path.partition("?")
        if path == EVENTS:
            self._answer(self._versions.after(query.removeprefix("since=")).encode(), "text/plain")
            return
        if path.endswith("/"):
            path += "index.html"
        file = Path(self.translate_path(path))
        if path.endswith("/sw.js"):  # a service worker would show old pages
            self.send_error(404)
        elif file.suffix == ".html" and file.is_file():
            self._answer(file.read_bytes() + RELOAD, "text/html; charset=utf-8")
        else:
            super().do_GET()

    def end_headers(self) -> None:
        """Add a header that prevents browsers from keeping a copy, and send all headers."""
        self.send_header("Cache-Control", "no-store")
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - name in the base class
        """Ignore the message, so that the terminal shows only the results of builds."""

    def _answer(self, content: bytes, mimetype: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", mimetype)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def serve(builder: Builder, content: Path, port: int, show_message: ShowMessage) -> None:
    """Serve the portal at http://localhost on `port`, and rebuild it after every saved change.

    The folders `content` and `site` are watched until Ctrl+C. `show_message` prints a message and
    accepts the keyword arguments of `print`.

    Raises: BuildFault if the port is in use.
    """
    from watchfiles import watch

    versions = Versions()
    handler = functools.partial(Handler, directory=str(FOLDER), versions=versions)
    try:
        server = PreviewServer(("127.0.0.1", port), handler)
    except OSError:
        raise BuildFault(say("build.serve.port", port=port, other=port + 1)) from None
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    rebuild(builder, versions, show_message)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    show_message(say("build.serve.ready", url=f"http://localhost:{port}/index.html"), flush=True)
    try:
        for changes in watch(content, ROOT / "site", debounce=100, step=20, raise_interrupt=False):
            if any(Path(path).is_relative_to(ROOT / "site") for _, path in changes):
                builder.forget()
            rebuild(builder, versions, show_message)
    finally:
        server.shutdown()


def rebuild(builder: Builder, versions: Versions, show_message: ShowMessage) -> bool:
    """Build the changed files for the preview, and return whether the build succeeded.

    Faults and exceptions are shown with `show_message` and not raised. `versions` counts successful
    builds, so that open pages reload.
    """
    began = time.monotonic()
    try:
        content = builder.read()
        for warning in content.warnings:
            show_message(warning)
        builder.make(content, FOLDER)
    except ContentFaults as faults:
        show_message(faults, file=sys.stderr)
        show_message(
            say("build.serve.faults", count=len(faults.faults)), file=sys.stderr, flush=True
        )
        return False
    except (BundleFault, BuildFault) as fault:
        show_message(fault, file=sys.stderr, flush=True)
        return False
    except Exception as fault:  # noqa: BLE001 - the next save may correct the mistake
        show_message(say("build.serve.bug", fault=repr(fault)), file=sys.stderr, flush=True)
        return False
    versions.next()
    show_message(
        say("build.serve.rebuilt", ms=round((time.monotonic() - began) * 1000)), flush=True
    )
    return True
