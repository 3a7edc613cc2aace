"""Store the name and other details of the organisation that issues reports.

Every version has the time from which it is valid, so that old reports keep their old names.
"""

from typing import Literal

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, insert, select

from sync_server.storage.models import OrganisationRow

MAX_WORDS = 200


class Organisation(Struct, frozen=True):
    """The organisation's details in the header and footer of a report.

    `parent` (the superior organisation) and `name` are in capitals. `symbol` is the end of a
    document number, such as ĐUK in 05-BC/ĐUK. `place` stands before the date. `body` is the
    committee that signs, and `signer_office` the office of the person who signs for it (BÍ THƯ).
    `recipients`: the lines of the list of recipients. `spelling`: how the report writes the word
    uỷ.
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
    """Return the organisation's details valid at `at_ms`; all are empty if none are stored."""
    row = connection.scalar(
        select(OrganisationRow.words)
        .where(OrganisationRow.since_ms <= at_ms)
        .order_by(OrganisationRow.since_ms.desc())
        .limit(1)
    )
    return _decoder.decode(row) if row else Organisation()


def put(connection: Connection, organisation: Organisation, since_ms: int) -> None:
    """Store the organisation's details, valid from `since_ms` (ms since 1970 UTC) on.

    Raises: IntegrityError if details with the same `since_ms` are already stored.
    """
    words = msgspec.json.encode(organisation)
    connection.execute(insert(OrganisationRow).values(since_ms=since_ms, words=words))
