"""Rolls: whom a meeting summons, made by a rule or from a file, each a new version of the one
before; and seats by a rule for every hall at once."""

from collections.abc import Mapping, Sequence

from flask import Blueprint, flash, redirect, render_template, request, url_for
from msgspec.structs import replace
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from sync_server.clocks import now_ms
from sync_server.database import reading, write
from sync_server.domain.door import Writer
from sync_server.domain.permissions import Action
from sync_server.domain.records import Summoned
from sync_server.domain.summoning import MEMBERSHIPS, RANKS, Change, Rank, Rule, change, roll_by
from sync_server.errors import BadForm
from sync_server.messages import say
from sync_server.office import access, acts, forms, uploads
from sync_server.office.access import allowed
from sync_server.office.roster_files import RosterFault, SummonsRow
from sync_server.office.writing import SERVER
from sync_server.storage import directory, roster, standings, streams
from sync_server.storage.roster import PersonFact

blueprint = Blueprint("rolls", __name__)

BAD = 422


@blueprint.get("/hoi-nghi/<meeting>/trieu-tap")
@allowed(Action.READ_ARRANGEMENTS)
def page(meeting: str) -> str:
    """Show whom each point summons, and the ways to change it."""
    return _page(meeting)


@blueprint.post("/hoi-nghi/<meeting>/trieu-tap")
@allowed(Action.ARRANGE)
def by_rule(meeting: str) -> str | Response:
    """Show what a rule would change; summon by it once that has been seen."""
    rank = next(each for each in RANKS if each == forms.one_of("rank", RANKS))
    units, memberships = request.form.getlist("unit"), request.form.getlist("membership")
    rule = Rule(frozenset(units), rank, frozenset(memberships))
    if not units:
        raise BadForm(fault=say("form.nothing"))
    at_ms, by = now_ms(), access.who().writer
    with reading() as connection:
        acts.must_know(connection, meeting, at_ms)
        rolls, changes = _planned(connection, meeting, rule)
    if forms.text("do") != "summon" or not changes:
        return _page(meeting, changes=changes, rule=rule)

    def work(c: Connection) -> None:
        made, _ = _planned(c, meeting, rule)
        acts.summon(c, meeting, {p: roll for p, roll in made.items() if p in changes}, at_ms, by)

    write(work)
    access.about(*changes)
    flash(say("rolls.summoned", points=len(changes), people=sum(map(len, rolls.values()))))
    return redirect(url_for("office.rolls.page", meeting=meeting))


@blueprint.post("/hoi-nghi/<meeting>/trieu-tap/tep")
@allowed(Action.ARRANGE)
def by_file(meeting: str) -> str | Response | tuple[str, int]:
    """Summon by a file, all of it or nothing; of each point that it names, its roll anew."""
    at_ms, by = now_ms(), access.who().writer
    with reading() as connection:
        acts.must_know(connection, meeting, at_ms)
    try:
        rows = uploads.rows_of("file")
    except RosterFault as fault:
        return _page(meeting, faults=fault.faults), BAD
    summonses = [row for row in rows if isinstance(row, SummonsRow)]
    strangers = {row.meeting for row in summonses} - {meeting}
    if strangers or not summonses:
        return _page(meeting, faults=[say("rolls.other_meeting", meeting=meeting)]), BAD
    write(lambda c: summon_rows(c, summonses, at_ms, by))
    access.about(*{row.point for row in summonses})
    flash(say("roster.imported_summons", count=len(summonses)))
    return redirect(url_for("office.rolls.page", meeting=meeting))


def summon_rows(
    connection: Connection, rows: Sequence[SummonsRow], at_ms: int, by: Writer = SERVER
) -> None:
    """Summon by the rows of a file."""
    at = roster.lines_of(connection, [row.person for row in rows])
    rolls: dict[str, dict[str, list[Summoned]]] = {}
    for row in rows:
        unit, position = at[row.person]
        line = Summoned(row.person, unit, position, row.seat)
        rolls.setdefault(row.meeting, {}).setdefault(row.point, []).append(line)
    for meeting, by_point in rolls.items():
        exempt = _exempt(acts.rolls_of(connection, meeting))
        for own in by_point.values():
            own[:] = [replace(each, exempt=each.person in exempt) for each in own]
        acts.summon(connection, meeting, by_point, at_ms, by)


def _planned(
    connection: Connection, meeting: str, rule: Rule
) -> tuple[Mapping[str, list[Summoned]], dict[str, Change]]:
    """Return the rolls that a rule makes, and what they change where they change anything."""
    before = acts.rolls_of(connection, meeting)
    own = {p.unit: p.code for p in directory.points(connection).values() if p.code in before}
    exempt = _exempt(before)
    by_unit: dict[str, list[PersonFact]] = {}
    for each in roster.facts_of(connection):
        by_unit.setdefault(each.unit, []).append(each)
    rolls = {
        own[unit]: roll_by(rule, by_unit.get(unit, ()), before[own[unit]], exempt)
        for unit in sorted(rule.units)
        if unit in own
    }
    changes = {point: change(before[point], roll) for point, roll in rolls.items()}
    return rolls, {p: each for p, each in changes.items() if each.added or each.removed}


def _exempt(rolls: Mapping[str, Sequence[Summoned]]) -> frozenset[str]:
    """Return who is exempt, in whichever hall; a new roll does not take that away."""
    return frozenset(line.person for own in rolls.values() for line in own if line.exempt)


def _page(
    meeting: str,
    *,
    changes: dict[str, Change] | None = None,
    rule: Rule | None = None,
    faults: Sequence[str] = (),
) -> str:
    with reading() as connection:
        line = acts.must_know(connection, meeting, now_ms())
        found = standings.read_all(connection, streams.of_meeting(connection, meeting))
        names = directory.points(connection)
        units = directory.unit_names(connection)
    points = {key.point: standing for key, standing in sorted(found.items())}
    rank: Rank = "everybody"
    return render_template(
        "rolls.html",
        meeting=line,
        points=points,
        names=names,
        units=units,
        ranks=RANKS,
        memberships=MEMBERSHIPS,
        changes=changes,
        rule=rule or Rule(frozenset(units), rank, frozenset(MEMBERSHIPS[:2])),
        faults=faults,
        is_frozen=any(
            each.terms.roll_frozen_ms is not None and each.terms.roll_frozen_ms < now_ms()
            for each in found.values()
        ),
    )
