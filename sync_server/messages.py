"""Look up the messages that users read, and format numbers for users.

All messages are in `messages.vi.json`. To add a language, add another file of this kind.
"""

import json
from functools import cache
from pathlib import Path

LANGUAGE = "vi"


@cache
def catalogue() -> dict[str, str]:
    """Return {key: message} for all messages, with keys such as `role.clerk`.

    The file of messages is read only once. A message may contain placeholders in
    braces, which `say` replaces.
    """
    path = Path(__file__).with_name(f"messages.{LANGUAGE}.json")
    messages: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return messages


def say(key: str, **facts: object) -> str:
    """Return the message with this key, with its placeholders replaced by `facts`.

    A placeholder is a name in braces, such as `{count}`, and `facts` are {name: value}. Raises:
    KeyError if the key or a name is missing, which is a bug.
    """
    return catalogue()[key].format(**facts)


def name_code(stem: str, code: str) -> str:
    """Return the Vietnamese name of a code, or the code itself if there is no name for the code.

    `stem` says what the code stands for. The name is stored among the messages for users under
    `stem.code`: for the role `clerk`, the stem is `role` and the key is `role.clerk`.
    """
    return catalogue().get(f"{stem}.{code}", code)


def number(value: int) -> str:
    """Return a whole number in Vietnamese format, with a dot between thousands: `4.950`."""
    return f"{value:,}".replace(",", ".")


def rate(part: int, whole: int) -> str:
    """Return `part` of `whole` as a percentage with a space before the sign: `98,5 %`.

    The percentage has one decimal, and halves are rounded up. Return an en dash if `whole` is 0.
    """
    return percent(part, whole).replace("%", " %")


def percent(part: int, whole: int) -> str:
    """Return `part` of `whole` as a percentage in the format of official papers: `98,5%`.

    The percentage has one decimal, and halves are rounded up. Return an en dash if `whole` is 0.
    """
    if not whole:
        return "–"
    tenths = (part * 2000 + whole) // (2 * whole)
    return f"{number(tenths // 10)},{tenths % 10}%"
