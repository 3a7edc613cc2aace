"""Test that backups are encrypted, complete and checked, and that a restore loses nothing."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import Connection

from sync_server import create_app
from sync_server.acts import backups
from sync_server.config import Settings
from sync_server.database import db, reading, sqlite_path, upgrade_schema, write
from sync_server.storage import database_copies
from sync_server.storage.access import audit
from sync_server.storage.access.audit import AuditEntry
from sync_server.storage.database_copies import serving, summarise
from sync_server.storage.ledger import streams
from tests.conftest import SECRET, FakeClock, Persona
from tests.databases import postgres, postgres_programs
from tests.factories import draft


@pytest.fixture
def key(app: Flask, settings: Settings, tmp_path: Path) -> Path:
    """Set up backups with a new key pair, and return the path of the file with the secret key."""
    secret, public = backups.new_key()
    app.config["SETTINGS"] = msgspec.structs.replace(
        settings, backup_recipient=public, backup_dir=tmp_path / "backups"
    )
    path = tmp_path / "khoa.txt"
    path.write_text(f"# cất ở nơi khác\n{secret}\n")
    run(app, "db", "stamp", "head")
    return path


def run(app: Flask, *arguments: object) -> Result:
    return app.test_cli_runner().invoke(args=[str(argument) for argument in arguments])


def made(app: Flask) -> Path:
    """Make a backup with `flask backup make`, and return the path of its file.

    Raises: AssertionError if the command fails.
    """
    done = run(app, "backup", "make")
    assert done.exit_code == 0, done.output
    [path, *_] = backups.latest(app.config["SETTINGS"].backup_dir)
    return path


def test_after_a_restore_devices_send_again_what_the_backup_lacks(
    app: Flask, key: Path, as_clerk: Callable[..., Persona]
) -> None:
    clerk = as_clerk()
    numbers = range(1, 8)
    records: list[dict[str, Any]] = [draft("check_in", n, person=f"M{n}") for n in numbers]
    clerk.sync(*records[:2])
    backup = made(app)
    with reading() as connection:
        backed_up = summarise(connection)
    clerk.sync(*records[2:])
    with reading() as connection:
        before = summarise(connection)
    db.engine.dispose()

    done = run(app, "restore", backup, "--key", key)

    assert done.exit_code == 0, done.output
    with reading() as connection:
        restored = summarise(connection)
    assert restored == msgspec.structs.replace(backed_up, epoch=restored.epoch)
    assert restored.epoch != before.epoch
    answer = clerk.sync(highest=7)  # an idle device, whose last record was sent long ago
    assert answer["want"] == [[3, 7]]
    assert clerk.sync(*records[2:], highest=7)["want"] == []
    with reading() as connection:
        after = summarise(connection)
    assert (after.records, after.ledger) == (before.records, before.ledger)
    assert after.standings == before.standings


def test_a_backup_is_checked_and_a_useless_one_is_refused(
    app: Flask, key: Path, as_clerk: Callable[..., Persona], tmp_path: Path
) -> None:
    clerk = as_clerk()
    clerk.sync(draft("check_in", 1, person="M1"))
    backup = made(app)
    content = backup.read_bytes()
    assert b"SQLite format" not in content
    assert SECRET.encode() not in content
    assert run(app, "backup", "check", backup, "--key", key).exit_code == 0

    other = tmp_path / "khac.txt"
    other.write_text(backups.new_key()[0])
    damaged = tmp_path / "hong.diemcau-backup"
    damaged.write_bytes(content[:-400] + b"x" * 400)
    foreign = tmp_path / "la.diemcau-backup"
    foreign.write_bytes(b"no backup")
    empty = tmp_path / "rong.txt"
    empty.write_text("x")
    for file, key_file, word in (
        (backup, other, "khoá khác"),
        (damaged, key, "hỏng"),
        (foreign, key, "không phải bản sao lưu"),
        (backup, empty, "AGE-SECRET-KEY"),
    ):
        for command in (("backup", "check"), ("restore",)):
            done = run(app, *command, file, "--key", key_file)
            assert done.exit_code == 1
            assert word in done.output
    assert not list(backup.parent.glob(".work-*"))  # nothing decrypted stays


def test_a_backup_that_a_newer_version_judges_otherwise_can_be_restored(
    app: Flask, key: Path, as_clerk: Callable[..., Persona], monkeypatch: pytest.MonkeyPatch
) -> None:
    as_clerk().sync(draft("check_in", 1, person="M1"))
    genuine = summarise

    def judged_otherwise(connection: Connection) -> database_copies.Summary:
        return msgspec.structs.replace(genuine(connection), standings="other rules")

    with monkeypatch.context() as patched:
        patched.setattr(database_copies, "summarise", judged_otherwise)
        backup = made(app)
    done = run(app, "backup", "check", backup, "--key", key)
    assert done.exit_code == 0
    assert "ledger rebuild" in done.output
    assert run(app, "restore", backup, "--key", key).exit_code == 0


def test_a_damaged_database_in_a_whole_backup_is_refused_in_words(
    app: Flask, key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def damaged(target: Path) -> database_copies.Summary:
        target.write_bytes(b"SQLite format 3\0" + b"\xff" * 8000)
        return database_copies.Summary("e1", 0, "", "", "")

    with monkeypatch.context() as patched:
        patched.setattr(database_copies, "copy_to", damaged)
        backup = made(app)
    for command in (("backup", "check"), ("restore",)):
        done = run(app, *command, backup, "--key", key)
        assert done.exit_code == 1
        assert done.output.startswith("Lỗi: ")


def test_a_backup_with_other_contents_than_it_states_is_refused(
    app: Flask, key: Path, as_clerk: Callable[..., Persona], monkeypatch: pytest.MonkeyPatch
) -> None:
    clerk = as_clerk()
    clerk.sync(draft("check_in", 1, person="M1"))
    with monkeypatch.context() as patched:
        empty = database_copies.Summary("e1", 0, "", "", "")
        patched.setattr(database_copies, "summarise", lambda _: empty)
        backup = made(app)
    done = run(app, "backup", "check", backup, "--key", key)
    assert done.exit_code == 1
    assert "không khớp" in done.output


def test_a_running_server_keeps_its_database(app: Flask, key: Path) -> None:
    backup = made(app)
    path = sqlite_path()
    assert path
    with serving(path):
        done = run(app, "restore", backup, "--key", key)
    assert done.exit_code == 1
    assert "systemctl stop" in done.output
    assert run(app, "restore", backup, "--key", key).exit_code == 0
    [kept] = path.parent.glob(f"{path.name}.truoc-*[0-9]")
    assert sqlite3.connect(kept).execute("SELECT count(*) FROM stream").fetchall()


def test_a_restore_lists_what_the_office_did_since_and_keeps_the_keys(
    app: Flask, key: Path, clock: FakeClock, tmp_path: Path
) -> None:
    settings = app.config["SETTINGS"]
    log = tmp_path / "journal.log"
    act = {"event": "act", "at_ms": clock.now_ms - 1000, "who": "hq", "path": "/cu", "about": ""}
    later = {**act, "at_ms": clock.now_ms + 60_000, "path": "/moi", "about": "M1"}
    backup = made(app)
    lines = ["noise", f"Nov 26 diemcau[1]: {json.dumps(act)}", json.dumps(later), '{"event": 1}']
    log.write_text("\n".join(lines))
    app.config["SETTINGS"] = msgspec.structs.replace(settings, seal_key="n" * 20 + "ew" * 10)

    done = run(app, "restore", backup, "--key", key, "--acts", log)

    assert done.exit_code == 0, done.output
    assert "đã làm 1 việc" in done.output
    assert "/moi  M1" in done.output
    assert "Chưa biết văn phòng đã làm gì" in run(app, "restore", backup, "--key", key).output
    log.write_text("Nov 26 systemd[1]: Started diemcau.service\n")
    done = run(app, "restore", backup, "--key", key, "--acts", log)
    assert "Chưa biết văn phòng đã làm gì" in done.output
    assert "/cu" not in done.output
    saved = settings.backup_dir / "settings.env"
    assert f"SEAL_KEY={settings.seal_key}\n" in saved.read_text()
    assert saved.stat().st_mode & 0o777 == 0o600


def test_without_a_key_no_backup_is_made_and_old_ones_go(
    app: Flask, key: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backups, "KEPT_BACKUPS", 2)
    paths = []
    for _ in range(3):
        paths.append(made(app))
        clock.now_ms += 60_000
    assert backups.latest(paths[0].parent) == paths[:0:-1]
    assert paths[0].stat().st_mode & 0o777 == 0o600 if paths[0].exists() else True
    app.config["SETTINGS"] = msgspec.structs.replace(app.config["SETTINGS"], backup_recipient="")
    done = run(app, "backup", "make")
    assert done.exit_code == 1
    assert "BACKUP_RECIPIENT" in done.output
    assert "AGE-SECRET-KEY-" in run(app, "backup", "key").output


def test_postgresql_is_backed_up_and_restored(tmp_path: Path, clock: FakeClock) -> None:
    programs = postgres_programs()
    if programs is None:
        pytest.skip("PostgreSQL's server is not installed (Debian: postgresql)")
    secret, public = backups.new_key()
    with postgres(programs) as url:
        settings = Settings(
            url, SECRET, SECRET, tmp_path, "http://localhost", backup_recipient=public
        )
        app = create_app(settings, clock)
        with app.app_context():
            upgrade_schema()
            served = run(app, "serve")  # this PostgreSQL confirms before it writes
            assert (served.exit_code, "fsync" in served.output) == (1, True)
            write(lambda c: streams.lock(c, [streams.StreamKey("m", "p")]))
            write(lambda c: audit.note(c, AuditEntry(1, "hq", "evaluate", True, 200, "/", "")))
            path, manifest = backups.make(tmp_path / "b", settings, clock.now_ms)
            write(lambda c: audit.note(c, AuditEntry(2, "hq", "evaluate", True, 200, "/", "")))
            db.engine.dispose()
            with backups.opened(path, secret, tmp_path) as opened:
                backups.check(opened)
                assert backups.restore(opened, clock.now_ms) is None
            with reading() as connection:
                after = summarise(connection)
                assert audit.head(connection).number == 1
            assert after.epoch != manifest.summary.epoch
            assert msgspec.structs.replace(after, epoch=manifest.summary.epoch) == manifest.summary
            with pytest.raises(Exception, match="never changed"):
                write(lambda c: c.exec_driver_sql("DELETE FROM audit"))
            db.engine.dispose()
