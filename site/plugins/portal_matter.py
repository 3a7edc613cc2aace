"""The front matter of each kind of content, as types. There is no field for a person."""

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta, Struct
from portal_messages import say

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
Day = date
"""Within a struct that has a field `date`, the type by another name."""

PartyForm = Literal["CHI_BO_CO_SO", "DANG_BO_CO_SO"]

MaterialCode = Annotated[str, Meta(pattern=r"^[a-z0-9]{2,8}\Z", description="code")]
TimeOfDay = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]\Z", description="time")]
Hour = Annotated[
    str,
    Meta(
        pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])-[0-3][0-9] ([01][0-9]|2[0-3]):[0-5][0-9]\Z",
        description="hour",
    ),
]
"""A day and a time of it, Vietnam's: `2026-12-18 07:30`."""
PlaceCode = Annotated[str, Meta(pattern=r"^[A-Z][A-Z0-9-]{0,15}\Z", description="place")]
Words = Annotated[str, Meta(min_length=1, description="text")]
Minutes = Annotated[int, Meta(ge=0, le=240, description="minutes")]
FileName = Annotated[
    str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*\Z", max_length=120, description="file")
]
Address = Annotated[str, Meta(pattern=r"^https://", description="address")]


class AgendaItem(Struct, frozen=True, kw_only=True):
    """One item of an agenda; it lasts until the next begins."""

    at: TimeOfDay
    kind: AgendaItemKind
    title: Words
    presenter: Words | None = None
    materials: tuple[MaterialCode, ...] = ()


class MeetingMatter(Struct, frozen=True, kw_only=True):
    """The front matter of a meeting; times are Vietnam's. No `points` means all of them.

    `public_contacts` are names and numbers meant to be published, exactly as the text has them.
    """

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
    public_contacts: tuple[Words, ...] = ()


class Version(Struct, frozen=True, kw_only=True):
    """One version of a material after the first: its day, and what is new in it."""

    date: date
    note: Words


class MaterialMatter(Struct, frozen=True, kw_only=True):
    """The front matter of a material; `file` names a file beside it.

    Before `public_from` and after `withdrawn` the portal says so and gives nothing of it.
    """

    code: MaterialCode
    title: Words
    kind: MaterialKind
    circulation: Circulation
    date: date
    issuer: Words
    number: Words | None = None
    summary: Words
    file: FileName | None = None
    versions: tuple[Version, ...] = ()
    public_from: Hour | None = None
    withdrawn: Day | None = None
    public_contacts: tuple[Words, ...] = ()

    @property
    def updated(self) -> Day:
        """The day of the newest version."""
        return max((each.date for each in self.versions), default=self.date)


class PageMatter(Struct, frozen=True, kw_only=True):
    """The front matter of a page; `order` is its place in the menu."""

    title: Words
    summary: Words
    order: Annotated[int, Meta(ge=0, description="int")] = 0
    public_contacts: tuple[Words, ...] = ()


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
