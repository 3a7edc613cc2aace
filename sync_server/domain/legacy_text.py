"""Recognises Vietnamese text typed in TCVN3 or VNI, encodings older than Unicode, by its looks."""

import re

_TCVN3 = re.compile(
    "[A-Za-zđ][\u00a8-\u00ae\u00b5-\u00bf\u00d7\u00f7][A-Za-z]"  # «ban nh©n d©n»
    "|[a-zđ][\u00c0-\u00de]"  # «nghÞ quyÕt»: capitals that never stand inside a word
)
_VNI = re.compile(r"[aeouyAEOUY][äåëïûøÿÄÅËÏÛØ][a-z]?[a-z]?\b")  # «Coäng hoøa»
_VNI_NAME = re.compile(  # «Nguyeãn Vaên Huøng»: pairs that no Vietnamese word has
    r"[aA][øùûõïâêáàãåäéèë]|[eE][øùûõïâãáàåä]|[oO][øùûõïâåä]|[uU][øùûõïåä]|[öÖ][øùûõïôâ]"
)
_TCVN3_NAME = re.compile(r"[^\W\d_]?[ª¶×µ¸§¬®¦¨©«·¹º»¼½¾¿](?=[^\W\d_]|\b)|[^\W\d_]å|å[^\W\d_]")
_LEGACY = ((_TCVN3, 2), (_VNI, 3))
"""How many matches of a pattern make a fault: «Noël ở Citroën» has too few."""


def first_legacy(text: str) -> int | None:
    """Return where the first letters of an older encoding stand; None if the text is Unicode."""
    for pattern, least in _LEGACY:
        matches = list(pattern.finditer(text))
        if len(matches) >= least:
            return matches[0].start()
    return None


def is_legacy_name(text: str) -> bool:
    """Return whether a short text such as a name holds letters that only old encodings give it."""
    return bool(_VNI_NAME.search(text) or _TCVN3_NAME.search(text))


def is_legacy(text: str) -> bool:
    """Return whether a text is in an older encoding."""
    return first_legacy(text) is not None
