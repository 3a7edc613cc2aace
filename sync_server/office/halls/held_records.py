"""Pages on doubtful records, where headquarters decides whether such a record counts.

A doubtful record is either quarantined or contradictory. A quarantined record was received
but not accepted, for example because its device had been revoked. Contradictory records
have the same id but different contents.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from sync_server.acts import decisions
from sync_server.acts.writing import seal_note
from sync_server.clocks import now_ms
from sync_server.database import transaction
from sync_server.domain.records.codes import to_ms
from sync_server.domain.records.forms import fingerprint, parse_record
from sync_server.domain.records.kinds import Record, kind_of
from sync_server.domain.records.permissions import Action
from sync_server.errors import BadForm, UnknownRecord
from sync_server.messages import say
from sync_server.office import access, forms
from sync_server.office.access import allowed
from sync_server.office.menus import Menu
from sync_server.storage import directory
from sync_server.storage.access import audit
from sync_server.storage.ledger import contradictions, quarantine, rulings, standings
from sync_server.storage.ledger.streams import StreamKey
from sync_server.storage.people import roster

blueprint = Blueprint("held_records", __name__)

PAGE_SIZE = 50
DISMISSED_AT_ONCE = 500
"""The maximum number of records that one request dismisses; a user who wants to dismiss more
repeats the request. A stolen device may send thousands of records in a day."""
MANY = 5
"""If headquarters must decide on at least this many quarantined (not accepted) records of a
device, the page offers to dismiss them together. Fewer records can be examined one by one.
"""
CONTRADICTION = "id_reuse"


class HeldItem(NamedTuple):
    """A doubtful record on which headquarters must decide or has decided.

    `text` is the record as received, and `record` is the parsed record, or None if the text
    cannot be parsed. `received_ms` is in ms since 1970 UTC; it is None for a record that was
    accepted but contradicts another one. `code` and `detail` state why a decision is needed.
    `answer` is `release` (the record counts) or `dismiss`, or "" if there is no decision yet.
    """

    device: str
    sha256: str
    received_ms: int | None
    code: str
    detail: str
    text: str
    record: Record | None
    kind: str
    answer: str

    @property
    def is_open(self) -> bool:
        """Return whether headquarters has not yet ruled on the record."""
        return not self.answer


@blueprint.get("/cho-xu-ly")
@allowed(Action.READ_HELD, menu=Menu(4, "held.title"))
def index() -> str:
    """Return the page of quarantined records, the oldest first, and then contradictory records.

    Quarantined records were received but not accepted. Contradictory records have the same id
    but different contents. At most `PAGE_SIZE` records are listed. Records on which
    headquarters has decided are listed only if the query contains `loc=tat-ca`.
    """
    with_settled = request.args.get("loc") == "tat-ca"
    connection = transaction()
    all_items = held_items(connection)
    listed_items = [item for item in all_items if with_settled or item.is_open]
    people = {item.record.person for item in listed_items if item.record and item.record.person}
    names = roster.names_of(connection, people)
    meetings = {summary.id: summary for summary in directory.meetings(connection, now_ms())}
    access.log_subjects(*sorted(people))
    return render_template(
        "halls/held_records.html",
        items=listed_items[:PAGE_SIZE],
        count=len(listed_items),
        busy=quarantine.devices_near_quota(connection, now_ms()),
        many=_devices_with_many(all_items),
        names=names,
        meetings=meetings,
        with_settled=with_settled,
        settled=len(all_items) - sum(item.is_open for item in all_items),
    )


@blueprint.post("/cho-xu-ly")
@allowed(Action.RULE)
def rule() -> Response:
    """Record the decision whether a doubtful record counts; redirect to the list of such records.

    A doubtful record is quarantined (received but not accepted) or contradictory (another
    record has the same id but different contents). The form contains the record's device and
    sha256, the choice (`do`: `release` if the record counts, or `dismiss`) and the reason.
    Raises: UnknownRecord if no doubtful record matches; BadForm if a field is missing, or if
    the choice is `release` for a record that cannot be parsed.
    """
    device, sha256 = (
        forms.required_text("device", longest=48),
        forms.required_text("sha256", longest=64),
    )
    choice, reason = forms.one_of("do", decisions.RULING_CHOICES), forms.required_text("reason")
    at_ms, writer = now_ms(), access.signed_in_account().writer
    connection = transaction()
    matching = [
        item for item in held_items(connection) if (item.device, item.sha256) == (device, sha256)
    ]
    if not matching:
        raise UnknownRecord(record=sha256[:16])
    if matching[0].record is None:
        if choice == "release":
            raise BadForm(fault=say("held.illegible", fault=matching[0].detail))
        _dismiss_illegible(connection, matching[0], reason, at_ms)
    else:
        raw, note = matching[0].text.encode(), seal_note(reason=reason)
        decisions.rule(connection, writer, raw, choice, note, at_ms)
    access.log_subjects(device, sha256)
    flash(say(f"held.done.{choice}"))
    return redirect(url_for("office.held_records.index"))


@blueprint.post("/cho-xu-ly/may")
@allowed(Action.RULE)
def dismiss_device() -> Response:
    """Dismiss the quarantined records of one device together, and redirect to the records' list.

    Quarantined records were received but not accepted; dismissed records do not count. The form
    contains the device's id and the reason. At most `DISMISSED_AT_ONCE` records on which
    headquarters has not yet decided are dismissed. Raises: BadForm if a field is missing.
    """
    device, reason = forms.required_text("device", longest=48), forms.required_text("reason")
    at_ms, connection = now_ms(), transaction()
    items = [
        item
        for item in held_items(connection)
        if item.device == device and item.is_open and item.received_ms is not None
    ][:DISMISSED_AT_ONCE]
    for item in items:
        if item.record is None:
            _dismiss_illegible(connection, item, reason, at_ms)
    records = [item.record for item in items if item.record]
    writer = access.signed_in_account().writer
    if records:
        decisions.dismiss_all(connection, writer, records, seal_note(reason=reason), at_ms)
    access.log_subjects(device, reason)
    flash(say("held.done.dismiss_all", count=len(items), device=device))
    return redirect(url_for("office.held_records.index"))


def _dismiss_illegible(connection: Connection, item: HeldItem, reason: str, at_ms: int) -> None:
    """Dismiss a quarantined record that cannot be parsed; write the reason to the audit log.

    A quarantined record was received but not accepted. Other dismissals are stored as records
    of a decision by headquarters (rulings). This one is not, because a ruling names the
    dismissed record's id, which cannot be read.
    """
    quarantine.dismiss(connection, item.device, item.sha256)
    who, about = access.signed_in_account().writer.name, f"{reason} {item.sha256}"
    audit.note(
        connection,
        audit.AuditEntry(at_ms, who, audit.ILLEGIBLE, True, 200, request.path, about),
    )


def count_open(connection: Connection, since_ms: int) -> int:
    """Return on how many quarantined and contradictory records headquarters must still decide.

    Quarantined records were received but not accepted. Contradictory records have the same id
    but different contents; they count only if their meeting ended after `since_ms` (ms since
    1970 UTC).
    """
    keys = _streams_with_contradictions(connection, since_ms)
    contradictory = [item for item in _contradictions(connection, keys) if item.is_open]
    return quarantine.count_open(connection) + len(contradictory)


def _devices_with_many(items: Sequence[HeldItem]) -> dict[str, int]:
    """Return {device id: number of its quarantined records that await headquarters' decision}.

    Quarantined records were received but not accepted. Devices with fewer than `MANY` such
    records are left out.
    """
    counts = Counter(item.device for item in items if item.is_open and item.received_ms is not None)
    return {device: count for device, count in counts.items() if count >= MANY}


def held_items(connection: Connection, since_ms: int = 0) -> list[HeldItem]:
    """Return the quarantined records, the oldest first, and then the contradictory records.

    Quarantined records were received but not accepted. Contradictory records have the same id
    but different contents; they are returned only if their meeting ended after `since_ms` (ms
    since 1970 UTC). Records on which headquarters has decided are included.
    """
    items = []
    for entry in quarantine.all_entries(connection):
        record = _parse_or_none(entry.raw)
        answer = "dismiss" if entry.is_dismissed else ""
        text = entry.raw.decode("utf-8", "replace")
        kind = kind_of(record) if record else ""
        items.append(
            HeldItem(
                entry.device,
                entry.sha256,
                entry.received_ms,
                entry.code,
                entry.detail,
                text,
                record,
                kind,
                answer,
            )
        )
    items = _with_rulings(connection, items)
    return items + _contradictions(connection, _streams_with_contradictions(connection, since_ms))


def _contradictions(connection: Connection, keys: Sequence[StreamKey]) -> list[HeldItem]:
    """Return the records that have the same id as a record with different content.

    `keys` are the streams to search. A stream contains the records of one meeting in one hall.
    """
    items = []
    for forms_of_id in contradictions.find_contradictions(connection, keys) if keys else ():
        for raw in forms_of_id:
            record = parse_record(raw)
            items.append(
                HeldItem(
                    record.device,
                    fingerprint(raw),
                    None,
                    CONTRADICTION,
                    record.id,
                    raw.decode(),
                    record,
                    kind_of(record),
                    "",
                )
            )
    return _with_rulings(connection, items)


def _with_rulings(connection: Connection, items: Sequence[HeldItem]) -> list[HeldItem]:
    rulings_by_record = rulings.about(connection, [item.record.id for item in items if item.record])
    return [_with_ruling(item, rulings_by_record) for item in items]


def _with_ruling(item: HeldItem, rulings_by_record: dict[tuple[str, str], Any]) -> HeldItem:
    record = item.record
    ruling = rulings_by_record.get((record.meeting, record.id)) if record else None
    if ruling is None:
        return item
    return item._replace(answer="release" if ruling.body.record == record else "dismiss")


def _streams_with_contradictions(connection: Connection, since_ms: int) -> list[StreamKey]:
    return [
        StreamKey(summary.id, row.point)
        for summary in directory.meetings(connection, now_ms())
        if to_ms(summary.ends_at) > since_ms
        for row in standings.board_of(connection, summary.id).points
        if {CONTRADICTION, "ruled"} & set(row.flags)
    ]


def _parse_or_none(raw: bytes) -> Record | None:
    try:
        return parse_record(raw)
    except msgspec.DecodeError:
        return None
