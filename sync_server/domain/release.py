"""A release as its manifest describes it (docs/release.md), and the files that it may contain.

A publisher changes content, never code: the code that runs in a browser must be the code of this
server's build.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from sync_server.domain.foreign_bytes import decode_foreign

MANIFEST_PATH = "manifest.json"
FACTS_PATH = "facts.json"
CODE_PATHS = re.compile(r"(?:app/.*|diem-danh/.*|sw\.js)\Z")
"""The code that runs in a browser: the bundles, the kiosk, the service worker."""

_SAFE_PATH = re.compile(r"(?!.*(?:^|/)\.)[A-Za-z0-9._-]+(?:/[A-Za-z0-9._-]+)*\Z")
MAX_PATH_CHARACTERS = 200
MAX_FILES = 100_000

Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
Path = Annotated[str, Meta(min_length=1, max_length=MAX_PATH_CHARACTERS)]


class FileLine(Struct, frozen=True, array_like=True):
    """A file of a release, `[path, sha256, bytes]`; the path is relative to the release."""

    path: Path
    sha256: Sha256
    bytes: Annotated[int, Meta(ge=0)]


class ListLine(Struct, frozen=True):
    """One list of files: its path and hash, and the number and total bytes of its files."""

    name: str
    path: Path
    sha256: Sha256
    files: int
    bytes: int


class Manifest(Struct, frozen=True, omit_defaults=True):
    """The top level of a manifest, which names the lists of files.

    `withdrawn` holds `[path, sha256]` for materials that are held or withdrawn: the file now at
    that path, or an empty sha256 if there is none. Readers' devices delete other bytes under the
    path, and further parts of the material, at once.
    """

    v: int
    lists: tuple[ListLine, ...]
    withdrawn: tuple[tuple[str, str], ...] = ()


_manifest_decoder = msgspec.json.Decoder(Manifest)
_list_decoder = msgspec.json.Decoder(list[FileLine])


class BadRelease(Exception):
    """A manifest that cannot be served; the message names the path or field."""


def read_manifest(content: bytes) -> Manifest:
    """Parse the top level of a manifest. Raises: BadRelease."""
    try:
        return decode_foreign(content, _manifest_decoder)
    except msgspec.DecodeError as fault:
        raise BadRelease(f"{MANIFEST_PATH}: {fault}") from None


def files_of(content: bytes, manifest: Manifest, lists: Mapping[str, bytes]) -> dict[str, FileLine]:
    """Return every file of a release by its path, both levels of the manifest included.

    `lists` holds the content of every list by its sha256. Raises: BadRelease.
    """
    manifest_line = FileLine(MANIFEST_PATH, hashlib.sha256(content).hexdigest(), len(content))
    files = {MANIFEST_PATH: manifest_line}
    for line in manifest.lists:
        list_content = lists[line.sha256]
        file_lines = [FileLine(line.path, line.sha256, len(list_content))]
        try:
            listed: list[FileLine] = decode_foreign(list_content, _list_decoder)
            file_lines += listed
        except msgspec.DecodeError as fault:
            raise BadRelease(f"{line.path}: {fault}") from None
        for file in file_lines:
            if not _SAFE_PATH.match(file.path):
                raise BadRelease(f"{line.path}: {file.path!r}")
            if files.setdefault(file.path, file) != file:
                raise BadRelease(f"{line.path}: {file.path!r} twice")
        if len(files) > MAX_FILES:
            raise BadRelease(f"{line.path}: more than {MAX_FILES} files")
    return files


def foreign_code(files: Iterable[FileLine], ours: Mapping[str, str]) -> str | None:
    """Return a release's first program file that differs from this server's; None if none does.

    `ours`: the hashes of the server's program files by path; a file that only one side has differs.
    """
    theirs = {file.path: file.sha256 for file in files if CODE_PATHS.match(file.path)}
    return next(
        (path for path in sorted(theirs.keys() | ours) if theirs.get(path) != ours.get(path)), None
    )
