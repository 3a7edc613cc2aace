"""Make records as devices send them, with defaults for every field that a test leaves out."""

import json
from typing import Any

from sync_server.config import ROOT
from sync_server.domain.records.forms import parse_record
from sync_server.domain.records.kinds import Record

MEETING = "2024-08-22-hoc-tap"
BASE: dict[str, Any] = json.loads((ROOT / "tests/vectors/base.json").read_text("utf-8"))
STARTS, ENDS = "2024-08-22T00:30:00.000Z", "2024-08-22T04:00:00.000Z"


def id_of(number: int) -> str:
    """Return the id of test record `number`, a UUIDv7 that ends with the number."""
    return f"0193f000-0000-7000-8000-{number:012d}"


def draft(kind: str, number: int, **changes: Any) -> dict[str, Any]:
    """Return a record (a JSON object), made in the hall P001 `number` minutes after 07:00 (UTC+7).

    Kinds of record that only headquarters makes come from the device O-office, others from
    D-ONE. `changes` replace the default fields, which come from tests/vectors/base.json. In
    `refs`, a number stands for the id of the record with that number. If the body contains a
    further record, as `record`, this may be given as [kind, number, changes].
    """
    is_office = kind in BASE["office"]
    hour, minute = divmod(number, 60)
    fields: dict[str, Any] = {
        "id": id_of(number),
        "v": 1,
        "kind": kind,
        "meeting": BASE["meeting"],
        "point": "P001",
        "device": "O-office" if is_office else "D-ONE",
        "seq": None if is_office else number,
        "boot": "b1",
        "at": f"2024-08-22T{hour:02d}:{minute:02d}:00.000Z",
        "mono_ms": number * 60_000,
        "by": "headquarters" if is_office else "clerk",
        "source": "office" if is_office else "search",
        **BASE["drafts"][kind],
        **changes,
    }
    if refs := fields.get("refs"):
        fields["refs"] = [id_of(ref) if isinstance(ref, int) else ref for ref in refs]
    if isinstance(released := fields["body"].get("record"), list):
        kind, number, changes = released
        fields["body"] = {**fields["body"], "record": draft(kind, number, **changes)}
    return fields


def record(kind: str, number: int, **changes: Any) -> Record:
    """Return the record that `draft` makes, parsed into its type.

    Raises: msgspec.DecodeError if the record is faulty.
    """
    return parse_record(raw(draft(kind, number, **changes)))


def raw(fields: dict[str, Any]) -> bytes:
    """Return a record as JSON bytes, as a device may send it.

    The bytes are not in the canonical form in which records are stored.
    """
    return json.dumps(fields, ensure_ascii=False).encode()


def setting(number: int = 0, **changes: Any) -> dict[str, Any]:
    """Return headquarters' record that sets the times of the meeting at the hall P001.

    The meeting lasts from 07:30 to 11:00 in Vietnam, and people who arrive up to 5 minutes late
    count as on time. `changes` replace fields.
    """
    body = {"starts_at": STARTS, "ends_at": ENDS, "grace_minutes": 5}
    at = "2024-08-20T00:00:00.000Z"
    return draft("setting", number, at=at, **{"body": body, **changes})


def roll(number: int, *people: str, **changes: Any) -> dict[str, Any]:
    """Return headquarters' record that summons people of the organisation U01 to the hall P001.

    `people` are the people's codes; their seats are A1, A2 and so on. `changes` replace fields.
    """
    lines = [[person, "U01", "", f"A{n}", False] for n, person in enumerate(people, start=1)]
    return draft("roll", number, **{"body": {"people": lines}, **changes})
