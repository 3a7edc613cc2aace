"""The release: what was built, as a manifest in two levels over content-addressed files.

On top `manifest.json`, one line a list; under `lists/`, one line a file. Service worker,
publisher, relay and USB pack read the same two. The release's id is the manifest's sha256.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

TOP = "manifest.json"
SHELL, SERVER, REST = "shell", "server", "rest"
"""Lists besides one a meeting: what a reader always keeps, what only servers read, what is left."""

KIOSK, SCANNER = "kiosk", "scanner"
"""What a device keeps that checks people in, and what it keeps if its camera reads cards."""


class FileLine(Struct, frozen=True, array_like=True):
    """`[path, sha256, bytes]`; the path is relative to the release."""

    path: str
    sha256: str
    bytes: int


class ListLine(Struct, frozen=True):
    """One list as the top level has it; `bytes` is the sum over its files."""

    name: str
    path: str
    sha256: str
    files: int
    bytes: int


class Manifest(Struct, frozen=True, omit_defaults=True):
    """The top level.

    `withdrawn` are `[path, sha256]` of what now stands in the place of a material that is held or
    was withdrawn, the sha256 empty where that is nothing: a reader who has other bytes under that
    path, or further parts of it, drops them at once.
    """

    v: int
    lists: tuple[ListLine, ...]
    withdrawn: tuple[tuple[str, str], ...] = ()


def write_manifest(
    output: Path,
    lines: Mapping[str, FileLine],
    lists_of: Mapping[str, Iterable[str]],
    gone: Mapping[str, str] | None = None,
) -> str:
    """Write both levels over files that are there and return the release's id.

    `gone` is what `withdrawn` says. `lists_of` names for each list the paths in it; a file in none
    goes to the rest. A file may stand in several. Lists of a release before that are no more are
    deleted.
    """
    listed = {name: sorted(set(paths)) for name, paths in lists_of.items()}
    placed = {path for paths in listed.values() for path in paths}
    listed[REST] = sorted(set(lines) - placed)
    (output / "lists").mkdir(parents=True, exist_ok=True)
    for old in (output / "lists").glob("*.json"):
        if not listed.get(old.stem):
            old.unlink()
    top = [
        _write_list(output, name, [lines[path] for path in paths])
        for name, paths in sorted(listed.items())
        if paths
    ]
    encoded = msgspec.json.encode(Manifest(1, tuple(top), tuple(sorted((gone or {}).items()))))
    (output / TOP).write_bytes(encoded)
    return hashlib.sha256(encoded).hexdigest()


def read_manifest(content: bytes) -> Manifest:
    """Return a manifest. Raises: msgspec.MsgspecError."""
    return msgspec.json.decode(content, type=Manifest)


def read_list(content: bytes) -> list[FileLine]:
    """Return the lines of a list. Raises: msgspec.MsgspecError."""
    return msgspec.json.decode(content, type=list[FileLine])


def files_of(read: Callable[[str], bytes]) -> dict[str, tuple[str, int]]:
    """Return {path: (sha256, bytes)} of every file of a release, its own two levels included."""
    content = read(TOP)
    found = {TOP: (hashlib.sha256(content).hexdigest(), len(content))}
    for line in read_manifest(content).lists:
        own = read(line.path)
        found[line.path] = (line.sha256, len(own))
        found |= {file.path: (file.sha256, file.bytes) for file in read_list(own)}
    return found


def _write_list(output: Path, name: str, files: list[FileLine]) -> ListLine:
    path = output / "lists" / f"{name}.json"
    encoded = msgspec.json.encode(files)
    path.write_bytes(encoded)
    return ListLine(
        name=name,
        path=f"lists/{name}.json",
        sha256=hashlib.sha256(encoded).hexdigest(),
        files=len(files),
        bytes=sum(file.bytes for file in files),
    )


def release_of(output: Path) -> str:
    """Return the id of the release in a folder: the sha256 of its manifest."""
    return hashlib.sha256((output / TOP).read_bytes()).hexdigest()
