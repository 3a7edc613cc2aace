"""Record decisions and corrections by chairs and headquarters.

A decision or correction is a new record in the ledger; earlier records stay unchanged. The argument
`key` names the meeting and the hall (point) to which the record belongs. A `Note` is an encrypted
explanation, which the record refers to.
"""

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

KINDS_NEVER_VOIDED = frozenset({"setting", "roll", "ruling", "void"})
"""Kinds of records that cannot be cancelled by another record (a void). To change a setting, a
list of summoned people (`roll`) or a decision of headquarters about a record (`ruling`),
write a later record of the same kind. A record that cancels another one is final.
"""

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
    """Record one decision on several requests for leave or for a substitute.

    `targets` are the requests, as (meeting and hall, id of the request's record, person's
    code). `note` is an encrypted explanation. The decision is stored even if its author has no
    right to make it; whether it counts is determined later, when the attendance is computed
    from all records.

    Raises: BadForm if the ledger refuses a record; nothing is stored then.
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
    """Record that a hall's attendance, which was signed off, is open for changes again.

    `key` is the meeting and the hall. `person` is the code of the person responsible for the
    reopening. `reason` is the encrypted explanation. Raises: BadForm if the ledger refuses the
    record.
    """
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
    """Record that a Secretary delegates the chair of a meeting in one hall to a Deputy.

    `key` is the meeting and the hall. `officers` are the codes of the Secretary and the Deputy, in
    this order. `document` is the encrypted written delegation. Raises: BadForm if the ledger
    refuses the record.
    """
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
    """Record a person's request for leave, which was made in a numbered written report.

    `key` is the meeting and the hall. `sealed_report` contains the reason, the report's number and
    a note, all encrypted. Raises: BadForm if the ledger refuses the record.
    """
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
    """Record afterwards that a person came to a hall or left it at a stated time.

    `key` is the meeting and the hall. `kind` is `check_in` or `check_out`. `happened_ms` is the
    stated time in ms since 1970 UTC. `reason` is the encrypted explanation. An arrival is recorded
    as attendance in person, not online. Raises: BadForm if the ledger refuses the record.
    """
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
    """Cancel a record, so that it no longer counts; return the code of the person concerned.

    A further record (a void) is written, which cancels the record. The result is "" if the
    cancelled record concerns no person. `key` is the meeting and the hall of the record.
    `reason` is the encrypted explanation.

    Raises: UnknownRecord if the hall has no record with this id; BadForm if records of this
    kind cannot be cancelled (see `KINDS_NEVER_VOIDED`).
    """
    record = find_record(connection, key, record_id)
    if kind_of(record) in KINDS_NEVER_VOIDED:
        raise BadForm(fault=say("records.lasting"))
    fields = envelope(writer, record.meeting, record.point, now_ms)
    voiding = Void(
        **fields, person=record.person, refs=(record_id,), body=VoidBody(detail=reason.sha256)
    )
    write_records(connection, writer, [voiding], now_ms, _sealed_details(reason))
    return record.person or ""


def find_record(connection: Connection, key: StreamKey, record_id: str) -> Record:
    """Return the record with this id among the records of a meeting in one hall.

    `key` is the meeting and the hall. Raises: UnknownRecord if there is no such record.
    """
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
    """Record headquarters' decision whether a quarantined or contradictory record counts.

    A record is in quarantine if it was refused because it is not valid, or kept for review. A
    record is contradictory if a different record has the same id. `ruling` is the decision:
    with `release`, the record in `raw` counts, and no other record with its id does; with
    `dismiss`, no record with its id counts. `raw` is the JSON of the record as received.
    `reason` is the encrypted explanation. Return the record in `raw`.

    Raises: BadForm if `raw` cannot be parsed as a record, or if the record of the decision is
    refused.
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
    """Record headquarters' ruling that `records`, and all others with the same ids, do not count.

    One ruling is written for every record, and all rulings have the same encrypted `reason`.
    Either all rulings are stored or none is. Raises: BadForm if the ledger refuses a ruling.
    """
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
    """Record which stored person a newcomer (an attendee who was on no list) is.

    `key` is the meeting and the hall. `newcomer` is the temporary code from the check-in, and
    `person` the code of the stored person. Raises: UnknownRecord if the hall has no record with
    the newcomer's code.
    """
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
