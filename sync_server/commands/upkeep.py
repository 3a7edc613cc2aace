"""Maintenance commands: recompute attendance, list records kept aside, delete personal data."""

from functools import partial

import click
from flask.cli import AppGroup, with_appcontext

from sync_server import database
from sync_server.clocks import now_ms
from sync_server.commands.common import on_current_schema
from sync_server.domain.records.codes import DAY_MS, from_ms
from sync_server.messages import number, say
from sync_server.storage.blobs import details
from sync_server.storage.ledger import quarantine, record_store, streams

DETAIL_RETENTION_DAYS = 365
"""How many days `purge` keeps reasons, scans and names by default: twelve months (domain.md,
section 6)."""

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


@click.command("purge")
@click.option(
    "--days", type=click.IntRange(min=1), default=DETAIL_RETENTION_DAYS, show_default=True
)
@with_appcontext
@on_current_schema
def purge(days: int) -> None:
    """Delete personal data (reasons, scans, names) that arrived more than `days` days ago.

    Records of that age that the server did not accept are deleted too, if headquarters has ruled on
    them. The ledger, the figures computed from it and the audit log stay complete.
    """
    before_ms = now_ms() - days * DAY_MS
    count = database.write(lambda c: details.purge(c, before_ms=before_ms))
    settled = database.write(lambda c: quarantine.purge(c, before_ms=before_ms))
    click.echo(say("cli.purged", count=number(count), settled=number(settled), days=days))
