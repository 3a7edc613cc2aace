"""Give every request an id, count requests, and write one line of JSON about most of them.

The lines name the route, never a path or a person: a path may contain a person's code. Files of the
portal (the public website) are only counted, because thousands of phones fetch them in a minute.
"""

import logging
import re
import secrets
import threading
import time
from collections import Counter
from typing import NamedTuple

import msgspec
from flask import Flask, Response, current_app, g, request

from sync_server.shared_memory import SharedNumbers
from sync_server.web.production_server import waiting_requests
from sync_server.web.server_processes import MOST_PROCESSES

_log = logging.getLogger("diemcau.requests")
ID_HEADER = "X-Request-Id"
_ID = re.compile(r"[A-Za-z0-9-]{8,64}")
FIRST_SERVER_ERROR = 500
ROOMS = {"api": "api", "office": "office", "site": "portal"}
_PARTS = ("api", "office", "portal")
_STATUSES = 600
_REQUESTS = len(_PARTS) * _STATUSES
_SECONDS_AT, _STORED_AT, _WAITING_AT, _NUMBERS = (
    _REQUESTS,
    _REQUESTS + 3,
    _REQUESTS + 4,
    _REQUESTS + 5,
)
"""The positions of one process's counts in the shared memory: from 0 on the requests by part of the
site and HTTP status, from `_SECONDS_AT` on the microseconds spent by part, at `_STORED_AT` the
stored records, and at `_WAITING_AT` the requests that waited for a thread at the last request.
`_NUMBERS` is the number of counts that a process has.
"""

_numbers = SharedNumbers(MOST_PROCESSES * _NUMBERS)
_lock = threading.Lock()
_process = 0


def init_app(app: Flask) -> None:
    """Make the app give every request an id, count the requests, and log most of them."""
    app.before_request(_begin)
    app.after_request(_end)


def request_id() -> str:
    """Return the id of the current request, which its log line and its error page show."""
    return str(g.get("request_id") or secrets.token_hex(6))


def count_for_process(number: int) -> None:
    """Set the number of this server process, under which it counts requests from now on.

    The server's processes are numbered from 0.
    """
    global _process
    _process = number % MOST_PROCESSES


def count_stored(count: int) -> None:
    """Add `count`, the number of records that have just been stored, to this process's total."""
    with _lock:
        _numbers.add(_process * _NUMBERS + _STORED_AT, count)


class Figures(NamedTuple):
    """The counts of all processes since the server began.

    `requests` is {(part, HTTP status): number}, and `seconds` {part: seconds spent on
    requests}. A part of the site is api, office (the web pages for signed-in users) or portal
    (the public website). `stored` is the number of stored records, and `waiting` that of the
    requests that waited for a thread when the processes last answered.
    """

    requests: dict[tuple[str, int], int]
    seconds: dict[str, float]
    stored: int
    waiting: int


def figures() -> Figures:
    """Return the counts of all processes since the server began."""
    sums = Counter[int]()
    for place, number in _numbers.filled():
        sums[place % _NUMBERS] += number
    requests = {
        (_PARTS[place // _STATUSES], place % _STATUSES): number
        for place, number in sums.items()
        if place < _REQUESTS
    }
    seconds = {
        part: sums[_SECONDS_AT + n] / 1e6 for n, part in enumerate(_PARTS) if sums[_SECONDS_AT + n]
    }
    return Figures(requests, seconds, sums[_STORED_AT], sums[_WAITING_AT])


def _begin() -> None:
    g.began_s = time.perf_counter()
    stated = request.headers.get(ID_HEADER, "")
    g.request_id = stated if _ID.fullmatch(stated) else secrets.token_hex(6)


def _end(response: Response) -> Response:
    took_s = time.perf_counter() - g.get("began_s", time.perf_counter())
    room = ROOMS.get((request.endpoint or "").partition(".")[0], "portal")
    part, first = _PARTS.index(room), _process * _NUMBERS
    with _lock:
        _numbers.add(first + part * _STATUSES + response.status_code % _STATUSES, 1)
        _numbers.add(first + _SECONDS_AT + part, round(took_s * 1e6))
        _numbers[first + _WAITING_AT] = waiting_requests(current_app)
    response.headers[ID_HEADER] = line_id = request_id()
    if room != "portal" or response.status_code >= FIRST_SERVER_ERROR:
        line = {
            "event": "request",
            "id": line_id,
            "method": request.method,
            "route": str(request.url_rule or ""),
            "status": response.status_code,
            "ms": round(took_s * 1000, 1),
        }
        _log.info("%s", msgspec.json.encode(line).decode())
    return response
