"""Imitate a poor network with a proxy that cuts connections or loses the server's answers."""

import contextlib
import select
import socket
import threading
from enum import Enum


class Line(Enum):
    """The possible states of an imitated network.

    It works, is cut, or loses the server's answers; or a Wi-Fi log-in page answers in place of the
    server.
    """

    OPEN = "open"
    CUT = "cut"
    LOSES_ANSWERS = "loses answers"
    LOG_IN = "asks to log in"


class PoorLine:
    """A proxy on a free port that imitates a poor network in front of a server.

    `state` decides what the proxy forwards; `carried_bytes` counts the bytes that the server has
    sent.
    """

    def __init__(self, server_port: int) -> None:
        self.state = Line.OPEN
        self.carried_bytes = 0
        self._cut_at_bytes: int | None = None
        self._server_port = server_port
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def set(self, state: Line) -> None:
        """Change the state of the imitated network and break all open connections."""
        self.state = state
        for connection in list(self._open):
            _break(connection)

    def cut_after(self, size_bytes: int) -> None:
        """Cut the network once the server has sent more than `size_bytes` after this call."""
        self._cut_at_bytes = self.carried_bytes + size_bytes

    def close(self) -> None:
        """Break all connections and stop listening."""
        self.set(Line.CUT)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                browser, _ = self._listener.accept()
            except OSError:
                return
            if self.state is Line.CUT:
                _break(browser)
            else:
                serve = _ask_to_log_in if self.state is Line.LOG_IN else self._carry
                threading.Thread(target=serve, args=(browser,), daemon=True).start()

    def _carry(self, browser: socket.socket) -> None:
        server = socket.create_connection(("127.0.0.1", self._server_port))
        self._open |= {browser, server}
        with contextlib.suppress(OSError, ValueError):
            while self._pass_on(browser, server):
                pass
        self._open -= {browser, server}
        _break(browser)
        _break(server)

    def _pass_on(self, browser: socket.socket, server: socket.socket) -> bool:
        """Wait for bytes from the browser or the server, and forward them to the other side.

        Return False if the connection must end, because one side has closed it or the network's
        state no longer lets the bytes through.
        Raises: OSError if a connection fails.
        """
        ready, _, _ = select.select([browser, server], [], [])
        for source in ready:
            data = source.recv(65536)
            if not data or (source is server and self.state is Line.LOSES_ANSWERS):
                return False
            if source is server:
                self.carried_bytes += len(data)
                if self._cut_at_bytes is not None and self.carried_bytes > self._cut_at_bytes:
                    self._cut_at_bytes = None
                    self.state = Line.CUT
                    return False
            (server if source is browser else browser).sendall(data)
        return True


def _ask_to_log_in(browser: socket.socket) -> None:
    """Answer a request with a log-in page and status 200, as some public Wi-Fi networks do."""
    page = b"<!doctype html><title>Wi-Fi</title>Log in"
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(page)}\r\n"
    with contextlib.suppress(OSError):
        is_head = browser.recv(65536).startswith(b"HEAD")
        browser.sendall(f"{head}Connection: close\r\n\r\n".encode() + (b"" if is_head else page))
    _break(browser)


def _break(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
