"""What chairs and headquarters decide and correct, each as a record: nothing is ever edited."""

from collections.abc import Sequence
from typing import Literal

import msgspec
from sqlalchemy import Connection

from sync_server.domain.codes import from_ms
from sync_server.domain.door import Writer
from sync_server.domain.forms import parse_record
from sync_server.domain.records import (
    AbsenceDecision,
    AbsenceDecisionBody,
    AbsenceRequest,
    AbsenceRequestBody,
    ChairDelegation,
    ChairDelegationBody,
    CheckIn,
    CheckInBody,
    CheckOut,
    CheckOutBody,
    Empty,
    Record,
    Reopening,
    ReopeningBody,
    Ruling,
    RulingBody,
    Void,
    kind_of,
)
from sync_server.errors import BadForm, UnknownRecord
from sync_server.messages import say
from sync_server.office.writing import Note, envelope, write_records
from sync_server.storage.streams import StreamKey, records_of

LASTING = frozenset({"setting", "roll", "ruling", "void"})
"""What the office has set is set anew, not voided; and a void is never voided."""

Decision = Literal["approve", "decline"]
Moved = Literal["check_in", "check_out"]
Ruled = Literal["release", "dismiss"]


def decide(
    connection: Connection,
    by: Writer,
    targets: Sequence[tuple[StreamKey, str, str]],
    decision: Decision,
    now_ms: int,
    note: Note | None = None,
) -> None:
    """Decide on requests, each given with its stream, its id and its person.

    The record is made at the point that is asked, and whether it counts is the standing's.
    """
    body = AbsenceDecisionBody(decision=decision, detail=note.sha256 if note else None)
    records = [
        AbsenceDecision(**envelope(by, *key, now_ms), person=person, refs=(request,), body=body)
        for key, request, person in targets
    ]
    write_records(connection, by, records, now_ms, _sealed(note))


def reopen(
    connection: Connection, by: Writer, key: StreamKey, person: str, reason: Note, now_ms: int
) -> None:
    """Reopen the roll that a point has signed off, in the name of a person, for a reason."""
    body = ReopeningBody(detail=reason.sha256)
    record = Reopening(**envelope(by, *key, now_ms), person=person, body=body)
    write_records(connection, by, [record], now_ms, _sealed(reason))


def delegate(
    connection: Connection,
    by: Writer,
    key: StreamKey,
    officers: tuple[str, str],
    document: Note,
    now_ms: int,
) -> None:
    """Note that a point's Secretary names a Deputy (`officers`, in this order), by a document."""
    secretary, deputy = officers
    body = ChairDelegationBody(to=deputy, detail=document.sha256)
    record = ChairDelegation(**envelope(by, *key, now_ms), person=secretary, body=body)
    write_records(connection, by, [record], now_ms, _sealed(document))


def ask(
    connection: Connection, by: Writer, key: StreamKey, person: str, told: Note, now_ms: int
) -> None:
    """Note that a person asks for leave with a numbered report that came to headquarters."""
    body = AbsenceRequestBody(report="numbered", detail=told.sha256)
    record = AbsenceRequest(**envelope(by, *key, now_ms), person=person, body=body)
    write_records(connection, by, [record], now_ms, _sealed(told))


def move(
    connection: Connection,
    by: Writer,
    key: StreamKey,
    person: str,
    kind: Moved,
    happened_ms: int,
    now_ms: int,
) -> None:
    """State that a person came to a point or left it, and when."""
    told = from_ms(happened_ms)
    own = {**envelope(by, *key, now_ms), "person": person}
    record: Record
    if kind == "check_in":
        record = CheckIn(**own, body=CheckInBody(mode="in_person", happened_at=told))
    else:
        record = CheckOut(**own, body=CheckOutBody(happened_at=told))
    write_records(connection, by, [record], now_ms)


def void(connection: Connection, by: Writer, key: StreamKey, record_id: str, now_ms: int) -> str:
    """Take the effect of a point's record away; return whom it concerned, or its kind.

    Raises: UnknownRecord, BadForm.
    """
    record = find(connection, key, record_id)
    if kind_of(record) in LASTING:
        raise BadForm(fault=say("records.lasting"))
    own = envelope(by, record.meeting, record.point, now_ms)
    taking = Void(**own, person=record.person, refs=(record_id,), body=Empty())
    write_records(connection, by, [taking], now_ms)
    return record.person or ""


def find(connection: Connection, key: StreamKey, record_id: str) -> Record:
    """Return a record that stands in a point's stream. Raises: UnknownRecord."""
    for record in records_of(connection, [key])[key]:
        if record.id == record_id:
            return record
    raise UnknownRecord(record=record_id)


def rule(
    connection: Connection,
    by: Writer,
    raw: bytes,
    ruling: Ruled,
    reason: Note,
    now_ms: int,
) -> Record:
    """Release a record that was held or refused, or dismiss all that bears its id.

    Raises: BadForm where its text is no record, which nothing can release.
    """
    try:
        record = parse_record(raw)
    except (msgspec.DecodeError, ValueError, RecursionError) as fault:
        raise BadForm(fault=say("held.illegible", fault=fault)) from None
    body = RulingBody(
        ruling=ruling,
        record=record if ruling == "release" else None,  # type: ignore[arg-type]
        detail=reason.sha256,
    )
    own = envelope(by, record.meeting, record.point, now_ms)
    answer = Ruling(**own, person=record.person, refs=(record.id,), body=body)
    write_records(connection, by, [answer], now_ms, _sealed(reason))
    return record


def identify(
    connection: Connection,
    by: Writer,
    key: StreamKey,
    newcomer: str,
    person: str,
    now_ms: int,
) -> None:
    """Say who a newcomer is. Raises: UnknownRecord where nobody came under that code."""
    own = [each for each in records_of(connection, [key])[key] if each.person == newcomer]
    if not own:
        raise UnknownRecord(record=newcomer)
    body = RulingBody(ruling="identify", known_as=person)
    told = envelope(by, *key, now_ms)
    record = Ruling(**told, person=newcomer, refs=(own[0].id,), body=body)
    write_records(connection, by, [record], now_ms)


def _sealed(note: Note | None) -> dict[str, str]:
    return {note.sha256: note.box} if note else {}
