"""Commands on rosters and summonses."""

from datetime import UTC, datetime
from pathlib import Path

import click
from flask.cli import AppGroup

from sync_server import database
from sync_server.acts import arrangements, roster_files
from sync_server.acts.roster_files import RosterFault, SummonsRow
from sync_server.clocks import now_ms
from sync_server.commands.common import on_current_schema
from sync_server.messages import say
from sync_server.storage.people import roster

roster_group = AppGroup("roster", help="Rosters and summonses.")


@roster_group.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@on_current_schema
def roster_import(file: Path) -> None:
    """Import a roster or a summons (CSV or XLSX), but nothing of it unless every row is valid."""
    with database.reading() as c:
        known_codes = roster_files.read_known_codes(c)
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
    database.write(lambda c: arrangements.summon_rows(c, summonses, at_ms))
    key = "roster.imported_summons" if summonses else "roster.imported_people"
    click.echo(say(key, count=len(rows)))
