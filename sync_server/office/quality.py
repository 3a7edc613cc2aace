"""The quality of a meeting: figures of order and readiness, and the evaluation in words."""

import hashlib

from flask import Blueprint, flash, redirect, render_template, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from sync_server.clocks import now_ms
from sync_server.database import reading, write
from sync_server.domain.permissions import Action
from sync_server.errors import BadForm
from sync_server.messages import say
from sync_server.office import access, acts, forms
from sync_server.office.access import allowed
from sync_server.office.shown import moment
from sync_server.storage import directory, remarks, standings, streams
from sync_server.storage.remarks import HEADINGS, RemarkLine

blueprint = Blueprint("quality", __name__)

MAX_REMARK = 8_000
MARK_LETTERS = 16


def mark(text: str) -> str:
    """Return what tells whether a text is the one that a form was opened with."""
    return hashlib.sha256(text.encode()).hexdigest()[:MARK_LETTERS]


@blueprint.get("/hoi-nghi/<meeting>/chat-luong")
@allowed(Action.READ_QUALITY)
def page(meeting: str) -> str:
    """Show what was counted of order, readiness and incidents, and what is said of it."""
    with reading() as connection:
        line = acts.must_know(connection, meeting, now_ms())
        found = standings.read_all(connection, streams.of_meeting(connection, meeting))
        said = remarks.latest(connection, meeting)
        names = directory.points(connection)
    halls = {key.point: standing for key, standing in sorted(found.items())}
    notable = {
        point: each
        for point, each in halls.items()
        if each.counts.calls
        or each.counts.private_use
        or each.counts.disorder
        or each.counts.wrong_seat
        or each.counts.incidents
        or (each.has_reported and each.missing)
    }
    return render_template(
        "quality.html",
        meeting=line,
        halls=halls,
        notable=notable,
        names=names,
        headings=HEADINGS,
        said=said,
        mark=mark,
    )


@blueprint.post("/hoi-nghi/<meeting>/chat-luong")
@allowed(Action.EVALUATE)
def evaluate(meeting: str) -> Response:
    """Keep what is said under the headings whose text has changed; versions before it stay."""
    own, at_ms = access.who(), now_ms()
    with reading() as connection:
        acts.must_know(connection, meeting, at_ms)
        before = remarks.latest(connection, meeting)
    changed = {}
    for heading in HEADINGS:
        text = forms.text(heading, longest=MAX_REMARK).replace("\r\n", "\n")
        own_seen = forms.text(f"seen {heading}", longest=MARK_LETTERS) or mark("")
        latest = before[heading].text if heading in before else ""
        if text == latest or mark(text) == own_seen:
            continue  # as it is, or not touched here
        if latest and mark(latest) != own_seen:
            by, heard = before[heading].by, moment(before[heading].at_ms)
            called = say(f"heading.{heading}")
            raise BadForm(fault=say("quality.changed", heading=called, by=by, at=heard))
        changed[heading] = RemarkLine(heading, text, own.name, at_ms)
    if not changed:
        raise BadForm(fault=say("quality.nothing_new"))

    def work(c: Connection) -> None:
        for line in changed.values():
            remarks.add(c, meeting, line)

    write(work)
    access.about(*changed)
    flash(say("quality.kept", count=len(changed)))
    return redirect(url_for("office.quality.page", meeting=meeting))
