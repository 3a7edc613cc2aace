"""Translate the messages of Click, the command-line library, into Vietnamese.

Click passes its English messages to Python's gettext, which would look for translations in files on
this machine. This module makes gettext take the translations from the group `click` of this
program's message catalogue.
"""

import gettext

from sync_server.messages import catalogue

PREFIX = "click."
_english_words = gettext.dgettext
_english_counts = gettext.dngettext


def install() -> None:
    """Replace two functions of gettext, so that Click's messages come from our catalogue.

    A message that our catalogue lacks is still looked up by gettext.
    """
    gettext.dgettext = _word
    gettext.dngettext = _word_for_count


def _word(domain: str, message: str) -> str:
    return catalogue().get(f"{PREFIX}{message}") or _english_words(domain, message)


def _word_for_count(domain: str, msgid1: str, msgid2: str, n: int) -> str:
    """Return Click's message for a number `n` of things.

    In Vietnamese, the message is the same for one thing and for several.
    """
    return catalogue().get(f"{PREFIX}{msgid1}") or _english_counts(domain, msgid1, msgid2, n)
