"""Turn the records of a point into *facts*: records with corrected times, without duplicates.

A point is one hall of a meeting. Records are removed if headquarters ruled against them or if
another record, a *void*, cancels them. These first steps read neither the meeting's settings nor
anybody's presence.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Generic, NamedTuple, TypeVar, cast

from sync_server.domain.judging.clocks import Clocks
from sync_server.domain.records.codes import to_ms
from sync_server.domain.records.kinds import Closing, Record, Reopening, Roll, Ruling, Setting, Void
from sync_server.domain.records.permissions import Profile

R = TypeVar("R", bound=Record, covariant=True)

FactOrder = tuple[int, str, int, str]
"""The sort key of a fact: corrected time (ms since 1970 UTC), device, record number, record id."""


class Fact(NamedTuple, Generic[R]):
    """A record with its corrected time. Facts are sorted by time, device, record number and id.

    `at_ms` is in ms since 1970 UTC. `seq` is the device's record number, or 0 for office records.
    `person` is the code of the person concerned. If headquarters has identified a newcomer, it is
    the code of the identified person. `is_doubtful`: the device's clock may be wrong.
    """

    at_ms: int
    device: str
    seq: int
    id: str
    person: str | None
    record: R
    is_doubtful: bool = False

    @property
    def order(self) -> FactOrder:
        """The sort key: corrected time (ms since 1970 UTC), device, record number and record id."""
        return self[:4]

    @property
    def happened_ms(self) -> int:
        """The time of the event in ms since 1970 UTC.

        It is the time that a user entered for the event, if any, or else the record's corrected
        time.
        """
        stated: str | None = getattr(self.record.body, "happened_at", None)
        return to_ms(stated) if stated else self.at_ms


class Flags:
    """A collection of flags: short codes for anomalies, such as `already_present`.

    A flag belongs either to a record, by the record's id, or to a whole hall, by the hall's code.
    """

    def __init__(self) -> None:
        self._of: dict[str, set[str]] = {}

    def add(self, key: str, flag: str) -> None:
        self._of.setdefault(key, set()).add(flag)

    def of(self, keys: Iterable[str]) -> tuple[str, ...]:
        flag_sets = [self._of[key] for key in keys if key in self._of]
        return tuple(sorted(set().union(*flag_sets))) if flag_sets else ()

    def all(self) -> dict[str, tuple[str, ...]]:
        """Return {record id or hall code: flags}, with keys and flags sorted."""
        return {key: tuple(sorted(flags)) for key, flags in sorted(self._of.items())}


class FactsByKind:
    """Facts (records with corrected times) grouped by the type of their records.

    In every group, the facts have the same order as in the argument `facts`.
    """

    def __init__(self, facts: Iterable[Fact[Record]]) -> None:
        self._of: defaultdict[type, list[Fact[Record]]] = defaultdict(list)
        for fact in facts:
            self._of[type(fact.record)].append(fact)

    def of(self, kind: type[R]) -> list[Fact[R]]:
        """Return the facts, from all halls, whose record has the type `kind`.

        A fact is a record with its corrected time. The order is that of the constructor's argument.
        """
        return cast(list[Fact[R]], self._of.get(kind, []))

    def at(self, point: str, kind: type[R]) -> list[Fact[R]]:
        """Return the facts that were recorded for one hall and whose record has the type `kind`.

        `point` is the code of the hall. A fact is a record with its corrected time. The order is
        that of the constructor's argument.
        """
        return [fact for fact in self.of(kind) if fact.record.point == point]


def facts_in_order(
    point: str, records: Iterable[Record], clocks: Clocks, flags: Flags
) -> list[Fact[Record]]:
    """Return the records that count, with corrected times, sorted by time and without duplicates.

    If different records have the same id, a ruling by headquarters decides which of them counts.
    Without a ruling, a record cancels another one only if its writer has the authority to do so;
    reusing an id therefore gives nobody additional power. Flags are added only for the hall with
    the code `point`: `id_reuse` for cancelled records, and `ruled` for ids on which headquarters
    has ruled.
    """
    forms: dict[str, list[Record]] = {}
    for record in records:
        id_forms = forms.setdefault(record.id, [])
        if record not in id_forms:
            id_forms.append(record)
    effective = {
        record_id: id_forms if len(id_forms) == 1 else _uncancelled_forms(point, id_forms, flags)
        for record_id, id_forms in forms.items()
    }
    rulings = [
        form for id_forms in effective.values() for form in id_forms if isinstance(form, Ruling)
    ]
    aliases: dict[str, str] = {}
    for ruling in sorted(rulings, key=lambda record: (to_ms(record.at), record.device, record.id)):
        if ruling.body.known_as:
            aliases[ruling.person or ""] = ruling.body.known_as
        else:
            _apply_ruling(ruling, effective)
            involved = [ruling, *forms.get(ruling.refs[0], ())]
            if any(record.point == point for record in involved):
                flags.add(ruling.refs[0], "ruled")
    facts = [
        fact_of(record, aliases.get(record.person or "", record.person), clocks)
        for id_forms in effective.values()
        for record in id_forms
    ]
    return sorted(facts, key=lambda fact: fact.order)


def fact_of(record: Record, person: str | None, clocks: Clocks) -> Fact[Record]:
    """Pair a record with its corrected time. `person` is the code of the person concerned."""
    at_ms, is_doubtful = clocks.corrected_time_of(record)
    return Fact(at_ms, record.device, record.seq or 0, record.id, person, record, is_doubtful)


def _uncancelled_forms(point: str, forms: Sequence[Record], flags: Flags) -> list[Record]:
    uncancelled = []
    for record in forms:
        if not is_cancelled(record, forms):
            uncancelled.append(record)
        elif record.point == point:
            flags.add(record.id, "id_reuse")
    return uncancelled


def is_cancelled(record: Record, forms: Iterable[Record]) -> bool:
    """Return whether a record has no effect because a different record with the same id cancels it.

    `forms` contains all records with this id. Headquarters may decide that the record counts all
    the same; such decisions are not considered here.
    """
    return any(_may_cancel(other, record) for other in forms if other != record)


def _may_cancel(form: Record, other: Record) -> bool:
    """Return whether `form` cancels `other`, a different record with the same id.

    `form` cancels `other` if the writer of `form` has the authority to do so. A record of the kind
    `void` (one that cancels another record) is never cancelled itself.
    """
    if isinstance(other, Void) or _needs_headquarters(form, other):
        return False
    return has_authority(form, other)


def _apply_ruling(ruling: Ruling, effective: dict[str, list[Record]]) -> None:
    """Apply a decision of headquarters (a ruling) to all records with the id that it refers to.

    `effective` is {record id: records with this id}, and is changed in place. Only the record
    that counts according to the decision is kept, if there is one. Settings, lists of summoned
    people and decisions of headquarters are always kept, because only a newer record of the
    same kind replaces them.
    """
    ref, released = ruling.refs[0], ruling.body.record
    office_records = [
        record for record in effective.get(ref, ()) if isinstance(record, Ruling | Setting | Roll)
    ]  # only a newer record of the same kind replaces them
    effective[ref] = office_records + ([released] if released else [])


class InForce(NamedTuple):
    """The records that count (`facts`), and those that a void has cancelled (`undone`).

    A void is a record that cancels another record. `undone` contains `(void, cancelled record)`
    pairs. All records have corrected times.
    """

    facts: list[Fact[Record]]
    undone: list[tuple[Fact[Record], Fact[Record]]]


def is_by_entitled_author(fact: Fact[Record]) -> bool:
    """Return whether a record was written by a clerk, headquarters or the person it concerns."""
    return fact.record.by in {Profile.CLERK, Profile.HEADQUARTERS, fact.record.person}


def without_voided(facts: Sequence[Fact[Record]], flags: Flags) -> InForce:
    """Divide `facts` into the records that count and those that another record has cancelled.

    `facts` are records with corrected times. A record that cancels another one is a void; voids
    are not among the records that count. A void whose writer had no authority is flagged with
    `without_authority` and cancels nothing. Voids, settings, lists of summoned people (rolls)
    and decisions of headquarters about records (rulings) cannot be cancelled.
    """
    voids = [fact for fact in facts if isinstance(fact.record, Void)]
    if not voids:
        return InForce(list(facts), [])
    undone = []
    by_id: defaultdict[str, list[Fact[Record]]] = defaultdict(list)
    for fact in facts:
        by_id[fact.id].append(fact)
    removed = {id(fact) for fact in voids}
    for fact in voids:
        targets = by_id[fact.record.refs[0]]  # empty if the void arrived before its target
        allowed = [target for target in targets if _may_void(fact.record, target.record)]
        removed |= {id(target) for target in allowed}
        undone += [(fact, target) for target in allowed]
        if targets and not allowed:
            flags.add(fact.id, "without_authority")
    return InForce([fact for fact in facts if id(fact) not in removed], undone)


def _may_void(void: Record, target: Record) -> bool:
    """Return whether a void may cancel a record, according to the rule «Void» in docs/rules.md.

    A void is a record that cancels another record. Both must concern the same person and the same
    hall, and the writer of the void must have authority over the other record.
    """
    if isinstance(target, Void | Setting | Roll | Ruling) or void.person != target.person:
        return False  # if the people differ, some readers receive only one of the two records
    if _needs_headquarters(void, target):
        return False
    return void.point == target.point and has_authority(void, target)


def _needs_headquarters(undoing: Record, target: Record) -> bool:
    """Return True if only headquarters may cancel `target`, but somebody else wrote `undoing`.

    Only headquarters may cancel a record that signs off an attendance list (a closing) or reopens
    it (a reopening). A hall that wants to undo a closing must send a reopening, which states a
    reason.
    """
    return isinstance(target, Closing | Reopening) and undoing.by != Profile.HEADQUARTERS


def has_authority(undoing: Record, target: Record) -> bool:
    """Return whether the writer of the record `undoing` may cancel the record `target`.

    Headquarters may cancel any record. Others may cancel only records by the same author in the
    same hall.
    """
    if undoing.by == Profile.HEADQUARTERS:
        return True
    return undoing.by == target.by and undoing.point == target.point
