"""Recognise the column headings that different organisations write in their lists.

Every heading names a field, such as `full_name` or `birth`, in one of several spellings.
"""

import re
from pathlib import Path
from typing import Literal, get_args

import msgspec

from sync_server.domain.names import fold

Field = Literal[
    "number",
    "person",
    "full_name",
    "family_names",
    "given_name",
    "unit",
    "position",
    "membership",
    "official",
    "probationary",
    "birth",
    "meeting",
    "point",
    "seat",
    "phone",
    "joined",
    "left",
    "minutes",
    "present",
    "absent",
    "unit_code",
    "unit_type",
    "point_code",
    "capacity",
    "clerk",
    "technician",
    "technician_phone",
]
FIELDS: tuple[Field, ...] = get_args(Field)

_PATH = Path(__file__).resolve().parents[2] / "site" / "headings.json"
_SPELLINGS = msgspec.json.decode(_PATH.read_bytes(), type=dict[Field, tuple[str, ...]])
"""The spellings of every field's column heading, in lower case without accents and punctuation.

The spellings are read from `site/headings.json`; the check-in page in the halls uses the same file.
If a list has two columns for one field, the column whose heading comes first among the field's
spellings is read. In lists of units and halls, some headings name a different field than in other
lists; the module `acts.place_lists` handles these headings."""

_RANKS: dict[str, tuple[Field, int]] = {
    spelling: (field, rank)
    for field, spellings in _SPELLINGS.items()
    for rank, spelling in enumerate(spellings)
}
LONGEST_HEADING = 300
"""The greatest length in letters of a text that is compared with headings.

Longer texts are cut to this length, because comparing them would take too long.
"""
_NOTE = re.compile(r"\([^)]*\)")
_MARKS = re.compile(r"[^\w#]+")


def fold_heading(heading: str) -> str:
    """Return a heading in lower case, without accents, punctuation and notes in brackets.

    Headings in this form can be compared. Only the first `LONGEST_HEADING` letters are read.
    """
    heading = heading[:LONGEST_HEADING]
    without_notes = _NOTE.sub(" ", heading)
    return " ".join(_MARKS.sub(" ", fold(without_notes or heading)).split())


def field_of(heading: str) -> tuple[Field, int] | None:
    """Return the field that a column heading names, and the rank of the heading's spelling.

    Rank 0 is the preferred spelling. Return None if the heading names no known field.
    """
    whole = " ".join(_MARKS.sub(" ", fold(heading[:LONGEST_HEADING])).split())
    return _RANKS.get(whole) or _RANKS.get(fold_heading(heading))
