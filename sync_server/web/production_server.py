"""The production server: waitress, which runs on a server and on a hall's Windows laptop."""

import click
from flask import Flask
from waitress.server import create_server

from sync_server.config import MAX_BODY_BYTES
from sync_server.messages import say

THREADS = 16
"""Syncs that wait for the one writer are written together, so more threads write more at once."""


def serve_forever(app: Flask, host: str, port: int) -> None:
    """Serve until interrupted. Raises: OSError if the address is not available."""
    server = create_server(
        app,
        host=host,
        port=port,
        threads=THREADS,
        max_request_body_size=MAX_BODY_BYTES * 2,  # the app answers 413 itself
        ident=None,
        clear_untrusted_proxy_headers=not app.config["SETTINGS"].proxies,  # the app reads them
    )
    click.echo(say("serve.ready", url=app.config["SETTINGS"].public_url, host=host, port=port))
    try:
        server.run()
    finally:
        server.close()
