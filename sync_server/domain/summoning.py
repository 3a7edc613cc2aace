"""Select the people who are summoned to a meeting by a rule, and compare two lists of such people.

The list of the people that one hall summons is called its roll.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Literal, NamedTuple, Protocol, get_args

from sync_server.domain.positions import COMMITTEE, OFFICES, is_of_branch, rank_of
from sync_server.domain.records.kinds import Office, Summoned

Rank = Literal["everybody", "committee", "officers", "secretaries"]
RANKS: tuple[Rank, ...] = get_args(Rank)
_POSITIONS: dict[Rank, frozenset[str]] = {
    "committee": frozenset(COMMITTEE),
    "officers": frozenset(OFFICES),
    "secretaries": frozenset(COMMITTEE[:1]),
}
MEMBERSHIPS = ("OFFICIAL", "PROBATIONARY", "NONE")


class Candidate(Protocol):
    """A person who may be summoned, with the values by which a rule selects people.

    `person` and `unit` are codes. `position` is the position in the Party committee: a code
    such as `BI_THU` (Secretary), or other words as the list of people states them. `membership`
    is one of `MEMBERSHIPS`. `point` is the code of the hall where the person usually sits, or
    "".
    """

    @property
    def person(self) -> str: ...
    @property
    def unit(self) -> str: ...
    @property
    def position(self) -> str: ...
    @property
    def membership(self) -> str: ...
    @property
    def point(self) -> str: ...


class Rule(NamedTuple):
    """A rule that summons the people of certain units, which are given by code.

    `rank` limits the rule to positions in the Party committee. With the rank `everybody`,
    `memberships` limits the rule to people with these kinds of Party membership.
    """

    units: Collection[str]
    rank: Rank
    memberships: Collection[str]

    def summons(self, person: Candidate) -> bool:
        """Return whether the rule summons a person.

        The person must belong to one of the rule's units. If the rank is `everybody`, the person's
        Party membership then decides; otherwise the person's position does.
        """
        if person.unit not in self.units:
            return False
        if self.rank != "everybody":
            return rank_of(person.position) in _POSITIONS[self.rank]
        return person.membership in self.memberships


class RollDifference(NamedTuple):
    """The differences between an old and a new list of summoned people.

    `added` and `removed` are sorted person codes. `size` is the number of people on the new list.
    """

    added: tuple[str, ...]
    removed: tuple[str, ...]
    size: int


def build_roll(
    rule: Rule,
    people: Iterable[Candidate],
    before: Sequence[Summoned],
    exempt: Collection[str] = (),
) -> list[Summoned]:
    """Return the new list of the people that a rule summons, in the order of `people`.

    People on the previous list, `before`, keep the unit, position, seat and exemption stated
    there. New people have no seat, and are exempt if `exempt` contains their person code.
    """
    previous_lines = {line.person: line for line in before}
    return [
        previous_lines.get(candidate.person)
        or Summoned(
            candidate.person, candidate.unit, candidate.position, "", candidate.person in exempt
        )
        for candidate in people
        if rule.summons(candidate)
    ]


def officers_among(
    members: Iterable[Candidate], first: Collection[str]
) -> tuple[tuple[str, Office], ...]:
    """Return the Secretary and the Deputies among a unit's people, as pairs (person code, office).

    The office is `secretary` or `deputy`. If there are several Secretaries, only one is returned:
    one whose code is in `first` if possible, then one who is not the Secretary of a branch, then
    the one with the lowest code.
    """
    ranked = sorted(
        (member.person not in first, is_of_branch(member.position), member.person, OFFICES[rank])
        for member in members
        if (rank := rank_of(member.position)) in OFFICES
    )
    officers: list[tuple[str, Office]] = []
    for *_, person, office in ranked:
        if office == "deputy" or office not in dict(officers).values():
            officers.append((person, office))
    return tuple(officers)


class Hall(Protocol):
    """A hall, with the code of the unit that it belongs to."""

    @property
    def unit(self) -> str: ...


def hall_by_unit(halls: Mapping[str, Hall]) -> dict[str, str]:
    """Return {unit code: code of the hall to which the unit's people go}.

    `halls` contains the halls by code. If a unit has several halls, its people go to the hall
    with the lowest code. Units without a hall are left out.
    """
    return {halls[code].unit: code for code in sorted(halls, reverse=True)}


def usual_hall(
    candidate: Candidate, halls: Collection[str], hall_of_unit: Mapping[str, str]
) -> str | None:
    """Return the code of the hall to which a person belongs; None if there is no such hall.

    This is the hall stored with the person if it is among `halls`, else the hall of the
    person's unit. `hall_of_unit` is {unit code: code of the unit's hall}.
    """
    return candidate.point if candidate.point in halls else hall_of_unit.get(candidate.unit)


def compare_rolls(before: Sequence[Summoned], after: Sequence[Summoned]) -> RollDifference:
    """Return the people added and removed between two lists of summoned people.

    `before` is the old list and `after` the new one. The result also contains the size of the new
    list.
    """
    old, new = {line.person for line in before}, {line.person for line in after}
    return RollDifference(tuple(sorted(new - old)), tuple(sorted(old - new)), len(after))
