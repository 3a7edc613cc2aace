"""Maintenance commands: recompute attendance, list records kept aside, delete personal data."""

import sys
from collections import Counter
from functools import partial
from typing import get_args

import click
from flask.cli import AppGroup, with_appcontext

from sync_server import database
from sync_server.acts import key_renewal, privacy
from sync_server.clocks import now_ms
from sync_server.commands.common import NOT_CONFIRMED, current_settings, on_current_schema
from sync_server.domain.records.codes import from_ms
from sync_server.messages import number, say
from sync_server.storage.ledger import quarantine, record_store, streams
from sync_server.terminal import CommandFault

ledger_group = AppGroup("ledger")


@ledger_group.command("rebuild")
@on_current_schema
def ledger_rebuild() -> None:
    """Recompute the attendance for all meetings and halls from the records in the ledger.

    The stored attendance is only a cache. Print all meetings and halls for which the stored
    attendance differed from the new result.
    """
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


seal_group = AppGroup("seal")


@seal_group.command("renew")
@on_current_schema
def seal_renew() -> None:
    """Encrypt everything that former keys in `SEAL_KEY` decrypt for the present key.

    Print how many details and secrets were renewed. The exit status is 1 if a key for one of them
    is missing.
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

    First print how much there is, and ask; `--yes` skips the question. The ledger, the figures
    computed from it and the audit log stay complete. Without a terminal and `--yes`, nothing is
    deleted, and the exit status is `NOT_CONFIRMED`.
    """
    settings, at_ms = current_settings(), now_ms()
    with database.reading() as c:
        overdue = privacy.overdue(c, settings, at_ms)
    if overdue.is_empty:
        click.echo(say("cli.purge.nothing"))
        return
    click.echo(say("cli.purge.overdue", **privacy.counts_of(overdue)))
    if not yes:
        if not sys.stdin.isatty():
            click.echo(say("cli.purge.not_asked"), err=True)
            sys.exit(NOT_CONFIRMED)
        if not click.confirm(say("cli.purge.ask"), default=False):
            return
    deleted = database.write(lambda c: privacy.purge(c, settings, at_ms))
    click.echo(say("cli.purged", **privacy.counts_of(deleted)))
