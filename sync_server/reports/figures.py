"""Compute the figures of a meeting's report from the attendance in its halls (docs/reports.md).

The same attendance always gives the same figures, so every number can be recomputed later. In every
row and total, summoned = present + absent excused + absent unexcused + not recorded (Triệu tập = có
mặt + vắng có lý do + vắng không lý do + chưa điểm danh). People of a hall that has not reported
count as not recorded.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

from msgspec import Struct

from sync_server.domain.judging.counts import Counts
from sync_server.domain.judging.standing import PointStanding
from sync_server.domain.records.codes import MINUTE_MS
from sync_server.domain.records.kinds import FeedbackTopic, Rating
from sync_server.domain.unit_types import UNIT_TYPES

ON_TIME_MS = 2 * 60 * MINUTE_MS
"""The limit for being on time, in ms: the attendance of a hall must be signed off within two hours
of the end of the meeting (docs/reports.md)."""

ChairOffice = Literal["secretary", "deputy", ""]
MATERIAL_GROUPS: Mapping[str, frozenset[str]] = {
    "documents": frozenset(
        ("NGHI_QUYET", "CHI_THI", "KET_LUAN", "QUY_DINH", "QUYET_DINH", "CONG_VAN", "VAN_KIEN")
    ),
    "plans": frozenset(("KE_HOACH", "CHUONG_TRINH", "HUONG_DAN")),
    "study": frozenset(("DE_CUONG", "TAI_LIEU_THAM_KHAO", "SLIDE", "VIDEO", "AUDIO")),
}
"""The kinds of study material, by group. A report names every group of which the meeting has no
material (rows 6, 7 and 31 of docs/checklist.md)."""

Note = Literal["silent", "open", "amended", "no_chair", "not_ready", "merged"]


class MeetingFacts(Struct, frozen=True):
    """The facts about a meeting that a report states, such as the title and the times.

    Times are in ms since 1970 UTC, and `at_ms` is the time to which the figures apply. `host` is
    the name of the convening body. `mode` is a code that says whether people attend in person,
    online or both, such as KET_HOP (both). `host` and `mode` come from the portal (the public
    website); "" if the portal does not state them.
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
        """Return whether the meeting had ended at `at_ms`, the time to which the figures apply."""
        return self.at_ms > self.ends_ms


class HallLine(Struct, frozen=True):
    """One row of table 1 of a report: the attendance and other figures of one hall.

    `point` is the hall's code. `chair` is the position of the person who presides or presided
    last: `secretary` or `deputy`; "" if nobody did. `is_connected`: a device of the hall has
    sent a record. `is_reported`: the hall has sent a record of its work, such as a check-in.
    `keeps_materials`: the hall has reported that its device stores the materials for use
    offline. `is_on_time`: the attendance was signed off no later than `ON_TIME_MS` after the
    end of the meeting. `notes` are codes of remarks, such as `no_chair`.
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
    """One row of table 2 of a report: the attendance figures of all halls of one unit type.

    `unit_type` is a code; "" if the type is unknown. `planned` is the number of these halls,
    and `reported` the number of those that have sent a record of their work, such as a
    check-in.
    """

    unit_type: str
    planned: int
    reported: int
    counts: Counts


class MaterialLine(Struct, frozen=True):
    """A document or other material of the meeting, which forms one row of table 4 of the report.

    `kind` is a code, such as NGHI_QUYET (resolution). `public_ms` is the time from which the
    material is public, in ms since 1970 UTC; None if no time is set. `is_in_time`: the material was
    public by the start of the meeting. `issued_on` is the document's date (YYYY-MM-DD). `is_basis`:
    the meeting is based on the document.
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
    """An incident in a hall, which forms one row of table 5.

    `point` is the hall's code and `name` the hall's name. `what` is the code of the cause, such as
    `power`. `from_ms` is the time when the incident began, in ms since 1970 UTC. `minutes` is its
    duration, rounded down; None if the end of the incident was not recorded.
    """

    point: str
    name: str
    what: str
    from_ms: int
    minutes: int | None


class TaskLine(Struct, frozen=True):
    """A task that remains for a hall after a meeting, without the name of the person responsible.

    `point` is the hall's code, `name` the hall's name, and `item` the text of the task.
    `due_ms` is in ms since 1970 UTC; None if there is no due time. `state` is `open`, `done` or
    `dropped`. `meeting` is the title of the earlier meeting from which the task remains; "" if
    the task comes from the reported meeting.
    """

    point: str
    name: str
    item: str
    due_ms: int | None
    state: str
    meeting: str = ""

    def is_overdue(self, at_ms: int) -> bool:
        """Return whether the task is open although its due time is before `at_ms`.

        `at_ms` is in ms since 1970 UTC. A task without a due time is never overdue.
        """
        return self.state == "open" and self.due_ms is not None and self.due_ms < at_ms


class Attendee(Struct, frozen=True):
    """One summoned person and the person's attendance, for internal files only.

    `point` is the code of the hall, and `person` the code of the person. `state` is a code, such as
    `absent_unexcused`, and `cause` is the code of the reason for this state; "" if there is none.
    `came_ms` is the first arrival and `left_ms` the last departure, in ms since 1970 UTC; None if
    unknown. If no check-out was recorded, `left_ms` is the end of the meeting.
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
    """One hall with the attendance of its people, from which a report's figures are computed.

    `point` is the hall's code. `is_connected`: a device of the hall has sent a record.
    `standing` is the attendance, computed from the hall's records.
    """

    point: str
    name: str
    unit_type: str
    is_connected: bool
    standing: PointStanding


class Figures(Struct, frozen=True):
    """All figures of a report on a meeting; the report's tables and sentences are made from them.

    `reasons` is {reason code: number of excused people}, the largest number first. `pending` is
    the number of undecided requests for leave or a substitute, and `essays` the number of
    essays handed in. `tasks` are the tasks that remain after this meeting, and `earlier_tasks`
    those that remain from earlier meetings. `ratings` contains one {topic: rating} for every
    hall that gave feedback.
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
    ratings: tuple[dict[FeedbackTopic, Rating], ...] = ()

    @property
    def planned(self) -> int:
        """Return the number of halls that were to take part in the meeting."""
        return len(self.halls)

    @property
    def connected(self) -> int:
        """Return the number of halls whose devices have sent at least one record."""
        return sum(hall.is_connected for hall in self.halls)

    @property
    def reported(self) -> int:
        """Return the number of halls that have reported.

        A hall has reported once it has sent a record of its work, such as a check-in.
        """
        return sum(hall.is_reported for hall in self.halls)

    @property
    def silent(self) -> tuple[HallLine, ...]:
        """Return the halls that have not reported, in the order of table 1.

        A hall has reported once it has sent a record of its work, such as a check-in.
        """
        return tuple(hall for hall in self.halls if not hall.is_reported)

    @property
    def basis(self) -> tuple[MaterialLine, ...]:
        """Return the documents on which the meeting is based, in the order of table 4."""
        return tuple(line for line in self.materials if line.is_basis)

    @property
    def keep_materials(self) -> int:
        """Return how many reporting halls have a device that stores the materials offline."""
        return sum(hall.is_reported and hall.keeps_materials for hall in self.halls)

    @property
    def missing_groups(self) -> tuple[str, ...]:
        """Return the groups of `MATERIAL_GROUPS` of which the meeting has no material.

        A group contains the codes of similar materials, such as plans. Return the names of the
        groups, or () if the meeting has no materials at all.
        """
        kinds = {line.kind for line in self.materials}
        lacking = [name for name, group in MATERIAL_GROUPS.items() if not kinds & group]
        return tuple(lacking) if kinds else ()

    def chaired_by(self, office: ChairOffice) -> int:
        """Return in how many halls the last person to preside holds the office `office`.

        `office` is `secretary` or `deputy`. For "", return in how many halls nobody presided. Only
        halls that have reported count.
        """
        return sum(hall.is_reported and hall.chair == office for hall in self.halls)

    def with_note(self, note: Note) -> int:
        """Return the number of halls that have reported and to which the remark `note` applies.

        A remark is a code, such as `no_chair` (nobody presided) or `not_ready` (the hall lacked
        something that it needs to be ready).
        """
        return sum(hall.is_reported and note in hall.notes for hall in self.halls)


def figures_of(
    meeting: MeetingFacts,
    halls: Sequence[Hall],
    reasons: Mapping[str, int],
    materials: Sequence[MaterialLine],
    earlier_tasks: Sequence[TaskLine] = (),
) -> Figures:
    """Compute the figures of a meeting's report.

    `reasons` is {reason code: number of excused people}. `earlier_tasks` are the tasks that
    remain from earlier meetings. Halls in which the meeting is only a rehearsal, or is
    cancelled, are left out.
    """
    counted = [hall for hall in halls if hall.standing.is_counted]
    lines = tuple(_line_of(hall, meeting) for hall in counted)
    return Figures(
        meeting=meeting,
        halls=lines,
        totals=Counts.total(line.counts for line in lines),
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
        ratings=tuple(hall.standing.feedback.ratings for hall in counted if hall.standing.feedback),
    )


def attendees_of(halls: Sequence[Hall]) -> tuple[Attendee, ...]:
    """Return all summoned people with their attendance, in the order of the halls.

    Halls in which the meeting is only a rehearsal, or is cancelled, are left out.
    """
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
    """Return the office of the person who presides, or presided last, in a hall.

    Every person except the Secretary counts as a Deputy. Return "" if nobody presided.
    """
    spans = standing.chair.spans
    if not spans:
        return ""
    return "secretary" if spans[-1].person == standing.chair.secretary else "deputy"


def _types_of(lines: Sequence[HallLine]) -> tuple[TypeLine, ...]:
    types = []
    for unit_type in (*UNIT_TYPES, ""):
        of_type = [line for line in lines if line.unit_type == unit_type]
        if of_type:
            counts = Counts.total(line.counts for line in of_type)
            reported = sum(line.is_reported for line in of_type)
            types.append(TypeLine(unit_type, len(of_type), reported, counts))
    return tuple(types)
