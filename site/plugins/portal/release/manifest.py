"""Write and read the manifest of a release, which lists the built files in two levels.

`manifest.json` contains one line per list. Every file under `lists/` contains one line per built
file. The service worker, the publisher, the relay and the USB pack all read these two levels. The
release's id is the sha256 of `manifest.json`.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import msgspec

from sync_server.domain.release import MANIFEST_PATH, FileLine, ListLine, Manifest

SHELL, SERVER, REST = "shell", "server", "rest"
"""Lists of files for all readers, for servers only, and of files that no other list contains."""

KIOSK, SCANNER = "kiosk", "scanner"
"""Lists of the kiosk's files, and of the card scanner for browsers that have no scanner."""


def write_manifest(
    output: Path,
    lines: Mapping[str, FileLine],
    paths_by_list: Mapping[str, Iterable[str]],
    withdrawn: Mapping[str, str] | None = None,
) -> str:
    """Write the manifest and the lists of a release, and return the release's id.

    `lines` contains the manifest line of every file by path. `paths_by_list` contains the paths of
    every list by name. A path may be in several lists. A path in no list goes to `REST`.
    `withdrawn`
    becomes the manifest's field of that name. Lists that this release does not contain are deleted.
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
    """Parse the JSON of a manifest's top level.

    Raises: msgspec.MsgspecError if the JSON is not valid.
    """
    return msgspec.json.decode(content, type=Manifest)


def read_list(content: bytes) -> list[FileLine]:
    """Parse the JSON of one list of files.

    Raises: msgspec.MsgspecError if the JSON is not valid.
    """
    return msgspec.json.decode(content, type=list[FileLine])


def files_of(read: Callable[[str], bytes]) -> dict[str, tuple[str, int]]:
    """Return {path: (sha256, bytes)} for every file of a release, with the manifest and its lists.

    `read` returns the content of a path.

    Raises: msgspec.MsgspecError if the manifest or a list is not valid, or any exception of `read`.
    """
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
    """Return the id of the release in a folder, which is the sha256 of its manifest.

    Raises: FileNotFoundError if the folder contains no manifest.
    """
    return hashlib.sha256((output / MANIFEST_PATH).read_bytes()).hexdigest()
