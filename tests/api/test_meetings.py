"""Test the API's answers about meetings, summoned people, attendance, and totals of halls."""

from collections.abc import Callable
from typing import Any

from sync_server.database import reading, write
from sync_server.storage.access import audit
from sync_server.storage.access.audit import AuditFilter
from sync_server.storage.people import roster
from sync_server.storage.people.roster import RosterPerson
from tests.conftest import FakeClock, Persona
from tests.factories import MEETING, draft, roll

ROSTER = f"/meetings/{MEETING}/points/P001/roster"


def named(code: str, name: str) -> RosterPerson:
    return RosterPerson(code, name, "U01", "", "OFFICIAL", 1980)


def test_a_caller_sees_the_meetings_of_their_point(
    as_clerk: Callable[..., Persona], clock: FakeClock
) -> None:
    clerk = as_clerk()
    (line,) = clerk.get("/meetings").get_json()

    assert (line["id"], line["state"]) == (MEETING, "open")
    clock.now_ms += 86_400_000
    assert clerk.get("/meetings").get_json()[0]["state"] == "closed"


def test_a_roster_holds_what_a_kiosk_needs_and_no_more(
    as_clerk: Callable[..., Persona], as_headquarters: Persona
) -> None:
    write(lambda c: roster.put_people(c, [named("M1", "Mẫu Văn An")]))
    as_headquarters.sync(roll(901, "M1"))

    answer = as_clerk().get(ROSTER).get_json()

    assert answer["people"] == [
        {"person": "M1", "name": "Mẫu Văn An", "unit": "U01", "position": "", "seat": "A1"}
    ]
    assert answer["units"] == {"U01": "Chi bộ Một"}


def test_an_unchanged_roster_costs_an_empty_answer(
    as_clerk: Callable[..., Persona], as_headquarters: Persona
) -> None:
    as_headquarters.sync(roll(901, "M1"))
    clerk = as_clerk()
    first = clerk.get(ROSTER)
    etag = first.headers["ETag"]

    again = clerk.get(ROSTER, **{"If-None-Match": etag})
    assert (again.status_code, again.data) == (304, b"")

    write(lambda c: roster.put_people(c, [named("M1", "Mẫu Thị Bình")]))
    renamed = clerk.get(ROSTER, **{"If-None-Match": etag})
    assert renamed.status_code == 200
    assert clerk.sync(meeting=MEETING)["roster_rev"] == renamed.get_json()["rev"]


def test_a_roster_is_for_the_read_token_of_its_own_point(
    as_clerk: Callable[..., Persona],
) -> None:
    pushing = as_clerk(reads=False).get(ROSTER)
    elsewhere = as_clerk("P002").get(ROSTER)

    assert pushing.get_json()["code"] == "read_token_needed"
    assert elsewhere.get_json()["code"] == "forbidden"


def test_the_standing_names_everybody_summoned(
    as_clerk: Callable[..., Persona], as_headquarters: Persona
) -> None:
    as_headquarters.sync(roll(901, "M1", "M2"))
    clerk = as_clerk()
    clerk.sync(draft("check_in", 1, person="M1"))

    answer = clerk.get(f"/meetings/{MEETING}/standing").get_json()

    assert (answer["closed"], answer["amended"]) == (False, False)
    assert [(p["person"], p["standing"]) for p in answer["people"]] == [
        ("M1", "present"),
        ("M2", "not_recorded"),
    ]


def test_the_board_adds_up_by_type_and_marks_points_without_reports(
    as_clerk: Callable[..., Persona], as_headquarters: Persona
) -> None:
    as_headquarters.sync(roll(901, "M1", "M2"), roll(902, "M3", point="P002"))
    as_clerk().sync(draft("check_in", 1, person="M1"))

    board = as_headquarters.get(f"/meetings/{MEETING}/board").get_json()

    assert board["totals"]["summoned"] == 3
    assert board["by_unit_type"]["CO_QUAN_HANH_CHINH"]["present"] == 1
    rows: dict[str, Any] = {row["point"]: row for row in board["points"]}
    assert (rows["P001"]["reported"], rows["P002"]["reported"]) == (True, False)
    assert rows["P001"]["last_contact_at"] == "2024-08-22T01:00:00.000Z"
    assert rows["P002"]["last_contact_at"] is None


def test_a_missing_resource_is_refused_with_its_code(as_headquarters: Persona) -> None:
    codes = {
        path: as_headquarters.get(path).get_json()["code"]
        for path in (
            "/meetings/none/board",
            f"/meetings/{MEETING}/standing?point=P999",
            f"/meetings/{MEETING}/standing",
            "/nothing",
        )
    }

    assert list(codes.values()) == [
        "unknown_meeting",
        "unknown_point",
        "malformed_request",
        "not_found",
    ]


def test_what_an_office_account_s_program_sees_or_does_is_in_the_log(
    as_headquarters: Persona, as_auditor: Persona, as_clerk: Callable[..., Persona]
) -> None:
    as_headquarters.sync(roll(901, "M1"))
    as_auditor.get(f"/meetings/{MEETING}/standing?point=P001")
    as_auditor.get(f"/meetings/{MEETING}/board")
    as_auditor.post("/sync", {"records": [draft("check_in", 1, seq=None)]})
    as_clerk().get(f"/meetings/{MEETING}/standing")  # a device's reads are not logged

    with reading() as c:
        entries = [
            (entry.who, entry.action, entry.outcome)
            for entry in audit.read(c, AuditFilter(), limit=9)
        ]

    assert entries[::-1] == [
        ("hq", "push", 200),
        ("audit", "read_standing", 200),
        ("audit", "push", 403),
    ]
