"""`/api/v1`: parse, authorise, call, serialise. The contract is docs/api.md."""

from flask import Blueprint, request

from sync_server.api import callers, details, enrolment, health, meetings, releases, sync
from sync_server.errors import NotFound

blueprint = Blueprint("api", __name__)


@blueprint.before_request
def refuse_nul_characters() -> None:
    """Refuse an address that holds a NUL: no code has one, and databases cannot compare it."""
    if any("\x00" in str(value) for value in (request.view_args or {}).values()):
        raise NotFound(path=request.path)


blueprint.after_request(callers.log_office_access)
blueprint.register_blueprint(health.blueprint)
for routes in (details, enrolment, meetings, releases, sync):
    blueprint.register_blueprint(routes.blueprint, url_prefix="/api/v1")
