"""Pages that issue personal cards, with QR codes for check-in, printed ten to an A4 sheet."""

from collections.abc import Sequence
from typing import NamedTuple

from flask import Blueprint, render_template, request
from markupsafe import Markup
from sqlalchemy import Connection

from sync_server.clocks import now_ms
from sync_server.database import transaction
from sync_server.domain.records.permissions import Action
from sync_server.errors import UnknownPerson
from sync_server.office import access
from sync_server.office.access import allowed
from sync_server.office.menus import Menu
from sync_server.office.qr_codes import draw_qr_code
from sync_server.storage import directory
from sync_server.storage.people import cards, roster
from sync_server.storage.people.roster import RosterPerson

blueprint = Blueprint("card_sheet", __name__)

PER_SHEET = 10


class PrintedCard(NamedTuple):
    """A personal card to print, which identifies a person at check-in.

    `unit` is the name of the person's unit. `code` is the card's secret code, which is shown only
    once, and `picture` is the code as a QR code.
    """

    person: RosterPerson
    unit: str
    code: str
    picture: Markup


@blueprint.get("/the")
@allowed(Action.ISSUE_CARDS, menu=Menu(7, "office.cards"))
def form() -> str:
    """Return the page with the form for choosing the people who get new cards."""
    connection = transaction()
    units = directory.unit_names(connection)
    return render_template("people/card_form.html", units=units)


@blueprint.post("/the")
@allowed(Action.ISSUE_CARDS)
def issue() -> str:
    """Issue new cards to one person or to the people of a unit.

    Return the page with the sheets to print. The form contains the person's code or the unit's
    code. A new card replaces the old one. In a unit, people who already have a card get a new one
    only if the form contains `all`. Raises: UnknownPerson if no person has this code.
    """
    code, unit = request.form.get("person", "").strip().upper(), request.form.get("unit", "")
    at_ms, connection = now_ms(), transaction()
    units = directory.unit_names(connection)
    if code:
        recipients = [_require_person(roster.find_person(connection, code, at_ms=at_ms), code)]
    else:
        recipients = roster.list_people(connection, unit=unit, at_ms=at_ms)
    replaces_cards = bool(code) or "all" in request.form
    people = [recipient.person for recipient in recipients]
    codes = _issue(connection, people=people, replaces_cards=replaces_cards, at_ms=at_ms)
    access.log_subjects(*codes)
    printed = [
        PrintedCard(
            recipient,
            units.get(recipient.unit, recipient.unit),
            codes[recipient.person],
            draw_qr_code(codes[recipient.person]),
        )
        for recipient in recipients
        if recipient.person in codes
    ]
    sheets = [printed[start : start + PER_SHEET] for start in range(0, len(printed), PER_SHEET)]
    return render_template("people/card_sheet.html", sheets=sheets, count=len(printed))


def _require_person(person: RosterPerson | None, code: str) -> RosterPerson:
    if person is None:
        raise UnknownPerson(person=code)
    return person


def _issue(
    connection: Connection, people: Sequence[str], replaces_cards: bool, at_ms: int
) -> dict[str, str]:
    if not replaces_cards:  # inside the transaction, so no other user can issue cards meanwhile
        people_with_card = cards.hashes_of(connection, people)
        people = [person for person in people if person not in people_with_card]
    codes = cards.issue(connection, people, now_ms=at_ms)
    roster.refresh_revs(connection, people)
    return codes
