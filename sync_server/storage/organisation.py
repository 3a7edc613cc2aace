"""The organisation that issues reports: its words are dated, so that old reports keep theirs."""

from typing import Literal

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, insert, select

from sync_server.storage.models import OrganisationRow

MAX_WORDS = 200


class Organisation(Struct, frozen=True):
    """The words of a report's head and foot. `parent` and `name` stand in capitals.

    `symbol` is that of the number, as ĐUK in 05-BC/ĐUK. `body` signs, by a person of
    this office (BÍ THƯ); `recipients` are lines.
    """

    parent: str = ""
    name: str = ""
    symbol: str = ""
    place: str = ""
    body: str = ""
    signer_office: str = ""
    recipients: tuple[str, ...] = ()
    spelling: Literal["uỷ", "ủy"] = "uỷ"


_decoder = msgspec.json.Decoder(Organisation)


def current(connection: Connection, at_ms: int) -> Organisation:
    """Return the organisation as it is named at a moment; empty words before any were set."""
    row = connection.scalar(
        select(OrganisationRow.words)
        .where(OrganisationRow.since_ms <= at_ms)
        .order_by(OrganisationRow.since_ms.desc())
        .limit(1)
    )
    return _decoder.decode(row) if row else Organisation()


def put(connection: Connection, organisation: Organisation, since_ms: int) -> None:
    """Name the organisation so from a moment on."""
    words = msgspec.json.encode(organisation)
    connection.execute(insert(OrganisationRow).values(since_ms=since_ms, words=words))
