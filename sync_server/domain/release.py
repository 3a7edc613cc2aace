"""Read the manifest of a release, and check that the files of the release are permitted.

A release is one built version of the portal (the public website), and the manifest is its table of
contents (docs/release.md). A publisher may change content but no code: the code for browsers must
equal the code in this server's build.
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
"""A pattern for paths of code that runs in browsers: bundles, check-in page, service worker.

A new version of the public website (a release) may not change this code. A stolen publishing key
therefore cannot change which code browsers run."""

_SAFE_PATH = re.compile(r"(?!.*(?:^|/)\.)[A-Za-z0-9._-]+(?:/[A-Za-z0-9._-]+)*\Z")
MAX_PATH_CHARACTERS = 200
MAX_FILES = 100_000
MOST_LISTS = 2_000
"""The largest number of file lists that a manifest may name; a manifest with more is refused.

A manifest is the table of contents of a release, which is one version of the public website. A
release has one list per meeting and a few other lists."""

Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
Path = Annotated[str, Meta(min_length=1, max_length=MAX_PATH_CHARACTERS)]


class FileLine(Struct, frozen=True, array_like=True):
    """A file of a release, in JSON `[path, sha256, bytes]`.

    A release is one built version of the portal (the public website). `path` is relative to the
    root folder of the release, `sha256` is the hash of the file's content, and `bytes` is the size
    of the file.
    """

    path: Path
    sha256: Sha256
    bytes: Annotated[int, Meta(ge=0)]


class ListLine(Struct, frozen=True):
    """A reference from the manifest of a release to a file that lists other files.

    A release is one version of the public website, and the manifest is its table of contents.
    `path` and `sha256` identify the file with the list. `files` is the number of listed files, and
    `bytes` is their total size.
    """

    name: str
    path: Path
    sha256: Sha256
    files: int
    bytes: int


class Manifest(Struct, frozen=True, omit_defaults=True):
    """The table of contents of a release, which is one built version of the public website.

    A manifest names lists of files. `v` is the version of the format. `withdrawn` contains `[path,
    sha256]` for every document that is held back or withdrawn. The sha256 is that of the file that
    replaces the document, or "" if none does. Readers' devices immediately delete all other
    versions of the file at that path, and all other files of the document.
    """

    v: int
    lists: tuple[ListLine, ...]
    withdrawn: tuple[tuple[str, str], ...] = ()


_manifest_decoder = msgspec.json.Decoder(Manifest)
_list_decoder = msgspec.json.Decoder(list[FileLine])


class BadRelease(Exception):
    """Raised if the manifest or a list of the files of a release is not valid.

    A release is one version of the public website, and the manifest is its table of contents. The
    message names the file and the faulty path or field.
    """


def read_manifest(content: bytes) -> Manifest:
    """Parse the JSON of a manifest, which names the lists of files of a release.

    A release is one version of the public website.

    Raises: BadRelease if the JSON is malformed, has more than `MOST_LISTS` lists, or names one list
    twice.
    """
    try:
        manifest = decode_foreign(content, _manifest_decoder)
    except msgspec.DecodeError as fault:
        raise BadRelease(f"{MANIFEST_PATH}: {fault}") from None
    if len(manifest.lists) > MOST_LISTS:
        raise BadRelease(f"{MANIFEST_PATH}: more than {MOST_LISTS} lists")
    hashes = [line.sha256 for line in manifest.lists]
    if len(set(hashes)) < len(hashes):
        raise BadRelease(f"{MANIFEST_PATH}: one list is named twice")
    return manifest


def files_of(content: bytes, manifest: Manifest, lists: Mapping[str, bytes]) -> dict[str, FileLine]:
    """Return {path: file} for all files of a release (one version of the public website).

    The result includes the manifest, which is the release's table of contents, and the lists that
    the manifest names. `content` is the JSON of the manifest, and `manifest` its parsed form.
    `lists` is {sha256 of a list: JSON of the list}.

    Raises: BadRelease if a list is malformed, a path is unsafe, a path occurs twice with different
    content, or more than `MAX_FILES` files are named; KeyError if `lists` lacks a list.
    """
    manifest_line = FileLine(MANIFEST_PATH, hashlib.sha256(content).hexdigest(), len(content))
    files, counted = {MANIFEST_PATH: manifest_line}, 0
    for line in manifest.lists:
        list_content = lists[line.sha256]
        counted += list_content.count(b"[") - 1
        if counted > MAX_FILES:  # also if one file is named many times
            raise BadRelease(f"{line.path}: more than {MAX_FILES} files")
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
    return files


def foreign_code(files: Iterable[FileLine], ours: Mapping[str, str]) -> str | None:
    """Return the first path, in sorted order, at which a release and the server differ in code.

    A release is one version of the public website; `files` are its files. `ours` contains the
    sha256 of the server's code files by path. A code file that only the release or only the server
    contains counts as a difference. Return None if there is no difference.
    """
    theirs = {file.path: file.sha256 for file in files if CODE_PATHS.match(file.path)}
    return next(
        (path for path in sorted(theirs.keys() | ours) if theirs.get(path) != ours.get(path)), None
    )
