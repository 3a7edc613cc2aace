"""Writes: applied whole or not at all, and retried after a conflict with another writer."""

import threading

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from sqlalchemy import Connection, insert, select

from sync_server.config import Settings
from sync_server.database import (
    ATTEMPTS,
    Base,
    Stale,
    db,
    has_current_schema,
    reading,
    upgrade_schema,
    write,
)
from sync_server.storage.models import AccountRow
from tests.conftest import FakeClock


def test_the_migrations_make_the_tables_of_the_models(settings: Settings, clock: FakeClock) -> None:
    from sync_server import create_app

    app = create_app(settings, clock)
    with app.app_context():
        assert not has_current_schema()
        upgrade_schema()
        assert has_current_schema()
        with reading() as connection:
            differences = compare_metadata(MigrationContext.configure(connection), Base.metadata)
        db.engine.dispose()
    assert differences == []


def test_a_failing_write_leaves_nothing(app: Flask) -> None:
    def work(connection: Connection) -> None:
        connection.execute(insert(AccountRow).values(name="x", role="r", password_hash="h"))
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write(work)

    with reading() as connection:
        assert connection.scalar(select(AccountRow.name)) is None


def test_a_stale_write_is_run_again_whole_and_not_for_ever(app: Flask) -> None:
    tries = 0

    def work(_: Connection) -> None:
        nonlocal tries
        tries += 1
        raise Stale

    with pytest.raises(Stale):
        write(work)
    assert tries == ATTEMPTS


def test_writers_take_turns(app: Flask) -> None:
    def add(name: str) -> None:
        with app.app_context():
            values = {"name": name, "role": "r", "password_hash": "h"}
            write(lambda c: c.execute(insert(AccountRow).values(values)))

    threads = [threading.Thread(target=add, args=(f"n{n}",)) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with reading() as connection:
        assert len(connection.scalars(select(AccountRow.name)).all()) == 20
