"""Test that faulty records are refused, and that equal records are stored as equal bytes."""

import json
from typing import Any

import msgspec
import pytest

from sync_server.domain.records.codes import from_ms, to_ms
from sync_server.domain.records.forms import canonical_bytes, parse_record
from sync_server.domain.records.kinds import KINDS, kind_of
from tests.factories import draft, raw, record


def test_canonical_bytes_do_not_depend_on_order_spaces_or_spelled_out_defaults() -> None:
    fields = draft("check_in", 1, person="M1")
    spelled_out = {**dict(reversed(fields.items())), "refs": []}

    plain, loose = (
        parse_record(raw(fields)),
        parse_record(json.dumps(spelled_out, indent=2).encode()),
    )

    assert canonical_bytes(plain) == canonical_bytes(loose)
    assert json.loads(canonical_bytes(plain)) == fields


def test_canonical_bytes_keep_vietnamese_letters_as_they_are() -> None:
    changes = {"body": {"people": [["M1", "U01", "Phó Bí thư", "A1", False]]}}

    assert "Phó Bí thư".encode() in canonical_bytes(record("roll", 1, **changes))


NEEDS_REF = {"void", "ruling"} | {k for k in KINDS if k.startswith("absence_")} - {
    "absence_request"
}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_kind_of_every_record_is_its_name(kind: str) -> None:
    refs = ["0193f000-0000-7000-8000-000000000001"]
    changes = {"refs": refs} if kind in NEEDS_REF else {}

    assert kind_of(record(kind, 5, **changes)) == kind


@pytest.mark.parametrize(
    "change",
    [
        {"id": "not-a-uuid"},
        {"id": "0193F000-0000-7000-8000-000000000001"},
        {"id": "0193f000-0000-4000-8000-000000000001"},
        {"v": 2},
        {"seq": 0},
        {"seq": 2**53},
        {"at": "2024-08-22T25:00:00.000Z"},
        {"at": "2024-02-30T07:00:00.000Z"},
        {"at": "1969-12-31T23:59:59.000Z"},
        {"at": "9999-12-31T23:59:59.000Z"},
        {"at": "2024-08-22T07:00:00+07:00"},
        {"at": "2024-08-22T07:00:00.000Z\n"},
        {"person": None},
        {"person": "m1 "},
        {"meeting": "../etc"},
        {"mono_ms": -1},
        {"body": {"mode": "telepathy"}},
        {"body": {"mode": "online", "note": "x"}},
        {"body": {"mode": "online", "happened_at": "2024-13-01T00:00:00Z"}},
        {"surprise": 1},
    ],
    ids=str,
)
def test_a_faulty_field_is_refused(change: dict[str, Any]) -> None:
    fields = draft("check_in", 1, person="M1") | change

    with pytest.raises(msgspec.ValidationError):
        parse_record(raw(fields))


def test_instants_convert_to_milliseconds_and_back() -> None:
    assert from_ms(to_ms("2024-08-22T00:55:03.120Z")) == "2024-08-22T00:55:03.120Z"
    assert to_ms("2024-08-22T00:55:03Z") == 1_724_288_103_000
    assert from_ms(0) == "1970-01-01T00:00:00.000Z"
    assert from_ms(-to_ms("2199-12-31T23:59:59Z")) == "1740-01-01T00:00:01.000Z"
