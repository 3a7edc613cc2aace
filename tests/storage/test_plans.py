"""Test that the server scans no database table from end to end when it stores records."""

from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import Connection, create_engine, event

from sync_server import create_app
from sync_server.config import Settings
from sync_server.database import POSTGRESQL_PLANS, Base, db, write
from sync_server.domain.judging.clocks import Sighting
from sync_server.storage import prepared
from sync_server.storage.models import LedgerRow
from sync_server.storage.prepared import insert_rows
from tests.conftest import SECRET, URL, FakeClock
from tests.databases import PostgresDatabases
from tests.factories import MEETING, draft, roll, setting
from tests.storage.nodes import NOW, enrol_everybody, send, sight


def test_no_statement_of_an_upload_scans_a_table() -> None:
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    statements: set[str] = set()
    with engine.connect() as connection:
        enrol_everybody(connection)
        send(connection, setting(), roll(1, "M1", "M2"))
        sight(connection, Sighting("D-ONE", "b1", 500, 0, 1))
        driver: Any = connection.connection.driver_connection
        driver.set_trace_callback(statements.add)
        send(connection, draft("check_in", 20), draft("check_in", 21, person="M2"))
        driver.set_trace_callback(None)
        explain = "EXPLAIN QUERY PLAN "
        plans = {text: driver.execute(explain + text).fetchall() for text in statements}
    engine.dispose()

    assert len(plans) >= 9
    scans = {text: p for text, p in plans.items() if any("SCAN" in step[3] for step in p)}
    assert scans == {}


def test_postgresql_does_not_read_the_ledger_that_has_just_grown(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    databases = PostgresDatabases(postgres_url)
    databases.renew("plans")
    app = create_app(Settings(databases.url("plans"), SECRET, SECRET, tmp_path, URL), FakeClock())
    statements: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, text: str, parameters: Any, *_: Any) -> None:
        statements.append((text, parameters))

    execute = prepared._execute

    def noted_execute(connection: Connection, text: str, values: Any) -> Any:
        statements.append((text, values))
        return execute(connection, text, values)

    with app.app_context():
        Base.metadata.create_all(db.engine)
        write(enrol_everybody)
        write(lambda c: send(c, setting(), roll(1, "M1", "M2")))
        write(lambda c: insert_rows(c, LedgerRow, [_row(n) for n in range(1, 3001)]))
        event.listen(db.engine, "before_cursor_execute", note)
        monkeypatch.setattr(prepared, "_execute", noted_execute)
        write(lambda c: sight(c, Sighting("D-ONE", "b1", 500, 0, 1)))
        write(lambda c: send(c, *(draft("check_in", n, person="M1") for n in range(20, 59))))
        db.engine.dispose()
    address = databases.url("plans").replace("+psycopg", "")
    with psycopg.connect(address, options=POSTGRESQL_PLANS) as connection:
        plans = {text: _plan(connection, text, values) for text, values in statements}

    assert len(plans) >= 9
    assert [text for text, plan in plans.items() if "Seq Scan on ledger" in plan] == []


def _row(number: int) -> dict[str, Any]:
    """Return a row for the table of records: a check-in at the hall P002."""
    return {
        "id": str(UUID(int=number)),
        "fingerprint": f"{number:064}",
        "meeting": MEETING,
        "point": "P002",
        "position": number,
        "device": "D-TWO",
        "person": None,
        "kind": "check_in",
        "received_ms": NOW,
        "record": b"{}",
    }


def _plan(connection: psycopg.Connection, text: str, values: Any) -> str:
    """Return how PostgreSQL would run a statement with these parameters."""
    return "\n".join(line for (line,) in connection.execute(f"EXPLAIN {text}".encode(), values))
