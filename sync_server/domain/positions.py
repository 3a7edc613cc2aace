"""Recognise positions in a Party committee (cấp uỷ), such as Secretary.

Lists of people contain these positions as codes, such as `BI_THU`.
"""

import re
from collections.abc import Mapping

from sync_server.domain.names import fold
from sync_server.domain.records.kinds import Office

COMMITTEE = ("BI_THU", "PHO_BI_THU", "CAP_UY_VIEN")
"""The codes of the Secretary, a Deputy Secretary and a committee member, highest rank first."""

OFFICES: dict[str, Office] = {"BI_THU": "secretary", "PHO_BI_THU": "deputy"}
"""{position code: `secretary` or `deputy`} for the positions whose holders may preside.

Only the Secretary and the Deputies may preside (checklist rows 24 and 25).
"""

_WHERE = (
    r"(?: (?:cap uy|dang uy|chi uy|chi bo|dang bo|chi bo co so|dang bo co so|cb|db|du|cu|dbcs)"
    r"(?: \d{1,3})?)*"
)
_SPELLINGS = {
    "bi thu": "BI_THU",
    "bt": "BI_THU",
    "pho bi thu": "PHO_BI_THU",
    "pho bt": "PHO_BI_THU",
    "pbt": "PHO_BI_THU",
    "p bi thu": "PHO_BI_THU",
    "cap uy vien": "CAP_UY_VIEN",
}
"""{spelling of a position: code of the position}, in lower case without accents.

A text is stored as the code if it consists of one of these spellings and nothing else.
"""
_RANKS = (
    ("BI_THU", re.compile(rf"(?:bi thu|bt){_WHERE}")),
    (
        "PHO_BI_THU",
        re.compile(rf"(?:pho bi thu|pho bt|pbt|p bi thu)(?: (?:thuong truc|tt))?{_WHERE}"),
    ),
    ("CAP_UY_VIEN", re.compile(r"cap uy vien")),
    (
        "CAP_UY_VIEN",
        re.compile(
            rf"(?:(?:dang uy|chi uy) vien|(?:uy vien|uv) ?(?:ban )?"
            rf"(?:bch|btv|chap hanh|ban chap hanh|ban thuong vu|thuong vu)){_WHERE}"
        ),
    ),
)
"""The codes of committee positions, each with a pattern for the texts that name the position.

The patterns match texts in lower case without accents. They are needed because a position that says
more than a code, such as «Bí thư Đảng uỷ, Giám đốc», is stored as text."""
_BRANCH = re.compile(r"\b(?:chi bo|cb|chi uy)\b")


def position_of(text: str) -> str:
    """Return the code of the committee position in a text, or the text itself if no code fits.

    «Phó Bí thư», for example, has a code. «Bí thư chi bộ», «Bí thư Đảng uỷ, Giám đốc» and «Bí
    thư Đoàn» say more than a code and are returned as texts.
    """
    parts = _parts_of(text)
    return _SPELLINGS.get(parts[0], text) if len(parts) == 1 else text


def rank_of(position: str) -> str:
    """Return the code of the committee position that a stored position means; "" if it means none.

    `position` is a code or a text. «Uỷ viên Ban Thường vụ», for example, is a member of the
    committee (`CAP_UY_VIEN`). If a text names several positions, as in «Bí thư Đảng uỷ, Giám đốc»,
    the first committee position counts.
    """
    if position in COMMITTEE:
        return position
    for part in _parts_of(position):
        for code, spelling in _RANKS:
            if spelling.fullmatch(part):
                return code
    return ""


def is_of_branch(position: str) -> bool:
    """Return whether a position is one in a Party branch (chi bộ), as «Bí thư chi bộ» is.

    In a unit that has branches, the Secretary of a branch is not the unit's Secretary.
    """
    return bool(_BRANCH.search(" ".join(_parts_of(position))))


def heads(positions: Mapping[str, str]) -> set[str]:
    """Return the codes of the people who are Secretary of a unit.

    `positions` contains the position of every person of the unit, by the person's code. Secretaries
    of branches count only if the unit has no other Secretary.
    """
    secretaries = {p: text for p, text in positions.items() if rank_of(text) == COMMITTEE[0]}
    of_unit = {person for person, text in secretaries.items() if not is_of_branch(text)}
    return of_unit or set(secretaries)


def _parts_of(text: str) -> list[str]:
    """Return the positions that a text names, in lower case without accents and punctuation."""
    return [
        " ".join(re.sub(r"[\W_]+", " ", fold(part)).split())
        for part in re.split(r"[,;+/]| - ", text)
    ]
