"""Define the five types of unit under the Party committee (checklist row 2).

They are government offices, public services, companies, professional associations and the press.
"""

from typing import Literal, get_args

UnitType = Literal[
    "CO_QUAN_HANH_CHINH",
    "DON_VI_SU_NGHIEP",
    "DOANH_NGHIEP",
    "TO_CHUC_HOI_NGHE_NGHIEP",
    "CO_QUAN_BAO_CHI",
]
UNIT_TYPES: tuple[UnitType, ...] = get_args(UnitType)
