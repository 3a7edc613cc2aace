"""Define the five types of unit under the Party committee (checklist row 2).

They are government offices, public services, companies, professional associations and the press.
"""

import re
from typing import Literal, get_args

from sync_server.domain.names import fold

UnitType = Literal[
    "CO_QUAN_HANH_CHINH",
    "DON_VI_SU_NGHIEP",
    "DOANH_NGHIEP",
    "TO_CHUC_HOI_NGHE_NGHIEP",
    "CO_QUAN_BAO_CHI",
]
UNIT_TYPES: tuple[UnitType, ...] = get_args(UnitType)

_WORDS: tuple[tuple[UnitType, re.Pattern[str]], ...] = (
    ("CO_QUAN_BAO_CHI", re.compile(r"\b(bao|dai phat thanh|dai pt|tap chi|thong tan xa)\b")),
    (
        "DOANH_NGHIEP",
        re.compile(r"\b(cong ty|tong cong ty|tap doan|ngan hang|buu dien|vien thong|dien luc)\b"),
    ),
    (
        "DON_VI_SU_NGHIEP",
        re.compile(r"\b(truong|benh vien|bv|bvdk|trung tam|vien nghien cuu|bao tang|thu vien)\b"),
    ),
    (
        "TO_CHUC_HOI_NGHE_NGHIEP",
        re.compile(r"^(?:(?:dang bo|chi bo|db|cb) )?(?:hoi|lien hiep|lien doan|lien minh)\b"),
    ),
)


def likely_type_of(name: str) -> UnitType:
    """Return the type that a unit's name suggests; a government office if it suggests none.

    The type is only a proposal for a unit whose type nobody has stated. «Hội đồng» (council) does
    not suggest an association («hội»).
    """
    folded = " ".join(fold(name).replace("hoi dong", "").split())
    return next((kind for kind, words in _WORDS if words.search(folded)), UNIT_TYPES[0])
