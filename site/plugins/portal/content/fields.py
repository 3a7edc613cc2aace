"""Define the fields of the front matter, the YAML values at the top of every content file."""

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta, Struct

from portal.messages import say
from sync_server.domain.unit_types import UnitType

MaterialKind = Literal[
    "NGHI_QUYET", "CHI_THI", "KET_LUAN", "QUY_DINH", "QUYET_DINH", "KE_HOACH", "CHUONG_TRINH",
    "HUONG_DAN", "CONG_VAN", "THONG_BAO", "BAO_CAO", "VAN_KIEN", "TAI_LIEU_THAM_KHAO", "SLIDE",
    "VIDEO", "AUDIO", "MAU_BIEU", "DE_CUONG", "GIAY_MOI", "TO_TRINH",
]  # fmt: skip
AgendaItemKind = Literal[
    "ON_DINH_TO_CHUC", "CHAO_CO", "TUYEN_BO_LY_DO", "KHAI_MAC", "QUAN_TRIET", "THAM_LUAN",
    "THAO_LUAN", "PHAT_BIEU_CHI_DAO", "GIAI_LAO", "KET_LUAN", "BE_MAC",
]  # fmt: skip
MeetingKind = Literal["HOI_NGHI_HOC_TAP", "HOI_NGHI", "SINH_HOAT_CHUYEN_DE"]
Mode = Literal["TRUC_TIEP", "TRUC_TUYEN", "KET_HOP"]
HostLevel = Literal["TRUNG_UONG", "TINH", "KHOI", "CO_SO"]
Circulation = Annotated[
    Literal["CONG_KHAI", "LUU_HANH_NOI_BO", "MAT"], Meta(description="circulation")
]
Day = date
"""Another name for the type `date`, for structs in which a field is named `date`."""

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
"""A date and time of day in Vietnamese time (UTC+7), such as `2026-12-18 07:30`."""
PlaceCode = Annotated[str, Meta(pattern=r"^[A-Z][A-Z0-9-]{0,15}\Z", description="place")]
Words = Annotated[str, Meta(min_length=1, description="text")]
Minutes = Annotated[int, Meta(ge=0, le=240, description="minutes")]
FileName = Annotated[
    str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*\Z", max_length=120, description="file")
]
Address = Annotated[str, Meta(pattern=r"^https://", description="address")]


class AgendaItem(Struct, frozen=True, kw_only=True):
    """An agenda item, which lasts from `at` until the next item begins or the meeting ends.

    `materials` are the codes of the documents that the item needs.
    """

    at: TimeOfDay
    kind: AgendaItemKind
    title: Words
    presenter: Words | None = None
    materials: tuple[MaterialCode, ...] = ()


class MeetingFrontMatter(Struct, frozen=True, kw_only=True):
    """The front matter of a meeting. All times are in Vietnamese time (UTC+7).

    `points` contains codes of halls, and is empty if all halls take part. `basis` and `materials`
    contain codes of documents; the meeting is based on those in `basis`. `revised` is the time of
    the last change to the hours or place; readers' calendars accept a change only if `revised` is
    later than before. `public_contacts` are names and numbers that may be published, spelled
    exactly as in the text.
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
    revised: Hour | None = None
    cancelled: bool = False
    public_contacts: tuple[Words, ...] = ()


class Version(Struct, frozen=True, kw_only=True):
    """A later version of a material (a document for meetings), with a note of the changes."""

    date: date
    note: Words


class MaterialMatter(Struct, frozen=True, kw_only=True):
    """The front matter of a material (a document for meetings).

    `file` is the name of an attached file in the same folder. Until `public_from`, and always if
    `withdrawn` is set, readers see a notice instead of the text and the file. `keywords` are search
    terms that the text does not contain. `public_contacts` are names and numbers that may be
    published.
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
    keywords: tuple[Words, ...] = ()
    public_contacts: tuple[Words, ...] = ()

    @property
    def updated(self) -> Day:
        """The date of the material's newest version, or `date` if there is only one version."""
        return max((version.date for version in self.versions), default=self.date)


class PageMatter(Struct, frozen=True, kw_only=True):
    """The front matter of a help page. Pages with a smaller `order` come first in lists.

    `keywords` are search terms that the text does not contain. `public_contacts` are names and
    numbers that may be published.
    """

    title: Words
    summary: Words
    order: Annotated[int, Meta(ge=0, description="int")] = 0
    keywords: tuple[Words, ...] = ()
    public_contacts: tuple[Words, ...] = ()


class Unit(Struct, frozen=True, kw_only=True):
    """A Party organisation directly under the bloc committee, which leads all such organisations.

    `form` states whether the organisation is a single cell (`CHI_BO_CO_SO`) or consists of several
    cells (`DANG_BO_CO_SO`).
    """

    code: PlaceCode
    name: Words
    type: UnitType
    form: PartyForm


class Point(Struct, frozen=True, kw_only=True):
    """A hall from which people follow meetings by video. `address` helps readers find the hall.

    `unit` is the code of the organisation to which the hall belongs. If `name` is None, the hall is
    named after that organisation (docs/checklist.md, row 37).
    """

    code: PlaceCode
    unit: PlaceCode
    name: Words | None = None
    address: Words | None = None


class Directory(Struct, frozen=True, kw_only=True):
    """All organisations (`units`) and their halls (`points`), as read from directory.yaml."""

    units: tuple[Unit, ...]
    points: tuple[Point, ...]

    def name_of(self, point: Point) -> str:
        """Return a hall's name, or a label with the organisation's name if the hall has no name.

        Raises: KeyError if a label is needed but the hall's organisation does not exist.
        """
        names = {unit.code: unit.name for unit in self.units}
        return point.name or say("portal.point_of", unit=names[point.unit])
