"""Test that the server scans no database table from end to end when it stores records."""

from typing import Any

from sqlalchemy import create_engine

from sync_server.database import Base
from sync_server.domain.judging.clocks import Sighting
from tests.factories import draft, roll, setting
from tests.storage.nodes import enrol_everybody, send, sight


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

    assert len(plans) >= 10
    scans = {text: p for text, p in plans.items() if any("SCAN" in step[3] for step in p)}
    assert scans == {}
