"""Maintenance commands: recompute attendance, list records kept aside, delete personal data."""

import sys
from collections import Counter
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import get_args

import click
from flask.cli import AppGroup, with_appcontext
from msgspec.structs import replace
from sqlalchemy import Connection, make_url
from sqlalchemy.exc import DBAPIError

from sync_server import database
from sync_server.acts import key_renewal, privacy
from sync_server.clocks import now_ms
from sync_server.commands.common import confirm, current_settings, on_current_schema
from sync_server.config import check_database_url
from sync_server.domain.records.codes import from_ms
from sync_server.messages import number, say
from sync_server.storage import database_copies, database_moves
from sync_server.storage.database_copies import Summary
from sync_server.storage.ledger import quarantine, record_store, streams
from sync_server.terminal import CommandFault

ledger_group = AppGroup("ledger")


@ledger_group.command("rebuild")
@click.option("--restored", is_flag=True)
@on_current_schema
def ledger_rebuild(restored: bool) -> None:
    """Recompute the attendance for all meetings and halls from the stored records.

    The stored attendance is only a cache. Print all meetings and halls for which the stored
    attendance differed from the new result. Use `--restored` if the database was replaced with an
    older one without the command `restore`: the database then also gets a new random code, by which
    every device notices that it must read all records again.
    """
    if restored:
        database.write(streams.renew_epoch)
    with database.reading() as c:
        keys = streams.all_streams(c)
    changed = []
    for meeting in sorted({key.meeting for key in keys}):
        changed += database.write(partial(record_store.rebuild, meeting=meeting))
    for key in changed:
        click.echo(say("cli.rebuilt.changed", meeting=key.meeting, point=key.point))
    click.echo(say("cli.rebuilt", count=number(len(keys)), changed=len(changed)))


@ledger_group.command("held")
@on_current_schema
def ledger_held() -> None:
    """Print all records that the server did not accept, the oldest first.

    Every line contains the time of receipt (UTC), the device, the record's id, and the reason as a
    code and in words.
    """
    with database.reading() as c:
        held_records = quarantine.all_entries(c)
    for record in held_records:
        when = from_ms(record.received_ms)
        click.echo(f"{when}  {record.device}  {record.record_id}  {record.code}  {record.detail}")
    click.echo(say("cli.held", count=number(len(held_records))))


@ledger_group.command("copy")
@click.argument("url")
@on_current_schema
def ledger_copy(url: str) -> None:
    """Copy everything from the SQLite database into the database at `url`, and compare both.

    If the URL names a user without a password, ask for it: other users of the machine can read
    command lines. The server may go on running; run the command again after it has stopped, to
    copy what has arrived meanwhile. An interrupted copy continues where it stopped. Raises:
    CommandFault if `url` cannot be used, if it holds other records, or if the databases differ
    in the end.
    """
    from sync_server import create_app  # the app registers these commands

    settings = current_settings()
    if database.sqlite_path() is None:
        raise CommandFault(say("cli.move.no_sqlite"))
    target_url = make_url(check_database_url(url))
    if target_url.username and target_url.password is None and sys.stdin.isatty():
        password = click.prompt(say("cli.move.password"), hide_input=True, default="")
        target_url = target_url.set(password=password or None)
    full_url = target_url.render_as_string(hide_password=False)
    target_app = create_app(replace(settings, database_url=full_url))
    folder = settings.backup_dir.parent
    with TemporaryDirectory(dir=folder) as name, database_copies.snapshot(Path(name)) as source:
        with target_app.app_context():
            after = _move_into_current_database(source)
        before = database_copies.summarise(source)
    if before != after:
        raise CommandFault(say("cli.move.differs"))
    click.echo(say("cli.move.done", records=number(after.records)))


def _move_into_current_database(source: Connection) -> Summary:
    """Copy all rows of `source` into the current app's database; return that database's summary.

    The summary consists of numbers and hashes of the content, by which two databases can be
    compared. Raises: CommandFault if the current app's database cannot be used, or if it holds
    other records.
    """
    try:
        database.upgrade_schema()
        count = database_moves.count_rows(source)
        with click.progressbar(length=count, label=say("cli.move.label")) as bar:
            database_moves.move(source, database.db.engine, bar.update)
        with database.reading() as connection:
            return database_copies.summarise(connection)
    except DBAPIError as fault:
        raise CommandFault(say("cli.move.failed", fault=fault.orig)) from None
    except database_moves.OtherDatabase:
        raise CommandFault(say("cli.move.other")) from None
    finally:
        database.db.engine.dispose()


seal_group = AppGroup("seal")


@seal_group.command("renew")
@on_current_schema
def seal_renew() -> None:
    """Encrypt with the present key all stored data that only a former key can decrypt.

    The setting `SEAL_KEY` contains these keys. The data are encrypted texts and files, and the
    secrets of one-time codes. Print how many of them were encrypted again. The exit status is 1 if
    some of them cannot be decrypted with any of the keys.
    """
    seal_key = current_settings().seal_key
    counts = Counter(key_renewal.renew(seal_key))
    facts = {outcome: number(counts[outcome]) for outcome in get_args(key_renewal.Outcome)}
    click.echo(say("cli.seal.renewed", **facts))
    if counts["unreadable"]:
        raise CommandFault(say("cli.seal.unreadable", count=facts["unreadable"]))
    if "," in seal_key:
        click.echo(say("cli.seal.next"))


@click.command("purge")
@click.option("--yes", is_flag=True)
@with_appcontext
@on_current_schema
def purge(yes: bool) -> None:
    """Delete personal data that have been kept for longer than the settings allow.

    First print how much would be deleted, and ask for confirmation; `--yes` skips the question. All
    accepted records, the attendance figures computed from these records and the audit log stay
    complete. A record that was not accepted is deleted only if headquarters has decided on it. With
    neither a terminal nor `--yes`, nothing is deleted, and the exit status is `NOT_CONFIRMED`.
    """
    settings, at_ms = current_settings(), now_ms()
    with database.reading() as c:
        overdue = privacy.overdue(c, settings, at_ms)
    if overdue.is_empty:
        click.echo(say("cli.purge.nothing"))
        return
    click.echo(say("cli.purge.overdue", **privacy.counts_of(overdue)))
    confirm("cli.purge.ask", "cli.purge.not_asked", "cli.purge.given_up", yes=yes)
    deleted = database.write(lambda c: privacy.purge(c, settings, at_ms))
    click.echo(say("cli.purged", **privacy.counts_of(deleted)))
