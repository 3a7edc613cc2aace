"""Recognise positions in a Party committee (cấp uỷ), such as Secretary.

Lists of people contain these positions as codes, such as `BI_THU`.
"""

import re

from sync_server.domain.names import fold
from sync_server.domain.records.kinds import Office

COMMITTEE = ("BI_THU", "PHO_BI_THU", "CAP_UY_VIEN")
"""The codes of Secretary, Deputy Secretary and member of the committee, highest rank first."""

OFFICES: dict[str, Office] = {"BI_THU": "secretary", "PHO_BI_THU": "deputy"}
"""The codes of the positions that may preside at a hall, with the office that they hold there.

Only the Secretary and the Deputies may preside (checklist rows 24 and 25).
"""

_WHERE = r"(?: (?:thuong truc|cap uy|dang uy|chi uy|chi bo|dang bo|chi bo co so|dang bo co so))*"
_SPELLINGS = (
    ("BI_THU", re.compile(rf"(?:bi thu|bt){_WHERE}")),
    ("PHO_BI_THU", re.compile(rf"(?:pho bi thu|pho bt|pbt|p bi thu){_WHERE}")),
    (
        "CAP_UY_VIEN",
        re.compile(
            r"(?:cap uy vien|dang uy vien|chi uy vien|(?:uy vien|uv) (?:ban )?"
            r"(?:bch|btv|chap hanh|ban chap hanh|ban thuong vu|thuong vu)"
            r"(?: (?:dang bo|dang uy|chi bo))?)"
        ),
    ),
)


def position_of(text: str) -> str:
    """Return the code of a committee position, or the text itself if it names no such position.

    A text may name several positions, as in «Bí thư Đảng uỷ, Giám đốc». The first committee
    position counts. «Bí thư Đoàn» is a position in the Youth Union, so it is returned as text.
    """
    for part in re.split(r"[,;+/]| - ", text):
        folded = " ".join(re.sub(r"[\W_]+", " ", fold(part)).split())
        for code, spelling in _SPELLINGS:
            if spelling.fullmatch(folded):
                return code
    return text
