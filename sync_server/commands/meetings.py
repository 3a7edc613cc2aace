"""Commands that apply a meeting's published times and halls, or create a rehearsal."""

from datetime import datetime
from typing import Any

import click
from flask.cli import AppGroup

from sync_server import database
from sync_server.acts import arrangements
from sync_server.clocks import now_ms
from sync_server.commands.common import on_current_schema, published_directory
from sync_server.errors import UnknownMeeting
from sync_server.messages import say
from sync_server.storage import directory
from sync_server.terminal import CommandFault

meeting_group = AppGroup("meeting")


@meeting_group.command("accept")
@click.argument("meeting")
@on_current_schema
def meeting_accept(meeting: str) -> None:
    """Put a meeting's published start, end and tolerated delay into effect in all its halls.

    The portal (the public website) publishes these values. `meeting` is the meeting's id. Published
    units and halls that the database lacks are stored too. Raises: CommandFault if the portal does
    not publish the meeting, or if there is no portal.
    """
    published = published_directory()
    published_meeting = next(
        (candidate for candidate in published.meetings if candidate.id == meeting), None
    )
    if published_meeting is None:
        meeting_ids = ", ".join(candidate.id for candidate in published.meetings)
        raise CommandFault(say("cli.unknown_meeting", value=meeting, known=meeting_ids))
    at_ms = now_ms()

    def accept(c: Any) -> int:
        directory.add_places(c, published.units, published.points)
        return arrangements.accept_meeting(c, published_meeting, at_ms)

    click.echo(say("cli.accepted", title=published_meeting.title, count=database.write(accept)))


@meeting_group.command("rehearse")
@click.argument("meeting")
@click.option("--at", required=True)
@on_current_schema
def meeting_rehearse(meeting: str, at: str) -> None:
    """Create a rehearsal of a meeting with the same halls and summoned people.

    `meeting` is the meeting's id. `at` is the start of the rehearsal in Vietnam's time, as
    `YYYY-MM-DD HH:MM`. Statistics leave rehearsals out. Raises: CommandFault if the meeting is
    unknown, or if `at` has another format.
    """
    try:
        begins = datetime.strptime(f"{at} +0700", "%Y-%m-%d %H:%M %z")
    except ValueError:
        raise CommandFault(say("cli.rehearsal_at", value=at)) from None
    at_ms = now_ms()
    starts_ms = round(begins.timestamp() * 1000)
    try:
        rehearsal = database.write(lambda c: arrangements.rehearse(c, meeting, starts_ms, at_ms))
    except UnknownMeeting as fault:
        raise CommandFault(str(fault)) from None
    click.echo(say("cli.rehearsal", title=rehearsal.title, id=rehearsal.id))
