"""The inbox of requests for leave: read, decided one by one or many at once, with their history."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from flask import (
    Blueprint,
    Response,
    flash,
    redirect,
    render_template,
    request,
    url_for,
)
from sqlalchemy import Connection
from werkzeug.wrappers import Response as AnyResponse

from sync_server.clocks import now_ms
from sync_server.database import reading, write
from sync_server.domain.codes import to_ms
from sync_server.domain.permissions import Action, Profile
from sync_server.domain.requests import Request
from sync_server.errors import BadForm, UnknownDetail, UnknownRecord
from sync_server.messages import say
from sync_server.office import access, decisions, forms, opening
from sync_server.office.access import allowed
from sync_server.office.writing import seal_note
from sync_server.storage import details, directory, roster, standings, streams
from sync_server.storage.accounts import Who
from sync_server.storage.concerns import standing_in
from sync_server.storage.directory import MeetingLine
from sync_server.storage.roster import PersonFact
from sync_server.storage.streams import StreamKey

blueprint = Blueprint("inbox", __name__)

PAGE = 40
"""Requests to a page: each is opened, which takes half a millisecond and a line in the log."""
STATES = ("pending", "approved", "declined", "withdrawn", "all")
RECENT_MS = 30 * 24 * 3600 * 1000
"""How long after a meeting it is still news; what was asked before is on its person's page."""


class Item(NamedTuple):
    """A request as it is shown: with its meeting, its person, and what was sealed with it.

    `names`: of the others whom it names; `told`: what the request itself says; `words`: the note of
    each turn, by id; `files`: the sha256 of each detail that holds a picture or a document.
    """

    key: StreamKey
    meeting: MeetingLine
    request: Request
    person: PersonFact | None
    unit: str
    names: Mapping[str, str]
    told: Mapping[str, str]
    words: Mapping[str, str]
    files: tuple[str, ...]
    is_overdue: bool


@blueprint.get("/xin-vang")
@allowed(Action.READ_REQUESTS)
def index() -> str:
    """Show the requests that this account may see, those that wait first."""
    state = request.args.get("loc", STATES[0])
    meeting, point = request.args.get("hoi-nghi", ""), request.args.get("diem-cau", "")
    place = request.args.get("trang", "1")
    at = int(place) if place.isascii() and place.isdecimal() and len(place) < 4 else 1
    with reading() as connection:
        found = [
            pair
            for pair in _found(connection, meeting, state)
            if not point or pair[0].point == point
        ]
    shown = found[(at - 1) * PAGE : at * PAGE]
    items = opened(shown)
    access.about(*(each.request.person for each in items))
    return render_template(
        "inbox.html",
        items=items,
        state=state,
        states=STATES,
        count=len(found),
        page=at,
        pages=max(1, -(-len(found) // PAGE)),
        meeting=meeting,
        point=point,
        waits=any(each.request.is_decidable and each.request.state == "pending" for each in items),
    )


@blueprint.post("/xin-vang")
@allowed(Action.DECIDE)
def decide() -> AnyResponse:
    """Decide on the requests that are ticked, or on the one whose button was pressed."""
    pressed, single = forms.text("do").partition(" ")[::2]
    chosen = [single] if single else request.form.getlist("chosen")
    if pressed not in {"approve", "decline"}:
        raise BadForm(fault=say("form.choice", field=say("field.do"), value=pressed[:20]))
    if not chosen:
        raise BadForm(fault=say("inbox.nothing_chosen"))
    note_text = forms.text(f"note {single}" if single else "note")
    targets = [_target(each) for each in dict.fromkeys(chosen)]
    for target in targets:
        access.about(target.record_id)
        access.must_cover(point=target.key.point)
    back = request.args.get("ve", "")
    at_ms, own = now_ms(), access.who()
    note = seal_note(note=note_text) if note_text else None
    decision: decisions.Decision = "approve" if pressed == "approve" else "decline"

    def work(c: Connection) -> list[str]:
        decided = [(t.key, t.record_id, person) for t, person in _decidable(c, targets, own, at_ms)]
        decisions.decide(c, own.writer, decided, decision, at_ms, note)
        return [person for _, _, person in decided]

    people = write(work)
    access.about(say(f"turn.{decision}"), *people)
    flash(say(f"inbox.done.{decision}", count=len(people)))
    is_ours = back.startswith("/van-phong/") and back.isprintable()
    return redirect(back if is_ours else url_for("office.inbox.index"))


def _decidable(
    connection: Connection, targets: Sequence["Target"], own: Who, at_ms: int
) -> list[tuple["Target", str]]:
    """Return each target with its person, as it stands now. Raises: UnknownRecord, BadForm."""
    by = own.person if own.role is Profile.CHAIR else None
    keys = sorted({target.key for target in targets})
    found = standings.requests_of(connection, keys, by=by, at_ms=at_ms)
    known = {(key, each.id): each for key, each in found}
    asked = []
    for target in targets:
        each = known.get((target.key, target.record_id))
        if each is None:
            raise UnknownRecord(record=target.record_id[:48])
        if not each.is_decidable:
            raise BadForm(fault=say("inbox.not_yours", person=each.person))
        if each.state != target.state:
            state = say(f"request.{each.state}")
            raise BadForm(fault=say("inbox.changed", person=each.person, state=state))
        asked.append((target, each.person))
    return asked


@blueprint.get("/giay-to/<sha256>")
@allowed(Action.READ_REQUESTS)
def detail(sha256: str) -> Response:
    """Open what was sealed with a request: a photo, a scan, or words."""
    own, at_ms = access.who(), now_ms()
    with reading() as connection:
        people = _concerned(connection, sha256)
    box = write(
        lambda c: details.read(c, sha256, own.name, now_ms=at_ms, about=" ".join(sorted(people)))
    )
    picture = opening.picture_of(opening.unseal(box))
    if picture is None:
        raise UnknownDetail(sha256=sha256)
    return Response(
        picture.content, mimetype=picture.media_type, headers={"Content-Disposition": "inline"}
    )


def opened(found: Sequence[tuple[StreamKey, Request]]) -> list[Item]:
    """Return requests as they are shown, what was sealed opened, and each opening logged."""
    own, at_ms = access.who(), now_ms()
    with reading() as connection:
        lines = {line.id: line for line in directory.meetings(connection, at_ms)}
        units = directory.unit_names(connection)
        people = {each.person: roster.fact_of(connection, each.person) for _, each in found}
        others = {turn.by for _, each in found for turn in each.turns}
        others |= {each.instead_of for _, each in found if each.instead_of}
        names = roster.names_of(connection, others)
    wanted = {
        sha256: each.person
        for key, each in found
        if _may_open(own, key, each)
        for sha256 in _named_by(each)
    }
    contents = opening.read_all(wanted)
    items = []
    for key, each in found:
        person = people[each.person]
        words = {
            turn.id: opening.words_of(contents.get(turn.detail or "")).get("note", "")
            for turn in each.turns
        }
        items.append(
            Item(
                key,
                lines[key.meeting],
                each,
                person,
                units.get(person.unit, "") if person else "",
                names,
                opening.words_of(contents.get(each.detail or "")),
                words,
                tuple(name for name in _named_by(each) if opening.picture_of(contents.get(name))),
                each.due_ms is not None
                and each.due_ms < at_ms
                and "document_pending" in each.flags,
            )
        )
    return items


def _named_by(asked: Request) -> list[str]:
    """Return the details that a request and its turns name."""
    named = (asked.detail, *(turn.detail for turn in asked.turns))
    return [sha256 for sha256 in named if sha256]


def _found(connection: Connection, meeting: str, state: str) -> list[tuple[StreamKey, Request]]:
    """Return the requests of the meetings that matter now, at the points that are asked."""
    at_ms, own = now_ms(), access.who()
    lines = [
        line
        for line in directory.meetings(connection, at_ms, own.point)
        if (line.id == meeting if meeting else _is_news(line, at_ms))
    ]
    keys = []
    for line in lines:
        if state == "pending":  # which the board's rows count, so that few streams are judged
            rows = standings.board_of(connection, line.id).points
            keys += [
                StreamKey(line.id, row.point)
                for row in rows
                if row.pending or row.counts.wrong_composition
            ]
        else:
            keys += streams.of_meeting(connection, line.id)
    if own.point is not None:
        keys = [key for key in keys if key.point == own.point]
    by = own.person if own.role is Profile.CHAIR else None
    found = standings.requests_of(connection, sorted(keys), by=by, at_ms=at_ms)
    if own.unit is not None:
        members = {each.person for each in roster.facts_of(connection, unit=own.unit)}
        found = [(key, each) for key, each in found if each.person in members]
    wanted = [(key, each) for key, each in found if state in {"all", each.state}]
    starts = {line.id: line.starts_at for line in lines}
    return sorted(
        wanted,
        key=lambda pair: (not pair[1].is_reserved, starts[pair[0].meeting], pair[1].at_ms),
    )


def _is_news(line: MeetingLine, at_ms: int) -> bool:
    return not line.cancelled and to_ms(line.ends_at) > at_ms - RECENT_MS


def _concerned(connection: Connection, sha256: str) -> set[str]:
    """Return on whose requests a detail is. Raises: UnknownDetail, Forbidden.

    Headquarters and the auditor open any; a chair those of the point, a secretary of a unit those
    of its people.
    """
    own, at_ms, people = access.who(), now_ms(), set()
    told = details.told_with(connection, sha256)
    if not told:
        raise UnknownDetail(sha256=sha256)
    for meeting, record_id in told:
        keys = [
            k for k in standing_in(connection, meeting, [record_id]) if own.point in {None, k.point}
        ]
        for key, each in standings.requests_of(connection, keys, by=None, at_ms=at_ms):
            if sha256 in _named_by(each) and _may_open(own, key, each):
                people.add(each.person)
    if own.unit is not None:
        people &= {each.person for each in roster.facts_of(connection, unit=own.unit)}
    if not people and (own.point, own.unit) != (None, None):
        raise access.refusal(Action.READ_DETAIL)
    return people


def _may_open(own: Who, key: StreamKey, asked: Request) -> bool:
    """Keep from a chair why somebody asks elsewhere, or whose leave is headquarters' to decide."""
    if own.role is not Profile.CHAIR or asked.person == own.person:
        return True
    return key.point == own.point and not asked.is_reserved


class Target(NamedTuple):
    """A request as a form names it, with the state in which whoever decides has seen it."""

    key: StreamKey
    record_id: str
    state: str


def _target(spelled: str) -> Target:
    """Read what a form names. Raises: BadForm."""
    parts = spelled.split("/")
    if len(parts) != len(("meeting", "point", "id", "state")) or not all(parts):
        raise BadForm(fault=say("form.choice", field=say("field.do"), value=spelled[:40]))
    meeting, point, record_id, state = parts
    return Target(StreamKey(meeting, point), record_id, state)
