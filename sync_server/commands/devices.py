"""Commands that enrol and revoke devices: the clerks' check-in devices and the chairs' devices."""

import click
from flask.cli import AppGroup

from sync_server import database
from sync_server.acts.enrolment_link import enrolment_url
from sync_server.clocks import now_ms
from sync_server.commands.common import current_settings, on_current_schema
from sync_server.domain.records.permissions import DEVICE_PROFILES, Profile
from sync_server.messages import say
from sync_server.storage import directory
from sync_server.storage.access import devices
from sync_server.storage.people import roster
from sync_server.terminal import CommandFault

device_group = AppGroup("device")


@device_group.command("enrol")
@click.argument("point")
@click.option(
    "--profile",
    type=click.Choice(sorted(p.value for p in DEVICE_PROFILES)),
    default=Profile.CLERK.value,
    show_default=True,
)
@click.option("--person")
@click.option("--days", type=click.IntRange(1, devices.LONGEST_CODE_DAYS), default=1)
@on_current_schema
def device_enrol(point: str, profile: str, person: str | None, days: int) -> None:
    """Print a code that enrols one device of a hall, and the link that contains the code.

    `point` is the code of the hall, and `profile` is `clerk` or `chair`. `person` is the code of
    the chair, and is given only for a chair's device. `days` is how long the code is valid. If it
    is valid for more than one day, a second secret is needed, which is printed too. Raises:
    CommandFault if the hall or the person is unknown, if a chair's device lacks a person, or if a
    clerk's device has one.
    """
    if (profile == Profile.CHAIR) != (person is not None):
        raise CommandFault(say("cli.chair_person"))
    with database.reading() as c:
        points = directory.point_codes(c)
        people = roster.known_people(c) if person else set()
    if point not in points:
        raise CommandFault(say("point.unknown", value=point, count=len(points)))
    if person and person not in people:
        raise CommandFault(say("person.unknown", value=person))
    at_ms = now_ms()
    second = devices.second_secret_for(days)
    code = database.write(
        lambda c: devices.new_enrolment(
            c,
            point,
            now_ms=at_ms,
            profile=Profile(profile),
            person=person,
            days=days,
            second=second,
        )
    )
    click.echo(
        say(
            "cli.enrolment",
            point=point,
            code=code,
            url=enrolment_url(current_settings(), code),
            hours=24 * days,
        )
    )
    if second:
        click.echo(say("cli.second", second=second))


@device_group.command("withdraw")
@click.argument("point")
@on_current_schema
def device_withdraw(point: str) -> None:
    """Withdraw the unused enrolment codes of a hall, for example because printed codes were lost.

    `point` is the code of the hall. Print the number of codes withdrawn. Raises: CommandFault if
    the hall is unknown.
    """
    with database.reading() as c:
        points = directory.all_points(c)
    if point not in points:
        raise CommandFault(say("point.unknown", value=point, count=len(points)))
    at_ms = now_ms()
    count = database.write(lambda c: devices.withdraw_codes(c, point, now_ms=at_ms))
    click.echo(say("devices.withdrawn", count=count, point=point))


@device_group.command("revoke")
@click.argument("device")
@on_current_schema
def device_revoke(device: str) -> None:
    """Revoke a device that was lost or is no longer trusted.

    `device` is the device's id. From then on, the server sends the device no data, and sets its new
    records aside until headquarters rules on them. Raises: CommandFault if no device has this id.
    """
    at_ms = now_ms()
    if not database.write(lambda c: devices.revoke(c, device, now_ms=at_ms)):
        raise CommandFault(say("cli.unknown_device", value=device))
    click.echo(say("device.revoked", device=device))
