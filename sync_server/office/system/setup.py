"""The page on which a new installation gets its first account and the organisation's name.

The page's address contains a code that `flask setup` prints. The page works only as long as there
is no account, so nobody can use an old address.
"""

from flask import (
    Blueprint,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from sync_server.acts import account_rules, first_setup
from sync_server.clocks import now_ms
from sync_server.config import Settings
from sync_server.database import reading, write
from sync_server.domain.records.permissions import Profile
from sync_server.errors import BadForm, NotFound
from sync_server.messages import say
from sync_server.office import forms
from sync_server.storage import organisation
from sync_server.storage.access import accounts, audit, sessions
from sync_server.storage.access.accounts import Account
from sync_server.storage.organisation import MAX_WORDS, Organisation
from sync_server.web import rate_limits
from sync_server.web.session_cookies import TOKEN

blueprint = Blueprint("setup", __name__)

SETUP = "setup"
REDIRECT = 302


@blueprint.get("/thiet-lap")
def page() -> str:
    """Return the page with the form for the first account and the organisation's name.

    Raises: NotFound if the query contains no valid code for the setup, or if there is already an
    account.
    """
    with reading() as connection:
        _check_code(connection)
    return render_template("system/setup.html")


@blueprint.post("/thiet-lap")
def put() -> Response:
    """Create headquarters' first account, store the organisation's name, and sign the account in.

    Redirect to the page of the account, on which the user sets up one-time codes. Raises: NotFound
    without a valid code; BadForm if a field is wrong or the password is weak.
    """
    rate_limits.count_attempt(rate_limits.NEW_PASSWORD)
    with reading() as connection:
        _check_code(connection)
    account = Account(forms.required_text("name", longest=32).lower(), Profile.HEADQUARTERS)
    password, again = forms.password("password"), forms.password("password_again")
    words = Organisation(
        parent=forms.text("parent", longest=MAX_WORDS),
        name=forms.required_text("organisation_name", longest=MAX_WORDS),
        place=forms.text("place", longest=80),
    )
    if password != again:
        raise BadForm(fault=say("setup.passwords_differ"))
    with reading() as connection:
        if fault := account_rules.fault_of(connection, account, password):
            raise BadForm(fault=fault)
    hashed = accounts.hash_password(password)  # hashing is slow and must not block writers
    at_ms, address = now_ms(), request.remote_addr or "?"

    def work(c: Connection) -> str:
        _check_code(c)
        accounts.put_hashed(c, account, hashed, must_change=False)
        organisation.put(c, words, at_ms)
        entry = audit.AuditEntry(
            at_ms, account.name, SETUP, True, REDIRECT, request.path, words.name
        )
        audit.note(c, entry)
        browser = request.user_agent.string
        return sessions.start(c, account.name, browser=browser, address=address, now_ms=at_ms)

    token = write(work)
    session.clear()
    session[TOKEN] = token
    session.permanent = True
    flash(say("setup.done"))
    return redirect(url_for("office.my_account.page"))


def _check_code(connection: Connection) -> None:
    """Check that the query contains a valid code, and that there is no account yet.

    Raises: NotFound otherwise, so that strangers do not learn that the page exists.
    """
    settings: Settings = current_app.config["SETTINGS"]
    if not first_setup.is_valid(connection, settings.secret_key, request.args.get("ma", "")):
        raise NotFound(path=request.path)
