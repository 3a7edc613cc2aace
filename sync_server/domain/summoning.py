"""Rules that choose the people of a roll, and the comparison of a roll with the one before."""

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
    """The facts about a person that a rule of summoning reads."""

    @property
    def person(self) -> str: ...
    @property
    def unit(self) -> str: ...
    @property
    def position(self) -> str: ...
    @property
    def membership(self) -> str: ...


class Rule(NamedTuple):
    """A rule of summoning: people of the units, by kind of membership or by rank."""

    units: Collection[str]
    rank: Rank
    memberships: Collection[str]

    def summons(self, person: Candidate) -> bool:
        """Return whether the rule summons a person; with a committee rank it ignores membership."""
        if person.unit not in self.units:
            return False
        if self.rank != "everybody":
            return person.position in _POSITIONS[self.rank]
        return person.membership in self.memberships


class RollDifference(NamedTuple):
    """The difference that a new roll makes: people added, people removed, and its size."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    size: int


def build_roll(
    rule: Rule,
    people: Iterable[Candidate],
    before: Sequence[Summoned],
    exempt: Collection[str] = (),
) -> list[Summoned]:
    """Return a point's new roll; people already on it keep their lines, `exempt` marks others."""
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
    """Compare two rolls of a point."""
    old, new = {line.person for line in before}, {line.person for line in after}
    return RollDifference(tuple(sorted(new - old)), tuple(sorted(old - new)), len(after))
