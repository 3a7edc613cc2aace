"""Decisions and corrections by chairs and headquarters, written as new records."""

from collections.abc import Sequence
from typing import Literal, get_args

import msgspec
from sqlalchemy import Connection

from sync_server.acts.writing import Note, envelope, write_records
from sync_server.domain.records.codes import from_ms
from sync_server.domain.records.door import Writer
from sync_server.domain.records.forms import parse_record
from sync_server.domain.records.kinds import (
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
    Record,
    Reopening,
    ReopeningBody,
    Ruling,
    RulingBody,
    Void,
    VoidBody,
    kind_of,
)
from sync_server.errors import BadForm, UnknownRecord
from sync_server.messages import say
from sync_server.storage.ledger.streams import StreamKey, records_of

LASTING_KINDS = frozenset({"setting", "roll", "ruling", "void"})
"""Kinds that cannot be voided: a later record replaces the first three, and a void is final."""

Decision = Literal["approve", "decline"]
Movement = Literal["check_in", "check_out"]
RulingChoice = Literal["release", "dismiss"]
MOVEMENTS: tuple[Movement, ...] = get_args(Movement)
RULING_CHOICES: tuple[RulingChoice, ...] = get_args(RulingChoice)


def decide(
    connection: Connection,
    writer: Writer,
    targets: Sequence[tuple[StreamKey, str, str]],
    decision: Decision,
    now_ms: int,
    note: Note | None = None,
) -> None:
    """Decide on requests, given as (stream, id, person).

    The decision is written at the request's point. The standing judges whether it counts.
    """
    body = AbsenceDecisionBody(decision=decision, detail=note.sha256 if note else None)
    records = [
        AbsenceDecision(**envelope(writer, *key, now_ms), person=person, refs=(request,), body=body)
        for key, request, person in targets
    ]
    write_records(connection, writer, records, now_ms, _sealed_details(note))


def reopen(
    connection: Connection, writer: Writer, key: StreamKey, person: str, reason: Note, now_ms: int
) -> None:
    """Reopen the roll that a point has signed off, in the name of a person, for a reason."""
    body = ReopeningBody(detail=reason.sha256)
    record = Reopening(**envelope(writer, *key, now_ms), person=person, body=body)
    write_records(connection, writer, [record], now_ms, _sealed_details(reason))


def delegate(
    connection: Connection,
    writer: Writer,
    key: StreamKey,
    officers: tuple[str, str],
    document: Note,
    now_ms: int,
) -> None:
    """Record that a Secretary delegates to a Deputy (`officers`, in this order), by a document."""
    secretary, deputy = officers
    body = ChairDelegationBody(to=deputy, detail=document.sha256)
    record = ChairDelegation(**envelope(writer, *key, now_ms), person=secretary, body=body)
    write_records(connection, writer, [record], now_ms, _sealed_details(document))


def request_leave(
    connection: Connection,
    writer: Writer,
    key: StreamKey,
    person: str,
    sealed_report: Note,
    now_ms: int,
) -> None:
    """Record a person's request for leave, made by a numbered report to headquarters."""
    body = AbsenceRequestBody(report="numbered", detail=sealed_report.sha256)
    record = AbsenceRequest(**envelope(writer, *key, now_ms), person=person, body=body)
    write_records(connection, writer, [record], now_ms, _sealed_details(sealed_report))


def record_movement(
    connection: Connection,
    writer: Writer,
    key: StreamKey,
    person: str,
    kind: Movement,
    happened_ms: int,
    reason: Note,
    now_ms: int,
) -> None:
    """Record that a person came to a point or left it at the stated time, for a reason."""
    happened_at = from_ms(happened_ms)
    fields = {**envelope(writer, *key, now_ms), "person": person}
    record: Record
    if kind == "check_in":
        record = CheckIn(
            **fields,
            body=CheckInBody(mode="in_person", happened_at=happened_at, detail=reason.sha256),
        )
    else:
        record = CheckOut(
            **fields, body=CheckOutBody(happened_at=happened_at, detail=reason.sha256)
        )
    write_records(connection, writer, [record], now_ms, _sealed_details(reason))


def void(
    connection: Connection,
    writer: Writer,
    key: StreamKey,
    record_id: str,
    reason: Note,
    now_ms: int,
) -> str:
    """Void a record of a point for a reason; return the code of its person, "" if it has none.

    Raises: UnknownRecord, BadForm.
    """
    record = find_record(connection, key, record_id)
    if kind_of(record) in LASTING_KINDS:
        raise BadForm(fault=say("records.lasting"))
    fields = envelope(writer, record.meeting, record.point, now_ms)
    voiding = Void(
        **fields, person=record.person, refs=(record_id,), body=VoidBody(detail=reason.sha256)
    )
    write_records(connection, writer, [voiding], now_ms, _sealed_details(reason))
    return record.person or ""


def find_record(connection: Connection, key: StreamKey, record_id: str) -> Record:
    """Return a record of a point's stream. Raises: UnknownRecord."""
    for record in records_of(connection, [key])[key]:
        if record.id == record_id:
            return record
    raise UnknownRecord(record=record_id)


def rule(
    connection: Connection,
    writer: Writer,
    raw: bytes,
    ruling: RulingChoice,
    reason: Note,
    now_ms: int,
) -> Record:
    """Release a record that was held or refused, or dismiss every record with its id.

    Raises: BadForm if the bytes cannot be read as a record.
    """
    try:
        record = parse_record(raw)
    except msgspec.DecodeError as fault:
        raise BadForm(fault=say("held.illegible", fault=fault)) from None
    body = RulingBody(
        ruling=ruling,
        record=record if ruling == "release" else None,  # type: ignore[arg-type]
        detail=reason.sha256,
    )
    fields = envelope(writer, record.meeting, record.point, now_ms)
    ruling_record = Ruling(**fields, person=record.person, refs=(record.id,), body=body)
    write_records(connection, writer, [ruling_record], now_ms, _sealed_details(reason))
    return record


def dismiss_all(
    connection: Connection, writer: Writer, records: Sequence[Record], reason: Note, now_ms: int
) -> None:
    """Dismiss every record with the ids of these, for one reason, in one write."""
    body = RulingBody(ruling="dismiss", detail=reason.sha256)
    rulings = [
        Ruling(
            **envelope(writer, record.meeting, record.point, now_ms),
            person=record.person,
            refs=(record.id,),
            body=body,
        )
        for record in records
    ]
    write_records(connection, writer, rulings, now_ms, _sealed_details(reason))


def identify(
    connection: Connection,
    writer: Writer,
    key: StreamKey,
    newcomer: str,
    person: str,
    now_ms: int,
) -> None:
    """Record a newcomer's identity. Raises: UnknownRecord if no record has the newcomer's code."""
    newcomer_records = [
        record for record in records_of(connection, [key])[key] if record.person == newcomer
    ]
    if not newcomer_records:
        raise UnknownRecord(record=newcomer)
    body = RulingBody(ruling="identify", known_as=person)
    fields = envelope(writer, *key, now_ms)
    ruling = Ruling(**fields, person=newcomer, refs=(newcomer_records[0].id,), body=body)
    write_records(connection, writer, [ruling], now_ms)


def _sealed_details(note: Note | None) -> dict[str, str]:
    return {note.sha256: note.box} if note else {}
