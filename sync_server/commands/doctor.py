"""The command that checks an installation, and says what is wrong and what to do about it."""

import shutil
import ssl
import stat
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

import click
from flask.cli import with_appcontext
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from sync_server import database
from sync_server.acts import backups, privacy
from sync_server.clocks import now_ms
from sync_server.commands.common import current_settings
from sync_server.config import PRIVATE_FILE, PRIVATE_FOLDER, ROOT, Settings
from sync_server.domain.records.codes import MINUTE_MS
from sync_server.domain.records.permissions import Profile
from sync_server.messages import number, say
from sync_server.storage import purpose
from sync_server.storage.access import accounts, audit
from sync_server.storage.blobs import releases
from sync_server.storage.ledger import quarantine, record_store
from sync_server.web.hosts import is_loopback

Level = Literal["good", "warning", "fault"]
MARKS: dict[Level, str] = {"good": "●", "warning": "▲", "fault": "✕"}
EXIT_STATUS: dict[Level, int] = {"good": 0, "warning": 1, "fault": 2}
"""{level of the worst finding: exit status of the command `doctor`}. These are the statuses that
Nagios and similar monitoring programs expect.
"""
OLDEST_BACKUP_MS = 26 * 60 * MINUTE_MS
"""The greatest age in ms of the newest backup that is not reported as a fault: 26 hours. Backups
are made daily.
"""
LEAST_FREE_SHARE = 0.1
FETCH_S = 10
DAY_S = 86_400
LEAST_CERTIFICATE_SHARE = 0.15
"""The least share of a certificate's life that must be left; with less left, `doctor` reports a
fault. Caddy renews a certificate when a third of its life is left, so renewal has probably failed.
"""
PRINTED_FONTS = ("Times New Roman", "Tinos")


class Finding(NamedTuple):
    """The result of one check: its level, and a Vietnamese message that says what was found.

    If something is wrong, the message also says what to do about it.
    """

    level: Level
    sentence: str


@click.command("doctor")
@with_appcontext
def doctor() -> None:
    """Check the settings, files, database, clock, backups and certificate of this installation.

    The exit status is 0 if all is good, 1 if something should be looked at, and 2 if something is
    wrong.
    """
    findings = [finding for check in CHECKS for finding in check(current_settings())]
    if not any(finding.level == "fault" for finding in findings[-1:]):
        try:
            with database.reading() as connection:
                for check_database in DATABASE_CHECKS:
                    findings += check_database(connection, current_settings())
        except DBAPIError as fault:
            findings.append(_fault("doctor.database", fault=fault.orig))
    for finding in findings:
        click.echo(f"{MARKS[finding.level]} {finding.sentence}")
    sys.exit(max(EXIT_STATUS[finding.level] for finding in findings))


def _good(key: str, **facts: object) -> Finding:
    return Finding("good", say(key, **facts))


def _warning(key: str, **facts: object) -> Finding:
    return Finding("warning", say(key, **facts))


def _fault(key: str, **facts: object) -> Finding:
    return Finding("fault", say(key, **facts))


def _check_files(_settings: Settings) -> Iterator[Finding]:
    private = [ROOT / ".env", Path("/etc/diemcau/env"), database.sqlite_path()]
    if private[2]:
        private.append(private[2].parent)
    open_files = [path for path in private if path and path.exists() and not _is_private(path)]
    for path in open_files:
        mode = PRIVATE_FOLDER if path.is_dir() else PRIVATE_FILE
        yield _fault("doctor.open_file", path=path, mode=f"{mode:o}")
    if not open_files:
        yield _good("doctor.files")


def _is_private(path: Path) -> bool:
    return not stat.S_IMODE(path.stat().st_mode) & (stat.S_IRWXO | stat.S_IWGRP)


def _check_disk(settings: Settings) -> Iterator[Finding]:
    path = database.sqlite_path()
    usage = shutil.disk_usage(path.parent if path else settings.backup_dir.anchor)
    free_mb = number(usage.free // 2**20)
    if usage.free < database.LEAST_FREE_BYTES:
        yield _fault("doctor.disk_full", free=free_mb)
    elif usage.free < LEAST_FREE_SHARE * usage.total:
        yield _warning("doctor.disk_low", free=free_mb)
    else:
        yield _good("doctor.disk", free=free_mb)


def _check_clock(_settings: Settings) -> Iterator[Finding]:
    program = shutil.which("timedatectl")
    if program is None:
        return
    shown = subprocess.run(  # noqa: S603 - the arguments are constant
        [program, "show", "--property=NTPSynchronized", "--value"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    if shown == "no":
        yield _warning("doctor.no_ntp")
    elif shown == "yes":
        yield _good("doctor.ntp")


def _check_address(settings: Settings) -> Iterator[Finding]:
    parts = urlsplit(settings.public_url)
    if is_loopback(parts.netloc):
        yield _warning("doctor.local", url=settings.public_url)
        return
    if parts.scheme != "https":
        yield _fault("doctor.no_tls", url=settings.public_url)
        return
    if not settings.proxies:
        yield _warning("doctor.no_proxies")
    try:
        with urllib.request.urlopen(f"{settings.public_url}/readyz", timeout=FETCH_S) as answer:  # noqa: S310 - https
            answer.read()
        yield _good("doctor.reached", url=settings.public_url)
    except urllib.error.HTTPError as fault:
        yield _fault("doctor.not_ready", url=settings.public_url, status=fault.code)
    except (OSError, ValueError) as fault:
        reason = getattr(fault, "reason", fault)
        yield _fault("doctor.not_reached", url=settings.public_url, fault=reason)
        return
    yield from _check_certificate(parts.hostname or "", parts.port or 443)


def _check_certificate(host: str, port: int) -> Iterator[Finding]:
    import socket

    context = ssl.create_default_context()
    with (
        socket.create_connection((host, port), timeout=FETCH_S) as plain,
        context.wrap_socket(plain, server_hostname=host) as secured,
    ):
        certificate = secured.getpeercert() or {}
    begins_s, ends_s = (
        ssl.cert_time_to_seconds(str(certificate.get(name))) for name in ("notBefore", "notAfter")
    )
    left_s = ends_s - now_ms() / 1000
    days = int(left_s // DAY_S)
    if left_s < LEAST_CERTIFICATE_SHARE * (ends_s - begins_s):
        yield _fault("doctor.certificate_ends", days=days)
    else:
        yield _good("doctor.certificate", days=days)


def _check_backup(settings: Settings) -> Iterator[Finding]:
    if not settings.backup_recipient:
        yield _fault("doctor.no_backup_key")
        return
    newest = backups.latest(settings.backup_dir)[:1]
    if not newest:
        yield _fault("doctor.no_backup", folder=settings.backup_dir)
        return
    age_ms = now_ms() - newest[0].stat().st_mtime * 1000
    hours = number(int(age_ms // (60 * MINUTE_MS)))
    if age_ms > OLDEST_BACKUP_MS:
        yield _fault("doctor.old_backup", hours=hours)
    else:
        yield _good("doctor.backup", hours=hours)


def _check_fonts(_settings: Settings) -> Iterator[Finding]:
    program = shutil.which("fc-list")
    families = ""
    if program:
        families = subprocess.run(  # noqa: S603 - the arguments are constant
            [program, ":lang=vi", "family"], capture_output=True, text=True, check=False
        ).stdout
    if not any(font in families for font in PRINTED_FONTS):
        yield _warning("doctor.no_font")


def _check_schema(_settings: Settings) -> Iterator[Finding]:
    try:
        is_current = database.has_current_schema()
    except DBAPIError as fault:
        yield _fault("doctor.database", fault=fault.orig)
        return
    yield _good("doctor.schema") if is_current else _fault("cli.schema")


def _check_durability(connection: Connection, settings: Settings) -> Iterator[Finding]:
    is_durable = database.commits_are_durable(connection)
    yield _good("doctor.durable") if is_durable else _fault("doctor.not_durable")
    if wanted := settings.synchronous_standbys:
        waited_for, connected = database.synchronous_standbys(connection)
        if waited_for < wanted:
            yield _fault("doctor.not_synchronous", waited_for=waited_for, wanted=wanted)
        elif connected < wanted:
            yield _warning("doctor.standby_away", connected=connected, wanted=wanted)
        else:
            yield _good("doctor.synchronous", connected=connected)


def _check_purpose(connection: Connection, settings: Settings) -> Iterator[Finding]:
    is_public = not is_loopback(urlsplit(settings.public_url).netloc)
    if purpose.is_demonstration(connection) and is_public:
        yield _fault("doctor.demonstration")


def _check_records(connection: Connection, _settings: Settings) -> Iterator[Finding]:
    ahead_ms = record_store.newest_receipt_ms(connection) - now_ms()
    if ahead_ms > MINUTE_MS:
        yield _fault("serve.clock_behind", minutes=number(ahead_ms // MINUTE_MS))
    if held := quarantine.count_open(connection):
        yield _warning("doctor.held", count=number(held))


def _check_audit(connection: Connection, _settings: Settings) -> Iterator[Finding]:
    broken = audit.check_chain(connection)
    if broken is not None:
        yield _fault("cli.audit.broken", number=number(broken))
        return
    head = audit.head(connection)
    yield _good("cli.audit.whole", number=number(head.number), chain=head.chain or "–")


def _check_accounts(connection: Connection, _settings: Settings) -> Iterator[Finding]:
    heads = [
        account
        for account in accounts.all_accounts(connection)
        if account.role is Profile.HEADQUARTERS
    ]
    if not heads:
        yield _fault("doctor.no_account")
    for account in heads:
        if not account.has_second_factor:
            yield _warning("doctor.no_totp", name=account.name)


def _check_retention(connection: Connection, settings: Settings) -> Iterator[Finding]:
    overdue = privacy.overdue(connection, settings, now_ms())
    if not overdue.is_empty:
        yield _warning("cli.purge.overdue", **privacy.counts_of(overdue))


def _check_release(connection: Connection, settings: Settings) -> Iterator[Finding]:
    release = releases.current(connection, now_ms())
    if not (settings.site_dir / "index.html").exists():
        yield _fault("cli.no_release", path=settings.site_dir)
    elif release:
        yield _good("doctor.release", release=release[:12])
    else:
        yield _warning("doctor.no_release", path=settings.site_dir)


CHECKS: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
    _check_files,
    _check_disk,
    _check_clock,
    _check_address,
    _check_backup,
    _check_fonts,
    _check_schema,
)
"""The checks that `doctor` makes first; they do not need a readable database. The check of the
schema must come last: if it finds a fault, the checks in `DATABASE_CHECKS` are skipped.
"""
DATABASE_CHECKS: tuple[Callable[[Connection, Settings], Iterator[Finding]], ...] = (
    _check_durability,
    _check_purpose,
    _check_records,
    _check_audit,
    _check_accounts,
    _check_retention,
    _check_release,
)
