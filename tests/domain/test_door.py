"""The door: what can be judged of a record alone."""

from typing import Any

import pytest

from sync_server.domain.door import MAX_RECORD_BYTES, REFUSALS, Refusal, Writer, admit, header_of
from sync_server.domain.permissions import Profile
from tests.factories import draft, raw, roll, setting

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
def test_each_fault_has_its_own_code(change: dict[str, Any], code: str) -> None:
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


def test_the_office_writes_for_any_point_but_numbers_nothing() -> None:
    assert not isinstance(admit(raw(roll(1, "M1", point="P002")), OFFICE), Refusal)
    numbered = admit(raw(roll(1, "M1", seq=1)), OFFICE)
    assert isinstance(numbered, Refusal)


@pytest.mark.parametrize("junk", [b"", b"[]", b"null", b"\xff", b"[" * 100_000, b'{"id": 5}'])
def test_junk_is_refused_and_never_raises(junk: bytes) -> None:
    assert isinstance(admit(junk, CLERK), Refusal)
    assert header_of(junk).id is None


def test_the_header_of_a_faulty_record_tells_what_is_legible() -> None:
    header = header_of(b'{"id": "abc", "seq": "x", "device": "D-ONE", "kind": "k"}')

    assert (header.id, header.seq, header.device) == ("abc", None, "D-ONE")


def test_a_header_with_absurd_lengths_is_not_echoed() -> None:
    assert header_of(raw({"id": "x" * 1000})).id is None
