"""Keep on disk what a build made its files from, so that the next build makes only what changed.

The next build may be in another process. What it takes over is exactly what it would make: the same
program, the same address, the same lists of people to look for, and equal inputs.
"""

import gc
import hashlib
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
"""The number of memories that are kept: one for every content folder and address. The one that was
saved least recently is deleted first."""

WORTH_SAVING = 20
"""A memory is saved if one file in 20 or more was made anew."""

PROGRAM = ("site", "sync_server", "requirements", "build.py", "package-lock.json")
"""The files and folders, in the top folder, on which the result of a build may depend."""


class BuildMemory(NamedTuple):
    """What a build has read and made.

    `output` is the finished portal's folder. No file in it that is newer than `saved_ns` (in ns
    since 1970) comes from this build.
    """

    file_cache: FileCache
    made: Memory
    output: Path
    saved_ns: int


def load(content: Path, url: str, guard: Guard) -> BuildMemory | None:
    """Return the memory of the last build of a content folder for an address; None if none fits.

    A memory does not fit if the program or the people in `guard` have changed since.
    """
    with suppress(OSError, ValueError, EOFError, pickle.UnpicklingError, AttributeError):
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
    """Keep what a finished build has read and made. If the disk is full, nothing is kept.

    If the build made few files anew, the memory of an earlier build stays: to make these files once
    more costs less than to save everything.
    """
    if made.made_anew * WORTH_SAVING < len(made.files):
        return
    path = _path(content, url)
    memory = BuildMemory(file_cache, made, output, time.time_ns())
    half_made = path.with_suffix(".new")
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
    """Return a line that differs if the program or the people to look for have changed."""
    digest = hashlib.sha256(guard.fingerprint)
    for name in PROGRAM:
        top = ROOT / name
        paths = [top] if top.is_file() else sorted(top.rglob("*"))
        for path in paths:
            stat = path.stat()
            if path.suffix != ".pyc" and S_ISREG(stat.st_mode):
                digest.update(f"{path} {stat.st_mtime_ns} {stat.st_size}\n".encode())
    return digest.hexdigest().encode() + b"\n"
