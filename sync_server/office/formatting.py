"""Format values for the office's pages, such as times in Vietnam and the names of browsers.

Templates use these functions as filters and global functions.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint
from flask_babel import Babel, format_datetime, to_utc

from sync_server.clocks import now_ms
from sync_server.domain.records.codes import from_ms
from sync_server.messages import name_code, number, rate, say
from sync_server.office import access
from sync_server.office.menus import Entry, meeting_menu

babel = Babel()

FIRST_YEAR, LAST_YEAR = 2000, 2199
DAY, TIME = "dd/MM/yyyy", "HH:mm"
NO_VALUE = "–"


def format_moment(instant: str | int | None, form: str = f"{DAY} {TIME}") -> str:
    """Format an instant in Vietnam's time zone; return a dash for None.

    `instant` is a text in ISO 8601 format or a number of ms since 1970 UTC. `form` is a date
    pattern of the library Babel, such as `dd/MM/yyyy`.
    """
    if instant is None:
        return NO_VALUE
    return str(format_datetime(_to_datetime(instant), form))


def format_time(instant: str | int | None) -> str:
    """Format an instant as the time of day in Vietnam, such as 07:30; return a dash for None.

    `instant` is a text in ISO 8601 format or a number of ms since 1970 UTC.
    """
    return format_moment(instant, TIME)


def format_recent(instant: str | int | None) -> str:
    """Format an instant as the time of day if it is today in Vietnam, otherwise as the date.

    `instant` is a text in ISO 8601 format or a number of ms since 1970 UTC. Return a dash for None.
    """
    is_today = format_moment(instant, DAY) == format_moment(now_ms(), DAY)
    return format_moment(instant, TIME if is_today else DAY)


def shorten_hall_name(name: str) -> str:
    """Remove "Điểm cầu" ("hall") from the start of a hall's name.

    Tables use the short name, because the column's heading already says that the names are halls.
    """
    return name.removeprefix("Điểm cầu ")


def format_span(starts: str | int | None, ends: str | int | None) -> str:
    """Format the time from `starts` to `ends`; if both are on one day, write the date only once.

    Both are texts in ISO 8601 format or numbers of ms since 1970 UTC. If one of them is None,
    format only `starts`; the result is a dash if `starts` is None.
    """
    if starts is None or ends is None:
        return format_moment(starts)
    if format_moment(starts, DAY) == format_moment(ends, DAY):
        return f"{format_moment(starts, DAY)}, {format_time(starts)} – {format_time(ends)}"
    return f"{format_moment(starts)} – {format_moment(ends)}"


def format_for_input(instant: str | int | None) -> str:
    """Return an instant as the text of a `datetime-local` field, in Vietnam time; "" for None.

    `instant` is a text in ISO 8601 format or a number of ms since 1970 UTC.
    """
    return "" if instant is None else format_moment(instant, "yyyy-MM-dd'T'HH:mm")


def name_browser(agent: str) -> str:
    """Return the browser and, if known, the system in a User-Agent header: `Chrome · Windows`.

    If the browser is unknown, the first 24 characters of the header stand in for the browser's
    name. Return a dash for an empty header.
    """
    kinds = ("Edg", "Firefox", "Chrome", "Safari")
    machines = ("Windows", "Android", "iPhone", "iPad", "Mac", "Linux")
    kind = next((name for name in kinds if name in agent), agent[:24] or NO_VALUE)
    machine = next((name for name in machines if name in agent), "")
    return " · ".join(filter(None, (kind.replace("Edg", "Edge"), machine)))


def _to_datetime(instant: str | int) -> datetime:
    return datetime.fromisoformat(from_ms(instant) if isinstance(instant, int) else instant)


def parse_input(text: str) -> int | None:
    """Convert the text of a `datetime-local` field, a time in Vietnam, to ms since 1970 UTC.

    Return None for an empty text. If the text contains a UTC offset, this offset is used instead of
    Vietnam's. Raises: ValueError if the text is not a time, or if the year is not from 2000 to
    2199.
    """
    if not text.strip():
        return None
    local = datetime.fromisoformat(text.strip())
    if not FIRST_YEAR <= local.year <= LAST_YEAR:
        raise ValueError(text)
    utc = local if local.tzinfo else to_utc(local).replace(tzinfo=UTC)
    return round(utc.timestamp() * 1000)


def _meeting_menu(meeting: str) -> list[Entry]:
    return meeting_menu(access.signed_in_account(), meeting)


def unbroken_rate(part: int, whole: int) -> str:
    """Return `part` of `whole` as a percentage with a no-break space, such as `98,5 %`.

    Return a dash if `whole` is 0.
    """
    return rate(part, whole).replace(" ", "\u00a0")


def init(blueprint: Blueprint) -> None:
    """Register on a blueprint the functions and filters for the templates of the office's pages."""
    template_globals: dict[str, Callable[..., Any]] = {
        "say": say,
        "word": name_code,
        "now": now_ms,
        "rate": unbroken_rate,
        "span": format_span,
        "may": access.may,
        "meeting_menu": _meeting_menu,
    }
    for name, template_global in template_globals.items():
        blueprint.add_app_template_global(template_global, name)
    template_filters: dict[str, Callable[..., Any]] = {
        "moment": format_moment,
        "clock": format_time,
        "lately": format_recent,
        "without_hall": shorten_hall_name,
        "number": number,
        "for_input": format_for_input,
        "browser": name_browser,
    }
    for name, template_filter in template_filters.items():
        blueprint.add_app_template_filter(template_filter, name)
