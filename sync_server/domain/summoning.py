"""Whom a rule summons, and what a new roll would change."""

from collections.abc import Collection, Iterable, Sequence
from typing import Literal, NamedTuple, Protocol, get_args

from sync_server.domain.records import Summoned

Rank = Literal["everybody", "committee", "officers", "secretaries"]
RANKS: tuple[Rank, ...] = get_args(Rank)
_POSITIONS: dict[Rank, frozenset[str]] = {
    "committee": frozenset({"BI_THU", "PHO_BI_THU", "CAP_UY_VIEN"}),
    "officers": frozenset({"BI_THU", "PHO_BI_THU"}),
    "secretaries": frozenset({"BI_THU"}),
}
MEMBERSHIPS = ("OFFICIAL", "PROBATIONARY", "NONE")


class Known(Protocol):
    """A person as the roster has them."""

    @property
    def person(self) -> str: ...
    @property
    def unit(self) -> str: ...
    @property
    def position(self) -> str: ...
    @property
    def membership(self) -> str: ...


class Rule(NamedTuple):
    """All members of the units, or those of a rank; by kind of membership."""

    units: Collection[str]
    rank: Rank
    memberships: Collection[str]

    def summons(self, person: Known) -> bool:
        """Say whether the rule names a person; an office in the committee outweighs membership."""
        if person.unit not in self.units:
            return False
        if self.rank != "everybody":
            return person.position in _POSITIONS[self.rank]
        return person.membership in self.memberships


class Change(NamedTuple):
    """What a new roll changes of a point's: who comes in, who goes out, how many it then has."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    size: int


def roll_by(
    rule: Rule,
    people: Iterable[Known],
    before: Sequence[Summoned],
    exempt: Collection[str] = (),
) -> list[Summoned]:
    """Return a point's new roll: who stays keeps their seat, and who is `exempt` that."""
    kept = {line.person: line for line in before}
    return [
        kept.get(each.person)
        or Summoned(each.person, each.unit, each.position, "", each.person in exempt)
        for each in people
        if rule.summons(each)
    ]


def change(before: Sequence[Summoned], after: Sequence[Summoned]) -> Change:
    """Compare two rolls of a point."""
    old, new = {line.person for line in before}, {line.person for line in after}
    return Change(tuple(sorted(new - old)), tuple(sorted(old - new)), len(after))
