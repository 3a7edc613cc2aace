"""The production server: waitress, which runs on a server and on a hall's Windows laptop.

waitress receives a whole request before a thread serves it, so that a slow line occupies no thread.
This module adds limits on open connections, and a stop that first finishes running requests.
"""

import contextlib
import logging
import select
import signal
import socket
import time
from collections import Counter
from typing import Any

import click
from flask import Flask
from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.server import TcpWSGIServer
from waitress.task import ErrorTask, ThreadedTaskDispatcher
from waitress.utilities import Error

from sync_server.config import (
    MAX_BODY_BYTES,
    MAX_STRANGERS_BODY_BYTES,
    MAX_UPLOAD_BYTES,
    OFFICE_PATH,
    UPLOADS_PATH,
)
from sync_server.database import WRITERS
from sync_server.messages import say
from sync_server.web.session_cookies import has_signed_session

THREADS = WRITERS + 8
"""Requests served at a time: those that may wait to write, and some that only read."""

MAX_QUEUED = 400
"""The most requests that wait for a thread, about two seconds of work; further ones get 503."""

MAX_CONNECTIONS = 3_000
"""Above this, idle connections are closed; 5,000 phones within 15 minutes open about 600."""

CLOSED_AT_ONCE = 100
"""How many idle connections are closed at a time to make room."""

IDLE_S = 15
"""How long a connection may wait for its next request; opening another costs little."""

HEADER_S = 15
"""How long the head of a request may take to arrive."""

BODY_S = 600
"""How long a body may take: a piece of 64 KB takes half a minute on the poorest line."""

STALLED_S = 120
"""How long a reader may receive nothing of a response that waits to be sent."""

DRAIN_S = 10
"""How long running requests may continue after the order to stop."""

API_PATH = "/api/"
MAINTENANCE_S = 2


class _Overloaded(Error):  # type: ignore[misc]
    code = 503
    reason = "Service Unavailable"


class ServerAdjustments(Adjustments):  # type: ignore[misc]
    """waitress's settings, and the app, which recognises the senders of large bodies."""

    def __init__(self, app: Flask, **settings: Any) -> None:
        super().__init__(**settings)
        self.app = app


class _Parser(HTTPRequestParser):  # type: ignore[misc]
    """A parser that limits a request's body by its sender, before the body is received."""

    def parse_header(self, header_plus: bytes) -> None:
        try:
            super().parse_header(header_plus)
        except ValueError:  # an address or a length that Python cannot read
            raise ParsingError("Invalid header") from None
        if self.chunked or self.content_length > MAX_STRANGERS_BODY_BYTES:
            self.adj = self._limits()

    def _limits(self) -> Adjustments:
        """Return the settings with the largest body that this sender may send to this path."""
        if self.path.startswith(API_PATH):
            return self.adj if "AUTHORIZATION" in self.headers else _STRANGERS_LIMITS
        is_office = self.path.startswith(OFFICE_PATH)
        if not (is_office and has_signed_session(self.adj.app, self.headers.get("COOKIE", ""))):
            return _STRANGERS_LIMITS
        return _UPLOAD_LIMITS if self.path.startswith(UPLOADS_PATH) else self.adj


_STRANGERS_LIMITS = Adjustments(max_request_body_size=MAX_STRANGERS_BODY_BYTES)
_UPLOAD_LIMITS = Adjustments(max_request_body_size=MAX_UPLOAD_BYTES)


class _ErrorTask(ErrorTask):  # type: ignore[misc]
    """The response, in Vietnamese, to a faulty request that never reaches the app."""

    def execute(self) -> None:
        error = self.request.error
        body = say(f"http.{error.code}").encode()
        self.status = f"{error.code} {error.reason}"
        self.response_headers.append(("Content-Type", "text/plain; charset=utf-8"))
        if isinstance(error, _Overloaded):
            self.response_headers.append(("Retry-After", "5"))
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


class _Channel(HTTPChannel):  # type: ignore[misc]
    """A connection. `began_s`: when the request that is now arriving began."""

    parser_class = _Parser
    error_task_class = _ErrorTask
    began_s = 0.0

    def received(self, data: bytes) -> bool:
        before = self.request
        is_taken: bool = super().received(data)
        if self.request is not before:
            self.began_s = self.last_activity
        return is_taken

    @property
    def is_idle(self) -> bool:
        """Whether nothing is being received, served or sent."""
        return not (self.requests or self.request or self.total_outbufs_len)

    def is_overdue(self, now_s: float) -> bool:
        """Return whether the client takes too long to send a request or receive a response."""
        if self.requests:
            return False
        if self.total_outbufs_len:
            return bool(now_s - self.last_activity > STALLED_S)
        if self.request is None:
            return bool(now_s - self.last_activity > IDLE_S)
        return now_s - self.began_s > (BODY_S if self.request.headers_finished else HEADER_S)


class _Dispatcher(ThreadedTaskDispatcher):  # type: ignore[misc]
    """The threads that serve requests; those to the API go first, so that kiosks need not wait."""

    def add_task(self, task: HTTPChannel) -> None:
        with self.lock:
            if len(self.queue) >= MAX_QUEUED:
                task.requests[0].error = _Overloaded("")
            if _is_for_the_api(task):  # after the API's others, before all the rest
                place = sum(_is_for_the_api(waiting) for waiting in self.queue)
                self.queue.insert(place, task)
            else:
                self.queue.append(task)
            self.queue_cv.notify()


def _is_for_the_api(task: HTTPChannel) -> bool:
    path = getattr(task.requests[0], "path", "")  # a request that is not HTTP has no path
    return bool(path.startswith(API_PATH))


class ProductionServer(TcpWSGIServer):  # type: ignore[misc]
    """waitress with limits on connections and a stop that first finishes running requests."""

    channel_class = _Channel
    accepting: bool
    stopping_since_s: float | None = None

    def handle_accept(self) -> None:
        super().handle_accept()
        if len(self.active_channels) > MAX_CONNECTIONS:
            self._close_the_least_useful()

    def _close_the_least_useful(self) -> None:
        """Close idle connections: of the address that holds the most, and longest idle, first.

        Many are closed at a time, since sorting them for every new connection would be slow.
        """
        idle = [channel for channel in self.active_channels.values() if channel.is_idle]
        held = Counter(channel.addr[0] for channel in idle)
        idle.sort(key=lambda channel: (-held[channel.addr[0]], channel.last_activity))
        for channel in idle[:CLOSED_AT_ONCE]:
            channel.handle_close()

    def maintenance(self, now: float) -> None:
        for channel in list(self.active_channels.values()):
            if channel.is_overdue(now):
                channel.will_close = True

    def run(self) -> None:
        """Serve until `stop` is called, then finish running requests for at most `DRAIN_S`."""
        try:
            while not self._is_done():
                self.asyncore.loop(
                    timeout=1, map=self._map, use_poll=self.adj.asyncore_use_poll, count=1
                )
        finally:
            self.task_dispatcher.shutdown(timeout=1)
            self.asyncore.close_all(self._map)

    def stop(self, *_: Any) -> None:
        """Accept no more connections, and end when the running requests are finished."""
        self.stopping_since_s = time.monotonic()
        with contextlib.suppress(OSError):  # the server has ended already
            self.pull_trigger()

    def _is_done(self) -> bool:
        if self.stopping_since_s is None:
            return False
        if self.accepting:
            self.accepting = False
            self.del_channel(self._map)
            self.socket.close()
        for channel in list(self.active_channels.values()):
            if not (channel.requests or channel.total_outbufs_len):
                channel.will_close = True
        is_late = time.monotonic() - self.stopping_since_s > DRAIN_S
        return is_late or not self.active_channels


def serve_forever(app: Flask, host: str, port: int) -> None:
    """Serve until interrupted or terminated. Raises: OSError if the address is not available."""
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # it warns whenever a request waits
    _allow_open_files()
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    dispatcher = _Dispatcher()
    dispatcher.set_thread_count(THREADS)
    server = ProductionServer(
        app,
        sockinfo=(family, socket.SOCK_STREAM, 0, address),
        dispatcher=dispatcher,
        adj=ServerAdjustments(
            app,
            max_request_body_size=MAX_BODY_BYTES * 2,  # the app answers 413 itself
            connection_limit=MAX_CONNECTIONS * 2,  # handle_accept closes some before that
            cleanup_interval=MAINTENANCE_S,
            backlog=2048,
            asyncore_use_poll=hasattr(select, "poll"),
            ident=None,
            clear_untrusted_proxy_headers=not app.config["SETTINGS"].proxies,  # the app reads them
        ),
    )
    signal.signal(signal.SIGTERM, server.stop)
    click.echo(say("serve.ready", url=app.config["SETTINGS"].public_url, host=host, port=port))
    with contextlib.suppress(KeyboardInterrupt):
        server.run()


def _allow_open_files() -> None:
    """Raise the limit on open files to what the connections need, except on Windows."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_CONNECTIONS * 2
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), hard))
