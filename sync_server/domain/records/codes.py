"""Codes and instants as constrained types: the values that any record is made of."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Annotated

import msgspec
from msgspec import Meta

_END = r"\Z"  # `$` would also match before a trailing newline

RecordId = Annotated[
    str,
    Meta(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}" + _END),
]
MeetingCode = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,63}" + _END)]
PointCode = Annotated[str, Meta(pattern=r"^[A-Z][A-Z0-9-]{0,15}" + _END)]
UnitCode = PointCode
PersonCode = Annotated[str, Meta(pattern=r"^[A-Z0-9][A-Z0-9.-]{0,31}" + _END)]
DeviceCode = Annotated[str, Meta(pattern=r"^[A-Z]-[A-Za-z0-9-]{1,40}" + _END)]
Author = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}" + _END)]
Boot = Annotated[str, Meta(pattern=r"^[a-z0-9]{1,16}" + _END)]
Word = Annotated[str, Meta(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,31}" + _END)]
"""A code from one of headquarters' lists, such as a reason: `CONG_TAC`."""
Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}" + _END)]
Seat = Annotated[str, Meta(min_length=1, max_length=16)]

DAY_MS = 24 * 3600 * 1000
VIETNAM = timezone(timedelta(hours=7), "+07:00")
"""Vietnam has no summer time."""

NEWCOMER = "N-"
"""The prefix of the code that a hall gives to a person who is on no list."""

# No device makes ten million records; the bound stops one wrong number from leaving a huge gap.
MAX_SEQ = 9_999_999
Sequence = Annotated[int, Meta(ge=1, le=MAX_SEQ)]
# JavaScript holds no integer above this exactly.
MonoMs = Annotated[int, Meta(ge=0, le=2**53 - 1)]
Instant = Annotated[
    str,
    Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,3})?Z" + _END),
]
"""A moment in UTC as devices write it: `2024-08-22T00:55:03.120Z`, to the millisecond."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST_YEAR, LAST_YEAR = 1970, 2199
"""The years a device's clock may show; no correction between them leaves Python's valid dates."""
MINUTE_MS = 60_000


def check_instant(instant: str) -> None:
    """Check that an instant exists and lies in the years allowed; a clock never set shows 1970.

    Raises: msgspec.ValidationError.
    """
    try:
        year = datetime.fromisoformat(instant).year
    except ValueError as fault:
        raise msgspec.ValidationError(f"{instant!r} is no moment in time: {fault}") from None
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise msgspec.ValidationError(f"{instant!r} is not of our age")


def to_ms(instant: str) -> int:
    """Return milliseconds since 1970-01-01 UTC."""
    return round(datetime.fromisoformat(instant).timestamp() * 1000)


def year_of(at_ms: int) -> int:
    """Return the year of a moment in Vietnam."""
    return datetime.fromtimestamp(at_ms / 1000, VIETNAM).year


def from_ms(at_ms: int) -> str:
    """Return the instant with three digits of milliseconds, as JavaScript's `toISOString` does."""
    moment = EPOCH + timedelta(milliseconds=at_ms)
    return moment.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
