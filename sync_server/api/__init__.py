"""Register the HTTP API: the routes under `/api/v1` and the health checks (docs/api.md)."""

from flask import Blueprint

from sync_server.api import (
    callers,
    details,
    enrolment,
    health,
    meetings,
    metrics,
    openapi,
    releases,
    sync,
)
from sync_server.web.hosts import refuse_nul

blueprint = Blueprint("api", __name__)


blueprint.before_request(refuse_nul)
blueprint.after_request(callers.log_access)
blueprint.register_blueprint(health.blueprint)
blueprint.register_blueprint(metrics.blueprint)
for routes in (details, enrolment, meetings, openapi, releases, sync):
    blueprint.register_blueprint(routes.blueprint, url_prefix="/api/v1")
