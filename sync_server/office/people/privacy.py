"""Pages on one person's data: hand everything over to the person, or make it anonymous."""

from flask import Blueprint, Response, current_app, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response as AnyResponse

from sync_server.acts import privacy
from sync_server.clocks import now_ms
from sync_server.config import Settings
from sync_server.database import reading, transaction
from sync_server.domain.records.permissions import Action
from sync_server.errors import BadForm, UnknownPerson
from sync_server.messages import say
from sync_server.office import access, downloads, forms, sealed_details
from sync_server.office.access import allowed
from sync_server.storage.people import roster
from sync_server.storage.people.roster import ANONYMOUS, RosterPerson

blueprint = Blueprint("privacy", __name__)

ZIP = "application/zip"


@blueprint.get("/nguoi/<person>/du-lieu-ca-nhan")
@allowed(Action.ARRANGE)
def page(person: str) -> str:
    """Return the page on which a user exports a person's data or makes the data anonymous.

    `person` is the person's code. Raises: UnknownPerson if no person has this code.
    """
    stored = _must_find(person)
    access.log_subjects(person)
    return render_template(
        "people/privacy.html", person=stored, is_anonymous=stored.ended_why == ANONYMOUS
    )


@blueprint.post("/nguoi/<person>/du-lieu-ca-nhan")
@allowed(Action.ARRANGE, is_slow=True)
def export(person: str) -> Response:
    """Return everything stored about a person as a ZIP archive, and log the reason.

    `person` is the person's code. The user entered the reason in the form. Raises: UnknownPerson if
    there is no such person; BadForm if the reason is missing.
    """
    settings: Settings = current_app.config["SETTINGS"]
    reason = forms.required_text("reason", longest=500)
    with reading() as connection:
        exported = privacy.export(connection, _must_find(person), settings.seal_key)
    for sha256 in exported.opened:
        sealed_details.log_opening(sha256, person)
    access.log_subjects(person, say("privacy.exported"), f"({reason})")
    return downloads.file_download(exported.archive, f"du-lieu-ca-nhan-{person}.zip", ZIP)


@blueprint.post("/nguoi/<person>/an-danh")
@allowed(Action.ARRANGE)
def anonymise(person: str) -> AnyResponse:
    """Make a person's data anonymous, and redirect to the page on the person's data.

    `person` is the person's code, which the form must repeat. The form also contains the
    reason. Raises: UnknownPerson; BadForm if the repeated code differs, if the reason is
    missing, or if the person has not left or has an account.
    """
    stored, reason = _must_find(person), forms.required_text("reason", longest=500)
    if forms.person_code("again") != person:
        raise BadForm(fault=say("privacy.again_wrong", person=person))
    count = privacy.anonymise(transaction(), stored)
    access.log_subjects(person, say("privacy.made_anonymous", count=count), f"({reason})")
    flash(say("privacy.made_anonymous", count=count))
    return redirect(url_for("office.privacy.page", person=person))


def _must_find(code: str) -> RosterPerson:
    person = roster.find_person(transaction(), code, at_ms=now_ms())
    if person is None:
        raise UnknownPerson(person=code[:32])
    return person
