"""Test a server whose disk is full: it loses no record, and works again once there is space."""

import shutil
import sqlite3
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from sync_server.database import FULL_RETRY_S, LEAST_FREE_BYTES, db
from tests.conftest import Persona
from tests.factories import MEETING, draft


def allow_no_page(connection: sqlite3.Connection, _record: Any) -> None:
    """Forbid SQLite to enlarge the database file, as if the disk were full.

    SQLAlchemy calls this function for every new connection; its second argument, `_record`, is not
    used.
    """
    # SQLite raises a limit that is too small to the present size of the file.
    connection.execute("PRAGMA max_page_count = 1")


@pytest.mark.sqlite
def test_a_full_disk_refuses_a_request_as_a_whole_until_there_is_room(
    app: Flask, as_clerk: Callable[..., Persona]
) -> None:
    clerk = as_clerk()
    records = [
        {**draft("check_in", n, person=f"X{n}"), "device": clerk.device} for n in range(1, 200)
    ]
    db.engine.dispose()
    event.listen(db.engine, "connect", allow_no_page)

    refused = clerk.post("/sync", {"records": records})
    event.remove(db.engine, "connect", allow_no_page)
    db.engine.dispose()

    assert (refused.status_code, (refused.json or {})["code"]) == (507, "disk_full")
    assert int(refused.headers["Retry-After"]) == FULL_RETRY_S
    assert clerk.sync(meeting=MEETING)["records"][1:] == []
    verdicts = clerk.sync(*records)["verdicts"]
    assert {verdict["status"] for verdict in verdicts} == {"stored"}


@pytest.mark.sqlite
def test_a_server_whose_disk_is_nearly_full_is_not_ready_but_still_stores(
    as_clerk: Callable[..., Persona], as_outsider: Persona, monkeypatch: pytest.MonkeyPatch
) -> None:
    nearly_full = SimpleNamespace(free=LEAST_FREE_BYTES - 1)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: nearly_full)

    answer = as_outsider.client.get("/readyz")

    assert (answer.status_code, answer.headers["Retry-After"]) == (507, str(FULL_RETRY_S))
    assert as_clerk().sync(draft("check_in", 1))["verdicts"][0]["status"] == "stored"
