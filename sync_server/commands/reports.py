"""Commands that write reports on meetings as files, and verify such files."""

import sys
from pathlib import Path

import click
from flask.cli import AppGroup

from sync_server import database
from sync_server.acts.arrangements import held_in
from sync_server.clocks import now_ms
from sync_server.commands.common import current_settings, on_current_schema
from sync_server.errors import AppError
from sync_server.messages import number, say
from sync_server.reports import making, verify
from sync_server.reports.layouts import DEFAULT_LAYOUT, LAYOUTS, LayoutName
from sync_server.reports.making import FORMATS, Format
from sync_server.reports.pdf_file import PdfFailed
from sync_server.reports.snapshot import Source
from sync_server.reports.spec import WITH_NAMES, AnySpec, Kind
from sync_server.terminal import CommandFault

KINDS: dict[str, Kind] = {
    "nhanh": "quick",
    "danh-gia": "evaluation",
    "bien-ban": "minutes",
    "danh-sach": "presence",
    "giay-trieu-tap": "summons",
    "giay-xac-nhan": "certificate",
}
WHO = "dong-lenh"
"""The author shown in the history of reports if a command made the report. It means "command line"
in Vietnamese."""


class _MeetingFirst(AppGroup):
    """A command group in which `report MEETING` means `report make MEETING`.

    The subcommands `report verify FILE` and `report year YEAR` remain usable.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            args = ["make", *args]
        return super().parse_args(ctx, args)


report_group = _MeetingFirst("report")


@report_group.command("make")
@click.argument("meeting")
@click.option("--kind", type=click.Choice(list(KINDS)), default="nhanh", show_default=True)
@click.option("--layout", type=click.Choice(list(LAYOUTS)), default=DEFAULT_LAYOUT)
@click.option("--point", default="")
@click.option("--unit", default="")
@click.option("--person", default="")
@click.option("--internal", is_flag=True)
@click.option("--format", "formats", type=click.Choice(FORMATS), multiple=True)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=Path())
@on_current_schema
def report_make(
    meeting: str,
    kind: str,
    layout: LayoutName,
    point: str,
    unit: str,
    person: str,
    *,
    internal: bool,
    formats: tuple[Format, ...],
    out: Path,
) -> None:
    """Write one report on a meeting into the folder `out`, and print the paths of the files.

    `meeting` is the meeting's id, and `kind` one of `KINDS`, such as `nhanh` (quick report).
    `point`, `unit` and `person` are codes that restrict a document with names to a hall, a unit or
    a person. `layout` is one of `LAYOUTS`, the layouts of official papers. `internal` adds names to
    a report that otherwise has none. Without `formats`, the files are DOCX, XLSX and PDF.

    Raises: CommandFault if the meeting or the hall is unknown, or if a summons or a certificate
    would name nobody.
    """
    report_kind, source = KINDS[kind], _source()
    try:
        if report_kind in WITH_NAMES:
            with database.reading() as c:
                spec = making.make_names_document(
                    c, meeting, report_kind, layout, source, point=point, unit=unit, person=person
                )
        else:
            stored = database.write(
                lambda c: making.make(c, meeting, report_kind, layout, source, by=WHO)
            )
            spec = making.spec_of(stored)
            if internal:
                with database.reading() as c:
                    spec = making.with_names(c, spec)
    except AppError as fault:
        raise CommandFault(str(fault)) from None
    _write_files(spec, formats, out)


@report_group.command("year")
@click.argument("year", type=click.IntRange(2000, 2199))
@click.option("--layout", type=click.Choice(list(LAYOUTS)), default=DEFAULT_LAYOUT)
@click.option("--format", "formats", type=click.Choice(FORMATS), multiple=True)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=Path())
@on_current_schema
def report_year(year: int, layout: LayoutName, formats: tuple[Format, ...], out: Path) -> None:
    """Write one report on the finished conferences of a year into the folder `out`.

    The year is by Vietnam's time. Without `formats`, the files are DOCX, XLSX and PDF. Raises:
    CommandFault if no conference of that year has ended.
    """
    source = _source()
    with database.reading() as c:
        meetings = [meeting.id for meeting in held_in(c, year, source.now_ms)]
        if not meetings:
            raise CommandFault(say("cli.report.nothing", year=year))
        name = say("report.period.year", year=year)
        spec = making.make_period(c, meetings, name, layout, source)
    _write_files(spec, formats, out)


def _source() -> Source:
    settings = current_settings()
    return Source(settings.site_dir, settings.seal_key, now_ms())


def _write_files(spec: AnySpec, formats: tuple[Format, ...], out: Path) -> None:
    """Write a report in the given formats into the folder `out`, and print the paths of the files.

    `spec` is the content of the report. Without `formats`, the files are DOCX, XLSX and PDF. The
    folder is created if needed. The PDF is skipped, with a message, if it cannot be made.
    """
    out.mkdir(parents=True, exist_ok=True)
    for file_format in formats or ("docx", "xlsx", "pdf"):
        path = out / making.file_name(spec, file_format)
        try:
            path.write_bytes(making.write(spec, file_format))
        except PdfFailed as fault:
            click.echo(say("report.no_pdf", fault=fault), err=True)
            continue
        click.echo(f"{path}")


@report_group.command("verify")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@on_current_schema
def report_verify(file: Path) -> None:
    """Compare a report's file with the records stored in the database, and print the differences.

    The exit status is 1 if there are differences. Raises: CommandFault if this program did not make
    the file, or if another program has saved the file without the data needed for the comparison.
    """
    content = file.read_bytes()
    try:
        with database.reading() as c:
            verdict = verify.verify(c, content)
    except verify.SourceLost:
        raise CommandFault(say("report.verify.source_lost")) from None
    except verify.NotAReport:
        raise CommandFault(say("report.verify.not_one")) from None
    for line in verdict.differences:
        click.echo(f"  {line}")
    if verdict.later:
        click.echo(say("report.verify.later", count=number(verdict.later)))
    if not verdict.is_equal:
        click.echo(say("report.verify.differs"), err=True)
        sys.exit(1)
    click.echo(say("report.verify.equal"))
    click.echo(say("report.verify.original" if verdict.is_original else "report.verify.resaved"))
