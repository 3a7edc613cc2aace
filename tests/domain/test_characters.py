"""Test which characters count as invisible."""

import sys
import unicodedata

from sync_server.domain.characters import INVISIBLE


def test_the_invisible_characters_are_those_of_unicode() -> None:
    hidden = {chr(n) for n in range(sys.maxunicode + 1) if unicodedata.category(chr(n)) == "Cf"}
    assert all(INVISIBLE.fullmatch(letter) for letter in hidden)
