"""Pages that list the stored releases (versions) of the public portal and activate one of them."""

from flask import Blueprint, current_app, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from sync_server.clocks import now_ms
from sync_server.config import Settings
from sync_server.database import transaction
from sync_server.domain.records.permissions import Action
from sync_server.messages import say
from sync_server.office import access
from sync_server.office.access import allowed
from sync_server.office.menus import Menu
from sync_server.storage.blobs import releases as stored_releases
from sync_server.web import served_portal

blueprint = Blueprint("publishing", __name__)


@blueprint.get("/cong-bo")
@allowed(Action.PUBLISH, menu=Menu(9, "publishing.title"))
def releases() -> str:
    """Return the page with the stored releases (versions) of the public portal.

    The page marks the release that is currently served.
    """
    settings: Settings = current_app.config["SETTINGS"]
    connection = transaction()
    listed_releases = stored_releases.list_releases(connection, now_ms())
    current = served_portal.current_release(connection, settings.site_dir, now_ms())
    published = stored_releases.current(connection, now_ms())
    return render_template(
        "system/publishing.html",
        releases=listed_releases,
        current=current,
        is_own=published is None,
    )


@blueprint.post("/cong-bo/<release>")
@allowed(Action.PUBLISH)
def activate(release: str) -> Response:
    """Serve the release of the portal with the id `release` from now on.

    A release is a stored version of the public website. Redirect to the list of releases. Raises:
    UnknownRelease if no release has this id.
    """
    at_ms = now_ms()
    stored_releases.activate(transaction(), release, from_ms=at_ms, now_ms=at_ms)
    access.log_subjects(release)
    flash(say("publishing.done", release=release[:12]))
    return redirect(url_for("office.publishing.releases"))
