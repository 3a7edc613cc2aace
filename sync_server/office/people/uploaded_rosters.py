"""Reads uploaded roster and summons files, saved under a name that the server chooses."""

import tempfile
from datetime import UTC, datetime
from pathlib import Path

from flask import request

from sync_server.acts import roster_files
from sync_server.acts.roster_files import RosterFault, SummonsRow
from sync_server.database import reading
from sync_server.messages import say
from sync_server.storage.people.roster import RosterPerson

LONGEST_NAME = 80


def read_rows(field: str) -> list[RosterPerson] | list[SummonsRow]:
    """Return the rows of the file that a form sends. Raises: RosterFault, naming every fault."""
    upload = request.files.get(field)
    if upload is None or not upload.filename:
        raise RosterFault([say("form.nothing")])
    name = upload.filename[-LONGEST_NAME:]
    with reading() as connection:
        codes = roster_files.read_known_codes(connection)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"tep{Path(name).suffix.lower()[:5]}"
        upload.save(path)
        try:
            return roster_files.read_file(path, codes, datetime.now(UTC).year)
        except RosterFault as fault:
            messages = [message.replace(str(path), name) for message in fault.faults]
            raise RosterFault(messages) from None
