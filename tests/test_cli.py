"""Test the `flask` commands as an operator runs them in a terminal."""

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from click.testing import Result
from flask import current_app
from flask.testing import FlaskCliRunner

from sync_server import create_app
from sync_server.clocks import now_ms
from sync_server.commands import serving
from sync_server.config import Settings
from sync_server.database import db, reading, upgrade_schema
from sync_server.domain.records.codes import DAY_MS, to_ms
from sync_server.domain.records.permissions import Profile
from sync_server.storage.access import accounts
from sync_server.storage.ledger import record_store, standings
from sync_server.storage.ledger.streams import StreamKey
from sync_server.storage.people import roster
from tests.conftest import SECRET, FakeClock
from tests.databases import Databases

ROSTER = "person,full_name,unit,position,membership,birth_year\n"


@pytest.fixture
def runner(portal: Path, databases: Databases, clock: FakeClock) -> Iterator[FlaskCliRunner]:
    """Yield a runner of `flask` commands on a database without tables.

    The settings name the folder of a built portal (the public website).
    """
    databases.renew("cli")
    url = databases.url("cli")
    app = create_app(Settings(url, SECRET, SECRET, portal, "http://localhost:8000"), clock)
    with app.app_context():
        yield app.test_cli_runner()
        db.engine.dispose()


@pytest.fixture
def ready(runner: FlaskCliRunner) -> FlaskCliRunner:
    """Return a runner of `flask` commands on a database with one meeting.

    Headquarters has taken the meeting over from the portal (the public website).
    Raises: AssertionError if the command that does so fails.
    """
    upgrade_schema()
    assert run(runner, "meeting accept 2026-12-18-quy-bon").exit_code == 0
    return runner


def run(runner: FlaskCliRunner, line: str) -> Result:
    return runner.invoke(args=line.split())


def test_before_the_schema_is_there_a_command_says_what_to_run(runner: FlaskCliRunner) -> None:
    result = run(runner, "device enrol P001")

    assert result.exit_code == 1
    assert result.output.startswith("Lỗi: ")
    assert "flask --app sync_server db upgrade" in result.output


def test_help_is_vietnamese_for_commands_and_options(runner: FlaskCliRunner) -> None:
    assert "Viết báo cáo các hội nghị của năm YEAR." in run(runner, "report --help").output
    assert "Mã của người giữ vai chủ trì" in run(runner, "user add --help").output


def test_the_road_of_a_real_meeting_from_release_to_roster(
    ready: FlaskCliRunner, tmp_path: Path
) -> None:
    people, summons = tmp_path / "people.csv", tmp_path / "summons.csv"
    people.write_text(f"{ROSTER}M1,Mẫu Văn An,U01,Bí thư,chính thức,1970\n", "utf-8")
    summons.write_text("meeting,point,person,seat\n2026-12-18-quy-bon,P001,M1,A1\n", "utf-8")

    assert "Đã nhập 1 người" in run(ready, f"roster import --yes {people}").output
    assert "Đã triệu tập 1 người" in run(ready, f"roster import --yes {summons}").output

    with reading() as c:
        point_roster = roster.roster_of(c, StreamKey("2026-12-18-quy-bon", "P001"))
    assert [(p.name, p.position, p.seat) for p in point_roster.people] == [
        ("Mẫu Văn An", "BI_THU", "A1")
    ]


def test_a_rehearsal_has_the_same_rolls_and_grace_and_may_be_set_again(
    ready: FlaskCliRunner, tmp_path: Path
) -> None:
    people, summons = tmp_path / "people.csv", tmp_path / "summons.csv"
    people.write_text(f"{ROSTER}M1,Mẫu Văn An,U01,Bí thư,chính thức,1970\n", "utf-8")
    summons.write_text("meeting,point,person,seat\n2026-12-18-quy-bon,P001,M1,A1\n", "utf-8")
    run(ready, f"roster import --yes {people}")
    run(ready, f"roster import --yes {summons}")
    for hour in ("15:00", "16:00"):
        at = ["--at", f"2026-12-17 {hour}"]
        result = ready.invoke(args=["meeting", "rehearse", "2026-12-18-quy-bon", *at])
        assert "2026-12-18-quy-bon-tong-duyet" in result.output

    with reading() as c:
        rehearsal = standings.read(c, StreamKey("2026-12-18-quy-bon-tong-duyet", "P001"))
        original = standings.read(c, StreamKey("2026-12-18-quy-bon", "P001"))
    assert rehearsal
    assert original
    assert [person.person for person in rehearsal.people] == ["M1"]
    assert rehearsal.terms.is_rehearsal
    assert rehearsal.terms.starts_ms == to_ms("2026-12-17T09:00:00Z")
    assert rehearsal.terms.grace_ms == original.terms.grace_ms > 0


def test_a_meeting_that_nobody_knows_is_not_rehearsed(ready: FlaskCliRunner) -> None:
    result = ready.invoke(args=["meeting", "rehearse", "none", "--at", "2026-12-17 15:00"])

    assert result.exit_code == 1
    assert "none" in result.output


def test_a_faulty_roster_imports_nothing(ready: FlaskCliRunner, tmp_path: Path) -> None:
    people = tmp_path / "people.csv"
    people.write_text(f"{ROSTER}M1,Mẫu Văn An,U01,,,\nM2,Mẫu Thị Bình,U99,,,\n", "utf-8")

    result = run(ready, f"roster import --yes {people}")

    assert result.exit_code == 1
    assert "Ô C3: không có đơn vị «U99»" in result.output
    assert "Chưa nhập dòng nào" in result.output
    with reading() as c:
        assert roster.known_people(c) == set()


def test_without_anybody_to_ask_a_list_is_previewed_and_not_imported(
    ready: FlaskCliRunner, tmp_path: Path
) -> None:
    people = tmp_path / "people.csv"
    people.write_text(
        "Họ và tên;Năm sinh;Đơn vị;Đảng viên\nMẫu Văn An;1970;BTG Tỉnh uỷ;dự bị\n", "utf-8"
    )

    result = run(ready, f"roster import {people}")

    assert result.exit_code == 2
    assert "1 mới" in result.output
    assert "M00001 Mẫu Văn An" in result.output
    with reading() as c:
        assert roster.known_people(c) == set()
    assert run(ready, f"roster import --yes {people}").exit_code == 0
    assert "1 không đổi" in run(ready, f"roster import {people}").output


def test_a_fresh_database_knows_the_units_of_the_portal(
    runner: FlaskCliRunner, tmp_path: Path
) -> None:
    upgrade_schema()
    people = tmp_path / "people.csv"
    people.write_text("Họ và tên;Đơn vị;Đảng viên\nMẫu Văn An;Ban Tuyên giáo Tỉnh uỷ;\n", "utf-8")

    assert run(runner, f"roster import --yes {people}").exit_code == 0


def test_an_enrolment_code_comes_with_its_link(ready: FlaskCliRunner) -> None:
    output = run(ready, "device enrol P017").output

    code = re.search(r"^  (\S{4}-\S{4}-\S{4}-\S{4})$", output, re.MULTILINE)
    assert code
    assert f"http://localhost:8000/diem-danh/index.html#ma={code[1]}" in output
    assert "Đã thu hồi 1 mã chưa dùng của P017" in run(ready, "device withdraw P017").output


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("device enrol P999", "«P999»"),
        ("device enrol P001 --profile chair", "--person"),
        ("device enrol P001 --person M1", "--person"),
        ("device enrol P001 --profile chair --person M9", "«M9»"),
        ("device withdraw P999", "«P999»"),
        ("device revoke D-NONE", "«D-NONE»"),
        ("user token nobody", "«nobody»"),
        ("user add cô-ba --role headquarters --password ngon-den-khuya-dai", "cô-ba"),
        ("user add hq --role headquarters --password short", "10"),
        ("meeting accept none", "2026-12-18-quy-bon"),
        ("roster import none.csv", "none.csv"),
        ("queue import none.diemcau", "none.diemcau"),
        ("meeting rehearse none --at 2026-12-17T15:00", "2024-08-21 15:00"),
    ],
)
def test_a_failing_command_names_the_value_and_a_remedy(
    ready: FlaskCliRunner, line: str, message: str
) -> None:
    result = run(ready, line)

    assert result.exit_code == 1
    assert message in result.output


def test_an_account_is_made_changed_and_given_a_token(ready: FlaskCliRunner) -> None:
    assert run(ready, "user add hq --role auditor --password ngon-den-khuya-dai").exit_code == 0
    assert (
        run(ready, "user add hq --role headquarters --password ngon-den-khuya-khac").exit_code == 0
    )

    assert run(ready, "user token hq").output.startswith("oa_")
    with reading() as c:
        assert accounts.account_with_password(c, "hq", "ngon-den-khuya-dai") is None
        account = accounts.account_with_password(c, "hq", "ngon-den-khuya-khac")
    assert account
    assert account.role is Profile.HEADQUARTERS
    days = (account.token_ends_ms - now_ms()) / DAY_MS
    assert 179 < days <= 180


def test_without_a_release_there_is_nothing_to_accept(
    ready: FlaskCliRunner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings = msgspec.structs.replace(current_app.config["SETTINGS"], site_dir=tmp_path / "none")
    monkeypatch.setitem(current_app.config, "SETTINGS", settings)

    result = run(ready, "meeting accept 2026-12-18-quy-bon")

    assert result.exit_code == 1
    assert "python build.py" in result.output


def test_held_records_are_listed_and_the_ledger_is_computed_again(ready: FlaskCliRunner) -> None:
    held = run(ready, "ledger held")
    rebuilt = run(ready, "ledger rebuild")

    assert [result.exit_code for result in (held, rebuilt)] == [0, 0]
    assert "0 bản ghi không được nhận" in held.output
    assert "0 nơi khác" in rebuilt.output


def test_a_database_that_cannot_be_read_is_named(
    settings: Settings, tmp_path: Path, clock: FakeClock
) -> None:
    path = tmp_path / "hong.sqlite3"
    path.write_bytes(b"no database at all, but long enough for one" * 40)
    broken = msgspec.structs.replace(settings, database_url=f"sqlite:///{path}")
    with create_app(broken, clock).app_context():
        result = run(current_app.test_cli_runner(), "ledger held")
        db.engine.dispose()
    assert result.exit_code == 1
    assert str(path) in result.output
    assert "Traceback" not in result.output


def test_a_clock_behind_the_newest_receipt_is_told_at_the_start(
    ready: FlaskCliRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "serve_forever", lambda *_: None)
    assert "chậm hơn" not in run(ready, "serve").output
    monkeypatch.setattr(record_store, "newest_receipt_ms", lambda _: now_ms() + 3_600_000)
    assert "chậm hơn bản ghi mới nhất trong sổ 60 phút" in run(ready, "serve").output
