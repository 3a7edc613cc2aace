"""Commands that run the production server, and fill the database with a demonstration."""

import gc
import socket
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial

import click
import msgspec
from flask import Flask, current_app

from sync_server import database, sealing
from sync_server.clocks import now_ms
from sync_server.commands.common import current_settings, on_current_schema, published_directory
from sync_server.commands.demo import demonstration
from sync_server.domain.records.codes import MINUTE_MS
from sync_server.messages import number, say
from sync_server.storage.blobs import releases
from sync_server.storage.database_copies import ServerRuns, serving
from sync_server.storage.ledger import record_store
from sync_server.terminal import CommandFault
from sync_server.web import request_log
from sync_server.web.production_server import listen, serve_forever
from sync_server.web.server_processes import MOST_PROCESSES, default_count, run_in_processes

CLOCK_TOLERANCE_MS = MINUTE_MS
"""How far the server's clock may be behind the time at which the newest record was received: one
minute, in ms. If it is further behind when the server starts, the clock is probably wrong, and so
would be the times of new records; the server prints a warning.
"""


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--processes", type=click.IntRange(1, MOST_PROCESSES))
@on_current_schema
def serve(host: str, port: int, processes: int | None) -> None:
    """Serve the portal, the devices' API and the office pages until the process is stopped.

    The portal is the public website, and the office pages are for signed-in users. `host` is the
    address to listen on. There is one process per core unless `processes` says how many. Before it
    starts, the server prints a warning if its clock is behind the time at which it received the
    newest record.

    Raises: CommandFault if the port is not available, if a backup is being restored, if the
    database confirms commits before they are on its disk, or if commits wait for fewer standbys
    (further machines with PostgreSQL) than the settings demand.
    """
    at_ms = now_ms()
    with database.reading() as connection:
        release = releases.current(connection, at_ms)
        newest_ms = record_store.newest_receipt_ms(connection)
        is_durable = database.commits_are_durable(connection)
        standbys = database.synchronous_standbys(connection)
    if not is_durable:
        raise CommandFault(say("doctor.not_durable"))
    _check_standbys(standbys, current_settings().synchronous_standbys)
    if newest_ms > at_ms + CLOCK_TOLERANCE_MS:
        minutes = (newest_ms - at_ms) // MINUTE_MS
        click.echo(say("serve.clock_behind", minutes=number(minutes)), err=True)
    if release:
        click.echo(say("serve.published", release=release[:12], path=current_settings().site_dir))
    path = database.sqlite_path()
    try:
        with serving(path) if path else nullcontext(), listen(host, port) as listener:
            database.db.engine.dispose()  # no connection may be used by two processes
            ready = say("serve.ready", url=current_settings().public_url, host=host, port=port)
            with database.watching_files():
                status = _serve(listener, processes or default_count(), partial(click.echo, ready))
    except ServerRuns:
        raise CommandFault(say("serve.restoring")) from None
    except OSError as fault:
        raise CommandFault(say("cli.port", host=host, port=port, fault=fault.strerror)) from None
    finally:
        database.db.engine.dispose()  # SQLite writes its log back when the last connection closes
    if status:
        raise SystemExit(status)


def _check_standbys(standbys: database.Standbys, wanted: int) -> None:
    """Check that PostgreSQL confirms a commit only after `wanted` standbys have stored it.

    A standby is another machine that keeps a copy of the database. Raises: CommandFault if commits
    wait for fewer standbys. If they wait for enough standbys, but not all of these are connected,
    only print a warning: no data can be lost, and stored data can be read.
    """
    if standbys.waited_for < wanted:
        waited_for = standbys.waited_for
        raise CommandFault(say("doctor.not_synchronous", waited_for=waited_for, wanted=wanted))
    if standbys.connected < wanted:
        message = say("doctor.standby_away", connected=standbys.connected, wanted=wanted)
        click.echo(message, err=True)


def _serve(listener: socket.socket, count: int, announce: Callable[[], None]) -> int:
    """Answer requests on a listening socket with `count` processes, and return the exit status.

    `announce` is called when all processes have been started; from then on, the signal SIGTERM to
    this process stops all of them.
    """
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    # Modules and routes are never freed. If garbage collections skip them, those that run while a
    # PDF is written take a fifth less time, and the processes can share their memory.
    gc.freeze()
    if count == 1:
        serve_forever(app, listener, announce)
        return 0

    def serve_as(number: int) -> None:
        request_log.count_for_process(number)
        serve_forever(app, listener)
        database.db.engine.dispose()

    return run_in_processes(count, serve_as, announce)


@click.command("demo")
def demo_command() -> None:
    """Fill the database with synthetic people and conferences, and print how to sign in.

    The database schema is created or updated first. If the database contains real people, print a
    warning and add nothing. Raises: CommandFault if there is no portal (public website), because
    the units and halls come from the portal.
    """
    database.upgrade_schema()
    published = published_directory()
    try:
        summary = demonstration.fill_database(
            published, sealing.public_key(current_settings().seal_key), now_ms()
        )
    except demonstration.RealPeopleFault:
        click.echo(say("demo.real_people", url=current_settings().public_url))
        return
    click.echo(
        say("demo.ready", url=current_settings().public_url, **msgspec.structs.asdict(summary))
    )
