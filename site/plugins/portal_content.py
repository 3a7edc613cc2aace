"""The content as a whole: everything that editors wrote, read, typed and checked together.

Every fault in every file is found before anything is built (the checks are in `portal_checks`).
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Generic, Literal, NamedTuple, TypeVar

from portal_checks import (
    check_material,
    check_meeting,
    check_names,
    check_pictures,
    check_places,
    check_references,
    check_text,
    no_repeats,
    unused_materials,
)
from portal_front_matter import ContentFaults, Fault, Source, read_source, typed
from portal_guard import Guard
from portal_links import PICTURES, Addresses
from portal_matter import Directory, Hour, MaterialMatter, MeetingMatter, PageMatter, TimeOfDay
from portal_messages import say

VIETNAM = timezone(timedelta(hours=7), "+07:00")

State = Literal["public", "held", "withdrawn"]


class Meeting(NamedTuple):
    """A meeting as written: its id is the file's name."""

    id: str
    matter: MeetingMatter
    text: str

    def instant(self, at: TimeOfDay) -> datetime:
        """Return a time of the meeting's day as an instant in UTC."""
        return instant(f"{self.matter.date} {at}")

    def material_codes(self) -> list[str]:
        """Return the codes of all that belongs to the meeting, in the order of the agenda."""
        of_items = [code for item in self.matter.agenda for code in item.materials]
        return list(dict.fromkeys([*self.matter.basis, *of_items, *self.matter.materials]))


class Material(NamedTuple):
    """A material as readers may have it: one that is held or withdrawn has no text and no file."""

    matter: MaterialMatter
    state: State
    text: str
    attachment: Path | None


class Page(NamedTuple):
    """A page as written: its name is the file's."""

    name: str
    matter: PageMatter
    text: str


class Content(NamedTuple):
    """All that the portal is built from, in a stable order.

    `opens` are the hours, still to come, at which a held material becomes public.
    """

    root: Path
    meetings: tuple[Meeting, ...]
    materials: Mapping[str, Material]
    pages: tuple[Page, ...]
    directory: Directory
    addresses: Addresses
    public_contacts: tuple[str, ...]
    opens: tuple[datetime, ...]
    warnings: tuple[Fault, ...]


M = TypeVar("M", MeetingMatter, MaterialMatter, PageMatter)


class Written(NamedTuple, Generic[M]):
    """One file: what stands in it, its front matter if that is right, and its name."""

    source: Source
    matter: M | None
    stem: str


class Shelf:
    """Remembers files that were read, so that only those that changed since are read again."""

    def __init__(self, guard: Guard | None = None) -> None:
        self.guard = guard or Guard()
        self._read: dict[Path, tuple[tuple[int, int], Any]] = {}
        self._addresses: Addresses | None = None

    def addresses(self, found: Addresses) -> Addresses:
        """Return the addresses found, as the same object while they are the same."""
        if self._addresses != found:
            self._addresses = found
        assert self._addresses is not None
        return self._addresses

    def written(self, root: Path, folder: str, struct: type[M]) -> list[Written[M]]:
        """Return the Markdown files of a folder, sorted by name, each with its own faults."""
        paths = sorted(path for path in (root / folder).glob("*.md") if path.is_file())
        return [self._written(path, Path(root.name) / folder / path.name, struct) for path in paths]

    def _written(self, path: Path, shown: Path, struct: type[M]) -> Written[M]:
        stat = path.stat()
        state = (stat.st_mtime_ns, stat.st_size)
        known = self._read.get(path)
        if known is None or known[0] != state:
            source = read_source(path, shown)
            matter = typed(source, struct)
            source.faults.extend(self._faults_of_people(source))
            known = (state, Written(source, matter, path.stem))
            self._read[path] = known
        written: Written[M] = known[1]
        own: Source = written.source
        # What is found later, beside other files, is not kept: those may change.
        fresh = own._replace(faults=[*own.faults], warnings=[*own.warnings])
        return written._replace(source=fresh)

    def _faults_of_people(self, source: Source) -> list[Fault]:
        allowed = source.texts(("public_contacts",))
        return [
            Fault(source.path, each.line, str(each))
            for each in self.guard.suspicions(source.whole, allowed)
        ]


def load(root: Path, *, now: datetime | None = None, shelf: Shelf | None = None) -> Content:
    """Read and check everything under `root`, as it is public at `now` (by default, now).

    Raises: ContentFaults with all that is wrong.
    """
    now = now or datetime.now(UTC)
    shelf = shelf or Shelf()
    meetings = shelf.written(root, "meetings", MeetingMatter)
    materials = shelf.written(root, "materials", MaterialMatter)
    pages = shelf.written(root, "pages", PageMatter)
    places = _places(root)
    everything: list[Written[Any]] = [*meetings, *materials, *pages]
    addresses = shelf.addresses(Addresses(root, everything))
    check_names([*meetings, *pages])
    check_places(places)
    codes = {code for each in materials for code in each.source.texts(("code",))}
    points = set(places.texts(("points",), "code"))
    known = {each.matter.code: each.matter for each in materials if each.matter}
    for meeting in meetings:
        check_references(meeting.source, codes, points)
        if meeting.matter:
            check_meeting(meeting.source, meeting.matter, known)
    for material in materials:
        if material.matter:
            check_material(material.source, material.matter, root / "materials", shelf.guard)
    no_repeats(((e.source, c) for e in materials for c in e.source.texts(("code",))), "code")
    no_repeats(((e.source, f) for e in materials for f in e.source.texts(("file",))), "file")
    broken = check_pictures(root / PICTURES, Path(root.name) / PICTURES)
    for each in everything:
        check_text(each.source, addresses)
    unused_materials(materials, [each.source for each in everything])
    directory = typed(places, Directory)
    sources = [places, *(each.source for each in everything)]
    faults = broken + [fault for source in sources for fault in source.faults]
    if faults or directory is None:
        raise ContentFaults(faults)
    return Content(
        root=root,
        meetings=tuple(
            sorted(
                (Meeting(each.stem, m, each.source.text) for each, m in _right(meetings)),
                key=lambda meeting: (meeting.matter.date, meeting.id),
            )
        ),
        materials={
            matter.code: _material(root, matter, each.source.text, now)
            for each, matter in sorted(_right(materials), key=lambda pair: pair[1].code)
        },
        pages=tuple(
            sorted(
                (Page(each.stem, m, each.source.text) for each, m in _right(pages)),
                key=lambda page: (page.matter.order, page.name),
            )
        ),
        directory=directory,
        addresses=addresses,
        public_contacts=tuple(
            sorted({words for _, matter in _right(everything) for words in matter.public_contacts})
        ),
        opens=tuple(
            sorted(
                {
                    instant(m.public_from)
                    for m in known.values()
                    if m.public_from and not m.withdrawn and instant(m.public_from) > now
                }
            )
        ),
        warnings=tuple(sorted({fault for source in sources for fault in source.warnings})),
    )


def instant(hour: Hour) -> datetime:
    """Return a day and time of Vietnam as an instant in UTC."""
    return datetime.fromisoformat(hour).replace(tzinfo=VIETNAM).astimezone(UTC)


def _material(root: Path, matter: MaterialMatter, text: str, now: datetime) -> Material:
    if matter.withdrawn:
        return Material(matter, "withdrawn", "", None)
    if matter.public_from and instant(matter.public_from) > now:
        return Material(matter, "held", "", None)
    return Material(
        matter, "public", text, root / "materials" / matter.file if matter.file else None
    )


def _right(written: Iterable[Written[M]]) -> list[tuple[Written[M], M]]:
    return [(each, each.matter) for each in written if each.matter is not None]


def _places(root: Path) -> Source:
    path, shown = root / "directory.yaml", Path(root.name) / "directory.yaml"
    if path.is_file():
        return read_source(path, shown, has_text=False)
    return Source(shown, None, "", "", [Fault(shown, 1, say("build.no_directory"))], [])
