"""Pages that choose the people summoned to the halls of a meeting, by a rule or from a list.

The people summoned to a hall are its roll. Every change writes a new version of a roll.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask import Response as AnyResponse
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from sync_server.acts import arrangements, list_files, list_imports, summons_lists
from sync_server.acts.list_imports import (
    MOST_FAULTS_SHOWN,
    UnmatchedName,
    UnreadableList,
    describe,
    find_list,
    open_grids,
)
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
    hall_by_unit,
    usual_hall,
)
from sync_server.errors import BadForm, UnknownUploadedList
from sync_server.messages import say
from sync_server.office import access, forms, list_choices, uploads
from sync_server.office.access import allowed
from sync_server.office.downloads import xlsx_download
from sync_server.office.menus import Menu
from sync_server.sheets.tables import Fault, Table
from sync_server.storage import directory
from sync_server.storage.ledger import standings, streams
from sync_server.storage.people import lists, roster
from sync_server.storage.people.lists import StoredList
from sync_server.storage.people.roster import RosterPerson

blueprint = Blueprint("rolls", __name__)

UNPROCESSABLE = 422


@blueprint.get("/hoi-nghi/<meeting>/trieu-tap")
@allowed(Action.READ_ARRANGEMENTS, meeting_menu=Menu(4, "rolls.title"))
def page(meeting: str) -> str:
    """Return the page with the people summoned to the halls of a meeting, and forms to change them.

    Raises: UnknownMeeting.
    """
    return _render_page(meeting)


@blueprint.post("/hoi-nghi/<meeting>/trieu-tap")
@allowed(Action.ARRANGE)
def by_rule(meeting: str) -> str | Response:
    """Return a page that shows how a rule would change the people that a meeting summons.

    The rule in the form names units, a rank such as committee members, and kinds of Party
    membership. With `do=summon` in the form, apply the rule and redirect to the page of the
    summoned people. Raises: UnknownMeeting; BadForm if no unit is chosen or the rank is unknown.
    """
    rank = forms.one_of("rank", RANKS)
    units, memberships = request.form.getlist("unit"), request.form.getlist("membership")
    rule = Rule(frozenset(units), rank, frozenset(memberships))
    if not units:
        raise BadForm(fault=say("form.nothing"))
    at_ms, writer = now_ms(), access.signed_in_account().writer
    connection = transaction()
    arrangements.require_meeting(connection, meeting, at_ms)
    plan = _plan_rolls(connection, meeting, rule)
    if forms.text("do") != "summon" or not plan.changes:
        return _render_page(meeting, changes=plan.changes, rule=rule, plan=plan)

    changed_rolls = {point: roll for point, roll in plan.rolls.items() if point in plan.changes}
    arrangements.summon(connection, meeting, changed_rolls, at_ms, writer)
    access.log_subjects(*plan.changes)
    people = sum(map(len, plan.rolls.values()))
    flash(say("rolls.summoned", points=len(plan.changes), people=people))
    return redirect(url_for("office.rolls.page", meeting=meeting))


@blueprint.post("/hoi-nghi/<meeting>/trieu-tap/tep")
@allowed(Action.ARRANGE, is_slow=True)
def upload(meeting: str) -> Response:
    """Store an uploaded list of the people to summon, and redirect to its preview.

    Nobody is summoned yet. Raises: UnknownMeeting; BadForm if the file is missing or too large.
    """
    account, at_ms = access.signed_in_account(), now_ms()
    with reading() as connection:
        arrangements.require_meeting(connection, meeting, at_ms)
    file = uploads.list_file("file")
    list_id = write(
        lambda c: lists.add(
            c, "roll", account.name, file.name, file.content, now_ms=at_ms, subject=meeting
        )
    )
    return redirect(url_for("office.rolls.preview", meeting=meeting, list_id=list_id))


@blueprint.get("/hoi-nghi/<meeting>/trieu-tap/tep/<list_id>")
@allowed(Action.ARRANGE, is_slow=True)
def preview(meeting: str, list_id: str) -> str | tuple[str, int]:
    """Return the page that shows what an uploaded list of people to summon would change.

    If the list has faults, the page shows them with status 422. For names that match no stored
    unit, it offers a form in which the user chooses the units. Raises: UnknownMeeting;
    UnknownUploadedList if the meeting has no such list, or if the list has already been imported.
    """
    read = _read_list(meeting, list_id)
    with reading() as connection:
        if not read.faults:
            changes = _changes_of(connection, meeting, read.summonses)
            return _render_page(meeting, changes=changes, list_id=list_id)
        return _render_page(meeting, read=read, list_id=list_id), UNPROCESSABLE


@blueprint.get("/hoi-nghi/<meeting>/trieu-tap/tep/<list_id>/loi.xlsx")
@allowed(Action.ARRANGE, is_slow=True)
def faults(meeting: str, list_id: str) -> AnyResponse:
    """Return an uploaded list as an XLSX file, with the faults of every row in an added column.

    Raises: UnknownMeeting; UnknownUploadedList if the meeting has no such list, or if the list has
    already been imported; BadForm if the file has no readable table.
    """
    read = _read_list(meeting, list_id)
    if read.table is None:
        raise BadForm(fault=describe(read.faults[0]))
    content = list_files.with_faults(read.table, read.faults, read.stored.content)
    return xlsx_download(content, "trieu-tap-loi.xlsx")


@blueprint.post("/hoi-nghi/<meeting>/trieu-tap/tep/<list_id>")
@allowed(Action.ARRANGE, is_slow=True)
def decide(meeting: str, list_id: str) -> Response:
    """Import an uploaded list, or only store which units the names in the list refer to.

    The form field `do` selects one of the two. After an import, every hall in the list summons only
    the people that the list names. Redirect to the page of the summoned people, or to the preview
    if nothing was imported. Raises: UnknownMeeting; UnknownUploadedList if the meeting has no such
    list, or if the list has already been imported; BadForm if the list now has faults.
    """
    at_ms, writer = now_ms(), access.signed_in_account().writer
    if forms.text("do") != "summon":
        write(partial(lists.remember_places, kind="unit", codes=list_choices.chosen_units()))
        return redirect(url_for("office.rolls.preview", meeting=meeting, list_id=list_id))
    read = _read_list(meeting, list_id)
    if read.faults:
        raise BadForm(fault=describe(read.faults[0]))

    def summon(c: Connection) -> None:
        arrangements.summon_rows(c, read.summonses, at_ms, writer)
        lists.set_done(c, list_id, b"[]", now_ms=at_ms)

    write(summon)
    access.log_subjects(read.stored.name, *{row.point for row in read.summonses})
    flash(say("roster.imported_summons", count=len(read.summonses)))
    return redirect(url_for("office.rolls.page", meeting=meeting))


class _RollList(NamedTuple):
    """An uploaded list of people to summon, as read from its file.

    `table` is None if the file has no table. `unmatched_units` are names in the list that are not
    the names of stored units.
    """

    stored: StoredList
    table: Table | None
    summonses: Sequence[SummonsRow]
    faults: Sequence[Fault]
    unmatched_units: Sequence[UnmatchedName]


def _read_list(meeting: str, list_id: str) -> _RollList:
    """Read the uploaded list of people to summon that has the id `list_id`.

    Raises: UnknownMeeting; UnknownUploadedList if the meeting has no such list, or if the list has
    already been imported.
    """
    with reading() as connection:
        arrangements.require_meeting(connection, meeting, now_ms())
        stored = lists.find(connection, "roll", list_id)
        units = list_imports.unit_index(connection)
    if stored is None or stored.done_ms is not None or stored.subject != meeting:
        raise UnknownUploadedList(list=list_id)
    try:
        table = find_list(
            open_grids(stored.content, stored.name),
            used=summons_lists.USED,
            fields={},
            is_unit=lambda text: units.find(text) is not None,
        )
    except UnreadableList as unreadable:
        return _RollList(stored, None, [], [unreadable.fault], [])
    with reading() as connection:
        summonses, faults = summons_lists.read_summonses(connection, table, meeting)
    stated = Counter(line.text("unit") or line.section for line in table.lines)
    unmatched = list_imports.unmatched_names(faults, "unknown_unit", stated, units, {})
    return _RollList(stored, table, summonses, faults, unmatched)


def _changes_of(
    connection: Connection, meeting: str, summonses: Sequence[SummonsRow]
) -> dict[str, RollDifference]:
    """Return {hall code: change that an uploaded list would make to the hall's roll}.

    The roll is the people summoned to the hall. Only halls in the list are included, sorted by
    code.
    """
    before = arrangements.rolls_of(connection, meeting)
    after: dict[str, list[Summoned]] = {}
    for row in summonses:
        after.setdefault(row.point, []).append(Summoned(row.person, row.point, "", row.seat))
    return {
        point: compare_rolls(before.get(point, ()), roll) for point, roll in sorted(after.items())
    }


class _RollPlan(NamedTuple):
    """The rolls (people summoned) that a rule makes, and what the rule changes.

    The keys of `rolls` and `changes` are hall codes; `changes` leaves out halls whose people stay
    the same. `units_without_hall` is {unit code: number of people that the rule would summon if
    they had a hall at this meeting}. `left_out` is the number of people of the rule's units that
    the rule does not summon. `in_unit_hall` is the number of people who go to their unit's hall
    because the hall where they usually sit is not part of this meeting.
    """

    rolls: Mapping[str, list[Summoned]]
    changes: dict[str, RollDifference]
    units_without_hall: dict[str, int]
    left_out: int
    in_unit_hall: int


def _plan_rolls(connection: Connection, meeting: str, rule: Rule) -> _RollPlan:
    """Return the rolls (people summoned) that a rule would make, without storing them.

    If a hall belongs to one of the rule's units, it gets the people that the rule summons, and
    keeps people of other units who usually sit there. In all other halls, only people of the rule's
    units are added or removed.
    """
    before = arrangements.rolls_of(connection, meeting)
    halls = {code: hall for code, hall in directory.points(connection).items() if code in before}
    hall_of_unit = hall_by_unit(halls)
    exempt = arrangements.exempt_people(before)
    starts_ms = arrangements.start_of(connection, meeting, now_ms())
    by_hall: dict[str, list[RosterPerson]] = {code: [] for code in halls}
    without_hall: dict[str, list[RosterPerson]] = {}
    units_of: dict[str, str] = {}
    left_out = in_unit_hall = 0
    for person in roster.list_people(connection, at_ms=starts_ms):
        units_of[person.person] = person.unit
        left_out += person.unit in rule.units and not rule.summons(person)
        if hall := usual_hall(person, halls, hall_of_unit):
            by_hall[hall].append(person)
            is_elsewhere = bool(person.point) and person.point != hall
            in_unit_hall += is_elsewhere and rule.summons(person)
        else:
            without_hall.setdefault(person.unit, []).append(person)
    rolls = {}
    for hall, people in sorted(by_hall.items()):
        is_of_rule = halls[hall].unit in rule.units
        if is_of_rule or any(person.unit in rule.units for person in people):
            usual = {person.person for person in people}
            others = [
                line
                for line in before[hall]
                if units_of.get(line.person) not in rule.units
                and (line.person in usual or not is_of_rule)
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
    return _RollPlan(rolls, changes, units_without_hall, left_out, in_unit_hall)


def _shown_faults(read: _RollList | None) -> list[Fault]:
    """Return the faults of an uploaded list (`read`) that the page shows; [] if there is no list.

    Unknown units are left out, because the page has a form for these. The first few faults of
    every kind come before all others.
    """
    faults = [fault for fault in read.faults if fault.problem != "unknown_unit"] if read else []
    return list_imports.different_first(faults)


def _render_page(
    meeting: str,
    *,
    changes: dict[str, RollDifference] | None = None,
    rule: Rule | None = None,
    list_id: str = "",
    read: _RollList | None = None,
    plan: _RollPlan | None = None,
) -> str:
    connection = transaction()
    summary = arrangements.require_meeting(connection, meeting, now_ms())
    standings_by_key = standings.read_all(connection, streams.of_meeting(connection, meeting))
    names = directory.all_points(connection)
    units = directory.unit_names(connection)
    points = {key.point: standing for key, standing in sorted(standings_by_key.items())}
    rank: Rank = "everybody"
    shown_faults = _shown_faults(read)
    return render_template(
        "meetings/rolls.html",
        meeting=summary,
        points=points,
        names=names,
        units=units,
        ranks=RANKS,
        memberships=MEMBERSHIPS,
        changes=changes,
        added=sum(len(change.added) for change in (changes or {}).values()),
        removed=sum(len(change.removed) for change in (changes or {}).values()),
        left_out=plan.left_out if plan else 0,
        in_unit_hall=plan.in_unit_hall if plan else 0,
        units_without_hall=plan.units_without_hall if plan else {},
        rule=rule or Rule(frozenset(units), rank, frozenset(MEMBERSHIPS[:2])),
        list_id=list_id,
        read=read,
        sentences=[describe(fault) for fault in shown_faults[:MOST_FAULTS_SHOWN]],
        count=len(shown_faults),
        most_unmatched=list_choices.MOST_UNMATCHED,
        new_place="",
        is_frozen=any(
            standing.terms.roll_frozen_ms is not None and standing.terms.roll_frozen_ms < now_ms()
            for standing in standings_by_key.values()
        ),
    )
