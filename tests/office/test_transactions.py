"""Test that a page reads the database, and an action writes to it, in a single transaction."""

import io
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from sqlalchemy import Connection, event

from sync_server.acts import queue_files
from sync_server.database import db, reading, write
from sync_server.domain.records.permissions import Profile
from sync_server.storage.access import accounts
from sync_server.storage.access.accounts import Account
from tests.factories import MEETING
from tests.office.desk import PASSWORD, Desk


@contextmanager
def collect_transactions(app: Flask) -> Iterator[list[str]]:
    """Yield a list to which the kind of every database transaction is added when it begins.

    The kind is `BEGIN IMMEDIATE` if the transaction may write, otherwise `BEGIN`.
    """
    kinds: list[str] = []

    def note(connection: Connection) -> None:
        is_writing = connection.get_execution_options().get("is_writing")
        kinds.append("BEGIN IMMEDIATE" if is_writing else "BEGIN")

    event.listen(db.engine, "begin", note)
    yield kinds
    event.remove(db.engine, "begin", note)


@pytest.mark.parametrize("path", ["/", f"/hoi-nghi/{MEETING}", f"/hoi-nghi/{MEETING}/trieu-tap"])
def test_a_page_reads_one_snapshot(app: Flask, headquarters: Desk, path: str) -> None:
    with collect_transactions(app) as kinds:
        assert headquarters.get(path).status_code == 200

    assert kinds.count("BEGIN") == 1


def test_a_page_of_personal_data_writes_nothing_but_its_log(app: Flask, headquarters: Desk) -> None:
    headquarters.get(f"/hoi-nghi/{MEETING}")  # the first reader judges, and stores the standings
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


def stored_by_another_writer(app: Flask) -> bool:
    """Return whether another thread can store an account in the database within five seconds."""

    def put() -> None:
        with app.app_context():
            write(lambda c: accounts.put(c, Account("khac", Profile.AUDITOR), PASSWORD))

    other = threading.Thread(target=put, daemon=True)
    other.start()
    other.join(5)
    return not other.is_alive()


@pytest.mark.parametrize(
    ("path", "module", "slow_work"),
    [
        ("/nhap-tep", queue_files, "_read_boxes"),
        ("/tai-khoan-cua-toi/mat-khau", accounts, "account_with_password"),
        ("/tai-khoan-cua-toi/hai-lop", accounts, "account_with_password"),
    ],
)
def test_no_writer_waits_for_a_slow_act(
    app: Flask,
    headquarters: Desk,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    module: object,
    slow_work: str,
) -> None:
    outcomes: list[bool] = []
    work: Callable[..., object] = getattr(module, slow_work)

    def work_beside_another_writer(*arguments: object) -> object:
        outcomes.append(stored_by_another_writer(app))
        return work(*arguments)

    monkeypatch.setattr(module, slow_work, work_beside_another_writer)
    file = (io.BytesIO(b""), "tep.csv")
    headquarters.post(path, file=file, do="begin", password=PASSWORD, new_password=PASSWORD)

    assert outcomes == [True]
