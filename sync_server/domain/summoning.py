"""Choose the people of a roll by rules, and compare two rolls of a point.

A roll is the list of the people that a point summons to a meeting.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Literal, NamedTuple, Protocol, get_args

from sync_server.domain.positions import COMMITTEE, OFFICES
from sync_server.domain.records.kinds import Summoned

Rank = Literal["everybody", "committee", "officers", "secretaries"]
RANKS: tuple[Rank, ...] = get_args(Rank)
_POSITIONS: dict[Rank, frozenset[str]] = {
    "committee": frozenset(COMMITTEE),
    "officers": frozenset(OFFICES),
    "secretaries": frozenset(COMMITTEE[:1]),
}
MEMBERSHIPS = ("OFFICIAL", "PROBATIONARY", "NONE")


class Candidate(Protocol):
    """A person who may be summoned, with the facts that the rules of summoning read."""

    @property
    def person(self) -> str: ...
    @property
    def unit(self) -> str: ...
    @property
    def position(self) -> str: ...
    @property
    def membership(self) -> str: ...


class Rule(NamedTuple):
    """A rule that summons the people of certain units.

    `rank` limits the rule to positions in the Party committee. With the rank `everybody`,
    `memberships` limits the rule to kinds of Party membership.
    """

    units: Collection[str]
    rank: Rank
    memberships: Collection[str]

    def summons(self, person: Candidate) -> bool:
        """Return whether the rule summons a person of its units.

        With the rank `everybody` the person's membership decides, with any other rank the person's
        position.
        """
        if person.unit not in self.units:
            return False
        if self.rank != "everybody":
            return person.position in _POSITIONS[self.rank]
        return person.membership in self.memberships


class RollDifference(NamedTuple):
    """The people that a new roll adds and removes, and the number of people on the new roll.

    The person codes are sorted.
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
    """Return a new roll of the people that the rule summons, in the order of `people`.

    People on the previous roll, `before`, keep their seats and exemptions. New people have no seat,
    and are exempt if `exempt` contains their code.
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


def compare_rolls(before: Sequence[Summoned], after: Sequence[Summoned]) -> RollDifference:
    """Return the people added and removed between two rolls of a point, and the new size."""
    old, new = {line.person for line in before}, {line.person for line in after}
    return RollDifference(tuple(sorted(new - old)), tuple(sorted(old - new)), len(after))
