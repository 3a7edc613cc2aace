"""Store a build's inputs and results on disk, so that the next build makes only changed files.

The next build may run in another process. A file is reused only if the next build would make the
same file: the program, the address of the portal (the public website), the people to search for,
and the inputs of the file must be unchanged.
"""

import gc
import hashlib
import os
import pickle
import time
from contextlib import suppress
from pathlib import Path
from stat import S_ISREG
from typing import NamedTuple

from portal import ROOT
from portal.content.guard import Guard
from portal.content.loading import FileCache
from portal.media.cache import FOLDER
from portal.pages.memory import Memory

MOST_MEMORIES = 10
"""The maximum number of stored builds, at most one for every content folder and website address.

The build that was stored least recently is deleted first."""

WORTH_SAVING = 20
"""A build is stored only if it newly made at least one file in 20."""

PROGRAM = ("site", "sync_server", "requirements", "build.py", "package-lock.json")
"""The files and folders, in the repository's top folder, on which the result of a build may depend.
"""


class BuildMemory(NamedTuple):
    """The inputs and results of a build.

    `file_cache` contains the content files that were read, and `made` describes the files that were
    made. `output` is the folder of the finished portal (the public website). A file in this folder
    that is newer than `saved_ns` (in ns since 1970) was changed after the build.
    """

    file_cache: FileCache
    made: Memory
    output: Path
    saved_ns: int


def load(content: Path, url: str, guard: Guard) -> BuildMemory | None:
    """Return the stored inputs and results of the last build of a content folder, or None.

    `url` is the public address for which the website was built. `guard` searches the website for
    people whose names must not be published. The result is None if no build is stored for the
    folder and the address, or if the program or this list of people has changed since that build.
    """
    with suppress(Exception):  # a damaged pickle may raise anything; only time is lost
        with _path(content, url).open("rb") as file:
            if file.readline() != _conditions(guard):
                return None
            was_enabled = gc.isenabled()
            gc.disable()  # a million new objects, and none of them is garbage
            try:
                memory: BuildMemory = pickle.load(file)  # noqa: S301 - the program's own folder
            finally:
                if was_enabled:
                    gc.enable()
        memory.file_cache.guard = guard
        return memory
    return None


def save(
    content: Path, url: str, guard: Guard, file_cache: FileCache, made: Memory, output: Path
) -> None:
    """Store the inputs and results of a finished build on disk, where `load` finds them.

    `content` is the content folder, and `url` the public address of the website in the folder
    `output`. `made` describes the built files. If the files cannot be written, for example because
    the disk is full, nothing is stored. If the build newly made only a few files, the earlier
    stored build is kept: making these files again takes less time than storing everything.
    """
    if made.made_anew * WORTH_SAVING < len(made.files):
        return
    path = _path(content, url)
    memory = BuildMemory(file_cache, made, output, time.time_ns())
    half_made = path.with_suffix(f".{os.getpid()}")  # another build may be saving, too
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with half_made.open("wb") as file:
            file.write(_conditions(guard))
            pickle.dump(memory, file, protocol=5)
        half_made.replace(path)
        by_age = sorted(path.parent.iterdir(), key=lambda one: one.stat().st_mtime_ns)
        for old in by_age[:-MOST_MEMORIES]:
            old.unlink(missing_ok=True)


def _path(content: Path, url: str) -> Path:
    key = f"{content.resolve()}\n{url}".encode()
    return FOLDER / "builds" / hashlib.sha256(key).hexdigest()[:32]


def _conditions(guard: Guard) -> bytes:
    """Return a hash, as a line of text, of the program's files and of the people to search for.

    The hash of a file covers only its path, size and modification time.
    """
    digest = hashlib.sha256(guard.fingerprint)
    for name in PROGRAM:
        top = ROOT / name
        paths = [top] if top.is_file() else sorted(top.rglob("*"))
        for path in paths:
            stat = path.stat()
            if path.suffix != ".pyc" and S_ISREG(stat.st_mode):
                digest.update(f"{path} {stat.st_mtime_ns} {stat.st_size}\n".encode())
    return digest.hexdigest().encode() + b"\n"
