"""Make, check and restore backups: one encrypted file with the database and the keys of the server.

A backup is a tar archive in the format of age (https://age-encryption.org), encrypted for a public
key. The server does not know the secret key, so a thief of the server cannot read older backups.
`age --decrypt` opens them without this program, too.
"""

import gzip
import io
import os
import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import msgspec
import pyrage
from msgspec import DecodeError, Struct

from sync_server.config import PRIVATE_FILE, PRIVATE_FOLDER, Settings
from sync_server.database import db
from sync_server.domain.foreign_bytes import decode_foreign
from sync_server.domain.records.codes import VIETNAM, from_ms
from sync_server.messages import say
from sync_server.storage import database_copies
from sync_server.storage.database_copies import Summary

SUFFIX = ".diemcau-backup"
KEPT_BACKUPS = 30
"""The number of backups that stay in the backup folder. Older ones are deleted after a new one has
been written.
"""
MANIFEST, DATABASE, KEYS = "manifest.json", "database", "settings.env"
MAX_SMALL_BYTES = 1024 * 1024


class BadBackup(Exception):
    """Raised if a backup is damaged or cannot be used, or if a key for backups is missing or wrong.

    The text of the exception is the reason, in Vietnamese.
    """


class Manifest(Struct, frozen=True):
    """The description of a backup, which the backup itself contains.

    `made_at` is in ISO 8601 UTC, and `engine` is sqlite or postgresql. `summary` contains numbers
    and hashes with which a restored database is compared.
    """

    made_at: str
    engine: str
    summary: Summary


_manifest_decoder = msgspec.json.Decoder(Manifest)


class OpenedBackup(NamedTuple):
    """A decrypted backup: its manifest (description), the path of the database copy, and the keys.

    `keys` are lines such as `SECRET_KEY=…`, as in a `.env` file.
    """

    manifest: Manifest
    database: Path
    keys: str


def new_key() -> tuple[str, str]:
    """Return a new key pair as (secret key, public key), both in the text format of age."""
    identity = pyrage.x25519.Identity.generate()
    return str(identity), str(identity.to_public())


def make(folder: Path, settings: Settings, now_ms: int) -> tuple[Path, Manifest]:
    """Write a backup into a folder; return the path and the manifest of the backup.

    Older backups are deleted, except the newest ones (`KEPT_BACKUPS` in all). The file appears
    under its name only when it is complete and on the disk. Raises: BadBackup if the public key
    in `settings` is missing or wrong; CopyFailed if the database cannot be copied; OSError if
    the backup cannot be written.
    """
    try:
        recipient = pyrage.x25519.Recipient.from_str(settings.backup_recipient)
    except pyrage.RecipientError:
        raise BadBackup(say("backup.no_recipient")) from None
    folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".work-") as name:
        work = Path(name)
        summary = database_copies.copy_to(work / DATABASE)
        manifest = Manifest(from_ms(now_ms), db.engine.dialect.name, summary)
        keys = (
            f"SECRET_KEY={settings.secret_key}\nSEAL_KEY={settings.seal_key}\n"
            f"BACKUP_RECIPIENT={settings.backup_recipient}\n"
        )
        archive = work / "archive"
        with (
            gzip.open(archive, "wb", compresslevel=6) as packed,
            tarfile.open(fileobj=packed, mode="w") as tar,
        ):
            _add(tar, MANIFEST, msgspec.json.encode(manifest))
            _add(tar, KEYS, keys.encode())
            tar.add(work / DATABASE, DATABASE)
        at = datetime.fromtimestamp(now_ms / 1000, VIETNAM)
        target = folder / f"diemcau-{at:%Y%m%d-%H%M%S}{SUFFIX}"
        part = work / "encrypted"
        with archive.open("rb") as source, part.open("wb") as encrypted:
            pyrage.encrypt_io(source, encrypted, [recipient])
            encrypted.flush()
            os.fsync(encrypted.fileno())
        part.chmod(PRIVATE_FILE)
        part.rename(target)
    _sync_folder(folder)
    for old in latest(folder)[KEPT_BACKUPS:]:
        old.unlink()
    return target, manifest


def latest(folder: Path) -> list[Path]:
    """Return the backups in a folder, the newest first."""
    return sorted(folder.glob(f"*{SUFFIX}"), reverse=True)


@contextmanager
def opened(backup: Path, secret_key: str, folder: Path) -> Iterator[OpenedBackup]:
    """Decrypt a backup into a private folder, and yield it; delete the folder at the end.

    `secret_key` is the secret key, or the whole text of a file that contains it. The private folder
    is made in `folder`, on the server's own disk: the backup itself may lie on a USB stick, where a
    deleted file can be read again.

    Raises: BadBackup if the text contains no key, if the key does not open the backup, or if the
    backup is damaged; OSError if the private folder cannot be made.
    """
    lines = [line for line in secret_key.splitlines() if line.startswith("AGE-SECRET-KEY-")]
    try:
        identities = [pyrage.x25519.Identity.from_str(line.strip()) for line in lines]
    except pyrage.IdentityError:
        identities = []
    if not identities:
        raise BadBackup(say("backup.no_key"))
    folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".work-") as name:
        work = Path(name)
        try:
            with backup.open("rb") as encrypted, (work / "archive").open("wb") as archive:
                pyrage.decrypt_io(encrypted, archive, identities)
        except (pyrage.DecryptError, OSError):  # a damaged end is an OSError
            raise BadBackup(say("backup.other_key")) from None
        try:
            unpacked = _unpacked(work)
        except (tarfile.TarError, OSError, EOFError, KeyError, zlib.error, DecodeError) as fault:
            raise BadBackup(say("backup.damaged", fault=fault)) from fault
        yield unpacked


def check(opened_backup: OpenedBackup) -> bool:
    """Restore a backup into a scratch database, and compare this database with the manifest.

    The manifest contains numbers and hashes of the database from which the backup was made. Return
    whether the attendance computed from the records is the same as when the backup was made. A
    later version of this program may compute the attendance differently, so a difference is not a
    reason to refuse a backup.

    Raises: BadBackup if the database differs from the manifest in anything but the attendance, or
    if the backup is of another type of database; CopyFailed if the database in the backup is
    damaged.
    """
    _require_same_engine(opened_backup.manifest)
    stated = opened_backup.manifest.summary
    restored = database_copies.summarise_copy(opened_backup.database)
    if msgspec.structs.replace(restored, standings=stated.standings) != stated:
        raise BadBackup(say("backup.differs"))
    return restored == stated


def restore(opened_backup: OpenedBackup, now_ms: int) -> Path | None:
    """Check a backup, and replace the server's database with the copy in the backup.

    The copy gets a new epoch (random code of a database), so that programs that read records start
    again from the first one. Return the path at which the replaced SQLite database is kept, if
    there was one. Raises: BadBackup if the backup fails the check; CopyFailed if the copy is
    damaged; ServerRuns if a server uses the database.
    """
    check(opened_backup)
    at = datetime.fromtimestamp(now_ms / 1000, VIETNAM)
    return database_copies.replace_by(opened_backup.database, kept=f"truoc-{at:%Y%m%d-%H%M%S}")


def _require_same_engine(manifest: Manifest) -> None:
    if manifest.engine != db.engine.dialect.name:
        raise BadBackup(say("backup.engine", engine=manifest.engine, here=db.engine.dialect.name))


def _unpacked(work: Path) -> OpenedBackup:
    with gzip.open(work / "archive", "rb") as packed, tarfile.open(fileobj=packed) as tar:
        manifest = decode_foreign(_read_small(tar, MANIFEST), _manifest_decoder)
        keys = _read_small(tar, KEYS).decode()
        source = tar.extractfile(DATABASE)
        assert source
        with (work / DATABASE).open("wb") as target:
            shutil.copyfileobj(source, target)
    return OpenedBackup(manifest, work / DATABASE, keys)


def _read_small(tar: tarfile.TarFile, name: str) -> bytes:
    member = tar.extractfile(name)
    assert member
    return member.read(MAX_SMALL_BYTES)


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), PRIVATE_FILE
    tar.addfile(entry, io.BytesIO(content))


def _sync_folder(folder: Path) -> None:
    """Wait until the folder's entries are on the disk, so that a power cut keeps the new file."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
