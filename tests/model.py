"""Judge attendance by a second, naive implementation of the rules, to test the server's judgement.

The model is independent of `sync_server/domain/`. It reads plain JSON and goes through all records
of a meeting for every question, so it is slow but easy to verify.
"""

import json
from collections.abc import Iterable
from datetime import datetime
from functools import cache
from typing import Any

Json = dict[str, Any]
NEVER = "2199-01-01T00:00:00Z"
OFFICE = ("setting", "roll", "ruling")


def ms(instant: str) -> int:
    return round(datetime.fromisoformat(instant).timestamp() * 1000)


class Model:
    """The valid records of one meeting, and the attendance that the rules derive from them.

    The class is a second, simpler implementation of the rules, with which tests compare the
    server's. The records are in order of time. `times_ms` is {JSON text of a record: the record's
    time in ms since 1970 UTC, corrected by the error of the device's clock}.
    """

    def __init__(self, records: list[Json], times_ms: dict[str, int]) -> None:
        self.times_ms = times_ms
        distinct = {spelling(record): record for record in records}
        self.all = list(distinct.values())
        valid = [
            record
            for record in self.all
            if not any(cancels(other, record) for other in self.other_forms(record))
        ]
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

    def other_forms(self, record: Json) -> list[Json]:
        return [other for other in self.all if other["id"] == record["id"] and other is not record]

    def order(self, record: Json) -> tuple[Any, ...]:
        return self.at(record), record["device"], record["seq"] or 0, record["id"]

    def at(self, record: Json) -> int:
        return self.times_ms[spelling(record)]

    def person_of(self, record: Json) -> str | None:
        return self.names.get(record.get("person") or "", record.get("person"))


class Point:
    """The attendance at one hall of a meeting, as the naive rules of this module compute it.

    It covers the hall's people, its chair, the decisions on leave, and the closing, which is
    the record by which the chair signs off the attendance list.
    """

    def __init__(self, model: Model, point: str) -> None:
        self.model, self.point = model, point
        self.overriding_rolls: list[Json] = []
        self.roll = self._roll()
        relevant = [
            f
            for f in model.facts
            if f["point"] == point or model.person_of(f) in self.roll or f in self.overriding_rolls
        ]
        self.relevant_facts = relevant
        voids = [f for f in relevant if f["kind"] == "void"]
        self.effective = [
            f for f in relevant if f["kind"] != "void" and not any(takes_back(v, f) for v in voids)
        ]
        self.terms: Json = {}
        for fact in self.facts_of("setting", at_this_point=True):
            self.terms |= fact["body"]
        self.starts = ms(self.terms.get("starts_at", NEVER))  # without a start, nobody is late
        self.ends = ms(self.terms["ends_at"]) if "ends_at" in self.terms else 0
        self.grace = self.terms.get("grace_minutes", 0) * 60_000
        officer_settings = [
            f for f in self.facts_of("setting", at_this_point=True) if "officers" in f["body"]
        ]
        self.officers = [(model.at(f), f["body"]["officers"]) for f in officer_settings]

    def facts_of(self, *kinds: str, at_this_point: bool = False) -> list[Json]:
        return [
            f
            for f in self.effective
            if f["kind"] in kinds and (not at_this_point or f["point"] == self.point)
        ]

    def _roll(self) -> dict[str, list[Any]]:
        latest: dict[str, Json] = {}
        for fact in self.model.facts:
            if fact["kind"] == "roll":
                latest[fact["point"]] = fact
        point_roll = latest.get(self.point)
        if not point_roll:
            return {}
        named = {line[0] for line in point_roll["body"]["people"]}
        for roll in latest.values():
            people = {line[0] for line in roll["body"]["people"]}
            if self.model.order(roll) > self.model.order(point_roll) and people & named:
                self.overriding_rolls.append(roll)
        taken_people = {
            line[0] for roll in self.overriding_rolls for line in roll["body"]["people"]
        }
        return {
            line[0]: line for line in point_roll["body"]["people"] if line[0] not in taken_people
        }

    @cache  # noqa: B019 - the cache is small and only tests fill it
    def stays(self, person: str | None) -> list[list[Any]]:
        """Return a person's stays as [hall, arrival, departure, mode], in order of arrival.

        Times are in ms since 1970 (UTC); a departure is None if the person is not known to have
        left. The mode is `in_person` or `online`.
        """
        return self._paired(f for f in self.effective if self.model.person_of(f) == person)

    @cache  # noqa: B019 - the cache is small and only tests fill it
    def stays_anywhere(self, person: str | None) -> list[list[Any]]:
        """Return a person's stays in halls, even if this hall's list lacks the person.

        A stay is [hall, arrival, departure, mode]; the stays are in order of arrival. Times are in
        ms since 1970 (UTC); a departure is None if the person is not known to have left. The mode
        is `in_person` or `online`.
        """
        if person in self.roll or person is None:
            return self.stays(person)
        facts = [f for f in self.model.facts if self.model.person_of(f) == person]
        voids = [f for f in facts if f["kind"] == "void"]
        return self._paired(f for f in facts if not any(takes_back(v, f) for v in voids))

    def _paired(self, facts: Iterable[Json]) -> list[list[Any]]:
        moves = [
            f for f in facts if f["kind"] in ("check_in", "check_out") and not self.is_too_late(f)
        ]
        moves.sort(key=lambda f: (self.happened(f), self.model.order(f)))
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
        return ms(stated) if stated else self.model.at(record)

    def is_too_late(self, fact: Json) -> bool:
        is_after_end = "ends_at" in self.terms and self.happened(fact) > self.ends
        return fact["kind"] == "check_in" and is_after_end and self.is_after_closing(fact)

    @cache  # noqa: B019 - the cache is small and only tests fill it
    def closing(self) -> Json | None:
        closing = None
        for fact in self.facts_of("closing", "reopening", at_this_point=True):
            if attested(fact) and fact["kind"] == "reopening":
                closing = None
            elif attested(fact) and closing is None and self.may_sign(fact):
                closing = fact
        return closing

    def may_sign(self, closing: Json) -> bool:
        person, at = self.model.person_of(closing), self.model.at(closing)
        secretary = self.officers_at(at, "secretary")[:1]
        return person in (*secretary, *self.officers_at(at, "deputy"), *self.roll)

    def officers_at(self, at: int, sought: str) -> list[str]:
        before = [officers for since, officers in self.officers if since <= at]
        current_officers = (before or [officers for _, officers in self.officers[:1]] or [[]])[-1]
        return [person for person, office in current_officers if office == sought]

    def delegate_at(self, at: int) -> str | None:
        delegate, since = None, 0
        for fact in self.facts_of("chair_delegation", at_this_point=True):
            is_attested = attested(fact)
            is_permitted = self.may_delegate(fact)
            if is_attested and is_permitted and self.model.at(fact) <= at:
                delegate, since = fact["body"]["to"], self.model.at(fact)
        moments = [since, *(named for named, _ in self.officers if since < named <= at)]
        was_deputy = all(delegate in self.officers_at(moment, "deputy") for moment in moments)
        return delegate if was_deputy else None

    def may_delegate(self, fact: Json) -> bool:
        at = self.model.at(fact)
        is_secretary = self.model.person_of(fact) in self.officers_at(at, "secretary")[:1]
        return is_secretary and fact["body"]["to"] in self.officers_at(at, "deputy")

    def presiding_at(self, at: int) -> str | None:
        for person in (*self.officers_at(at, "secretary")[:1], self.delegate_at(at)):
            has_assumed = any(
                self.model.person_of(f) == person and self.model.at(f) <= at and attested(f)
                for f in self.facts_of("chair_assumed", at_this_point=True)
            )
            is_in = any(
                hall == self.point and came <= at and (left is None or at < left)
                for hall, came, left, _ in self.stays_anywhere(person)
            )
            if person and has_assumed and is_in:
                return person
        return None

    def decides(self, decision: Json, request: Json) -> bool:
        by, at = decision["by"], self.model.at(decision)
        if by == "headquarters":
            return True
        concerned = (self.model.person_of(request), request["body"].get("for"))
        secretaries = [p for p, line in self.roll.items() if line[2] == "BI_THU"]
        secretaries += self.officers_at(at, "secretary")[:1]
        is_reserved = self.terms.get("absence_authority", "point") == "headquarters" or (
            self.terms.get("secretary_authority", "headquarters") == "headquarters"
            and any(person in secretaries for person in concerned)
        )
        if is_reserved or by in concerned:
            return False
        closing = self.closing()
        if decision["point"] != self.point or (
            closing and self.model.order(decision) > self.model.order(closing)
        ):
            return False
        if at < self.starts:
            return by in (*self.officers_at(at, "secretary")[:1], self.delegate_at(at))
        return bool(by == self.presiding_at(at))

    def verdict(self, request: Json) -> str | None:
        """Return the decision on a leave request or a substitute: `approve`, `decline` or None.

        The latest decision by an author with the right to decide counts.
        """
        decision = None
        for fact in self.facts_of("absence_decision"):
            is_about = fact["refs"][0] == request["id"] and fact["person"] == request["person"]
            if is_about and self.decides(fact, request):
                decision = fact["body"]["decision"]
        return decision

    def request(self, person: str) -> str | None:
        states = set()
        for request in self.facts_of("absence_request"):
            if self.model.person_of(request) != person or not attested(request):
                continue
            is_withdrawn = any(
                f["refs"][0] == request["id"]
                and f["person"] == request["person"]
                and self.withdraws_leave(f, request)
                for f in self.facts_of("absence_withdrawal")
            )
            decision = self.verdict(request)
            state = {"approve": "approved", "decline": "declined"}.get(decision or "", "pending")
            states.add("withdrawn" if is_withdrawn else state)
        ranked = ("approved", "pending", "declined", "withdrawn")
        return next((candidate for candidate in ranked if candidate in states), None)

    def withdraws_leave(self, withdrawal: Json, request: Json) -> bool:
        is_near = withdrawal["point"] == request["point"] or withdrawal["by"] != "clerk"
        is_own = withdrawal["by"] == request["by"] == "headquarters"
        is_in_time = is_own or not self.is_after_closing(withdrawal)
        return attested(withdrawal) and is_near and is_in_time

    def is_after_closing(self, fact: Json) -> bool:
        closing = self.closing()
        return bool(closing and self.model.order(fact) > self.model.order(closing))

    def had_request(self, person: str) -> bool:
        """Return whether a person asked for leave in time and did not withdraw the request.

        A request is in time if it was made before the hall's attendance was closed.
        """
        for request in self.facts_of("absence_request"):
            if (
                self.model.person_of(request) == person
                and attested(request)
                and not self.is_after_closing(request)
            ):
                withdrawals = [
                    f
                    for f in self.facts_of("absence_withdrawal")
                    if f["refs"][0] == request["id"] and f["person"] == request["person"]
                ]
                if not any(self.withdraws_leave(f, request) for f in withdrawals):
                    return True
        return False

    def person(self, person: str) -> Json:
        request, stays = self.request(person), self.stays(person)
        fields: Json = {"request": request, "standing": "not_recorded", "cause": None}
        if stays:
            left = stays[-1][2]
            reaching = [stay for stay in stays if stay[2] is None or stay[2] > self.starts]
            came = (reaching if "starts_at" in self.terms and reaching else stays)[0][1]
            fields["standing"] = "present"
            fields["mode"] = stays[-1][3]
            if came > self.starts + self.grace:
                fields["late_minutes"] = (came - self.starts) // 60_000
            if left is not None and left < self.ends - self.grace:
                fields["left_early_minutes"] = (self.ends - left) // 60_000
        elif request == "approved":
            fields["standing"] = "absent_excused"
        elif self.closing() and not self.terms.get("cancelled"):
            fields["standing"] = "absent_unexcused"
            fields["cause"] = "not_agreed" if self.had_request(person) else "no_valid_reason"
        return fields

    def people(self) -> dict[str, Json]:
        return {p: self.person(p) for p, line in self.roll.items() if not line[4]}

    def substitutes(self) -> dict[str, bool]:
        """Return the codes of the substitutes who came, mapped to whether they were approved."""
        approvals = {}
        for fact in self.facts_of("substitute", at_this_point=True):
            person = self.model.person_of(fact)
            halls = [hall for hall, *_ in self.stays(person)]
            if person not in self.roll and self.point in halls:
                approvals[str(person)] = self.verdict(fact) == "approve"
        return approvals

    def guests(self) -> set[str]:
        guest_facts = self.facts_of("guest", at_this_point=True)
        return {
            self.model.person_of(f) or f["id"]
            for f in guest_facts
            if self.model.person_of(f) not in self.roll
            and self.model.person_of(f) not in self.substitutes()
        }

    def is_amended(self) -> bool:
        closing = self.closing()
        if closing is None:
            return False
        ineffective = self.without_authority()
        voids = [f for f in self.relevant_facts if f["kind"] == "void"]
        for fact in self.effective:
            is_idle = fact["id"] in ineffective or self.is_answer_without_effect(fact)
            if not is_idle and self.is_unseen(fact, closing):
                return True
        for void in voids:
            for fact in self.relevant_facts:
                if takes_back(void, fact) and self.is_unseen(void, closing):
                    ignored_kinds = ("closing", "reopening", "follow_up", "feedback", "shift")
                    if fact["kind"] not in ignored_kinds and not self.is_unseen(fact, closing):
                        return True
        return False

    def is_answer_without_effect(self, fact: Json) -> bool:
        if fact["kind"] not in ("absence_document", "absence_decision", "absence_withdrawal"):
            return False
        targets = [
            t for t in self.targets() if (t["id"], t["person"]) == (fact["refs"][0], fact["person"])
        ]
        is_document = fact["kind"] == "absence_document"
        return not any(
            not is_document
            or (attested(fact) and (fact["point"] == t["point"] or fact["by"] != "clerk"))
            for t in targets
        )

    def targets(self) -> list[Json]:
        """Return the records that need a decision.

        They are the leave requests of people summoned to this hall, and the records of substitutes
        that were made at this hall.
        """
        requests = [
            f
            for f in self.facts_of("absence_request")
            if self.model.person_of(f) in self.roll and attested(f)
        ]
        return requests + self.facts_of("substitute", at_this_point=True)

    def is_unseen(self, fact: Json, closing: Json) -> bool:
        if fact["kind"] in ("closing", "reopening", "follow_up", "feedback", "shift"):
            return False
        if self.model.order(fact) > self.model.order(closing):
            return True
        seen = closing["body"]["seen"].get(fact["device"], 0)
        return fact["seq"] is not None and bool(fact["seq"] > seen)

    def without_authority(self) -> set[str]:
        """Return the ids of records that have no effect because their authors lacked authority."""
        ids = set()
        for fact in self.relevant_facts:
            if fact["kind"] == "void":
                targets = [f for f in self.relevant_facts if f["id"] == fact["refs"][0]]
                if targets and not any(takes_back(fact, f) for f in targets):
                    ids.add(fact["id"])
        for kind in ("incident", "follow_up"):
            ids |= self._ineffective_updates(kind)
        return (
            ids
            | self._ineffective_decisions()
            | self._ineffective_chair_acts()
            | self._ineffective_signatures()
        )

    def _ineffective_updates(self, kind: str) -> set[str]:
        ids: set[str] = set()
        first_of: dict[str, Json] = {}
        for fact in self.facts_of(kind, at_this_point=True):
            ref = (fact.get("refs") or [None])[0]
            first = first_of.get(ref or "", fact)
            if undoes(fact, first):
                first_of[fact["id"]] = first
            else:
                ids.add(fact["id"])
        return ids

    def _ineffective_signatures(self) -> set[str]:
        signatures = self.facts_of("closing", "reopening", at_this_point=True)
        ids = {
            f["id"]
            for f in signatures
            if not attested(f) or (f["kind"] == "closing" and not self.may_sign(f))
        }
        for request in self.facts_of("absence_request"):
            if self.model.person_of(request) in self.roll and not attested(request):
                ids.add(request["id"])
            elif self.model.person_of(request) in self.roll:
                for fact in self.facts_of("absence_withdrawal"):
                    is_about = (fact["refs"][0], fact["person"]) == (
                        request["id"],
                        request["person"],
                    )
                    if is_about and not self.withdraws_leave(fact, request):
                        ids.add(fact["id"])
        return ids

    def _ineffective_decisions(self) -> set[str]:
        ids = set()
        for fact in self.facts_of("absence_decision"):
            for target in self.targets():
                is_about = fact["refs"][0] == target["id"] and fact["person"] == target["person"]
                if is_about and not self.decides(fact, target):
                    ids.add(fact["id"])
        return ids

    def _ineffective_chair_acts(self) -> set[str]:
        ids = set()
        for fact in self.facts_of("chair_delegation", at_this_point=True):
            is_attested = attested(fact)
            is_permitted = self.may_delegate(fact)
            if not (is_attested and is_permitted):
                ids.add(fact["id"])
        changes = [since for since, _ in self.officers]
        changes += [self.model.at(f) for f in self.facts_of("chair_delegation", at_this_point=True)]
        for fact in self.facts_of("chair_assumed", at_this_point=True):
            at = self.model.at(fact)
            entitled = {
                person
                for moment in (at, *(change for change in changes if change > at))
                for person in (
                    *self.officers_at(moment, "secretary")[:1],
                    self.delegate_at(moment),
                )
            }
            if not attested(fact) or self.model.person_of(fact) not in entitled - {None}:
                ids.add(fact["id"])
        return ids


def spelling(record: Json) -> str:
    """Return a record as JSON text that depends neither on the order of keys nor on defaults."""
    fields = {k: v for k, v in record.items() if v not in (None, [], {}) or k in ("seq", "body")}
    body = {k: v for k, v in record["body"].items() if v is not None and k != "record"}
    if released := record["body"].get("record"):
        body["record"] = spelling(released)
    return json.dumps({**fields, "body": body}, sort_keys=True)


def undoes(other: Json, record: Json) -> bool:
    is_same_author = (other["by"], other["point"]) == (record["by"], record["point"])
    return is_same_author or bool(other["by"] == "headquarters")


def cancels(form: Json, other: Json) -> bool:
    """Return whether `form` cancels `other`, another version of the record with the same id.

    It does if both have the same author and hall, or if `form` is by headquarters. A record
    that only serves to cancel another one (`void`) is never cancelled. Only headquarters can
    cancel the record that signs off the attendance list (`closing`) or one that undoes this
    (`reopening`).
    """
    is_signature = other["kind"] in ("closing", "reopening")
    if other["kind"] == "void" or (is_signature and form["by"] != "headquarters"):
        return False
    return undoes(form, other)


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
