"""The office: server-rendered pages for signed-in people with roles."""

from datetime import datetime, timedelta, timezone

from flask import Blueprint, Response
from flask_wtf.csrf import CSRFProtect

from sync_server.messages import number, rate, say
from sync_server.office import board, cards, queues, sign_in

blueprint = Blueprint("office", __name__, url_prefix="/van-phong")
blueprint.register_blueprint(sign_in.blueprint)
blueprint.register_blueprint(board.blueprint)
blueprint.register_blueprint(cards.blueprint)
blueprint.register_blueprint(queues.blueprint)

csrf = CSRFProtect()
blueprint.before_request(csrf.protect)

VIETNAM = timezone(timedelta(hours=7), "+07:00")

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
"""Nothing but our own style sheet and pictures; no script yet, so none is allowed."""


@blueprint.after_request
def guard(response: Response) -> Response:
    """Keep what is personal out of caches, frames and other people's scripts."""
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


@blueprint.app_template_filter("moment")
def moment(instant: str | None, form: str = "%H:%M %d/%m/%Y") -> str:
    """Show an instant as Vietnamese people write it, in their time; an en dash for none."""
    if instant is None:
        return "–"
    return datetime.fromisoformat(instant).astimezone(VIETNAM).strftime(form)


blueprint.add_app_template_global(say, "say")
blueprint.add_app_template_global(rate, "rate")
blueprint.add_app_template_filter(number, "number")
