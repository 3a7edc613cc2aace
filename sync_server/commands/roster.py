"""The command that imports a list of people, or a list of people summoned to meetings."""

import sys
from pathlib import Path
from typing import Any, Self

import click
import msgspec
from flask.cli import AppGroup

from sync_server import database
from sync_server.acts import arrangements, list_imports, summons_lists
from sync_server.acts.list_imports import ListPreview, UnreadableList, describe
from sync_server.acts.people_lists import ListChoices
from sync_server.acts.summons_lists import SummonsRow
from sync_server.clocks import now_ms
from sync_server.commands.common import confirm, current_settings, on_current_schema
from sync_server.messages import number, say
from sync_server.sheets.headings import FIELDS
from sync_server.sheets.tables import Fault, Table
from sync_server.storage import purpose
from sync_server.storage.people import lists
from sync_server.terminal import CommandFault
from sync_server.web import served_portal

PROGRESS_FROM_ROWS = 5_000
SHOWN_CHANGES = 20
WHO = "dong-lenh"
"""The author shown in the history of imports if a command imported the list. It means "command
line" in Vietnamese."""

roster_group = AppGroup("roster")


@roster_group.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--yes", is_flag=True)
@on_current_schema
def roster_import(file: Path, *, yes: bool) -> None:
    """Preview a list of people or of summonses (XLSX or CSV), ask for confirmation, and import it.

    With `yes`, the command does not ask. Either the whole list is imported or nothing is. The exit
    status is 2 if a confirmation is needed but there is no terminal. Raises: CommandFault (exit
    status 1), which names all faults, if the list is faulty.
    """
    try:
        content = file.read_bytes()
    except OSError:
        _fail(file, [Fault("unreadable", value=file.name)])
    site_dir, at_ms = current_settings().site_dir, now_ms()
    database.write(lambda c: served_portal.store_places_if_empty(c, site_dir, at_ms))
    try:
        with _ProgressBar() as progress_bar:
            grids = list_imports.open_grids(content, file.name, progress_bar.show)
        table = list_imports.find_list(grids, used=FIELDS, fields={}, is_unit=lambda _: False)
        if {"meeting", "point", "seat"} & table.fields:
            _import_summonses(file, table, yes=yes)
        else:
            with database.reading() as c:
                read = list_imports.preview(c, grids, ListChoices())
            _import_people(file, content, read, yes=yes)
    except UnreadableList as unreadable:
        _fail(file, [unreadable.fault])


def _import_people(file: Path, content: bytes, read: ListPreview, *, yes: bool) -> None:
    plan, choices, at_ms = read.plan, ListChoices(), now_ms()
    faults = plan.faults + [
        Fault(
            "which_person",
            question.row,
            value=question.person.full_name,
            detail=", ".join(candidate.person for candidate in question.candidates),
        )
        for question in plan.questions
    ]
    if plan.lacks_membership:
        faults.append(Fault("no_membership", value=file.name))
    if faults:
        _fail(file, faults)
    left_out = [column.heading for column in read.table.columns if column.field is None]
    click.echo(
        say(
            "cli.list",
            lines=number(len(read.table.lines)),
            new=number(len(plan.new)),
            changed=number(len(plan.changed)),
            unchanged=number(plan.unchanged),
            missing=number(len(plan.missing)),
        )
    )
    if left_out:
        click.echo(say("cli.list.left_out", columns=", ".join(left_out)))
    for change in plan.changes[:SHOWN_CHANGES]:
        facts = ", ".join(
            f"{say(f'fact.{name}')} {getattr(change.before, name)} → {getattr(change.after, name)}"
            for name in change.fields
        )
        person = change.after
        about = facts or say("cli.list.new", unit=read.units[person.unit])
        click.echo(f"  {person.person} {person.full_name}: {about}")
    if len(plan.changes) > SHOWN_CHANGES:
        click.echo(say("cli.list.more", count=number(len(plan.changes) - SHOWN_CHANGES)))
    if not plan.changes:
        return
    _confirm_in_demonstration()
    confirm("cli.list.ask", "cli.list.not_asked", "cli.list.given_up", yes=yes)
    encoded = msgspec.json.encode(choices)
    list_id = database.write(
        lambda c: lists.add(c, "people", WHO, file.name, content, now_ms=at_ms, choices=encoded)
    )
    count = database.write(
        lambda c: list_imports.import_list(c, read, choices, list_id, now_ms=at_ms)
    )
    click.echo(say("roster.imported_people", count=number(count)))


def _import_summonses(file: Path, table: Table, *, yes: bool) -> None:
    with database.reading() as c:
        summonses, faults = summons_lists.read_summonses(c, table, None)
    if faults:
        _fail(file, faults)
    points = {row.point for row in summonses}
    click.echo(say("cli.list.summons", count=number(len(summonses)), points=len(points)))
    confirm("cli.list.ask", "cli.list.not_asked", "cli.list.given_up", yes=yes)
    rows: list[SummonsRow] = summonses
    at_ms = now_ms()
    database.write(lambda c: arrangements.summon_rows(c, rows, at_ms))
    click.echo(say("roster.imported_summons", count=number(len(rows))))


def _confirm_in_demonstration() -> None:
    """Ask whether to import real people, if the database contains the demonstration.

    If the answer is yes, the database no longer counts as a demonstration. If the answer is no, the
    command ends with exit status 0. Without a terminal, it ends with `NOT_CONFIRMED`. The option
    `--yes` does not answer this question.
    """
    with database.reading() as c:
        if not purpose.is_demonstration(c):
            return
    click.echo(say("demo.is_one"))
    confirm("demo.accept", "cli.not_accepted", "cli.list.given_up", yes=False)
    database.write(lambda c: purpose.set_demonstration(c, False))


def _fail(file: Path, faults: list[Fault]) -> None:
    sentences = "\n".join(f"  {describe(fault)}" for fault in faults)
    raise CommandFault(
        say("roster.nothing_imported", file=file.name, count=len(faults)) + "\n" + sentences
    )


class _ProgressBar:
    """A progress bar for the reading of a long list, shown only at a terminal."""

    def __init__(self) -> None:
        self._bar: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.render_finish()

    def show(self, rows: int, all_rows: int) -> None:
        """Show on standard error that `rows` of `all_rows` rows have been read.

        `all_rows` is 0 if unknown. Nothing is shown for fewer than 5,000 rows, which are read
        quickly, or if standard error is not a terminal.
        """
        if not sys.stderr.isatty() or max(rows, all_rows) < PROGRESS_FROM_ROWS:
            return
        if self._bar is None:
            label = say("cli.list.progress")
            self._bar = click.progressbar(length=all_rows or None, label=label, file=sys.stderr)
            self._bar.render_progress()
        self._bar.update(rows - self._bar.pos)
