"""The figures of a meeting's report (domain.md §3): one pure function from standings to tables.

Every number can be recomputed from the ledger. Triệu tập = có mặt + vắng có lý do + vắng không lý
do + chưa điểm danh, in every row and total; a silent hall's people count as not recorded.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

from msgspec import Struct

from sync_server.domain.judging.counts import Counts
from sync_server.domain.judging.standing import PointStanding
from sync_server.domain.records.codes import MINUTE_MS
from sync_server.domain.unit_types import UNIT_TYPES

ON_TIME_MS = 2 * 60 * MINUTE_MS
"""How long after the end a hall has to sign its roll off (domain.md §3, step A1)."""

ChairOffice = Literal["secretary", "deputy", ""]
MATERIAL_GROUPS: Mapping[str, frozenset[str]] = {
    "documents": frozenset(
        ("NGHI_QUYET", "CHI_THI", "KET_LUAN", "QUY_DINH", "QUYET_DINH", "CONG_VAN", "VAN_KIEN")
    ),
    "plans": frozenset(("KE_HOACH", "CHUONG_TRINH", "HUONG_DAN")),
    "study": frozenset(("DE_CUONG", "TAI_LIEU_THAM_KHAO", "SLIDE", "VIDEO", "AUDIO")),
}
"""What a study conference gives its members to read (checklist rows 6, 7 and 31), by kind."""

Note = Literal["silent", "open", "amended", "no_chair", "not_ready", "merged"]


class MeetingFacts(Struct, frozen=True):
    """A meeting's times in ms since 1970 UTC, and `at_ms`, the moment that the figures are of.

    `host` and `mode` are as published; "" if the portal has no such meeting.
    """

    id: str
    title: str
    starts_ms: int
    ends_ms: int
    at_ms: int
    host: str = ""
    mode: str = ""

    @property
    def is_over(self) -> bool:
        """Whether the meeting had ended at the moment of the figures."""
        return self.at_ms > self.ends_ms


class HallLine(Struct, frozen=True):
    """A row of table 1: one hall. `chair`: the office of who presided.

    `keeps_materials`: whether its device reported that it keeps the materials without a line;
    `is_on_time`: whether the roll was signed off by `ON_TIME_MS` after the end.
    """

    point: str
    name: str
    unit_type: str
    chair: ChairOffice
    counts: Counts
    is_connected: bool
    is_reported: bool
    keeps_materials: bool
    is_on_time: bool
    notes: tuple[Note, ...]


class TypeLine(Struct, frozen=True):
    """A row of table 2: the halls of one type of unit."""

    unit_type: str
    planned: int
    reported: int
    counts: Counts


class MaterialLine(Struct, frozen=True):
    """A row of table 4: a material of the meeting; `public_ms`: None if it was public at once.

    `issued_on`: the document's date, YYYY-MM-DD; `is_basis`: whether the meeting is held by it.
    """

    code: str
    title: str
    kind: str
    number: str
    public_ms: int | None
    is_in_time: bool
    issuer: str = ""
    issued_on: str = ""
    is_basis: bool = False


class IncidentLine(Struct, frozen=True):
    """A row of table 5: an incident in a hall, and its length in minutes, None while it lasts."""

    point: str
    name: str
    what: str
    from_ms: int
    minutes: int | None


class TaskLine(Struct, frozen=True):
    """A task that a hall was left with; its owner is nobody's business outside.

    `meeting`: the title of the earlier meeting that left it; "" for the meeting of the report.
    """

    point: str
    name: str
    item: str
    due_ms: int | None
    state: str
    meeting: str = ""

    def is_overdue(self, at_ms: int) -> bool:
        """Whether it was still to be done after its due time."""
        return self.state == "open" and self.due_ms is not None and self.due_ms < at_ms


class Attendee(Struct, frozen=True):
    """One summoned person and their attendance; only internal files contain it.

    `came_ms`: the first arrival; `left_ms`: the last departure.
    """

    point: str
    person: str
    state: str
    cause: str
    is_late: bool
    is_online: bool
    came_ms: int | None
    left_ms: int | None


class Hall(Struct, frozen=True):
    """What the figures are computed from: a hall and its standing."""

    point: str
    name: str
    unit_type: str
    is_connected: bool
    standing: PointStanding


class Figures(Struct, frozen=True):
    """The tables of a report. `reasons`: the number of excused people by the code of the reason.

    `earlier_tasks`: what earlier meetings left to do.
    """

    meeting: MeetingFacts
    halls: tuple[HallLine, ...]
    totals: Counts
    types: tuple[TypeLine, ...]
    reasons: dict[str, int]
    materials: tuple[MaterialLine, ...]
    incidents: tuple[IncidentLine, ...]
    pending: int
    tasks: tuple[TaskLine, ...] = ()
    essays: int = 0
    earlier_tasks: tuple[TaskLine, ...] = ()

    @property
    def planned(self) -> int:
        """How many halls were to take part."""
        return len(self.halls)

    @property
    def connected(self) -> int:
        """How many halls have sent anything."""
        return sum(hall.is_connected for hall in self.halls)

    @property
    def reported(self) -> int:
        """How many halls have reported people."""
        return sum(hall.is_reported for hall in self.halls)

    @property
    def silent(self) -> tuple[HallLine, ...]:
        """The halls that have not reported."""
        return tuple(hall for hall in self.halls if not hall.is_reported)

    @property
    def basis(self) -> tuple[MaterialLine, ...]:
        """The documents that the meeting is held by (checklist row 18)."""
        return tuple(line for line in self.materials if line.is_basis)

    @property
    def keep_materials(self) -> int:
        """In how many reporting halls the device keeps the materials."""
        return sum(hall.is_reported and hall.keeps_materials for hall in self.halls)

    @property
    def missing_groups(self) -> tuple[str, ...]:
        """The groups of material kinds of which the meeting has none; () if it has nothing."""
        kinds = {line.kind for line in self.materials}
        lacking = [name for name, group in MATERIAL_GROUPS.items() if not kinds & group]
        return tuple(lacking) if kinds else ()

    def chaired_by(self, office: ChairOffice) -> int:
        """Return in how many reporting halls the holder of an office presided; "": nobody."""
        return sum(hall.is_reported and hall.chair == office for hall in self.halls)

    def with_note(self, note: Note) -> int:
        """Return in how many reporting halls something was noted."""
        return sum(hall.is_reported and note in hall.notes for hall in self.halls)


def figures_of(
    meeting: MeetingFacts,
    halls: Sequence[Hall],
    reasons: Mapping[str, int],
    materials: Sequence[MaterialLine],
    earlier_tasks: Sequence[TaskLine] = (),
) -> Figures:
    """Compute the tables of a meeting; rehearsals and cancelled halls enter none."""
    counted = [hall for hall in halls if hall.standing.is_counted]
    lines = tuple(_line_of(hall, meeting) for hall in counted)
    return Figures(
        meeting=meeting,
        halls=lines,
        totals=sum((line.counts for line in lines), Counts()),
        types=_types_of(lines),
        reasons=dict(sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0]))),
        materials=tuple(materials),
        incidents=tuple(
            IncidentLine(
                hall.point,
                hall.name,
                incident.what,
                incident.from_ms,
                None
                if incident.until_ms is None
                else max(0, incident.until_ms - incident.from_ms) // MINUTE_MS,
            )
            for hall in counted
            for incident in hall.standing.incidents
        ),
        pending=sum(
            request.state == "pending" for hall in counted for request in hall.standing.requests
        ),
        tasks=tuple(
            TaskLine(hall.point, hall.name, task.item, task.due_ms, task.state)
            for hall in counted
            for task in hall.standing.follow_ups.tasks
        ),
        essays=sum(hall.standing.follow_ups.essays_handed_in for hall in counted),
        earlier_tasks=tuple(earlier_tasks),
    )


def attendees_of(halls: Sequence[Hall]) -> tuple[Attendee, ...]:
    """Return everybody summoned, hall by hall."""
    return tuple(
        Attendee(
            hall.point,
            person.person,
            person.standing,
            person.cause or "",
            person.is_late,
            person.mode == "online",
            person.stays[0][0] if person.stays else None,
            person.stays[-1][1] if person.stays else None,
        )
        for hall in halls
        if hall.standing.is_counted
        for person in hall.standing.people
    )


def _line_of(hall: Hall, meeting: MeetingFacts) -> HallLine:
    standing = hall.standing
    is_reported = standing.has_reported
    chair = _chair_of(standing) if is_reported else ""
    is_merged = bool(standing.terms.merged_into) and not standing.counts.summoned
    signs: dict[Note, bool] = {
        "merged": is_merged,
        "silent": not is_reported and not is_merged,
        "open": is_reported and meeting.is_over and standing.closing is None,
        "amended": standing.is_amended,
        "no_chair": is_reported and not chair,
        "not_ready": is_reported and any(item not in {"chair"} for item in standing.missing),
    }
    return HallLine(
        hall.point,
        hall.name,
        hall.unit_type,
        chair,
        standing.counts,
        hall.is_connected or is_reported,
        is_reported,
        is_reported and "materials" not in standing.missing,
        standing.closing is not None and standing.closing.at_ms <= meeting.ends_ms + ON_TIME_MS,
        tuple(note for note, applies in signs.items() if applies),
    )


def _chair_of(standing: PointStanding) -> ChairOffice:
    """Return the office of who presides now, or presided last."""
    spans = standing.chair.spans
    if not spans:
        return ""
    return "secretary" if spans[-1].person == standing.chair.secretary else "deputy"


def _types_of(lines: Sequence[HallLine]) -> tuple[TypeLine, ...]:
    types = []
    for unit_type in (*UNIT_TYPES, ""):
        of_type = [line for line in lines if line.unit_type == unit_type]
        if of_type:
            counts = sum((line.counts for line in of_type), Counts())
            reported = sum(line.is_reported for line in of_type)
            types.append(TypeLine(unit_type, len(of_type), reported, counts))
    return tuple(types)
