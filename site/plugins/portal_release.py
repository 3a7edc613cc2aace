"""The release: what was built, as a manifest in two levels over content-addressed files.

On top `manifest.json`, one line a list; under `lists/`, one line a file. Service worker,
publisher, relay and USB pack read the same two. The release's id is the manifest's sha256.
"""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

TOP = "manifest.json"
SHELL, SERVER, REST = "shell", "server", "rest"
"""Lists besides one a meeting: what a reader always keeps, what only servers read, what is left."""


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


class Manifest(Struct, frozen=True):
    """The top level."""

    v: int
    lists: tuple[ListLine, ...]


def write_manifest(output: Path, lists_of: Mapping[str, Iterable[str]]) -> str:
    """Write both levels for the files under `output` and return the release's id.

    `lists_of` names for each list the paths in it; a file in none goes to the rest. A file may
    stand in several.
    """
    lines = {
        path.relative_to(output).as_posix(): _line(path, output)
        for path in sorted(output.rglob("*"))
        if path.is_file()
    }
    listed = {name: sorted(set(paths)) for name, paths in lists_of.items()}
    placed = {path for paths in listed.values() for path in paths}
    listed[REST] = sorted(set(lines) - placed)
    top = [
        _write_list(output, name, [lines[path] for path in paths])
        for name, paths in sorted(listed.items())
        if paths
    ]
    encoded = msgspec.json.encode(Manifest(1, tuple(top)))
    (output / TOP).write_bytes(encoded)
    return hashlib.sha256(encoded).hexdigest()


def _write_list(output: Path, name: str, files: list[FileLine]) -> ListLine:
    path = output / "lists" / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    encoded = msgspec.json.encode(files)
    path.write_bytes(encoded)
    return ListLine(
        name=name,
        path=path.relative_to(output).as_posix(),
        sha256=hashlib.sha256(encoded).hexdigest(),
        files=len(files),
        bytes=sum(file.bytes for file in files),
    )


def _line(path: Path, output: Path) -> FileLine:
    content = path.read_bytes()
    name = path.relative_to(output).as_posix()
    return FileLine(name, hashlib.sha256(content).hexdigest(), len(content))


def release_of(output: Path) -> str:
    """Return the id of the release in a folder: the sha256 of its manifest."""
    return hashlib.sha256((output / TOP).read_bytes()).hexdigest()
