"""Read, convert and check all content files of the portal (the public website).

The faults of all files are reported together, before anything is built. The module `checks`
contains most of the checks.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Generic, Literal, NamedTuple, TypeVar

from portal.content.checks import (
    check_material,
    check_meeting,
    check_names,
    check_no_repeats,
    check_pictures,
    check_places,
    check_references,
    check_tables_and_notes,
    check_text,
    check_windows_names,
    find_unread_files,
    warn_of_unused_materials,
)
from portal.content.fields import (
    Directory,
    Hour,
    MaterialMatter,
    MeetingFrontMatter,
    PageMatter,
    TimeOfDay,
)
from portal.content.file_names import DIRECTORY, PICTURES, is_leftover_file
from portal.content.front_matter import ContentFaults, Fault, Source, read_source, typed
from portal.content.guard import Guard, visible_text
from portal.content.links import Addresses
from portal.media.markdown import to_raw_html
from portal.messages import say
from portal.processes import map_on_all_cores
from sync_server.domain.records.codes import VIETNAM

FIRST_REVISION = datetime(2020, 1, 1, tzinfo=UTC)
"""The revision time of a meeting whose hours and place have never changed.

Revision numbers in calendar files count the minutes from this time. If such a meeting starts
earlier, the start of the meeting is the revision time.
"""

State = Literal["public", "held", "withdrawn"]


class Meeting(NamedTuple):
    """A meeting from a content file, with its front matter (`matter`) and its Markdown text.

    The id is the file name without the extension.
    """

    id: str
    matter: MeetingFrontMatter
    text: str

    def instant(self, at: TimeOfDay) -> datetime:
        """Convert a Vietnamese time such as `07:30` on the meeting's date to an instant in UTC."""
        return instant(f"{self.matter.date} {at}")

    @property
    def revised(self) -> datetime:
        """The time, in UTC, of the last change to the meeting's hours or place.

        If no change is recorded, the time is 1 January 2020 or the meeting's start, whichever is
        earlier.
        """
        if self.matter.revised:
            return instant(self.matter.revised)
        return min(FIRST_REVISION, self.instant(self.matter.starts))

    def material_codes(self) -> list[str]:
        """Return the codes of the meeting's documents in order and without repeats.

        The documents on which the meeting is based (`basis`) come first, followed by those of the
        agenda and then by the meeting's other documents.
        """
        of_items = [code for item in self.matter.agenda for code in item.materials]
        return list(dict.fromkeys([*self.matter.basis, *of_items, *self.matter.materials]))


class Material(NamedTuple):
    """A material (a document for meetings), with its text only if readers may see it now.

    If `state` is "held" (not yet public) or "withdrawn", `text` is "" and `attachment` is None.
    Otherwise `text` is Markdown, and `attachment` is the path of the attached file, if there is
    one.
    """

    matter: MaterialMatter
    state: State
    text: str
    attachment: Path | None


class PageText(NamedTuple):
    """A help page from a content file, with its front matter (`matter`) and its Markdown text.

    The name is the file name without the extension.
    """

    name: str
    matter: PageMatter
    text: str


class PortalContent(NamedTuple):
    """All checked content from which the portal (the public website) is built.

    Meetings are in order of date, and pages in the order of the menu. `materials` is {code:
    document}. `public_contacts` are names and numbers that may be published. `opening_times` are
    the future instants, in UTC, at which further documents become public. `root` is the content
    folder.
    """

    root: Path
    meetings: tuple[Meeting, ...]
    materials: Mapping[str, Material]
    pages: tuple[PageText, ...]
    directory: Directory
    addresses: Addresses
    public_contacts: tuple[str, ...]
    opening_times: tuple[datetime, ...]
    warnings: tuple[Fault, ...]


M = TypeVar("M", MeetingFrontMatter, MaterialMatter, PageMatter, Directory)


_LOOKS_OTHERWISE = re.compile(r"[*_<&`\\|]|\d\n\d")
"""A pattern of Markdown that readers see differently from how it is written.

Examples are formatting marks, and a number that continues on the next line.
"""
_SOFT_BREAK = re.compile(r"(?<=[^>\n])\n(?=[^<\n])")
"""A line break in HTML that readers see as a space."""


class ContentFile(NamedTuple, Generic[M]):
    """A content file with its faults (`source`) and its front matter (`matter`).

    `matter` is None if the front matter is not valid. `stem` is the file name without the
    extension.
    """

    source: Source
    matter: M | None
    stem: str


class FileCache:
    """A cache of content files, which speeds up repeated builds.

    A file is read again only if its modification time or size has changed. `guard` checks whether
    newly read files contain personal data.
    """

    def __init__(self, guard: Guard | None = None) -> None:
        self.guard = guard or Guard()
        self._entries: dict[Path, tuple[tuple[int, int], Any]] = {}
        self._addresses: Addresses | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Return the attributes to store on disk, with an empty guard instead of the real guard.

        A guard searches texts for personal data. The real guard may contain the names of people,
        which are not to be stored on disk.
        """
        return {**self.__dict__, "guard": Guard()}

    def addresses(self, current: Addresses) -> Addresses:
        """Return the addresses of all pages and files, as the same object as before if unchanged.

        `current` are the addresses as just computed. If they equal those of the previous call, the
        object from that call is returned. A build then sees quickly that nothing has changed,
        because Python recognises one and the same object without comparing its contents.
        """
        if self._addresses != current:
            self._addresses = current
        assert self._addresses is not None
        return self._addresses

    def read_folder(self, root: Path, folder: str, struct: type[M]) -> list[ContentFile[M]]:
        """Read all Markdown files in a content folder, and return them sorted by file name.

        `folder` is the name of a folder in `root`, such as `materials`. `struct` is the type of the
        files' front matter. Every result includes the faults in the file.
        """
        paths = sorted(
            path
            for path in (root / folder).glob("*.md")
            if path.is_file() and not is_leftover_file(path.name)
        )
        changed = [path for path in paths if not self._knows(path)]

        def read(path: Path) -> ContentFile[M]:
            source = read_source(path, Path(root.name) / folder / path.name)
            matter = typed(source, struct)
            source.faults.extend(self._faults_of_people(source))
            return ContentFile(source, matter, path.stem)

        states = [file_state(path) for path in changed]
        files = map_on_all_cores(read, changed)
        self._entries |= zip(changed, zip(states, files, strict=True), strict=True)
        return [self._copied(path) for path in paths]

    def read_directory(self, root: Path) -> tuple[Source, Directory | None]:
        """Read the file with all organisations and halls; return the file and the checked content.

        Faults are added to the returned `Source`. The content is None if the file is missing or not
        valid.
        """
        path, display_path = root / DIRECTORY, Path(root.name) / DIRECTORY
        if not path.is_file():
            fault = Fault(display_path, 1, say("build.no_directory"))
            return Source(display_path, None, "", "", [fault], []), None

        if not self._knows(path):
            state, source = file_state(path), read_source(path, display_path, has_text=False)
            self._entries[path] = (state, ContentFile(source, typed(source, Directory), path.stem))
        content_file: ContentFile[Directory] = self._copied(path)
        return content_file.source, content_file.matter

    def _knows(self, path: Path) -> bool:
        """Return whether the content file at `path` has not changed since it was last read."""
        return path in self._entries and self._entries[path][0] == file_state(path)

    def _copied(self, path: Path) -> ContentFile[Any]:
        """Return the content file at `path` with copies of its faults and warnings.

        Later checks add faults that depend on other files.
        """
        content_file: ContentFile[Any] = self._entries[path][1]
        source: Source = content_file.source
        copied = source._replace(faults=[*source.faults], warnings=[*source.warnings])
        return content_file._replace(source=copied)

    def _faults_of_people(self, source: Source) -> list[Fault]:
        """Return a fault for every passage of a file that may be personal data.

        Both the Markdown text and the text that readers see are searched, because marks in the
        Markdown may hide personal data: «**Sinh:** 1975» is shown as «Sinh: 1975».
        """
        allowed = source.texts(("public_contacts",))
        suspicions = list(self.guard.suspicions(source.whole, allowed))
        if not _LOOKS_OTHERWISE.search(source.text):
            return [Fault(source.path, suspicion.line, str(suspicion)) for suspicion in suspicions]
        written_values = "\n".join(suspicion.value for suspicion in suspicions)
        shown_text = visible_text(_SOFT_BREAK.sub(" ", to_raw_html(source.text)))
        suspicions += [
            suspicion._replace(line=source.line_with(suspicion.value.split()[-1]))
            for suspicion in self.guard.suspicions(shown_text, allowed)
            if suspicion.value.split()[-1] not in written_values
        ]
        return [Fault(source.path, suspicion.line, str(suspicion)) for suspicion in suspicions]


def load(
    root: Path, *, now: datetime | None = None, file_cache: FileCache | None = None
) -> PortalContent:
    """Read and check the content in the folder `root`; leave out texts not public at `now`.

    For example, the text and the attachment of a withdrawn document are left out. `now` must have a
    time zone, and defaults to the present time. With `file_cache`, unchanged files are not read
    again.

    Raises: ContentFaults with the faults of all files, for example a missing field, if there are
    any.
    """
    now = now or datetime.now(UTC)
    file_cache = file_cache or FileCache()
    meetings = file_cache.read_folder(root, "meetings", MeetingFrontMatter)
    materials = file_cache.read_folder(root, "materials", MaterialMatter)
    pages = file_cache.read_folder(root, "pages", PageMatter)
    places, directory = file_cache.read_directory(root)
    all_files: list[ContentFile[Any]] = [*meetings, *materials, *pages]
    addresses = file_cache.addresses(Addresses(root, all_files))
    check_names([*meetings, *pages])
    check_windows_names(all_files)
    check_places(places)
    codes = {code for file in materials for code in file.source.texts(("code",))}
    points = set(places.texts(("points",), "code"))
    matter_by_code = {file.matter.code: file.matter for file in materials if file.matter}
    for meeting in meetings:
        check_references(meeting.source, codes, points)
        if meeting.matter:
            check_meeting(meeting.source, meeting.matter, matter_by_code)
    for material in materials:
        if material.matter:
            check_material(material.source, material.matter, root / "materials", file_cache.guard)
    check_no_repeats(((e.source, c) for e in materials for c in e.source.texts(("code",))), "code")
    check_no_repeats(((e.source, f) for e in materials for f in e.source.texts(("file",))), "file")
    picture_faults = check_pictures(root / PICTURES, Path(root.name) / PICTURES)
    read_paths = {root.parent / file.source.path for file in all_files}
    read_paths |= {
        root / "materials" / name for e in materials for name in e.source.texts(("file",))
    }
    unread_texts, unread_files = find_unread_files(root, read_paths)
    for file in all_files:
        check_text(file.source, addresses)
        check_tables_and_notes(file.source)
    warn_of_unused_materials(materials, [file.source for file in all_files])
    sources = [places, *(file.source for file in all_files)]
    faults = [*picture_faults, *unread_texts]
    faults += [fault for source in sources for fault in source.faults]
    if faults or directory is None:
        raise ContentFaults(faults)
    return PortalContent(
        root=root,
        meetings=tuple(
            sorted(
                (Meeting(file.stem, m, file.source.text) for file, m in _valid_files(meetings)),
                key=lambda meeting: (meeting.matter.date, meeting.id),
            )
        ),
        materials={
            matter.code: _material(root, matter, file.source.text, now)
            for file, matter in sorted(_valid_files(materials), key=lambda pair: pair[1].code)
        },
        pages=tuple(
            sorted(
                (PageText(file.stem, m, file.source.text) for file, m in _valid_files(pages)),
                key=lambda page: (page.matter.order, page.name),
            )
        ),
        directory=directory,
        addresses=addresses,
        public_contacts=tuple(
            sorted(
                {words for _, matter in _valid_files(all_files) for words in matter.public_contacts}
            )
        ),
        opening_times=tuple(
            sorted(
                {
                    instant(m.public_from)
                    for m in matter_by_code.values()
                    if m.public_from and not m.withdrawn and instant(m.public_from) > now
                }
            )
        ),
        warnings=tuple(
            sorted({*unread_files, *(fault for source in sources for fault in source.warnings)})
        ),
    )


def file_state(path: Path) -> tuple[int, int]:
    """Return a file's modification time in nanoseconds and its size in bytes, to detect changes.

    Raises: FileNotFoundError if the file does not exist.
    """
    stat = path.stat()
    return stat.st_mtime_ns, stat.st_size


def instant(hour: Hour) -> datetime:
    """Convert a Vietnamese date and time such as `2026-12-18 07:30` to an instant in UTC.

    Raises: ValueError if the date does not exist.
    """
    return datetime.fromisoformat(hour).replace(tzinfo=VIETNAM).astimezone(UTC)


def _material(root: Path, matter: MaterialMatter, text: str, now: datetime) -> Material:
    if matter.withdrawn:
        return Material(matter, "withdrawn", "", None)
    if matter.public_from and instant(matter.public_from) > now:
        return Material(matter, "held", "", None)
    return Material(
        matter, "public", text, root / "materials" / matter.file if matter.file else None
    )


def _valid_files(files: Iterable[ContentFile[M]]) -> list[tuple[ContentFile[M], M]]:
    return [(file, file.matter) for file in files if file.matter is not None]
