"""The server's message catalogue: everything a user reads comes from `messages.vi.json`.

Another language is another file next to it.
"""

import json
from functools import cache
from pathlib import Path

from babel.numbers import format_decimal

LANGUAGE = "vi"


@cache
def catalogue() -> dict[str, str]:
    """Return all messages of the catalogue file by key."""
    path = Path(__file__).with_name(f"messages.{LANGUAGE}.json")
    messages: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return messages


def say(key: str, **facts: object) -> str:
    """Return a message with `facts` filled in. Raises: KeyError for a missing key, a bug."""
    return catalogue()[key].format(**facts)


def name_code(stem: str, code: str) -> str:
    """Return a code's Vietnamese name, or the code itself if the catalogue has no name for it."""
    return catalogue().get(f"{stem}.{code}", code)


def number(value: int) -> str:
    """Return a number as Vietnamese writes it: 4.950."""
    return format_decimal(value, locale=LANGUAGE)


def rate(part: int, whole: int) -> str:
    """Return `part` of `whole` as a percentage, `98,5 %`; an en dash if `whole` is 0."""
    return percent(part, whole).replace("%", " %")


def percent(part: int, whole: int) -> str:
    """Return `part` of `whole` as official papers write it, `98,5%`; an en dash if `whole` is 0.

    Halves are rounded up, in papers and on pages alike.
    """
    if not whole:
        return "–"
    tenths = (part * 2000 + whole) // (2 * whole)
    return f"{number(tenths // 10)},{tenths % 10}%"
