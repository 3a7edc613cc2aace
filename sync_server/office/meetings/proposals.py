"""Pages on changes in the published portal, which headquarters accepts or declines.

The portal is a public website that editors write. It proposes meetings, units and halls, but a
proposal has no effect until headquarters accepts it.
"""

from typing import NamedTuple

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from msgspec.structs import replace
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from sync_server.acts import arrangements, places
from sync_server.clocks import now_ms
from sync_server.config import Settings
from sync_server.database import transaction
from sync_server.domain.records.codes import MINUTE_MS, to_ms
from sync_server.domain.records.permissions import Action
from sync_server.errors import UnknownMeeting
from sync_server.messages import say
from sync_server.office import access
from sync_server.office.access import allowed
from sync_server.office.formatting import format_moment
from sync_server.office.menus import Menu
from sync_server.storage import directory
from sync_server.storage.directory import PublishedDirectory, PublishedMeeting
from sync_server.storage.ledger import standings, streams
from sync_server.web import served_portal

blueprint = Blueprint("proposals", __name__)


class Difference(NamedTuple):
    """A difference between a meeting as headquarters accepted it and as the portal publishes it.

    The portal is the public website. `what` is the Vietnamese name of what differs, such as the
    title. `before` is the accepted value, and `after` the published value; both are texts for
    display.
    """

    what: str
    before: str
    after: str


class Proposal(NamedTuple):
    """A meeting on the published portal that is new, or differs from the server's stored meeting.

    Headquarters may take the meeting over from the portal, which is the public website.
    `differences` is empty if the meeting is new. `is_over` is True if the meeting has ended.
    """

    meeting: PublishedMeeting
    is_new: bool
    is_over: bool
    differences: list[Difference]


@blueprint.get("/de-nghi")
@allowed(Action.READ_ARRANGEMENTS, menu=Menu(6, "proposals.title"))
def index() -> str:
    """Return the page with all differences between the published portal and the office's data.

    The portal is the public website. The data concern meetings, units and halls. Raises:
    ReleaseMalformed if the portal's data cannot be read.
    """
    connection = transaction()
    proposals = read_proposals(connection, with_answered=True)
    return render_template(
        "meetings/proposals.html",
        proposals=proposals,
        places=places.differences(connection, read_published(connection)),
    )


@blueprint.post("/de-nghi")
@allowed(Action.ARRANGE)
def answer_places() -> Response:
    """Take over the units and halls from the published portal, or decline the differences.

    The portal is the public website. The units and halls are stored in the server's data if the
    form contains `do=accept`. Declined differences are no longer announced, but later changes in
    the portal are. Redirect to the list of proposals. Raises: ReleaseMalformed if the portal's data
    cannot be read.
    """
    connection = transaction()
    published = read_published(connection)
    if request.form.get("do") == "accept":
        count = places.take(connection, published)
        access.log_subjects(say("proposals.places.done", count=count))
        flash(say("proposals.places.done", count=count))
    else:
        seen = places.fingerprint(places.differences(connection, published))
        directory.note_answer(connection, places.PORTAL, seen)
        access.log_subjects(say("proposals.places.leave"))
    return redirect(url_for("office.proposals.index"))


@blueprint.post("/de-nghi/<meeting>")
@allowed(Action.ARRANGE)
def answer(meeting: str) -> Response:
    """Accept a meeting as the portal (the public website) publishes it, or decline the proposal.

    The meeting is accepted if the form contains `do=accept`. A declined proposal is announced again
    only after its next change. Redirect to the page that summons people to the accepted meeting, or
    to the list of proposals. Raises: UnknownMeeting if the portal does not publish the meeting;
    ReleaseMalformed if the portal's data cannot be read.
    """
    at_ms = now_ms()
    is_accepted = request.form.get("do") == "accept"

    connection = transaction()
    published_directory = read_published(connection)
    published_meeting = next(
        (entry for entry in published_directory.meetings if entry.id == meeting), None
    )
    if published_meeting is None:
        raise UnknownMeeting(meeting=meeting)
    if is_accepted:
        directory.add_places(connection, published_directory.units, published_directory.points)
        writer = access.signed_in_account().writer
        count = arrangements.accept_meeting(
            connection, _with_its_halls(connection, published_meeting), at_ms, writer
        )
        flash(say("proposals.accepted", title=published_meeting.title, count=count))
        access.log_subjects(meeting)
        return redirect(url_for("office.rolls.page", meeting=meeting))
    directory.answer(connection, published_meeting)
    access.log_subjects(meeting)
    return redirect(url_for("office.proposals.index"))


def read_proposals(connection: Connection, *, with_answered: bool = False) -> list[Proposal]:
    """Return the meetings on the portal that are new or differ from what headquarters has accepted.

    The portal is the public website. Meetings that are over, and those whose published version
    headquarters has already accepted or declined, are included only if `with_answered` is True.
    Meetings that are over come last; within both groups, the earliest start comes first. Raises:
    ReleaseMalformed if the portal's data cannot be read.
    """
    proposals = []
    for published_meeting in read_published(connection).meetings:
        is_over = to_ms(published_meeting.ends_at) < now_ms()
        if not with_answered and (is_over or directory.is_answered(connection, published_meeting)):
            continue
        summary = directory.meeting(connection, published_meeting.id, now_ms())
        differences = _differences(connection, published_meeting) if summary else []
        if summary is None or differences:
            proposals.append(Proposal(published_meeting, summary is None, is_over, differences))
    return sorted(proposals, key=lambda proposal: (proposal.is_over, proposal.meeting.starts_at))


def places_differ(connection: Connection) -> bool:
    """Return whether the units and halls on the portal differ from those stored in the database.

    The portal is the public website. Differences that headquarters has already declined do not
    count. Raises: ReleaseMalformed if the portal's data cannot be read.
    """
    differences = places.differences(connection, read_published(connection))
    if not differences:
        return False
    return directory.last_answer(connection, places.PORTAL) != places.fingerprint(differences)


def read_published(connection: Connection) -> PublishedDirectory:
    """Return the units, halls and meetings on the published portal (the public website).

    The result is empty if no portal is published. Raises: ReleaseMalformed if the portal's data
    cannot be read.
    """
    settings: Settings = current_app.config["SETTINGS"]
    published_directory = served_portal.published_directory(connection, settings.site_dir, now_ms())
    return published_directory or PublishedDirectory((), (), ())


def _differences(connection: Connection, published_meeting: PublishedMeeting) -> list[Difference]:
    summary = arrangements.require_meeting(connection, published_meeting.id, now_ms())
    current = arrangements.points_of(connection, published_meeting.id)
    offered = _with_its_halls(connection, published_meeting)
    proposed = sorted(offered.points or directory.point_codes(connection))
    grace = 0
    for key in streams.of_meeting(connection, published_meeting.id)[:1]:
        if standing := standings.read(connection, key):
            grace = standing.terms.grace_ms // MINUTE_MS
    pairs = {
        "title": (summary.title, published_meeting.title),
        "starts_at": (
            format_moment(to_ms(summary.starts_at)),
            format_moment(to_ms(published_meeting.starts_at)),
        ),
        "ends_at": (
            format_moment(to_ms(summary.ends_at)),
            format_moment(to_ms(published_meeting.ends_at)),
        ),
        "grace_minutes": (str(grace), str(published_meeting.grace_minutes)),
        "points": (_describe_points(current, proposed), _describe_points(proposed, current)),
    }
    return [
        Difference(say(f"fact.{what}"), before, after)
        for what, (before, after) in pairs.items()
        if before != after
    ]


def _with_its_halls(connection: Connection, published: PublishedMeeting) -> PublishedMeeting:
    """Return a published meeting, with its halls added if it is over and the portal names none.

    The portal is the public website. A meeting for which it names no halls takes place in all
    halls. Without the addition, a hall created after the meeting would appear as a change that the
    portal proposes.
    """
    is_over = to_ms(published.ends_at) < now_ms()
    points = tuple(arrangements.points_of(connection, published.id))
    if published.points or not is_over or not points:
        return published
    return replace(published, points=points)


def _describe_points(points: list[str], other_points: list[str]) -> str:
    """Return the number of halls in `points`, and the hall codes that only `points` contains.

    The result is a text. Both arguments are lists of hall codes.
    """
    extra = ", ".join(point for point in points if point not in other_points)
    return say("fact.points.count", count=len(points)) + (f": {extra}" if extra else "")
