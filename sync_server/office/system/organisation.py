"""Pages that set the details of the organisation that issues reports, such as its name.

Every version of the details is valid from the time at which it was saved.
"""

from typing import Literal, get_args

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from sync_server.clocks import now_ms
from sync_server.database import transaction
from sync_server.domain.records.permissions import Action
from sync_server.messages import say
from sync_server.office import access, forms
from sync_server.office.access import allowed
from sync_server.storage import organisation
from sync_server.storage.organisation import MAX_WORDS, Organisation

blueprint = Blueprint("organisation", __name__)

Spelling = Literal["uỷ", "ủy"]
SPELLINGS: tuple[Spelling, ...] = get_args(Spelling)
MOST_RECIPIENTS = 12


@blueprint.get("/to-chuc")
@allowed(Action.ARRANGE)
def page() -> str:
    """Return the page with the form for the details of the organisation that issues reports."""
    return render_template(
        "system/organisation.html",
        organisation=organisation.current(transaction(), now_ms()),
        spellings=SPELLINGS,
    )


@blueprint.post("/to-chuc")
@allowed(Action.ARRANGE)
def put() -> Response:
    """Store the details of the organisation that issues reports, as entered in the form.

    New reports contain these details; earlier reports stay unchanged. Redirect to the page of the
    organisation. Raises: BadForm if a field is wrong.
    """
    recipients = forms.text("recipients").replace("\r\n", "\n").splitlines()
    words = Organisation(
        parent=forms.text("parent", longest=MAX_WORDS),
        name=forms.required_text("organisation_name", longest=MAX_WORDS),
        symbol=forms.text("symbol", longest=20),
        place=forms.text("place", longest=80),
        body=forms.text("body", longest=MAX_WORDS),
        signer_office=forms.text("signer_office", longest=MAX_WORDS),
        recipients=tuple(line.strip(" -;") for line in recipients if line.strip())[
            :MOST_RECIPIENTS
        ],
        spelling=forms.one_of("spelling", SPELLINGS),
    )
    organisation.put(transaction(), words, now_ms())
    access.log_subjects(words.name)
    flash(say("organisation.saved"))
    return redirect(url_for("office.organisation.page"))
