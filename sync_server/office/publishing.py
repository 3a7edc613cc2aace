"""What of the portal is published: the releases that are kept, and going back to one."""

from flask import Blueprint, current_app, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from sync_server import served
from sync_server.clocks import now_ms
from sync_server.config import Settings
from sync_server.database import reading, write
from sync_server.domain.permissions import Action
from sync_server.messages import say
from sync_server.office import access
from sync_server.office.access import allowed
from sync_server.storage import releases as kept_releases

blueprint = Blueprint("publishing", __name__)


@blueprint.get("/cong-bo")
@allowed(Action.PUBLISH)
def releases() -> str:
    """List the releases that are kept, and which is served."""
    settings: Settings = current_app.config["SETTINGS"]
    with reading() as connection:
        found = kept_releases.listed(connection, now_ms())
        current = served.current(connection, settings.site_dir, now_ms())
        published = kept_releases.current(connection, now_ms())
    return render_template(
        "releases.html", releases=found, current=current, is_own=published is None
    )


@blueprint.post("/cong-bo/<release>")
@allowed(Action.PUBLISH)
def activate(release: str) -> Response:
    """Serve a kept release from now on. Raises: UnknownRelease."""
    at_ms = now_ms()
    write(lambda c: kept_releases.activate(c, release, from_ms=at_ms, now_ms=at_ms))
    access.about(release)
    flash(say("publishing.done", release=release[:12]))
    return redirect(url_for("office.publishing.releases"))
