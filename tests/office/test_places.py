"""Test that units and halls are added, renamed, ended and imported.

The tests also compare stored units and halls with those that the portal (the public website) lists.
"""

import io
import re
from io import BytesIO
from typing import Any

import msgspec
import pytest
from openpyxl import load_workbook

from sync_server.config import Settings
from sync_server.database import reading, write
from sync_server.domain.records.codes import to_ms
from sync_server.storage import directory
from sync_server.storage.directory import PointSummary, PublishedDirectory, UnitSummary
from sync_server.storage.ledger import standings
from sync_server.storage.ledger.streams import StreamKey
from sync_server.storage.people import contacts
from tests.conftest import POINTS, PUBLISHED_MEETING, UNITS, FakeClock
from tests.factories import MEETING
from tests.office.desk import Desk
from tests.sheets.sheets import workbook

HEADING = ["STT", "Đơn vị", "Loại hình", "Điểm cầu", "Số chỗ ngồi", "Thư ký", "Điện thoại thư ký"]


def units() -> dict[str, UnitSummary]:
    with reading() as c:
        return directory.all_units(c)


def points() -> dict[str, PointSummary]:
    with reading() as c:
        return directory.all_points(c)


def import_list(headquarters: Desk, rows: list[list[Any]]) -> str:
    """Upload a list of units as a workbook, and return the HTML of its preview.

    If the preview offers the import, the import is confirmed.
    """
    file = (io.BytesIO(workbook(rows)), "a.xlsx")
    path = headquarters.post("/don-vi/danh-sach", file=file).location.removeprefix("/van-phong")
    page = headquarters.get(path).text
    if seen := re.findall(r'name="seen" value="(\w+)"', page):
        headquarters.post(path, seen=seen[0])
    return page


def test_a_unit_is_made_with_a_hall_renamed_and_ended(hall: None, headquarters: Desk) -> None:
    fields = {"place_name": "Đảng bộ Sở Mới", "unit_type": "DOANH_NGHIEP"}
    answer = headquarters.post("/don-vi/them", with_hall="on", unit_code="", **fields)

    assert answer.location.endswith("/don-vi/U03/sua")
    assert units()["U03"] == UnitSummary("U03", "Đảng bộ Sở Mới", "DOANH_NGHIEP")
    assert points()["P003"].name == "Điểm cầu Đảng bộ Sở Mới"
    fields["place_name"] = "Đảng bộ Sở Đổi tên"
    headquarters.post("/don-vi/U03/sua", do="save", **fields)
    assert units()["U03"].name == "Đảng bộ Sở Đổi tên"
    headquarters.post("/don-vi/U03/sua", do="end")
    assert units()["U03"].ended_ms
    assert points()["P003"].ended_ms
    assert "Sở Đổi tên" not in headquarters.get("/nguoi/them").text
    assert "đã thôi" in headquarters.get("/don-vi").text
    headquarters.post("/don-vi/U03/sua", do="bring_back")
    assert units()["U03"].ended_ms is None


def test_a_unit_with_people_and_a_hall_with_a_roll_do_not_end(
    hall: None, headquarters: Desk, clock: FakeClock
) -> None:
    clock.now_ms = to_ms("2024-08-21T01:00:00.000Z")
    answer = headquarters.post("/don-vi/U01/sua", do="end")
    assert "Chi bộ Một còn 4 người" in answer.text
    answer = headquarters.post("/don-vi/U01/diem-cau/P001", do="end")
    assert "đang có người được triệu tập dự «Hội nghị thử»" in answer.text
    assert units()["U01"].ended_ms is points()["P001"].ended_ms is None


def test_a_hall_s_seats_reach_the_meetings_to_come(
    hall: None, headquarters: Desk, clock: FakeClock
) -> None:
    clock.now_ms = to_ms("2024-08-21T01:00:00.000Z")
    fields = {"place_name": "Hội trường A", "name_clerk": "Mẫu Thu", "phone_clerk": "0912 345 678"}
    headquarters.post("/don-vi/U01/diem-cau/P001", do="save", capacity="120", **fields)

    assert points()["P001"].capacity == 120
    with reading() as c:
        standing = standings.read(c, StreamKey(MEETING, "P001"))
        lines = contacts.of_points(c, ["P001"])["P001"]
    assert standing
    assert standing.terms.capacity == 120
    assert [(line.name, line.phone) for line in lines] == [("Mẫu Thu", "0912345678")]


def test_a_hall_of_another_unit_is_not_found(hall: None, headquarters: Desk) -> None:
    answer = headquarters.post("/don-vi/U02/diem-cau/P001", do="save", place_name="x")
    assert answer.status_code == 404
    assert "không có điểm cầu «P001»" in answer.text


def test_a_list_makes_and_changes_units_halls_and_contacts(hall: None, headquarters: Desk) -> None:
    page = import_list(
        headquarters,
        [
            ["DANH SÁCH ĐIỂM CẦU"],
            HEADING,
            [1, "Chi bộ Một", "", "", "80", "Mẫu Thu", "0912345678"],
            [2, "Đảng bộ Trường Mới", "Đơn vị sự nghiệp", "Hội trường B", "200", "", ""],
        ],
    )
    assert "Danh sách này sẽ ghi 4 thay đổi" in page
    assert points()["P001"].capacity == 80
    assert points()["P001"].name == "Điểm cầu Một"  # a list without codes renames nothing
    assert units()["U03"] == UnitSummary("U03", "Đảng bộ Trường Mới", "DON_VI_SU_NGHIEP")
    assert points()["P003"] == PointSummary(
        "P003", "Hội trường B", "U03", "DON_VI_SU_NGHIEP", capacity=200
    )


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (["Chi bộ Mộtt", "", "", "", "", ""], "tên gần giống: Chi bộ Một"),
        (["Chi bộ Một", "Hội", "", "", "", ""], "không có loại hình «Hội»"),
        (["Chi bộ Một", "", "", "nhiều", "", ""], "số chỗ «nhiều»"),
        (["Chi bộ Một", "", "", "", "Mẫu", "12"], "«12» không phải là số điện thoại"),
        (["Chi bộ Một", "", "", "", "", "0912345678"], "chưa có họ tên"),
    ],
)
def test_a_faulty_line_is_named_and_nothing_is_taken_in(
    hall: None, headquarters: Desk, line: list[Any], words: str
) -> None:
    page = import_list(headquarters, [HEADING, [1, *line]])
    assert words in page
    assert "Ô " in page
    assert points()["P001"].capacity is None
    assert list(units()) == ["U01", "U02"]
    [path] = re.findall(r'href="/van-phong(/don-vi/danh-sach/[^"]+/loi.xlsx)"', page)
    sheet = load_workbook(io.BytesIO(headquarters.get(path).data)).active
    assert sheet is not None
    assert sheet["H1"].value == "Lỗi"
    assert words in str(sheet["H2"].value)


def test_the_list_of_today_changes_nothing_when_it_comes_back(
    hall: None, headquarters: Desk
) -> None:
    import_list(headquarters, [HEADING, [1, "Chi bộ Một", "", "", "80", "Mẫu Thu", "0912345678"]])
    content = headquarters.get("/don-vi/mau.xlsx").data
    sheet = load_workbook(BytesIO(content)).active
    assert sheet is not None
    assert [cell.value for cell in sheet[2]][:7] == [
        "1", "U01", "Chi bộ Một", "Cơ quan hành chính", "P001", "Điểm cầu Một", "80",
    ]  # fmt: skip
    file = (io.BytesIO(content), "a.xlsx")
    path = headquarters.post("/don-vi/danh-sach", file=file).location.removeprefix("/van-phong")
    assert "Không có gì thay đổi" in headquarters.get(path).text


@pytest.mark.parametrize(
    ("cell", "phone"),
    [(912345678, "0912345678"), (2433334444, "02433334444"), ("912 345 678", "0912345678")],
)
def test_a_telephone_number_gets_back_the_zero_that_its_cell_dropped(
    hall: None, headquarters: Desk, cell: int | str, phone: str
) -> None:
    import_list(headquarters, [HEADING, [1, "Chi bộ Một", "", "", "", "Mẫu Thu", cell]])
    with reading() as c:
        assert contacts.of_points(c, ["P001"])["P001"][0].phone == phone


@pytest.mark.parametrize(
    ("text", "phone"),
    [
        ("0912.345.678", "0912345678"),
        ("+84 912 345 678", "+84912345678"),
        ("912345678", "0912345678"),
        ("0912345678 - 0987654321", None),
        ("91234567", None),
        ("máy lẻ 12", None),
    ],
)
def test_a_telephone_number_is_kept_as_it_is_dialled(text: str, phone: str | None) -> None:
    assert contacts.normalise_phone(text) == phone


def publish(settings: Settings, facts: PublishedDirectory) -> None:
    settings.site_dir.mkdir(exist_ok=True)
    (settings.site_dir / "facts.json").write_bytes(msgspec.json.encode(facts))


def test_the_portal_s_directory_is_a_proposal_not_the_truth(
    hall: None, headquarters: Desk, settings: Settings
) -> None:
    renamed = msgspec.structs.replace(UNITS[0], name="Chi bộ Một (mới)")
    publish(settings, PublishedDirectory((renamed, UNITS[1]), POINTS, (PUBLISHED_MEETING,)))

    assert "trên cổng khác với văn phòng" in headquarters.get("/").text
    page = headquarters.get("/de-nghi").text
    assert "<del>Chi bộ Một</del>" in page
    headquarters.post("/de-nghi", do="leave")
    assert "trên cổng khác với văn phòng" not in headquarters.get("/").text
    assert units()["U01"].name == "Chi bộ Một"
    headquarters.post("/de-nghi", do="accept")
    assert units()["U01"].name == "Chi bộ Một (mới)"
    assert "Chi bộ Một (mới)" not in headquarters.get("/de-nghi").text


def test_accepting_a_meeting_adds_unknown_halls_and_renames_none(
    hall: None, headquarters: Desk, settings: Settings
) -> None:
    changed = msgspec.structs.replace(POINTS[0], name="Tên khác")
    new_point = directory.PublishedPoint("P009", "Điểm cầu Chín", "U01")
    later = msgspec.structs.replace(PUBLISHED_MEETING, id="2024-09-01-sau", title="Sau")
    publish(settings, PublishedDirectory(UNITS, (changed, POINTS[1], new_point), (later,)))

    headquarters.post(f"/de-nghi/{later.id}", do="accept")
    assert points()["P001"].name == "Điểm cầu Một"
    assert points()["P009"].name == "Điểm cầu Chín"


def test_an_ended_hall_is_in_no_new_meeting(
    hall: None, headquarters: Desk, settings: Settings
) -> None:
    write(lambda c: directory.put_point(c, msgspec.structs.replace(points()["P002"], ended_ms=1)))
    later = msgspec.structs.replace(PUBLISHED_MEETING, id="2024-09-01-sau", title="Sau")
    publish(settings, PublishedDirectory(UNITS, POINTS, (later,)))
    headquarters.post(f"/de-nghi/{later.id}", do="accept")
    with reading() as c:
        keys = [m.id for m in directory.meetings(c, 0, "P002")]
    assert later.id not in keys


def test_a_hall_is_found_by_its_usual_names_and_a_near_one_is_asked_about(
    hall: None, headquarters: Desk
) -> None:
    heading = ["Đơn vị", "Điểm cầu", "Số chỗ ngồi"]
    for name in ("một", "ĐIỂM CẦU  MỘT", "P001"):
        import_list(headquarters, [heading, ["Chi bộ Một", name, "80"]])
        assert [p.code for p in points().values() if p.unit == "U01"] == ["P001"]
    near = import_list(headquarters, [heading, ["Chi bộ Một", "Điểm cầu Mộtt", "80"]])
    assert "tên gần giống: Một." in near
    import_list(headquarters, [heading, ["Chi bộ Một", "Hội trường huyện", "80"]])
    assert [p.name for p in points().values() if p.unit == "U01"][1:] == ["Hội trường huyện"]


def test_a_new_unit_by_file_gets_a_hall_so_that_its_people_can_be_summoned(
    hall: None, headquarters: Desk
) -> None:
    page = import_list(headquarters, [["STT", "Đơn vị"], [1, "Đảng bộ Trường Mới"]])
    assert "Danh sách này sẽ ghi 2 thay đổi" in page
    assert [p.name for p in points().values() if p.unit == "U03"] == ["Điểm cầu Đảng bộ Trường Mới"]


def test_the_clerk_s_telephone_is_read_under_its_usual_short_heading(
    hall: None, headquarters: Desk
) -> None:
    heading = ["STT", "Đơn vị", "Thư ký", "ĐT thư ký"]
    page = import_list(headquarters, [heading, [1, "Chi bộ Một", "Mẫu Thu", "0912345678"]])
    assert "0912345678" in page
