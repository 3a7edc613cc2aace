"""Check that requests name this site in their `Host` header and contain no NUL characters.

Another host name means that a proxy is misconfigured or that a foreign page imitates this site.
"""

from functools import cache, lru_cache
from urllib.parse import urlsplit

from flask import Flask, current_app, request

from sync_server.config import Settings
from sync_server.errors import ForeignHost, NotFound

LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
"""The host names of the local machine. Requests may use them, because health checks do, and so do
proxies that do not pass on the original host name."""


_LOCAL_ADDRESSES = frozenset({"127.0.0.1", "::1"})
"""The IP addresses from which programs on this machine send requests."""


def init_app(app: Flask) -> None:
    """Make the app check the `Host` header of every request."""
    app.before_request(check_host)


def check_host() -> None:
    """Check that the `Host` header of the request names this site or the local machine.

    Raises: ForeignHost if the header names another host.
    """
    settings: Settings = current_app.config["SETTINGS"]
    host = _name_of(request.host)
    if host not in LOOPBACK and host != _name_in(settings.public_url):
        raise ForeignHost(host=request.host[:64], url=settings.public_url)


def refuse_nul() -> None:
    """Check that the request's path and query parameters contain no NUL character.

    PostgreSQL rejects texts with this character. Raises: NotFound if there is one.
    """
    parts = (*(request.view_args or {}).values(), *request.args.values())
    if any("\x00" in str(part) for part in parts):
        raise NotFound(path=request.path)


def is_loopback(host: str) -> bool:
    """Return whether a host name, with or without a port, stands for the local machine."""
    return _name_of(host) in LOOPBACK


def is_local_caller() -> bool:
    """Return whether the request comes from a program or a browser on this machine.

    A request with the header `X-Forwarded-For` was passed on by a proxy and does not count,
    even if the setting `PROXIES` does not mention the proxy.
    """
    is_passed_on = "X-Forwarded-For" in request.headers
    return request.remote_addr in _LOCAL_ADDRESSES and not is_passed_on


@cache
def _name_in(url: str) -> str:
    return _name_of(urlsplit(url).netloc)


@lru_cache(maxsize=64)
def _name_of(host: str) -> str:
    name, _, port = host.rpartition(":")
    return (name if name and port.isdecimal() else host).lower()
