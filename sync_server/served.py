"""The portal that this server serves: the release last published to it, or else its own build.

Its own build in `SITE_DIR` is also the measure of code: what published releases may run.
"""

import hashlib
from pathlib import Path
from typing import NamedTuple

import msgspec
from sqlalchemy import Connection
from werkzeug.security import safe_join

from sync_server.domain.release import CODE, FACTS, TOP
from sync_server.storage import releases
from sync_server.storage.directory import ReleaseFacts

_known: dict[Path, tuple[tuple[int, int], str]] = {}
_decoder = msgspec.json.Decoder(ReleaseFacts)


class ServedFile(NamedTuple):
    """A file of the portal: `path` on the disk, or else among those published."""

    sha256: str
    size_bytes: int
    path: Path | None

    def read(self, connection: Connection, start: int, stop: int) -> bytes:
        """Return the bytes from `start` to before `stop`."""
        if self.path is None:
            return releases.read_blob(connection, self.sha256, start, stop)
        with self.path.open("rb") as file:
            file.seek(start)
            return file.read(stop - start)


def current(connection: Connection, site_dir: Path, now_ms: int) -> str | None:
    """Return the release's id, the sha256 of its manifest; None where nothing is there."""
    published = releases.current(connection, now_ms)
    if published is not None:
        return published
    top = _on_disk(site_dir / TOP)
    return top and top.sha256


def find(connection: Connection, site_dir: Path, path: str, now_ms: int) -> ServedFile | None:
    """Return a file of the portal as it is at a moment."""
    release = releases.current(connection, now_ms)
    if release is not None:
        found = releases.file_at(connection, release, path)
        return found and ServedFile(found.sha256, found.bytes, None)
    name = safe_join(str(site_dir), path)
    return _on_disk(Path(name)) if name else None


def facts(connection: Connection, site_dir: Path, now_ms: int) -> ReleaseFacts | None:
    """Return the units, points and meetings that the release publishes; None without a release."""
    found = find(connection, site_dir, FACTS, now_ms)
    return found and _decoder.decode(found.read(connection, 0, found.size_bytes))


def own_code(site_dir: Path) -> dict[str, str]:
    """Return {path: sha256} of what runs in a browser, as this server's version builds it."""
    names = {path: path.relative_to(site_dir).as_posix() for path in site_dir.rglob("*.*")}
    found = {name: _on_disk(path) for path, name in names.items() if CODE.match(name)}
    return {name: file.sha256 for name, file in found.items() if file}


def _on_disk(path: Path) -> ServedFile | None:
    """Return a file that is there, hashed anew only when it has changed."""
    if not path.is_file():
        return None
    stat = path.stat()
    state = (stat.st_mtime_ns, stat.st_size)
    known = _known.get(path)
    if known is None or known[0] != state:
        known = (state, hashlib.sha256(path.read_bytes()).hexdigest())
        _known[path] = known
    return ServedFile(known[1], stat.st_size, path)
