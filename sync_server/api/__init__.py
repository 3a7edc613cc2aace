"""`/api/v1`: parse, authorise, call, serialise. The contract is docs/api.md."""

from flask import Blueprint

from sync_server.api import details, enrolment, health, meetings, sync

blueprint = Blueprint("api", __name__)
blueprint.register_blueprint(health.blueprint)
for routes in (details, enrolment, meetings, sync):
    blueprint.register_blueprint(routes.blueprint, url_prefix="/api/v1")
