"""The office: server-rendered pages for signed-in people with roles."""

import pkgutil
from importlib import import_module

from flask import Blueprint, Response, g
from flask_wtf.csrf import CSRFProtect

from sync_server.database import reading
from sync_server.domain.records.permissions import Action
from sync_server.office import access, formatting
from sync_server.office.formatting import babel
from sync_server.office.meetings import urgent
from sync_server.office.menus import main_menu
from sync_server.web.hosts import refuse_nul

__all__ = ["babel", "blueprint", "csrf"]

blueprint = Blueprint("office", __name__, url_prefix="/van-phong")
for _module in pkgutil.walk_packages(__path__, f"{__name__}."):
    if _page := getattr(import_module(_module.name), "blueprint", None):
        blueprint.register_blueprint(_page)

csrf = CSRFProtect()
blueprint.before_request(access.clear_request_state)
blueprint.before_request(refuse_nul)
blueprint.before_request(csrf.protect)
blueprint.after_request(access.log_failure)

POLICY = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; "
    "img-src 'self'; object-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Scripts, styles and pictures load only from this server; no inline script or style runs."""
SANDBOX = "sandbox; default-src 'none'"
"""Opened details may come from anybody, so the browser shows them and runs nothing."""


@blueprint.after_request
def guard(response: Response) -> Response:
    """Add the headers that keep personal data out of caches, and other sites out of the pages."""
    is_page = response.mimetype == "text/html"
    response.headers.setdefault("Content-Security-Policy", POLICY if is_page else SANDBOX)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


@blueprint.context_processor
def frame() -> dict[str, object]:
    """Give every page the signed-in account, its menu, and headquarters' urgent matters.

    The page of an internal error gets none of these, since reading them could fail again.
    """
    if g.get("is_fault"):
        return {}
    with reading():  # an error page runs after its transaction ended
        current_account = access.account_if_signed_in()
        return {
            "who": current_account,
            "menu": main_menu(current_account) if current_account else [],
            "needs": urgent.urgent_matters() if access.may(Action.RULE) else None,
        }


formatting.init(blueprint)
