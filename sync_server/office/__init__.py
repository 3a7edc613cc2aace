"""The office: server-rendered pages for signed-in people with roles."""

from flask import Blueprint, Response, g
from flask_wtf.csrf import CSRFProtect

from sync_server.domain.records.permissions import Action
from sync_server.office import access, formatting, forms
from sync_server.office.formatting import babel
from sync_server.office.halls import device_list, held_records, point, queue_import, seats
from sync_server.office.meetings import (
    arrangements,
    board,
    evaluation,
    meeting_list,
    proposals,
    rolls,
    urgent,
)
from sync_server.office.people import card_sheet, leave_requests, person
from sync_server.office.system import account_list, audit_log, my_account, publishing, sign_in

__all__ = ["babel", "blueprint", "csrf"]

blueprint = Blueprint("office", __name__, url_prefix="/van-phong")
for _page in (
    sign_in,
    meeting_list,
    board,
    leave_requests,
    point,
    seats,
    person,
    arrangements,
    proposals,
    rolls,
    device_list,
    card_sheet,
    held_records,
    queue_import,
    evaluation,
    publishing,
    account_list,
    audit_log,
    my_account,
    urgent,
):
    blueprint.register_blueprint(_page.blueprint)

csrf = CSRFProtect()
blueprint.before_request(access.clear_request_state)
blueprint.before_request(forms.refuse_nul)
blueprint.before_request(csrf.protect)
blueprint.after_request(access.log_request)

POLICY = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; "
    "img-src 'self'; object-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Scripts, styles and pictures load only from this server; no inline script or style runs."""
SANDBOX = "sandbox; default-src 'none'"
"""Opened details may come from anybody, so the browser shows them and runs nothing."""


@blueprint.after_request
def guard(response: Response) -> Response:
    """Keep personal data out of caches, frames and scripts of other sites."""
    is_page = response.mimetype == "text/html"
    response.headers["Content-Security-Policy"] = POLICY if is_page else SANDBOX
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


@blueprint.context_processor
def frame() -> dict[str, object]:
    """Give every page the signed-in account, the list of actions, and headquarters' urgent matters.

    The page of an internal error gets nothing, since the cause would fail again while it renders.
    """
    if g.get("is_fault"):
        return {}
    current_account = access.account_if_signed_in()
    return {
        "who": current_account,
        "Action": Action,
        "needs": urgent.urgent_matters() if access.may(Action.RULE) else None,
    }


formatting.init(blueprint)
