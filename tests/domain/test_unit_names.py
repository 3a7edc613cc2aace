"""Test that units and positions are recognised in the spellings that offices use."""

import pytest

from sync_server.domain.positions import heads, position_of, rank_of
from sync_server.domain.unit_names import UnitNames
from sync_server.domain.unit_types import likely_type_of

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
    assert UNITS.near("Hội trường tầng 5 Sở Nội vụ") == ["Đảng bộ Sở Nội vụ"]
    halls = UnitNames({"P1": "Sở Công Thương", "P2": "Sở Lao động - Thương binh và Xã hội",
                       "P3": "Sở Giao thông vận tải"})  # fmt: skip
    assert halls.near_codes("Hội trường tầng 3 Sở LĐ-TB&XH") == ["P2"]
    assert halls.near_codes("Phòng họp trực tuyến Sở Giao thông vận tải") == ["P3"]


@pytest.mark.parametrize(
    ("text", "position", "rank"),
    [
        ("Bí thư", "BI_THU", "BI_THU"),
        ("BT Đảng uỷ", "BT Đảng uỷ", "BI_THU"),
        ("Bí thư CB", "Bí thư CB", "BI_THU"),
        ("Bí thư chi bộ, Giám đốc", "Bí thư chi bộ, Giám đốc", "BI_THU"),
        ("PBT", "PHO_BI_THU", "PHO_BI_THU"),
        ("Phó Bí thư thường trực", "Phó Bí thư thường trực", "PHO_BI_THU"),
        ("Phó Bí thư TT", "Phó Bí thư TT", "PHO_BI_THU"),
        ("Uỷ viên Ban Chấp hành", "Uỷ viên Ban Chấp hành", "CAP_UY_VIEN"),
        ("Đảng uỷ viên", "Đảng uỷ viên", "CAP_UY_VIEN"),
        ("UV BTV", "UV BTV", "CAP_UY_VIEN"),
        ("UVBTV", "UVBTV", "CAP_UY_VIEN"),
        ("PHO_BI_THU", "PHO_BI_THU", "PHO_BI_THU"),
        ("Bí thư Đoàn", "Bí thư Đoàn", ""),
        ("Chuyên viên", "Chuyên viên", ""),
        ("", "", ""),
    ],
)
def test_a_position_keeps_what_its_text_says_and_has_a_rank(
    text: str, position: str, rank: str
) -> None:
    assert position_of(text) == position
    assert rank_of(text) == rank_of(position) == rank


def test_the_secretary_of_a_branch_is_not_the_units_if_it_has_another() -> None:
    branches = {"A": "Bí thư chi bộ", "B": "Bí thư Chi bộ 2", "D": "PHO_BI_THU"}
    assert heads(branches) == {"A", "B"}
    assert heads(branches | {"C": "Bí thư Đảng uỷ, Giám đốc"}) == {"C"}
    assert heads(branches | {"C": "BI_THU"}) == {"C"}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Đảng bộ Sở Văn hóa, Thể thao và Du lịch", "Sở VH,TT&DL"),
        ("Đảng bộ Sở Lao động - Thương binh và Xã hội", "Sở LĐ-TB&XH"),
        ("Đảng bộ Sở Nông nghiệp và Phát triển nông thôn", "Sở NN&PTNT"),
        ("Đảng bộ Sở Nông nghiệp và Phát triển nông thôn", "Sở Nông nghiệp và PTNT"),
        ("Đảng bộ Bệnh viện Đa khoa tỉnh", "BVĐK tỉnh"),
        ("Chi bộ Trung tâm Kiểm soát bệnh tật tỉnh", "TT KSBT tỉnh"),
        ("Đảng bộ Viện Kiểm sát nhân dân tỉnh", "Viện KSND tỉnh"),
        ("Chi bộ Trường Trung học phổ thông Chuyên", "Trường THPT Chuyên"),
    ],
)
def test_abbreviations_of_offices_are_read(name: str, text: str) -> None:
    assert UnitNames({"U01": name}).find(text) == "U01"


@pytest.mark.parametrize(
    ("name", "unit_type"),
    [
        ("Đảng bộ Sở Nội vụ", "CO_QUAN_HANH_CHINH"),
        ("Đảng bộ Văn phòng Hội đồng nhân dân tỉnh", "CO_QUAN_HANH_CHINH"),
        ("Chi bộ Hội Nông dân tỉnh", "TO_CHUC_HOI_NGHE_NGHIEP"),
        ("BVĐK tỉnh", "DON_VI_SU_NGHIEP"),
        ("Đảng bộ Trường Cao đẳng nghề", "DON_VI_SU_NGHIEP"),
        ("Đảng bộ Công ty Cấp nước", "DOANH_NGHIEP"),
        ("Chi bộ Báo Mẫu Sơn", "CO_QUAN_BAO_CHI"),
    ],
)
def test_a_new_unit_gets_the_type_that_its_name_suggests(name: str, unit_type: str) -> None:
    assert likely_type_of(name) == unit_type


def test_a_word_is_no_abbreviation() -> None:
    units = UnitNames({"U01": "Đảng bộ Công ty Du lịch", "U02": "Đảng uỷ Công an tỉnh"})
    assert units.find("CÔNG TY DU LỊCH") == "U01"
    assert units.find("ĐU Công an tỉnh") == "U02"
    assert units.find("ĐU CÔNG AN TỈNH") == "U02"


def test_a_similar_sound_is_no_near_miss_but_a_part_of_the_name_is() -> None:
    units = UnitNames(
        {
            "U01": "Chi bộ Hội Đông y tỉnh",
            "U02": "Đảng bộ Viễn thông tỉnh",
            "U03": "Chi bộ Trường Trung học phổ thông chuyên Mẫu Sơn",
        }
    )
    assert units.near("Chi bộ Hội Nông dân tỉnh") == []
    assert units.near("Viện KSND tỉnh") == []
    assert units.near_codes("Trường THPT chuyên") == ["U03"]


def test_names_that_differ_by_their_number_are_no_near_misses() -> None:
    units = UnitNames({"U01": "Chi bộ Xã số 1", "U02": "Chi bộ khu phố II"})
    assert units.near("Chi bộ Xã số 2") == []
    assert units.near("Chi bộ khu phố III") == []
    assert units.near("Chi bộ Xãã số 1") == ["Chi bộ Xã số 1"]
