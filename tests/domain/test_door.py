"""Test the first checks of an arriving record, which need only the record and its sender."""

from typing import Any

import pytest

from sync_server.domain.records.door import (
    MAX_RECORD_BYTES,
    REFUSALS,
    Refusal,
    Writer,
    admit,
    header_of,
)
from sync_server.domain.records.forms import canonical_bytes, decode_canonical, parse_record
from sync_server.domain.records.kinds import KINDS, CheckIn
from sync_server.domain.records.permissions import MAY_WRITE, Profile
from tests.factories import draft, raw, roll, setting

NEEDS_REF = {
    "absence_document",
    "absence_decision",
    "absence_withdrawal",
    "ruling",
    "void",
}
CLERK = Writer("D-ONE", Profile.CLERK, "P001")
OFFICE = Writer("O-office", Profile.HEADQUARTERS, None)


def test_a_clerk_s_check_in_is_let_in() -> None:
    assert not isinstance(admit(raw(draft("check_in", 1, person="M1")), CLERK), Refusal)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"kind": "dance"}, "unknown_kind"),
        ({"kind": 7}, "malformed_record"),
        ({"device": "D-TWO"}, "foreign_device"),
        ({"point": "P002"}, "foreign_point"),
        ({"by": "headquarters"}, "foreign_author"),
        ({"seq": None}, "malformed_record"),
        ({"person": None}, "malformed_record"),
        ({"body": {"mode": "in_person", "seat": "x" * MAX_RECORD_BYTES}}, "record_too_large"),
    ],
)
def test_every_fault_has_its_code(change: dict[str, Any], code: str) -> None:
    outcome = admit(raw(draft("check_in", 1, person="M1") | change), CLERK)

    assert isinstance(outcome, Refusal)
    assert outcome.code == code
    assert code in REFUSALS
    assert outcome.detail


@pytest.mark.parametrize("fields", [setting(), roll(1, "M1")])
def test_a_clerk_may_not_write_for_the_office(fields: dict[str, Any]) -> None:
    outcome = admit(raw(fields | {"device": "D-ONE", "seq": 1, "by": "clerk"}), CLERK)

    assert isinstance(outcome, Refusal)
    assert outcome.code == "kind_not_permitted"


WRITERS = (
    CLERK,
    Writer("D-ONE", Profile.CHAIR, "P001", "S1"),
    Writer("O-ONE", Profile.HEADQUARTERS, None),
    Writer("O-ONE", Profile.CHAIR, "P001", "S1"),
    Writer("O-ONE", Profile.SECRETARY, None),
    Writer("O-ONE", Profile.PROPAGANDA, None),
    Writer("O-ONE", Profile.AUDITOR, None),
    Writer("O-ONE", Profile.EDITOR, None),
)


@pytest.mark.parametrize("writer", WRITERS, ids=lambda writer: f"{writer.profile}-{writer.device}")
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_profile_writes_only_the_kinds_it_may(kind: str, writer: Writer) -> None:
    refs = [7] if kind in NEEDS_REF else []
    seq = None if writer.is_office else 5
    fields = draft(kind, 5, device=writer.device, by=writer.by, seq=seq, refs=refs)

    outcome = admit(raw(fields), writer)

    if kind in MAY_WRITE[writer.profile]:
        assert not isinstance(outcome, Refusal), outcome
    else:
        assert isinstance(outcome, Refusal)
        assert outcome.code == "kind_not_permitted"


DETAIL = "0" * 64


@pytest.mark.parametrize(
    ("kind", "body", "code"),
    [
        ("absence_request", {"detail": DETAIL}, "report_missing"),
        ("absence_request", {"detail": DETAIL, "report": "to_follow"}, "malformed_record"),
        ("absence_request", {"report": "numbered"}, "malformed_record"),
        ("guest", {}, "malformed_record"),
        ("conduct", {"category": "call", "count": 0}, "malformed_record"),
        ("readiness", {"items": {"coffee": True}}, "malformed_record"),
        ("follow_up", {}, "malformed_record"),
        ("closing", {"seen": {"D-ONE": 0}, "totals": {}}, "malformed_record"),
        ("follow_up", {"item": "a\0b"}, "malformed_record"),
        (
            "incident",
            {"what": "line", "from": "2024-08-22T01:00:00.5Z", "until": "2024-08-22T01:00:00Z"},
            "malformed_record",
        ),
    ],
)
def test_fields_of_a_kind_must_agree(kind: str, body: dict[str, Any], code: str) -> None:
    outcome = admit(raw(draft(kind, 5, body=body)), CLERK)

    assert isinstance(outcome, Refusal)
    assert outcome.code == code


@pytest.mark.parametrize(
    ("body", "person"),
    [
        ({"ruling": "release"}, "M1"),
        ({"ruling": "identify", "as": "M2"}, "M1"),
        ({"ruling": "identify"}, "N-ONE-1"),
        ({"ruling": "dismiss", "as": "M2"}, "M1"),
        ({"ruling": "release", "record": ["check_in", 8, {}]}, "M1"),
        ({"ruling": "release", "record": ["check_in", 7, {"person": "M2"}]}, "M1"),
        ({"ruling": "release", "record": ["check_in", 7, {"point": "P002"}]}, "M1"),
    ],
)
def test_a_ruling_that_contradicts_itself_is_refused(body: dict[str, Any], person: str) -> None:
    outcome = admit(raw(draft("ruling", 5, body=body, person=person, refs=[7])), OFFICE)

    assert isinstance(outcome, Refusal)
    assert outcome.code == "malformed_record"


def test_the_office_writes_for_any_point_but_without_a_number() -> None:
    assert not isinstance(admit(raw(roll(1, "M1", point="P002")), OFFICE), Refusal)
    numbered = admit(raw(roll(1, "M1", seq=1)), OFFICE)
    assert isinstance(numbered, Refusal)


@pytest.mark.parametrize("junk", [b"", b"[]", b"null", b"\xff", b"[" * 100_000, b'{"id": 5}'])
def test_junk_is_refused_and_never_raises(junk: bytes) -> None:
    assert isinstance(admit(junk, CLERK), Refusal)
    assert header_of(junk).id is None


def test_the_header_of_a_faulty_record_holds_its_legible_fields() -> None:
    header = header_of(b'{"id": "abc", "seq": "x", "device": "D-ONE", "kind": "k"}')

    assert (header.id, header.seq, header.device) == ("abc", None, "D-ONE")


def test_a_header_with_absurd_lengths_is_not_echoed() -> None:
    assert header_of(raw({"id": "x" * 1000})).id is None


@pytest.mark.parametrize("seat", ["A\u202e1", "\0", "\ufeffA", "A\x85"])
def test_a_seat_shows_what_it_says(seat: str) -> None:
    record = draft("check_in", 5, person="M1", body={"mode": "in_person", "seat": seat})

    outcome = admit(raw(record), CLERK)

    assert isinstance(outcome, Refusal)
    assert "cannot be printed" in outcome.detail


def test_the_names_of_confirmed_figures_show_what_they_say() -> None:
    body = {"seen": {}, "totals": {"present\u202e": 5}}

    outcome = admit(raw(draft("closing", 5, person="S1", body=body)), CLERK)

    assert isinstance(outcome, Refusal)
    assert "cannot be printed" in outcome.detail


def test_a_record_that_is_stored_is_read_whatever_is_refused_today() -> None:
    record = parse_record(raw(draft("check_in", 5, person="M1", body={"mode": "in_person"})))
    stored = canonical_bytes(record).replace(b'"in_person"', b'"in_person","seat":"A\\u0000"')

    assert isinstance(decode_canonical(stored), CheckIn)


def test_a_text_of_several_lines_is_let_in() -> None:
    record = draft("follow_up", 5, body={"item": "Một:\n\t– hai 👨‍👩‍👧"})

    assert not isinstance(admit(raw(record), CLERK), Refusal)
