"""Pages that choose the people that the halls of a meeting summon, by a rule or from a list.

The people summoned to a hall are its roll. Every change writes a new version of a roll.
"""

from collections.abc import Mapping, Sequence

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from sync_server.acts import arrangements, summons_lists
from sync_server.acts.list_imports import UnreadableList, describe, find_list, open_grids
from sync_server.acts.summons_lists import SummonsRow
from sync_server.clocks import now_ms
from sync_server.database import reading, transaction, write
from sync_server.domain.records.kinds import Summoned
from sync_server.domain.records.permissions import Action
from sync_server.domain.summoning import (
    MEMBERSHIPS,
    RANKS,
    Rank,
    RollDifference,
    Rule,
    build_roll,
    compare_rolls,
    usual_hall,
)
from sync_server.errors import BadForm, UnknownUploadedList
from sync_server.messages import say
from sync_server.office import access, forms, uploads
from sync_server.office.access import allowed
from sync_server.office.menus import Menu
from sync_server.sheets.tables import Fault
from sync_server.storage import directory
from sync_server.storage.ledger import standings, streams
from sync_server.storage.people import lists, roster
from sync_server.storage.people.roster import RosterPerson

blueprint = Blueprint("rolls", __name__)

UNPROCESSABLE = 422


@blueprint.get("/hoi-nghi/<meeting>/trieu-tap")
@allowed(Action.READ_ARRANGEMENTS, meeting_menu=Menu(4, "rolls.title"))
def page(meeting: str) -> str:
    """Return the page with the people that the halls of a meeting summon, and forms to change them.

    Raises: UnknownMeeting.
    """
    return _render_page(meeting)


@blueprint.post("/hoi-nghi/<meeting>/trieu-tap")
@allowed(Action.ARRANGE)
def by_rule(meeting: str) -> str | Response:
    """Return a page that shows how a rule would change the people that a meeting summons.

    The rule in the form names units, a rank such as committee members, and kinds of Party
    membership. With `do=summon` in the form, apply the rule and redirect to the page of the rolls.
    Raises: UnknownMeeting; BadForm if no unit is chosen or the rank is unknown.
    """
    rank = forms.one_of("rank", RANKS)
    units, memberships = request.form.getlist("unit"), request.form.getlist("membership")
    rule = Rule(frozenset(units), rank, frozenset(memberships))
    if not units:
        raise BadForm(fault=say("form.nothing"))
    at_ms, writer = now_ms(), access.signed_in_account().writer
    connection = transaction()
    arrangements.require_meeting(connection, meeting, at_ms)
    rolls, changes, units_without_hall = _plan_rolls(connection, meeting, rule)
    if forms.text("do") != "summon" or not changes:
        return _render_page(
            meeting, changes=changes, rule=rule, units_without_hall=units_without_hall
        )

    changed_rolls = {point: roll for point, roll in rolls.items() if point in changes}
    arrangements.summon(connection, meeting, changed_rolls, at_ms, writer)
    access.log_subjects(*changes)
    flash(say("rolls.summoned", points=len(changes), people=sum(map(len, rolls.values()))))
    return redirect(url_for("office.rolls.page", meeting=meeting))


@blueprint.post("/hoi-nghi/<meeting>/trieu-tap/tep")
@allowed(Action.ARRANGE, is_slow=True)
def by_file(meeting: str) -> str | Response | tuple[str, int]:
    """Store an uploaded list without importing it; return a page that shows what it would change.

    The list names the people that the halls of a meeting summon. If it has faults or no people,
    show this with status 422 and store nothing. Raises: UnknownMeeting; BadForm if the file is
    missing or too large.
    """
    account, at_ms = access.signed_in_account(), now_ms()
    with reading() as connection:
        arrangements.require_meeting(connection, meeting, at_ms)
    file = uploads.list_file("file")
    summonses, faults = _read_summonses(meeting, file.name, file.content)
    if faults or not summonses:
        sentences = [describe(fault) for fault in faults] or [say("rolls.nobody")]
        with reading():
            return _render_page(meeting, faults=sentences), UNPROCESSABLE
    list_id = write(
        lambda c: lists.add(
            c, "roll", account.name, file.name, file.content, now_ms=at_ms, subject=meeting
        )
    )
    with reading() as connection:
        changes = _changes_of(connection, meeting, summonses)
        return _render_page(meeting, changes=changes, list_id=list_id)


@blueprint.post("/hoi-nghi/<meeting>/trieu-tap/tep/<list_id>")
@allowed(Action.ARRANGE, is_slow=True)
def summon_list(meeting: str, list_id: str) -> Response:
    """Import an uploaded list: every hall in it summons only the people that the list names.

    `list_id` is the id of a list that has not been imported yet. Redirect to the page of the rolls.
    Raises: UnknownMeeting; UnknownUploadedList if there is no such list; BadForm if the list now
    has faults.
    """
    at_ms, writer = now_ms(), access.signed_in_account().writer
    with reading() as connection:
        arrangements.require_meeting(connection, meeting, at_ms)
        stored = lists.find(connection, "roll", list_id)
    if stored is None or stored.done_ms is not None:
        raise UnknownUploadedList(list=list_id)
    summonses, faults = _read_summonses(meeting, stored.name, stored.content)
    if faults:
        raise BadForm(fault=describe(faults[0]))

    def summon(c: Connection) -> None:
        arrangements.summon_rows(c, summonses, at_ms, writer)
        lists.set_done(c, list_id, b"[]", now_ms=at_ms)

    write(summon)
    access.log_subjects(stored.name, *{row.point for row in summonses})
    flash(say("roster.imported_summons", count=len(summonses)))
    return redirect(url_for("office.rolls.page", meeting=meeting))


def _read_summonses(
    meeting: str, name: str, content: bytes
) -> tuple[list[SummonsRow], list[Fault]]:
    with reading() as connection:
        units = summons_lists.read_places(connection).units
    try:
        table = find_list(
            open_grids(content, name),
            used=summons_lists.USED,
            fields={},
            is_unit=lambda text: units.find(text) is not None,
        )
    except UnreadableList as unreadable:
        return [], [unreadable.fault]
    with reading() as connection:
        return summons_lists.read_summonses(connection, table, meeting)


def _changes_of(
    connection: Connection, meeting: str, summonses: Sequence[SummonsRow]
) -> dict[str, RollDifference]:
    """Return how an uploaded list would change the roll (the people summoned) of every hall in it.

    The result is sorted and keyed by the hall's code.
    """
    before = arrangements.rolls_of(connection, meeting)
    after: dict[str, list[Summoned]] = {}
    for row in summonses:
        after.setdefault(row.point, []).append(Summoned(row.person, row.point, "", row.seat))
    return {
        point: compare_rolls(before.get(point, ()), roll) for point, roll in sorted(after.items())
    }


def _plan_rolls(
    connection: Connection, meeting: str, rule: Rule
) -> tuple[Mapping[str, list[Summoned]], dict[str, RollDifference], dict[str, int]]:
    """Return the rolls that a rule makes, and what the rule changes. A roll is the people summoned.

    The first result contains the new roll and the second the changes, both by the hall's code;
    halls whose people stay the same are left out of the second. The third contains the number of
    people that the rule would summon if they had a hall at this meeting, by the unit's code.
    """
    before = arrangements.rolls_of(connection, meeting)
    halls = {code: hall for code, hall in directory.points(connection).items() if code in before}
    hall_of_unit = directory.hall_by_unit(halls)
    exempt = arrangements.exempt_people(before)
    starts_ms = arrangements.start_of(connection, meeting, now_ms())
    by_hall: dict[str, list[RosterPerson]] = {code: [] for code in halls}
    without_hall: dict[str, list[RosterPerson]] = {}
    units_of: dict[str, str] = {}
    for person in roster.list_people(connection, at_ms=starts_ms):
        units_of[person.person] = person.unit
        if hall := usual_hall(person, halls, hall_of_unit):
            by_hall[hall].append(person)
        else:
            without_hall.setdefault(person.unit, []).append(person)
    rolls = {}
    for hall, people in sorted(by_hall.items()):
        if halls[hall].unit in rule.units or any(person.unit in rule.units for person in people):
            usual = {person.person for person in people}
            others = [  # people of units that the rule does not concern keep their line
                line
                for line in before[hall]
                if line.person in usual and units_of[line.person] not in rule.units
            ]
            rolls[hall] = build_roll(rule, people, before[hall], exempt) + others
    changes = {point: compare_rolls(before[point], roll) for point, roll in rolls.items()}
    changes = {
        point: difference
        for point, difference in changes.items()
        if difference.added or difference.removed
    }
    units_without_hall = {
        unit: count
        for unit in sorted(rule.units)
        if (count := len(build_roll(rule, without_hall.get(unit, ()), (), exempt)))
    }
    return rolls, changes, units_without_hall


def _render_page(
    meeting: str,
    *,
    changes: dict[str, RollDifference] | None = None,
    rule: Rule | None = None,
    list_id: str = "",
    faults: Sequence[str] = (),
    units_without_hall: Mapping[str, int] | None = None,
) -> str:
    connection = transaction()
    summary = arrangements.require_meeting(connection, meeting, now_ms())
    standings_by_key = standings.read_all(connection, streams.of_meeting(connection, meeting))
    names = directory.all_points(connection)
    units = directory.unit_names(connection)
    points = {key.point: standing for key, standing in sorted(standings_by_key.items())}
    rank: Rank = "everybody"
    return render_template(
        "meetings/rolls.html",
        meeting=summary,
        points=points,
        names=names,
        units=units,
        ranks=RANKS,
        memberships=MEMBERSHIPS,
        changes=changes,
        units_without_hall=units_without_hall or {},
        rule=rule or Rule(frozenset(units), rank, frozenset(MEMBERSHIPS[:2])),
        list_id=list_id,
        faults=faults,
        is_frozen=any(
            standing.terms.roll_frozen_ms is not None and standing.terms.roll_frozen_ms < now_ms()
            for standing in standings_by_key.values()
        ),
    )
