"""Define the command that imports the unsent records of a check-in device from a file."""

from pathlib import Path

import click
from flask.cli import AppGroup

from sync_server.acts import queue_files
from sync_server.clocks import now_ms
from sync_server.commands.common import current_settings, on_current_schema
from sync_server.errors import QueueFileFaulty
from sync_server.messages import say
from sync_server.terminal import CommandFault

queue_group = AppGroup("queue")


@queue_group.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@on_current_schema
def queue_import(file: Path) -> None:
    """Import the unsent records of a device from a file, and write a receipt for the device.

    If a hall has no network, its device saves the records in this file, for example on a USB stick.
    The receipt is written into the same folder, and is named after the file. Raises: CommandFault
    if the file is faulty or cannot be read, or if the receipt cannot be written.
    """
    try:
        imported = queue_files.import_file(file.read_bytes(), current_settings().seal_key, now_ms())
        receipt = file.with_name(f"{file.stem}-bien-nhan.diemcau")
        receipt.write_bytes(imported.receipt_file)
    except QueueFileFaulty as fault:
        raise CommandFault(str(fault)) from None
    except OSError as fault:
        raise CommandFault(say("cli.queue_unreadable", path=file, fault=fault.strerror)) from None
    statuses = {status: imported.count(status) for status in ("stored", "known", "held", "refused")}
    click.echo(say("queue_file.taken", **statuses))
    click.echo(say("cli.queue_taken", path=receipt))
