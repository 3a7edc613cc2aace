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

    `parent` and `name` are in capitals. `symbol` is part of the document number, such as ĐUK in
    05-BC/ĐUK. `body` is the committee that signs, and `signer_office` the office of the person who
    signs for it (BÍ THƯ). `recipients` are the lines of the list of recipients.
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
    """Store the organisation's details, valid from `since_ms` on."""
    words = msgspec.json.encode(organisation)
    connection.execute(insert(OrganisationRow).values(since_ms=since_ms, words=words))
