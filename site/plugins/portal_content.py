"""What editors write: meetings, materials, pages and the directory, typed and checked as a whole.

Every fault in every file is found before anything is built. There is no field for a person:
the directory lists units and points, presenters are named by their office.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Annotated, Literal, NamedTuple, TypeVar

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
    agenda: tuple[AgendaItem, ...]
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
    file: Words | None = None


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


M = TypeVar("M", MeetingMatter, MaterialMatter, PageMatter)


def load(root: Path) -> Content:
    """Read and check everything under `root`. Raises: ContentFaults with all that is wrong."""
    faults: list[Fault] = []
    shown = Path(root.name)
    directory = _directory(root, shown, faults)
    meetings = list(_read(root, "meetings", MeetingMatter, faults))
    materials = list(_read(root, "materials", MaterialMatter, faults))
    pages = list(_read(root, "pages", PageMatter, faults))
    codes = {matter.code for _, matter, _ in materials}
    points = {point.code for point in directory.points} if directory else set()
    for source, meeting, _ in meetings:
        _check_meeting(source, meeting, codes, points)
    for source, material, stem in materials:
        _check_material(source, material, root / "materials", stem)
    _no_repeats(((s, m.code) for s, m, _ in materials), "code")
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


def _read(
    root: Path, folder: str, struct: type[M], faults: list[Fault]
) -> Iterable[tuple[Source, M, str]]:
    for path in sorted((root / folder).glob("*.md")):
        source = read_source(path, Path(root.name) / folder / path.name, faults)
        matter = typed(source, struct)
        if matter is not None:
            yield source, matter, path.stem


def _directory(root: Path, shown: Path, faults: list[Fault]) -> Directory | None:
    path = root / "directory.yaml"
    if not path.is_file():
        faults.append(Fault(shown / path.name, 1, say("build.no_directory")))
        return None
    source = read_source(path, shown / path.name, faults, has_text=False)
    directory = typed(source, Directory)
    if directory is None:
        return None
    units = {unit.code for unit in directory.units}
    for n, point in enumerate(directory.points):
        if point.unit not in units:
            source.fault(("points", n, "unit"), "unknown_unit", value=point.unit)
    _no_repeats(((source, unit.code) for unit in directory.units), "units", numbered=True)
    _no_repeats(((source, point.code) for point in directory.points), "points", numbered=True)
    return directory


def _check_meeting(
    source: Source, matter: MeetingMatter, codes: set[str], points: set[str]
) -> None:
    if matter.ends <= matter.starts:
        source.fault(("ends",), "ends_before", ends=matter.ends, starts=matter.starts)
    for n, (item, before) in enumerate(zip(matter.agenda[1:], matter.agenda, strict=False), 1):
        if item.at < before.at:
            source.fault(("agenda", n, "at"), "out_of_order", value=item.at)
    for at, code in _materials_named(matter):
        if code not in codes:
            source.fault(at, "unknown_material", value=code)
    for at, point in _points_named(matter):
        if point not in points:
            source.fault(at, "unknown_point", value=point)


def _materials_named(matter: MeetingMatter) -> Iterable[tuple[At, str]]:
    yield from ((("basis", n), code) for n, code in enumerate(matter.basis))
    yield from ((("materials", n), code) for n, code in enumerate(matter.materials))
    for n, item in enumerate(matter.agenda):
        yield from ((("agenda", n, "materials", k), code) for k, code in enumerate(item.materials))


def _points_named(matter: MeetingMatter) -> Iterable[tuple[At, str]]:
    yield from ((("points", n), point) for n, point in enumerate(matter.points))
    if matter.main_point:
        yield ("main_point",), matter.main_point


def _check_material(source: Source, matter: MaterialMatter, folder: Path, stem: str) -> None:
    if matter.circulation != "CONG_KHAI":
        source.fault(("circulation",), "not_public", value=matter.circulation)
    if matter.file and not (folder / matter.file).is_file():
        source.fault(("file",), "no_file", value=matter.file)
    elif matter.file and Path(matter.file).name != matter.file:
        source.fault(("file",), "file_elsewhere", value=matter.file)
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
