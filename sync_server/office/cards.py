"""Personal cards: issued to a unit or to one person, and printed, ten to a sheet of A4."""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from flask import Blueprint, render_template, request
from markupsafe import Markup
from sqlalchemy import Connection

from sync_server.clocks import now_ms
from sync_server.database import reading, write
from sync_server.domain.permissions import Action
from sync_server.errors import UnknownPerson
from sync_server.office import access
from sync_server.office.access import allowed
from sync_server.office.qr_codes import picture
from sync_server.storage import cards, directory, roster
from sync_server.storage.roster import PersonLine

blueprint = Blueprint("cards", __name__)

PER_SHEET = 10


class Printed(NamedTuple):
    """A card as it is printed; its code is told this once."""

    person: PersonLine
    unit: str
    code: str
    picture: Markup


@blueprint.get("/the")
@allowed(Action.ISSUE_CARDS)
def form() -> str:
    """Ask for whom cards are wanted."""
    with reading() as connection:
        units = directory.unit_names(connection)
    return render_template("cards_form.html", units=units)


@blueprint.post("/the")
@allowed(Action.ISSUE_CARDS)
def issue() -> str:
    """Issue new cards and show the sheets: to one person, or to those of a unit who have none."""
    code, unit = request.form.get("person", "").strip().upper(), request.form.get("unit", "")
    with reading() as connection:
        units = directory.unit_names(connection)
        if code:
            wanted = [_must_know(roster.person(connection, code), code)]
        else:
            wanted = roster.people_of(connection, unit)
    is_anew = bool(code) or "all" in request.form
    people = [each.person for each in wanted]
    codes = write(partial(_issue, people=people, is_anew=is_anew, at_ms=now_ms()))
    access.about(*codes)
    printed = [
        Printed(
            each, units.get(each.unit, each.unit), codes[each.person], picture(codes[each.person])
        )
        for each in wanted
        if each.person in codes
    ]
    sheets = [printed[start : start + PER_SHEET] for start in range(0, len(printed), PER_SHEET)]
    return render_template("cards.html", sheets=sheets, count=len(printed))


def _must_know(person: PersonLine | None, code: str) -> PersonLine:
    if person is None:
        raise UnknownPerson(person=code)
    return person


def _issue(
    connection: Connection, people: Sequence[str], is_anew: bool, at_ms: int
) -> dict[str, str]:
    if not is_anew:  # asked here, so that two who print at once do not end each other's cards
        have = cards.hashes_of(connection, people)
        people = [each for each in people if each not in have]
    codes = cards.issue(connection, people, now_ms=at_ms)
    roster.refresh_revs(connection, people)
    return codes
