"""What the published portal proposes of meetings: shown as a difference, accepted or left aside."""

from typing import NamedTuple

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from sync_server import served
from sync_server.clocks import now_ms
from sync_server.config import Settings
from sync_server.database import reading, write
from sync_server.domain.codes import MINUTE_MS, to_ms
from sync_server.domain.permissions import Action
from sync_server.errors import UnknownMeeting
from sync_server.messages import say
from sync_server.office import access, acts
from sync_server.office.access import allowed
from sync_server.office.shown import moment
from sync_server.storage import directory, standings, streams
from sync_server.storage.directory import MeetingFact, ReleaseFacts

blueprint = Blueprint("proposals", __name__)


class Difference(NamedTuple):
    """A fact as it is, and as the portal has it."""

    what: str
    before: str
    after: str


class Proposal(NamedTuple):
    """A meeting whose published facts are not those that count."""

    fact: MeetingFact
    is_new: bool
    differences: list[Difference]


@blueprint.get("/de-nghi")
@allowed(Action.READ_ARRANGEMENTS)
def index() -> str:
    """Show every difference between what is published and what counts."""
    with reading() as connection:
        found = differing(connection, with_answered=True)
    return render_template("proposals.html", proposals=found)


@blueprint.post("/de-nghi/<meeting>")
@allowed(Action.ARRANGE)
def answer(meeting: str) -> Response:
    """Accept what is published of a meeting, or leave it aside until it changes again."""
    at_ms = now_ms()
    is_accepted = request.form.get("do") == "accept"

    def work(c: Connection) -> None:
        facts = published(c)
        fact = next((each for each in facts.meetings if each.id == meeting), None)
        if fact is None:
            raise UnknownMeeting(meeting=meeting)
        if is_accepted:
            directory.put_places(c, facts.units, facts.points)
            acts.accept_meeting(c, fact, at_ms, access.who().writer)
        else:
            directory.answer(c, fact)

    access.about(meeting)
    write(work)
    return redirect(url_for("office.proposals.index"))


def differing(connection: Connection, *, with_answered: bool = False) -> list[Proposal]:
    """Return what is proposed; what is left aside, or over, only `with_answered`."""
    found = []
    for fact in published(connection).meetings:
        is_over = to_ms(fact.ends_at) < now_ms()
        if not with_answered and (is_over or directory.is_answered(connection, fact)):
            continue
        line = directory.meeting(connection, fact.id, now_ms())
        differences = _differences(connection, fact) if line else []
        if line is None or differences:
            found.append(Proposal(fact, line is None, differences))
    return found


def published(connection: Connection) -> ReleaseFacts:
    """Return what the portal that is served publishes; nothing where there is none."""
    settings: Settings = current_app.config["SETTINGS"]
    facts = served.facts(connection, settings.site_dir, now_ms())
    return facts or ReleaseFacts((), (), ())


def _differences(connection: Connection, fact: MeetingFact) -> list[Difference]:
    line = acts.must_know(connection, fact.id, now_ms())
    own = sorted(key.point for key in streams.of_meeting(connection, fact.id))
    proposed = sorted(fact.points or directory.point_codes(connection))
    grace = 0
    for key in streams.of_meeting(connection, fact.id)[:1]:
        if found := standings.read(connection, key):
            grace = found.terms.grace_ms // MINUTE_MS
    pairs = {
        "title": (line.title, fact.title),
        "starts_at": (moment(to_ms(line.starts_at)), moment(to_ms(fact.starts_at))),
        "ends_at": (moment(to_ms(line.ends_at)), moment(to_ms(fact.ends_at))),
        "grace_minutes": (str(grace), str(fact.grace_minutes)),
        "points": (_listed(own, proposed), _listed(proposed, own)),
    }
    return [
        Difference(say(f"fact.{what}"), before, after)
        for what, (before, after) in pairs.items()
        if before != after
    ]


def _listed(points: list[str], others: list[str]) -> str:
    """Return how many points these are, and which of them the others are not."""
    alone = ", ".join(each for each in points if each not in others)
    return say("fact.points.count", count=len(points)) + (f": {alone}" if alone else "")
