"""Facts: a stream's records placed in time, once each, less what rulings and voids take away.

The first layers of a standing. Nothing here knows what a meeting is or who is present.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Generic, NamedTuple, TypeVar, cast

from sync_server.domain.clock import Clocks
from sync_server.domain.codes import to_ms
from sync_server.domain.permissions import Profile
from sync_server.domain.records import (
    Closing,
    Record,
    Reopening,
    Roll,
    Ruling,
    Setting,
    Void,
)

R = TypeVar("R", bound=Record, covariant=True)


class Fact(NamedTuple, Generic[R]):
    """A record placed in time: sorts by (corrected time, device, seq, id).

    `person` is whom it concerns, a newcomer by the code that a ruling has told since;
    `is_doubtful` says that its device's clock was.
    """

    at_ms: int
    device: str
    seq: int
    id: str
    person: str | None
    record: R
    is_doubtful: bool = False

    @property
    def order(self) -> tuple[int, str, int, str]:
        """What facts are sorted by."""
        return self[:4]

    @property
    def happened_ms(self) -> int:
        """When it happened: as stated, if a person states it, else the corrected time."""
        stated: str | None = getattr(self.record.body, "happened_at", None)
        return to_ms(stated) if stated else self.at_ms


class Flags:
    """Collects flags by record id, or by the point's code for what is odd of the point itself."""

    def __init__(self) -> None:
        self._of: dict[str, set[str]] = {}

    def add(self, key: str, flag: str) -> None:
        self._of.setdefault(key, set()).add(flag)

    def of(self, keys: Iterable[str]) -> tuple[str, ...]:
        found = [self._of[each] for each in keys if each in self._of]
        return tuple(sorted(set().union(*found))) if found else ()

    def all(self) -> dict[str, tuple[str, ...]]:
        """Return the flags of everything that has any, in a stable order."""
        return {each: tuple(sorted(flags)) for each, flags in sorted(self._of.items())}


class ByKind:
    """The facts that count, by kind, each kind in order."""

    def __init__(self, facts: Iterable[Fact[Record]]) -> None:
        self._of: defaultdict[type, list[Fact[Record]]] = defaultdict(list)
        for fact in facts:
            self._of[type(fact.record)].append(fact)

    def of(self, kind: type[R]) -> list[Fact[R]]:
        """Return all of a kind, wherever they were made."""
        return cast(list[Fact[R]], self._of.get(kind, []))

    def at(self, point: str, kind: type[R]) -> list[Fact[R]]:
        """Return those of a kind that were made at the point."""
        return [fact for fact in self.of(kind) if fact.record.point == point]


def in_order(
    point: str, records: Iterable[Record], clocks: Clocks, flags: Flags
) -> list[Fact[Record]]:
    """Order the records, once each: the forms of an id that count, as rulings have it.

    Without a ruling, a form of an id cancels another if its writer could have voided it, so that
    nobody undoes by an id what they may not undo by a void.
    """
    forms: dict[str, list[Record]] = {}
    for record in records:
        known = forms.setdefault(record.id, [])
        if record not in known:
            known.append(record)
    counting = {
        each: known if len(known) == 1 else _not_cancelled(point, known, flags)
        for each, known in forms.items()
    }
    rulings = [each for known in counting.values() for each in known if isinstance(each, Ruling)]
    aliases: dict[str, str] = {}
    for ruling in sorted(rulings, key=lambda each: (to_ms(each.at), each.device, each.id)):
        if ruling.body.known_as:
            aliases[ruling.person or ""] = ruling.body.known_as
        else:
            _rule(ruling, counting)
            told = [ruling, *forms.get(ruling.refs[0], ())]
            if any(each.point == point for each in told):
                flags.add(ruling.refs[0], "ruled")
    facts = []
    for record in (each for known in counting.values() for each in known):
        at_ms, is_doubtful = clocks.moment_of(record)
        person = aliases.get(record.person or "", record.person)
        seq = record.seq or 0
        facts.append(Fact(at_ms, record.device, seq, record.id, person, record, is_doubtful))
    return sorted(facts, key=lambda fact: fact.order)


def _not_cancelled(point: str, forms: Sequence[Record], flags: Flags) -> list[Record]:
    counting = []
    for record in forms:
        if not any(has_authority(other, record) for other in forms if other != record):
            counting.append(record)
        elif record.point == point:
            flags.add(record.id, "id_reuse")
    return counting


def _rule(ruling: Ruling, counting: dict[str, list[Record]]) -> None:
    """Let a ruling say what counts of the id that it refers to; a later ruling says it anew."""
    ref, released = ruling.refs[0], ruling.body.record
    of_office = [
        each for each in counting.get(ref, ()) if isinstance(each, Ruling | Setting | Roll)
    ]  # which are replaced by another, and never ruled on
    counting[ref] = of_office + ([released] if released else [])


class InForce(NamedTuple):
    """The facts that are in force, and each void that took one back."""

    facts: list[Fact[Record]]
    undone: list[tuple[Fact[Record], Fact[Record]]]


def acts_in_person(fact: Fact[Record]) -> bool:
    """Say whether a record is attested by a clerk or headquarters, or its person's own."""
    return fact.record.by in {Profile.CLERK, Profile.HEADQUARTERS, fact.record.person}


def without_voided(facts: Sequence[Fact[Record]], flags: Flags) -> InForce:
    """Take away what voids take back, and the voids; what the office sets is replaced instead."""
    voids = [fact for fact in facts if isinstance(fact.record, Void)]
    if not voids:
        return InForce(list(facts), [])
    undone = []
    by_id: defaultdict[str, list[Fact[Record]]] = defaultdict(list)
    for fact in facts:
        by_id[fact.id].append(fact)
    gone = {id(fact) for fact in voids}
    for fact in voids:
        targets = by_id[fact.record.refs[0]]  # none yet: it takes effect when they come
        allowed = [target for target in targets if _may_void(fact.record, target.record)]
        gone |= {id(target) for target in allowed}
        undone += [(fact, target) for target in allowed]
        if targets and not allowed:
            flags.add(fact.id, "without_authority")
    return InForce([fact for fact in facts if id(fact) not in gone], undone)


def _may_void(void: Record, target: Record) -> bool:
    """Say whether a void takes effect on a record (design.md, Standing)."""
    if isinstance(target, Void | Setting | Roll | Ruling) or void.person != target.person:
        return False  # with another person it would be listed where its target is not
    if isinstance(target, Closing | Reopening) and void.by != Profile.HEADQUARTERS:
        return False  # which is what a reopening is for, with its reason
    return void.point == target.point and has_authority(void, target)


def has_authority(writer: Record, target: Record) -> bool:
    """Say whether who wrote the one may undo the other: headquarters any, others their own."""
    if writer.by == Profile.HEADQUARTERS:
        return True
    return writer.by == target.by and writer.point == target.point
