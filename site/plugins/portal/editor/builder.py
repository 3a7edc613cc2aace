"""Build the portal, a static website, into a folder.

A complete build replaces the previous portal. The preview (`build.py serve`) updates only changed
files.
"""

import logging
import os
import shutil
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from portal import ROOT
from portal.content.file_names import is_leftover_file
from portal.content.guard import Guard
from portal.content.loading import FileCache, PortalContent, load
from portal.editor import build_memory
from portal.editor.build_memory import BuildMemory
from portal.editor.bundle import bundle
from portal.media.cache import FOLDER
from portal.messages import say
from portal.pages.memory import Finished, Memory
from portal.release.manifest import files_of, release_of
from sync_server.domain.release import MANIFEST_PATH


class BuildFault(Exception):
    """Raised if an editor's command cannot continue. The message gives the reason and a remedy."""


class Built(NamedTuple):
    """The result of building the portal (the static website).

    `files` and `bytes` are the number and total size of the built files, without the manifest
    that lists them. `release` is the id of the built version, which is the sha256 of the
    manifest.
    """

    files: int
    bytes: int
    release: str


class Builder:
    """A builder of the portal (the public website) from the content files in the folder `content`.

    A repeated build into the same folder writes only changed files. `url` is the portal's public
    address, unless the environment variable PUBLIC_URL is set. `guard` searches files for personal
    data.

    Raises: BuildFault if the folder does not exist, or if the address is not http or https.
    """

    def __init__(self, content: Path, guard: Guard | None = None, url: str | None = None) -> None:
        if not content.is_dir():
            raise BuildFault(say("build.no_content", path=content))
        url = os.environ.get("PUBLIC_URL") or url or "http://localhost:8000"
        if not url.startswith(("http://", "https://")):
            raise BuildFault(say("build.public_url", value=url))
        self.url = url.rstrip("/")
        self._root = content
        self._guard = guard or Guard()
        self._kept = build_memory.load(content, self.url, self._guard)
        self._file_cache = self._kept.file_cache if self._kept else FileCache(self._guard)
        self._settings: dict[str, Any] = {}
        self._site: Any = None
        self.changed_hours: list[str] = []
        """Ids of meetings whose hours changed since the previous build without a new `revised`.

        Readers' calendars ignore new hours if `revised` stays the same.
        """

    def read(self, now: datetime | None = None) -> PortalContent:
        """Read and check the content; leave out texts that are not public at `now`.

        `now` defaults to the present time. For example, the text of a withdrawn document is left
        out.

        Raises: ContentFaults if a content file is not valid, for example if a field is missing.
        """
        return load(self._root, now=now, file_cache=self._file_cache)

    def forget(self) -> None:
        """Forget the files of the previous build, so that the next build writes every file again.

        This is necessary after a failed build or a change to the theme or the code.
        """
        self._site = None

    def make(
        self, content: PortalContent, output: Path, finished: BuildMemory | None = None
    ) -> Built:
        """Build the content into the folder `output`, and write only files that have changed.

        If `finished` is given, unchanged files are taken over from the earlier build in the folder
        `finished.output`.

        Raises: ContentFaults if a file may contain personal data; BundleFault if the JavaScript
        cannot be bundled; BuildFault if Pelican (the site generator) fails.
        """
        if self._site is None or self._settings["OUTPUT_PATH"] != str(output):
            self._start_pelican(output, finished)
        self._settings["PORTAL_CONTENT"] = content
        (output / MANIFEST_PATH).unlink(missing_ok=True)
        try:
            self._site.run()
        except BaseException:
            self.forget()
            raise
        if not (output / MANIFEST_PATH).is_file():  # Pelican continues when a plugin fails
            raise BuildFault(say("build.nothing_made"))
        lines = self._settings["PORTAL_MEMORY"].files.values()
        return Built(len(lines), sum(line.bytes for _, line in lines), release_of(output))

    def replace(self, content: PortalContent, output: Path) -> Built:
        """Build the public website in a new folder, and then put that folder in place of `output`.

        If the build fails, `output` stays unchanged. A successful build sets `changed_hours` to the
        ids of meetings whose hours have changed without a new `revised`; the calendars of readers
        would ignore such a change. Return the number and size of the files, and the release.

        Raises: ContentFaults, BundleFault or BuildFault if the build fails; BuildFault also if
        `output` is in use, overlaps the content folder, or holds anything but an earlier portal.
        """
        output = output.resolve()
        refuse_within(output, self._root)
        if output.exists() and not _is_empty(output) and not _is_portal(output):
            raise BuildFault(say("build.not_a_portal", output=output))
        half_made = output.with_name(f".{output.name}.diemcau-new")
        replaced = output.with_name(f".{output.name}.diemcau-old")
        if replaced.exists() and not output.exists():
            replaced.rename(output)  # a build was killed between the two renames
        shutil.rmtree(half_made, ignore_errors=True)
        self.forget()
        kept, self._kept = self._kept, None
        try:
            built = self.make(content, half_made, kept if kept and kept.output == output else None)
            self.changed_hours = _changed_hours(content, output, half_made)
            if output.exists():
                shutil.rmtree(replaced, ignore_errors=True)
                output.rename(replaced)
            _put_in_place(half_made, output, replaced)
            made = self._settings["PORTAL_MEMORY"]
            build_memory.save(self._root, self.url, self._guard, self._file_cache, made, output)
        except OSError as fault:
            raise BuildFault(say("build.in_use", output=output, fault=fault)) from None
        finally:
            shutil.rmtree(half_made, ignore_errors=True)
        return built

    def _start_pelican(self, output: Path, finished: BuildMemory | None) -> None:
        from jinja2 import FileSystemBytecodeCache
        from pelican import Pelican
        from pelican.log import console
        from pelican.settings import read_settings

        compiled = FOLDER / "templates"
        compiled.mkdir(parents=True, exist_ok=True)
        overrides: Mapping[str, Any] = {
            "JINJA_ENVIRONMENT": {
                "autoescape": True,
                "trim_blocks": True,
                "lstrip_blocks": True,
                "bytecode_cache": FileSystemBytecodeCache(str(compiled)),
            },
            "PATH": str(self._root.resolve()),
            "OUTPUT_PATH": str(output),
            "PORTAL_CONTENT": None,
            "PORTAL_BUNDLE": str(bundle(ROOT)),
            "PORTAL_GUARD": self._guard,
            "PORTAL_MEMORY": finished.made if finished else Memory(),
            "PORTAL_FINISHED": finished and Finished(finished.output, finished.saved_ns),
            "PORTAL_URL": self.url,
        }
        self._settings = read_settings(str(ROOT / "site" / "pelicanconf.py"), override=overrides)
        console.quiet = True  # Pelican would print that it built no articles
        logging.getLogger("pelican").setLevel(logging.WARNING)
        self._site = Pelican(self._settings)


def refuse_within(target: Path, content: Path) -> None:
    """Raise BuildFault if the folder `target` is, contains or is inside the content folder."""
    target, content = target.resolve(), content.resolve()
    if target == content or target in content.parents or content in target.parents:
        raise BuildFault(say("build.in_content", output=target, content=content))


def _is_empty(folder: Path) -> bool:
    return folder.is_dir() and all(is_leftover_file(path.name) for path in folder.iterdir())


def _is_portal(folder: Path) -> bool:
    """Return whether a folder holds a portal that was built earlier: it has a manifest of ours."""
    try:
        files_of(lambda name: (folder / name).read_bytes())
    except (KeyError, OSError, msgspec.MsgspecError):
        return False
    return True


def _changed_hours(content: PortalContent, before: Path, after: Path) -> list[str]:
    """Return the ids of meetings whose new hours readers' calendars would ignore.

    A calendar ignores new hours in an .ics file if the event's SEQUENCE (a revision number) is
    unchanged. `before` and `after` are the folders of the previous and the new website.
    """

    def lines_of(folder: Path, meeting_id: str) -> set[str]:
        path = folder / "hoi-nghi" / f"{meeting_id}.ics"
        lines = path.read_text("utf-8").splitlines() if path.is_file() else []
        return {line for line in lines if line.startswith(("DTSTART", "DTEND", "SEQ", "STATUS"))}

    changed = []
    for meeting in content.meetings:
        old, new = lines_of(before, meeting.id), lines_of(after, meeting.id)
        if old and old != new and any(line.startswith("SEQ") for line in old & new):
            changed.append(meeting.id)
    return changed


def _put_in_place(finished: Path, output: Path, replaced: Path) -> None:
    """Rename the folder `finished` to `output`, and delete `replaced`, the previous website.

    Raises: OSError if renaming fails, after `replaced` has been renamed back to `output`.
    """
    try:
        finished.rename(output)
    except OSError:
        if replaced.exists():
            replaced.rename(output)
        raise
    shutil.rmtree(replaced, ignore_errors=True)
