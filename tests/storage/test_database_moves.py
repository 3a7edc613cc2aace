"""Test that a database is moved from SQLite to PostgreSQL without losing a row.

The move may be interrupted and continued, and halls may send records meanwhile.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from msgspec.structs import replace
from sqlalchemy import create_engine, text

from sync_server import create_app
from sync_server.commands.demo import demonstration
from sync_server.config import Settings
from sync_server.database import db, upgrade_schema, write
from sync_server.storage import database_moves
from sync_server.storage.access import devices
from tests.conftest import NOON, SECRET, FakeClock
from tests.databases import postgres, postgres_programs
from tests.factories import MEETING, draft


@pytest.fixture
def server(tmp_path: Path, clock: FakeClock) -> Iterator[Flask]:
    """Yield a server with an SQLite database that has all tables and no rows."""
    url = f"sqlite:///{tmp_path / 'a.sqlite3'}"
    settings = Settings(url, SECRET, SECRET, tmp_path, "http://localhost")
    app = create_app(replace(settings, backup_dir=tmp_path / "backups"), clock)
    with app.app_context():
        upgrade_schema()
        yield app
        db.engine.dispose()


@pytest.fixture
def target() -> Iterator[str]:
    """Yield the URL of an empty PostgreSQL database."""
    programs = postgres_programs()
    if programs is None:
        pytest.skip("PostgreSQL's server is not installed (Debian: postgresql)")
    with postgres(programs) as url:
        yield url


@pytest.fixture
def sync(server: Flask) -> Callable[..., Any]:
    """Return a function with which a device sends check-ins, and reads its hall's records."""
    code = write(lambda c: devices.new_enrolment(c, "P001", now_ms=NOON))
    enrolled = write(lambda c: devices.enrol(c, code, "thử", None, now_ms=NOON))
    assert enrolled

    def send(app: Flask, *numbers: int, cursor: str = "0") -> Any:
        records = [
            {**draft("check_in", number, person=f"M{number}"), "device": enrolled.device}
            for number in numbers
        ]
        body = {"records": records, "meeting": MEETING, "cursor": cursor}
        headers = {"Authorization": f"Bearer {enrolled.read_token}"}
        return app.test_client().post("/api/v1/sync", json=body, headers=headers).get_json()

    return send


def run_copy(server: Flask, url: str) -> Result:
    return server.test_cli_runner().invoke(args=["ledger", "copy", url])


def test_a_cut_move_goes_on_and_the_halls_notice_nothing(
    server: Flask, target: str, sync: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    cursor = sync(server, 1, 2, 3)["cursor"]
    append = database_moves._append
    calls = iter(range(1, 99))

    def cut(*arguments: Any) -> None:
        append(*arguments)
        if next(calls) == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(database_moves, "_append", cut)
    assert run_copy(server, target).exit_code == 1
    monkeypatch.setattr(database_moves, "_append", append)
    sync(server, 4)

    done = run_copy(server, target)
    assert "hai bên giống nhau: 4 bản ghi" in done.output
    sync(server, 5)
    assert "giống nhau: 5 bản ghi" in run_copy(server, target).output

    moved = create_app(replace(server.config["SETTINGS"], database_url=target), lambda: NOON)
    with moved.app_context():
        answer = sync(moved, 5, 6, cursor=cursor)
        db.engine.dispose()
    assert [verdict["status"] for verdict in answer["verdicts"]] == ["known", "stored"]
    assert [record["seq"] for record in answer["records"]] == [4, 5, 6]


def test_the_demonstration_moves_whole_and_into_no_other_database(
    server: Flask, target: str, portal: Path, sync: Callable[..., Any]
) -> None:
    from sync_server import sealing
    from sync_server.database import reading
    from sync_server.web import served_portal

    with reading() as connection:
        published = served_portal.published_directory(connection, portal, NOON)
    assert published
    demonstration.fill_database(published, sealing.public_key(SECRET), NOON)

    done = run_copy(server, target)

    assert done.exit_code == 0, done.output
    engine = create_engine(target)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM person")) == 4950
        assert connection.scalar(text("SELECT count(*) FROM blob_piece")) > 0
    with engine.begin() as connection:
        connection.execute(text("UPDATE node SET epoch = 'e0000000'"))
    engine.dispose()
    refused = run_copy(server, target)
    assert (refused.exit_code, "của một máy chủ khác" in refused.output) == (1, True)
