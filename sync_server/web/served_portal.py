"""Find the files of the portal (the public website) that this server serves.

These are the files of the activated release (a published version of the portal) or, if
there is none, of the local build in `SITE_DIR`. A published release may contain no code for
browsers that the local build lacks.
"""

import hashlib
from io import SEEK_CUR, SEEK_END, SEEK_SET, BufferedReader, RawIOBase
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from flask import Flask, current_app
from sqlalchemy import Connection
from werkzeug.security import safe_join

from sync_server.database import reading
from sync_server.domain.foreign_bytes import decode_foreign
from sync_server.domain.records.codes import check_instant
from sync_server.domain.release import CODE_PATHS, FACTS_PATH, MANIFEST_PATH
from sync_server.errors import ReleaseMalformed
from sync_server.storage import directory
from sync_server.storage.blobs import releases, resumable_uploads
from sync_server.storage.directory import PublishedDirectory

PIECE_BYTES = 256 * 1024
"""Large files are read in pieces of 256 KiB. A download therefore takes only this much memory."""

_cached_hashes: dict[Path, tuple[tuple[int, int], str]] = {}
_decoder = msgspec.json.Decoder(PublishedDirectory)


class ServedFile(NamedTuple):
    """A file of the portal (the public website), with the sha256 of its content in hexadecimal.

    The file is on the disk at `path`, or in the database if `path` is None.
    """

    sha256: str
    size_bytes: int
    path: Path | None

    def read(self, connection: Connection, start: int, stop: int) -> bytes:
        """Return the file's bytes from `start` up to but not including `stop`."""
        if self.path is None:
            return resumable_uploads.read(connection, releases.file_key(self.sha256), start, stop)
        with self.path.open("rb") as file:
            file.seek(start)
            return file.read(stop - start)

    def open(self, start: int, stop: int) -> BufferedReader:
        """Open the file's bytes from `start` up to but not including `stop` as a stream.

        The stream can still be read after the request's transaction has ended.
        """
        return BufferedReader(_FilePart(self, start, stop), PIECE_BYTES)


class _FilePart(RawIOBase):
    """A stream of the bytes of a file from `start` up to but not including `stop`.

    Every piece is read in a new transaction, so a slow download holds no transaction open.
    """

    def __init__(self, file: ServedFile, start: int, stop: int) -> None:
        self._file, self._start, self._stop = file, start, stop
        self._app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
        self._position = start

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = SEEK_SET) -> int:
        origin = {SEEK_SET: self._start, SEEK_CUR: self._position, SEEK_END: self._stop}[whence]
        self._position = origin + offset
        return self._position - self._start

    def readinto(self, buffer: Any) -> int:
        stop = min(self._position + len(buffer), self._stop)
        if stop <= self._position:
            return 0
        with self._app.app_context(), reading() as connection:
            piece = self._file.read(connection, self._position, stop)
        buffer[: len(piece)] = piece
        self._position += len(piece)
        return len(piece)


def current_release(connection: Connection, site_dir: Path, now_ms: int) -> str | None:
    """Return the id of the served version of the portal (its release); None if there is none.

    The id is the sha256 of the file `manifest.json`, which lists the release's files. If no release
    is active at `now_ms` (ms since 1970 UTC), the local build in `site_dir` is served.
    """
    published = releases.current(connection, now_ms)
    if published is not None:
        return published
    top = _file_on_disk(site_dir / MANIFEST_PATH)
    return top and top.sha256


def find_file(connection: Connection, site_dir: Path, path: str, now_ms: int) -> ServedFile | None:
    """Return the file of the portal (the public website) at `path`, or None if there is none.

    The file belongs to the release (published version of the portal) that is served at `now_ms` (ms
    since 1970 UTC) or, without a release, to the local build in `site_dir`.
    """
    release = releases.current(connection, now_ms)
    if release is not None:
        blob = releases.file_at(connection, release, path)
        return blob and ServedFile(blob.sha256, blob.bytes, None)
    name = safe_join(str(site_dir), path)
    return _file_on_disk(Path(name)) if name else None


def published_directory(
    connection: Connection, site_dir: Path, now_ms: int
) -> PublishedDirectory | None:
    """Return the units, halls (points) and meetings that the portal (the public website) publishes.

    The portal is the version that is served at `now_ms` (ms since 1970 UTC). Return None if it has
    no `facts.json`. Raises: ReleaseMalformed if this version of the server cannot read that file.
    """
    directory_file = find_file(connection, site_dir, FACTS_PATH, now_ms)
    if directory_file is None:
        return None
    return parse_directory(directory_file.read(connection, 0, directory_file.size_bytes))


def store_places_if_empty(connection: Connection, site_dir: Path, now_ms: int) -> int:
    """Store the published units and halls (points) if the database has no units yet.

    The portal (the public website) publishes them in its file `facts.json`. Return the number of
    stored units; 0 if the database has units already or the portal has no such file. Later changes
    to published units and points are stored when headquarters accepts these changes. New units and
    points are also stored when headquarters accepts a published meeting. Raises: ReleaseMalformed
    if `facts.json` cannot be read.
    """
    if directory.all_units(connection):
        return 0
    published = published_directory(connection, site_dir, now_ms)
    if published is None:
        return 0
    directory.put_places(connection, published.units, published.points)
    return len(published.units)


def parse_directory(content: bytes) -> PublishedDirectory:
    """Parse the units, halls (points) and meetings in `content`, a website's file `facts.json`.

    The server's public website (the portal) publishes its data in this file. Raises:
    ReleaseMalformed if `content` is not JSON, or if a value is missing or has a wrong form.
    """
    try:
        published = decode_foreign(content, _decoder)
        for meeting in published.meetings:
            check_instant(meeting.starts_at)
            check_instant(meeting.ends_at)
        return published
    except msgspec.DecodeError as fault:
        raise ReleaseMalformed(fault=f"{FACTS_PATH}: {fault}") from None


def local_code(site_dir: Path) -> dict[str, str]:
    """Return {path: sha256} of all files in the local build that browsers run as code.

    The local build is a folder, `site_dir`, with the files of the public website. Paths are
    relative to this folder.
    """
    names = {path: path.relative_to(site_dir).as_posix() for path in site_dir.rglob("*.*")}
    code_files = {
        name: _file_on_disk(path) for path, name in names.items() if CODE_PATHS.match(name)
    }
    return {name: file.sha256 for name, file in code_files.items() if file}


def _file_on_disk(path: Path) -> ServedFile | None:
    """Return the file at `path` on the disk, or None if there is no file.

    The sha256 of its content is computed again only if the file's time or size has changed.
    """
    if not path.is_file():
        return None
    stat = path.stat()
    state = (stat.st_mtime_ns, stat.st_size)
    cached = _cached_hashes.get(path)
    if cached is None or cached[0] != state:
        with path.open("rb") as file:
            cached = (state, hashlib.file_digest(file, "sha256").hexdigest())
        _cached_hashes[path] = cached
    return ServedFile(cached[1], stat.st_size, path)
