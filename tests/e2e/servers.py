"""Start servers as copies of one process that has already loaded the server's modules.

This saves every test the time that the imports take.
"""

import multiprocessing
import os
from collections.abc import Mapping
from multiprocessing.connection import Connection

from flask.cli import ScriptInfo

from sync_server import api, commands, create_app, office  # noqa: F401 - loaded before the forks
from sync_server.config import load_settings

_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload([__name__])


class ServerProcess:
    """A `flask serve` command that runs in a separate process."""

    def __init__(self, environ: Mapping[str, str], port: int) -> None:
        """Start the server on `port`; return once it reports that it is serving.

        `environ` holds the server's settings.
        Raises: AssertionError if the server prints anything else first.
        """
        self._output, output_of_server = _forks.Pipe(duplex=False)
        self._process = _forks.Process(
            target=_serve, args=(dict(environ), port, output_of_server), daemon=True
        )
        self._process.start()
        output_of_server.close()
        message = os.read(self._output.fileno(), 4096).decode()
        assert "Đang phục vụ" in message, message

    def stop(self) -> None:
        """Stop the server with SIGTERM, as an operator does.

        Raises: AssertionError if the server has not ended within 10 s with exit status 0.
        """
        self._process.terminate()
        self._process.join(10)
        assert self._process.exitcode == 0
        self._output.close()


def _serve(environ: dict[str, str], port: int, output: Connection) -> None:
    os.dup2(output.fileno(), 1)
    app = create_app(load_settings(environ))
    with app.app_context():
        app.cli.main(["serve", f"--port={port}"], "flask", obj=ScriptInfo(create_app=lambda: app))
