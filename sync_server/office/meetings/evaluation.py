"""Show figures on how a meeting went, and edit the texts of the meeting's evaluation."""

import hashlib
from typing import get_args

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from sync_server.acts import arrangements
from sync_server.clocks import now_ms
from sync_server.database import transaction
from sync_server.domain.records.kinds import FEEDBACK_TOPICS, Rating
from sync_server.domain.records.permissions import Action
from sync_server.errors import BadForm
from sync_server.messages import say
from sync_server.office import access, forms
from sync_server.office.access import allowed
from sync_server.office.formatting import format_moment
from sync_server.office.meetings.report_files import source_now
from sync_server.office.menus import Menu
from sync_server.reports import snapshot
from sync_server.reports.narrative import drafts_of, numbers_not_in
from sync_server.storage import directory, remarks
from sync_server.storage.ledger import standings, streams
from sync_server.storage.remarks import HEADINGS, EvaluationText, Heading

blueprint = Blueprint("evaluation", __name__)

MAX_REMARK = 8_000
HASH_LETTERS = 16


def short_hash(text: str) -> str:
    """Return the first 16 hex digits of a text's SHA-256.

    A form contains this hash of a text; a different hash later shows that the text has changed
    since the form was opened.
    """
    return hashlib.sha256(text.encode()).hexdigest()[:HASH_LETTERS]


MOST_NUMBERS = 10
"""The maximum number of entries in the message that lists the numbers in an edited text that are
missing from the program's draft of the text."""


@blueprint.get("/hoi-nghi/<meeting>/chat-luong")
@allowed(Action.READ_QUALITY, meeting_menu=Menu(6, "quality.title"))
def page(meeting: str) -> str:
    """Return the page with a meeting's figures on conduct, readiness, incidents and feedback.

    The page also contains a form to edit the texts of the written evaluation. Raises:
    UnknownMeeting.
    """
    connection = transaction()
    summary = arrangements.require_meeting(connection, meeting, now_ms())
    standings_by_key = standings.read_all(connection, streams.of_meeting(connection, meeting))
    remarks_by_heading = {
        heading: line for heading, line in remarks.latest(connection, meeting).items() if line.text
    }
    drafts = _drafts(meeting)
    names = directory.all_points(connection)
    halls = {key.point: standing for key, standing in sorted(standings_by_key.items())}
    notable = {
        point: standing
        for point, standing in halls.items()
        if standing.counts.calls
        or standing.counts.private_use
        or standing.counts.disorder
        or standing.counts.wrong_seat
        or standing.counts.incidents
        or (standing.has_reported and standing.missing)
    }
    return render_template(
        "meetings/evaluation.html",
        meeting=summary,
        halls=halls,
        notable=notable,
        feedback={point: line for point, hall in halls.items() if (line := hall.feedback)},
        topics=FEEDBACK_TOPICS,
        ratings=get_args(Rating),
        names=names,
        headings=HEADINGS,
        remarks=remarks_by_heading,
        drafts=drafts,
        hash=short_hash,
    )


@blueprint.post("/hoi-nghi/<meeting>/chat-luong")
@allowed(Action.EVALUATE)
def evaluate(meeting: str) -> Response:
    """Store a new version of every text that the user has edited in a meeting's evaluation.

    A text drafted by the program is stored only if the user has edited it; otherwise the program
    writes it from the latest figures whenever it is shown. Redirect to the page of the evaluation.
    Raises: UnknownMeeting; BadForm if nothing was edited, or if someone else has changed the same
    text in the meantime.
    """
    account, at_ms = access.signed_in_account(), now_ms()
    connection = transaction()
    arrangements.require_meeting(connection, meeting, at_ms)
    before, drafts = remarks.latest(connection, meeting), _drafts(meeting)
    changed = {}
    for heading in HEADINGS:
        text = forms.text(heading, longest=MAX_REMARK).replace("\r\n", "\n")
        seen_hash = forms.text(f"seen {heading}", longest=HASH_LETTERS) or short_hash("")
        draft_hash = forms.text(f"draft {heading}", longest=HASH_LETTERS)
        if short_hash(text) == draft_hash and heading not in before:
            continue  # an unedited draft is not stored, so it still follows the figures
        latest = before[heading].text if heading in before else ""
        if text == latest or short_hash(text) == seen_hash:
            continue  # the text is unchanged, or was not edited in this form
        if latest and short_hash(latest) != seen_hash:
            author, written_at = before[heading].by, format_moment(before[heading].at_ms)
            heading_name = say(f"heading.{heading}")
            raise BadForm(
                fault=say("quality.changed", heading=heading_name, by=author, at=written_at)
            )
        draft = drafts[heading]
        changed[heading] = EvaluationText(heading, text, account.name, at_ms, draft)
    if not changed:
        raise BadForm(fault=say("quality.nothing_new"))
    for line in changed.values():
        remarks.add(connection, meeting, line)
    access.log_subjects(*changed)
    flash(say("quality.kept", count=len(changed)))
    for heading, line in changed.items():
        if numbers := numbers_not_in(line.text, line.draft):
            shown = ", ".join(numbers[:MOST_NUMBERS])
            flash(say("quality.numbers", heading=say(f"heading.{heading}"), numbers=shown))
    return redirect(url_for("office.evaluation.page", meeting=meeting))


def _drafts(meeting: str) -> dict[Heading, str]:
    """Return {heading: text that the program drafts for the evaluation from the figures}."""
    return drafts_of(snapshot.take(transaction(), meeting, source_now()).figures)
