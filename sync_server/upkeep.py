"""The commands that keep a server in order: judge the ledger anew, purge what is personal."""

import functools
from collections.abc import Callable
from functools import partial
from typing import Any

import click
from flask.cli import AppGroup, with_appcontext

from sync_server import database
from sync_server.clocks import now_ms
from sync_server.domain.codes import from_ms
from sync_server.messages import number, say
from sync_server.storage import details, ledger, quarantine, streams

DAY_MS = 24 * 3600 * 1000
KEPT_DAYS = 365
"""Reasons and scans are kept for twelve months (domain.md, Data protection)."""

ledger_group = AppGroup("ledger", help="The ledger and what is kept of its standings.")


def on_current_schema(command: Callable[..., None]) -> Callable[..., None]:
    """Stop with a sentence where the database has not been brought up to date."""

    @functools.wraps(command)
    def checked(*args: Any, **kwargs: Any) -> None:
        if not database.has_current_schema():
            raise click.ClickException(say("cli.schema"))
        command(*args, **kwargs)

    return checked


@ledger_group.command("rebuild")
@on_current_schema
def ledger_rebuild() -> None:
    """List and judge every meeting anew from its records, and tell which standings that changed."""
    with database.reading() as c:
        keys = streams.everything(c)
    changed = []
    for meeting in sorted({key.meeting for key in keys}):
        changed += database.write(partial(ledger.rebuild, meeting=meeting))
    for key in changed:
        click.echo(say("cli.rebuilt.changed", meeting=key.meeting, point=key.point))
    click.echo(say("cli.rebuilt", count=number(len(keys)), changed=len(changed)))


@ledger_group.command("held")
@on_current_schema
def ledger_held() -> None:
    """List what was not let in: when, from which device, which record, why."""
    with database.reading() as c:
        kept = quarantine.everything(c)
    for each in kept:
        when = from_ms(each.received_ms)
        click.echo(f"{when}  {each.device}  {each.record_id}  {each.code}  {each.detail}")
    click.echo(say("cli.held", count=number(len(kept))))


@click.command("purge")
@click.option("--days", type=click.IntRange(min=1), default=KEPT_DAYS, show_default=True)
@with_appcontext
@on_current_schema
def purge(days: int) -> None:
    """Delete sealed details (reasons, scans, names) that came more than DAYS days ago.

    Nothing else: the ledger, its figures and the log of readings stand.
    """
    before_ms = now_ms() - days * DAY_MS
    count = database.write(lambda c: details.purge(c, before_ms=before_ms))
    click.echo(say("cli.purged", count=number(count), days=days))
