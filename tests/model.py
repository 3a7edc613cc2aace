"""The rules once more, as naively as they can be said: the oracle of the ledger's tests.

Written apart from `sync_server/domain/`, over plain JSON and all records of a meeting at once: no
streams, no listings, no layers. It judges by looking at every minute and every record again.
"""

import json
from datetime import datetime
from functools import cache
from typing import Any

Json = dict[str, Any]
NEVER = "2199-01-01T00:00:00Z"
OFFICE = ("setting", "roll", "ruling")


def ms(instant: str) -> int:
    return round(datetime.fromisoformat(instant).timestamp() * 1000)


class Model:
    """One meeting: `made_ms` maps a record, by its spelling, to when it was made by true time."""

    def __init__(self, records: list[Json], made_ms: dict[str, int]) -> None:
        self.made_ms = made_ms
        distinct = {spelling(each): each for each in records}
        self.all = list(distinct.values())
        valid = [each for each in self.all if not any(undoes(o, each) for o in self.forms(each))]
        rulings = sorted((r for r in valid if r["kind"] == "ruling"), key=self.order)
        self.names: dict[str, str] = {}
        self.released: dict[str, Json | None] = {}
        for ruling in rulings:
            if ruling["body"]["ruling"] == "identify":
                self.names[ruling["person"]] = ruling["body"]["as"]
            else:
                self.released[ruling["refs"][0]] = ruling["body"].get("record")
        valid = [r for r in valid if r["kind"] in OFFICE or r["id"] not in self.released]
        valid += [record for record in self.released.values() if record]
        self.facts = sorted(valid, key=self.order)

    def forms(self, record: Json) -> list[Json]:
        return [o for o in self.all if o["id"] == record["id"] and o is not record]

    def order(self, record: Json) -> tuple[Any, ...]:
        return self.at(record), record["device"], record["seq"] or 0, record["id"]

    def at(self, record: Json) -> int:
        return self.made_ms[spelling(record)]

    def who(self, record: Json) -> str | None:
        return self.names.get(record.get("person") or "", record.get("person"))


class Point:
    """What the model says of one point."""

    def __init__(self, model: Model, point: str) -> None:
        self.m, self.point = model, point
        self.takers: list[Json] = []
        self.roll = self._roll()
        mine = [
            f
            for f in model.facts
            if f["point"] == point or model.who(f) in self.roll or f in self.takers
        ]
        self.here_and_about = mine
        voids = [f for f in mine if f["kind"] == "void"]
        self.counting = [
            f for f in mine if f["kind"] != "void" and not any(takes_back(v, f) for v in voids)
        ]
        self.terms: Json = {}
        for fact in self.of("setting", here=True):
            self.terms |= fact["body"]
        self.starts = ms(self.terms.get("starts_at", NEVER))  # nobody is late, none left early
        self.ends = ms(self.terms["ends_at"]) if "ends_at" in self.terms else 0
        self.grace = self.terms.get("grace_minutes", 0) * 60_000
        named = [f for f in self.of("setting", here=True) if "officers" in f["body"]]
        self.officers = [(model.at(f), f["body"]["officers"]) for f in named]

    def of(self, *kinds: str, here: bool = False) -> list[Json]:
        return [
            f
            for f in self.counting
            if f["kind"] in kinds and (not here or f["point"] == self.point)
        ]

    def _roll(self) -> dict[str, list[Any]]:
        latest: dict[str, Json] = {}
        for fact in self.m.facts:
            if fact["kind"] == "roll":
                latest[fact["point"]] = fact
        own = latest.get(self.point)
        if not own:
            return {}
        named = {line[0] for line in own["body"]["people"]}
        for roll in latest.values():
            people = {line[0] for line in roll["body"]["people"]}
            if self.m.order(roll) > self.m.order(own) and people & named:
                self.takers.append(roll)
        taken = {line[0] for roll in self.takers for line in roll["body"]["people"]}
        return {line[0]: line for line in own["body"]["people"] if line[0] not in taken}

    @cache  # noqa: B019 - a model lives as long as its test
    def stays(self, person: str | None) -> list[list[Any]]:
        """Return [hall, came, left, mode] of each stay."""
        moves = [f for f in self.of("check_in", "check_out") if self.m.who(f) == person]
        moves.sort(key=lambda f: (self.happened(f), self.m.order(f)))
        stays: list[list[Any]] = []
        for move in moves:
            hall = stays[-1][0] if stays and stays[-1][2] is None else None
            if move["kind"] == "check_in" and hall != move["point"]:
                if hall:
                    stays[-1][2] = self.happened(move)
                stays.append([move["point"], self.happened(move), None, move["body"]["mode"]])
            if move["kind"] == "check_out" and hall == move["point"]:
                stays[-1][2] = self.happened(move)
        return stays

    def happened(self, record: Json) -> int:
        stated = record["body"].get("happened_at")
        return ms(stated) if stated else self.m.at(record)

    def closing(self) -> Json | None:
        acts = [f for f in self.of("closing", "reopening", here=True) if attested(f)]
        return acts[-1] if acts and acts[-1]["kind"] == "closing" else None

    def officers_at(self, at: int, sought: str) -> list[str]:
        before = [named for since, named in self.officers if since <= at]
        named = (before or [own for _, own in self.officers[:1]] or [[]])[-1]
        return [person for person, office in named if office == sought]

    def delegate_at(self, at: int) -> str | None:
        named = None
        for fact in self.of("chair_delegation", here=True):
            is_own = attested(fact)
            fits = self.may_delegate(fact)
            if is_own and fits and self.m.at(fact) <= at:
                named = fact["body"]["to"]
        return named

    def may_delegate(self, fact: Json) -> bool:
        at = self.m.at(fact)
        is_secretary = self.m.who(fact) in self.officers_at(at, "secretary")[:1]
        return is_secretary and fact["body"]["to"] in self.officers_at(at, "deputy")

    def presiding_at(self, at: int) -> str | None:
        for person in (*self.officers_at(at, "secretary")[:1], self.delegate_at(at)):
            assumed = any(
                self.m.who(f) == person and self.m.at(f) <= at and attested(f)
                for f in self.of("chair_assumed", here=True)
            )
            is_in = any(
                hall == self.point and came <= at and (left is None or at < left)
                for hall, came, left, _ in self.stays(person)
            )
            if person and assumed and is_in:
                return person
        return None

    def decides(self, decision: Json, asked: Json) -> bool:
        by, at = decision["by"], self.m.at(decision)
        if by == "headquarters":
            return True
        of_secretary = self.m.who(asked) in self.officers_at(at, "secretary")[:1]
        key = "secretary_authority" if of_secretary else "absence_authority"
        default = "headquarters" if of_secretary else "point"
        if self.terms.get(key, default) == "headquarters" or by in (
            self.m.who(asked),
            asked["body"].get("for"),
        ):
            return False
        closing = self.closing()
        if decision["point"] != self.point or (
            closing and self.m.order(decision) > self.m.order(closing)
        ):
            return False
        if at < self.starts:
            return by in (*self.officers_at(at, "secretary")[:1], self.delegate_at(at))
        return bool(by == self.presiding_at(at))

    def verdict(self, asked: Json) -> str | None:
        """Return the latest effective decision on a request or a substitute."""
        said = None
        for fact in self.of("absence_decision"):
            is_about = fact["refs"][0] == asked["id"] and fact["person"] == asked["person"]
            if is_about and self.decides(fact, asked):
                said = fact["body"]["decision"]
        return said

    def request(self, person: str) -> str | None:
        states = set()
        for asked in self.of("absence_request"):
            if self.m.who(asked) != person:
                continue
            gone = any(
                f["refs"][0] == asked["id"]
                and f["person"] == asked["person"]
                and self.takes_back_leave(f, asked)
                for f in self.of("absence_withdrawal")
            )
            said = self.verdict(asked)
            state = {"approve": "approved", "decline": "declined"}.get(said or "", "pending")
            states.add("withdrawn" if gone else state)
        ranked = ("approved", "pending", "declined", "withdrawn")
        return next((each for each in ranked if each in states), None)

    def takes_back_leave(self, withdrawal: Json, asked: Json) -> bool:
        is_near = withdrawal["point"] == asked["point"] or withdrawal["by"] != "clerk"
        return attested(withdrawal) and is_near and not self.is_after_closing(withdrawal)

    def is_after_closing(self, fact: Json) -> bool:
        closing = self.closing()
        return bool(closing and self.m.order(fact) > self.m.order(closing))

    def had_asked(self, person: str) -> bool:
        """Say whether somebody had a request that was not withdrawn, closing or not."""
        for asked in self.of("absence_request"):
            if self.m.who(asked) == person and not self.is_after_closing(asked):
                answers = [
                    f
                    for f in self.of("absence_withdrawal")
                    if f["refs"][0] == asked["id"] and f["person"] == asked["person"]
                ]
                if not any(self.takes_back_leave(f, asked) for f in answers):
                    return True
        return False

    def person(self, person: str) -> Json:
        request, stays = self.request(person), self.stays(person)
        told: Json = {"request": request, "standing": "not_recorded", "cause": None}
        if stays:
            came, left = stays[0][1], stays[-1][2]
            told["standing"] = "present"
            told["mode"] = stays[-1][3]
            if came > self.starts + self.grace:
                told["late_minutes"] = (came - self.starts) // 60_000
            if left is not None and left < self.ends - self.grace:
                told["left_early_minutes"] = (self.ends - left) // 60_000
        elif request == "approved":
            told["standing"] = "absent_excused"
        elif self.closing() and not self.terms.get("cancelled"):
            told["standing"] = "absent_unexcused"
            told["cause"] = "not_agreed" if self.had_asked(person) else "no_valid_reason"
        return told

    def people(self) -> dict[str, Json]:
        return {p: self.person(p) for p, line in self.roll.items() if not line[4]}

    def substitutes(self) -> dict[str, bool]:
        """Return who stands in for somebody and came, and whether that was approved."""
        found = {}
        for fact in self.of("substitute", here=True):
            person = self.m.who(fact)
            halls = [hall for hall, *_ in self.stays(person)]
            if person not in self.roll and self.point in halls:
                found[str(person)] = self.verdict(fact) == "approve"
        return found

    def guests(self) -> set[str]:
        told = self.of("guest", here=True)
        return {
            self.m.who(f) or f["id"]
            for f in told
            if self.m.who(f) not in self.roll and self.m.who(f) not in self.substitutes()
        }

    def is_amended(self) -> bool:
        closing = self.closing()
        if closing is None:
            return False
        vain = self.without_authority()
        voids = [f for f in self.here_and_about if f["kind"] == "void"]
        for fact in self.counting:
            if fact["id"] not in vain and self.is_unseen(fact, closing):
                return True
        for void in voids:
            for fact in self.here_and_about:
                if takes_back(void, fact) and self.is_unseen(void, closing):
                    aside = ("closing", "reopening", "follow_up", "shift")
                    if fact["kind"] not in aside and not self.is_unseen(fact, closing):
                        return True
        return False

    def is_unseen(self, fact: Json, closing: Json) -> bool:
        if fact["kind"] in ("closing", "reopening", "follow_up", "shift"):
            return False
        if fact["seq"] is None:
            return self.m.order(fact) > self.m.order(closing)
        return bool(fact["seq"] > closing["body"]["seen"].get(fact["device"], 0))

    def without_authority(self) -> set[str]:
        """Return every void, decision, delegation and assumption that changes nothing."""
        found = set()
        for fact in self.here_and_about:
            if fact["kind"] == "void":
                targets = [f for f in self.here_and_about if f["id"] == fact["refs"][0]]
                if targets and not any(takes_back(fact, f) for f in targets):
                    found.add(fact["id"])
        for kind in ("incident", "follow_up"):
            found |= self._retold_in_vain(kind)
        return found | self._decided_in_vain() | self._presided_in_vain() | self._signed_in_vain()

    def _retold_in_vain(self, kind: str) -> set[str]:
        found: set[str] = set()
        first_of: dict[str, Json] = {}
        for fact in self.of(kind, here=True):
            ref = (fact.get("refs") or [None])[0]
            first = first_of.get(ref or "", fact)
            if undoes(fact, first):
                first_of[fact["id"]] = first
            else:
                found.add(fact["id"])
        return found

    def _signed_in_vain(self) -> set[str]:
        signed = self.of("closing", "reopening", here=True)
        found = {f["id"] for f in signed if not attested(f)}
        for asked in self.of("absence_request"):
            if self.m.who(asked) in self.roll:
                for fact in self.of("absence_withdrawal"):
                    is_about = (fact["refs"][0], fact["person"]) == (asked["id"], asked["person"])
                    if is_about and not self.takes_back_leave(fact, asked):
                        found.add(fact["id"])
        return found

    def _decided_in_vain(self) -> set[str]:
        found = set()
        for fact in self.of("absence_decision"):
            asked = [f for f in self.of("absence_request") if self.m.who(f) in self.roll]
            asked += self.of("substitute", here=True)
            for target in asked:
                is_about = fact["refs"][0] == target["id"] and fact["person"] == target["person"]
                if is_about and not self.decides(fact, target):
                    found.add(fact["id"])
        return found

    def _presided_in_vain(self) -> set[str]:
        found = set()
        for fact in self.of("chair_delegation", here=True):
            is_own = attested(fact)
            fits = self.may_delegate(fact)
            if not (is_own and fits):
                found.add(fact["id"])
        secretaries = {self.officers_at(since, "secretary")[0] for since, _ in self.officers}
        ever = {self.delegate_at(self.m.at(f)) for f in self.of("chair_delegation", here=True)}
        for fact in self.of("chair_assumed", here=True):
            is_own = attested(fact)
            if not is_own or self.m.who(fact) not in {*secretaries, *ever} - {None}:
                found.add(fact["id"])
        return found


def spelling(record: Json) -> str:
    """Return one text for a record, however its keys stand and its defaults are told."""
    told = {k: v for k, v in record.items() if v not in (None, [], {}) or k in ("seq", "body")}
    body = {k: v for k, v in record["body"].items() if v is not None and k != "record"}
    if released := record["body"].get("record"):
        body["record"] = spelling(released)
    return json.dumps({**told, "body": body}, sort_keys=True)


def undoes(other: Json, record: Json) -> bool:
    is_own = (other["by"], other["point"]) == (record["by"], record["point"])
    return is_own or bool(other["by"] == "headquarters")


def attested(record: Json) -> bool:
    return record["by"] in ("clerk", "headquarters", record["person"])


def takes_back(void: Json, record: Json) -> bool:
    is_same = (void["refs"][0], void.get("person"), void["point"]) == (
        record["id"],
        record.get("person"),
        record["point"],
    )
    if record["kind"] in ("closing", "reopening") and void["by"] != "headquarters":
        return False
    return is_same and record["kind"] not in ("void", *OFFICE) and undoes(void, record)
