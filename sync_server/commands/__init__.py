"""The commands of `flask --app sync_server`, such as `serve` and `roster import`.

Their help texts and their output are in Vietnamese.
"""

from collections.abc import Iterator

import click
from flask import Flask

from sync_server import click_words
from sync_server.commands import (
    accounts,
    audit_log,
    backups,
    devices,
    doctor,
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
    doctor.doctor,
    reports.report_group,
    roster.roster_group,
    devices.device_group,
    accounts.user_group,
    accounts.setup_link,
    meetings.meeting_group,
    queues.queue_group,
    upkeep.ledger_group,
    upkeep.purge,
    upkeep.seal_group,
    audit_log.audit_group,
    backups.backup_group,
    backups.restore,
)


def init_app(app: Flask) -> None:
    """Add this server's commands to the `flask` command, with help texts in Vietnamese.

    The help comes from the message catalogue, not from the commands' docstrings, which are in
    English. Raises: KeyError if a command or option has no help text, which is a bug.
    """
    click_words.install()
    for command in COMMANDS:
        for path, part in command_parts(command):
            part.help = say(f"cli.help.{path}")
        app.cli.add_command(command)


def command_parts(
    command: click.Command, path: str = ""
) -> Iterator[tuple[str, click.Command | click.Option]]:
    """Yield a command, its options and all its subcommands with their options.

    Every item is (path, command or option). The path joins the names with dots, as in
    `user.add.role`. `path` is the prefix of all paths: "", or the path of the parent command with a
    dot at the end.
    """
    path = f"{path}{command.name}"
    yield path, command
    for option in command.params:
        if isinstance(option, click.Option):
            yield f"{path}.{option.name}", option
    if isinstance(command, click.Group):
        for subcommand in command.commands.values():
            yield from command_parts(subcommand, f"{path}.")
