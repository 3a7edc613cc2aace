"""The command that checks whether anybody has tampered with the audit log."""

import sys

import click
from flask.cli import AppGroup

from sync_server import database
from sync_server.commands.common import on_current_schema
from sync_server.messages import number, say
from sync_server.storage.access import audit

audit_group = AppGroup("audit")


@audit_group.command("verify")
@on_current_schema
def audit_verify() -> None:
    """Check the audit log for changes, and print the number and hash of its latest row.

    The hash of a row also covers all earlier rows. The exit status is 1 if a row was changed, moved
    or removed. If only the latest rows were removed, the check cannot tell: keep the printed
    numbers and hashes in another place, and compare the log with them.
    """
    with database.reading() as connection:
        broken = audit.check_chain(connection)
        head = audit.head(connection)
    if broken is not None:
        click.echo(say("cli.audit.broken", number=number(broken)), err=True)
        sys.exit(1)
    click.echo(say("cli.audit.whole", number=number(head.number), chain=head.chain or "–"))
