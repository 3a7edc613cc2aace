"""Test that units and positions are recognised in the spellings that offices use."""

import pytest

from sync_server.domain.positions import position_of
from sync_server.domain.unit_names import UnitNames

UNITS = UnitNames(
    {
        "U01": "Chi bộ Ban Tuyên giáo Tỉnh uỷ",
        "U06": "Đảng bộ Văn phòng Tỉnh uỷ",
        "U08": "Đảng bộ Văn phòng Uỷ ban nhân dân tỉnh",
        "U10": "Đảng bộ Sở Nội vụ",
        "U70": "Chi bộ Hội Nhà báo",
        "U71": "Đảng bộ Hội Nhà báo",
    }
)


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("U10", "U10"),
        ("u10", "U10"),
        ("Đảng bộ Sở Nội vụ", "U10"),
        ("ĐẢNG BỘ SỞ NỘI VỤ", "U10"),
        ("ĐB Sở Nội vụ", "U10"),
        ("Sở  Nội vụ", "U10"),
        ("VP Tỉnh ủy", "U06"),
        ("BTG Tỉnh ủy", "U01"),
        ("Văn phòng UBND tỉnh", "U08"),
        ("Đảng bộ Hội Nhà báo", "U71"),
        ("Hội Nhà báo", None),  # two units have this name
        ("Sở Ngoại vụ", None),
    ],
)
def test_a_unit_is_found_by_code_and_by_name(text: str, unit: str | None) -> None:
    assert UNITS.find(text) == unit


def test_near_misses_are_offered() -> None:
    assert UNITS.near("Sở Nội vụụ") == ["Đảng bộ Sở Nội vụ"]
    assert UNITS.near("Bệnh viện Đa khoa") == []


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("Bí thư", "BI_THU"),
        ("BT Đảng uỷ", "BI_THU"),
        ("Bí thư chi bộ, Giám đốc", "BI_THU"),
        ("Phó Bí thư thường trực", "PHO_BI_THU"),
        ("PBT", "PHO_BI_THU"),
        ("Uỷ viên Ban Chấp hành", "CAP_UY_VIEN"),
        ("UV BTV", "CAP_UY_VIEN"),
        ("PHO_BI_THU", "PHO_BI_THU"),
        ("Bí thư Đoàn", "Bí thư Đoàn"),
        ("Chuyên viên", "Chuyên viên"),
        ("", ""),
    ],
)
def test_a_position_is_read_as_people_write_it(text: str, position: str) -> None:
    assert position_of(text) == position


def test_names_that_differ_by_their_number_are_no_near_misses() -> None:
    units = UnitNames({"U01": "Chi bộ Xã số 1", "U02": "Chi bộ khu phố II"})
    assert units.near("Chi bộ Xã số 2") == []
    assert units.near("Chi bộ khu phố III") == []
    assert units.near("Chi bộ Xãã số 1") == ["Chi bộ Xã số 1"]
