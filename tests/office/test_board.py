"""Test the board, the overview of all halls: warnings, updates, filters, files and charts."""

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


def point_codes(page: str) -> list[str]:
    """Return the codes of the halls in the overview of all halls, in the order of the rows.

    `page` is the overview's HTML.
    """
    return re.findall(r'<tr id="r-(P\d+)"', page)


def update_tag(page: str) -> str:
    """Return the ETag that the overview of all halls will send with its next request.

    `page` is the HTML of the overview, which contains the ETag.
    Raises: AssertionError if the HTML contains none.
    """
    match = re.search(r'If-None-Match": "(\\"[\w.-]+\\")"', page)
    assert match
    return match[1].replace("\\", "")


def request_update(desk: Desk, tag: str, query: str = "") -> TestResponse:
    return desk.get(f"{UPDATE}{query}", **{"If-None-Match": tag, "HX-Request": "true"})


def test_totals_and_every_point_are_shown_and_silent_points_are_named(
    headquarters: Desk, as_clerk: Callable[..., Persona]
) -> None:
    as_clerk().sync(draft("check_in", 5, person="S1"), draft("chair_assumed", 6, person="S1"))

    page = headquarters.get(BOARD).text

    assert "1/2 điểm cầu chưa báo cáo" in page
    assert point_codes(page) == [
        "P002",
        "P001",
    ]  # points without reports come before points that are not ready
    assert "16,7\u00a0%" in page
    assert "Chưa sẵn sàng: 9 mục" in page
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
def test_warnings_depend_on_the_hour(
    app: Flask, hall: None, clock: FakeClock, at: str, expected: set[str]
) -> None:
    with reading() as c:
        line = directory.meeting(c, MEETING, to_ms(at))
        [row, _] = standings.board_of(c, MEETING).points
    assert line

    assert set(board.warnings_of(row, line)) == expected


def test_a_point_where_nobody_can_preside_has_a_warning_before_the_start(
    app: Flask, as_headquarters: Persona
) -> None:
    as_headquarters.sync(roll(901, "M1"))
    with reading() as c:
        line = directory.meeting(c, MEETING, to_ms("2024-08-20T05:00:00Z"))
        [row, other] = standings.board_of(c, MEETING).points
    assert line

    assert "no_chair" in board.warnings_of(row, line)
    assert board.warnings_of(other, line) == ()  # P002 has summoned nobody


def test_an_update_has_only_what_changed_and_is_304_otherwise(
    headquarters: Desk, as_clerk: Callable[..., Persona], clock: FakeClock
) -> None:
    clerk = as_clerk()
    tag = update_tag(headquarters.get(BOARD).text)
    assert request_update(headquarters, tag).status_code == 304

    clock.now_ms += MINUTE_MS
    clerk.sync(draft("check_in", 5, person="M1"))
    first = request_update(headquarters, tag)
    assert first.status_code == 200
    assert point_codes(first.text) == ["P001"]
    assert 'id="totals" hx-swap-oob="true"' in first.text

    assert request_update(headquarters, update_tag(first.text)).status_code == 304


def test_a_warning_that_comes_with_time_is_an_update_too(
    hall: None, headquarters: Desk, clock: FakeClock
) -> None:
    clock.now_ms = to_ms("2024-08-22T00:29:00Z")
    headquarters.sign_in("bantochuc")
    tag = update_tag(headquarters.get(BOARD).text)
    assert request_update(headquarters, tag).status_code == 304

    clock.now_ms += 2 * MINUTE_MS  # the meeting has begun, and nobody presides
    assert "2 điểm cầu chưa có chủ trì" in request_update(headquarters, tag).text


@pytest.mark.parametrize("tag", ["", '"0"', '"' + "9" * 5000 + '"', "*", '"a", "b"', '"é"'])
def test_a_request_without_a_known_tag_gets_every_row(headquarters: Desk, tag: str) -> None:
    assert point_codes(request_update(headquarters, tag).text) == ["P001", "P002"]


def test_an_update_stays_below_two_kilobytes_and_all_rows_come_in_turn(
    app: Flask, headquarters: Desk, as_headquarters: Persona
) -> None:
    codes = [f"P{number:03d}" for number in range(1, 73)]
    units = [*UNITS, *(PublishedUnit(f"V{c}", f"Đảng bộ Sở {c}", "DOANH_NGHIEP") for c in codes)]
    points = [PublishedPoint(c, f"Điểm cầu Đảng bộ Sở {c} và Phát triển", f"V{c}") for c in codes]
    write(lambda c: directory.put_places(c, units, points))
    tag_of_two = update_tag(headquarters.get(BOARD).text)
    for first_id, letters in ((1000, "X"), (2000, "XY")):  # all rolls in one transaction
        tag = update_tag(headquarters.get(BOARD).text)
        at = f"2024-08-21T2{first_id // 1000}:00:00.000Z"
        people = [[f"{letter}{n}" for letter in letters] for n in range(72)]
        rolls = [roll(first_id + n, *people[n], point=c, at=at) for n, c in enumerate(codes)]
        as_headquarters.sync(*rolls)
    assert request_update(headquarters, tag_of_two).headers["HX-Refresh"] == "true"  # more halls

    updated_codes: set[str] = set()
    for _ in range(10):
        answer = request_update(headquarters, tag)
        if answer.status_code == 304:
            break
        body = headquarters.client.get(
            f"/van-phong{UPDATE}",
            headers={"If-None-Match": tag, "Accept-Encoding": "gzip", "HX-Request": "true"},
        ).data
        assert gzip.decompress(body).decode() == answer.text
        assert len(body) <= 2048
        updated_codes |= set(point_codes(answer.text))
        tag = update_tag(answer.text)

    assert updated_codes == set(codes)
    assert request_update(headquarters, tag).status_code == 304


def test_a_board_of_many_halls_comes_in_pages(
    headquarters: Desk, as_clerk: Callable[..., Persona], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board, "ROWS_ON_PAGE", 1)
    clerk = as_clerk()  # of P001
    clerk.sync(draft("check_in", 5, person="S1"))
    first, second, third = (headquarters.get(f"{BOARD}?xep=name&trang={n}").text for n in (1, 2, 3))

    assert [point_codes(page) for page in (first, second, third)] == [["P002"], ["P001"], ["P001"]]
    assert "(2–2/2)" in second
    assert "Cộng cả 2 điểm cầu" in second
    assert f'href="/van-phong{BOARD}?trang=1&amp;xep=name#bang">Trang trước' in second
    assert "Trang sau" in first
    odd = headquarters.get(f"{BOARD}?xep=name&meeting=x&_scheme=javascript&_method=POST")
    assert odd.status_code == 200
    assert "javascript:" not in odd.text
    assert "Trang sau" not in second

    clerk.sync(draft("check_in", 6, person="M1"))
    for page, number in ((first, 1), (second, 2)):
        answer = request_update(headquarters, update_tag(page), f"?xep=name&trang={number}")
        assert point_codes(answer.text) == (["P001"] if number == 2 else [])
        assert 'id="totals" hx-swap-oob="true"' in answer.text
        again = request_update(headquarters, update_tag(answer.text), f"?xep=name&trang={number}")
        assert again.status_code == 304


def test_filters_and_orders_combine_and_apply_to_updates(
    headquarters: Desk, as_clerk: Callable[..., Persona], clock: FakeClock
) -> None:
    clerk = as_clerk()
    clerk.sync(draft("check_in", 5, person="M1"))

    def filtered_codes(query: str) -> list[str]:
        return point_codes(headquarters.get(f"{BOARD}?{query}").text)

    assert filtered_codes("viec=silent") == ["P002"]
    assert filtered_codes("loai=DOANH_NGHIEP") == ["P002"]
    assert filtered_codes("tim=cau+mot") == ["P001"]
    assert filtered_codes("tim=P002") == ["P002"]
    assert filtered_codes("tim=khong") == []
    assert filtered_codes("xep=name") == ["P002", "P001"]  # the order of the names: Hai, Một
    assert filtered_codes("xep=rate") == ["P002", "P001"]
    assert filtered_codes("xep=not_recorded") == ["P001", "P002"]
    assert filtered_codes("xep=contact") == ["P002", "P001"]
    assert filtered_codes("xep=bua") == filtered_codes("")

    silent = headquarters.get(f"{BOARD}?viec=silent").text
    page = headquarters.get(f"{BOARD}?loai=DOANH_NGHIEP").text
    clock.now_ms += MINUTE_MS
    clerk.sync(draft("check_in", 6, person="M2"))
    assert (
        point_codes(request_update(headquarters, update_tag(page), "?loai=DOANH_NGHIEP").text) == []
    )
    as_clerk("P002").sync(draft("check_in", 7, point="P002", person="M3"))
    update = request_update(headquarters, update_tag(silent), "?viec=silent").text
    assert "P002" in point_codes(update)  # P002 has reported, but its row is still on the page
    assert "Chưa báo cáo" not in update


def test_the_file_has_the_shown_rows_in_the_form_that_excel_in_vietnam_reads(
    headquarters: Desk, as_clerk: Callable[..., Persona]
) -> None:
    as_clerk().sync(draft("check_in", 5, person="M1"))

    answer = headquarters.get(f"{BOARD}/bang.csv?tim=P00&xep=name")

    assert answer.mimetype == "text/csv"
    assert answer.data.startswith(b"\xef\xbb\xbf")
    head, row_two, row_one = csv.reader(io.StringIO(answer.text.lstrip("\ufeff")), delimiter=";")
    assert head[:5] == ["Mã", "Điểm cầu", "Loại hình", "Chủ trì", "Triệu tập"]
    assert dict(zip(head, row_one, strict=True))["Có mặt"] == "1"
    assert dict(zip(head, row_one, strict=True))["Tỷ lệ có mặt"] == "25,0 %"
    assert (
        dict(zip(head, row_two, strict=True))["Có mặt"] == ""
    )  # a point without reports has an empty cell, not 0
    assert "Chưa báo cáo" in row_two[-1]


def test_a_cell_that_a_spreadsheet_would_run_is_text(app: Flask, headquarters: Desk) -> None:
    points = [PublishedPoint("P001", "=HYPERLINK(1)", "U01"), PublishedPoint("P002", "Hai", "U02")]
    write(lambda c: directory.put_places(c, UNITS, points))

    assert ";'=HYPERLINK(1);" in headquarters.get(f"{BOARD}/bang.csv").text


def test_silent_halls_are_listed_with_their_telephone_numbers(
    app: Flask, headquarters: Desk
) -> None:
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


def test_charts_show_the_same_figures_as_their_tables(
    headquarters: Desk, as_clerk: Callable[..., Persona]
) -> None:
    as_clerk().sync(
        draft("check_in", 5, person="M1"),
        draft("check_in", 7, person="M2"),
        draft("check_in", 45, person="S1"),  # S1 is late
    )

    page = headquarters.get(BOARD).text

    bars = re.findall(r'<rect class="(present|late)" x="[\d.]+" y="[\d.]+"', page)
    assert bars.count("late") == 1
    assert "3 người đã điểm danh, mỗi cột năm phút; đông nhất 2 người từ 07:05" in page
    table = page[page.index("Xem dạng bảng") :]
    table_rows = re.findall(r'<th scope="row">(\d\d:\d\d)</th><td class="n">(\d+)</td>', table)
    assert table_rows == [("07:05", "2"), ("07:45", "1")]


def test_an_unknown_meeting_is_reported_in_words(headquarters: Desk) -> None:
    answer = headquarters.get("/hoi-nghi/khong-co")

    assert answer.status_code == 404
    assert "Không có hội nghị «khong-co»" in answer.text


def test_a_call_to_a_silent_point_is_noted(hall: None, headquarters: Desk, chair: Desk) -> None:
    at = f"/hoi-nghi/{MEETING}/chua-bao-cao"
    headquarters.post(f"{at}/P002", call_note="Thư ký hứa gửi trước 10 giờ")
    page = headquarters.get(at).text
    assert "Thư ký hứa gửi trước 10 giờ" in page
    assert "bantochuc" in page
    assert "P002 Điểm cầu Hai" in page[page.index("<textarea") :]
    assert headquarters.post(f"{at}/P009", call_note="x").status_code == 404
    assert chair.post(f"{at}/P002", call_note="x").status_code == 403
