"""Write and read the manifest of a release, which lists all files of a built portal.

The manifest has two levels. `manifest.json` names lists, and every list is a file in `lists/` that
contains the path, sha256 and size of some of the built files. Browsers, servers, the publisher and
USB sticks use the manifest to detect missing or changed files. The id of a release is the sha256 of
`manifest.json`.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import msgspec

from sync_server.domain.release import MANIFEST_PATH, FileLine, ListLine, Manifest

SHELL, SERVER, REST = "shell", "server", "rest"
"""Names of lists of files in the manifest.

`shell` lists the files that every reader's device saves, `server` lists files that only servers
read, and `rest` lists all files that no other list contains.
"""

KIOSK, SCANNER = "kiosk", "scanner"
"""Names of two lists of files in the manifest: the files of the kiosk and of its card scanner.

The kiosk is the page for recording attendance. The scanner is only for browsers that cannot read
codes themselves."""


def write_manifest(
    output: Path,
    lines: Mapping[str, FileLine],
    paths_by_list: Mapping[str, Iterable[str]],
    withdrawn: Mapping[str, str] | None = None,
) -> str:
    """Write manifest.json and its lists of files into `output`, and return the release's id.

    The id, the sha256 of manifest.json, identifies this version of the portal (release).
    `lines` is {path: line with the sha256 and size} of every file. `paths_by_list` is {name of
    a list: paths of its files}. A path may be in several lists, and a path in no list goes to
    the list `rest`. `withdrawn` maps paths of documents that are not public to the sha256 of
    the replacement, or to "" if there is none. Unneeded lists of an earlier build are deleted.
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
    """Parse manifest.json, which names the lists of files of a release (version of the portal).

    Raises: msgspec.MsgspecError if the JSON is not valid.
    """
    return msgspec.json.decode(content, type=Manifest)


def read_list(content: bytes) -> list[FileLine]:
    """Parse a list of files in JSON, and return the path, sha256 and size of every file.

    Raises: msgspec.MsgspecError if the JSON is not valid.
    """
    return msgspec.json.decode(content, type=list[FileLine])


def files_of(read: Callable[[str], bytes]) -> dict[str, tuple[str, int]]:
    """Return {path: (sha256, size in bytes)} for every file of a release (version of the portal).

    The manifest and its lists are included. `read` is a function that returns the content of
    the file at a path.

    Raises: msgspec.MsgspecError if the manifest or a list is not valid; also any exception of
    `read`.
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
    """Return the id of the release (built portal) in a folder: the sha256 of manifest.json.

    Raises: FileNotFoundError if the folder contains no manifest.json.
    """
    return hashlib.sha256((output / MANIFEST_PATH).read_bytes()).hexdigest()
