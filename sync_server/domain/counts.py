"""Counts: how many stand how, and what is told of order in the hall, to be summed over points."""

from collections.abc import Mapping, Sequence

import msgspec
from msgspec import Struct

from sync_server.domain.hall import Beside
from sync_server.domain.people import PersonStanding, Standing
from sync_server.domain.records import Category


class Counts(Struct, frozen=True):
    """summoned = present + absent_excused + absent_unexcused + not_recorded, always.

    Guests, substitutes and visitors are counted apart. `wrong_composition`: substitutes whom
    nobody approved. The rest counts what the report tells of order in the hall.
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

    def __add__(self, other: "Counts") -> "Counts":
        pairs = zip(msgspec.structs.astuple(self), msgspec.structs.astuple(other), strict=True)
        return Counts(*(a + b for a, b in pairs))


def count(
    people: Sequence[PersonStanding],
    others: Sequence[PersonStanding],
    beside: Beside,
    conduct: Mapping[Category, int],
) -> Counts:
    """Count the people of a roll by how they stand, who came beside them, and conduct."""

    def number(standing: Standing) -> int:
        return sum(each.standing == standing for each in people)

    return Counts(
        summoned=len(people),
        present=number("present"),
        online=sum(each.mode == "online" for each in people),
        late=sum(each.is_late for each in people),
        left_early=sum(each.has_left_early for each in people),
        absent_excused=number("absent_excused"),
        absent_unexcused=number("absent_unexcused"),
        not_agreed=sum(each.cause == "not_agreed" for each in people),
        not_recorded=number("not_recorded"),
        guests=len(beside.guests),
        substitutes=len(beside.substitutes),
        visitors=sum(each.comes_as is None for each in others),
        wrong_composition=sum(not each.is_approved for each in beside.substitutes.values()),
        wrong_seat=sum(each.seat_right is False for each in people),
        calls=conduct["call"],
        private_use=conduct["private_use"],
        disorder=conduct["disorder"],
    )
