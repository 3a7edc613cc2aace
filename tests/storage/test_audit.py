"""Test that rows of the audit log and of the ledger (the table of records) cannot be changed.

Changes that somebody makes to the audit log nevertheless must be found.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from sync_server.storage.access import audit
from sync_server.storage.access.audit import AuditEntry

Ledger = Callable[[], AbstractContextManager[Connection]]
TRIGGERS = {
    "sqlite": ("DROP TRIGGER audit_no_update", "DROP TRIGGER audit_no_delete"),
    "postgresql": ("DROP TRIGGER audit_stays ON audit",),
}


def fill(connection: Connection, count: int = 5) -> None:
    for number in range(count):
        entry = AuditEntry(number, "hq", "evaluate", number % 2 == 0, 200, f"/{number}", "M1")
        audit.note(connection, entry)


@pytest.mark.parametrize(
    ("tampering", "first"),
    [
        ("UPDATE audit SET about = 'M2' WHERE number = 3", 3),
        ("UPDATE audit SET chain = 'x' WHERE number = 5", 5),
        ("DELETE FROM audit WHERE number = 2", 2),
        ("UPDATE audit SET number = 9 WHERE number = 4", 4),
    ],
)
def test_a_changed_missing_or_moved_row_is_found(
    ledger: Ledger, tampering: str, first: int
) -> None:
    with ledger() as connection:
        fill(connection)
        assert audit.check_chain(connection) is None
        for statement in TRIGGERS[connection.dialect.name]:
            connection.execute(text(statement))  # as somebody with the database's password could
        connection.execute(text(tampering))
        assert audit.check_chain(connection) == first


def test_rows_cut_off_at_the_end_are_found_by_an_earlier_head(ledger: Ledger) -> None:
    with ledger() as connection:
        fill(connection)
        head = audit.head(connection)
        for statement in TRIGGERS[connection.dialect.name]:
            connection.execute(text(statement))
        connection.execute(text("DELETE FROM audit WHERE number = 5"))
        assert audit.check_chain(connection) is None
        assert audit.chain_at(connection, head.number) is None


@pytest.mark.parametrize("table", ["audit", "ledger"])
@pytest.mark.parametrize("act", ["UPDATE {} SET {} = {}", "DELETE FROM {}"])
def test_the_database_refuses_to_change_or_delete(ledger: Ledger, table: str, act: str) -> None:
    with ledger() as connection:
        fill(connection)
        column = {"audit": "who", "ledger": "device"}[table]
        if table == "ledger":
            connection.execute(
                text(
                    "INSERT INTO ledger (id, fingerprint, meeting, point, position, device, kind, "
                    "received_ms, record) VALUES ('i', 'f', 'm', 'p', 1, 'd', 'k', 1, '')"
                )
            )
        with pytest.raises(DBAPIError, match="never changed or deleted"):
            connection.execute(text(act.format(table, column, "'x'")))
