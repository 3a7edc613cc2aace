"""How the office writes: records in the name of an account, with what is personal sealed."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
import uuid_utils
from flask import current_app
from sqlalchemy import Connection

from sync_server import sealing
from sync_server.config import Settings
from sync_server.domain.codes import from_ms
from sync_server.domain.door import Refusal, Writer
from sync_server.domain.forms import canonical
from sync_server.domain.permissions import Profile
from sync_server.domain.records import Record
from sync_server.errors import BadForm
from sync_server.messages import say
from sync_server.storage import intake
from sync_server.storage.accounts import Who
from sync_server.storage.details import MAX_SMALL_BYTES
from sync_server.storage.intake import Delivery

SERVER = Who("server", Profile.HEADQUARTERS).writer
"""As whom the command line writes."""

LONGEST_NOTE = 2_000
"""Letters of a note or a reason: sealed, it is still a small detail."""


class Note(NamedTuple):
    """A sealed note: its sha256, which a record names, and the box."""

    sha256: str
    box: str


def seal_note(**fields: str) -> Note:
    """Seal what is personal to headquarters, as a device does."""
    settings: Settings = current_app.config["SETTINGS"]
    content = msgspec.json.encode({name: text[:LONGEST_NOTE] for name, text in fields.items()})
    box = sealing.seal(sealing.public_key(settings.seal_key), content)
    assert len(box) <= MAX_SMALL_BYTES
    return Note(hashlib.sha256(box.encode()).hexdigest(), box)


def envelope(by: Writer, meeting: str, point: str, now_ms: int) -> dict[str, Any]:
    """Return what a record of the office has beside its kind, its person and its body."""
    return {
        "id": str(uuid_utils.uuid7()),
        "v": 1,
        "meeting": meeting,
        "point": point,
        "device": by.device,
        "seq": None,
        "boot": "office",
        "at": from_ms(now_ms),
        "mono_ms": 0,
        "by": by.by,
        "source": "office",
    }


def write_records(
    connection: Connection,
    by: Writer,
    records: Sequence[Record],
    now_ms: int,
    sealed: Mapping[str, str] | None = None,
) -> None:
    """Append our own records. Raises: BadForm where a form's value cannot stand in a record."""
    offers = intake.judge([canonical(record) for record in records], by)
    for offer in offers:
        if isinstance(offer.judged, Refusal):
            told = say(f"refusal.{offer.judged.code}")
            raise BadForm(fault=say("form.refused", refusal=told, detail=offer.judged.detail))
    [receipt] = intake.receive(connection, [Delivery(by, offers, now_ms, sealed=sealed or {})])
    faults = [v for v in receipt.verdicts if v.status != "stored"]
    assert not faults, msgspec.json.encode(faults).decode()
