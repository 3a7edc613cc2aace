"""Build the office: the web pages for signed-in users, under the address `/van-phong`.

Every Flask `blueprint` (a group of pages) that a module of this package defines is registered when
the package is imported.
"""

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
from sync_server.storage import purpose
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
"""The content security policy of the office's pages. Scripts, styles and images load only from this
server. The browser does not run inline scripts or apply inline styles."""
SANDBOX = "sandbox; default-src 'none'"
"""The content security policy of every response that is not a page, such as a file attached to a
request for leave. The file may come from anybody, so the browser shows it but runs no scripts in
it."""


@blueprint.after_request
def guard(response: Response) -> Response:
    """Add the security headers to a response of the office, and return the same response.

    Browsers must not store the pages, because the pages contain personal data. Other websites
    cannot embed a page, and a link from a page to another website does not reveal the page's
    address.
    """
    is_page = response.mimetype == "text/html"
    response.headers.setdefault("Content-Security-Policy", POLICY if is_page else SANDBOX)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


@blueprint.context_processor
def frame() -> dict[str, object]:
    """Return the variables that every template of the office's web pages can use.

    `who` is the signed-in account or None, and `menu` contains the account's menu entries. `needs`
    lists urgent matters, such as records on which headquarters must decide, if the account belongs
    to headquarters, and is None otherwise. `is_demonstration` is True if all people in the database
    are invented. The page for an internal error gets no variables, because reading them could fail
    again.
    """
    if g.get("is_fault"):
        return {}
    # An error page is built after the request's transaction has ended.
    with reading() as connection:
        current_account = access.account_if_signed_in()
        return {
            "who": current_account,
            "is_demonstration": purpose.is_demonstration(connection),
            "menu": main_menu(current_account) if current_account else [],
            "needs": urgent.urgent_matters() if access.may(Action.RULE) else None,
        }


formatting.init(blueprint)
