"""Make and group links to meetings and documents. A link holds what pages show about its target."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, get_args

from portal.content.fields import Directory, MaterialKind, MaterialMatter, MeetingFrontMatter
from portal.content.loading import PortalContent


class MaterialLink(NamedTuple):
    """A link to a material (a document for meetings), without the material's text.

    `matter` contains the fields of the content file. `state` is "public", "held" (not yet public)
    or "withdrawn". Because a link does not contain the text, a change to the text does not affect
    pages that show the link.
    """

    matter: MaterialMatter
    state: str


class MeetingLink(NamedTuple):
    """A link to a meeting, with the meeting's id and the fields of its content file (`matter`).

    `ends_at` is the end of the meeting in UTC, such as `2026-12-18T04:30:00Z`.
    """

    id: str
    matter: MeetingFrontMatter
    ends_at: str


class MaterialUse(NamedTuple):
    """The use of a document in a meeting, with links to the meeting's previous and next documents.

    `before` is None for the first document, and `after` is None for the last.
    """

    meeting: MeetingLink
    before: MaterialLink | None
    after: MaterialLink | None


class HallLine(NamedTuple):
    """A row in the readers' list of halls, with the code and name of the hall.

    `address` is None if the hall's address is not known.
    """

    code: str
    name: str
    address: str | None


def halls_of(directory: Directory) -> tuple[HallLine, ...]:
    """Return a row for every hall, in the order of the directory.

    A hall without a name gets a label with the name of its organisation.

    Raises: KeyError if a label is needed but the hall's organisation does not exist.
    """
    return tuple(
        HallLine(point.code, directory.name_of(point), point.address) for point in directory.points
    )


def material_links(content: PortalContent) -> dict[str, MaterialLink]:
    """Return {code: link} for every material (a document for meetings)."""
    return {code: MaterialLink(m.matter, m.state) for code, m in content.materials.items()}


def meeting_links(content: PortalContent) -> dict[str, MeetingLink]:
    """Return {meeting's id: link} for every meeting, in order of the meetings' dates."""
    return {
        m.id: MeetingLink(m.id, m.matter, f"{m.instant(m.matter.ends):%Y-%m-%dT%H:%M:%SZ}")
        for m in content.meetings
    }


def uses_by_material(
    content: PortalContent, links: Mapping[str, MaterialLink], meetings: Mapping[str, MeetingLink]
) -> dict[str, list[MaterialUse]]:
    """Return {material's code: where meetings use the material}.

    A material is a document for meetings. `links` is {material's code: link}, and `meetings` is
    {meeting's id: link}. Materials that no meeting uses are left out.

    Raises: KeyError if a link is missing.
    """
    uses_of: defaultdict[str, list[MaterialUse]] = defaultdict(list)
    for meeting in content.meetings:
        codes = meeting.material_codes()
        around = [None, *(links[code] for code in codes), None]
        for at, code in enumerate(codes):
            uses_of[code].append(MaterialUse(meetings[meeting.id], around[at], around[at + 2]))
    return dict(uses_of)


def group_by_kind(links: Iterable[MaterialLink]) -> list[tuple[str, list[MaterialLink]]]:
    """Group links to documents by kind, and return pairs of a kind and its links.

    Kinds are in the order of `MaterialKind`, and kinds without documents are left out. Within a
    kind, the oldest document comes first.
    """
    groups: defaultdict[str, list[MaterialLink]] = defaultdict(list)
    for link in sorted(links, key=lambda link: (link.matter.date, link.matter.code)):
        groups[link.matter.kind].append(link)
    return [(kind, groups[kind]) for kind in get_args(MaterialKind) if kind in groups]


def kinds_of(links: Iterable[MaterialLink]) -> list[str]:
    """Return the kinds of the linked documents without repeats, in the order of `MaterialKind`.

    A kind is a code such as `NGHI_QUYET` (resolution).
    """
    present = {link.matter.kind for link in links}
    return [kind for kind in get_args(MaterialKind) if kind in present]


def group_by_year(links: Iterable[Any], date_of: Any) -> dict[int, list[Any]]:
    """Group links by year, and return {year: links}.

    The links of a year stay in their original order. `date_of` is a function that returns the date
    of a link.
    """
    years: defaultdict[int, list[Any]] = defaultdict(list)
    for link in links:
        years[date_of(link).year].append(link)
    return dict(years)
