"""Roster and summons files as browsers send them: read whole, under a name of our own."""

import tempfile
from datetime import UTC, datetime
from pathlib import Path

from flask import request
from sqlalchemy import Connection

from sync_server.clocks import now_ms
from sync_server.database import reading
from sync_server.messages import say
from sync_server.office import roster_files
from sync_server.office.roster_files import Known, RosterFault, SummonsRow
from sync_server.storage import directory, roster
from sync_server.storage.roster import PersonFact

LONGEST_NAME = 80


def rows_of(field: str) -> list[PersonFact] | list[SummonsRow]:
    """Return the rows of the file that a form sends. Raises: RosterFault, naming every fault."""
    given = request.files.get(field)
    if given is None or not given.filename:
        raise RosterFault([say("form.nothing")])
    name = given.filename[-LONGEST_NAME:]
    with reading() as connection:
        known = known_to_files(connection)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"tep{Path(name).suffix.lower()[:5]}"
        given.save(path)
        try:
            return roster_files.read_file(path, known, datetime.now(UTC).year)
        except RosterFault as fault:
            told = [each.replace(str(path), name) for each in fault.faults]
            raise RosterFault(told) from None


def known_to_files(connection: Connection) -> Known:
    """Return what a roster or summons file may refer to."""
    return Known(
        units=frozenset(directory.unit_codes(connection)),
        points=frozenset(directory.point_codes(connection)),
        meetings=frozenset(line.id for line in directory.meetings(connection, now_ms())),
        people=frozenset(roster.known_people(connection)),
    )
