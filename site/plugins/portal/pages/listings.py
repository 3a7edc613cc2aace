"""Links to meetings and materials, with the facts shown next to them, and grouped for lists."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, get_args

from portal.content.fields import Directory, MaterialKind, MaterialMatter, MeetingMatter
from portal.content.loading import PortalContent


class MaterialLink(NamedTuple):
    """A link to a material; no field changes with the material's text."""

    matter: MaterialMatter
    state: str


class MeetingLink(NamedTuple):
    """A link to a meeting; `ends_at` is in UTC."""

    id: str
    matter: MeetingMatter
    ends_at: str


class MaterialUse(NamedTuple):
    """A meeting that uses a material, with the materials before and after it there."""

    meeting: MeetingLink
    before: MaterialLink | None
    after: MaterialLink | None


class HallLine(NamedTuple):
    """A hall as readers find it."""

    code: str
    name: str
    address: str | None


def halls_of(directory: Directory) -> tuple[HallLine, ...]:
    """Return all halls in the order of the directory."""
    return tuple(
        HallLine(point.code, directory.name_of(point), point.address) for point in directory.points
    )


def material_links(content: PortalContent) -> dict[str, MaterialLink]:
    """Return the links to all materials by code."""
    return {code: MaterialLink(m.matter, m.state) for code, m in content.materials.items()}


def meeting_links(content: PortalContent) -> dict[str, MeetingLink]:
    """Return the links to all meetings by id, in the order of the meetings."""
    return {
        m.id: MeetingLink(m.id, m.matter, f"{m.instant(m.matter.ends):%Y-%m-%dT%H:%M:%SZ}")
        for m in content.meetings
    }


def uses_by_material(
    content: PortalContent, links: Mapping[str, MaterialLink], meetings: Mapping[str, MeetingLink]
) -> dict[str, list[MaterialUse]]:
    """Return the uses of every material by its code, without unused materials."""
    uses_of: defaultdict[str, list[MaterialUse]] = defaultdict(list)
    for meeting in content.meetings:
        codes = meeting.material_codes()
        around = [None, *(links[code] for code in codes), None]
        for at, code in enumerate(codes):
            uses_of[code].append(MaterialUse(meetings[meeting.id], around[at], around[at + 2]))
    return dict(uses_of)


def group_by_kind(links: Iterable[MaterialLink]) -> list[tuple[str, list[MaterialLink]]]:
    """Group materials by kind, in the order of `MaterialKind`; the oldest of a kind comes first."""
    groups: defaultdict[str, list[MaterialLink]] = defaultdict(list)
    for link in sorted(links, key=lambda link: (link.matter.date, link.matter.code)):
        groups[link.matter.kind].append(link)
    return [(kind, groups[kind]) for kind in get_args(MaterialKind) if kind in groups]


def kinds_of(links: Iterable[MaterialLink]) -> list[str]:
    """Return the kinds that occur, in the order of `MaterialKind`."""
    present = {link.matter.kind for link in links}
    return [kind for kind in get_args(MaterialKind) if kind in present]


def group_by_year(links: Iterable[Any], date_of: Any) -> dict[int, list[Any]]:
    """Group links by the year of the date that `date_of` returns, in the order of the links."""
    years: defaultdict[int, list[Any]] = defaultdict(list)
    for link in links:
        years[date_of(link).year].append(link)
    return dict(years)
