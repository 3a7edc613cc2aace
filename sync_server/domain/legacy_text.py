"""Recognise Vietnamese text in TCVN3 or VNI, two encodings that are older than Unicode.

Such text contains combinations of letters that Vietnamese text in Unicode does not contain.
"""

import re

_TCVN3 = re.compile(
    "[A-Za-zđ][\u00a8-\u00ae\u00b5-\u00bf\u00d7\u00f7][A-Za-z]"  # matches «ban nh©n d©n»
    "|[a-zđ][\u00c0-\u00de]"  # matches «nghÞ quyÕt»: capital letters inside a word
)
_VNI = re.compile(r"[aeouyAEOUY][äåëïûøÿÄÅËÏÛØ][a-z]?[a-z]?\b")  # matches «Coäng hoøa»
_VNI_NAME = re.compile(  # matches «Nguyeãn Vaên Huøng»: letter pairs in no Vietnamese word
    r"[aA][øùûõïâêáàãåäéèë]|[eE][øùûõïâãáàåä]|[oO][øùûõïâåä]|[uU][øùûõïåä]|[öÖ][øùûõïôâ]"
)
_TCVN3_NAME = re.compile(r"[^\W\d_]?[ª¶×µ¸§¬®¦¨©«·¹º»¼½¾¿](?=[^\W\d_]|\b)|[^\W\d_]å|å[^\W\d_]")
_LEGACY = ((_TCVN3, 2), (_VNI, 3))
"""Every pattern with the number of matches that identifies an old encoding. «Noël ở Citroën» has
too
few matches."""


def first_legacy(text: str) -> int | None:
    """Return the index of the first letters in TCVN3 or VNI, or None if the text is Unicode.

    TCVN3 is identified by at least two matches, VNI by at least three. Fewer matches may be foreign
    names.
    """
    for pattern, least in _LEGACY:
        matches = list(pattern.finditer(text))
        if len(matches) >= least:
            return matches[0].start()
    return None


def is_legacy_name(text: str) -> bool:
    """Return whether a short text, such as a name, contains letters in TCVN3 or VNI.

    One match is enough, so the check is too strict for long texts.
    """
    return bool(_VNI_NAME.search(text) or _TCVN3_NAME.search(text))


def is_legacy(text: str) -> bool:
    """Return whether a text is in TCVN3 or VNI, which are encodings older than Unicode."""
    return first_legacy(text) is not None
