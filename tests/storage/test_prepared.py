"""Test the SQL statements that run on the database's driver, bypassing SQLAlchemy.

Errors and broken connections must be handled as SQLAlchemy does.
"""

import psycopg
import pytest
from flask import Flask
from sqlalchemy import String, bindparam, select
from sqlalchemy.exc import DBAPIError, IntegrityError

from sync_server import create_app
from sync_server.config import Settings
from sync_server.database import Base, db, reading, write
from sync_server.storage.models import Stream, Unit
from sync_server.storage.prepared import CompiledStatement, in_points, insert_rows
from tests.conftest import SECRET, URL, FakeClock
from tests.databases import PostgresDatabases
from tests.storage.conftest import Ledger

_POINTS = CompiledStatement(select(Stream.point).where(*in_points(Stream)))
_VALUE = CompiledStatement(select(bindparam("value", type_=String)))


@pytest.fixture
def postgres_app(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Flask:
    databases = PostgresDatabases(postgres_url)
    databases.renew("prepared")
    folder = tmp_path_factory.mktemp("prepared")
    return create_app(Settings(databases.url("prepared"), SECRET, SECRET, folder, URL), FakeClock())


@pytest.mark.parametrize("points", [["P001"], ['a"b', "P002"], ["c\\d", "e,f", "{g}", "NULL"]])
def test_lists_may_contain_any_text(ledger: Ledger, points: list[str]) -> None:
    with ledger() as connection:
        rows = [{"meeting": "m", "point": point, "head": 0, "revision": 0} for point in points]
        insert_rows(connection, Stream, [row | {"roster_rev": ""} for row in rows])

        found = _POINTS.rows(connection, meeting="m", points=[*points, "P999"])

        assert sorted(found) == sorted((point,) for point in points)
        assert _POINTS.rows(connection, meeting="m", points=[]) == []


def test_a_driver_s_error_is_that_of_sqlalchemy(ledger: Ledger) -> None:
    row = {"meeting": "m", "point": "P001", "head": 0, "revision": 0, "roster_rev": ""}
    with ledger() as connection, pytest.raises(IntegrityError):
        insert_rows(connection, Stream, [row, row])


def test_a_broken_connection_is_marked_and_replaced(postgres_app: Flask, postgres_url: str) -> None:
    with postgres_app.app_context():
        with db.engine.connect() as connection:
            number = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar()
            with psycopg.connect(postgres_url.replace("+psycopg", "")) as other:
                other.execute("SELECT pg_terminate_backend(%s)", [number])
            with pytest.raises(DBAPIError) as fault:
                _VALUE.rows(connection, value="x")
            assert fault.value.connection_invalidated
        with reading() as connection:
            assert _VALUE.rows(connection, value="x") == [("x",)]
        db.engine.dispose()


def test_postgresql_prepares_a_statement_once_for_all_requests(postgres_app: Flask) -> None:
    with postgres_app.app_context():
        Base.metadata.create_all(db.engine)
        for number in range(10):
            with reading(is_consistent=number % 2 == 0) as connection:
                _VALUE.rows(connection, value="x")
            write(lambda c: c.execute(select(Unit.code)).all())
        with reading() as connection:
            prepared = connection.exec_driver_sql("SELECT statement FROM pg_prepared_statements")
            texts = [text for (text,) in prepared]
        db.engine.dispose()

    assert any(text.startswith("SELECT $1::VARCHAR") for text in texts), texts
    assert any("FROM unit" in text for text in texts), texts
