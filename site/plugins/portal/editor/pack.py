"""Make and verify packs, which are copies of the whole portal for USB sticks.

A pack consists of a folder and a zip with the same files. Packs are verified against the portal's
manifest, which lists all files with their sha256.
"""

import hashlib
import shutil
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import escape
from pathlib import Path
from typing import NamedTuple

import msgspec

from portal.content.file_names import is_leftover_file
from portal.editor.builder import BuildFault
from portal.messages import say
from portal.release.manifest import files_of, release_of
from sync_server.domain.release import MANIFEST_PATH

NAME = "diem-cau"
INNER = "cong-thong-tin"
START = "MO-DAU.html"
ZIP_DAY = (1980, 1, 1, 0, 0, 0)
"""The date of every file in the zip, which is the earliest date that a zip can store.

The date is fixed, so that equal portals give equal zips.
"""


class Packed(NamedTuple):
    """A finished copy of the portal for a USB stick, as a folder and as a zip (`archive`).

    `start` is the file name of the start page. `files` and `bytes` are the number and total size of
    the files in the folder.
    """

    folder: Path
    archive: Path
    start: str
    files: int
    bytes: int


class Verified(NamedTuple):
    """The result of comparing a copy of the portal with the list of files in the copy's manifest.

    `files` is the number of files in that list, or 0 if the list is damaged. `faults` contains a
    message for every faulty file, and is empty for a correct copy.
    """

    files: int
    faults: list[str]


def pack(output: Path, to: Path) -> Packed:
    """Copy the built portal from `output` into the folder `to`, as a folder and as a zip.

    Both copies are verified. Previous copies in `to` are replaced.

    Raises: BuildFault if a copy is faulty, or if the folder that would be replaced holds other
    files than a copy.
    """
    folder, archive = to / NAME, to / f"{NAME}.zip"
    if folder.exists() and not _is_pack(folder):
        raise BuildFault(say("build.pack.foreign", path=folder))
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(output, folder / INNER)
    (folder / START).write_text(_start_page(output), encoding="utf-8", newline="\n")
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
        for path in files:
            info = zipfile.ZipInfo(f"{NAME}/{path.relative_to(folder).as_posix()}", ZIP_DAY)
            info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            zipped.writestr(info, path.read_bytes())
    for copy in (folder, archive):
        if faults := verify(copy).faults:
            raise BuildFault("\n".join(faults))
    return Packed(folder, archive, START, len(files), sum(path.stat().st_size for path in files))


def _is_pack(folder: Path) -> bool:
    names = [path.name for path in folder.iterdir()] if folder.is_dir() else [folder.name]
    return all(name in {INNER, START} or is_leftover_file(name) for name in names)


def verify(path: Path) -> Verified:
    """Compare a copy of the portal, which is a folder or a zip, with the manifest in that copy.

    The manifest lists all files with their sha256. Missing, changed and unknown files are faults in
    the result, and so is a damaged manifest.

    Raises: BuildFault if there is no manifest.
    """
    with _reader(path) as (names, read):
        top = next(
            (n for n in sorted(names, key=len) if n.rpartition("/")[2] == MANIFEST_PATH), None
        )
        if top is None:
            raise BuildFault(say("build.pack.none", path=path))
        prefix = top.removesuffix(MANIFEST_PATH)
        try:
            files = files_of(lambda name: read(prefix + name))
        except (KeyError, OSError, msgspec.MsgspecError, zipfile.BadZipFile) as fault:
            return Verified(0, [say("build.pack.changed", path=f"{top} ({fault})")])
        faults = []
        for name, (sha256, _) in sorted(files.items()):
            if prefix + name not in names:
                faults.append(say("build.pack.missing", path=name))
            elif not _is_whole(read, prefix + name, sha256):
                faults.append(say("build.pack.changed", path=name))
        pack_names = {name.removeprefix(prefix) for name in names if name.startswith(prefix)}
        unknown_names = pack_names - files.keys() - {START} if prefix else set()
        faults += [say("build.pack.unknown", path=name) for name in sorted(unknown_names)]
    return Verified(len(files), faults)


def _is_whole(read: Callable[[str], bytes], name: str, sha256: str) -> bool:
    try:
        return hashlib.sha256(read(name)).hexdigest() == sha256
    except (OSError, zipfile.BadZipFile, zlib.error):
        return False


@contextmanager
def _reader(path: Path) -> Iterator[tuple[set[str], Callable[[str], bytes]]]:
    if path.is_dir():
        names = {p.relative_to(path).as_posix() for p in path.rglob("*") if p.is_file()}
        yield names, lambda name: (path / name).read_bytes()
        return
    try:
        zipped = zipfile.ZipFile(path)
    except (OSError, zipfile.BadZipFile):
        raise BuildFault(say("build.pack.none", path=path)) from None
    with zipped:
        yield set(zipped.namelist()), zipped.read


def _start_page(output: Path) -> str:
    title, release = escape(say("build.pack.title")), release_of(output)[:12]
    return (
        f'<!doctype html>\n<html lang="vi">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n"
        f"<style>{_style(output)}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n"
        f"<p>{escape(say('build.pack.about'))}</p>\n"
        f'<p><a class="button main" href="{INNER}/index.html">'
        f"{escape(say('build.pack.open'))}</a></p>\n"
        f'<p class="muted">{escape(say("build.pack.release", release=release))}</p>\n'
        "</main>\n</body>\n</html>\n"
    )


def _style(output: Path) -> str:
    return (output / "app" / "look.css").read_text("utf-8")
