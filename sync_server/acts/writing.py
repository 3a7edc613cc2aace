"""Write records for users of the office's web pages and for commands; encrypt personal data.

A record is one entry in the ledger (the set of all records), and contains only codes.
Personal data, such as a reason for leave, are encrypted and stored outside the ledger.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
import uuid_utils
from flask import current_app
from sqlalchemy import Connection

from sync_server import sealing
from sync_server.config import Settings
from sync_server.domain.records.codes import from_ms
from sync_server.domain.records.door import Refusal, Writer
from sync_server.domain.records.forms import canonical_bytes
from sync_server.domain.records.kinds import Record
from sync_server.domain.records.permissions import Profile
from sync_server.errors import BadForm
from sync_server.messages import say
from sync_server.storage.access.accounts import Account
from sync_server.storage.blobs import details
from sync_server.storage.blobs.details import MAX_SMALL_BYTES
from sync_server.storage.ledger import record_store
from sync_server.storage.ledger.intake import judge_records

SERVER_WRITER = Account("server", Profile.HEADQUARTERS).writer
"""The author of records that commands write. It has headquarters' rights, and its device code is
`O-server`."""

LONGEST_NOTE = 2_000
"""The greatest length of a note or reason, in characters. Encrypted, such a text still fits into
the 8 KB of data that may be sent along with a record."""


class Note(NamedTuple):
    """Personal data of a record, such as a reason, encrypted with headquarters' public key.

    `box` is the encrypted text (compact JWE). `sha256` is the hash of `box`, by which the record
    refers to the note.
    """

    sha256: str
    box: str


def seal_note(**fields: str) -> Note:
    """Encrypt personal data with headquarters' public key, and return the encrypted note.

    `fields` are texts by name, such as `reason`. A text longer than `LONGEST_NOTE` characters is
    cut. This function must be called in the context of the Flask app.
    """
    settings: Settings = current_app.config["SETTINGS"]
    content = msgspec.json.encode({name: text[:LONGEST_NOTE] for name, text in fields.items()})
    box = sealing.seal(sealing.public_key(settings.seal_key), content)
    assert len(box) <= MAX_SMALL_BYTES
    return Note(hashlib.sha256(box.encode()).hexdigest(), box)


def envelope(writer: Writer, meeting: str, point: str, now_ms: int) -> dict[str, Any]:
    """Return the common fields of a new record by a user of the office's web pages or a command.

    The fields include a new record id, the meeting, the hall (`point`), the author and the time
    `now_ms` (ms since 1970 UTC). The caller adds the person, the content and any references to
    other records.
    """
    return {
        "id": str(uuid_utils.uuid7()),
        "v": 1,
        "meeting": meeting,
        "point": point,
        "device": writer.device,
        "seq": None,
        "boot": "office",
        "at": from_ms(now_ms),
        "mono_ms": 0,
        "by": writer.by,
        "source": "office",
    }


def write_records(
    connection: Connection,
    writer: Writer,
    records: Sequence[Record],
    now_ms: int,
    sealed: Mapping[str, str] | None = None,
) -> None:
    """Append records to the ledger for a user of the office's web pages or for a command.

    The ledger is the set of all records. `sealed` contains the personal data of the records,
    which are stored outside the ledger, as {sha256: encrypted data}. Raises: BadForm if the
    ledger refuses a record; nothing is stored then.
    """
    entries = []
    for offer in judge_records([canonical_bytes(record) for record in records], writer):
        outcome = offer.outcome
        if isinstance(outcome, Refusal):
            refusal_message = say(f"refusal.{outcome.code}")
            raise BadForm(fault=say("form.refused", refusal=refusal_message, detail=outcome.detail))
        entries.append(outcome)
    if sealed:
        details.put_small(connection, writer.device, sealed, now_ms=now_ms)
    appended = record_store.append_records(connection, entries, now_ms=now_ms)
    assert not appended.known_keys  # the records' ids are new
