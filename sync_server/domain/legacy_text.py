"""Recognise Vietnamese text in TCVN3 or VNI, two encodings that are older than Unicode.

When a program reads such text as Unicode, it shows combinations of letters that no Vietnamese word
contains, such as «ban nh©n d©n».
"""

import re

_TCVN3 = re.compile(
    # Matches «ban nh©n d©n», but not «a·b» and «2a×b», which are formulas.
    # «f¨ur» is German, set by LaTeX; after «ă», which is «¨» in TCVN3, no vowel can follow.
    "[A-Za-zđ](?:\u00a8(?![aeiouAEIOU])|[\u00a9-\u00ae\u00b5\u00b6\u00b8-\u00bf])[A-Za-z]"
    "|[a-zđ][\u00c0-\u00de]"  # matches «nghÞ quyÕt»: capital letters inside a word
)
_VNI = re.compile(r"[aeouyAEOUY][äåëïûøÿÄÅËÏÛØ][a-z]?[a-z]?\b")  # matches «Coäng hoøa»
_VNI_NAME = re.compile(  # matches «Nguyeãn Vaên Huøng»: letter pairs in no Vietnamese word
    r"[aA][øùûõïâêáàãåäéèë]|[eE][øùûõïâãáàåä]|[oO][øùûõïâåä]|[uU][øùûõïåä]|[öÖ][øùûõïôâ]"
)
_TCVN3_NAME = re.compile(r"[^\W\d_]?[ª¶×µ¸§¬®¦¨©«·¹º»¼½¾¿](?=[^\W\d_]|\b)|[^\W\d_]å|å[^\W\d_]")
_LEGACY = ((_TCVN3, 2), (_VNI, 3))
"""The patterns for the encodings TCVN3 and VNI, each with the number of matches that identifies the
encoding.

With a lower number, foreign names such as «Noël ở Citroën» would be taken for old encodings.
"""


def first_legacy(text: str) -> int | None:
    """Return the index in `text` where letters in TCVN3 or VNI begin; None if there are none.

    These are encodings of Vietnamese that were used before Unicode. A single suspicious
    combination of letters for TCVN3, and one or two for VNI, do not count, because they may
    belong to a foreign name.
    """
    for pattern, least in _LEGACY:
        matches = list(pattern.finditer(text))
        if len(matches) >= least:
            return matches[0].start()
    return None


def is_legacy_name(text: str) -> bool:
    """Return whether a short text, such as a name, contains letters in TCVN3 or VNI.

    These encodings are older than Unicode. One suspicious combination of letters is enough, so
    the result may be wrongly True for a long text with a foreign name.
    """
    return bool(_VNI_NAME.search(text) or _TCVN3_NAME.search(text))


def is_legacy(text: str) -> bool:
    """Return whether a text is in TCVN3 or VNI, two encodings older than Unicode.

    At least two suspicious combinations of letters are needed for TCVN3 and three for VNI, so short
    names may be missed.
    """
    return first_legacy(text) is not None
