"""What editors write: meetings, materials, pages and the directory, typed and checked as a whole.

Every fault in every file is found before anything is built. There is no field for a person:
the directory lists units and points, presenters are named by their office.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Annotated, Literal, NamedTuple, TypeVar

import yaml
from msgspec import Meta, Struct
from portal_front_matter import At, ContentFaults, Fault, Source, read_source, typed
from portal_messages import say

VIETNAM = timezone(timedelta(hours=7), "+07:00")

MaterialKind = Literal[
    "NGHI_QUYET", "CHI_THI", "KET_LUAN", "QUY_DINH", "QUYET_DINH", "KE_HOACH", "CHUONG_TRINH",
    "HUONG_DAN", "CONG_VAN", "THONG_BAO", "BAO_CAO", "VAN_KIEN", "TAI_LIEU_THAM_KHAO", "SLIDE",
    "VIDEO", "AUDIO", "MAU_BIEU",
]  # fmt: skip
AgendaItemKind = Literal[
    "ON_DINH_TO_CHUC", "CHAO_CO", "TUYEN_BO_LY_DO", "KHAI_MAC", "QUAN_TRIET", "THAM_LUAN",
    "THAO_LUAN", "PHAT_BIEU_CHI_DAO", "GIAI_LAO", "KET_LUAN", "BE_MAC",
]  # fmt: skip
MeetingKind = Literal["HOI_NGHI_HOC_TAP", "HOI_NGHI", "SINH_HOAT_CHUYEN_DE"]
Mode = Literal["TRUC_TIEP", "TRUC_TUYEN", "KET_HOP"]
HostLevel = Literal["TRUNG_UONG", "TINH", "KHOI", "CO_SO"]
Circulation = Literal["CONG_KHAI", "LUU_HANH_NOI_BO", "MAT"]
UnitType = Literal[
    "CO_QUAN_HANH_CHINH", "DON_VI_SU_NGHIEP", "DOANH_NGHIEP", "TO_CHUC_HOI_NGHE_NGHIEP",
    "CO_QUAN_BAO_CHI",
]  # fmt: skip
PartyForm = Literal["CHI_BO_CO_SO", "DANG_BO_CO_SO"]

MaterialCode = Annotated[str, Meta(pattern=r"^[a-z0-9]{2,8}\Z", description="code")]
TimeOfDay = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]\Z", description="time")]
PlaceCode = Annotated[str, Meta(pattern=r"^[A-Z][A-Z0-9-]{0,15}\Z", description="place")]
Words = Annotated[str, Meta(min_length=1, description="text")]
Minutes = Annotated[int, Meta(ge=0, le=240, description="minutes")]
FileName = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*\Z", description="file")]
Address = Annotated[str, Meta(pattern=r"^https://", description="address")]


class AgendaItem(Struct, frozen=True, kw_only=True):
    """One item of an agenda; it lasts until the next begins."""

    at: TimeOfDay
    kind: AgendaItemKind
    title: Words
    presenter: Words | None = None
    materials: tuple[MaterialCode, ...] = ()


class MeetingMatter(Struct, frozen=True, kw_only=True):
    """The front matter of a meeting; times are Vietnam's. No `points` means all of them."""

    title: Words
    kind: MeetingKind
    mode: Mode
    host: Words
    host_level: HostLevel
    date: date
    starts: TimeOfDay
    ends: TimeOfDay
    grace_minutes: Minutes = 0
    summary: Words
    points: tuple[PlaceCode, ...] = ()
    main_point: PlaceCode | None = None
    basis: tuple[MaterialCode, ...] = ()
    materials: tuple[MaterialCode, ...] = ()
    agenda: tuple[AgendaItem, ...] = ()
    rules: tuple[Words, ...] = ()
    join_url: Address | None = None
    support: Words | None = None


class MaterialMatter(Struct, frozen=True, kw_only=True):
    """The front matter of a material; `file` names a file beside it."""

    code: MaterialCode
    title: Words
    kind: MaterialKind
    circulation: Circulation
    date: date
    issuer: Words
    number: Words | None = None
    summary: Words
    file: FileName | None = None


class PageMatter(Struct, frozen=True, kw_only=True):
    """The front matter of a page; `order` is its place in the menu."""

    title: Words
    summary: Words
    order: Annotated[int, Meta(ge=0, description="int")] = 0


class Unit(Struct, frozen=True, kw_only=True):
    """A grassroots organisation directly under the bloc committee."""

    code: PlaceCode
    name: Words
    type: UnitType
    form: PartyForm


class Point(Struct, frozen=True, kw_only=True):
    """A hall; without a name it takes its unit's (domain.md row 37)."""

    code: PlaceCode
    unit: PlaceCode
    name: Words | None = None


class Directory(Struct, frozen=True, kw_only=True):
    """The whole of directory.yaml."""

    units: tuple[Unit, ...]
    points: tuple[Point, ...]

    def name_of(self, point: Point) -> str:
        """Return the point's label."""
        names = {unit.code: unit.name for unit in self.units}
        return point.name or say("portal.point_of", unit=names[point.unit])


class Meeting(NamedTuple):
    """A meeting as written: its id is the file's name."""

    id: str
    matter: MeetingMatter
    text: str

    def instant(self, at: TimeOfDay) -> datetime:
        """Return a time of the meeting's day as an instant in UTC."""
        hour, minute = map(int, at.split(":"))
        day = self.matter.date
        local = datetime(day.year, day.month, day.day, hour, minute, tzinfo=VIETNAM)
        return local.astimezone(UTC)

    def material_codes(self) -> list[str]:
        """Return the codes of all that belongs to the meeting, in the order of the agenda."""
        of_items = [code for item in self.matter.agenda for code in item.materials]
        return list(dict.fromkeys([*self.matter.basis, *of_items, *self.matter.materials]))


class Material(NamedTuple):
    """A material as written; `attachment` is the file beside it, if it has one."""

    matter: MaterialMatter
    text: str
    attachment: Path | None


class Page(NamedTuple):
    """A page as written: its name is the file's."""

    name: str
    matter: PageMatter
    text: str


class Content(NamedTuple):
    """All that the portal is built from, in a stable order."""

    meetings: tuple[Meeting, ...]
    materials: Mapping[str, Material]
    pages: tuple[Page, ...]
    directory: Directory


FOLDERS = ("meetings", "materials", "pages")
M = TypeVar("M", MeetingMatter, MaterialMatter, PageMatter)


def load(root: Path) -> Content:
    """Read and check everything under `root`. Raises: ContentFaults with all that is wrong."""
    faults: list[Fault] = []
    shown = Path(root.name)
    places = _places(root, shown, faults)
    directory = _directory(places)
    _check_names(root, faults)
    written = {folder: _sources(root, folder, faults) for folder in FOLDERS}
    meetings = list(_typed(written["meetings"], MeetingMatter))
    materials = list(_typed(written["materials"], MaterialMatter))
    pages = list(_typed(written["pages"], PageMatter))
    codes = {code for source, _ in written["materials"] for code in source.texts(("code",))}
    points = set(places.texts(("points",), "code"))
    for source, _ in written["meetings"]:
        _check_references(source, codes, points)
    for source, meeting, _ in meetings:
        _check_times(source, meeting)
    for source, material, stem in materials:
        _check_material(source, material, root / "materials", stem)
    _no_repeats(((s, code) for s, _ in written["materials"] for code in s.texts(("code",))), "code")
    if faults or directory is None:
        raise ContentFaults(faults)
    return Content(
        meetings=tuple(
            sorted(
                (Meeting(stem, matter, source.text) for source, matter, stem in meetings),
                key=lambda meeting: (meeting.matter.date, meeting.id),
            )
        ),
        materials={
            matter.code: Material(
                matter, source.text, root / "materials" / matter.file if matter.file else None
            )
            for source, matter, _ in sorted(materials, key=lambda each: each[1].code)
        },
        pages=tuple(
            sorted(
                (Page(stem, matter, source.text) for source, matter, stem in pages),
                key=lambda page: (page.matter.order, page.name),
            )
        ),
        directory=directory,
    )


def _sources(root: Path, folder: str, faults: list[Fault]) -> list[tuple[Source, str]]:
    return [
        (read_source(path, Path(root.name) / folder / path.name, faults), path.stem)
        for path in sorted((root / folder).glob("*.md"))
        if path.is_file()
    ]


def _check_names(root: Path, faults: list[Fault]) -> None:
    """Check the names of meetings and pages, which become their ids and addresses."""
    for folder in ("meetings", "pages"):
        for path in (root / folder).glob("*.md"):
            if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,63}", path.stem):
                shown = Path(root.name) / folder / path.name
                faults.append(Fault(shown, 1, say("build.bad_name", name=path.name)))


def _typed(
    sources: Iterable[tuple[Source, str]], struct: type[M]
) -> Iterable[tuple[Source, M, str]]:
    for source, stem in sources:
        matter = typed(source, struct)
        if matter is not None:
            yield source, matter, stem


def _places(root: Path, shown: Path, faults: list[Fault]) -> Source:
    path = root / "directory.yaml"
    if not path.is_file():
        faults.append(Fault(shown / path.name, 1, say("build.no_directory")))
        return Source(shown / path.name, None, "", faults)
    return read_source(path, shown / path.name, faults, has_text=False)


def _directory(places: Source) -> Directory | None:
    units, points = places.texts(("units",), "code"), places.texts(("points",), "code")
    for n, unit in enumerate(places.texts(("points",), "unit")):
        if unit not in units:
            places.fault(("points", n, "unit"), "unknown_unit", value=unit)
    _no_repeats(((places, unit) for unit in units), "units", numbered=True)
    _no_repeats(((places, point) for point in points), "points", numbered=True)
    return typed(places, Directory)


def _check_times(source: Source, matter: MeetingMatter) -> None:
    if matter.ends <= matter.starts:
        source.fault(("ends",), "ends_before", ends=matter.ends, starts=matter.starts)
    for n, (item, before) in enumerate(zip(matter.agenda[1:], matter.agenda, strict=False), 1):
        if item.at < before.at:
            source.fault(("agenda", n, "at"), "out_of_order", value=item.at)


def _check_references(source: Source, codes: set[str], points: set[str]) -> None:
    """Check what a meeting refers to as it is written, whatever else may be wrong with it."""
    agenda = source.node_at(("agenda",))
    items = range(len(agenda.value) if isinstance(agenda, yaml.SequenceNode) else 0)
    lists: list[At] = [("basis",), ("materials",), *(("agenda", n, "materials") for n in items)]
    for at in lists:
        for n, code in enumerate(source.texts(at)):
            if code not in codes:
                source.fault((*at, n), "unknown_material", value=code)
    for n, point in enumerate(source.texts(("points",))):
        if point not in points:
            source.fault(("points", n), "unknown_point", value=point)
    main = source.node_at(("main_point",))
    if isinstance(main, yaml.ScalarNode) and main.value not in points:
        source.fault(("main_point",), "unknown_point", value=main.value)


def _check_material(source: Source, matter: MaterialMatter, folder: Path, stem: str) -> None:
    if matter.circulation != "CONG_KHAI":
        source.fault(("circulation",), "not_public", value=matter.circulation)
    if matter.file and not (folder / matter.file).is_file():
        source.fault(("file",), "no_file", value=matter.file)
    if not source.text.strip():
        source.fault((), "no_text", name=stem)


def _no_repeats(
    values: Iterable[tuple[Source, str]], field: str, *, numbered: bool = False
) -> None:
    first: dict[str, Path] = {}
    for n, (source, value) in enumerate(values):
        at: At = (field, n, "code") if numbered else (field,)
        if value in first:
            source.fault(at, "taken", value=value, other=first[value].as_posix())
        else:
            first[value] = source.path
