"""Facts: a stream's records put in order, and what the settings, rolls and voids make of them.

The first layers of a standing. Nothing here knows who is present.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from msgspec import UNSET, Struct

from sync_server.domain.clock import Clocks
from sync_server.domain.permissions import Profile
from sync_server.domain.records import Record, Roll, Setting, Summoned, Void, canonical, to_ms

MINUTE_MS = 60_000


class Fact(NamedTuple):
    """A record placed in time: sorts by (corrected time, device, seq, id)."""

    at_ms: int
    device: str
    seq: int
    id: str
    record: Record


class Facts(Struct, frozen=True):
    """What the settings say of the meeting at this point; None where none has said it."""

    starts_ms: int | None = None
    ends_ms: int | None = None
    grace_ms: int = 0


class Flags:
    """Collects flags by record; each layer adds its own."""

    def __init__(self) -> None:
        self._of: dict[str, set[str]] = {}

    def add(self, record_id: str, flag: str) -> None:
        self._of.setdefault(record_id, set()).add(flag)

    def of(self, record_ids: Iterable[str]) -> tuple[str, ...]:
        return tuple(sorted(set().union(*(self._of.get(each, ()) for each in record_ids))))

    def all(self) -> dict[str, tuple[str, ...]]:
        """Return the flags of every record that has any, in a stable order."""
        return {each: tuple(sorted(flags)) for each, flags in sorted(self._of.items())}


def settings_of(point: str, facts: Iterable[Fact]) -> Facts:
    """Fold the point's settings: for each fact, the latest that names it."""
    starts_ms, ends_ms, grace_ms = None, None, 0
    for fact in facts:
        if isinstance(fact.record, Setting) and fact.record.point == point:
            body = fact.record.body
            starts_ms = starts_ms if body.starts_at is UNSET else to_ms(body.starts_at)
            ends_ms = ends_ms if body.ends_at is UNSET else to_ms(body.ends_at)
            grace_ms = grace_ms if body.grace_minutes is UNSET else body.grace_minutes * MINUTE_MS
    return Facts(starts_ms, ends_ms, grace_ms)


class Rolls(NamedTuple):
    """Whom a point summons, and the rolls of other points that took somebody from it."""

    lines: dict[str, Summoned]
    takers: tuple[Fact, ...]


def rolls_of(point: str, facts: Iterable[Fact]) -> Rolls:
    """Return the point's latest roll, less those whom a later roll elsewhere names.

    A person may stand in the latest rolls of two points; the later of the two governs.
    """
    latest: dict[str, Fact] = {}
    for fact in facts:
        if isinstance(fact.record, Roll):
            latest[fact.record.point] = fact
    own = latest.pop(point, None)
    if own is None:
        return Rolls({}, ())
    named = {line.person: line for line in _lines(own.record)}
    takers = [
        other
        for other in latest.values()
        if other > own and not named.keys().isdisjoint(line.person for line in _lines(other.record))
    ]
    taken = {line.person for other in takers for line in _lines(other.record)}
    lines = {person: line for person, line in named.items() if person not in taken}
    return Rolls(lines, tuple(takers))


def concerning(point: str, facts: Iterable[Fact], rolls: Rolls) -> list[Fact]:
    """Leave out what a stream lists only because of a roll that no longer governs."""
    return [
        fact
        for fact in facts
        if fact.record.point == point or fact.record.person in rolls.lines or fact in rolls.takers
    ]


def named_in_roll(point: str, records: Iterable[Record], clocks: Clocks) -> set[str]:
    """Return everybody in the point's latest roll, those taken by another point included."""
    facts, _ = in_order(point, records, clocks)
    own = [f for f in facts if isinstance(f.record, Roll) and f.record.point == point]
    return {line.person for line in _lines(own[-1].record)} if own else set()


def _lines(record: Record) -> tuple[Summoned, ...]:
    return record.body.people if isinstance(record, Roll) else ()


def in_order(point: str, records: Iterable[Record], clocks: Clocks) -> tuple[list[Fact], set[str]]:
    """Order the records, once each, less those that another form of their id cancels.

    A form cancels another if its writer could have voided it, so that nobody undoes by an id what
    they may not undo by a void. Returns the facts, and the ids of this point's cancelled records.
    """
    variants: dict[str, dict[bytes, Record]] = {}
    for record in records:
        variants.setdefault(record.id, {})[canonical(record)] = record
    facts, reused = [], set()
    for forms in variants.values():
        for record in forms.values():
            if any(_has_authority(other, record) for other in forms.values() if other != record):
                if record.point == point:
                    reused.add(record.id)
                continue
            at_ms = clocks.moment_of(record).at_ms
            facts.append(Fact(at_ms, record.device, record.seq or 0, record.id, record))
    return sorted(facts, key=lambda fact: fact[:4]), reused


def without_voided(facts: Sequence[Fact], flags: Flags) -> list[Fact]:
    """Take away what voids take back, and the voids; settings and rolls are replaced instead."""
    by_id: defaultdict[str, list[Fact]] = defaultdict(list)
    for fact in facts:
        by_id[fact.id].append(fact)
    voided = []
    for fact in facts:
        if isinstance(fact.record, Void):
            targets = by_id[fact.record.refs[0]]  # none yet: it takes effect when they come
            allowed = [target for target in targets if _may_void(fact.record, target.record)]
            voided += allowed
            if targets and not allowed:
                flags.add(fact.id, "without_authority")
    gone = {id(fact) for fact in voided}
    return [f for f in facts if id(f) not in gone and not isinstance(f.record, Void)]


def _may_void(void: Void, target: Record) -> bool:
    """Say whether a void takes effect on a record (design.md, Standing)."""
    if isinstance(target, Void | Setting | Roll) or void.person != target.person:
        return False  # with another person it would be listed where its target is not
    return void.point == target.point and _has_authority(void, target)


def _has_authority(writer: Record, target: Record) -> bool:
    """Say whether who wrote the one may undo the other: headquarters any, others their own."""
    if writer.by == Profile.HEADQUARTERS:
        return True
    return writer.by == target.by and writer.point == target.point
