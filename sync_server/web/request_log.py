"""Give every request an id, count requests, and write one line of JSON about most of them.

The lines name the route, never a path or a person: a path may contain a person's code. Files of the
portal are only counted, because thousands of phones fetch them in a minute.
"""

import logging
import re
import secrets
import threading
import time
from collections import Counter, defaultdict

import msgspec
from flask import Flask, Response, g, request

_log = logging.getLogger("diemcau.requests")
ID_HEADER = "X-Request-Id"
_ID = re.compile(r"[A-Za-z0-9-]{8,64}")
FIRST_SERVER_ERROR = 500
ROOMS = {"api": "api", "office": "office", "site": "portal"}
_lock = threading.Lock()
_requests: Counter[tuple[str, int]] = Counter()
_seconds: defaultdict[str, float] = defaultdict(float)
_stored: Counter[str] = Counter()


def init_app(app: Flask) -> None:
    """Make the app give every request an id, count the requests, and log most of them."""
    app.before_request(_begin)
    app.after_request(_end)


def request_id() -> str:
    """Return the id of the current request, which its log line and its error page show."""
    return str(g.get("request_id") or secrets.token_hex(6))


def count_stored(count: int) -> None:
    """Count records that have just been stored."""
    with _lock:
        _stored["records"] += count


def figures() -> tuple[dict[tuple[str, int], int], dict[str, float], int]:
    """Return the counts since the process began: requests, seconds and stored records.

    The requests are {(part, HTTP status): number}, and the seconds {part: seconds spent on
    requests}. A part of the site is api, office or portal.
    """
    with _lock:
        return dict(_requests), dict(_seconds), _stored["records"]


def _begin() -> None:
    g.began_s = time.perf_counter()
    stated = request.headers.get(ID_HEADER, "")
    g.request_id = stated if _ID.fullmatch(stated) else secrets.token_hex(6)


def _end(response: Response) -> Response:
    took_s = time.perf_counter() - g.get("began_s", time.perf_counter())
    room = ROOMS.get((request.endpoint or "").partition(".")[0], "portal")
    with _lock:
        _requests[room, response.status_code] += 1
        _seconds[room] += took_s
    response.headers[ID_HEADER] = request_id()
    if room != "portal" or response.status_code >= FIRST_SERVER_ERROR:
        line = {
            "event": "request",
            "id": request_id(),
            "method": request.method,
            "route": str(request.url_rule or ""),
            "status": response.status_code,
            "ms": round(took_s * 1000, 1),
        }
        _log.info("%s", msgspec.json.encode(line).decode())
    return response
