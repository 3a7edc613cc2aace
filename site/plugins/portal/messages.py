"""Look up the site's messages, which are all texts for editors, readers and clerks."""

import json
from functools import cache

from portal import ROOT

LANGUAGE = "vi"


@cache
def catalogue() -> dict[str, dict[str, str]]:
    """Return all messages by surface (such as `build`, `portal` or `kiosk`), and then by key."""
    path = ROOT / "site" / f"messages.{LANGUAGE}.json"
    messages: dict[str, dict[str, str]] = json.loads(path.read_text(encoding="utf-8"))
    return messages


def say(key: str, **values: object) -> str:
    """Return the message `surface.key`, with the values filled in.

    Raises: KeyError if the message or one of its values is missing.
    """
    surface, _, name = key.partition(".")
    return catalogue()[surface][name].format(**values)
