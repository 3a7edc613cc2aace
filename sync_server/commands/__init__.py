"""The commands of `flask --app sync_server`. Every command reports in Vietnamese what it did."""

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


def init_app(app: Flask) -> None:
    """Add the commands of this server to the `flask` command."""
    for command in (
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
    ):
        app.cli.add_command(command)
