"""The office: server-rendered pages for signed-in people with roles."""

from flask import Blueprint, Response, g
from flask_wtf.csrf import CSRFProtect

from sync_server.domain.permissions import Action
from sync_server.office import (
    access,
    account,
    arranging,
    audit_log,
    board,
    cards,
    device_list,
    forms,
    held,
    home,
    inbox,
    needs,
    people,
    point,
    proposals,
    publishing,
    quality,
    queues,
    rolls,
    seats,
    shown,
    sign_in,
    users,
)
from sync_server.office.shown import babel

__all__ = ["babel", "blueprint", "csrf"]

blueprint = Blueprint("office", __name__, url_prefix="/van-phong")
for _page in (
    sign_in,
    home,
    board,
    inbox,
    point,
    seats,
    people,
    arranging,
    proposals,
    rolls,
    device_list,
    cards,
    held,
    queues,
    quality,
    publishing,
    users,
    audit_log,
    account,
    needs,
):
    blueprint.register_blueprint(_page.blueprint)

csrf = CSRFProtect()
blueprint.before_request(access.begin)
blueprint.before_request(forms.refuse_nul)
blueprint.before_request(csrf.protect)
blueprint.after_request(access.log)

POLICY = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; "
    "img-src 'self'; object-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Our own script, style sheet and pictures; nothing that stands in a page runs or paints."""
SANDBOX = "sandbox; default-src 'none'"
"""For what was sealed by anybody: shown, and nothing else."""


@blueprint.after_request
def guard(response: Response) -> Response:
    """Keep what is personal out of caches, frames and other people's scripts."""
    is_page = response.mimetype == "text/html"
    response.headers["Content-Security-Policy"] = POLICY if is_page else SANDBOX
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


@blueprint.context_processor
def frame() -> dict[str, object]:
    """Give every page who is signed in, the actions there are, and what needs headquarters.

    What tells of a fault of ours has no frame: what failed would fail again while it is drawn.
    """
    if g.get("is_fault"):
        return {}
    own = access.signed_in()
    return {
        "who": own,
        "Action": Action,
        "needs": needs.found() if access.may(Action.RULE) else None,
    }


shown.init(blueprint)
