"""Run the production server: waitress, which works on a server and on a hall's Windows laptop.

waitress receives a complete request before a thread serves it, so slow clients occupy no thread.
This module limits connections and waiting requests, serves API requests first, and finishes running
requests before the server stops.
"""

import contextlib
import logging
import os
import select
import signal
import socket
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from flask import Flask
from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.server import TcpWSGIServer
from waitress.task import ErrorTask, ThreadedTaskDispatcher, WSGITask
from waitress.utilities import Error

from sync_server.config import (
    MAX_BODY_BYTES,
    MAX_UNAUTHENTICATED_BODY_BYTES,
    MAX_UPLOAD_BYTES,
    OFFICE_PATH,
    UPLOADS_PATH,
)
from sync_server.database import WRITERS
from sync_server.messages import say
from sync_server.web.session_cookies import has_signed_session

THREADS = WRITERS + 8
"""The server handles this many requests at a time. At most `WRITERS` of them may write to the
database, so at least 8 threads stay free for reading."""

MAX_QUEUED = 400
"""At most this many requests may wait for a thread; the threads need about two seconds to serve
them. Further requests get the status 503."""

MAX_CONNECTIONS = 3_000
"""Above this number, idle connections are closed. 5,000 phones that connect within 15 minutes have
about 600 connections open at a time."""

CLOSED_AT_ONCE = 100
"""The number of idle connections that the server closes together when it has too many.

To find the longest idle ones, it sorts all connections, which would be slow for every new one."""

IDLE_S = 15
"""A connection is closed if no request arrives for 15 s, because opening a new one costs little."""

HEADER_S = 15
"""A connection is closed if the headers of a request take more than 15 s to arrive. Headers are
short, so this is enough even on a slow line."""

BODY_S = 600
"""A connection is closed if a whole request takes more than 600 s to arrive. An honest client is
faster: even on the slowest line, it sends 64 KB in half a minute."""

STALLED_S = 120
"""A connection is closed if its client receives no part of a waiting response for 120 s."""

QUIET_S = 0.5
"""A stopping server closes an idle connection only after nothing has arrived on it for half a
second. If a client has just opened the connection, its request may still be on the way.
"""

DRAIN_S = 10
"""Running requests have 10 s to finish once the server is ordered to stop."""

BACKLOG = 2048
"""This many connections may wait until the server accepts them."""

API_PATH = "/api/"
EXTENSION = "diemcau-server"
FIRST_INHERITED = 3
"""The number of the first file descriptor that systemd passes to a process."""
MAINTENANCE_S = 2
LOOP_S = 0.25


class _Overloaded(Error):  # type: ignore[misc]
    code = 503
    reason = "Service Unavailable"


class ServerAdjustments(Adjustments):  # type: ignore[misc]
    """The settings of waitress together with the Flask app.

    The app's secret key verifies the session in a request's cookie.
    """

    def __init__(self, app: Flask, **settings: Any) -> None:
        super().__init__(**settings)
        self.app = app


class _Parser(HTTPRequestParser):  # type: ignore[misc]
    """A parser of HTTP requests that limits the size of a body before it is received.

    A sender without a token or a session may send at most `MAX_UNAUTHENTICATED_BODY_BYTES`.
    """

    def parse_header(self, header_plus: bytes) -> None:
        try:
            super().parse_header(header_plus)
        except ValueError:  # Python cannot parse the address or the length
            raise ParsingError("Invalid header") from None
        if self.chunked and "CONTENT_LENGTH" in self.headers:
            raise ParsingError("two lengths")  # a proxy may believe the other one
        if not self.chunked and self.content_length == 0:
            self.expect_continue = False  # waitress would wait for a body, and never answer
        if self.chunked or self.content_length > MAX_UNAUTHENTICATED_BODY_BYTES:
            self.adj = self._limits()

    def _limits(self) -> Adjustments:
        """Return waitress's settings with the largest body that this request may have.

        The body may be larger for an API request with a token, and for a request with a signed
        session to the web pages for signed-in users (the office). It may be largest for uploads of
        files of unsent records to these pages.
        """
        if self.path.startswith(API_PATH):
            return self.adj if "AUTHORIZATION" in self.headers else _UNAUTHENTICATED_LIMITS
        is_office = self.path.startswith(OFFICE_PATH)
        if not (is_office and has_signed_session(self.adj.app, self.headers.get("COOKIE", ""))):
            return _UNAUTHENTICATED_LIMITS
        return _UPLOAD_LIMITS if self.path.startswith(UPLOADS_PATH) else self.adj


_UNAUTHENTICATED_LIMITS = Adjustments(max_request_body_size=MAX_UNAUTHENTICATED_BODY_BYTES)
_UPLOAD_LIMITS = Adjustments(max_request_body_size=MAX_UPLOAD_BYTES)


class _ErrorTask(ErrorTask):  # type: ignore[misc]
    """The Vietnamese error response to a request that does not reach the app.

    Examples are a malformed request, and one that arrives while too many others wait.
    """

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


class _Task(WSGITask):  # type: ignore[misc]
    """The handling of one request; if the server is stopping, the response closes the connection.

    The client then sends its next request on a new connection, which waits until the restarted
    server accepts it.
    """

    def build_response_header(self) -> bytes:
        if self.channel.server.stopping_since_s is not None:
            self.request.headers["CONNECTION"] = "close"
        header: bytes = super().build_response_header()
        return header


class _Channel(HTTPChannel):  # type: ignore[misc]
    """The connection of one client, with its current request and waiting responses.

    `began_s` is when the current request began to arrive, in s since 1970 UTC.
    """

    parser_class = _Parser
    error_task_class = _ErrorTask
    task_class = _Task
    began_s = 0.0

    def received(self, data: bytes) -> bool:
        before = self.request
        is_taken: bool = super().received(data)
        if self.request is not before:
            self.began_s = self.last_activity
        return is_taken

    @property
    def is_idle(self) -> bool:
        """Return whether the connection has no request to receive or serve and nothing to send."""
        return not (self.requests or self.request or self.total_outbufs_len)

    def is_overdue(self, now_s: float) -> bool:
        """Return whether the client takes too long to send a request or receive a response.

        The limits are `IDLE_S` between requests, `HEADER_S` for headers, `BODY_S` for a whole
        request and `STALLED_S` for a response. `now_s` is in s since 1970 UTC.
        """
        if self.requests:
            return False
        if self.total_outbufs_len:
            return bool(now_s - self.last_activity > STALLED_S)
        if self.request is None:
            return bool(now_s - self.last_activity > IDLE_S)
        return now_s - self.began_s > (BODY_S if self.request.headers_finished else HEADER_S)


class _Dispatcher(ThreadedTaskDispatcher):  # type: ignore[misc]
    """The threads that serve requests, and the queue of requests that wait for a thread.

    API requests are served before others, so that check-in devices need not wait for readers of the
    public website. When more than `MAX_QUEUED` requests wait, a new one gets the status 503.
    """

    def add_task(self, task: HTTPChannel) -> None:
        with self.lock:
            if len(self.queue) >= MAX_QUEUED:
                task.requests[0].error = _Overloaded("")
            if _is_for_the_api(task):  # insert after the waiting API requests
                place = sum(_is_for_the_api(waiting) for waiting in self.queue)
                self.queue.insert(place, task)
            else:
                self.queue.append(task)
            self.queue_cv.notify()


def _is_for_the_api(task: HTTPChannel) -> bool:
    path = getattr(task.requests[0], "path", "")  # a request that is not HTTP has no path
    return bool(path.startswith(API_PATH))


class ProductionServer(TcpWSGIServer):  # type: ignore[misc]
    """A waitress server that limits connections and stops in an orderly way.

    Above `MAX_CONNECTIONS`, the server closes idle connections. When it stops, running requests may
    still finish.
    """

    channel_class = _Channel
    accepting: bool
    stopping_since_s: float | None = None

    def handle_accept(self) -> None:
        super().handle_accept()
        if len(self.active_channels) > MAX_CONNECTIONS:
            self._close_idle_connections()

    def _close_idle_connections(self) -> None:
        """Close up to `CLOSED_AT_ONCE` connections on which nothing is being sent or served.

        The connections of the client address with the most idle connections are closed first. Among
        the connections of one address, those that have been idle longest are closed first.
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
        """Serve requests until `stop` is called, then let running requests finish.

        Requests that are still running `DRAIN_S` seconds after `stop` was called are cut off.
        """
        try:
            while not self._is_done():
                self.asyncore.loop(
                    timeout=LOOP_S, map=self._map, use_poll=self.adj.asyncore_use_poll, count=1
                )
        finally:
            self.task_dispatcher.shutdown(timeout=1)
            self.asyncore.close_all(self._map)

    def stop(self, *_: Any) -> None:
        """Stop accepting connections, and end the server once its running requests are finished.

        The method can be used as a signal handler; it ignores the arguments that such a handler
        gets.
        """
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
            if channel.is_idle and time.time() - channel.last_activity > QUIET_S:
                channel.will_close = True
        is_late = time.monotonic() - self.stopping_since_s > DRAIN_S
        return is_late or not self.active_channels


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens on an address, or the one that systemd has passed.

    Raises: OSError if the host is unknown or the port is in use.
    """
    if (inherited := _inherited_socket()) is not None:
        return inherited
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listener = socket.socket(family, socket.SOCK_STREAM)
    if os.name != "nt":  # on Windows, the option would let two programs share the port
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
    except OSError:
        listener.close()
        raise
    listener.listen(BACKLOG)
    return listener


def serve_forever(
    app: Flask, listener: socket.socket, announce: Callable[[], None] = lambda: None
) -> None:
    """Serve the app on a listening socket until the process is interrupted or terminated.

    `announce` is called just before the server begins to serve. From then on, SIGTERM stops the
    server once its running requests are finished, or after `DRAIN_S` seconds.
    """
    log = logging.getLogger("diemcau")
    log.setLevel(logging.INFO)
    if not log.handlers:
        log.addHandler(logging.StreamHandler())  # lines of JSON, which the system's journal keeps
    # At its default level, waitress logs a warning for every request that waits.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    _allow_open_files()
    dispatcher = _Dispatcher()
    dispatcher.set_thread_count(THREADS)
    server = ProductionServer(
        app,
        _sock=listener,
        bind_socket=False,
        sockinfo=(listener.family, socket.SOCK_STREAM, 0, listener.getsockname()),
        dispatcher=dispatcher,
        adj=_adjustments(app, MAINTENANCE_S),
    )
    app.extensions[EXTENSION] = server
    signal.signal(signal.SIGTERM, server.stop)
    announce()
    with contextlib.suppress(KeyboardInterrupt):
        server.run()


def _adjustments(app: Flask, maintenance_s: int) -> ServerAdjustments:
    """Return waitress's settings.

    Every `maintenance_s` seconds, waitress looks for connections to close.
    """
    return ServerAdjustments(
        app,
        max_request_body_size=MAX_BODY_BYTES * 2,  # above half of this, the app answers 413
        connection_limit=MAX_CONNECTIONS * 2,  # handle_accept closes idle ones earlier
        cleanup_interval=maintenance_s,
        backlog=BACKLOG,
        asyncore_use_poll=hasattr(select, "poll"),
        ident=None,
        # The app itself reads a proxy's headers, and must see those of a proxy that the setting
        # PROXIES does not mention: its callers are not on this machine.
        clear_untrusted_proxy_headers=False,
    )


def _inherited_socket() -> socket.socket | None:
    """Return the listening socket that systemd has passed to this process; None without one.

    systemd keeps the socket open while the server restarts, so that requests wait meanwhile
    (sd_listen_fds(3)).
    """
    if os.environ.get("LISTEN_PID") != str(os.getpid()):
        return None
    return socket.socket(fileno=FIRST_INHERITED)


def waiting_requests(app: Flask) -> int:
    """Return how many requests wait for a thread; 0 if another server runs the app."""
    server = app.extensions.get(EXTENSION)
    return len(server.task_dispatcher.queue) if server else 0


def is_draining(app: Flask) -> bool:
    """Return whether the server has been ordered to stop and is finishing its requests."""
    server = app.extensions.get(EXTENSION)
    return bool(server and server.stopping_since_s is not None)


def _allow_open_files() -> None:
    """Allow the process twice `MAX_CONNECTIONS` open files, or as many as the system permits.

    A connection counts as an open file. Windows has no such limit, so nothing is done there.
    """
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_CONNECTIONS * 2
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), hard))
