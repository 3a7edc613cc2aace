"""The audit log, filtered: who saw what is personal, who did what, and what was refused."""

from datetime import timedelta

from flask import Blueprint, render_template, request

from sync_server.clocks import now_ms
from sync_server.database import reading
from sync_server.domain.permissions import Action
from sync_server.errors import BadForm
from sync_server.messages import say
from sync_server.office.access import allowed
from sync_server.office.shown import from_input
from sync_server.office.sign_in import SIGN_IN, SIGN_OUT
from sync_server.storage import accounts, audit
from sync_server.storage.audit import ILLEGIBLE, Asked

blueprint = Blueprint("audit_log", __name__)

PAGE = 100
DAY_MS = round(timedelta(days=1).total_seconds() * 1000)
OTHERS = (SIGN_IN, SIGN_OUT, ILLEGIBLE)


@blueprint.get("/nhat-ky")
@allowed(Action.READ_AUDIT)
def index() -> str:
    """Show the log, the latest first."""
    given = request.args
    place = given.get("trang", "1")
    at = int(place) if place.isascii() and place.isdecimal() and len(place) < 5 else 1
    asked = Asked(
        who=given.get("ai", "").strip(),
        action=given.get("viec", ""),
        about=given.get("ve", "").strip(),
        from_ms=_day(given.get("tu", "")) or 0,
        until_ms=(_day(given.get("den", "")) or now_ms()) + DAY_MS,
        only_acts="chi-viec-lam" in given,
    )
    with reading() as connection:
        lines = audit.read(connection, asked, limit=PAGE + 1, skip=(at - 1) * PAGE)
        people = accounts.everybody(connection)
    return render_template(
        "audit.html",
        lines=lines[:PAGE],
        has_more=len(lines) > PAGE,
        page=at,
        asked=asked,
        given=given,
        people=people,
        actions=[*(each.value for each in Action), *OTHERS],
        query={k: v for k, v in given.items() if k != "trang"},
    )


def _day(text: str) -> int | None:
    try:
        return from_input(text)
    except ValueError:
        raise BadForm(fault=say("form.moment", field=say("field.day"), value=text[:20])) from None
