"""The message catalogue of the site: all texts for editors, readers and clerks."""

import json
from functools import cache

from portal import ROOT

LANGUAGE = "vi"


@cache
def catalogue() -> dict[str, dict[str, str]]:
    """Return the messages by surface (build, portal, kiosk) and key."""
    path = ROOT / "site" / f"messages.{LANGUAGE}.json"
    messages: dict[str, dict[str, str]] = json.loads(path.read_text(encoding="utf-8"))
    return messages


def say(key: str, **values: object) -> str:
    """Return message `surface.key` with the values filled in. A missing key raises KeyError."""
    surface, _, name = key.partition(".")
    return catalogue()[surface][name].format(**values)
