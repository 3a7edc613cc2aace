"""Commands that make, check and restore backups."""

import json
from contextlib import AbstractContextManager
from pathlib import Path

import click
from flask.cli import AppGroup, with_appcontext

from sync_server import database
from sync_server.acts import backups
from sync_server.acts.backups import BadBackup, OpenedBackup
from sync_server.clocks import now_ms
from sync_server.commands.common import current_settings, on_current_schema
from sync_server.domain.records.codes import to_ms
from sync_server.messages import number, say
from sync_server.reports.words import moment
from sync_server.storage.database_copies import CopyFailed, ServerRuns
from sync_server.terminal import CommandFault

MOST_ACTS = 500
backup_group = AppGroup("backup")
FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@backup_group.command("key")
def backup_key() -> None:
    """Print a new key pair for backups: the secret key, and the setting with the public key.

    The secret key decrypts the backups. It must be kept outside the server.
    """
    secret, public = backups.new_key()
    click.echo(say("cli.backup.key", secret=secret, public=public))


@backup_group.command("make")
@click.option("--to", "folder", type=click.Path(path_type=Path, file_okay=False))
@on_current_schema
def backup_make(folder: Path | None) -> None:
    """Write an encrypted backup of the database and the keys; the server may go on running.

    `folder` defaults to the setting BACKUP_DIR. Raises: CommandFault if no public key is set or the
    backup cannot be written.
    """
    settings = current_settings()
    try:
        path, manifest = backups.make(folder or settings.backup_dir, settings, now_ms())
    except (BadBackup, CopyFailed, OSError) as fault:
        raise CommandFault(say("cli.backup.failed", fault=fault)) from None
    size = number(round(path.stat().st_size / 1024))
    records = number(manifest.summary.records)
    click.echo(say("cli.backup.made", path=path, size=size, records=records))


@backup_group.command("check")
@click.argument("file", type=FILE)
@click.option("--key", type=FILE, required=True)
@with_appcontext
def backup_check(file: Path, key: Path) -> None:
    """Check a backup by restoring it into a scratch database, and print the result.

    `key` is the file with the secret key. Raises: CommandFault if the backup cannot be used.
    """
    try:
        with _opened(file, key) as opened:
            is_judged_alike = backups.check(opened)
    except (BadBackup, CopyFailed, OSError) as fault:
        raise CommandFault(say("cli.backup.failed", fault=fault)) from None
    sentence = "cli.backup.good" if is_judged_alike else "cli.backup.judged_otherwise"
    click.echo(say(sentence, **_facts(opened)))


@click.command("restore")
@click.argument("file", type=FILE)
@click.option("--key", type=FILE, required=True)
@click.option("--acts", type=FILE)
@with_appcontext
def restore(file: Path, key: Path, acts: Path | None) -> None:
    """Replace the database with a backup, and print a list of the work that users must repeat.

    `key` is the file with the secret key. `acts` is a log file of the server. It shows which forms
    users submitted on the office pages after the backup was made; these forms are listed. Devices
    send their records again by themselves.

    Raises: CommandFault if the backup cannot be used, or if a server is running.
    """
    settings = current_settings()
    try:
        with _opened(file, key) as opened:
            kept = backups.restore(opened, now_ms())
            facts, keys = _facts(opened), opened.keys
            made_ms = to_ms(opened.manifest.made_at)
    except ServerRuns:
        raise CommandFault(say("cli.restore.running")) from None
    except (BadBackup, CopyFailed, OSError) as fault:
        raise CommandFault(say("cli.backup.failed", fault=fault)) from None
    database.upgrade_schema()
    click.echo(say("cli.restore.done", **facts))
    if kept:
        click.echo(say("cli.restore.kept", path=kept))
    if f"SEAL_KEY={settings.seal_key}\n" not in keys:
        path = settings.backup_dir / "settings.env"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(0o600)
        path.write_text(keys)
        click.echo(say("cli.restore.other_keys", path=path), err=True)
    lines = _acts_since(acts, made_ms) if acts else None
    if lines is None:
        click.echo(say("cli.restore.no_acts"))
    else:
        click.echo(say("cli.restore.acts", count=number(len(lines))))
        for line in lines[:MOST_ACTS]:
            click.echo(f"  {line}")


def _opened(file: Path, key: Path) -> AbstractContextManager[OpenedBackup]:
    secret_key = key.read_text("utf-8", "replace")
    return backups.opened(file, secret_key, current_settings().backup_dir)


def _facts(opened: OpenedBackup) -> dict[str, str]:
    summary = opened.manifest.summary
    return {"made_at": moment(to_ms(opened.manifest.made_at)), "records": number(summary.records)}


def _acts_since(log: Path, since_ms: int) -> list[str] | None:
    """Return a line of text for every form that users submitted on the office pages since a time.

    `since_ms` is the time in ms since 1970 UTC. `log` is a log file of the server, in which every
    submitted form is one JSON object. Text before the JSON in a line, such as a date, and other
    lines are ignored. Return None if the server wrote no line of the file.
    """
    acts = []
    is_log = False
    with log.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            try:
                act = json.loads(line[line.index("{") :])
                at_ms = int(act["at_ms"]) if act["event"] == "act" else 0
            except (ValueError, KeyError, TypeError, RecursionError):
                continue
            is_log = True
            if act.get("event") == "act" and at_ms >= since_ms:
                words = (act.get("who"), act.get("path"), act.get("about"))
                acts.append("  ".join([moment(at_ms), *map(str, words)]))
    return acts if is_log else None
