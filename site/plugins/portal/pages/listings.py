"""Make links to meetings and materials, with facts for display, and group the links."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, get_args

from portal.content.fields import Directory, MaterialKind, MaterialMatter, MeetingFrontMatter
from portal.content.loading import PortalContent


class MaterialLink(NamedTuple):
    """A link to a material, with the material's front matter and state.

    A new text does not change the link, so that other pages need no rebuild.
    """

    matter: MaterialMatter
    state: str


class MeetingLink(NamedTuple):
    """A link to a meeting. `ends_at` is in UTC, such as `2026-12-18T04:30:00Z`."""

    id: str
    matter: MeetingFrontMatter
    ends_at: str


class MaterialUse(NamedTuple):
    """A meeting that uses a material, with links to the previous and next material of the meeting.

    `before` is None for the first material, and `after` for the last.
    """

    meeting: MeetingLink
    before: MaterialLink | None
    after: MaterialLink | None


class HallLine(NamedTuple):
    """A row in the readers' list of halls. `address` is None if the directory contains none."""

    code: str
    name: str
    address: str | None


def halls_of(directory: Directory) -> tuple[HallLine, ...]:
    """Return all halls in the order of the directory."""
    return tuple(
        HallLine(point.code, directory.name_of(point), point.address) for point in directory.points
    )


def material_links(content: PortalContent) -> dict[str, MaterialLink]:
    """Return a link to every material, by the material's code."""
    return {code: MaterialLink(m.matter, m.state) for code, m in content.materials.items()}


def meeting_links(content: PortalContent) -> dict[str, MeetingLink]:
    """Return a link to every meeting, by the meeting's id, with the earliest meeting first."""
    return {
        m.id: MeetingLink(m.id, m.matter, f"{m.instant(m.matter.ends):%Y-%m-%dT%H:%M:%SZ}")
        for m in content.meetings
    }


def uses_by_material(
    content: PortalContent, links: Mapping[str, MaterialLink], meetings: Mapping[str, MeetingLink]
) -> dict[str, list[MaterialUse]]:
    """Return the meetings that use every material, by the material's code.

    Materials that no meeting uses are left out.
    """
    uses_of: defaultdict[str, list[MaterialUse]] = defaultdict(list)
    for meeting in content.meetings:
        codes = meeting.material_codes()
        around = [None, *(links[code] for code in codes), None]
        for at, code in enumerate(codes):
            uses_of[code].append(MaterialUse(meetings[meeting.id], around[at], around[at + 2]))
    return dict(uses_of)


def group_by_kind(links: Iterable[MaterialLink]) -> list[tuple[str, list[MaterialLink]]]:
    """Group materials by kind, in the order of `MaterialKind`, the oldest of every kind first.

    Return pairs of a kind and its links. Kinds without materials are left out.
    """
    groups: defaultdict[str, list[MaterialLink]] = defaultdict(list)
    for link in sorted(links, key=lambda link: (link.matter.date, link.matter.code)):
        groups[link.matter.kind].append(link)
    return [(kind, groups[kind]) for kind in get_args(MaterialKind) if kind in groups]


def kinds_of(links: Iterable[MaterialLink]) -> list[str]:
    """Return the kinds of these materials without repeats, in the order of `MaterialKind`."""
    present = {link.matter.kind for link in links}
    return [kind for kind in get_args(MaterialKind) if kind in present]


def group_by_year(links: Iterable[Any], date_of: Any) -> dict[int, list[Any]]:
    """Group links by year, and preserve the order of the links in every year.

    `date_of` returns the date of a link.
    """
    years: defaultdict[int, list[Any]] = defaultdict(list)
    for link in links:
        years[date_of(link).year].append(link)
    return dict(years)
