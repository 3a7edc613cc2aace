"""Generate the records of random conferences in two halls, to test the rules of attendance.

The random generator is a parameter, so that a seed reproduces a conference, and the test library
Hypothesis can reduce a failing conference to a few records.
"""

from random import Random
from typing import Any

from sync_server.domain.records.door import Writer
from sync_server.domain.records.kinds import KINDS
from sync_server.domain.records.permissions import Profile
from tests.factories import draft, id_of

SUMMONED = ("M1", "M2", "M3", "S1", "S2")
STRANGERS = ("X1", "N-ONE-1")
POINTS = ("P001", "P002")
WRITERS = {
    writer.device: writer
    for writer in (
        Writer("D-ONE", Profile.CLERK, "P001"),
        Writer("D-TWO", Profile.CLERK, "P002"),
        Writer("D-SEC", Profile.CHAIR, "P001", "S1"),
        Writer("D-DEP", Profile.CHAIR, "P001", "S2"),
        Writer("O-office", Profile.HEADQUARTERS, None),
    )
}
CLERKS = {"P001": "D-ONE", "P002": "D-TWO"}
CHAIRS = ("D-SEC", "D-DEP")
LATEST = 260
FREQUENT = {
    "check_in": 8,
    "check_out": 3,
    "absence_request": 3,
    "absence_decision": 3,
    "chair_assumed": 3,
    "void": 2,
    "roll": 2,
    "closing": 2,
    "ruling": 2,
    "chair_delegation": 2,
}
CHOICES = [*(kind for kind in KINDS for _ in range(FREQUENT.get(kind, 1))), "reuse"]
"""The kinds from which a random record's kind is drawn, more frequent kinds several times. `reuse`
stands for a record with the id of another one."""
OFFICE = ("setting", "roll", "ruling")
MAY_REFER = ("incident", "follow_up")
REFER = {
    "absence_decision": ("absence_request", "substitute"),
    "absence_document": ("absence_request",),
    "absence_withdrawal": ("absence_request",),
    "incident": ("incident",),
    "follow_up": ("follow_up",),
}


def conference(dice: Random, size: int = 24) -> list[dict[str, Any]]:
    """Return the records of one random meeting in two halls as JSON objects.

    The first three records set the times and officers of the meeting at both halls, and summon
    people to the first hall. They are followed by at most `size` records, whose times are random.
    """
    records = [
        draft("setting", 900, at="2024-08-20T00:00:00Z", body=_terms("S1", "S2")),
        draft("setting", 901, at="2024-08-20T00:00:00Z", point="P002", body=_terms("M3", "M2")),
        draft("roll", 902, at="2024-08-20T01:00:00Z", body={"people": _roll_lines(dice)}),
    ]
    for number in range(1, dice.randint(1, size) + 1):
        record = _random_record(dice, dice.choice(CHOICES), number, records)
        if record:
            records.append(record)
    return records


def _terms(secretary: str, deputy: str) -> dict[str, Any]:
    return {
        "starts_at": "2024-08-22T00:30:00Z",
        "ends_at": "2024-08-22T04:00:00Z",
        "grace_minutes": 5,
        "officers": [[secretary, "secretary"], [deputy, "deputy"]],
    }


def _roll_lines(dice: Random) -> list[list[Any]]:
    people = dice.sample(SUMMONED, dice.randint(0, len(SUMMONED)))
    return [[p, "U01", "", dice.choice(["", "A1", f"B{p}"]), dice.random() < 0.1] for p in people]


def _random_record(
    dice: Random, kind: str, number: int, before: list[dict[str, Any]]
) -> dict[str, Any] | None:
    point = dice.choice(POINTS)
    minute = dice.randint(0, LATEST)
    hour, minute_of_hour = divmod(minute, 60)
    common: dict[str, Any] = {
        "point": point,
        "device": CLERKS[point],
        "boot": dice.choice(["b1", "b1", "b2", "b0"]),
        "at": f"2024-08-22T{hour:02d}:{minute_of_hour:02d}:00.000Z",
        "person": dice.choice(SUMMONED + STRANGERS),
    }
    if kind in OFFICE:
        return _office_record(dice, kind, number, common, before)
    if kind == "reuse":
        kind = dice.choice(["check_in", "absence_request"])
        common["id"] = dice.choice(before)["id"]
    elif kind == "void":
        target = dice.choice(before)
        common |= {"refs": [target["id"]], "person": target.get("person")}
    elif kind in REFER:
        target = _random_target(dice, kind, before)
        if kind not in MAY_REFER:
            common |= {"refs": [target["id"]], "person": target.get("person") or "M1"}
        elif dice.random() < 0.5:
            common["refs"] = [target["id"]]
    common |= _random_fields(dice, kind, number)
    _set_author(dice, kind, common)
    return draft(kind, number, **common)


def _random_fields(dice: Random, kind: str, number: int) -> dict[str, Any]:
    """Return random fields that replace the default fields of a record of this kind.

    An empty result keeps all defaults. `number` is the record's number; it makes the hash of the
    record's detail (encrypted personal data) unique.
    """
    match kind:
        case "check_in" if dice.random() < 0.1:
            return {"body": {"mode": "in_person", "happened_at": "2024-08-22T00:25:00Z"}}
        case "check_in":
            seat = dice.choice([None, None, "A1", "C1"])
            return {"body": {"mode": dice.choice(["in_person", "online"]), "seat": seat}}
        case "absence_request" if dice.random() < 0.3:
            due = dice.choice(["2024-08-22T01:00:00Z", "2024-08-23T00:00:00Z"])
            detail = f"{number:064d}"
            return {"body": {"report": "to_follow", "to_follow_by": due, "detail": detail}}
        case "chair_delegation":
            body = {"to": dice.choice(["S2", "S2", "M1", "M2"])}
            return {"person": dice.choice(["S1", "S1", "S2", "M3"]), "body": body}
        case "chair_assumed":
            return {"person": dice.choice(["S1", "S2", "M3"])}
        case "guest" | "conduct" if dice.random() < 0.5:
            return {"person": None}
        case "seat_check":
            return {"body": {"right": dice.random() < 0.5}}
        case "readiness":
            return {"body": {"items": {"power": dice.random() < 0.5}}}
        case "closing":
            seen = {device: dice.randint(1, 30) for device in (*CLERKS.values(), *CHAIRS)}
            return {"body": {"seen": seen, "totals": {}}}
    return {}


def _set_author(dice: Random, kind: str, common: dict[str, Any]) -> None:
    """Set the fields in `common` that name the author of a record of this kind.

    The author is usually the clerk of the hall, sometimes headquarters or a chair (a person who
    presides). If the author is a chair, the record is also moved to the hall P001, to which all
    chairs of the meeting belong.
    """
    if kind in {"absence_decision", "reopening"} or (
        kind in {"chair_assumed", "chair_delegation", "void", "closing"} and dice.random() < 0.3
    ):
        common |= {"point": "P001", "device": dice.choice(CHAIRS)}
        if kind in {"closing", "reopening"} and dice.random() < 0.7:
            common["person"] = WRITERS[common["device"]].by
    common["by"] = WRITERS[common["device"]].by
    if dice.random() < 0.1:
        common |= {"device": "O-office", "by": "headquarters", "seq": None, "boot": "office"}


def _office_record(
    dice: Random, kind: str, number: int, common: dict[str, Any], before: list[dict[str, Any]]
) -> dict[str, Any] | None:
    common |= {"device": "O-office", "boot": "office"}
    if kind == "setting":
        common["body"] = dice.choice(
            [
                {"grace_minutes": 0},
                {"starts_at": "2024-08-22T01:00:00Z"},
                {"capacity": 3},
                {"cancelled": True},
                {"secretary_authority": "point"},
                {"absence_authority": "headquarters"},
                {"officers": [["S2", "secretary"], ["M1", "deputy"]]},
                {"roll_frozen_at": "2024-08-22T00:00:00Z"},
                {"ready_by": "2024-08-22T00:10:00Z"},
            ]
        )
    elif kind == "roll":
        common["body"] = {"people": _roll_lines(dice)}
    else:
        targets = [
            record for record in before if record["kind"] not in {"setting", "roll", "ruling"}
        ]
        if not targets:
            return None
        target = dice.choice(targets)
        common |= {"refs": [target["id"]], "point": target["point"], "person": target.get("person")}
        if dice.random() < 0.2:  # a ruling need not name the person
            common["person"] = None
        elif str(target.get("person")).startswith("N-"):
            common["body"] = {"ruling": "identify", "as": dice.choice(SUMMONED)}
        elif dice.random() < 0.5:
            common["body"] = {"ruling": "release", "record": target}
    common.pop("person") if kind != "ruling" else None
    return draft(kind, number, **common)


def _random_target(dice: Random, kind: str, before: list[dict[str, Any]]) -> dict[str, Any]:
    fitting = [record for record in before if record["kind"] in REFER[kind]]
    return dice.choice(fitting) if fitting else {"id": id_of(999), "person": "M1"}
