"""Store the name and other details of the organisation that issues reports.

Every version is stored with the time from which it is valid, so that old reports keep the old name.
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
    document number, such as ĐUK in 05-BC/ĐUK. `place` is printed before the date. `body` is the
    committee that signs, and `signer_office` the office of the person who signs for the committee
    (such as BÍ THƯ). `recipients`: the lines of the list of recipients. `spelling`: the vowel that
    carries the tone mark in words such as uỷ (ủy).
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
    """Return the organisation's details valid at `at_ms`.

    If no details are stored for that time, all fields of the result are empty.
    """
    row = connection.scalar(
        select(OrganisationRow.words)
        .where(OrganisationRow.since_ms <= at_ms)
        .order_by(OrganisationRow.since_ms.desc())
        .limit(1)
    )
    return _decoder.decode(row) if row else Organisation()


def put(connection: Connection, organisation: Organisation, since_ms: int) -> None:
    """Store the organisation's details, valid from `since_ms` (ms since 1970 UTC).

    Raises: IntegrityError if details with the same `since_ms` are already stored.
    """
    words = msgspec.json.encode(organisation)
    connection.execute(insert(OrganisationRow).values(since_ms=since_ms, words=words))
