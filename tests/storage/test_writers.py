"""Test that readers skip no record and read none twice while many clients write."""

import random
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Connection, select
from sqlalchemy.exc import OperationalError

from sync_server import create_app
from sync_server.config import Settings
from sync_server.database import (
    STORE_LATER_WAIT_S,
    WAIT_S,
    Base,
    db,
    reading,
    store_later,
    upgrade_schema,
    write,
    write_if_free,
)
from sync_server.domain.judging.standing import PointStanding, standing_of
from sync_server.domain.records.door import Writer
from sync_server.domain.records.permissions import Profile
from sync_server.storage.access import devices
from sync_server.storage.ledger import (
    intake,
    judged_halls,
    record_store,
    sightings,
    standings,
    streams,
)
from sync_server.storage.ledger.intake import Delivery
from sync_server.storage.ledger.streams import StreamKey, StreamVersion
from sync_server.storage.models import LedgerRow, Listing, PointStandingRow
from tests.conftest import NOON, SECRET, FakeClock
from tests.factories import MEETING, draft, raw, roll

POINTS = ("P001", "P002", "P003")
PEOPLE = tuple(f"M{n}" for n in range(12))
BATCHES, BATCH = 12, 3
OFFICE = Writer("O-office", Profile.HEADQUARTERS, None)


@pytest.fixture(params=["sqlite", "postgresql"])
def committed(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Flask]:
    """Yield the app on a database where transactions are committed, so that they can conflict.

    The test runs on SQLite and on PostgreSQL.
    """
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'writers.sqlite3'}"
    else:
        url = request.getfixturevalue("postgres_url")
    app = create_app(Settings(url, SECRET, SECRET, tmp_path, "http://localhost:8000"), FakeClock())
    with app.app_context():
        Base.metadata.drop_all(db.engine)
        upgrade_schema()
        yield app
        with db.engine.begin() as connection:
            Base.metadata.drop_all(connection)
            connection.exec_driver_sql("DROP TABLE alembic_version")
        db.engine.dispose()


@pytest.mark.parametrize("committed", ["postgresql"], indirect=True)
def test_a_lock_is_waited_for_no_longer_than_the_work_may_wait(committed: Flask) -> None:
    timeouts_ms: list[int] = []

    def work(connection: Connection) -> None:
        query = "SELECT setting::int FROM pg_settings WHERE name = 'lock_timeout'"
        timeouts_ms.append(connection.exec_driver_sql(query).scalar_one())
        if len(timeouts_ms) == 1:
            raise OperationalError("", None, sqlite3.OperationalError("database is locked"))

    write(work)
    write_if_free(work)
    with reading():
        store_later(work)

    first, again, optional, later = timeouts_ms
    assert first == WAIT_S * 1000 > again > 0
    assert (optional, later) == (1, STORE_LATER_WAIT_S * 1000)


def _writer(number: int) -> Writer:
    return Writer(f"D-{number}", Profile.CLERK, POINTS[number % len(POINTS)])


class Commits:
    """A counter of commits that wakes waiting readers, because polling would slow the writers."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._count = 0
        self.is_over = False

    def add(self, *, is_last: bool = False) -> None:
        """Count one commit and wake all readers; `is_last` tells the readers to stop."""
        with self._changed:
            self._count += 1
            self.is_over = is_last
            self._changed.notify_all()

    def wait_after(self, count: int) -> int:
        """Wait until there are more than `count` commits, or until the last commit is made.

        Return the number of commits so far.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._count > count or self.is_over)
            return self._count


def _send(writer: Writer, batch: list[dict[str, object]], commits: Commits) -> None:
    offers = intake.judge_records([raw(record) for record in batch], writer)
    write(lambda c: intake.receive(c, Delivery(writer, offers, NOON)))
    commits.add()


def _clerk_s_day(app: Flask, number: int, commits: Commits, faults: list[BaseException]) -> None:
    """Check in people at one hall in batches, and send some batches twice.

    `number` chooses the device and the hall. `commits` counts the batches. An error is added to
    `faults` instead of being raised, because this runs in a thread.
    """
    dice = random.Random(number)  # noqa: S311 - a seed repeats the day
    writer = _writer(number)
    records = [
        draft("check_in", seq, point=writer.point, device=writer.device, person=dice.choice(PEOPLE))
        | {"id": f"0193f000-0000-7000-8000-{number:06d}{seq:06d}"}
        for seq in range(1, BATCHES * BATCH + 1)
    ]
    try:
        with app.app_context():
            for start in range(0, len(records), BATCH):
                _send(writer, records[start : start + BATCH], commits)
                if dice.random() < 0.3:
                    _send(writer, records[max(0, start - BATCH) : start + BATCH], commits)
    except BaseException as fault:  # noqa: BLE001 - the test's thread reports it
        faults.append(fault)


def _office_day(app: Flask, commits: Commits, faults: list[BaseException]) -> None:
    """Move people between the halls with new lists of summoned people, while halls check people in.

    An error is added to `faults` instead of being raised, because this runs in a thread.
    """
    dice = random.Random(99)  # noqa: S311 - a fixed seed repeats the day
    try:
        with app.app_context():
            for number in range(8):
                people = dice.sample(PEOPLE, 5)
                point = POINTS[number % len(POINTS)]
                _send(OFFICE, [roll(900 + number, *people, point=point)], commits)
    except BaseException as fault:  # noqa: BLE001 - the test's thread reports it
        faults.append(fault)


def _follow(app: Flask, key: StreamKey, forms: list[bytes], commits: Commits) -> None:
    """Read the records of one hall (`key`) as they arrive, until the writers are done.

    The stored bytes of every record are added to `forms`.
    """
    cursor, count = "0", 0
    with app.app_context():
        while True:
            is_over = commits.is_over
            with reading() as connection:
                page = streams.read(connection, key, cursor, 7)
            forms += [form for form, *_ in page.records]
            cursor = page.cursor
            if page.records:
                continue
            if is_over:
                return
            count = commits.wait_after(count)


def _judged_from_records(connection: Connection) -> dict[StreamKey, PointStanding]:
    """Return the attendance at all halls, computed from records without using stored results."""
    clocks = sightings.clocks_of(connection, [_writer(number).device for number in range(6)])
    records = streams.records_of(connection, [StreamKey(MEETING, point) for point in POINTS])
    return {
        key: standing_of(key.point, stream_records, clocks)
        for key, stream_records in records.items()
        if stream_records
    }


def _watch_board(app: Flask, commits: Commits, faults: list[BaseException]) -> None:
    """Read the attendance and headquarters' overview of all halls (the board) after every commit.

    Both are checked against the records. An error is added to `faults` instead of being raised,
    because this runs in a thread.
    """
    count = 0
    try:
        with app.app_context():
            while not commits.is_over:
                with reading() as connection:
                    expected = _judged_from_records(connection)
                    assert standings.read_all(connection, expected) == expected
                    board = standings.board_of(connection, MEETING)
                    counts = {row.point: row.counts for row in board.points}
                    assert counts == {key.point: expected[key].counts for key in expected}
                count = commits.wait_after(count)
    except BaseException as fault:  # noqa: BLE001 - the test's thread reports it
        faults.append(fault)


def test_a_stored_standing_is_used_only_until_its_stream_grows(committed: Flask) -> None:
    commits, key = Commits(), StreamKey(MEETING, "P001")
    writer = Writer("D-6", Profile.CLERK, "P001")
    write(partial(devices.put, writer=writer, label="test", now_ms=NOON))
    _send(OFFICE, [roll(900, "M1", point="P001")], commits)
    with reading() as connection:
        judged = standings.read(connection, key)
    with reading() as connection:
        assert connection.scalar(select(PointStandingRow.point)) == "P001"
        assert standings.read(connection, key) == judged

    _send(writer, [draft("check_in", 1, point="P001", device="D-6", person="M1")], commits)

    with reading() as connection:
        standing = standings.read(connection, key)
        assert standing
        assert standing.counts.present == 1
        assert standings.board_of(connection, MEETING).totals.present == 1


def test_a_remembered_hall_has_nothing_of_a_transaction_that_failed(committed: Flask) -> None:
    key, commits = _hall_with_a_device(), Commits()
    write(partial(_append, _arrival(1, "M1")))
    with reading() as connection:
        assert _present(connection, key) == {"M1"}

    def fail(connection: Connection) -> None:
        _append(_arrival(2, "M2"), connection)
        assert _present(connection, key) == {"M1", "M2"}
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write(fail)
    _send(CLERK, [_arrival(3, "M3")], commits)

    with reading() as connection:
        assert _present(connection, key) == {"M1", "M3"}


def test_copies_of_a_ledger_do_not_share_remembered_halls(tmp_path: Path) -> None:
    urls = [f"sqlite:///{tmp_path / name}.sqlite3" for name in ("first", "copy")]
    first, copy = (
        create_app(Settings(url, SECRET, SECRET, tmp_path, "http://localhost:8000"), FakeClock())
        for url in urls
    )
    with first.app_context():
        upgrade_schema()
        key = _hall_with_a_device()
        db.engine.dispose()
    shutil.copy(tmp_path / "first.sqlite3", tmp_path / "copy.sqlite3")

    for app, person in ((first, "M1"), (copy, "M2")):
        with app.app_context():
            write(partial(_append, _arrival(1, person)))
            with reading() as connection:
                assert _present(connection, key) == {person}
            db.engine.dispose()


def test_a_hall_that_is_forgotten_is_judged_from_its_records(
    committed: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judged_halls, "MAX_REMEMBERED_RECORDS", 0)
    key = _hall_with_a_device()
    version = {key: StreamVersion(10, 10)}

    for number, person in enumerate(("M1", "M2", "M3"), start=1):
        write(partial(_append, _arrival(number, person)))
        with reading() as connection:
            assert len(_present(connection, key)) == number
            assert judged_halls.recall(connection, version) == {}


CLERK = Writer("D-6", Profile.CLERK, "P001")


def _hall_with_a_device() -> StreamKey:
    """Register the device D-6 at the hall P001, and summon M1, M2 and M3 to this hall.

    Return the key of the hall's stream, the list of all records that concern the hall.
    """
    write(partial(devices.put, writer=CLERK, label="test", now_ms=NOON))
    _send(OFFICE, [roll(900, "M1", "M2", "M3", point="P001")], Commits())
    return StreamKey(MEETING, "P001")


def _arrival(number: int, person: str) -> dict[str, object]:
    return draft("check_in", number, point="P001", device="D-6", person=person)


def _append(record: dict[str, object], connection: Connection) -> None:
    offers = intake.judge_records([raw(record)], CLERK)
    intake.receive(connection, Delivery(CLERK, offers, NOON))


def _present(connection: Connection, key: StreamKey) -> set[str]:
    standing = standings.read(connection, key)
    assert standing
    return {person.person for person in standing.people if person.standing == "present"}


def test_many_writers_and_a_reader_agree(committed: Flask) -> None:
    for number in range(6):
        write(partial(devices.put, writer=_writer(number), label="test", now_ms=NOON))
    faults: list[BaseException] = []
    commits = Commits()
    seen: dict[str, list[bytes]] = {point: [] for point in POINTS}
    readers = [
        threading.Thread(
            target=_follow, args=(committed, StreamKey(MEETING, point), seen[point], commits)
        )
        for point in POINTS
    ]
    readers.append(threading.Thread(target=_watch_board, args=(committed, commits, faults)))
    writers = [
        threading.Thread(target=_clerk_s_day, args=(committed, number, commits, faults))
        for number in range(6)
    ]
    writers.append(threading.Thread(target=_office_day, args=(committed, commits, faults)))
    for thread in [*readers, *writers]:
        thread.start()
    for thread in writers:
        thread.join()
    commits.add(is_last=True)
    for thread in readers:
        thread.join()

    assert faults == []
    with reading() as c:
        assert len(c.execute(select(LedgerRow.id)).all()) == 6 * BATCHES * BATCH + 8
        for point in POINTS:
            at = (LedgerRow.meeting == MEETING, LedgerRow.point == point)
            positions = [*c.scalars(select(LedgerRow.position).where(*at))]
            positions += c.scalars(select(Listing.position).where(Listing.point == point))
            assert sorted(positions) == list(range(1, len(positions) + 1))
            assert len(seen[point]) == len(set(seen[point])) == len(positions)
    assert write(partial(record_store.rebuild, meeting=MEETING)) == []
