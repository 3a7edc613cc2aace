"""The commands of `flask --app sync_server`. Their help and their output are in Vietnamese."""

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
    """Add this server's commands to the `flask` command, with help from the message catalogue.

    The docstrings of the commands are for developers only.
    """
    for command in COMMANDS:
        for path, part in command_parts(command):
            part.help = say(f"cli.help.{path}")
        app.cli.add_command(command)


def command_parts(
    command: click.Command, path: str = ""
) -> Iterator[tuple[str, click.Command | click.Option]]:
    """Yield a command, its options and its subcommands, every after a path like `user.add.role`."""
    path = f"{path}{command.name}"
    yield path, command
    for option in command.params:
        if isinstance(option, click.Option):
            yield f"{path}.{option.name}", option
    if isinstance(command, click.Group):
        for subcommand in command.commands.values():
            yield from command_parts(subcommand, f"{path}.")
