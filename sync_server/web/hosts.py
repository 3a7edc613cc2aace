"""Checks of addresses: that requests name this site in their `Host` header, and hold no NUL.

Another name in the `Host` header is a mistake in a proxy, or a page elsewhere that pretends to be
this site.
"""

from urllib.parse import urlsplit

from flask import Flask, current_app, request

from sync_server.config import Settings
from sync_server.errors import ForeignHost, NotFound

LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
"""Names of the machine itself: a health check, or a proxy that passes no name on, uses them."""


def init_app(app: Flask) -> None:
    """Check every request's host."""
    app.before_request(check_host)


def check_host() -> None:
    """Check that the request is for this site. Raises: ForeignHost."""
    settings: Settings = current_app.config["SETTINGS"]
    our_name = _name_of(urlsplit(settings.public_url).netloc)
    if not is_loopback(request.host) and _name_of(request.host) != our_name:
        raise ForeignHost(host=request.host[:64], url=settings.public_url)


def refuse_nul() -> None:
    """Answer 404 if the address holds a NUL character, which PostgreSQL cannot compare."""
    parts = (*(request.view_args or {}).values(), *request.args.values())
    if any("\x00" in str(part) for part in parts):
        raise NotFound(path=request.path)


def is_loopback(host: str) -> bool:
    """Return whether a host, with or without a port, names the machine itself."""
    return _name_of(host) in LOOPBACK


def _name_of(host: str) -> str:
    name, _, port = host.rpartition(":")
    return (name if name and port.isdecimal() else host).lower()
