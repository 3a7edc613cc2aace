"""A release as its manifest tells it (docs/release.md), and what may stand in one.

A publisher changes content, never code: what runs in a browser must be what this server's own
build has.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

TOP = "manifest.json"
FACTS = "facts.json"
CODE = re.compile(r"(?:app/.*|diem-danh/.*|sw\.js)\Z")
"""What runs: the bundles, the kiosk, the service worker."""

_SAFE_PATH = re.compile(r"(?!.*(?:^|/)\.)[A-Za-z0-9._-]+(?:/[A-Za-z0-9._-]+)*\Z")
MAX_PATH_LETTERS = 200
MAX_FILES = 100_000

Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
Path = Annotated[str, Meta(min_length=1, max_length=MAX_PATH_LETTERS)]


class FileLine(Struct, frozen=True, array_like=True):
    """`[path, sha256, bytes]`; the path is relative to the release."""

    path: Path
    sha256: Sha256
    bytes: Annotated[int, Meta(ge=0)]


class ListLine(Struct, frozen=True):
    """One list as the top level has it."""

    name: str
    path: Path
    sha256: Sha256
    files: int
    bytes: int


class Manifest(Struct, frozen=True):
    """The top level."""

    v: int
    lists: tuple[ListLine, ...]
    withdrawn: tuple[tuple[str, str], ...] = ()


class BadRelease(Exception):
    """A manifest that cannot be served; the message says which path or field."""


def read_manifest(content: bytes) -> Manifest:
    """Return the top level. Raises: BadRelease."""
    try:
        return msgspec.json.decode(content, type=Manifest)
    except msgspec.MsgspecError as fault:
        raise BadRelease(f"{TOP}: {fault}") from None


def files_of(content: bytes, manifest: Manifest, lists: Mapping[str, bytes]) -> dict[str, FileLine]:
    """Return every file of a release by its path, its own two levels included.

    `lists` holds the content of each list by its sha256. Raises: BadRelease.
    """
    own = FileLine(TOP, hashlib.sha256(content).hexdigest(), len(content))
    files = {TOP: own}
    for line in manifest.lists:
        listed = lists[line.sha256]
        found = [FileLine(line.path, line.sha256, len(listed))]
        try:
            found += msgspec.json.decode(listed, type=list[FileLine])
        except msgspec.MsgspecError as fault:
            raise BadRelease(f"{line.path}: {fault}") from None
        for file in found:
            if not _SAFE_PATH.match(file.path):
                raise BadRelease(f"{line.path}: {file.path!r}")
            if files.setdefault(file.path, file) != file:
                raise BadRelease(f"{line.path}: {file.path!r} twice")
        if len(files) > MAX_FILES:
            raise BadRelease(f"{line.path}: more than {MAX_FILES} files")
    return files


def foreign_code(files: Iterable[FileLine], ours: Mapping[str, str]) -> str | None:
    """Return the first path whose code is not `ours` (path → sha256), or that lacks; else None."""
    theirs = {file.path: file.sha256 for file in files if CODE.match(file.path)}
    return next(
        (path for path in sorted(theirs.keys() | ours) if theirs.get(path) != ours.get(path)), None
    )
