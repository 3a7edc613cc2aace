"""Test a whole conference day through the API, from the readiness check to a late upload."""

import hashlib
import json
from collections.abc import Callable
from itertools import count
from typing import Any

from sync_server import sealing
from sync_server.domain.records.codes import from_ms, to_ms
from tests.conftest import FakeClock, Persona
from tests.factories import MEETING, draft

EVE = "2024-08-21T08:00:00.000Z"
SUMMONED = ("M1", "M2", "M3", "M4", "M5", "S1", "S2")
TERMS = {
    "officers": [["S1", "secretary"], ["S2", "deputy"]],
    "chairing_unit": "U01",
    "capacity": 8,
    "guests": 1,
    "roll_frozen_at": "2024-08-21T10:00:00.000Z",
    "ready_by": "2024-08-22T00:15:00.000Z",
}


class Day:
    """A builder of one conference day's records, numbered consecutively for every device."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.numbers = count(100)
        self.seqs: dict[str, int] = {}

    def record(self, persona: Persona, kind: str, at: str, **changes: Any) -> dict[str, Any]:
        """Make a record and send it to the server; return the record's fields and the `verdict`.

        The verdict is the server's answer about the record, a JSON object that says, for example,
        whether the record was stored. The arguments are those of `make`. Raises: AssertionError if
        the server refuses the request.
        """
        record = self.make(persona, kind, at, **changes)
        answer = persona.sync(record)
        return {**record, "verdict": answer["verdicts"][0]}

    def make(self, persona: Persona, kind: str, at: str, **changes: Any) -> dict[str, Any]:
        """Return a new record as a JSON object, and move the test's clock forward to the record's
        time.

        The record is not sent. `persona` is the caller whose device numbers the record. `kind` is
        the kind of record, such as `check_in`. `at` is `HH:MM` in UTC on 22 August 2024, or a
        complete date and time in ISO 8601. `changes` replace default fields.
        """
        instant = at if "T" in at else f"2024-08-22T{at}:00.000Z"
        self.clock.now_ms = max(self.clock.now_ms, to_ms(instant))
        self.seqs[persona.device] = self.seqs.get(persona.device, 0) + 1
        return draft(
            kind,
            next(self.numbers),
            at=instant,
            seq=self.seqs[persona.device],
            boot="b1",
            **changes,
        )


def detail(persona: Persona, **content: str) -> tuple[str, dict[str, str]]:
    box = sealing.seal(persona.seal_key, json.dumps(content).encode())
    sha256 = hashlib.sha256(box.encode()).hexdigest()
    return sha256, {sha256: box}


def test_a_day_in_the_life_of_a_conference(
    as_clerk: Callable[..., Persona],
    as_chair: Callable[..., Persona],
    as_headquarters: Persona,
    clock: FakeClock,
) -> None:
    clock.now_ms = to_ms(EVE)
    day, hq = Day(clock), as_headquarters
    clerk, second = as_clerk(), as_clerk()
    secretary, deputy = as_chair("S1"), as_chair("S2")
    for persona in (clerk, second, secretary, deputy):
        clocks = {"wall": from_ms(clock.now_ms), "mono_ms": 5, "boot": "b1"}
        persona.sync(clock=clocks)

    def board() -> dict[str, Any]:
        rows = hq.get(f"/meetings/{MEETING}/board").get_json()["points"]
        return dict(next(row for row in rows if row["point"] == "P001"))

    def standing() -> dict[str, Any]:
        return dict(hq.get(f"/meetings/{MEETING}/standing?point=P001").get_json())

    def people() -> dict[str, Any]:
        return {person["person"]: person for person in standing()["people"]}

    # The day before, headquarters sets the terms and summons people. The hall is not ready.
    day.record(hq, "setting", EVE, body=TERMS)
    lines = [[person, "U01", "", f"A{n}", False] for n, person in enumerate(SUMMONED, start=1)]
    day.record(hq, "roll", EVE, body={"people": lines})
    assert board()["summoned"] == 7
    assert "power" in board()["missing"]

    # Leave requests are approved, declined and withdrawn. Only headquarters may decide on S1's.
    reason, box = detail(clerk, reason="CONG_TAC", number="12-CV/CB")
    body = {"report": "numbered", "detail": reason}
    requests = {}
    for person in ("M1", "M2", "M3", "S1"):
        requests[person] = day.make(clerk, "absence_request", EVE, person=person, body=body)
        clerk.sync(requests[person], details=box)
    assert secretary.get(f"/details/{reason}").get_json()["reason"] == "CONG_TAC"
    for person, decision in (("M1", "approve"), ("M2", "decline")):
        to = {"person": person, "refs": [requests[person]["id"]]}
        day.record(secretary, "absence_decision", EVE, **to, body={"decision": decision})
    to = {"person": "M3", "refs": [requests["M3"]["id"]]}
    day.record(clerk, "absence_withdrawal", EVE, **to)
    secretary_request = {"person": "S1", "refs": [requests["S1"]["id"]]}
    in_vain = day.record(
        secretary, "absence_decision", EVE, **secretary_request, body={"decision": "approve"}
    )
    assert "without_authority" in standing()["flags"][in_vain["id"]]
    assert people()["S1"]["request"] == "pending"
    assert board()["chair"] is None  # the Secretary has not delegated yet

    # The Secretary delegates the chair, and headquarters approves the Secretary's leave.
    delegation = day.record(secretary, "chair_delegation", EVE, person="S1", body={"to": "S2"})
    day.record(hq, "absence_decision", EVE, **secretary_request, body={"decision": "approve"})
    assert board()["chair"] == "S2"
    assert people()["S1"]["standing"] == "absent_excused"

    # In the morning the clerk checks the hall, people check in, and the Deputy takes the chair.
    day.record(clerk, "readiness", "00:05", person="M4")
    assert board()["ready"]
    for person, at in (("M2", "00:10"), ("S2", "00:12"), ("M3", "00:20")):
        day.record(clerk, "check_in", at, person=person, body={"mode": "in_person"})
    day.record(clerk, "chair_assumed", "00:28", person="S2", refs=[delegation["id"]], body={})
    day.record(clerk, "guest", "00:25", person=None, body={"detail": reason})
    day.record(clerk, "check_in", "00:47", person="M4", body={"mode": "in_person"})
    assert people()["M4"]["late_minutes"] == 17
    assert people()["M2"]["seat"] == "A2"
    assert "no_chair" not in board()["flags"]

    # The presiding Deputy approves a substitute. A seat is wrong, a phone rings, the line fails.
    substitute = day.record(clerk, "substitute", "00:50", person="X1", body={"for": "M5"})
    day.record(clerk, "check_in", "00:51", person="X1", body={"mode": "in_person"})
    assert board()["wrong_composition"] == 1
    day.record(
        deputy,
        "absence_decision",
        "00:55",
        person="X1",
        refs=[substitute["id"]],
        body={"decision": "approve"},
    )
    assert (board()["substitutes"], board()["wrong_composition"]) == (1, 0)
    day.record(clerk, "seat_check", "01:00", person="M3", body={"right": False})
    day.record(clerk, "conduct", "01:10", body={"category": "call", "count": 1})
    day.record(
        clerk,
        "incident",
        "01:30",
        body={"what": "line", "from": "2024-08-22T01:20:00Z", "until": "2024-08-22T01:29:00Z"},
    )
    queued = day.make(second, "check_in", "00:29", person="M5", body={"mode": "in_person"})

    # At the end one person leaves early, and the Deputy signs off the records known in the hall.
    day.record(clerk, "check_out", "03:00", person="M2", body={})
    seen = {clerk.device: day.seqs[clerk.device], secretary.device: 5, deputy.device: 5}
    day.record(
        clerk, "closing", "04:05", person="S2", body={"seen": seen, "totals": {"present": 4}}
    )
    row = board()
    assert (row["closed"], row["amended"]) == (True, False)
    assert people()["M5"]["cause"] == "no_valid_reason"
    expected = {
        "summoned": 7, "present": 4, "late": 1, "left_early": 1, "absent_excused": 2,
        "absent_unexcused": 1, "not_recorded": 0, "guests": 1, "substitutes": 1, "wrong_seat": 1,
        "calls": 1, "incidents": 1, "incident_minutes": 9,
    }  # fmt: skip
    assert {key: row[key] for key in expected} == expected

    # The second kiosk connects late. Its check-in counts, and the closed point becomes amended.
    late = second.sync(queued)
    assert late["verdicts"][0]["status"] == "stored"
    row = board()
    assert (row["present"], row["absent_unexcused"], row["amended"]) == (5, 0, True)
    assert people()["M5"]["late_minutes"] == 0
