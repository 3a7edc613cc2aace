"""What pages say of other pages: lines that lead there, in groups."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, get_args

from portal_content import Content
from portal_matter import MaterialKind, MaterialMatter, MeetingMatter


class MaterialLink(NamedTuple):
    """What other pages say of a material: nothing that changes with its text."""

    matter: MaterialMatter
    state: str


class MeetingLink(NamedTuple):
    """What other pages say of a meeting."""

    id: str
    matter: MeetingMatter
    ends_at: str


class Use(NamedTuple):
    """A meeting that uses a material, and what comes before and after it there."""

    meeting: MeetingLink
    before: MaterialLink | None
    after: MaterialLink | None


def material_links(content: Content) -> dict[str, MaterialLink]:
    """Return the line of each material by its code."""
    return {code: MaterialLink(m.matter, m.state) for code, m in content.materials.items()}


def meeting_links(content: Content) -> dict[str, MeetingLink]:
    """Return the line of each meeting by its id, in their order."""
    return {
        m.id: MeetingLink(m.id, m.matter, f"{m.instant(m.matter.ends):%Y-%m-%dT%H:%M:%SZ}")
        for m in content.meetings
    }


def uses(
    content: Content, links: Mapping[str, MaterialLink], meetings: Mapping[str, MeetingLink]
) -> dict[str, list[Use]]:
    """Return where each material is used, by its code; one that is used nowhere is not in it."""
    found: defaultdict[str, list[Use]] = defaultdict(list)
    for meeting in content.meetings:
        codes = meeting.material_codes()
        around = [None, *(links[code] for code in codes), None]
        for at, code in enumerate(codes):
            found[code].append(Use(meetings[meeting.id], around[at], around[at + 2]))
    return dict(found)


def by_kind(links: Iterable[MaterialLink]) -> list[tuple[str, list[MaterialLink]]]:
    """Return materials by their kind, in the order of the kinds; the oldest first."""
    groups: defaultdict[str, list[MaterialLink]] = defaultdict(list)
    for link in sorted(links, key=lambda link: (link.matter.date, link.matter.code)):
        groups[link.matter.kind].append(link)
    return [(kind, groups[kind]) for kind in get_args(MaterialKind) if kind in groups]


def kinds(links: Iterable[MaterialLink]) -> list[str]:
    """Return the kinds that occur."""
    present = {link.matter.kind for link in links}
    return [kind for kind in get_args(MaterialKind) if kind in present]


def by_year(links: Iterable[Any], day: Any) -> dict[int, list[Any]]:
    """Return anything by the year of its day."""
    years: defaultdict[int, list[Any]] = defaultdict(list)
    for link in links:
        years[day(link).year].append(link)
    return dict(years)
