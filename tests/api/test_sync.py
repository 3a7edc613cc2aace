"""Test the request with which a device sends and receives records, and its faulty variants."""

import gzip
import json
import sqlite3
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from sync_server import database
from sync_server.api.sync import MAX_DETAILS, MAX_RECORDS, MAX_VALUES
from sync_server.config import MAX_BODY_BYTES
from sync_server.database import db, write
from sync_server.domain.records.codes import DAY_MS, from_ms, to_ms
from sync_server.storage.access import devices
from sync_server.web.rate_limits import UNKNOWN_TOKEN
from tests.conftest import FakeClock, Persona
from tests.factories import MEETING, draft, roll

CLOCK = {"wall": "2024-08-22T01:00:00.000Z", "mono_ms": 1000, "boot": "b1"}


def check_in(number: int, person: str = "M1", **changes: Any) -> dict[str, Any]:
    return draft("check_in", number, person=person, **changes)


def test_a_round_trip_returns_verdicts_the_stream_and_the_time(
    as_clerk: Callable[..., Persona], as_headquarters: Persona
) -> None:
    as_headquarters.sync(roll(901, "M1"))
    clerk = as_clerk()

    answer = clerk.sync(check_in(1), clock=CLOCK, meeting=MEETING)

    (verdict,) = answer["verdicts"]
    assert (verdict["status"], verdict["fate"]) == ("stored", "stored")
    assert verdict["at_corrected"] == "2024-08-22T00:01:00.000Z"
    assert [record["kind"] for record in answer["records"]] == ["setting", "roll", "check_in"]
    assert all("at_corrected" in record for record in answer["records"])
    assert (answer["more"], answer["want"], answer["retry_after_s"]) == (False, [], None)
    assert answer["server_time"] == "2024-08-22T01:00:00.000Z"
    assert answer["roster_rev"]

    later = clerk.sync(meeting=MEETING, cursor=answer["cursor"])
    assert (later["records"], later["cursor"]) == ([], answer["cursor"])


def test_a_check_in_made_at_0755_and_sent_at_0900_is_judged_at_0755(
    as_clerk: Callable[..., Persona], as_headquarters: Persona, clock: FakeClock
) -> None:
    as_headquarters.sync(roll(901, "M1"))
    clock.now_ms += 3_600_000
    wall = {"wall": "2024-08-22T02:00:00.000Z", "mono_ms": 9_000_000, "boot": "b1"}

    as_clerk().sync(check_in(29), clock=wall)

    (person,) = _standing(as_headquarters)["people"]
    assert (person["standing"], person["late_minutes"]) == ("present", 0)


def test_a_fast_clock_is_corrected(
    as_clerk: Callable[..., Persona], as_headquarters: Persona
) -> None:
    as_headquarters.sync(roll(901, "M1"))
    fast = {"wall": "2024-08-22T01:14:00.000Z", "mono_ms": 1000, "boot": "b1"}

    answer = as_clerk().sync(check_in(1, at="2024-08-22T00:44:00.000Z"), clock=fast)

    (verdict,) = answer["verdicts"]
    assert verdict["at_corrected"] == "2024-08-22T00:30:00.000Z"
    standing = _standing(as_headquarters)
    assert standing["flags"][verdict["id"]] == ["clock_suspect"]
    assert standing["people"][0]["late"] is False


def test_a_clock_a_year_off_costs_nothing(
    as_clerk: Callable[..., Persona], as_headquarters: Persona
) -> None:
    as_headquarters.sync(roll(901, "M1"))
    wrong = {"wall": "2023-08-22T01:00:00.000Z", "mono_ms": 1000, "boot": "b1"}

    answer = as_clerk().sync(check_in(1, at="2023-08-22T00:20:00.000Z"), clock=wrong)

    (verdict,) = answer["verdicts"]
    assert (verdict["fate"], verdict["at_corrected"]) == ("stored", "2024-08-22T00:20:00.000Z")


def test_a_foreign_point_an_unknown_kind_and_a_huge_record_cost_the_others_nothing(
    as_clerk: Callable[..., Persona],
) -> None:
    huge = check_in(4, body={"mode": "in_person", "seat": "x" * 2_000_000})
    answer = as_clerk().sync(
        check_in(1), check_in(2, point="P002"), check_in(3) | {"kind": "dance"}, huge, check_in(5)
    )

    assert [v["code"] for v in answer["verdicts"]] == [
        None,
        "foreign_point",
        "unknown_kind",
        "record_too_large",
        None,
    ]
    assert [v["fate"] for v in answer["verdicts"]][::4] == ["stored", "stored"]
    assert answer["want"] == []


def test_an_id_used_twice_with_other_bytes_is_held_and_costs_no_other_record(
    as_clerk: Callable[..., Persona],
) -> None:
    answer = as_clerk().sync(check_in(1), check_in(1, "M2"), check_in(2, "M3"))

    assert [v["code"] for v in answer["verdicts"]] == ["id_reuse", "id_reuse", None]
    assert [v["fate"] for v in answer["verdicts"]] == ["held", "held", "stored"]


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        (b'{"records": [', {}, 400, "malformed_json"),
        (b"", {}, 400, "malformed_json"),
        (b"\xff\xfe", {}, 400, "malformed_json"),
        (b"[" * 200_000, {}, 400, None),
        (b"[]", {}, 400, "malformed_request"),
        (b'{"records": 5}', {}, 400, "malformed_request"),
        (b'{"surprise": 1}', {}, 400, "malformed_request"),
        (b'{"clock": {"wall": "yesterday", "mono_ms": 1, "boot": "b"}}', {}, 400, None),
        (b'{"clock":{"wall":"2024-02-30T00:00:00Z","mono_ms":1,"boot":"b"}}', {}, 400, None),
        (b"not gzip", {"Content-Encoding": "gzip"}, 400, "malformed_json"),
        (gzip.compress(b"{}", mtime=0)[:-9], {"Content-Encoding": "gzip"}, 400, "malformed_json"),
        (gzip.compress(b"{}", mtime=0) * 2, {"Content-Encoding": "gzip"}, 400, "malformed_json"),
        (
            gzip.compress(b" " * (MAX_BODY_BYTES * 4)),
            {"Content-Encoding": "gzip"},
            413,
            "body_too_large",
        ),
        (b" " * (MAX_BODY_BYTES + 1), {}, 413, "body_too_large"),
        (b"{}", {"Content-Encoding": "br"}, 415, "unsupported_encoding"),
        (
            json.dumps({"records": [{}] * (MAX_RECORDS + 1)}).encode(),
            {},
            413,
            "too_many_records",
        ),
    ],
)
def test_a_faulty_request_is_a_problem_document_with_its_code(
    as_clerk: Callable[..., Persona],
    body: bytes,
    headers: dict[str, str],
    status: int,
    code: str | None,
) -> None:
    response = as_clerk().post("/sync", body, **headers)

    assert response.status_code == status
    assert response.mimetype == "application/problem+json"
    problem = response.get_json()
    assert problem["status"] == status
    assert code in {None, problem["code"]}
    assert problem["type"].endswith(problem["code"])
    assert problem["detail"]


def test_a_gzip_body_is_accepted(as_clerk: Callable[..., Persona]) -> None:
    clerk = as_clerk()
    body = json.dumps({"records": [check_in(1, device=clerk.device)]}).encode()

    response = clerk.post("/sync", gzip.compress(body), **{"Content-Encoding": "gzip"})

    assert response.get_json()["verdicts"][0]["status"] == "stored"


def test_a_wrong_token_is_refused(as_clerk: Callable[..., Persona]) -> None:
    clerk = as_clerk()
    clerk.token = "dp_wrong"
    response = clerk.post("/sync", {"records": []})

    assert (response.status_code, response.get_json()["code"]) == (401, "unauthenticated")
    assert response.headers["WWW-Authenticate"].startswith("Bearer")


def test_with_the_push_token_nothing_personal_comes_down(as_clerk: Callable[..., Persona]) -> None:
    answer = as_clerk(reads=False).sync(check_in(1), meeting=MEETING)

    assert answer["verdicts"][0]["status"] == "stored"
    assert (answer["records"], answer["roster_rev"]) == ([], "")


def test_a_clerk_pulls_no_other_point_s_stream(as_clerk: Callable[..., Persona]) -> None:
    response = as_clerk().post("/sync", {"records": [], "meeting": MEETING, "point": "P002"})

    assert (response.status_code, response.get_json()["code"]) == (403, "forbidden")


def test_two_kiosks_of_a_point_see_each_other_s_records(as_clerk: Callable[..., Persona]) -> None:
    first, second = as_clerk(), as_clerk()
    first.sync(check_in(1))

    pulled = second.sync(meeting=MEETING)["records"]

    assert [record["device"] for record in pulled if record["kind"] == "check_in"] == [first.device]


def test_a_revoked_device_may_push_is_held_and_gets_no_data(
    as_clerk: Callable[..., Persona], as_headquarters: Persona, clock: FakeClock
) -> None:
    as_headquarters.sync(roll(901, "M1"))
    clerk = as_clerk()
    write(lambda c: devices.revoke(c, clerk.device, now_ms=clock.now_ms))

    answer = clerk.sync(check_in(1), meeting=MEETING)

    (verdict,) = answer["verdicts"]
    assert (verdict["fate"], verdict["code"]) == ("held", "device_revoked")
    assert (answer["records"], answer["want"]) == ([], [])
    for response in (clerk.post("/sync", {"records": []}), clerk.get("/meetings")):
        assert (response.status_code, response.get_json()["code"]) == (403, "device_revoked")
    assert _standing(as_headquarters)["counts"]["present"] == 0


def test_an_auditor_writes_nothing(as_auditor: Persona) -> None:
    response = as_auditor.post("/sync", {"records": [roll(901, "M1", device="O-audit")]})

    assert (response.status_code, response.get_json()["code"]) == (403, "forbidden")


def _standing(persona: Persona) -> Any:
    return persona.get(f"/meetings/{MEETING}/standing?point=P001").get_json()


def test_half_an_emoji_costs_its_own_record_only(as_clerk: Callable[..., Persona]) -> None:
    clerk = as_clerk()
    cut = draft("follow_up", 2, body={"item": "ok \ud83d"}) | {"device": clerk.device}
    good = draft("check_in", 3, person="M1") | {"device": clerk.device}

    answer = clerk.post("/sync", json.dumps({"records": [cut, good]}).encode()).get_json()

    assert [v["status"] for v in answer["verdicts"]] == ["refused", "stored"]
    assert answer["verdicts"][0]["code"] == "malformed_record"
    assert answer["verdicts"][0]["detail"]
    assert answer["verdicts"][0]["id"] == cut["id"]
    assert answer["want"] == [[1, 1]]  # a refused record closes the gap of its number


@pytest.mark.parametrize("number", ["NaN", "1e400", "9" * 5_000])
def test_a_number_is_read_alike_whatever_else_a_body_holds(
    as_clerk: Callable[..., Persona], number: str
) -> None:
    clerk = as_clerk()
    strange = json.dumps(draft("conduct", 1) | {"device": clerk.device, "person": "?"})
    strange = strange.replace('"person": "?"', f'"person": {number}')
    cut = json.dumps(draft("follow_up", 2, body={"item": "\ud83d"}) | {"device": clerk.device})

    answer = clerk.post("/sync", f'{{"records":[{strange},{cut}]}}'.encode()).get_json()

    assert [verdict["status"] for verdict in answer["verdicts"]] == ["refused", "refused"]
    assert answer["want"] == []


def test_a_ruling_decides_the_fate_of_its_record(
    as_clerk: Callable[..., Persona], as_headquarters: Persona
) -> None:
    clerk = as_clerk()
    record = draft("check_in", 5, person="M1")
    clerk.sync(record)
    as_headquarters.sync(draft("ruling", 60, person="M1", refs=[5]))

    [verdict] = clerk.sync(record)["verdicts"]

    assert (verdict["status"], verdict["fate"]) == ("known", "dismissed")


@pytest.mark.parametrize(
    "body",
    [
        b'{"records":NaN}',
        b'{"records":[],"highest":NaN}',
        '{"records":["\ud83d"]}'.encode("utf-16", "surrogatepass"),
        b'{"records":null}',
        b"NaN",
        b'{"records":"\xff"}',
        b'{"records":{"\xff":1}}',
        b"[" * 100_000,
    ],
)
def test_whatever_stands_in_a_body_is_told(as_clerk: Callable[..., Persona], body: bytes) -> None:
    answer = as_clerk().post("/sync", body)

    assert answer.status_code == 400
    assert answer.get_json()["code"] in {"malformed_json", "malformed_request"}


def test_a_stranger_s_body_is_not_read(as_clerk: Callable[..., Persona]) -> None:
    stranger = as_clerk()
    stranger.token = "x" * 40

    assert stranger.post("/sync", b"no JSON").status_code == 401


def test_unknown_tokens_are_counted_by_address_whatever_they_are(
    as_clerk: Callable[..., Persona],
) -> None:
    stranger = as_clerk()
    statuses = []
    for number in range(UNKNOWN_TOKEN.amount + 1):
        stranger.token = f"made-up-{number}"
        statuses.append(stranger.post("/sync", b"{}").status_code)

    assert statuses[:-1] == [401] * UNKNOWN_TOKEN.amount
    assert statuses[-1] == 429


@pytest.mark.parametrize("first", ["0", '"\\ud83d"'])
def test_a_few_bytes_that_unfold_into_millions_of_records_cost_nothing(
    as_clerk: Callable[..., Persona], first: str
) -> None:
    body = gzip.compress(f'{{"records":[{first}{",0" * 3_000_000}]}}'.encode())

    answer = as_clerk().post("/sync", body, **{"Content-Encoding": "gzip"})

    assert len(body) < 10_000
    assert answer.status_code == 400
    assert str(MAX_VALUES) in answer.get_json()["detail"]


@pytest.mark.sqlite
def test_who_has_nothing_to_store_waits_for_no_writer(
    app: Flask, as_clerk: Callable[..., Persona]
) -> None:
    clerk = as_clerk()
    clerk.sync(draft("check_in", 3))
    other_program = sqlite3.connect(db.engine.url.database or "", isolation_level=None)
    other_program.execute("BEGIN IMMEDIATE")

    answer = clerk.sync(meeting=MEETING)

    assert answer["want"] == [[1, 2]]
    other_program.close()


def test_misnamed_details_cost_nothing_and_too_many_are_refused(
    as_clerk: Callable[..., Persona],
) -> None:
    clerk = as_clerk()
    few = {f"{n:064x}": "x" for n in range(MAX_DETAILS)}
    assert clerk.sync(details=few)["verdicts"] == []

    many = {f"{n:064x}": "x" for n in range(MAX_DETAILS + 1)}
    assert clerk.post("/sync", {"details": many}).status_code == 413


@pytest.mark.sqlite
def test_while_another_program_writes_who_must_be_logged_is_told_to_come_again(
    app: Flask, as_headquarters: Persona, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "WAIT_S", 0.2)
    other_program = sqlite3.connect(db.engine.url.database or "", isolation_level=None)
    other_program.execute("BEGIN IMMEDIATE")

    answer = as_headquarters.get(f"/meetings/{MEETING}/standing?point=P001")

    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    other_program.close()


def test_a_device_that_claims_to_run_since_long_before_its_enrolment_is_not_believed(
    as_clerk: Callable[..., Persona], as_headquarters: Persona, clock: FakeClock
) -> None:
    clock.now_ms += 100 * DAY_MS  # the meeting is long over
    clerk = as_clerk()
    uptime_ms = 150 * DAY_MS
    lie = {"wall": from_ms(clock.now_ms), "mono_ms": uptime_ms, "boot": "lie"}
    at = "2024-08-22T00:20:00.000Z"
    mono_ms = uptime_ms - (clock.now_ms - to_ms(at))
    record = draft("check_in", 1, person="M1", at=at, mono_ms=mono_ms, boot="lie")
    assert clerk.sync(record, clock=lie)["verdicts"][0]["fate"] == "stored"

    standing = as_headquarters.get(f"/meetings/{MEETING}/standing?point=P001").get_json()
    assert "clock_suspect" in standing["flags"][record["id"]]
