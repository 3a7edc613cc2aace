"""The production server: waitress, which runs alike on a server and on a hall's Windows laptop."""

import click
from flask import Flask
from waitress.server import create_server

from sync_server.api.bodies import MAX_BODY_BYTES
from sync_server.messages import say

THREADS = 16
"""Requests that wait for the one writer are merged: the more wait, the more go at once."""


def serve_forever(app: Flask, host: str, port: int) -> None:
    """Serve until interrupted. Raises: OSError where the address cannot be had."""
    server = create_server(
        app,
        host=host,
        port=port,
        threads=THREADS,
        max_request_body_size=MAX_BODY_BYTES * 2,  # we answer 413 ourselves, in our own words
        ident=None,
        clear_untrusted_proxy_headers=not app.config["SETTINGS"].proxies,  # those the app reads
    )
    click.echo(say("serve.ready", url=app.config["SETTINGS"].public_url, host=host, port=port))
    try:
        server.run()
    finally:
        server.close()
