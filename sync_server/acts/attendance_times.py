"""Parse the times in attendance lists that other programs made.

Zoom and Teams write the day and the month in the order that is usual on the exporting computer, so
08/09 may mean 8 September or 9 August. The reading that is close to the time of the meeting is
taken as the right one.
"""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from typing import NamedTuple

from sync_server.domain.names import fold
from sync_server.domain.records.codes import MINUTE_MS, VIETNAM
from sync_server.domain.shared import SHARED

NEAR_MS = 12 * 60 * MINUTE_MS
"""How far a time in a list may be from the meeting: 12 hours before its start or after its end. If
the day and the month of a date are confused, the result is nearly always further away.
"""
GAP_MS = 3 * MINUTE_MS
"""The longest time between two stays of a person that are joined into a single stay: 3 minutes.

After so short a time, the connection was probably only lost."""

_TIME = re.compile(
    r"(?P<hour>\d{1,2})\s*(?:[:.]|h|g|gio)\s*(?P<minute>\d{2})?(?:\s*[:.]\s*(?P<second>\d{2}))?"
    r"(?:\.\d+)?\s*(?P<half>am|pm|sa|ch)?(?P<zone>z|[+-]\d{2}:?\d{2})?"
)
_DATE = re.compile(r"(\d{1,4})[/.-](\d{1,2})[/.-](\d{1,4})")
_LENGTH = re.compile(
    r"(?:(?P<hours>\d+)\s*(?:h|hr|hours?|gio|g)\b)?\s*(?:(?P<minutes>\d+)\s*(?:m|min|minutes?|phut|p)\b)?"
    r"\s*(?:(?P<seconds>\d+)\s*(?:s|sec|seconds?|giay)\b)?"
)
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?")
_HALVES = {"am": 0, "sa": 0, "pm": 12, "ch": 12}


class Span(NamedTuple):
    """The start and the end of a meeting, in ms since 1970 UTC."""

    starts_ms: int
    ends_ms: int

    def is_near(self, at_ms: int) -> bool:
        """Return whether a time is close to the meeting.

        `at_ms` is the time in ms since 1970 UTC. It is close if it is at most 12 hours before the
        start or after the end of the meeting.
        """
        return self.starts_ms - NEAR_MS <= at_ms <= self.ends_ms + NEAR_MS

    def is_during(self, stay: tuple[int, int | None]) -> bool:
        """Return whether a person's stay overlaps the meeting.

        `stay` is (came_ms, left_ms) in ms since 1970 UTC. If `left_ms` is None, the person must
        have come before the end of the meeting, but at most 3 hours before its start, because
        check-in opens 3 hours before a meeting.
        """
        came_ms, left_ms = stay
        if left_ms is None:
            return self.starts_ms - SHARED.opens_before_ms <= came_ms < self.ends_ms
        return came_ms < self.ends_ms and left_ms > self.starts_ms

    @property
    def days(self) -> Sequence[date]:
        """The dates on which the meeting takes place, by Vietnam's time, in order."""
        first = datetime.fromtimestamp(self.starts_ms / 1000, VIETNAM).date()
        last = datetime.fromtimestamp(self.ends_ms / 1000, VIETNAM).date()
        return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def moment_of(text: str, span: Span) -> int | None:
    """Return the time that a text states, in ms since 1970 UTC; None if the time is not clear.

    `span` is the start and the end of the meeting. A text without a date means a day of the
    meeting; a text without a time zone means Vietnam's time. Interpretations more than 12 hours
    from the meeting are dropped. The time is clear if exactly one interpretation remains.
    """
    folded = fold(text).replace(",", " ")
    date_match = _DATE.search(folded)
    rest = folded[: date_match.start()] + " " + folded[date_match.end() :] if date_match else folded
    rest = rest.strip(" t")
    time_match = _TIME.fullmatch(" ".join(rest.split()))
    if time_match is None:
        return None
    hour, minute = int(time_match["hour"]), int(time_match["minute"] or 0)
    if half := time_match["half"]:
        hour = hour % 12 + _HALVES[half]
    try:
        clock = time(hour, minute, int(time_match["second"] or 0))
    except ValueError:
        return None
    days = _days_of(date_match.groups()) if date_match else span.days
    zone = _zone_of(time_match["zone"])
    moments = {round(datetime.combine(day, clock, zone).timestamp() * 1000) for day in days}
    near = [at_ms for at_ms in moments if span.is_near(at_ms)]
    return near[0] if len(near) == 1 else None


def duration_of(text: str) -> int | None:
    """Return the length of a duration such as `78`, `1h 18m` or `01:18:05`, in milliseconds.

    A number alone is in minutes, and `01:18` is in hours and minutes. Return None if the text is
    not a duration.
    """
    folded = fold(text)
    if folded.isdecimal() and len(folded) <= len("99999"):
        return int(folded) * MINUTE_MS
    if match := _CLOCK.fullmatch(folded):
        seconds = int(match[1]) * 3600 + int(match[2]) * 60 + int(match[3] or 0)
        return seconds * 1000
    match = _LENGTH.fullmatch(folded)
    if match is None or not any(match.groups()):
        return None
    parts = (int(match[name] or 0) for name in ("hours", "minutes", "seconds"))
    return sum(part * unit for part, unit in zip(parts, (3600, 60, 1), strict=True)) * 1000


def joined_stays(
    stays: Sequence[tuple[int, int | None]],
) -> list[tuple[int, int | None]]:
    """Return a person's stays in order of arrival, and join those that overlap or nearly touch.

    A stay is (came_ms, left_ms), in ms since 1970 UTC. Stays at most 3 minutes apart are joined.
    `left_ms` is None if no departure is known; such a stay absorbs all later ones.
    """
    joined: list[tuple[int, int | None]] = []
    for came_ms, left_ms in sorted(stays, key=lambda stay: stay[0]):
        if joined and (joined[-1][1] is None or came_ms <= joined[-1][1] + GAP_MS):
            before_came, before_left = joined[-1]
            is_open = before_left is None or left_ms is None
            joined[-1] = (before_came, None if is_open else max(before_left or 0, left_ms or 0))
        else:
            joined.append((came_ms, left_ms))
    return joined


def _days_of(parts: Sequence[str]) -> list[date]:
    """Return the dates that three numbers can mean; combinations that are not a date are left out.

    `parts` are the numbers as text. They are read as day-month-year, month-day-year and
    year-month-day. A year below 100 is in the 2000s. The list may contain a date twice.
    """
    numbers = [int(part) for part in parts]
    first, second, third = numbers
    orders = [(third, second, first), (third, first, second), (first, second, third)]
    days = []
    for year, month, day in orders:
        full_year = year + 2000 if year < 100 else year
        try:
            days.append(date(full_year, month, day))
        except ValueError:
            continue
    return days


def _zone_of(text: str | None) -> tzinfo:
    if not text:
        return VIETNAM
    if text == "z":
        return UTC
    digits = text[1:].replace(":", "")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-offset if text[0] == "-" else offset)
