"""Provide an empty database for records, on SQLite and on PostgreSQL."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
from sqlalchemy import Connection, create_engine

from sync_server.database import Base

Ledger = Callable[[], AbstractContextManager[Connection]]


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def ledger(request: pytest.FixtureRequest) -> Iterator[Ledger]:
    """Yield a function that opens a connection to an empty database, for a `with` statement.

    At the end of the statement, all changes are rolled back. Tests run twice, on SQLite and on
    PostgreSQL.
    """
    url = "sqlite://" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    engine = create_engine(url)
    Base.metadata.create_all(engine)

    @contextmanager
    def open_ledger() -> Iterator[Connection]:
        with engine.connect() as connection:
            yield connection
            connection.rollback()

    yield open_ledger
    Base.metadata.drop_all(engine)
    engine.dispose()
