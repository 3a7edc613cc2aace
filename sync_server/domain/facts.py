"""Facts: a stream's records put in order, and what the settings, rolls and voids make of them.

The first layers of a standing. Nothing here knows who is present.
"""

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


def roll_of(point: str, facts: Iterable[Fact]) -> dict[str, Summoned]:
    """Return who is summoned here: the latest roll, less those whom a later one elsewhere takes.

    A person may stand in the latest rolls of two points; the later of the two governs.
    """
    latest: dict[str, Fact] = {}
    for fact in facts:
        if isinstance(fact.record, Roll):
            latest[fact.record.point] = fact
    own = latest.pop(point, None)
    if own is None:
        return {}
    taken = {
        line.person for other in latest.values() if other > own for line in _lines(other.record)
    }
    return {line.person: line for line in _lines(own.record) if line.person not in taken}


def named_in_roll(point: str, records: Iterable[Record], clocks: Clocks) -> set[str]:
    """Return everybody in the point's latest roll, those taken by another point included."""
    own = [r for r in records if isinstance(r, Roll) and r.point == point]
    facts = in_order(own, clocks, Flags())
    return {line.person for line in _lines(facts[-1].record)} if facts else set()


def _lines(record: Record) -> tuple[Summoned, ...]:
    return record.body.people if isinstance(record, Roll) else ()


def in_order(records: Iterable[Record], clocks: Clocks, flags: Flags) -> list[Fact]:
    """Order the records, once each, without those whose id stands for two different ones."""
    variants: dict[str, dict[bytes, Record]] = {}
    for record in records:
        variants.setdefault(record.id, {})[canonical(record)] = record
    facts = []
    for record_id, forms in variants.items():
        if len(forms) > 1:
            flags.add(record_id, "id_reuse")
            continue
        (record,) = forms.values()
        at_ms = clocks.moment_of(record).at_ms
        facts.append(Fact(at_ms, record.device, record.seq or 0, record.id, record))
    return sorted(facts)


def without_voided(facts: Sequence[Fact], flags: Flags) -> list[Fact]:
    """Take away what voids take back, and the voids; settings and rolls are replaced instead."""
    by_id = {fact.id: fact.record for fact in facts}
    voided = set()
    for fact in facts:
        if isinstance(fact.record, Void):
            target = by_id.get(fact.record.refs[0])
            if target is None:
                continue  # not here yet: it takes effect when the record comes
            if _may_void(fact.record, target):
                voided.add(target.id)
            else:
                flags.add(fact.id, "without_authority")
    return [f for f in facts if f.id not in voided and not isinstance(f.record, Void)]


def _may_void(void: Void, target: Record) -> bool:
    """Say whether a void has authority: its writer's profile decides (design.md, Standing)."""
    if isinstance(target, Void | Setting | Roll) or void.point != target.point:
        return False
    return void.by == target.by or void.by == Profile.HEADQUARTERS
