"""Functions that several commands share.

They read the settings and the published units and meetings, and check that the database has the
current schema.
"""

import functools
import sys
from collections.abc import Callable
from typing import Any

import click
from flask import current_app
from sqlalchemy.exc import DatabaseError

from sync_server import database
from sync_server.clocks import now_ms
from sync_server.config import Settings
from sync_server.messages import say
from sync_server.storage.directory import PublishedDirectory
from sync_server.terminal import CommandFault
from sync_server.web import served_portal

NOT_CONFIRMED = 2
"""The exit status if a confirmation is needed but there is no terminal to ask at. Nothing was
changed."""


def confirm(question: str, not_asked: str, given_up: str, *, yes: bool) -> None:
    """Ask a question, unless `yes` is True; end the command if the answer is no.

    All texts are keys of the message catalogue. The exit status is 0 if the answer is no, after
    printing `given_up`. If there is no terminal to ask at, print `not_asked` and exit with
    `NOT_CONFIRMED`.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        click.echo(say(not_asked), err=True)
        sys.exit(NOT_CONFIRMED)
    if not click.confirm(say(question), default=False):
        click.echo(say(given_up))
        sys.exit(0)


def current_settings() -> Settings:
    """Return the settings of the running app, such as the database's URL.

    Raises: RuntimeError outside the context of a Flask app, which is a bug.
    """
    settings: Settings = current_app.config["SETTINGS"]
    return settings


def published_directory() -> PublishedDirectory:
    """Return the units, halls (points) and meetings that the portal, the public website, publishes.

    They are read from the version of the portal that is served now.

    Raises: CommandFault if there is no portal; ReleaseMalformed if the portal's list of units and
    meetings has an unknown format.
    """
    with database.reading() as connection:
        published = served_portal.published_directory(
            connection, current_settings().site_dir, now_ms()
        )
    if published is None:
        raise CommandFault(say("cli.no_release", path=current_settings().site_dir))
    return published


def on_current_schema(command: Callable[..., None]) -> Callable[..., None]:
    """Wrap a command so that it first checks the database schema.

    The wrapped command raises CommandFault if migrations are missing, or if the database cannot be
    read.
    """

    @functools.wraps(command)
    def checked(*args: Any, **kwargs: Any) -> None:
        try:
            is_current = database.has_current_schema()
        except DatabaseError as fault:  # the file is unreadable or damaged
            cause = str(fault.orig or fault)
            path = database.db.engine.url.database or ""
            raise CommandFault(say("cli.database", path=path, fault=cause)) from None
        if not is_current:
            raise CommandFault(say("cli.schema"))
        command(*args, **kwargs)

    return checked
