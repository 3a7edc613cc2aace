"""The board: trouble first, live by small updates, filtered, sorted, as a file, as charts."""

import csv
import gzip
import io
import re
from collections.abc import Callable

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from sync_server.database import reading, write
from sync_server.domain.records.codes import to_ms
from sync_server.domain.records.permissions import Profile
from sync_server.office.meetings import board
from sync_server.storage import directory
from sync_server.storage.directory import PublishedPoint, PublishedUnit
from sync_server.storage.ledger import standings
from sync_server.storage.people import contacts
from sync_server.storage.people.contacts import ContactLine
from tests.conftest import UNITS, FakeClock, Persona
from tests.factories import MEETING, draft, roll
from tests.office.desk import Desk

BOARD = f"/hoi-nghi/{MEETING}"
UPDATE = f"{BOARD}/cap-nhat"
MINUTE_MS = 60_000


def rows(page: str) -> list[str]:
    """Return the codes of the points that a page shows, in its order."""
    return re.findall(r'<tr id="r-(P\d+)"', page)


def since(page: str) -> str:
    """Return what a page's next update will ask for."""
    found = re.search(r'If-None-Match": "(\\"[\w.-]+\\")"', page)
    assert found
    return found[1].replace("\\", "")


def ask(desk: Desk, tag: str, query: str = "") -> TestResponse:
    return desk.get(f"{UPDATE}{query}", **{"If-None-Match": tag, "HX-Request": "true"})


def test_totals_and_every_point_are_shown_and_the_silent_are_named(
    headquarters: Desk, as_clerk: Callable[..., Persona]
) -> None:
    as_clerk().sync(draft("check_in", 5, person="S1"), draft("chair_assumed", 6, person="S1"))

    page = headquarters.get(BOARD).text

    assert "1/2 điểm cầu chưa báo cáo" in page
    assert rows(page) == ["P002", "P001"]  # the silent one before the one that is not ready
    assert "16,7 %" in page
    assert "Chưa sẵn sàng: 8 mục" in page
    assert page.count("○ Chưa báo cáo") == 1


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2024-08-21T20:00:00Z", {"not_ready"}),
        ("2024-08-22T00:00:00Z", {"silent", "not_ready"}),
        ("2024-08-22T00:31:00Z", {"no_chair", "silent", "not_ready"}),
        ("2024-08-22T05:00:00Z", {"no_chair", "silent"}),
    ],
)
def test_what_is_trouble_depends_on_the_hour(
    app: Flask, hall: None, clock: FakeClock, at: str, expected: set[str]
) -> None:
    with reading() as c:
        line = directory.meeting(c, MEETING, to_ms(at))
        [row, _] = standings.board_of(c, MEETING).points
    assert line

    assert set(board.warnings_of(row, line)) == expected


def test_a_point_with_nobody_who_can_preside_is_trouble_before_the_start(
    app: Flask, as_headquarters: Persona
) -> None:
    as_headquarters.sync(roll(901, "M1"))
    with reading() as c:
        line = directory.meeting(c, MEETING, to_ms("2024-08-20T05:00:00Z"))
        [row, other] = standings.board_of(c, MEETING).points
    assert line

    assert "no_chair" in board.warnings_of(row, line)
    assert board.warnings_of(other, line) == ()  # nobody is summoned there


def test_an_update_has_only_what_changed_and_is_304_otherwise(
    headquarters: Desk, as_clerk: Callable[..., Persona], clock: FakeClock
) -> None:
    clerk = as_clerk()
    tag = since(headquarters.get(BOARD).text)
    assert ask(headquarters, tag).status_code == 304

    clock.now_ms += MINUTE_MS
    clerk.sync(draft("check_in", 5, person="M1"))
    first = ask(headquarters, tag)
    assert first.status_code == 200
    assert rows(first.text) == ["P001"]
    assert 'id="totals" hx-swap-oob="true"' in first.text

    assert ask(headquarters, since(first.text)).status_code == 304


def test_what_comes_with_the_clock_is_an_update_too(
    hall: None, headquarters: Desk, clock: FakeClock
) -> None:
    clock.now_ms = to_ms("2024-08-22T00:29:00Z")
    headquarters.sign_in("bantochuc")
    tag = since(headquarters.get(BOARD).text)
    assert ask(headquarters, tag).status_code == 304

    clock.now_ms += 2 * MINUTE_MS  # it has begun, and nobody presides
    assert "2 điểm cầu chưa có chủ trì" in ask(headquarters, tag).text


@pytest.mark.parametrize("tag", ["", '"0"', '"' + "9" * 5000 + '"', "*", '"a", "b"', '"é"'])
def test_whoever_has_seen_nothing_gets_all_of_it(headquarters: Desk, tag: str) -> None:
    assert rows(ask(headquarters, tag).text) == ["P001", "P002"]


def test_an_update_stays_below_two_kilobytes_whatever_changed_and_tells_all_in_turn(
    app: Flask, headquarters: Desk, as_headquarters: Persona
) -> None:
    codes = [f"P{number:03d}" for number in range(1, 73)]
    units = [*UNITS, *(PublishedUnit(f"V{c}", f"Đảng bộ Sở {c}", "DOANH_NGHIEP") for c in codes)]
    points = [PublishedPoint(c, f"Điểm cầu Đảng bộ Sở {c} và Phát triển", f"V{c}") for c in codes]
    write(lambda c: directory.put_places(c, units, points))
    tag = since(headquarters.get(BOARD).text)
    as_headquarters.sync(  # all in one write
        *(roll(1000 + number, f"X{number}", point=code) for number, code in enumerate(codes))
    )

    told: set[str] = set()
    for _ in range(10):
        answer = ask(headquarters, tag)
        if answer.status_code == 304:
            break
        body = headquarters.client.get(
            f"/van-phong{UPDATE}",
            headers={"If-None-Match": tag, "Accept-Encoding": "gzip", "HX-Request": "true"},
        ).data
        assert gzip.decompress(body).decode() == answer.text
        assert len(body) <= 2048
        told |= set(rows(answer.text))
        tag = since(answer.text)

    assert told == set(codes)
    assert ask(headquarters, tag).status_code == 304


def test_filters_and_orders_go_together_and_hold_for_updates(
    headquarters: Desk, as_clerk: Callable[..., Persona], clock: FakeClock
) -> None:
    clerk = as_clerk()
    clerk.sync(draft("check_in", 5, person="M1"))

    def shown(query: str) -> list[str]:
        return rows(headquarters.get(f"{BOARD}?{query}").text)

    assert shown("viec=silent") == ["P002"]
    assert shown("loai=DOANH_NGHIEP") == ["P002"]
    assert shown("tim=cau+mot") == ["P001"]
    assert shown("tim=P002") == ["P002"]
    assert shown("tim=khong") == []
    assert shown("xep=name") == ["P002", "P001"]  # Hai, Một
    assert shown("xep=rate") == ["P002", "P001"]
    assert shown("xep=not_recorded") == ["P001", "P002"]
    assert shown("xep=contact") == ["P002", "P001"]
    assert shown("xep=bua") == shown("")

    silent = headquarters.get(f"{BOARD}?viec=silent").text
    page = headquarters.get(f"{BOARD}?loai=DOANH_NGHIEP").text
    clock.now_ms += MINUTE_MS
    clerk.sync(draft("check_in", 6, person="M2"))
    assert rows(ask(headquarters, since(page), "?loai=DOANH_NGHIEP").text) == []
    as_clerk("P002").sync(draft("check_in", 7, point="P002", person="M3"))
    now = ask(headquarters, since(silent), "?viec=silent").text
    assert "P002" in rows(now)  # no longer silent, and told so where it still stands
    assert "Chưa báo cáo" not in now


def test_the_file_has_what_is_shown_as_excel_in_vietnam_reads_it(
    headquarters: Desk, as_clerk: Callable[..., Persona]
) -> None:
    as_clerk().sync(draft("check_in", 5, person="M1"))

    answer = headquarters.get(f"{BOARD}/bang.csv?tim=P00&xep=name")

    assert answer.mimetype == "text/csv"
    assert answer.data.startswith(b"\xef\xbb\xbf")
    head, hai, mot = csv.reader(io.StringIO(answer.text.lstrip("\ufeff")), delimiter=";")
    assert head[:5] == ["Mã", "Điểm cầu", "Loại hình", "Chủ trì", "Triệu tập"]
    assert dict(zip(head, mot, strict=True))["Có mặt"] == "1"
    assert dict(zip(head, mot, strict=True))["Tỷ lệ có mặt"] == "25,0 %"
    assert dict(zip(head, hai, strict=True))["Có mặt"] == ""  # never a 0 of who told nothing
    assert "Chưa báo cáo" in hai[-1]


def test_a_cell_that_a_spreadsheet_would_run_is_text(app: Flask, headquarters: Desk) -> None:
    points = [PublishedPoint("P001", "=HYPERLINK(1)", "U01"), PublishedPoint("P002", "Hai", "U02")]
    write(lambda c: directory.put_places(c, UNITS, points))

    assert ";'=HYPERLINK(1);" in headquarters.get(f"{BOARD}/bang.csv").text


def test_the_silent_halls_stand_with_whom_to_call(app: Flask, headquarters: Desk) -> None:
    lines = [ContactLine("P001", "clerk", "Mẫu Thị Thư", "0900000001")]
    write(lambda c: contacts.put(c, lines))

    page = headquarters.get(f"{BOARD}/chua-bao-cao").text

    assert 'href="tel:0900000001"' in page
    assert "Mẫu Thị Thư" in page
    assert page.count("chưa có số điện thoại") == 3


def test_telephone_numbers_are_not_for_the_propaganda_department(
    as_role: Callable[[Profile], Desk],
) -> None:
    propaganda = as_role(Profile.PROPAGANDA)

    assert propaganda.get(BOARD).status_code == 200
    assert "gọi điện" not in propaganda.get(BOARD).text
    assert propaganda.get(f"{BOARD}/chua-bao-cao").status_code == 403


def test_charts_tell_what_their_tables_tell(
    headquarters: Desk, as_clerk: Callable[..., Persona]
) -> None:
    as_clerk().sync(
        draft("check_in", 5, person="M1"),
        draft("check_in", 7, person="M2"),
        draft("check_in", 45, person="S1"),  # late
    )

    page = headquarters.get(BOARD).text

    drawn = re.findall(r'<rect class="(present|late)" x="[\d.]+" y="[\d.]+"', page)
    assert drawn.count("late") == 1
    assert "3 người đã điểm danh, mỗi cột năm phút; đông nhất 2 người từ 07:05" in page
    table = page[page.index("Xem dạng bảng") :]
    told = re.findall(r'<th scope="row">(\d\d:\d\d)</th><td class="n">(\d+)</td>', table)
    assert told == [("07:05", "2"), ("07:45", "1")]


def test_an_unknown_meeting_is_told_in_words(headquarters: Desk) -> None:
    answer = headquarters.get("/hoi-nghi/khong-co")

    assert answer.status_code == 404
    assert "Không có hội nghị «khong-co»" in answer.text
