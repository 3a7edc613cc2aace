"""Write dates and times as official Vietnamese papers do, and place tone marks (uỷ or ủy).

All dates and times are in Vietnam time (UTC+7).
"""

import re
import unicodedata
from datetime import datetime
from typing import Literal

from sync_server.domain.records.codes import VIETNAM
from sync_server.messages import say

Spelling = Literal["uỷ", "ủy"]
"""The two spellings of oa, oe and uy: the tone mark stands on the last vowel (uỷ) or on the first
(ủy)."""

_TONE = "[\u0300\u0301\u0303\u0309\u0323]"
_FIRST_O, _FIRST_U = "[oO](?=[aeAE])", "[uU](?=[yY])"
_OPEN_PAIR = re.compile(
    rf"(?<![qQ])(?P<first>{_FIRST_O}|{_FIRST_U})(?P<second>[aeyAEY])(?P<tone>{_TONE})(?![^\W\d_])"
)
_FIRST_TONE = re.compile(
    rf"(?<![qQ])(?P<first>[oOuU])(?P<tone>{_TONE})"
    r"(?P<second>(?<=[oO].)[aeAE]|(?<=[uU].)[yY])(?![^\W\d_])"
)


def vietnam_time(at_ms: int) -> datetime:
    """Convert ms since 1970 UTC to a datetime in Vietnam's time zone (UTC+7)."""
    return datetime.fromtimestamp(at_ms / 1000, VIETNAM)


def moment(at_ms: int) -> str:
    """Format a time in ms since 1970 UTC as time and date in Vietnam: `09:15 ngày 22/8/2024`."""
    at = vietnam_time(at_ms)
    return f"{at:%H:%M} ngày {_short_day(at)}"


def day_and_hours(starts_ms: int, ends_ms: int) -> str:
    """Format the start and end of a meeting, such as `từ 07:30 đến 11:00 ngày 22/8/2024`.

    Both are given in ms since 1970 UTC and shown in Vietnam time. If the meeting ends on another
    day, both dates are written.
    """
    starts, ends = vietnam_time(starts_ms), vietnam_time(ends_ms)
    if starts.date() == ends.date():
        return f"từ {starts:%H:%M} đến {ends:%H:%M} ngày {_short_day(starts)}"
    return f"từ {starts:%H:%M} ngày {_short_day(starts)} đến {ends:%H:%M} ngày {_short_day(ends)}"


def cited_day(day: str) -> str:
    """Convert a date from YYYY-MM-DD to the form used in official papers, such as `12/8/2024`.

    Days below 10 and the months January and February get a leading zero. Raises: ValueError if
    `day` is not a valid date.
    """
    return _short_day(datetime.fromisoformat(day))


def long_day(day: str) -> str:
    """Convert a date from YYYY-MM-DD to the form above a signature: `ngày 12 tháng 8 năm 2024`.

    Days below 10 and the months January and February get a leading zero. Raises: ValueError if
    `day` is not a valid date.
    """
    date, month, year = cited_day(day).split("/")
    return f"ngày {date} tháng {month} năm {year}"


def spell(text: str, spelling: Spelling) -> str:
    """Return `text` with the tone marks of oa, oe and uy on the vowel that `spelling` requires.

    The spelling "uỷ" places the mark on the last vowel, and "ủy" on the first. Only syllables
    that end in these vowels change, such as hoà (hòa); the words toàn and quý stay as they are.
    The result is in Unicode NFC.
    """
    decomposed = _tones_last(text)
    if spelling == "uỷ":
        moved = _FIRST_TONE.sub(r"\g<first>\g<second>\g<tone>", decomposed)
    else:
        moved = _OPEN_PAIR.sub(r"\g<first>\g<tone>\g<second>", decomposed)
    return unicodedata.normalize("NFC", moved)


def _tones_last(text: str) -> str:
    """Return a text in which every tone mark is a separate character after its letter.

    Marks that are not tones, such as the circumflex of â, stay combined with their letters.
    """
    letters = []
    for letter in text:
        parts = unicodedata.normalize("NFD", letter)
        tone = "".join(part for part in parts[1:] if part in "\u0300\u0301\u0303\u0309\u0323")
        base = "".join(part for part in parts if part not in "\u0300\u0301\u0303\u0309\u0323")
        letters.append(unicodedata.normalize("NFC", base) + tone)
    return "".join(letters)


def short_day(at_ms: int) -> str:
    """Format a time in ms since 1970 UTC as a date in Vietnam, such as `22/8/2024`."""
    return _short_day(vietnam_time(at_ms))


def _short_day(at: datetime) -> str:
    return f"{at.day:02}/{at.month}/{at.year}" if at.month > 2 else f"{at.day:02}/{at:%m}/{at.year}"


def short_hall_name(name: str) -> str:
    """Return a hall's name without the words "Điểm cầu" (hall) at its start.

    The column heading already contains these words.
    """
    return name.removeprefix(say("places.hall_of", name="")).strip() or name
