"""The hot path's statements find their rows by an index: none reads a whole table."""

from typing import Any

from sqlalchemy import Connection, create_engine, event

from sync_server.database import Base
from sync_server.domain.clock import Sighting
from tests.factories import draft, roll, setting
from tests.storage.nodes import enrol_everybody, send, sight


def test_no_statement_of_an_upload_scans_a_table() -> None:
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    statements: dict[str, Any] = {}

    def collect(_c: Any, _cursor: Any, text: str, parameters: Any, _x: Any, many: bool) -> None:
        statements[text] = parameters[0] if many else parameters

    with engine.connect() as connection:
        enrol_everybody(connection)
        send(connection, setting(), roll(1, "M1", "M2"))
        sight(connection, Sighting("D-ONE", "b1", 500, 0, 1))
        event.listen(engine, "before_cursor_execute", collect)
        send(connection, draft("check_in", 20), draft("check_in", 21, person="M2"))
        event.remove(engine, "before_cursor_execute", collect)
        plans = {
            text: [
                row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", given)
            ]
            for text, given in statements.items()
        }
    engine.dispose()

    assert len(plans) >= 10
    scans = {text: plan for text, plan in plans.items() if any("SCAN" in step for step in plan)}
    assert scans == {}


def _plan(connection: Connection, text: str, given: Any) -> list[str]:
    return [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", given)]
