"""Define the types of the values in a record, with the pattern or the bounds of every value.

An *instant* is a time in UTC as text, such as `2024-08-22T00:55:03.120Z`. The module also converts
instants to and from milliseconds since 1970.
"""

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
"""A code from a list of choices, such as the reason for leave `CONG_TAC` (business trip).

It has at most 32 letters, digits and underscores, and begins with a letter.
"""
Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}" + _END)]
Seat = Annotated[str, Meta(min_length=1, max_length=16)]

DAY_MS = 24 * 3600 * 1000
VIETNAM = timezone(timedelta(hours=7), "+07:00")
"""The time zone of Vietnam, which is UTC+07:00 all year, without summer time."""

NEWCOMER = "N-"
"""The prefix of the temporary code that a hall gives to an attendee who is on no list.

Headquarters may later replace such a code with the person's permanent code.
"""

# No device makes ten million records. With this limit a wrong number cannot leave a huge gap.
MAX_SEQ = 9_999_999
Sequence = Annotated[int, Meta(ge=1, le=MAX_SEQ)]
# JavaScript represents integers exactly only up to this limit.
MonoMs = Annotated[int, Meta(ge=0, le=2**53 - 1)]
Instant = Annotated[
    str,
    Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,3})?Z" + _END),
]
"""A time in UTC with up to three decimals, as devices write it: `2024-08-22T00:55:03.120Z`."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST_YEAR, LAST_YEAR = 1970, 2199
"""The first and the last year that a time in a record may have.

A record with an earlier or later time is refused. Both years are far from the first and last year
that Python permits, so a time that is corrected for a wrong clock is still a valid date."""
MINUTE_MS = 60_000


def check_instant(instant: str) -> None:
    """Check that an instant, such as `2024-08-22T00:55:03Z`, is a real time from 1970 to 2199.

    Raises: msgspec.ValidationError if the date, the time or the year is not valid.
    """
    try:
        year = datetime.fromisoformat(instant).year
    except ValueError as fault:
        raise msgspec.ValidationError(f"{instant!r} is no moment in time: {fault}") from None
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise msgspec.ValidationError(f"{instant!r} is not of our age")


def to_ms(instant: str) -> int:
    """Convert an instant, such as `2024-08-22T00:55:03Z`, to milliseconds since 1970-01-01 UTC.

    Raises: ValueError if the instant is not a real date and time.
    """
    return round(datetime.fromisoformat(instant).timestamp() * 1000)


def year_of(at_ms: int) -> int:
    """Return the year in Vietnam (UTC+07:00) at a time in milliseconds since 1970-01-01 UTC."""
    return datetime.fromtimestamp(at_ms / 1000, VIETNAM).year


def from_ms(at_ms: int) -> str:
    """Convert milliseconds since 1970-01-01 UTC to text, such as `2024-08-22T00:55:03.120Z`.

    The text is in UTC and has three decimals, as JavaScript's `toISOString` writes it.
    """
    moment = EPOCH + timedelta(milliseconds=at_ms)
    return moment.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
