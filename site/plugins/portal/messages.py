"""Look up the Vietnamese messages for editors, readers and clerks.

Clerks are the people who record attendance.
"""

import json
from functools import cache

from portal import ROOT

LANGUAGE = "vi"


@cache
def catalogue() -> dict[str, dict[str, str]]:
    """Return all Vietnamese messages as {group: {key: message}}. One group is `build`."""
    path = ROOT / "site" / f"messages.{LANGUAGE}.json"
    messages: dict[str, dict[str, str]] = json.loads(path.read_text(encoding="utf-8"))
    return messages


def say(key: str, **values: object) -> str:
    """Return the message with a key such as `build.no_file`, with `values` filled in.

    The key consists of a group and a name. The value `path="x.md"`, for example, replaces
    `{path}` in the message.

    Raises: KeyError if the message or one of its values is missing.
    """
    surface, _, name = key.partition(".")
    return catalogue()[surface][name].format(**values)
