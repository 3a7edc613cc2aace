"""Store the audit log: who read personal data or changed something, and when.

Rows are never changed or deleted. Every row contains a hash over itself and the row before, so that
`check_chain` finds a changed, missing or reordered row.
"""

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

import msgspec
from sqlalchemy import Connection, insert, select

from sync_server.storage.models import AuditRow
from sync_server.storage.prepared import columns_of

LONGEST_PATH = 2_000
CHECKED_AT_ONCE = 2_000
REFUSED_CALL = "refused_call"
"""The action code in the audit log for an API call that was refused before its action was known."""
ILLEGIBLE = "dismiss_illegible"
PURGE = "purge"


class AuditEntry(NamedTuple):
    """One row of the audit log: who did what, when, and with which result.

    `who` is an account's name or a device's code, and `action` the code of what was done. `is_act`
    is True if something was changed, and False if personal data was only read. `outcome` is the
    HTTP status of the request and `path` its URL path. `about`: the codes of the people and things
    concerned, separated by spaces.
    """

    at_ms: int
    who: str
    action: str
    is_act: bool
    outcome: int
    path: str
    about: str


class ChainHead(NamedTuple):
    """The latest row of the audit log: its number, and the hash over it and all rows before."""

    number: int
    chain: str


class AuditFilter(NamedTuple):
    """Conditions for rows of the audit log; an empty field matches every row.

    `who` and `action` must equal the row's values. `about` must occur somewhere in the row's codes
    or in its URL path. `from_ms` is inclusive and `until_ms` exclusive, both in ms since 1970 UTC.
    If `only_acts` is True, rows about reading are left out.
    """

    who: str = ""
    action: str = ""
    about: str = ""
    from_ms: int = 0
    until_ms: int = 2**62
    only_acts: bool = False


_ENTRY_COLUMNS = columns_of(AuditEntry, AuditRow)


def note(connection: Connection, entry: AuditEntry) -> None:
    """Add a row to the audit log.

    Only the first 2,000 characters (`LONGEST_PATH`) of the URL path are stored. Raises:
    IntegrityError if another transaction has added a row at the same moment; `database.write` then
    repeats the whole transaction.
    """
    entry = entry._replace(path=entry.path[:LONGEST_PATH])
    before = head(connection)
    number = before.number + 1
    chain = _chain_of(before.chain, number, entry)
    connection.execute(insert(AuditRow).values(number=number, chain=chain, **entry._asdict()))


def head(connection: Connection) -> ChainHead:
    """Return the number and the hash of the latest row of the audit log; 0 and "" if it is empty.

    The hash is computed over this row and all rows before it.
    """
    query = select(AuditRow.number, AuditRow.chain).order_by(AuditRow.number.desc()).limit(1)
    row = connection.execute(query).one_or_none()
    return ChainHead(*row) if row else ChainHead(0, "")


def chain_at(connection: Connection, number: int) -> str | None:
    """Return the hash in the audit log's row with this number; None if there is no such row."""
    return connection.scalar(select(AuditRow.chain).where(AuditRow.number == number))


def check_chain(connection: Connection) -> int | None:
    """Return the number of the first row of the audit log that is changed, moved or missing.

    Return None if there is no such row. Rows that were cut off at the end leave no trace in the
    log itself. To find them, compare the number and hash of the latest row (`head`) with those
    printed earlier, in a report or by `audit verify`.
    """
    expected, chain = 1, ""
    query = select(AuditRow.number, AuditRow.chain, *_ENTRY_COLUMNS).order_by(AuditRow.number)
    while rows := connection.execute(
        query.where(AuditRow.number >= expected).limit(CHECKED_AT_ONCE)
    ).all():
        for number, stored, *values in rows:
            chain = _chain_of(chain, number, AuditEntry(*values))
            if number != expected or stored != chain:
                return expected
            expected += 1
    return None


def _chain_of(before: str, number: int, entry: AuditEntry) -> str:
    content = msgspec.json.encode([number, *entry])
    return hashlib.sha256(before.encode() + content).hexdigest()


def read(
    connection: Connection, wanted: AuditFilter, *, limit: int, skip: int = 0
) -> Sequence[AuditEntry]:
    """Return the rows of the audit log that match the filter, the latest first.

    Skip the first `skip` rows and return at most `limit`.
    """
    query = select(*_ENTRY_COLUMNS).where(
        AuditRow.at_ms >= wanted.from_ms, AuditRow.at_ms < wanted.until_ms
    )
    if wanted.who:
        query = query.where(AuditRow.who == wanted.who)
    if wanted.action:
        query = query.where(AuditRow.action == wanted.action)
    if wanted.about:
        in_about = AuditRow.about.contains(wanted.about, autoescape=True)
        query = query.where(in_about | AuditRow.path.contains(wanted.about, autoescape=True))
    if wanted.only_acts:
        query = query.where(AuditRow.is_act)
    query = query.order_by(AuditRow.at_ms.desc(), AuditRow.number.desc()).limit(limit).offset(skip)
    return [AuditEntry(*row) for row in connection.execute(query)]
