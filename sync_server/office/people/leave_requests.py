"""Pages on requests for leave, on which chairs and headquarters approve or decline them."""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response as AnyResponse

from sync_server.acts import decisions
from sync_server.acts.writing import seal_note
from sync_server.clocks import now_ms
from sync_server.database import transaction
from sync_server.domain.judging.requests import Request
from sync_server.domain.records.codes import to_ms
from sync_server.domain.records.permissions import Action, Profile
from sync_server.errors import BadForm, UnknownRecord
from sync_server.messages import say
from sync_server.office import access, forms, sealed_details
from sync_server.office.access import allowed
from sync_server.office.menus import Menu
from sync_server.storage import directory
from sync_server.storage.access.accounts import Account
from sync_server.storage.blobs import details
from sync_server.storage.directory import MeetingSummary
from sync_server.storage.ledger import standings, streams
from sync_server.storage.ledger.streams import StreamKey
from sync_server.storage.people import roster
from sync_server.storage.people.roster import RosterPerson

blueprint = Blueprint("leave_requests", __name__)

PAGE_SIZE = 40
"""The maximum number of requests on a page. Every request shown takes half a millisecond to decrypt
and adds an entry to the audit log."""
STATES = ("pending", "approved", "declined", "withdrawn", "all")
RECENT_MS = 30 * 24 * 3600 * 1000
"""The time in ms, 30 days, for which the list of requests for leave shows a meeting's requests
after the meeting's end. Older requests are shown on the page of the person."""


class RequestCard(NamedTuple):
    """A request for leave as the page shows it, with its meeting, person and decrypted texts.

    `key` is the meeting and the hall, and `unit` is the name of the person's unit. `names` is
    {person code: name} and includes the other people in the request. `request_fields` is {field:
    text of the request}, and `answer_notes` is {answer id: note on the answer}. `files` are the
    sha256 hashes of attached pictures and documents. `is_overdue` is True if the person promised a
    written report that is now overdue.
    """

    key: StreamKey
    meeting: MeetingSummary
    request: Request
    person: RosterPerson | None
    unit: str
    names: Mapping[str, str]
    request_fields: Mapping[str, str]
    answer_notes: Mapping[str, str]
    files: tuple[str, ...]
    is_overdue: bool


@blueprint.get("/xin-vang")
@allowed(
    Action.READ_REQUESTS,
    menu=Menu(2, "inbox.title"),
    meeting_menu=Menu(3, "inbox.title", meeting_value="hoi-nghi"),
)
def index() -> str:
    """Return the page with the requests for leave that the signed-in account may see.

    Requests that headquarters must decide come first. The query may select a state (`loc`), a
    meeting (`hoi-nghi`), a hall (`diem-cau`) and a page (`trang`); by default, all pending requests
    are selected.
    """
    state = request.args.get("loc", STATES[0])
    meeting, point = request.args.get("hoi-nghi", ""), request.args.get("diem-cau", "")
    page = forms.requested_page()
    connection = transaction()
    matching = [
        pair
        for pair in _find_requests(connection, meeting, state)
        if not point or pair[0].point == point
    ]
    page_requests = matching[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
    cards = cards_of(page_requests)
    access.log_subjects(*(card.request.person for card in cards))
    return render_template(
        "people/leave_requests.html",
        items=cards,
        state=state,
        states=STATES,
        count=len(matching),
        page=page,
        pages=max(1, -(-len(matching) // PAGE_SIZE)),
        meeting=meeting,
        point=point,
        waits=any(card.request.is_decidable and card.request.state == "pending" for card in cards),
    )


@blueprint.post("/xin-vang")
@allowed(Action.DECIDE)
def decide() -> AnyResponse:
    """Approve or decline the ticked requests for leave, or the request whose button was pressed.

    Redirect to the page in the query (`ve`), or to the list of requests. Raises: Forbidden for a
    request in another hall; UnknownRecord if a request is unknown; BadForm if nothing was chosen,
    if the account may not decide on a request, or if a request has changed since the user saw it.
    """
    pressed, single = forms.text("do").partition(" ")[::2]
    chosen = [single] if single else request.form.getlist("chosen")
    if pressed not in {"approve", "decline"}:
        raise BadForm(fault=say("form.choice", field=say("field.do"), value=pressed[:20]))
    if not chosen:
        raise BadForm(fault=say("inbox.nothing_chosen"))
    note_text = forms.text(f"note {single}" if single else "note")
    targets = [_parse_target(value) for value in dict.fromkeys(chosen)]
    for target in targets:
        access.log_subjects(target.record_id)
        access.require_scope(point=target.key.point)
    back = request.args.get("ve", "")
    at_ms, account = now_ms(), access.signed_in_account()
    note = seal_note(note=note_text) if note_text else None
    decision: decisions.Decision = "approve" if pressed == "approve" else "decline"
    connection = transaction()
    decided = [
        (target.key, target.record_id, person)
        for target, person in _decidable(connection, targets, account, at_ms)
    ]
    decisions.decide(connection, account.writer, decided, decision, at_ms, note)
    people = [person for _, _, person in decided]
    access.log_subjects(say(f"turn.{decision}"), *people)
    flash(say(f"inbox.done.{decision}", count=len(people)))
    is_ours = back.startswith("/van-phong/") and back.isprintable()
    return redirect(back if is_ours else url_for("office.leave_requests.index"))


def _decidable(
    connection: Connection, targets: Sequence["Target"], account: Account, at_ms: int
) -> list[tuple["Target", str]]:
    """Check that the account may decide on all requests for leave in `targets`.

    Return [(target, code of the person who asks for leave)]. `at_ms` is the current time in ms
    since 1970 UTC. Raises: UnknownRecord if a request is unknown; BadForm if the account may not
    decide on a request, or if a request has changed since the user saw it.
    """
    by = account.person if account.role is Profile.CHAIR else None
    keys = sorted({target.key for target in targets})
    requests = standings.requests_of(connection, keys, by=by, at_ms=at_ms)
    requests_by_target = {(key, leave_request.id): leave_request for key, leave_request in requests}
    decidable = []
    for target in targets:
        current_request = requests_by_target.get((target.key, target.record_id))
        if current_request is None:
            raise UnknownRecord(record=target.record_id[:48])
        if not current_request.is_decidable:
            raise BadForm(fault=say("inbox.not_yours", person=current_request.person))
        if current_request.state != target.state:
            state = say(f"request.{current_request.state}")
            raise BadForm(fault=say("inbox.changed", person=current_request.person, state=state))
        decidable.append((target, current_request.person))
    return decidable


def cards_of(requests: Sequence[tuple[StreamKey, Request]]) -> list[RequestCard]:
    """Prepare requests for leave for display, and return them in the same order.

    `requests` are pairs of a `StreamKey` (the meeting and the hall) and a request. Texts that
    the account may read are decrypted, and every decryption is logged; other texts are left
    empty.
    """
    account, at_ms = access.signed_in_account(), now_ms()
    connection = transaction()
    summaries = {summary.id: summary for summary in directory.meetings(connection, at_ms)}
    units = directory.all_unit_names(connection)
    people = {
        leave_request.person: roster.find_person(connection, leave_request.person, at_ms=at_ms)
        for _, leave_request in requests
    }
    other_people = {answer.by for _, leave_request in requests for answer in leave_request.answers}
    other_people |= {
        leave_request.instead_of for _, leave_request in requests if leave_request.instead_of
    }
    names = roster.names_of(connection, other_people)
    ids_by_meeting: dict[str, set[str]] = {}
    for key, leave_request in requests:
        ids = {leave_request.id, *(answer.id for answer in leave_request.answers)}
        ids_by_meeting.setdefault(key.meeting, set()).update(ids)
    rightly_named = {
        meeting: details.rightly_named(connection, meeting, ids)
        for meeting, ids in ids_by_meeting.items()
    }
    people_by_detail = {
        sha256: leave_request.person
        for key, leave_request in requests
        if may_open(account, key, leave_request)
        for sha256 in details_of(leave_request, rightly_named[key.meeting])
    }
    opened = sealed_details.open_details(people_by_detail)
    cards = []
    for key, leave_request in requests:
        person = people[leave_request.person]
        sha256s = details_of(leave_request, rightly_named[key.meeting])
        is_open = may_open(account, key, leave_request)
        contents = {sha256: opened[sha256] for sha256 in sha256s if is_open and sha256 in opened}
        answer_notes = {
            answer.id: sealed_details.text_fields_of(contents.get(answer.detail or "")).get(
                "note", ""
            )
            for answer in leave_request.answers
        }
        cards.append(
            RequestCard(
                key,
                summaries[key.meeting],
                leave_request,
                person,
                units.get(person.unit, "") if person else "",
                names,
                sealed_details.text_fields_of(contents.get(leave_request.detail or "")),
                answer_notes,
                tuple(name for name in sha256s if sealed_details.attachment_of(contents.get(name))),
                leave_request.due_ms is not None
                and leave_request.due_ms < at_ms
                and "document_pending" in leave_request.flags,
            )
        )
    return cards


def details_of(leave_request: Request, rightly_named: Collection[tuple[str, str]]) -> list[str]:
    """Return the sha256 hashes of the encrypted texts and files of a request and its answers.

    `rightly_named` contains (record id, sha256) if the device that made the record also sent the
    text or file. All other hashes are left out: otherwise, a user who knows the hash of another
    person's text could name it in a request, and the page would show the text.
    """
    named = [(leave_request.id, leave_request.detail)]
    named += [(answer.id, answer.detail) for answer in leave_request.answers]
    return [
        sha256 for record_id, sha256 in named if sha256 and (record_id, sha256) in rightly_named
    ]


def count_pending(connection: Connection) -> int:
    """Return how many recent requests for leave wait for a decision.

    Only requests that the signed-in account may see are counted. A request counts as recent until
    30 days after the end of its meeting.
    """
    return len(_find_requests(connection, "", "pending"))


def _find_requests(
    connection: Connection, meeting: str, state: str
) -> list[tuple[StreamKey, Request]]:
    """Return [((meeting, hall), request)] of the requests for leave whose state is `state`.

    Only requests that the signed-in account may see are returned. `meeting` is a meeting's id,
    or "" for all meetings except those that are cancelled or ended over 30 days ago. The state
    `all` selects every request. The requests that only headquarters may decide come first.
    Within both groups, the requests are sorted by the meeting's start and then by the time of
    the request.
    """
    at_ms, account = now_ms(), access.signed_in_account()
    summaries = [
        summary
        for summary in directory.meetings(connection, at_ms, account.point)
        if (summary.id == meeting if meeting else _is_recent(summary, at_ms))
    ]
    keys = []
    for summary in summaries:
        if state == "pending":  # read only the halls that have pending requests
            rows = standings.board_of(connection, summary.id).points
            keys += [StreamKey(summary.id, row.point) for row in rows if row.pending]
        else:
            keys += streams.of_meeting(connection, summary.id)
    if account.point is not None:
        keys = [key for key in keys if key.point == account.point]
    by = account.person if account.role is Profile.CHAIR else None
    requests = standings.requests_of(connection, sorted(keys), by=by, at_ms=at_ms)
    if account.unit is not None:
        members = members_of(connection, account.unit, at_ms)
        requests = [
            (key, leave_request)
            for key, leave_request in requests
            if leave_request.person in members
        ]
    matching = [
        (key, leave_request)
        for key, leave_request in requests
        if state in {"all", leave_request.state}
    ]
    starts = {summary.id: summary.starts_at for summary in summaries}
    return sorted(
        matching,
        key=lambda pair: (not pair[1].is_reserved, starts[pair[0].meeting], pair[1].at_ms),
    )


def _is_recent(summary: MeetingSummary, at_ms: int) -> bool:
    return not summary.cancelled and to_ms(summary.ends_at) > at_ms - RECENT_MS


def members_of(connection: Connection, unit: str, at_ms: int) -> set[str]:
    """Return the codes of the people who belong to a unit at `at_ms`, in ms since 1970 UTC."""
    return {member.person for member in roster.list_people(connection, unit=unit, at_ms=at_ms)}


def may_open(account: Account, key: StreamKey, leave_request: Request) -> bool:
    """Return whether the account's role permits reading the encrypted texts and files of a request.

    A chair may read them if the request is for the chair's leave, or if it comes from the chair's
    hall and headquarters does not decide it. All other roles may always read them. `key` is the
    meeting and the hall of the request.
    """
    if account.role is not Profile.CHAIR or leave_request.person == account.person:
        return True
    return key.point == account.point and not leave_request.is_reserved


class Target(NamedTuple):
    """A request for leave that a form names, with the state that the page showed to the user.

    `key` is the meeting and the hall.
    """

    key: StreamKey
    record_id: str
    state: str


def _parse_target(value: str) -> Target:
    """Parse the text `meeting/hall/id/state`, with which a form names a request for leave.

    Raises: BadForm if the text does not have four parts.
    """
    parts = value.split("/")
    if len(parts) != len(("meeting", "point", "id", "state")) or not all(parts):
        raise BadForm(fault=say("form.choice", field=say("field.do"), value=value[:40]))
    meeting, point, record_id, state = parts
    return Target(StreamKey(meeting, point), record_id, state)
