"""The commands of `flask --app sync_server`: their help and all that they print is Vietnamese."""

from collections.abc import Iterator

import click
from flask import Flask

from sync_server.commands import (
    accounts,
    devices,
    meetings,
    queues,
    reports,
    roster,
    serving,
    upkeep,
)
from sync_server.messages import say

COMMANDS: tuple[click.Command, ...] = (
    serving.serve,
    serving.demo_command,
    reports.report_group,
    roster.roster_group,
    devices.device_group,
    accounts.user_group,
    meetings.meeting_group,
    queues.queue_group,
    upkeep.ledger_group,
    upkeep.purge,
)


def init_app(app: Flask) -> None:
    """Add the commands of this server to the `flask` command, with the catalogue's help.

    The docstrings of commands are for developers.
    """
    for command in COMMANDS:
        for path, part in command_parts(command):
            part.help = say(f"cli.help.{path}")
        app.cli.add_command(command)


def command_parts(
    command: click.Command, path: str = ""
) -> Iterator[tuple[str, click.Command | click.Option]]:
    """Return a command, its options and its subcommands, each with its path: `user.add.role`."""
    path = f"{path}{command.name}"
    yield path, command
    for option in command.params:
        if isinstance(option, click.Option):
            yield f"{path}.{option.name}", option
    if isinstance(command, click.Group):
        for subcommand in command.commands.values():
            yield from command_parts(subcommand, f"{path}.")
