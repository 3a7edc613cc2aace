"""How values are shown: instants in Vietnam's time, numbers, and what a page's frame needs."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint
from flask_babel import Babel, format_datetime, to_utc

from sync_server.clocks import now_ms
from sync_server.domain.codes import from_ms
from sync_server.messages import catalogue, number, rate, say
from sync_server.office import access

babel = Babel()

FIRST_YEAR, LAST_YEAR = 2000, 2199
DAY, TIME = "dd/MM/yyyy", "HH:mm"
NOTHING = "–"


def moment(instant: str | int | None, form: str = f"{DAY} {TIME}") -> str:
    """Show an instant, or milliseconds since 1970 UTC, in the app's time zone; a dash for none."""
    if instant is None:
        return NOTHING
    return str(format_datetime(_aware(instant), form))


def clock(instant: str | int | None) -> str:
    """Show only the time of day."""
    return moment(instant, TIME)


def lately(instant: str | int | None) -> str:
    """Show the time of day if it is today's, else the day."""
    is_today = moment(instant, DAY) == moment(now_ms(), DAY)
    return moment(instant, TIME if is_today else DAY)


def span(starts: str | int | None, ends: str | int | None) -> str:
    """Show from when until when: the day is told once where it is the same."""
    if starts is None or ends is None:
        return moment(starts)
    if moment(starts, DAY) == moment(ends, DAY):
        return f"{moment(starts, DAY)}, {clock(starts)} – {clock(ends)}"
    return f"{moment(starts)} – {moment(ends)}"


def for_input(instant: str | int | None) -> str:
    """Return an instant as a `datetime-local` field holds it."""
    return "" if instant is None else moment(instant, "yyyy-MM-dd'T'HH:mm")


def word(stem: str, code: str) -> str:
    """Name a code as the catalogue does; one that the office made up stays as it is."""
    return catalogue().get(f"{stem}.{code}", code)


def browser(agent: str) -> str:
    """Name the browser and the machine of a User-Agent, as far as one can tell."""
    kinds = ("Edg", "Firefox", "Chrome", "Safari")
    machines = ("Windows", "Android", "iPhone", "iPad", "Mac", "Linux")
    kind = next((each for each in kinds if each in agent), agent[:24] or NOTHING)
    machine = next((each for each in machines if each in agent), "")
    return " · ".join(filter(None, (kind.replace("Edg", "Edge"), machine)))


def _aware(instant: str | int) -> datetime:
    return datetime.fromisoformat(from_ms(instant) if isinstance(instant, int) else instant)


def from_input(text: str) -> int | None:
    """Return milliseconds since 1970 UTC of what a `datetime-local` field sends, Vietnam's time.

    None for an empty one. Raises: ValueError.
    """
    if not text.strip():
        return None
    local = datetime.fromisoformat(text.strip())
    if not FIRST_YEAR <= local.year <= LAST_YEAR:
        raise ValueError(text)
    utc = local if local.tzinfo else to_utc(local).replace(tzinfo=UTC)
    return round(utc.timestamp() * 1000)


def init(blueprint: Blueprint) -> None:
    """Give the office's templates what they show values with."""
    globals_: dict[str, Callable[..., Any]] = {
        "say": say,
        "word": word,
        "now": now_ms,
        "rate": rate,
        "span": span,
        "may": access.may,
    }
    for name, shown in globals_.items():
        blueprint.add_app_template_global(shown, name)
    filters: dict[str, Callable[..., Any]] = {
        "moment": moment,
        "clock": clock,
        "lately": lately,
        "number": number,
        "for_input": for_input,
        "browser": browser,
    }
    for name, shown_by in filters.items():
        blueprint.add_app_template_filter(shown_by, name)
