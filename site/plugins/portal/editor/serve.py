"""`build.py serve`: shows the portal on the editor's machine and rebuilds it at every save.

Only changed files are built again, and open pages reload themselves.
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
"""A script that is added to served pages, never to built pages."""

ShowMessage = Callable[..., None]


class Versions:
    """A count of builds that wakes the requests waiting for the next build."""

    def __init__(self) -> None:
        self._count = 0
        self._changed = threading.Condition()

    def next(self) -> None:
        """Count one more build and wake the waiting requests."""
        with self._changed:
            self._count += 1
            self._changed.notify_all()

    def after(self, since: str) -> str:
        """Return the count once it differs from `since`, or after `WAIT_S` in any case."""
        with self._changed:
            self._changed.wait_for(lambda: str(self._count) != since, WAIT_S)
            return str(self._count)


class PreviewServer(http.server.ThreadingHTTPServer):
    """An HTTP server that does not report connections closed by a browser."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Report an error unless it is only a closed connection."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class Handler(http.server.SimpleHTTPRequestHandler):
    """A request handler that serves the folder and adds a reload script to pages."""

    extensions_map = TYPES  # the types in a Windows registry may be wrong

    def __init__(self, *args: Any, versions: Versions, **kwargs: Any) -> None:
        self._versions = versions
        super().__init__(*args, **kwargs)

    def do_GET(self) -> None:
        """Send a file or a page that reloads itself, or wait until something changes."""
        path, _, query = self.path.partition("?")
        if path == EVENTS:
            self._answer(self._versions.after(query.removeprefix("since=")).encode(), "text/plain")
            return
        if path.endswith("/"):
            path += "index.html"
        file = Path(self.translate_path(path))
        if path.endswith("/sw.js"):  # a cached page would hide a change
            self.send_error(404)
        elif file.suffix == ".html" and file.is_file():
            self._answer(file.read_bytes() + RELOAD, "text/html; charset=utf-8")
        else:
            super().do_GET()

    def end_headers(self) -> None:
        """Forbid caching."""
        self.send_header("Cache-Control", "no-store")
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        """Log no requests."""

    def _answer(self, content: bytes, mimetype: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", mimetype)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def serve(builder: Builder, content: Path, port: int, show_message: ShowMessage) -> None:
    """Serve and rebuild the portal until interrupted. Raises: BuildFault if the port is in use."""
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
    """Update the folder to match the content, or show the fault; return whether it was updated."""
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
    except Exception as fault:  # noqa: BLE001 - the next save may be right again
        show_message(say("build.serve.bug", fault=repr(fault)), file=sys.stderr, flush=True)
        return False
    versions.next()
    show_message(
        say("build.serve.rebuilt", ms=round((time.monotonic() - began) * 1000)), flush=True
    )
    return True
