"""Test the demonstration's data: invented people, a believable conference and an open meeting."""

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import current_app

from sync_server import create_app, sealing
from sync_server.commands.demo import demonstration, hall_day
from sync_server.commands.demo.demonstration import (
    FINISHED_MEETING,
    PEOPLE_COUNT,
    SILENT_POINTS,
    DemoSummary,
)
from sync_server.config import Settings
from sync_server.database import db, reading, upgrade_schema, write
from sync_server.office.meetings.board import MAX_UPDATE_ROWS
from sync_server.storage import directory, purpose
from sync_server.storage.ledger import standings
from sync_server.storage.ledger.standings import Board
from sync_server.storage.people import roster
from sync_server.storage.people.roster import RosterPerson
from sync_server.web import served_portal
from tests.conftest import NOON, SECRET, FakeClock
from tests.office.desk import Desk

DAY_MS = 86_400_000


@pytest.fixture(scope="module")
def shown(portal: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoSummary]:
    """Fill a database with the demonstration's invented data; yield a summary of the data.

    The database is filled once per module.
    """
    url = f"sqlite:///{tmp_path_factory.mktemp('demo') / 'demo.sqlite3'}"
    app = create_app(Settings(url, SECRET, SECRET, portal, "http://localhost:8000"), FakeClock())
    with app.app_context():
        upgrade_schema()
        yield _fill(portal, NOON)
        db.engine.dispose()


def _fill(portal: Path, now_ms: int) -> DemoSummary:
    with reading() as c:
        published = served_portal.published_directory(c, portal, now_ms)
    assert published
    return demonstration.fill_database(published, sealing.public_key(SECRET), now_ms)


def _board(meeting: str) -> Board:
    with reading() as c:
        return standings.board_of(c, meeting)


def test_the_people_are_as_many_as_in_the_bloc_and_plainly_made_up() -> None:
    people = demonstration.synthetic_people([f"U{n:02d}" for n in range(1, 73)])

    assert len(people) == PEOPLE_COUNT == 4950
    assert all(person.full_name.startswith("Mẫu ") for person in people)
    assert people == demonstration.synthetic_people([f"U{n:02d}" for n in range(1, 73)])
    assert sum(person.position == "BI_THU" for person in people) == 72


def test_the_finished_conference_is_believable(shown: DemoSummary) -> None:
    board = _board(FINISHED_MEETING)
    totals = board.totals

    assert len(board.points) == 72
    assert 0.88 < totals.present / totals.summoned < 0.97
    assert 50 < totals.late < 300
    assert totals.absent_excused > totals.absent_unexcused > 0
    assert {row.point for row in board.points if not row.reported} == SILENT_POINTS
    assert sum(row.missing_seq for row in board.points) == 1
    assert len(board.by_unit_type) == 5
    assert sum(counts.summoned for counts in board.by_unit_type.values()) == totals.summoned


def test_an_update_of_its_board_stays_below_two_kilobytes(shown: DemoSummary) -> None:
    desk = Desk(current_app.test_client())
    assert desk.sign_in(shown.account, shown.password).status_code == 302
    headers = {"If-None-Match": '"0"', "Accept-Encoding": "gzip"}

    answer = desk.get(f"/hoi-nghi/{FINISHED_MEETING}/cap-nhat", **headers)

    assert gzip.decompress(answer.data).count(b"<tr id=") == MAX_UPDATE_ROWS + 1  # plus totals
    assert len(answer.data) <= 2048


def test_a_laptop_a_quarter_of_an_hour_fast_made_nobody_late(shown: DemoSummary) -> None:
    row = next(row for row in _board(FINISHED_MEETING).points if row.point == hall_day.FAST_CLOCK)

    assert "clock_suspect" in row.flags
    assert row.counts.late < row.counts.present / 10


def test_one_meeting_is_open_at_any_hour_and_again_the_next_day(
    shown: DemoSummary, portal: Path
) -> None:
    for now_ms in (NOON, NOON + DAY_MS, NOON + DAY_MS // 2):
        _fill(portal, now_ms)
        with reading() as c:
            open_now = [m for m in directory.meetings(c, now_ms) if m.state == "open"]
        assert open_now
        assert _board(open_now[0].id).totals.summoned == _board(FINISHED_MEETING).totals.summoned


def test_filling_again_adds_nothing_to_what_is_there(shown: DemoSummary, portal: Path) -> None:
    before = _board(FINISHED_MEETING)
    again = _fill(portal, NOON)

    assert _board(FINISHED_MEETING) == before
    assert again.password != shown.password


def test_it_is_not_filled_in_among_real_people(shown: DemoSummary, portal: Path) -> None:
    # The demonstration uses this person's code too.
    real = RosterPerson("M00001", "Ai đó", "U01", "", "NONE", None)
    write(lambda c: roster.put_people(c, [real]))
    write(lambda c: purpose.set_demonstration(c, False))

    with pytest.raises(demonstration.RealPeopleFault):
        _fill(portal, NOON)


def test_the_chair_of_every_hall_is_known_or_missed(shown: DemoSummary) -> None:
    rows = {row.point: row for row in _board(FINISHED_MEETING).points}
    vacant = {point for point, row in rows.items() if "no_chair" in row.flags}

    assert vacant == {hall_day.NO_CHAIR, *SILENT_POINTS}
    away = rows[hall_day.SECRETARY_AWAY]
    assert away.chair
    assert "escalated" not in away.flags
    assert rows[hall_day.NO_CAMERA].missing == ("camera",)
    assert rows[hall_day.LINE_CUT].counts.incident_minutes == 12
    assert not any("without_authority" in row.flags for row in rows.values())
