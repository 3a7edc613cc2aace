"""Recognise positions in a Party committee (cấp uỷ), such as Secretary.

Lists of people contain these positions as codes, such as `BI_THU`.
"""

import re

from sync_server.domain.names import fold
from sync_server.domain.records.kinds import Office

COMMITTEE = ("BI_THU", "PHO_BI_THU", "CAP_UY_VIEN")
"""The codes of the Secretary, a Deputy Secretary and a committee member, highest rank first."""

OFFICES: dict[str, Office] = {"BI_THU": "secretary", "PHO_BI_THU": "deputy"}
"""The codes of the positions whose holders may preside at a hall, with their office there.

Only the Secretary and the Deputies may preside (checklist rows 24 and 25).
"""

_WHERE = (
    r"(?: (?:cap uy|dang uy|chi uy|chi bo|dang bo|chi bo co so|dang bo co so|cb|db|du|cu|dbcs))*"
)
_SPELLINGS = (
    ("BI_THU", re.compile(rf"(?:bi thu|bt){_WHERE}")),
    ("PHO_BI_THU", re.compile(rf"(?:pho bi thu|pho bt|pbt|p bi thu){_WHERE}")),
    ("CAP_UY_VIEN", re.compile(r"cap uy vien")),
)
"""The texts that are stored as codes, because the code says as much as the text."""
_RANKS = (
    ("PHO_BI_THU", re.compile(rf"(?:pho bi thu|pho bt|pbt|p bi thu) (?:thuong truc|tt){_WHERE}")),
    (
        "CAP_UY_VIEN",
        re.compile(
            rf"(?:(?:dang uy|chi uy) vien|(?:uy vien|uv) ?(?:ban )?"
            rf"(?:bch|btv|chap hanh|ban chap hanh|ban thuong vu|thuong vu)){_WHERE}"
        ),
    ),
)
"""The texts that are stored as they are written, with the code of their rank."""


def position_of(text: str) -> str:
    """Return the code of a committee position, or the text itself if it says more than a code.

    A text may name several positions, as in «Bí thư Đảng uỷ, Giám đốc». The first committee
    position counts. «Phó Bí thư Thường trực» says more than the code of a Deputy, and «Bí thư Đoàn»
    is a position in the Youth Union, so both are returned as texts.
    """
    for part in _parts_of(text):
        for code, spelling in _SPELLINGS:
            if spelling.fullmatch(part):
                return code
        if any(spelling.fullmatch(part) for _, spelling in _RANKS):
            return text
    return text


def rank_of(position: str) -> str:
    """Return the code of the committee position that a stored position means; "" if it means none.

    `position` is a code or a text. «Uỷ viên Ban Thường vụ», for example, is a member of the
    committee (`CAP_UY_VIEN`).
    """
    if position in COMMITTEE:
        return position
    for part in _parts_of(position):
        for code, spelling in (*_SPELLINGS, *_RANKS):
            if spelling.fullmatch(part):
                return code
    return ""


def _parts_of(text: str) -> list[str]:
    """Return the positions that a text names, in lower case without accents and punctuation."""
    return [
        " ".join(re.sub(r"[\W_]+", " ", fold(part)).split())
        for part in re.split(r"[,;+/]| - ", text)
    ]
