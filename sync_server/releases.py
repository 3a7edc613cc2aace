"""The built portal that this server serves: its identity, and the public facts in it."""

import hashlib
from pathlib import Path

import msgspec

from sync_server.storage.directory import ReleaseFacts

_known: dict[Path, tuple[int, int, str]] = {}
_decoder = msgspec.json.Decoder(ReleaseFacts)


def current(site_dir: Path) -> str | None:
    """Return the release's id, the sha256 of its manifest; None where nothing is built."""
    path = site_dir / "manifest.json"
    try:
        stat = path.stat()
    except FileNotFoundError:
        return None
    known = _known.get(path)
    if known is None or known[:2] != (stat.st_mtime_ns, stat.st_size):
        release = hashlib.sha256(path.read_bytes()).hexdigest()
        known = (stat.st_mtime_ns, stat.st_size, release)
        _known[path] = known
    return known[2]


def facts(site_dir: Path) -> ReleaseFacts | None:
    """Return the units, points and meetings that the release publishes; None without a release."""
    try:
        return _decoder.decode((site_dir / "facts.json").read_bytes())
    except FileNotFoundError:
        return None
