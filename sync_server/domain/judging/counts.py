"""Count attendance and disturbances at a point, which is one hall of a meeting.

The counts of several points can be added with `+`.
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec
from msgspec import Struct

from sync_server.domain.judging.hall import OtherAttendees
from sync_server.domain.judging.people import AttendanceState, PersonStanding
from sync_server.domain.records.kinds import ConductCategory


class Counts(Struct, frozen=True):
    """The attendance figures of one hall, or the sum of several halls.

    `summoned` always equals `present + absent_excused + absent_unexcused + not_recorded`. Guests,
    substitutes and visitors (others in the hall who are not on its list of summoned people) are
    counted separately. `not_agreed`: unexcused people whose request for leave was not approved.
    `wrong_composition`: substitutes without approval. The fields from `wrong_seat` to
    `incident_minutes` concern order in the hall.
    """

    summoned: int = 0
    present: int = 0
    online: int = 0
    late: int = 0
    left_early: int = 0
    absent_excused: int = 0
    absent_unexcused: int = 0
    not_agreed: int = 0
    not_recorded: int = 0
    guests: int = 0
    substitutes: int = 0
    visitors: int = 0
    wrong_composition: int = 0
    wrong_seat: int = 0
    calls: int = 0
    private_use: int = 0
    disorder: int = 0
    incidents: int = 0
    incident_minutes: int = 0

    @classmethod
    def total(cls, counts: Iterable["Counts"]) -> "Counts":
        """Return the sum of any number of counts; every field is 0 if there are none."""
        return cls(*map(sum, zip(*map(msgspec.structs.astuple, counts), strict=True)))

    def __add__(self, other: "Counts") -> "Counts":
        pairs = zip(msgspec.structs.astuple(self), msgspec.structs.astuple(other), strict=True)
        return Counts(*(a + b for a, b in pairs))

    def __sub__(self, other: "Counts") -> "Counts":
        pairs = zip(msgspec.structs.astuple(self), msgspec.structs.astuple(other), strict=True)
        return Counts(*(a - b for a, b in pairs))


def count_attendance(
    people: Sequence[PersonStanding],
    visitors: Sequence[PersonStanding],
    other_attendees: OtherAttendees,
    conduct: Mapping[ConductCategory, int],
) -> Counts:
    """Count the people of one hall by attendance, and also other attendees and disturbances.

    `people` are those on the hall's list of summoned people who are not exempt. `visitors` are
    people in the hall who are not on its list. `other_attendees` are guests and substitutes.
    `conduct` is {category: number of disturbances}. The result's `incidents` and
    `incident_minutes` are 0, because the caller adds them.
    """

    def count_in_state(state: AttendanceState) -> int:
        return sum(person.standing == state for person in people)

    return Counts(
        summoned=len(people),
        present=count_in_state("present"),
        online=sum(person.mode == "online" for person in people),
        late=sum(person.is_late for person in people),
        left_early=sum(person.has_left_early for person in people),
        absent_excused=count_in_state("absent_excused"),
        absent_unexcused=count_in_state("absent_unexcused"),
        not_agreed=sum(person.cause == "not_agreed" for person in people),
        not_recorded=count_in_state("not_recorded"),
        guests=len(other_attendees.guests),
        substitutes=len(other_attendees.substitutes),
        visitors=sum(visitor.comes_as is None for visitor in visitors),
        wrong_composition=sum(
            not substitute.is_approved for substitute in other_attendees.substitutes.values()
        ),
        wrong_seat=sum(person.seat_right is False for person in people),
        calls=conduct["call"],
        private_use=conduct["private_use"],
        disorder=conduct["disorder"],
    )
