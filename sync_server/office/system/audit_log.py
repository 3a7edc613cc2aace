"""The page that filters and shows the audit log of views, acts and refusals."""

import re
from collections.abc import Mapping

from flask import Blueprint, render_template, request

from sync_server.clocks import now_ms
from sync_server.database import transaction
from sync_server.domain.records.codes import DAY_MS
from sync_server.domain.records.permissions import Action
from sync_server.errors import BadForm
from sync_server.messages import say
from sync_server.office import access, forms
from sync_server.office.access import allowed
from sync_server.office.formatting import parse_input
from sync_server.office.menus import Menu
from sync_server.office.system.setup import SETUP
from sync_server.office.system.sign_in import SIGN_IN, SIGN_OUT
from sync_server.storage.access import accounts, audit
from sync_server.storage.access.audit import ILLEGIBLE, PURGE, REFUSED_CALL, AuditFilter
from sync_server.storage.people import roster

blueprint = Blueprint("audit_log", __name__)

PAGE_SIZE = 100
_HASH = re.compile(r"\b[0-9a-f]{64}\b")
OTHER_ACTIONS = (SETUP, SIGN_IN, SIGN_OUT, ILLEGIBLE, REFUSED_CALL, PURGE)


@blueprint.get("/nhat-ky")
@allowed(Action.READ_AUDIT, menu=Menu(11, "audit.title"))
def index() -> str:
    """Return one page of the audit log with the entries that match the query, the latest first.

    The query may name the account (`ai`), the action (`viec`), the first and last day (`tu`, `den`)
    and the page (`trang`). It may also contain a text (`ve`) that the subject of an entry, such as
    a person's code, must contain. Raises: BadForm if a day is not a date.
    """
    arguments = request.args
    page = forms.requested_page()
    audit_filter = AuditFilter(
        who=arguments.get("ai", "").strip(),
        action=arguments.get("viec", ""),
        about=arguments.get("ve", "").strip(),
        from_ms=_parse_day(arguments.get("tu", "")) or 0,
        until_ms=(_parse_day(arguments.get("den", "")) or now_ms()) + DAY_MS,
        only_acts="chi-viec-lam" in arguments,
    )
    connection = transaction()
    entries = audit.read(connection, audit_filter, limit=PAGE_SIZE + 1, skip=(page - 1) * PAGE_SIZE)
    names = roster.names_of(connection, {code for entry in entries for code in entry.about.split()})
    access.log_subjects(*sorted(names))
    all_accounts = accounts.all_accounts(connection)
    return render_template(
        "system/audit_log.html",
        lines=[(entry, _readable(entry.about, names)) for entry in entries[:PAGE_SIZE]],
        has_more=len(entries) > PAGE_SIZE,
        page=page,
        asked=audit_filter,
        given=arguments,
        people=all_accounts,
        actions=[*(action.value for action in Action), *OTHER_ACTIONS],
        query={k: v for k, v in arguments.items() if k != "trang"},
    )


def _readable(about: str, names: Mapping[str, str]) -> str:
    """Return the subjects of an audit log entry with people's names after their codes.

    `about` contains the subjects, such as person codes and hashes, separated by spaces. `names`
    contains the names by person code. Hashes of 64 digits are shortened to 8 digits.
    """
    return " ".join(
        f"{word} ({names[word]})" if word in names else _HASH.sub(_short_hash, word)
        for word in about.split()
    )


def _short_hash(match: re.Match[str]) -> str:
    return say("audit.detail", start=match[0][:8])


def _parse_day(text: str) -> int | None:
    try:
        return parse_input(text)
    except ValueError:
        raise BadForm(fault=say("form.moment", field=say("field.day"), value=text[:20])) from None
