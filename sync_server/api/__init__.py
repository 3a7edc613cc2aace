"""The HTTP API: the routes under `/api/v1` and the health checks. Contract: docs/api.md."""

from flask import Blueprint, request

from sync_server.api import callers, details, enrolment, health, meetings, releases, sync
from sync_server.errors import NotFound

blueprint = Blueprint("api", __name__)


@blueprint.before_request
def refuse_nul_characters() -> None:
    """Answer 404 if the address holds a NUL character, which PostgreSQL cannot compare."""
    if any("\x00" in str(value) for value in (request.view_args or {}).values()):
        raise NotFound(path=request.path)


blueprint.after_request(callers.log_access)
blueprint.register_blueprint(health.blueprint)
for routes in (details, enrolment, meetings, releases, sync):
    blueprint.register_blueprint(routes.blueprint, url_prefix="/api/v1")
