"""What was not let in, or contradicts itself: looked at, released or dismissed with a reason."""

from typing import Any, NamedTuple

import msgspec
from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from sync_server.clocks import now_ms
from sync_server.database import reading, write
from sync_server.domain.codes import to_ms
from sync_server.domain.door import UNREADABLE
from sync_server.domain.forms import fingerprint, parse_record
from sync_server.domain.permissions import Action
from sync_server.domain.records import Record, kind_of
from sync_server.errors import BadForm, UnknownRecord
from sync_server.messages import say
from sync_server.office import access, decisions, forms
from sync_server.office.access import allowed
from sync_server.office.writing import seal_note
from sync_server.storage import audit, directory, ledger, quarantine, roster, rulings, standings
from sync_server.storage.streams import StreamKey

blueprint = Blueprint("held", __name__)

PAGE = 50
CONTRADICTION = "id_reuse"


class Item(NamedTuple):
    """Something that waits for headquarters' word, or has it; `record` is None if illegible."""

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
        """Whether nothing has been said of it."""
        return not self.answer


@blueprint.get("/cho-xu-ly")
@allowed(Action.READ_HELD)
def index() -> str:
    """List what waits, the oldest first; with what was settled if asked."""
    with_settled = request.args.get("loc") == "tat-ca"
    with reading() as connection:
        found = items(connection)
        shown = [each for each in found if with_settled or each.is_open]
        people = {each.record.person for each in shown if each.record and each.record.person}
        names = roster.names_of(connection, people)
        lines = {line.id: line for line in directory.meetings(connection, now_ms())}
    access.about(*sorted(people))
    return render_template(
        "held.html",
        items=shown[:PAGE],
        count=len(shown),
        names=names,
        meetings=lines,
        with_settled=with_settled,
        settled=len(found) - sum(each.is_open for each in found),
    )


@blueprint.post("/cho-xu-ly")
@allowed(Action.RULE)
def rule() -> Response:
    """Release what was held, or dismiss it, with a reason and by a record."""
    device, sha256 = forms.needed("device", longest=48), forms.needed("sha256", longest=64)
    do, reason = forms.one_of("do", ("release", "dismiss")), forms.needed("reason")
    at_ms, by = now_ms(), access.who().writer
    with reading() as connection:
        own = [e for e in items(connection) if (e.device, e.sha256) == (device, sha256)]
    if not own:
        raise UnknownRecord(record=sha256[:16])
    if own[0].record is None:
        if do == "release":
            raise BadForm(fault=say("held.illegible", fault=own[0].detail))
        about = f"{reason} {sha256}"
        entry = audit.Entry(at_ms, by.name, audit.ILLEGIBLE, True, 200, request.path, about)
        write(lambda c: audit.note(c, entry))
    else:
        raw, note = own[0].text.encode(), seal_note(reason=reason)
        ruling: decisions.Ruled = "release" if do == "release" else "dismiss"
        write(lambda c: decisions.rule(c, by, raw, ruling, note, at_ms))
    access.about(device, sha256)
    flash(say(f"held.done.{do}"))
    return redirect(url_for("office.held.index"))


def items(connection: Connection, since_ms: int = 0) -> list[Item]:
    """Return everything that was not let in, and every id that was used twice.

    Of contradictions those at meetings that ended after `since_ms`.
    """
    found = []
    aside = audit.left_aside(connection)
    for each in quarantine.everything(connection):
        record = _typed(each.raw)
        answer = "dismiss" if each.sha256 in aside else ""
        text = each.raw.decode("utf-8", "replace")
        kind = kind_of(record) if record else ""
        found.append(
            Item(
                each.device,
                each.sha256,
                each.received_ms,
                each.code,
                each.detail,
                text,
                record,
                kind,
                answer,
            )
        )
    for forms_of_id in ledger.contradictions(connection, _contradicting(connection, since_ms)):
        for raw in forms_of_id:
            record = parse_record(raw)
            found.append(
                Item(
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
    answers = rulings.about(connection, [each.record.id for each in found if each.record])
    return [_answered(each, answers) for each in found]


def _answered(item: Item, answers: dict[tuple[str, str], Any]) -> Item:
    record = item.record
    ruling = answers.get((record.meeting, record.id)) if record else None
    if ruling is None:
        return item
    return item._replace(answer="release" if ruling.body.record == record else "dismiss")


def _contradicting(connection: Connection, since_ms: int) -> list[StreamKey]:
    return [
        StreamKey(line.id, row.point)
        for line in directory.meetings(connection, now_ms())
        if to_ms(line.ends_at) > since_ms
        for row in standings.board_of(connection, line.id).points
        if {CONTRADICTION, "ruled"} & set(row.flags)
    ]


def _typed(raw: bytes) -> Record | None:
    try:
        return parse_record(raw)
    except (*UNREADABLE, msgspec.ValidationError):
        return None
