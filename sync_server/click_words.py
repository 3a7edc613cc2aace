"""Give click its words in Vietnamese.

Click, the library of the command line, asks Python's gettext for its words, and gettext would look
for a compiled catalogue on the machine. The words stand in our catalogue instead, under `click`.
"""

import gettext

from sync_server.messages import catalogue

PREFIX = "click."
_english_words = gettext.dgettext
_english_counts = gettext.dngettext


def install() -> None:
    """Let gettext find our words; whatever we do not translate stays as it is."""
    gettext.dgettext = _word
    gettext.dngettext = _word_for_count


def _word(domain: str, message: str) -> str:
    return catalogue().get(f"{PREFIX}{message}") or _english_words(domain, message)


def _word_for_count(domain: str, msgid1: str, msgid2: str, n: int) -> str:
    """Return the word for several, which in Vietnamese is that for one."""
    return catalogue().get(f"{PREFIX}{msgid1}") or _english_counts(domain, msgid1, msgid2, n)
