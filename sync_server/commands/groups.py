"""The commands of `flask --app sync_server`. Every command reports in Vietnamese what it did."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import msgspec
from flask import Flask, current_app
from flask.cli import AppGroup

from sync_server import database, sealing
from sync_server.acts import arrangements, queue_files, roster_files
from sync_server.acts.roster_files import RosterFault, SummonsRow
from sync_server.clocks import now_ms
from sync_server.commands.demo import demonstration
from sync_server.commands.upkeep import ledger_group, on_current_schema, purge
from sync_server.config import Settings
from sync_server.domain.records.permissions import DEVICE_PROFILES, OFFICE_ROLES, Profile
from sync_server.errors import QueueFileFaulty, UnknownMeeting
from sync_server.messages import say
from sync_server.office.halls import device_list
from sync_server.office.meetings import rolls
from sync_server.office.people import uploads
from sync_server.office.system import account_list
from sync_server.storage import directory
from sync_server.storage.access import accounts, devices
from sync_server.storage.access.accounts import Account
from sync_server.storage.blobs import releases
from sync_server.storage.directory import PublishedDirectory
from sync_server.storage.people import roster
from sync_server.web import served_portal
from sync_server.web.production_server import serve_forever


def init_app(app: Flask) -> None:
    """Add the commands of this server to the `flask` command."""
    groups = (roster_group, device_group, user_group, meeting_group, queue_group, ledger_group)
    for command in (serve, demo_command, purge, *groups):
        app.cli.add_command(command)


def _settings() -> Settings:
    settings: Settings = current_app.config["SETTINGS"]
    return settings


def _published_directory() -> PublishedDirectory:
    """Return the units, points and meetings that the served portal publishes.

    Raises: ClickException if there is no release.
    """
    with database.reading() as connection:
        published = served_portal.published_directory(connection, _settings().site_dir, now_ms())
    if published is None:
        raise click.ClickException(say("cli.no_release", path=_settings().site_dir))
    return published


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@on_current_schema
def serve(host: str, port: int) -> None:
    """Serve the portal, the kiosk's API and the office with a production server."""
    with database.reading() as connection:
        release = releases.current(connection, now_ms())
    if release:
        click.echo(say("serve.published", release=release[:12], path=_settings().site_dir))
    try:
        serve_forever(current_app._get_current_object(), host, port)  # type: ignore[attr-defined]
    except OSError as fault:
        raise click.ClickException(
            say("cli.port", host=host, port=port, fault=fault.strerror)
        ) from None


@click.command("demo")
def demo_command() -> None:
    """Fill the database with synthetic people and conferences, and print how to sign in."""
    database.upgrade_schema()
    published = _published_directory()
    try:
        summary = demonstration.fill_database(
            published, sealing.public_key(_settings().seal_key), now_ms()
        )
    except demonstration.RealPeopleFault:
        click.echo(say("demo.real_people"))
        return
    click.echo(say("demo.ready", url=_settings().public_url, **msgspec.structs.asdict(summary)))


roster_group = AppGroup("roster", help="Rosters and summonses.")
device_group = AppGroup("device", help="Kiosks and chairs' devices.")
user_group = AppGroup("user", help="Office accounts.")
meeting_group = AppGroup("meeting", help="Meetings as headquarters accepts them.")
queue_group = AppGroup("queue", help="Queues of halls that come as files.")


@roster_group.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@on_current_schema
def roster_import(file: Path) -> None:
    """Import a roster or a summons (CSV or XLSX), but nothing of it unless every row is valid."""
    with database.reading() as c:
        known_codes = uploads.read_known_codes(c)
    try:
        rows = roster_files.read_file(file, known_codes, datetime.now(UTC).year)
    except RosterFault as fault:
        sentences = "\n".join(f"  {sentence}" for sentence in fault.faults)
        raise click.ClickException(
            say("roster.nothing_imported", file=file.name, count=len(fault.faults))
            + "\n"
            + sentences
        ) from None
    summonses = [row for row in rows if isinstance(row, SummonsRow)]
    people = [row for row in rows if not isinstance(row, SummonsRow)]
    database.write(lambda c: roster.put_people(c, people))
    at_ms = now_ms()
    database.write(lambda c: rolls.summon_rows(c, summonses, at_ms))
    key = "roster.imported_summons" if summonses else "roster.imported_people"
    click.echo(say(key, count=len(rows)))


@device_group.command("enrol")
@click.argument("point")
@click.option(
    "--profile",
    type=click.Choice(sorted(p.value for p in DEVICE_PROFILES)),
    default=Profile.CLERK.value,
    show_default=True,
)
@click.option("--person", help="The code of the chair who uses the device.")
@on_current_schema
def device_enrol(point: str, profile: str, person: str | None) -> None:
    """Print a one-use code, valid for a day, that enrols a device of POINT."""
    if (profile == Profile.CHAIR) != (person is not None):
        raise click.ClickException(say("cli.chair_person"))
    with database.reading() as c:
        points = directory.point_codes(c)
        people = roster.known_people(c) if person else set()
    if point not in points:
        raise click.ClickException(say("cli.unknown_point", value=point, count=len(points)))
    if person and person not in people:
        raise click.ClickException(say("cli.unknown_person", value=person))
    at_ms = now_ms()
    code = database.write(
        lambda c: devices.new_enrolment(
            c, point, now_ms=at_ms, profile=Profile(profile), person=person
        )
    )
    click.echo(
        say(
            "cli.enrolment",
            point=point,
            code=code,
            url=device_list.enrolment_url(_settings(), code),
        )
    )


@device_group.command("revoke")
@click.argument("device")
@on_current_schema
def device_revoke(device: str) -> None:
    """Revoke DEVICE: it gets no data, and the records that it sends are held."""
    at_ms = now_ms()
    if not database.write(lambda c: devices.revoke(c, device, now_ms=at_ms)):
        raise click.ClickException(say("cli.unknown_device", value=device))
    click.echo(say("cli.revoked", device=device))


@user_group.command("add")
@click.argument("name")
@click.option("--role", type=click.Choice(sorted(r.value for r in OFFICE_ROLES)), required=True)
@click.option("--point", help="The point that a chair is held to.")
@click.option("--unit", help="The unit that a secretary is held to.")
@click.option("--person", help="The code of the person who is the chair.")
@click.password_option(prompt=say("cli.password"), confirmation_prompt=say("cli.password_again"))
@on_current_schema
def user_add(
    name: str, role: str, password: str, point: str | None, unit: str | None, person: str | None
) -> None:
    """Create an office account, or give an existing account a new role and password."""
    account = Account(name, Profile(role), point, unit, person)
    with database.reading() as c:
        fault = account_list.fault_of(c, account, password)
    if fault:
        raise click.ClickException(fault)
    database.write(lambda c: accounts.put(c, account, password))
    click.echo(say("cli.user_added", name=name, role=say(f"role.{role}")))


@user_group.command("token")
@click.argument("name")
@on_current_schema
def user_token(name: str) -> None:
    """Print a new bearer token for programs that act as NAME; the previous token stops working."""
    token = database.write(lambda c: accounts.renew_token(c, name))
    if token is None:
        raise click.ClickException(say("cli.unknown_user", value=name))
    click.echo(token)


@meeting_group.command("accept")
@click.argument("meeting")
@on_current_schema
def meeting_accept(meeting: str) -> None:
    """Accept the release's facts about MEETING, and its units and points, as the valid ones."""
    published = _published_directory()
    published_meeting = next(
        (candidate for candidate in published.meetings if candidate.id == meeting), None
    )
    if published_meeting is None:
        meeting_ids = ", ".join(candidate.id for candidate in published.meetings)
        raise click.ClickException(say("cli.unknown_meeting", value=meeting, known=meeting_ids))
    at_ms = now_ms()

    def accept(c: Any) -> int:
        directory.put_places(c, published.units, published.points)
        return arrangements.accept_meeting(c, published_meeting, at_ms)

    click.echo(say("cli.accepted", title=published_meeting.title, count=database.write(accept)))


@meeting_group.command("rehearse")
@click.argument("meeting")
@click.option("--at", required=True, help="When it begins, in Vietnam: 2024-08-21 15:00.")
@on_current_schema
def meeting_rehearse(meeting: str, at: str) -> None:
    """Create a rehearsal of MEETING with the same halls and rolls; it enters no figure."""
    try:
        begins = datetime.strptime(f"{at} +0700", "%Y-%m-%d %H:%M %z")
    except ValueError:
        raise click.ClickException(say("cli.rehearsal_at", value=at)) from None
    at_ms = now_ms()
    starts_ms = round(begins.timestamp() * 1000)
    try:
        rehearsal = database.write(lambda c: arrangements.rehearse(c, meeting, starts_ms, at_ms))
    except UnknownMeeting as fault:
        raise click.ClickException(str(fault)) from None
    click.echo(say("cli.rehearsal", title=rehearsal.title, id=rehearsal.id))


@queue_group.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@on_current_schema
def queue_import(file: Path) -> None:
    """Import FILE, which a kiosk exported, and write its receipt next to it."""
    try:
        imported = queue_files.import_file(file.read_bytes(), _settings().seal_key, now_ms())
        receipt = file.with_name(f"{file.stem}-bien-nhan.diemcau")
        receipt.write_bytes(imported.receipt)
    except QueueFileFaulty as fault:
        raise click.ClickException(str(fault)) from None
    except OSError as fault:
        raise click.ClickException(
            say("cli.queue_unreadable", path=file, fault=fault.strerror)
        ) from None
    statuses = {status: imported.count(status) for status in ("stored", "known", "held", "refused")}
    click.echo(say("queue_file.taken", **statuses))
    click.echo(say("cli.queue_taken", path=receipt))
