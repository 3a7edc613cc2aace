"""The release: the built files and their manifest, which lists them in two levels.

`manifest.json` has one line a list, and the files under `lists/` have one line a file. Service
worker, publisher, relay and USB pack read the same two levels. The release's id is the sha256 of
`manifest.json`.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import msgspec

from sync_server.domain.release import MANIFEST_PATH, FileLine, ListLine, Manifest

SHELL, SERVER, REST = "shell", "server", "rest"
"""Lists besides those of meetings: what all readers save, what only servers read, the rest."""

KIOSK, SCANNER = "kiosk", "scanner"
"""Lists for devices that check people in, and for devices that also scan cards."""


def write_manifest(
    output: Path,
    lines: Mapping[str, FileLine],
    paths_by_list: Mapping[str, Iterable[str]],
    withdrawn: Mapping[str, str] | None = None,
) -> str:
    """Write the manifest and the lists of a release's files; return the release's id.

    `paths_by_list` holds the paths of every list; a path may be in several lists, and a path in no
    list goes to the rest. `withdrawn` fills that field of the manifest. Lists that only an earlier
    release had are deleted.
    """
    listed = {name: sorted(set(paths)) for name, paths in paths_by_list.items()}
    placed = {path for paths in listed.values() for path in paths}
    listed[REST] = sorted(set(lines) - placed)
    (output / "lists").mkdir(parents=True, exist_ok=True)
    for old in (output / "lists").glob("*.json"):
        if not listed.get(old.stem):
            old.unlink()
    list_lines = [
        _write_list(output, name, [lines[path] for path in paths])
        for name, paths in sorted(listed.items())
        if paths
    ]
    encoded = msgspec.json.encode(
        Manifest(1, tuple(list_lines), tuple(sorted((withdrawn or {}).items())))
    )
    (output / MANIFEST_PATH).write_bytes(encoded)
    return hashlib.sha256(encoded).hexdigest()


def read_manifest(content: bytes) -> Manifest:
    """Return the top level of a manifest. Raises: msgspec.MsgspecError."""
    return msgspec.json.decode(content, type=Manifest)


def read_list(content: bytes) -> list[FileLine]:
    """Return the lines of a list. Raises: msgspec.MsgspecError."""
    return msgspec.json.decode(content, type=list[FileLine])


def files_of(read: Callable[[str], bytes]) -> dict[str, tuple[str, int]]:
    """Return {path: (sha256, bytes)} of every file of a release, both manifest levels included."""
    content = read(MANIFEST_PATH)
    files = {MANIFEST_PATH: (hashlib.sha256(content).hexdigest(), len(content))}
    for line in read_manifest(content).lists:
        list_content = read(line.path)
        files[line.path] = (line.sha256, len(list_content))
        files |= {file.path: (file.sha256, file.bytes) for file in read_list(list_content)}
    return files


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
    return hashlib.sha256((output / MANIFEST_PATH).read_bytes()).hexdigest()
