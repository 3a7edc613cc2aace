"""One request, one transaction: a page reads one snapshot, an act is one write."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from sqlalchemy import event

from sync_server.database import db, reading, write
from tests.factories import MEETING
from tests.office.desk import Desk


@contextmanager
def collect_transactions(app: Flask) -> Iterator[list[str]]:
    """Collect the kind of every transaction that begins."""
    kinds: list[str] = []

    def note(connection: object, cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("BEGIN"):
            kinds.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    yield kinds
    event.remove(db.engine, "before_cursor_execute", note)


@pytest.mark.parametrize("path", ["/", f"/hoi-nghi/{MEETING}", f"/hoi-nghi/{MEETING}/trieu-tap"])
def test_a_page_reads_one_snapshot(app: Flask, headquarters: Desk, path: str) -> None:
    with collect_transactions(app) as kinds:
        assert headquarters.get(path).status_code == 200

    assert kinds.count("BEGIN") == 1


def test_a_page_of_personal_data_writes_nothing_but_its_log(app: Flask, headquarters: Desk) -> None:
    with collect_transactions(app) as kinds:
        assert headquarters.get(f"/hoi-nghi/{MEETING}/diem-cau/P001").status_code == 200

    assert kinds == ["BEGIN", "BEGIN IMMEDIATE"]


def test_an_act_is_one_transaction_its_log_entry_included(app: Flask, headquarters: Desk) -> None:
    headquarters.get("/tai-khoan-cua-toi")
    with collect_transactions(app) as kinds:
        response = headquarters.post(f"/hoi-nghi/{MEETING}/huy", do="cancel")

    assert response.status_code == 302
    assert kinds.count("BEGIN IMMEDIATE") == 1


def test_a_reading_snapshot_cannot_be_written_to(app: Flask) -> None:
    with reading(), pytest.raises(RuntimeError):
        write(lambda c: None)
